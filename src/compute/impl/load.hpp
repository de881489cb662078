#pragma once

#include "compute/impl/store.hpp"

namespace fabrica::compute {

// From rows to what the world sees. Errors: those of the database.
Partition partition_from(store::PartitionRow row);
Result<Job> load_job(db::Tx& tx, store::JobRow row);
// Errors: not_found "job".
Result<store::JobRow> job_row(db::Tx& tx, PublicId const& id);

// Text a stranger wrote, for people: valid UTF-8 without control characters, at most so many bytes, from the end.
std::string readable_tail(std::string_view text, std::size_t bytes_max);
// The same whole, line breaks, tabs and escapes kept: a log as it was printed.
std::string readable_text(std::string_view text);

// How many bytes of the text are whole characters: less than all when it ends within one.
std::size_t whole_characters(std::string_view text);

}  // namespace fabrica::compute
