#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "db/db.hpp"

namespace fabrica::journal {

// The chain of statements that belong to no project.
inline constexpr std::string_view kFactoryChain = "factory";
// The actor of what the program does by itself.
inline constexpr std::string_view kProgram = "fabrica";
// What the first statement of a chain names as the one before it.
inline constexpr std::string_view kNoPrevious = "0000000000000000000000000000000000000000000000000000000000000000";

// What a statement is about: a name and the SHA-256 of its bytes, 64 hex digits.
struct Subject {
  std::string name;
  std::string sha256;
};
BOOST_DESCRIBE_STRUCT(Subject, (), (name, sha256))

// A consequential act, to be recorded in the transaction of the act. Names nobody: people and things by public id.
struct Statement {
  std::string chain;              // a project's public id, or kFactoryChain
  std::string kind;               // "job.ended"; docs/reference/statements.md lists them
  std::string actor;              // a person's public id, or kProgram
  std::vector<Subject> subjects;  // empty: the journal names the body itself and its digest
  std::string predicate;          // the body: a JSON object
};

// Where it stands: its gapless number in the chain (from 1) and its commitment,
// SHA-256(salt || canonical statement), hex. The log index comes later, from the sequencer.
struct Recorded {
  std::int64_t id{};
  PublicId public_id;
  std::int64_t number{};
  std::string commitment;
};

// A statement as it is kept. body (the canonical in-toto Statement) and salt are absent once erased; log_index until
// the sequencer has given it one.
struct Kept {
  PublicId public_id;
  std::string chain;
  std::int64_t number = 0;
  std::string kind;
  std::optional<std::string> body;
  std::optional<Bytes> salt;
  std::string commitment;
  Time recorded_us;
  std::optional<std::int64_t> log_index;
};
BOOST_DESCRIBE_STRUCT(Kept, (), (public_id, chain, number, kind, body, salt, commitment, recorded_us, log_index))

// SHA-256(salt || canonical), hex: what the public log holds of a statement.
std::string commitment_of(ByteView salt, std::string_view canonical);
// The log entry of a commitment: "fabrica/commitment/v1\n<64 hex digits>\n".
std::string log_entry(std::string_view commitment);

class Journal {
 public:
  Journal(Clock const& clock, Random& random) : clock_{clock}, random_{random} {}

  // Called, after the commit, whenever statements were added; the sequencer sets it once, before any append.
  void on_append(std::function<void()> wake) { wake_ = std::move(wake); }

  // Appends in the caller's transaction. Errors: those of the database.
  Result<Recorded> append(db::Tx& tx, Statement const& statement);

  // A chain's statements with number >= from, in order, at most `limit`.
  Result<std::vector<Kept>> chain(db::Tx& tx, std::string_view chain, std::int64_t from, std::int64_t limit);
  // The names of all chains.
  Result<std::vector<std::string>> chains(db::Tx& tx);
  Result<std::int64_t> chain_length(db::Tx& tx, std::string_view chain);
  // Statements in the order of the log: those with log_index >= from, at most `limit`. The sequencer alone gives
  // indexes, upwards, all of a round in one transaction: whoever reads on behind the last one seen misses none, also
  // not one whose transaction began earlier and was committed later.
  Result<std::vector<Kept>> sequenced(db::Tx& tx, std::int64_t from, std::int64_t limit);
  // The index the next statement gets.
  Result<std::int64_t> sequenced_to(db::Tx& tx);
  // The first statement of each of these kinds in the chain.
  struct First {
    std::string kind;
    std::int64_t number = 0;
    Time recorded_us;
  };
  Result<std::vector<First>> first_of_each_kind(db::Tx& tx, std::string_view chain);

  // Every chain from 1 on without a gap, every `previous` and every commitment that still has its body.
  // Returns what is wrong, empty if nothing.
  Result<std::vector<std::string>> check(db::Tx& tx);

  // The commitments at the log indexes [from, to), empty where no statement has that index.
  Result<std::vector<std::string>> commitments(db::Tx& tx, std::int64_t from, std::int64_t to);

  // Forgets what a statement said; its commitment stays. Errors: not_found "statement".
  Result<> erase(db::Tx& tx, PublicId const& statement);

 private:
  Clock const& clock_;
  Random& random_;
  std::function<void()> wake_;
};
BOOST_DESCRIBE_STRUCT(Journal::First, (), (kind, number, recorded_us))

}  // namespace fabrica::journal
