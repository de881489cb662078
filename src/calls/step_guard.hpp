#pragma once

#include "calls/types.hpp"
#include "db/db.hpp"

namespace fabrica::calls {

// What is asked before a step is decided.
struct StepQuestion {
  PublicId proposal;
  PublicId project;
  PublicId call;
  PublicId round;
  std::int64_t call_version = 1;
  StepKind step{};
  bool pass = false;
};

// Port: modules above that have a word in who decides a step, and when. app/ connects it to reviews/.
class StepGuard {
 public:
  virtual ~StepGuard() = default;
  // True: the actor holds a role that decides this step here. False: the access office's roles decide it. An error
  // refuses whoever asks.
  virtual Result<bool> entitled(db::Tx& tx, identity::Actor const& actor, StepQuestion const& question) = 0;
};

}  // namespace fabrica::calls
