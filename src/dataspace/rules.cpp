#include "dataspace/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "crypto/sha256.hpp"
#include "json/json.hpp"

namespace fabrica::dataspace {
namespace {

constexpr std::size_t kPathBytesMax = 300;
constexpr std::array kParts{Part::train, Part::validation, Part::held_out};

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The shape of a BCP 47 tag or a plain name: letters, digits and hyphens.
bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 35 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void check_files(std::vector<File> const& files, std::vector<Fault>& faults) {
  std::set<std::string_view> seen;
  for (std::size_t at = 0; at < files.size(); ++at) {
    auto const& file = files[at];
    auto const where = fmt::format("/files/{}", at);
    if (auto const fine = check_path(file.path); !fine) faults.push_back({where + "/path", fine.error().what});
    if (!is_digest(file.sha256)) faults.push_back({where + "/sha256", "A SHA-256 is 64 lower-case hex digits."});
    if (!seen.insert(file.path).second) faults.push_back({where + "/path", "Another file has this path already."});
  }
}

}  // namespace

Result<> check_path(std::string_view path) {
  auto const bad = [&](std::string_view what) { return fail(Errc::invalid, "path", fmt::format("\"{}\" {}", path, what)); };
  if (path.empty() || path.size() > kPathBytesMax)
    return fail(Errc::invalid, "path", fmt::format("A path has 1 to {} bytes.", kPathBytesMax));
  for (unsigned char const c : path)
    if (c < 0x20 || c == 0x7f || c == '\\')
      return fail(Errc::invalid, "path", "A path has no control characters and no backslash.");
  for (std::size_t begin = 0; begin <= path.size();) {
    auto const end = std::min(path.find('/', begin), path.size());
    auto const part = path.substr(begin, end - begin);
    if (part.empty()) return bad("has an empty part: write a relative path with single slashes.");
    if (part == "." || part == "..") return bad("has \".\" or \"..\" as a part: write it without.");
    begin = end + 1;
  }
  return {};
}

Result<> check(DatasetDraft const& draft) {
  std::vector<Fault> faults;
  auto const said = [&](std::string_view pointer, std::string_view text) {
    if (blank(text)) faults.push_back({std::string{pointer}, "Say something here: the summary of training content needs it."});
  };
  said("/name", draft.name);
  said("/description", draft.description);
  said("/licence", draft.licence);
  said("/personal_data_reason", draft.personal_data_reason);
  said("/tdm_check", draft.tdm_check);
  for (std::size_t at = 0; at < draft.languages.size(); ++at)
    if (!is_tag(draft.languages[at]))
      faults.push_back({fmt::format("/languages/{}", at), "A language is a BCP 47 tag such as \"cs\" or \"pt-BR\"."});
  if (draft.domains_digest && !is_digest(*draft.domains_digest))
    faults.push_back({"/domains_digest", "A SHA-256 is 64 lower-case hex digits."});
  if (draft.period.from && draft.period.to && draft.period.to->us < draft.period.from->us)
    faults.push_back({"/period", "The period ends before it begins."});
  if (draft.source_kind == SourceKind::crawled && !draft.domains_digest)
    faults.push_back({"/domains_digest", "Crawled data need the digest of the list of their domains."});
  for (std::size_t at = 0; at < draft.sources.size(); ++at)
    if (!is_digest(draft.sources[at].sha256))
      faults.push_back({fmt::format("/sources/{}/sha256", at), "A SHA-256 is 64 lower-case hex digits."});
  check_files(draft.files, faults);
  if (faults.empty()) return {};
  if (faults.size() > 100) faults.resize(100);  // a hostile body must not make a huge answer
  auto const what = fmt::format("{}: {}", faults.front().pointer, faults.front().what);
  return fail(Errc::invalid, "dataset", what, std::move(faults));
}

Result<> check(SplitDraft const& draft) {
  auto const sum = draft.train_ppm + draft.validation_ppm + draft.held_out_ppm;
  if (draft.train_ppm > 0 && draft.held_out_ppm > 0 && draft.validation_ppm >= 0 && sum == kPartsPerMillion) return {};
  return fail(Errc::invalid, "split_shares",
              fmt::format("The shares are parts per million and make {} together, not {}; training and held out each get "
                          "more than 0.", kPartsPerMillion, sum),
              {{"/train_ppm", fmt::format("The three shares must add up to {}.", kPartsPerMillion)}});
}

std::string tree_digest(std::vector<File> files) {
  std::ranges::sort(files, {}, &File::path);
  auto const canonical = json::canonical(json::write(files), {.bytes = 64u << 20, .values = 1'000'000});
  FABRICA_CHECK(canonical.has_value());  // paths, digests and sizes were checked when they came in
  return crypto::sha256(*canonical).hex();
}

std::int64_t fraction_ppm(Seed const& seed, std::string_view id) {
  crypto::Sha256 hash;
  hash.update(ByteView{seed});
  hash.update(std::string_view{"\0", 1});
  hash.update(id);
  auto const digest = hash.finish();
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t at = 0; at < 4; ++at) {
    high = high << 8 | digest.bytes[at];
    low = low << 8 | digest.bytes[at + 4];
  }
  // floor(x * 10^6 / 2^64) for x = high * 2^32 + low, without a number wider than 64 bits.
  constexpr auto kScale = static_cast<std::uint64_t>(kPartsPerMillion);
  return static_cast<std::int64_t>((high * kScale + (low * kScale >> 32)) >> 32);
}

Part part_of(SplitRule const& rule, std::string_view id) {
  auto const at = fraction_ppm(rule.seed, id);
  if (at < rule.train_ppm) return Part::train;
  return at < rule.train_ppm + rule.validation_ppm ? Part::validation : Part::held_out;
}

std::unexpected<Error> JsonlSplitter::bad(std::string_view what) const {
  return fail(Errc::invalid, "split_line", fmt::format("{}, line {}: {}", file_, line_, what));
}

Result<> JsonlSplitter::write(std::string_view piece) {
  while (!piece.empty()) {
    auto const end = piece.find('\n');
    if (begun_.size() + std::min(end, piece.size()) > kLineBytesMax) {
      ++line_;
      return bad(fmt::format("it has more than {} bytes; cut the document up, all pieces under its id.", kLineBytesMax));
    }
    if (end == std::string_view::npos) {
      begun_ += piece;
      return {};
    }
    if (begun_.empty()) {
      FABRICA_DO(line(piece.substr(0, end)));
    } else {
      begun_ += piece.substr(0, end);
      FABRICA_DO(line(begun_));
      begun_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  return {};
}

Result<> JsonlSplitter::finish() {
  if (!begun_.empty()) FABRICA_DO(line(begun_));
  begun_.clear();
  if (line_ == 0) return fail(Errc::invalid, "split_line", fmt::format("{} has no lines.", file_));
  return {};
}

Result<> JsonlSplitter::line(std::string_view text) {
  ++line_;
  auto const document = json::Document::parse(text, {.bytes = kLineBytesMax, .depth = 16, .values = 100'000});
  if (!document) return bad(fmt::format("it is not one JSON object: {}", document.error().what));
  auto const id = document->root().find("id").text();
  if (!id || id->empty() || id->size() > kDocumentIdBytesMax)
    return bad(fmt::format("it needs a member \"id\", a string of 1 to {} bytes.", kDocumentIdBytesMax));
  if (!document->root().find("text").text()) return bad("it needs a member \"text\", a string.");
  auto const part = part_of(rule_, *id);
  ++lines_[static_cast<std::size_t>(part)];
  return take_(part, std::string{text} + '\n');
}

std::string part_path(Part part, std::string_view language) {
  return fmt::format("{}/{}.jsonl", json::enum_name(part), language);
}

std::string_view language_of(std::string_view path) {
  constexpr std::string_view kSuffix = ".jsonl";
  if (!path.ends_with(kSuffix)) return {};
  path.remove_suffix(kSuffix.size());
  if (auto const slash = path.rfind('/'); slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return is_tag(path) ? path : std::string_view{};
}

Result<> check_splittable(std::vector<File> const& files) {
  std::set<std::string_view> seen;
  for (auto const& file : files) {
    auto const language = language_of(file.path);
    if (language.empty()) {
      if (!file.path.ends_with(".jsonl")) continue;
      return fail(Errc::conflict, "split_files",
                  fmt::format("{} is not named after a language: register it as <language>.jsonl.", file.path));
    }
    if (!seen.insert(language).second)
      return fail(Errc::conflict, "split_files",
                  fmt::format("Two files are named {}.jsonl: register one file for each language.", language));
  }
  if (seen.empty())
    return fail(Errc::conflict, "split_files",
                "Only JSON lines can be split: register files <language>.jsonl with {\"id\", \"text\"} in each line.");
  return {};
}

Result<Reference> parse_reference(std::string_view text) {
  auto const bad = [&] {
    return fail(Errc::invalid, "input_reference",
                fmt::format("\"{}\" names no data: write dataset:<id> or split:<id>/<part>[,<part>] with the parts train, "
                            "validation and held_out.", text.substr(0, 300)));
  };
  constexpr std::string_view kDataset = "dataset:";
  constexpr std::string_view kSplit = "split:";
  Reference out;
  out.split = text.starts_with(kSplit);
  if (!out.split && !text.starts_with(kDataset)) return bad();
  auto rest = text.substr(out.split ? kSplit.size() : kDataset.size());
  auto const slash = rest.find('/');
  if (out.split != (slash != std::string_view::npos)) return bad();
  auto id = PublicId::parse(rest.substr(0, slash));
  if (!id) return bad();
  out.id = *std::move(id);
  if (!out.split) return out;

  std::set<Part> wanted;
  rest.remove_prefix(slash + 1);
  for (std::size_t begin = 0; begin <= rest.size();) {
    auto const end = std::min(rest.find(',', begin), rest.size());
    auto const part = json::enum_value<Part>(rest.substr(begin, end - begin));
    if (!part || !wanted.insert(*part).second) return bad();
    begin = end + 1;
  }
  for (auto const part : kParts)
    if (wanted.contains(part)) out.parts.push_back(part);
  return out;
}

}  // namespace fabrica::dataspace
