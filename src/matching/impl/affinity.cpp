#include "matching/affinity.hpp"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/check.hpp"

namespace fabrica::matching {

namespace {

constexpr std::size_t kTextMax = 200'000;
constexpr std::size_t kTotalMax = std::size_t{256} << 20;
constexpr std::size_t kKeywordsMax = 100;
constexpr std::size_t kKeywordMax = 200;
constexpr std::size_t kFaultsMax = 50;
constexpr int kGramShortest = 3;
constexpr int kGramLongest = 5;
constexpr std::size_t kTermsShown = 10;

bool is_utf8(std::string_view text) {
  auto const size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 character = 0;
    U8_NEXT(text.data(), at, size, character);
    if (character < 0) return false;
  }
  return true;
}

// Where marks are accents, one language writes them and the next leaves them out (and Greek capitals lose theirs). In
// other scripts they are vowels and stay.
bool accents_come_off(UChar32 character) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(character, &status)) {
    case USCRIPT_LATIN:
    case USCRIPT_GREEK:
    case USCRIPT_CYRILLIC:
    case USCRIPT_ARABIC:
    case USCRIPT_HEBREW: return true;
    default: return false;
  }
}

icu::UnicodeString fold(std::string_view text) {
  if (!is_utf8(text)) return {};
  UErrorCode status = U_ZERO_ERROR;
  auto const* const casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  auto const* const apart = icu::Normalizer2::getNFDInstance(status);
  auto const* const together = icu::Normalizer2::getNFCInstance(status);
  FABRICA_CHECK(U_SUCCESS(status));  // ICU without its data: the installation is broken
  auto const given = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  auto const plain = apart->normalize(casefold->normalize(given, status), status);
  FABRICA_CHECK(U_SUCCESS(status));
  icu::UnicodeString bare;
  bool off = false;
  for (std::int32_t at = 0; at < plain.length();) {
    UChar32 const character = plain.char32At(at);
    at += U16_LENGTH(character);
    if (u_charType(character) == U_NON_SPACING_MARK) {
      if (!off) bare.append(character);
      continue;
    }
    off = accents_come_off(character);
    bare.append(character);
  }
  auto out = together->normalize(bare, status);
  FABRICA_CHECK(U_SUCCESS(status));
  return out;
}

bool in_word(UChar32 character) {
  constexpr std::uint32_t kMarks = U_GC_MN_MASK | U_GC_MC_MASK | U_GC_ME_MASK;
  return u_isalnum(character) || (U_GET_GC_MASK(character) & kMarks) != 0;
}

std::vector<icu::UnicodeString> split(icu::UnicodeString const& text) {
  std::vector<icu::UnicodeString> out;
  icu::UnicodeString word;
  auto const close = [&] {
    if (!word.isEmpty()) out.push_back(word);
    word.remove();
  };
  for (std::int32_t at = 0; at < text.length();) {
    UChar32 const character = text.char32At(at);
    at += U16_LENGTH(character);
    bool const sign = character == '+' || character == '#';
    bool const numbered = character == '-' && at < text.length() && u_isdigit(text.char32At(at));
    if (in_word(character) || (!word.isEmpty() && (sign || numbered))) word.append(character);
    else close();
  }
  close();
  return out;
}

std::string utf8(icu::UnicodeString const& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

// Scripts that put no spaces between words: two characters already mean something there.
bool is_ideographic(UChar32 character) {
  UErrorCode status = U_ZERO_ERROR;
  auto const script = uscript_getScript(character, &status);
  return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
}

// Pieces of 3 to 5 characters of the word between two blanks, so that beginnings and ends count as such; a word that is
// shorter is one piece.
template <class Each>
void each_gram(icu::UnicodeString const& word, Each each) {
  std::u32string padded = U" ";
  for (std::int32_t at = 0; at < word.length();) {
    UChar32 const character = word.char32At(at);
    at += U16_LENGTH(character);
    padded += static_cast<char32_t>(character);
  }
  padded += U' ';
  int const shortest = is_ideographic(static_cast<UChar32>(padded[1])) ? 2 : kGramShortest;
  for (int size = shortest; size <= kGramLongest; ++size)
    for (std::size_t at = 0; at + static_cast<std::size_t>(size) <= padded.size(); ++at)
      each(std::u32string_view{padded}.substr(at, static_cast<std::size_t>(size)));
}

struct Weighted {
  std::uint32_t term = 0;
  double weight = 0;
};
using Sparse = std::vector<Weighted>;  // by term

struct Party {
  Sparse text;
  Sparse keywords;
};

class Faults {
 public:
  void add(std::string pointer, std::string what) {
    if (list_.size() < kFaultsMax) list_.push_back({std::move(pointer), std::move(what)});
  }
  Result<> result() {
    if (list_.empty()) return {};
    auto what = fmt::format("The affinity's input is wrong at {}: {}", list_[0].pointer, list_[0].what);
    return fail(Errc::invalid, "affinity_input", std::move(what), std::move(list_));
  }

 private:
  std::vector<Fault> list_;
};

std::size_t check_parties(Faults& faults, char const* name, std::vector<AffinityParty> const& parties) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < parties.size(); ++i) {
    auto const& party = parties[i];
    auto const at = [&](char const* member) { return fmt::format("/{}/{}/{}", name, i, member); };
    bytes += party.text.size();
    if (party.text.size() > kTextMax) faults.add(at("text"), "Shorten the text to 200000 bytes.");
    if (!is_utf8(party.text)) faults.add(at("text"), "Send the text as UTF-8.");
    if (party.keywords.size() > kKeywordsMax) faults.add(at("keywords"), "Give at most 100 keywords.");
    for (auto const& keyword : party.keywords)
      if (keyword.empty() || keyword.size() > kKeywordMax || !is_utf8(keyword))
        faults.add(at("keywords"), "Give keywords of 1 to 200 bytes of UTF-8.");
  }
  return bytes;
}

Result<> check_input(AffinityInput const& input) {
  Faults faults;
  if (input.proposals.size() > kProposalsMax) faults.add("/proposals", "Give at most 200000 proposals.");
  if (input.reviewers.size() > kReviewersMax) faults.add("/reviewers", "Give at most 50000 reviewers.");
  if (check_parties(faults, "proposals", input.proposals) + check_parties(faults, "reviewers", input.reviewers) >
      kTotalMax)
    faults.add("/proposals", "The texts together are over 256 MiB: shorten them or split by track.");
  auto const& weights = input.weights;
  for (auto const weight : {weights.text, weights.keywords, weights.bid, weights.past_load})
    if (weight < 0 || weight > 100'000) faults.add("/weights", "Set each weight to 0..100000 thousandths.");
  if (!input.past_loads.empty() && input.past_loads.size() != input.reviewers.size())
    faults.add("/past_loads", "Give one number for each reviewer, or none.");
  for (auto const load : input.past_loads)
    if (load < 0) faults.add("/past_loads", "A past load is 0 or more.");
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::size_t i = 0; i < input.bids.size(); ++i) {
    auto const& bid = input.bids[i];
    if (bid.proposal >= input.proposals.size() || bid.reviewer >= input.reviewers.size())
      faults.add(fmt::format("/bids/{}", i), "The bid names a proposal or reviewer that does not exist.");
    else if (!seen.emplace(bid.proposal, bid.reviewer).second)
      faults.add(fmt::format("/bids/{}", i), "The pair has two bids; keep the later.");
  }
  return faults.result();
}

// Numbers terms and counts in how many texts each stands.
template <class Term>
class Vocabulary {
 public:
  std::uint32_t number(Term const& term) {
    auto const [place, fresh] = numbers_.try_emplace(term, static_cast<std::uint32_t>(texts_.size()));
    if (fresh) texts_.push_back(0);
    return place->second;
  }
  void count(std::map<std::uint32_t, double> const& text) {
    ++total_;
    for (auto const& [term, _] : text) ++texts_[term];
  }
  // Never 0 for a term that is there, even if every text has it: one shared word must not make two texts equal, nor
  // none of a text's words count.
  double rarity(std::uint32_t term) const { return std::log((1.0 + total_) / (1.0 + texts_[term])) + 1.0; }
  std::optional<std::uint32_t> find(Term const& term) const {
    auto const place = numbers_.find(term);
    if (place == numbers_.end()) return std::nullopt;
    return place->second;
  }

 private:
  std::unordered_map<Term, std::uint32_t> numbers_;
  std::vector<std::uint32_t> texts_;
  double total_ = 0;
};

std::int32_t millionths(double share, std::int32_t weight_thousandths) {
  return static_cast<std::int32_t>(std::lround(share * weight_thousandths * 1000.0));
}

}  // namespace

std::string folded(std::string_view text) { return utf8(fold(text)); }

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (auto const& word : split(fold(text))) out.push_back(utf8(word));
  return out;
}

struct Affinity::Model {
  AffinityInput input;
  Vocabulary<std::u32string> grams;
  Vocabulary<std::string> keywords;
  std::vector<Party> proposals;
  std::vector<Party> reviewers;
  // By term: reviewers and weights.
  std::vector<std::vector<std::pair<std::uint32_t, double>>> text_index;
  std::vector<std::vector<std::pair<std::uint32_t, double>>> keyword_index;
  std::vector<double> keyword_total;  // of each reviewer
  std::map<std::pair<std::uint32_t, std::uint32_t>, Bid> bids;
  std::int32_t past_most = 0;

  // The text of a party is what it wrote and its keywords, so that "climate models" still meets "climate modelling".
  static std::vector<icu::UnicodeString> words(AffinityParty const& party) {
    auto out = split(fold(party.text));
    for (auto const& keyword : party.keywords)
      for (auto const& word : split(fold(keyword))) out.push_back(word);
    return out;
  }

  std::map<std::uint32_t, double> count_grams(AffinityParty const& party) {
    std::map<std::uint32_t, double> out;
    for (auto const& word : words(party))
      each_gram(word, [&](std::u32string_view gram) { out[grams.number(std::u32string{gram})] += 1; });
    grams.count(out);
    return out;
  }
  std::map<std::uint32_t, double> count_keywords(AffinityParty const& party) {
    std::map<std::uint32_t, double> out;
    for (auto const& keyword : party.keywords) out[keywords.number(keyword_key(keyword))] = 1;
    keywords.count(out);
    return out;
  }
  static std::string keyword_key(std::string_view keyword) {
    std::string out;
    for (auto const& word : words_of(keyword)) out += word + ' ';
    return out.empty() ? folded(keyword) : out;
  }

  Sparse weigh_text(std::map<std::uint32_t, double> const& counts) const {
    Sparse out;
    double squares = 0;
    for (auto const& [term, count] : counts) {
      double const weight = (1 + std::log(count)) * grams.rarity(term);
      squares += weight * weight;
      out.push_back({term, weight});
    }
    for (auto& it : out) it.weight /= std::sqrt(squares);
    return out;
  }
  Sparse weigh_keywords(std::map<std::uint32_t, double> const& counts) const {
    Sparse out;
    for (auto const& [term, _] : counts) out.push_back({term, keywords.rarity(term)});
    return out;
  }
  static double total(Sparse const& list) {
    double out = 0;
    for (auto const& it : list) out += it.weight;
    return out;
  }

  void build() {
    std::vector<std::pair<std::map<std::uint32_t, double>, std::map<std::uint32_t, double>>> counts;
    for (auto const* const list : {&input.proposals, &input.reviewers})
      for (auto const& party : *list) {
        auto text = count_grams(party);
        counts.emplace_back(std::move(text), count_keywords(party));
      }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      auto& list = i < input.proposals.size() ? proposals : reviewers;
      list.push_back({weigh_text(counts[i].first), weigh_keywords(counts[i].second)});
      counts[i] = {};
    }
    for (std::uint32_t r = 0; r < reviewers.size(); ++r) {
      auto const enter = [&](auto& index, Sparse const& list) {
        for (auto const& it : list) {
          if (index.size() <= it.term) index.resize(it.term + 1);
          index[it.term].emplace_back(r, it.weight);
        }
      };
      enter(text_index, reviewers[r].text);
      enter(keyword_index, reviewers[r].keywords);
      keyword_total.push_back(total(reviewers[r].keywords));
    }
    for (auto const& bid : input.bids) bids[{bid.proposal, bid.reviewer}] = bid.bid;
    for (auto const load : input.past_loads) past_most = std::max(past_most, load);
  }

  AffinityReasons parts(std::uint32_t p, std::uint32_t r, double text, double shared_keywords) const {
    AffinityReasons out;
    out.text_millionths = millionths(std::min(1.0, text), input.weights.text);
    double const all = total(proposals[p].keywords) + keyword_total[r];
    if (all > 0) out.keywords_millionths = millionths(std::min(1.0, 2 * shared_keywords / all), input.weights.keywords);
    if (auto const bid = bids.find({p, r}); bid != bids.end()) switch (bid->second) {
        case Bid::none: break;
        case Bid::eager: out.bid_millionths = millionths(1, input.weights.bid); break;
        case Bid::willing: out.bid_millionths = millionths(0.5, input.weights.bid); break;
        case Bid::not_willing: out.bid_millionths = millionths(-0.5, input.weights.bid); break;
      }
    if (past_most > 0)
      out.past_load_millionths =
          millionths(-static_cast<double>(input.past_loads[r]) / past_most, input.weights.past_load);
    out.affinity_millionths =
        out.text_millionths + out.keywords_millionths + out.bid_millionths + out.past_load_millionths;
    return out;
  }

  std::vector<double> against_all(Sparse const& of,
                                  std::vector<std::vector<std::pair<std::uint32_t, double>>> const& index,
                                  bool product) const {
    std::vector<double> out(reviewers.size());
    for (auto const& it : of) {
      if (it.term >= index.size()) continue;
      for (auto const& [r, weight] : index[it.term]) out[r] += product ? it.weight * weight : weight;
    }
    return out;
  }

  std::vector<SharedTerm> shared_terms(std::uint32_t p, std::uint32_t r) const;
};

// A shared piece's part of the cosine goes to the proposal's words it stands in, by how often it stands there; so the
// words' shares sum to the text's part.
std::vector<SharedTerm> Affinity::Model::shared_terms(std::uint32_t p, std::uint32_t r) const {
  std::unordered_map<std::uint32_t, double> parts;
  auto const& mine = proposals[p].text;
  auto const& theirs = reviewers[r].text;
  for (std::size_t i = 0, j = 0; i < mine.size() && j < theirs.size();) {
    auto const order = mine[i].term <=> theirs[j].term;
    if (order == 0) parts[mine[i].term] = mine[i].weight * theirs[j].weight;
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
  }
  auto const terms_of = [&](icu::UnicodeString const& word) {
    std::vector<std::uint32_t> out;
    each_gram(word, [&](std::u32string_view gram) {
      if (auto const term = grams.find(std::u32string{gram}); term && parts.contains(*term)) out.push_back(*term);
    });
    return out;
  };
  std::map<std::string, std::vector<std::uint32_t>> by_word;
  std::unordered_map<std::uint32_t, double> uses;
  for (auto const& word : words(input.proposals[p]))
    for (auto const term : terms_of(word)) {
      by_word[utf8(word)].push_back(term);
      uses[term] += 1;
    }
  std::vector<SharedTerm> out;
  for (auto const& [word, terms] : by_word) {
    double share = 0;
    for (auto const term : terms) share += parts[term] / uses[term];
    if (auto const part = millionths(share, input.weights.text); part > 0) out.push_back({word, {}, part});
  }
  std::ranges::sort(out, [](SharedTerm const& a, SharedTerm const& b) {
    return std::tie(b.share_millionths, a.term) < std::tie(a.share_millionths, b.term);
  });
  if (out.size() > kTermsShown) out.resize(kTermsShown);
  std::map<std::string, std::vector<std::uint32_t>> of_reviewer;
  for (auto const& word : words(input.reviewers[r])) of_reviewer.try_emplace(utf8(word), terms_of(word));
  for (auto& term : out) {
    auto const& wanted = by_word[term.term];
    std::unordered_set<std::uint32_t> const pieces{wanted.begin(), wanted.end()};
    double best = 0;
    for (auto const& [word, terms] : of_reviewer) {
      double weight = 0;
      for (auto const piece : terms) weight += pieces.contains(piece) ? parts[piece] : 0;
      if (word == term.term) weight *= 2;  // the same word before a longer one that contains it
      if (weight > best) {
        best = weight;
        term.matches = word;
      }
    }
  }
  return out;
}

Affinity::Affinity(std::unique_ptr<Model> model) : model_{std::move(model)} {}
Affinity::~Affinity() = default;
Affinity::Affinity(Affinity&&) noexcept = default;
Affinity& Affinity::operator=(Affinity&&) noexcept = default;

Result<Affinity> Affinity::build(AffinityInput input) {
  FABRICA_DO(check_input(input));
  auto model = std::make_unique<Model>();
  model->input = std::move(input);
  model->build();
  return Affinity{std::move(model)};
}

std::vector<Candidate> Affinity::candidates(std::uint32_t proposal) const {
  std::vector<Candidate> out;
  if (proposal >= model_->proposals.size()) return out;
  auto const& mine = model_->proposals[proposal];
  auto const texts = model_->against_all(mine.text, model_->text_index, true);
  auto const keywords = model_->against_all(mine.keywords, model_->keyword_index, false);
  out.reserve(texts.size());
  for (std::uint32_t r = 0; r < texts.size(); ++r)
    out.push_back({r, model_->parts(proposal, r, texts[r], keywords[r]).affinity_millionths});
  return out;
}

std::vector<Candidate> Affinity::candidates(std::uint32_t proposal, std::size_t most) const {
  auto out = candidates(proposal);
  auto const best = [](Candidate a, Candidate b) {
    return std::tie(b.affinity_millionths, a.reviewer) < std::tie(a.affinity_millionths, b.reviewer);
  };
  auto const end = out.begin() + static_cast<std::ptrdiff_t>(std::min(most, out.size()));
  std::partial_sort(out.begin(), end, out.end(), best);
  out.erase(end, out.end());
  return out;
}

Result<AffinityReasons> Affinity::explain(std::uint32_t proposal, std::uint32_t reviewer) const {
  if (proposal >= model_->proposals.size() || reviewer >= model_->reviewers.size())
    return fail(Errc::not_found, "affinity_pair", "There is no such proposal or reviewer here.");
  auto const& mine = model_->proposals[proposal];
  // The same sums in the same order as for candidates(): the two agree to the last millionth.
  auto const texts = model_->against_all(mine.text, model_->text_index, true);
  auto const keywords = model_->against_all(mine.keywords, model_->keyword_index, false);
  auto out = model_->parts(proposal, reviewer, texts[reviewer], keywords[reviewer]);
  out.terms = model_->shared_terms(proposal, reviewer);
  std::unordered_set<std::string> theirs;
  for (auto const& keyword : model_->input.reviewers[reviewer].keywords) theirs.insert(Model::keyword_key(keyword));
  for (auto const& keyword : model_->input.proposals[proposal].keywords)
    if (theirs.contains(Model::keyword_key(keyword))) out.keywords.push_back(keyword);
  return out;
}

}  // namespace fabrica::matching
