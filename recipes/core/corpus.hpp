#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace fabrica::recipe {

struct Document {
  std::string id;  // the same text in another language has the same id
  std::string text;
};

struct LanguageTexts {
  std::string language;  // the file's name without .jsonl
  std::vector<Document> documents;

  std::size_t bytes() const;
};

// One split of a corpus: <folder>/<language>.jsonl, a line a document: {"id": "...", "text": "..."}. Sorted by
// language; documents in file order; empty texts are left out.
// Errors: not_found "missing_input"; invalid "corpus" with file and line; invalid "empty_corpus".
Result<std::vector<LanguageTexts>> read_split(std::filesystem::path const& folder);

// One language from the text of its file; `name` is for messages.
Result<std::vector<Document>> parse_documents(std::string_view text, std::string_view name);

}  // namespace fabrica::recipe
