#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "matching/affinity.hpp"
#include "reviews/types.hpp"

namespace fabrica::reviews {

// The affinities of a round as they were built, with the places of people and proposals in them.
struct KnownAffinity {
  std::string stamp;  // of the profiles and bids it was made of
  std::map<PublicId, std::uint32_t> proposals;
  std::map<PublicId, std::uint32_t> reviewers;
  matching::Affinity affinity;
};

// Explaining one proposal must not build the affinities of all of them again: the last ones are kept, for few rounds.
// Building them is a pure function of what the stamp stands for, so a transaction that runs again does no harm here.
class AffinityCache {
 public:
  // A reader may still hold what was replaced meanwhile: who reads last lets go.
  std::shared_ptr<KnownAffinity const> find(PublicId const& round) {
    std::lock_guard const guard{known_mutex_};
    auto const found = known_.find(round);
    return found == known_.end() ? nullptr : found->second;
  }
  void keep(PublicId const& round, std::shared_ptr<KnownAffinity const> known) {
    std::lock_guard const guard{known_mutex_};
    if (known_.size() >= kRoundsMax && !known_.contains(round)) known_.erase(known_.begin());  // the oldest id
    known_[round] = std::move(known);
  }

 private:
  static constexpr std::size_t kRoundsMax = 4;
  std::mutex known_mutex_;  // guards known_
  std::map<PublicId, std::shared_ptr<KnownAffinity const>> known_;
};

}  // namespace fabrica::reviews
