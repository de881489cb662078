#include "reviews/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "matching/affinity.hpp"

namespace fabrica::reviews {
namespace {

// The affinity's own bounds (matching/affinity.hpp) with room to spare.
constexpr std::size_t kTextBytesMax = 150'000;
constexpr std::size_t kKeywordBytesMax = 200;
constexpr std::size_t kKeywordsMax = 100;
constexpr std::size_t kTextCharactersMax = 8000;

bool small_letters(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  auto const first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Result<> answer(std::string_view token, std::vector<Fault> faults) {
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, token, what, std::move(faults));
}

// A piece is added whole or not at all, so that no character is cut.
void add_text(std::string& out, std::string_view piece) {
  if (out.size() + piece.size() + 1 > kTextBytesMax) return;
  out += piece;
  out += '\n';
}

void add_keyword(std::vector<std::string>& out, std::string_view keyword) {
  keyword = trimmed(keyword);
  if (!keyword.empty() && keyword.size() <= kKeywordBytesMax && out.size() < kKeywordsMax) out.emplace_back(keyword);
}

bool initial_of(std::string const& one, std::string const& other) {
  auto const& [shorter, longer] = one.size() <= other.size() ? std::tie(one, other) : std::tie(other, one);
  return characters_of(shorter) == 1 && longer.starts_with(shorter);
}

bool same_person(Named const& one, Named const& other) {
  if (one.orcid && other.orcid) return *one.orcid == *other.orcid;
  return alike(one.words, other.words);
}

std::string shown(Named const& one) {
  return one.orcid ? fmt::format("{} ({})", one.name, *one.orcid) : one.name;
}

bool same_organisation(Organisation const& one, Organisation const& other) {
  if (one.id && other.id) return *one.id == *other.id;
  return !one.words.empty() && one.words == other.words;
}

Micros years(std::int64_t count) { return count * 365 * kDay; }

void find_organisation(ProposalParty const& proposal, ReviewerParty const& reviewer, Settings const& settings, Micros now,
                       std::vector<Found>& out) {
  Found const* current = nullptr;
  std::optional<Found> recent;
  for (auto const& [theirs, until] : reviewer.organisations) {
    for (auto const& ours : proposal.organisations) {
      if (!same_organisation(theirs, ours)) continue;
      if (!until || until->us > now) {
        if (!current)
          current = &out.emplace_back(
              Found{ConflictKind::same_organisation, fmt::format("Both are of {}.", ours.name)});
      } else if (until->us > now - years(settings.recent_years) && !recent) {
        recent = Found{ConflictKind::recent_organisation,
                       fmt::format("The reviewer was of {} until {}.", ours.name, format_date(until->us))};
      }
    }
  }
  if (recent && !current) out.push_back(*std::move(recent));
}

void find_membership(ProposalParty const& proposal, ReviewerParty const& reviewer, std::vector<Found>& out) {
  if (std::ranges::find(proposal.members, reviewer.person) != proposal.members.end()) {
    out.push_back({ConflictKind::project_member, "The reviewer has a role in the project."});
    return;
  }
  for (auto const& one : proposal.people)
    if (same_person(one, reviewer.name)) {
      out.push_back({ConflictKind::project_member, fmt::format("The proposal names {}.", shown(one))});
      return;
    }
}

void find_co_author(ProposalParty const& proposal, ReviewerParty const& reviewer, Settings const& settings, Micros now,
                    std::vector<Found>& out) {
  // A publication carries a year only: the whole of the first year still counts.
  std::int64_t this_year = 0;
  auto const date = format_date(now);
  for (char const digit : date.substr(0, 4)) this_year = this_year * 10 + (digit - '0');
  for (auto const& wrote : reviewer.co_authors) {
    if (wrote.year < this_year - settings.coauthor_years) continue;
    for (auto const& one : proposal.people)
      if (same_person(one, wrote.author)) {
        out.push_back({ConflictKind::co_author, fmt::format("The reviewer and {} wrote \"{}\" ({}).", shown(one),
                                                            wrote.title, wrote.year)});
        return;
      }
  }
}

void find_exclusion(ProposalParty const& proposal, ReviewerParty const& reviewer, std::vector<Found>& out) {
  for (auto const& one : proposal.excluded) {
    bool hit = false;
    if (!one.person.words.empty()) hit = same_person(one.person, reviewer.name);
    else
      hit = std::ranges::any_of(reviewer.organisations, [&](auto const& of) {
        return same_organisation(of.first, one.organisation);
      });
    if (!hit) continue;
    out.push_back({ConflictKind::excluded_by_applicant,
                   fmt::format("The applicant excludes {}.",
                               one.person.name.empty() ? one.organisation.name : one.person.name)});
    return;
  }
}

std::string text_of(json::Value value) { return std::string{trimmed(value.text().value_or(""))}; }

std::string cell_of(json::Value row, forms::Field const& table, std::string_view ending) {
  for (auto const& column : table.columns)
    if (column.key == ending || column.key.ends_with("_" + std::string{ending})) return text_of(row.find(column.key));
  return {};
}

std::optional<std::string> orcid_of(json::Value row, forms::Field const& table) {
  for (auto const& column : table.columns)
    if (column.type == forms::FieldType::orcid)
      if (auto text = text_of(row.find(column.key)); !text.empty()) return text;
  return std::nullopt;
}

bool names_excluded(forms::Field const& field) {
  return field.type == forms::FieldType::table &&
         (field.key == "excluded_reviewers" || field.fact == "reviewers.excluded");
}

void add_field(ProposalParty& party, forms::Field const& field, json::Value value, std::array<std::string, 3>& lead) {
  if (field.reuse == "person.given_names") lead[0] = text_of(value);
  if (field.reuse == "person.family_names") lead[1] = text_of(value);
  if (field.reuse == "person.orcid") lead[2] = text_of(value);
  if (field.reuse == "organisation.name")
    if (auto name = text_of(value); !name.empty()) party.organisations.push_back(organisation(std::move(name), {}));
  bool const team = field.type == forms::FieldType::table && field.reuse == "project.team";
  if (!team && !names_excluded(field)) return;
  for (std::size_t place = 0; place < value.size(); ++place) {
    auto const row = value[place];
    auto who = named(cell_of(row, field, "name"), orcid_of(row, field));
    auto of = organisation(cell_of(row, field, "organisation"), {});
    if (!team) {
      if (!who.words.empty() || !of.words.empty()) party.excluded.push_back({std::move(who), std::move(of)});
      continue;
    }
    if (!who.words.empty() || who.orcid) party.people.push_back(std::move(who));
    if (!of.words.empty()) party.organisations.push_back(std::move(of));
  }
}

void check_profile_lists(ProfileDraft const& profile, std::vector<Fault>& faults) {
  for (std::size_t at = 0; at < profile.keywords.size(); ++at)
    if (trimmed(profile.keywords[at]).empty())
      faults.push_back({fmt::format("/keywords/{}", at), "A keyword is not blank."});
  for (std::size_t at = 0; at < profile.languages.size(); ++at)
    if (auto const& one = profile.languages[at]; one.size() < 2 || one.size() > 3 || !small_letters(one))
      faults.push_back({fmt::format("/languages/{}", at), "A language is its ISO 639 code, for example lv or fra."});
  for (std::size_t at = 0; at < profile.publications.size(); ++at)
    for (std::size_t who = 0; who < profile.publications[at].authors.size(); ++who)
      if (auto const& one = profile.publications[at].authors[who]; one.orcid && !is_orcid(*one.orcid))
        faults.push_back({fmt::format("/publications/{}/authors/{}/orcid", at, who), "Its check digit is wrong."});
}

void check_score(std::string const& id, std::int64_t score, matching::RankingRules const& rules,
                 std::vector<Fault>& faults) {
  auto const pointer = fmt::format("/scores_milli/{}", id);
  auto const criterion = std::ranges::find(rules.criteria, id, &matching::RankCriterion::id);
  if (criterion == rules.criteria.end()) {
    faults.push_back({pointer, "The call has no such criterion."});
  } else if (score < criterion->min_milli || score > criterion->max_milli) {
    faults.push_back({pointer, fmt::format("The scale goes from {} to {} thousandths of a point.", criterion->min_milli,
                                           criterion->max_milli)});
  } else if ((score - criterion->min_milli) % criterion->step_milli != 0) {
    faults.push_back({pointer, fmt::format("Scores go in steps of {} from {}.", criterion->step_milli,
                                           criterion->min_milli)});
  }
}

}  // namespace

bool is_orcid(std::string_view text) {
  if (text.size() != 19 || text[4] != '-' || text[9] != '-' || text[14] != '-') return false;
  int total = 0;
  int digits = 0;
  for (std::size_t at = 0; at < 18; ++at) {
    if (at == 4 || at == 9 || at == 14) continue;
    if (text[at] < '0' || text[at] > '9') return false;
    total = (total + (text[at] - '0')) * 2 % 11;
    ++digits;
  }
  int const check = (12 - total) % 11;
  return digits == 15 && text[18] == (check == 10 ? 'X' : static_cast<char>('0' + check));
}

Result<> check(ProfileDraft const& profile) {
  std::vector<Fault> faults;
  if (profile.orcid && !is_orcid(*profile.orcid))
    faults.push_back({"/orcid", "An ORCID is 0000-0000-0000-0000 and its last digit checks the others: compare it."});
  bool const country = profile.country.size() == 2 &&
                       std::ranges::all_of(profile.country, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!country) faults.push_back({"/country", "The country is two capital letters, for example LV, EL or UK."});
  check_profile_lists(profile, faults);
  if (profile.available_from && profile.available_until && profile.available_from->us >= profile.available_until->us)
    faults.push_back({"/available_until", "The time available ends after it begins."});
  return answer("profile", std::move(faults));
}

Result<> check(InvitationDraft const& draft) {
  std::vector<Fault> faults;
  if (!draft.person && !draft.email) faults.push_back({"/person", "Name a person of this factory, or an address."});
  if (draft.person && draft.email) faults.push_back({"/email", "Name a person or an address, not both."});
  if (draft.email) {
    auto const at = draft.email->find('@');
    bool const good = at != std::string::npos && at > 0 && at + 1 < draft.email->size() &&
                      draft.email->find('@', at + 1) == std::string::npos &&
                      std::ranges::none_of(*draft.email, [](unsigned char c) { return c <= 0x20 || c == 0x7F; });
    if (!good) faults.push_back({"/email", "An address has one @ and no blanks."});
  }
  return answer("invitation", std::move(faults));
}

bool is_available(ProfileDraft const& profile, Micros now) {
  return (!profile.available_from || profile.available_from->us <= now) &&
         (!profile.available_until || now < profile.available_until->us) && profile.load_max > 0;
}

bool alike(Words const& one, Words const& other) {
  auto const& [few, many] = one.size() <= other.size() ? std::tie(one, other) : std::tie(other, one);
  if (few.empty()) return false;
  if (few.size() == 1) return few == many;
  std::vector<bool> taken(many.size());
  bool written_out = false;
  // Words that are equal first, so that an initial does not take the place of its whole word.
  std::vector<std::string const*> rest;
  for (auto const& word : few) {
    bool found = false;
    for (std::size_t at = 0; at < many.size() && !found; ++at) {
      if (taken[at] || many[at] != word) continue;
      taken[at] = found = true;
      written_out = written_out || characters_of(word) > 1;
    }
    if (!found) rest.push_back(&word);
  }
  for (auto const* word : rest) {
    bool found = false;
    for (std::size_t at = 0; at < many.size() && !found; ++at)
      if (!taken[at] && initial_of(*word, many[at])) taken[at] = found = true;
    if (!found) return false;
  }
  return written_out;
}

Named named(std::string name, std::optional<std::string> orcid) {
  auto words = matching::words_of(name);
  for (auto& word : words) word = matching::folded(word);
  return {std::move(name), std::move(words), std::move(orcid)};
}

Organisation organisation(std::string name, std::optional<PublicId> id) {
  auto words = matching::words_of(name);
  for (auto& word : words) word = matching::folded(word);
  return {std::move(name), std::move(words), std::move(id)};
}

ReviewerParty party_of(PublicId const& person, std::string const& name, ProfileDraft const& profile) {
  ReviewerParty out{person, named(name, profile.orcid), profile.country, {}, {}};
  for (auto const& one : profile.affiliations)
    out.organisations.emplace_back(organisation(one.name, one.organisation), one.until);
  for (auto const& work : profile.publications)
    for (auto const& author : work.authors)
      if (auto who = named(author.name, author.orcid); !same_person(who, out.name))
        out.co_authors.push_back({std::move(who), work.title, work.year});
  return out;
}

Result<> add_form(ProposalParty& party, forms::Form const& form, std::string_view answers) {
  FABRICA_TRY(auto const document, json::Document::parse(answers, {.bytes = std::size_t{2} << 20}));
  std::array<std::string, 3> lead;  // given names, family names, ORCID
  for (auto const& section : form.sections)
    for (auto const& field : section.fields)
      if (auto const value = document.root().find(field.key)) add_field(party, field, value, lead);
  if (!lead[1].empty() || !lead[2].empty())
    party.people.push_back(named(std::string{trimmed(lead[0] + " " + lead[1])},
                                 lead[2].empty() ? std::nullopt : std::optional{lead[2]}));
  return {};
}

std::vector<Found> conflicts_between(ProposalParty const& proposal, ReviewerParty const& reviewer,
                                     Settings const& settings, Micros now) {
  std::vector<Found> out;
  find_organisation(proposal, reviewer, settings, now, out);
  find_membership(proposal, reviewer, out);
  find_co_author(proposal, reviewer, settings, now, out);
  find_exclusion(proposal, reviewer, out);
  if (settings.same_country && !proposal.country.empty() && proposal.country == reviewer.country)
    out.push_back({ConflictKind::same_country, fmt::format("Both work in {}.", proposal.country)});
  return out;
}

Result<> check(ReviewDraft const& review, matching::RankingRules const& rules, Settings const& settings,
               Completeness completeness) {
  std::vector<Fault> faults;
  for (auto const& [id, score] : review.scores_milli) check_score(id, score, rules, faults);
  for (auto const& [id, text] : review.texts) {
    auto const pointer = fmt::format("/texts/{}", id);
    if (std::ranges::find(rules.criteria, id, &matching::RankCriterion::id) == rules.criteria.end())
      faults.push_back({pointer, "The call has no such criterion."});
    else if (characters_of(text) > kTextCharactersMax)
      faults.push_back({pointer, fmt::format("Shorten the text to {} characters.", kTextCharactersMax)});
  }
  if (completeness == Completeness::submission) {
    auto const least = static_cast<std::size_t>(settings.text_characters_min);
    for (auto const& one : rules.criteria) {
      if (!review.scores_milli.contains(one.id))
        faults.push_back({fmt::format("/scores_milli/{}", one.id), "Give a score for this criterion."});
      auto const text = review.texts.find(one.id);
      if (text == review.texts.end() ? least > 0 : characters_of(trimmed(text->second)) < least)
        faults.push_back({fmt::format("/texts/{}", one.id),
                          fmt::format("Explain the score in at least {} characters.", least)});
    }
  }
  return answer("review", std::move(faults));
}

bool is_complete(ReviewDraft const& review, matching::RankingRules const& rules) {
  return std::ranges::all_of(rules.criteria, [&](auto const& one) { return review.scores_milli.contains(one.id); });
}

Result<Topic> topic_of(forms::Form const& form, std::string_view answers) {
  Topic out;
  FABRICA_TRY(auto const sheet, forms::sheet(form, answers, {forms::Audience::public_, true}));
  for (auto const& part : sheet.parts)
    for (auto const& line : part.lines) {
      if (!line.answered || (line.type != forms::FieldType::text && line.type != forms::FieldType::long_text)) continue;
      auto const* field = forms::find(form, line.field);
      bool const keywords = field && (field->fact == "project.keywords" || field->key == "keywords");
      if (!keywords) {
        add_text(out.text, line.text);
        continue;
      }
      // "、" and "،" separate lists where "," does not.
      std::string list = line.text;
      for (std::string_view const mark : {"、", "،", "；", "，"})
        for (auto at = list.find(mark); at != std::string::npos; at = list.find(mark)) list.replace(at, mark.size(), ",");
      for (std::size_t from = 0; from <= list.size();) {
        auto const to = std::min(list.find_first_of(",;\n", from), list.size());
        add_keyword(out.keywords, std::string_view{list}.substr(from, to - from));
        from = to + 1;
      }
    }
  return out;
}

Topic topic_of(ProfileDraft const& profile) {
  Topic out;
  add_text(out.text, profile.expertise);
  for (auto const& one : profile.publications) add_text(out.text, one.title);
  for (auto const& one : profile.keywords) add_keyword(out.keywords, one);
  return out;
}

}  // namespace fabrica::reviews
