#include "calls/impl/attached.hpp"

#include <fmt/format.h>

#include <map>

namespace fabrica::calls {
namespace {

struct FileAnswer {
  std::string name;
  std::string media_type;
  std::int64_t bytes = 0;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(FileAnswer, (), (name, media_type, bytes, digest))

constexpr json::Limits kAnswerLimits{.bytes = std::size_t{2} << 20, .depth = 8, .values = 100'000};

Result<std::map<std::string, json::Raw>> members_of(std::string_view answers) {
  FABRICA_TRY(auto const document, json::Document::parse(answers, kAnswerLimits));
  auto const root = document.root();
  if (root.kind() != json::Kind::object)
    return fail(Errc::invalid, "form_answers", "Answers are an object of the form's field keys.",
                {{"/form", "not an object"}});
  std::map<std::string, json::Raw> out;
  for (std::size_t at = 0; at < root.size(); ++at) out.emplace(root[at].key(), json::Raw{root[at].write()});
  return out;
}

bool is_file(forms::Form const& form, std::string_view key) {
  auto const* field = forms::find(form, key);
  return field != nullptr && field->type == forms::FieldType::attachment;
}

bool says(json::Raw const& given, json::Raw const& stored) {
  auto const a = json::canonical(given.text);
  auto const b = json::canonical(stored.text);
  return a && b && *a == *b;
}

}  // namespace

json::Raw answer_of(store::AttachmentRow const& row) {
  return {json::write(FileAnswer{row.name, row.media_type, row.size_bytes, row.digest})};
}

Result<std::optional<json::Raw>> with_attachments(db::Tx& tx, PublicId const& proposal, forms::Form const& form,
                                                  std::optional<json::Raw> const& answers) {
  FABRICA_TRY(auto members, members_of(answers ? std::string_view{answers->text} : "{}"));
  FABRICA_TRY(auto const rows, tx.all<store::AttachmentRow>(store::kAttachmentsOf, proposal));
  std::map<std::string, json::Raw> stored;
  for (auto const& row : rows)
    if (is_file(form, row.field)) stored.emplace(row.field, answer_of(row));
  std::vector<Fault> faults;
  for (auto const& [key, value] : members) {
    if (!is_file(form, key) || value.text == "null") continue;
    auto const found = stored.find(key);
    if (found != stored.end() && says(value, found->second)) continue;
    faults.push_back({"/form/" + key, fmt::format("That file is not stored for this proposal. Save the draft without "
                                                  "it, then send the file to /proposals/{}/attachments/{}.",
                                                  proposal.text(), key)});
  }
  if (!faults.empty()) {
    auto const what = faults.front().what;
    return fail(Errc::invalid, "form_faults", what, std::move(faults));
  }
  for (auto& [key, value] : stored) members.insert_or_assign(key, std::move(value));
  if (!answers && members.empty()) return std::optional<json::Raw>{};
  return std::optional{json::Raw{json::write(members)}};
}

Result<std::string> with_answer(std::string_view answers, std::string_view field,
                                std::optional<json::Raw> const& value) {
  FABRICA_TRY(auto members, members_of(answers));
  if (value) members.insert_or_assign(std::string{field}, *value);
  else members.erase(std::string{field});
  return json::write(members);
}

}  // namespace fabrica::calls
