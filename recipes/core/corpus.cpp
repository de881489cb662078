#include "core/corpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/files.hpp"

namespace fabrica::recipe {

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{4} << 30;

bool is_language(std::string_view name) {
  return name.size() >= 2 && name.size() <= 16 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

std::size_t LanguageTexts::bytes() const {
  std::size_t sum = 0;
  for (auto const& document : documents) sum += document.text.size();
  return sum;
}

Result<std::vector<Document>> parse_documents(std::string_view text, std::string_view name) {
  std::vector<Document> documents;
  boost::json::parse_options options;
  options.max_depth = 4;
  for (std::size_t line = 1; !text.empty(); ++line) {
    auto const end = std::min(text.find('\n'), text.size());
    auto const row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto const refuse = [&](std::string_view what) {
      return fail(Errc::invalid, "corpus", fmt::format("{}, line {}: {}.", name, line, what));
    };
    boost::system::error_code error;
    auto const value = boost::json::parse(row, error, {}, options);  // also refuses what is not UTF-8
    if (error) return refuse(fmt::format("no JSON in UTF-8: {}", error.message()));
    auto const* const object = value.if_object();
    auto const* const id = object ? object->if_contains("id") : nullptr;
    auto const* const body = object ? object->if_contains("text") : nullptr;
    if (!id || !id->is_string() || !body || !body->is_string())
      return refuse("needs an object with the strings id and text");
    if (!body->get_string().empty())
      documents.push_back({std::string{id->get_string()}, std::string{body->get_string()}});
  }
  return documents;
}

Result<std::vector<LanguageTexts>> read_split(std::filesystem::path const& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (auto const& entry : std::filesystem::directory_iterator{folder, error})
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  if (error)
    return fail(Errc::not_found, "missing_input",
                fmt::format("Cannot read the folder {}: {}. Give the job an input with this split.", folder.string(),
                            error.message()));
  std::ranges::sort(files);
  std::vector<LanguageTexts> split;
  std::size_t bytes = 0;
  for (auto const& file : files) {
    LanguageTexts texts{file.stem().string(), {}};
    if (!is_language(texts.language))
      return fail(Errc::invalid, "corpus",
                  fmt::format("{}: the name before .jsonl must be a language tag such as de or pt-BR.", file.string()));
    FABRICA_TRY(auto const content, read_file(file, kFileBytesMax));
    FABRICA_TRY(texts.documents,
                parse_documents(content, fmt::format("{}/{}", folder.filename().string(), file.filename().string())));
    bytes += texts.bytes();
    if (!texts.documents.empty()) split.push_back(std::move(texts));
  }
  if (bytes == 0)
    return fail(Errc::invalid, "empty_corpus",
                fmt::format("{} holds no text: it needs files <language>.jsonl with documents.", folder.string()));
  return split;
}

}  // namespace fabrica::recipe
