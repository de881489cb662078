#pragma once

#include <memory>

#include "matching/assignment.hpp"

// How well a reviewer fits a proposal, from what both wrote, in any language and script, and why. README.md "Affinity".
namespace fabrica::matching {

struct AffinityParty {
  std::string id;
  std::string text;  // title and summary; or expertise, publications
  std::vector<std::string> keywords;
};
BOOST_DESCRIBE_STRUCT(AffinityParty, (), (id, text, keywords))

enum class Bid : std::uint8_t { none, eager, willing, not_willing };
BOOST_DESCRIBE_ENUM(Bid, none, eager, willing, not_willing)

struct ReviewerBid {
  std::uint32_t proposal = 0;
  std::uint32_t reviewer = 0;
  Bid bid = Bid::none;
};
BOOST_DESCRIBE_STRUCT(ReviewerBid, (), (proposal, reviewer, bid))

// What each part can add or take at most, in thousandths. An eager bid adds the whole of `bid`, a willing one half, an
// unwilling one takes half. `past_load` is taken from the reviewer who reviewed most lately, others in proportion.
struct AffinityWeights {
  std::int32_t text = 500;
  std::int32_t keywords = 500;
  std::int32_t bid = 300;
  std::int32_t past_load = 0;
};
BOOST_DESCRIBE_STRUCT(AffinityWeights, (), (text, keywords, bid, past_load))

struct AffinityInput {
  std::vector<AffinityParty> proposals;
  std::vector<AffinityParty> reviewers;
  std::vector<ReviewerBid> bids;         // at most one a pair
  std::vector<std::int32_t> past_loads;  // by reviewer; empty: none
  AffinityWeights weights;
};

// A word of the proposal, the reviewer's word nearest to it, and what it adds to the text's part.
struct SharedTerm {
  std::string term;
  std::string matches;
  std::int32_t share_millionths = 0;
};
BOOST_DESCRIBE_STRUCT(SharedTerm, (), (term, matches, share_millionths))

// The four parts sum to the affinity.
struct AffinityReasons {
  std::int32_t affinity_millionths = 0;
  std::int32_t text_millionths = 0;
  std::int32_t keywords_millionths = 0;
  std::int32_t bid_millionths = 0;
  std::int32_t past_load_millionths = 0;  // 0 or less
  std::vector<SharedTerm> terms;          // at most 10, largest share first
  std::vector<std::string> keywords;      // shared, as the proposal wrote them
};
BOOST_DESCRIBE_STRUCT(AffinityReasons, (),
                      (affinity_millionths, text_millionths, keywords_millionths, bid_millionths, past_load_millionths,
                       terms, keywords))

// Immutable; safe from any thread.
class Affinity {
 public:
  // Errors: invalid "affinity_input" with each fault at its JSON pointer (text that is not UTF-8, sizes, indices).
  static Result<Affinity> build(AffinityInput input);
  ~Affinity();
  Affinity(Affinity&&) noexcept;
  Affinity& operator=(Affinity&&) noexcept;

  // Every reviewer for a proposal, in the order they were given.
  std::vector<Candidate> candidates(std::uint32_t proposal) const;
  // The best `most` of them, best first.
  std::vector<Candidate> candidates(std::uint32_t proposal, std::size_t most) const;
  // Errors: not_found "affinity_pair".
  Result<AffinityReasons> explain(std::uint32_t proposal, std::uint32_t reviewer) const;

 private:
  struct Model;
  explicit Affinity(std::unique_ptr<Model> model);
  std::unique_ptr<Model> model_;
};

// Text as it is compared: compatibility forms and case folded (Unicode NFKC_Casefold), accents of alphabetic scripts
// taken off. Text that is not UTF-8 gives an empty string.
std::string folded(std::string_view text);
// Its words: runs of letters, digits and marks; "c++", "c#" and "gpt-4" stay whole.
std::vector<std::string> words_of(std::string_view text);

}  // namespace fabrica::matching
