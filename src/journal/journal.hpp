#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/db.hpp"

namespace fabrica::journal {

// The chain of statements that belong to no project.
inline constexpr std::string_view kFactoryChain = "factory";
// The actor of what the program does by itself.
inline constexpr std::string_view kProgram = "fabrica";

// What a statement is about: a name and the SHA-256 of its bytes, 64 hex digits.
struct Subject {
  std::string name;
  std::string sha256;
};

// A consequential act, to be recorded in the transaction of the act. Names nobody: people and things by public id.
struct Statement {
  std::string chain;             // a project's public id, or kFactoryChain
  std::string kind;              // "job.ended"; docs/reference/statements.md lists them
  std::string actor;             // a person's public id, or kProgram
  std::vector<Subject> subjects; // empty: the journal names the predicate itself and its digest
  std::string predicate;         // a JSON object
};

// Where it stands: its gapless number in the chain (from 1) and its commitment,
// SHA-256(salt || canonical statement), hex. The log index comes later, from the sequencer.
struct Recorded {
  std::int64_t id{};
  PublicId public_id;
  std::int64_t number{};
  std::string commitment;
};

class Journal {
 public:
  Journal(Clock const& clock, Random& random) : clock_{clock}, random_{random} {}

  // Appends in the caller's transaction. Errors: those of the database.
  Result<Recorded> append(db::Tx& tx, Statement const& statement);

 private:
  Clock const& clock_;
  Random& random_;
};

}  // namespace fabrica::journal
