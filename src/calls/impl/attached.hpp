#pragma once

#include <optional>
#include <vector>

#include "calls/impl/data_store.hpp"
#include "forms/check.hpp"

namespace fabrica::calls {

// The answer that stands for a stored file.
json::Raw answer_of(store::AttachmentRow const& row);

// Answers as the applicants sent them, with every file that is stored for the proposal: a file is attached and removed
// by itself and not by leaving it out of the answers. Errors: invalid "form_faults" for a file that is not stored.
Result<std::optional<json::Raw>> with_attachments(db::Tx& tx, PublicId const& proposal, forms::Form const& form,
                                                  std::optional<json::Raw> const& answers);

// The answers with one member set, or without it. Errors: those of json::Document::parse.
Result<std::string> with_answer(std::string_view answers, std::string_view field,
                                std::optional<json::Raw> const& value);

}  // namespace fabrica::calls
