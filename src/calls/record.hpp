#pragma once

#include "calls/types.hpp"

// What public figures are made of, over all calls. There is no authorisation here: what is published is public, and
// use cases that show more have asked before. Outcomes (outcomes.hpp) reads them.
namespace fabrica::calls {

// A call that was published.
struct CallOnRecord {
  PublicId id;
  std::string title;
  CallKind kind{};
  std::optional<std::string> access_mode;
  std::int64_t promised_working_days = 0;  // 0: nothing is promised
};

// An award whose decision is public: of a first-come call, or of a round that was published.
struct AwardOnRecord {
  PublicId id;
  PublicId project;
  PublicId proposal;
  PublicId call;
  std::string call_title;
  CallKind kind{};
  std::string partition;
  budget::Unit unit{};
  std::int64_t amount_units = 0;
  Time starts;
  Time ends;
  bool confidential = false;
  std::optional<Time> decided{};  // absent: another system decided
};

// What the ledger says of an award, in whole units.
struct AwardUse {
  std::int64_t granted_units = 0;  // what the decision put into its account
  std::int64_t used_units = 0;
  std::int64_t expired_units = 0;  // left over after its end
};

// A proposal that was decided: in a first-come call, or before it was imported with its round.
struct DecisionOnRecord {
  PublicId proposal;
  PublicId project;
  ProposalState state{};
  Time submitted;
  Time decided;
  std::optional<Time> due;  // of the answer promised
};

// What a first-come call offers.
struct OfferedHours {
  std::string partition;
  budget::Unit unit{};
  std::int64_t units = 0;
};

// A proposal nobody has answered yet, with the time promised.
struct Awaiting {
  PublicId proposal;
  PublicId project;
  PublicId call;
  std::string call_title;
  CallKind kind{};
  Time since;  // the submission, or the cut-off of its round
  std::optional<Time> due;
};

}  // namespace fabrica::calls
