#pragma once

#include <optional>
#include <vector>

#include "db/db.hpp"
#include "reviews/types.hpp"

// What notices/ reads to tell reviewers what they are asked and what they owe. There is no authorisation here: only the
// program asks.
namespace fabrica::reviews {

// How many proposals of a round a reviewer was asked to review at one moment and has not answered yet.
struct Asked {
  PublicId reviewer;
  Time sent;
  std::int64_t count = 0;
};
Result<std::vector<Asked>> asked(db::Tx& tx, PublicId const& round);

// How many reviews of a round somebody who was asked has not sent.
struct Owed {
  PublicId reviewer;
  std::int64_t count = 0;
};
Result<std::vector<Owed>> owed(db::Tx& tx, PublicId const& round);

struct DueRound {
  PublicId round;
  PublicId call;
  Time due;
};
// Rounds whose reviews are due after `after` and not after `until`.
Result<std::vector<DueRound>> rounds_due(db::Tx& tx, Time after, Time until);
// When the reviews of a round are due, if it was sent.
Result<std::optional<Time>> review_due(db::Tx& tx, PublicId const& round);

// Whether this reviewer had been asked about this proposal and was taken off by a conflict.
Result<bool> taken_off(db::Tx& tx, PublicId const& proposal, PublicId const& reviewer);

}  // namespace fabrica::reviews
