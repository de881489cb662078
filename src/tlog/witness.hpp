#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/merkle.hpp"
#include "tlog/note.hpp"

namespace fabrica::tlog {

// c2sp.org/tlog-witness v1.0.0.
inline constexpr std::size_t kWitnessRequestBytesMax = 64 * 1024;

// The body of POST add-checkpoint.
struct AddCheckpoint {
  std::uint64_t old_size = 0;
  Proof proof;
  SignedCheckpoint checkpoint;

  std::string encode() const;
  // Errors: invalid "witness_request" (or "note", "checkpoint" of its last part), too_large "witness_request".
  static Result<AddCheckpoint> parse(std::string_view body);
};

// The largest tree a witness has cosigned for an origin.
struct WitnessedHead {
  std::uint64_t size = 0;
  Hash root{};
  // The checkpoint with the log's signature and ours, as the monitoring prefix serves it.
  std::string checkpoint;
  friend bool operator==(WitnessedHead const&, WitnessedHead const&) = default;
};

// What a witness answers.
struct WitnessAnswer {
  int status = 0;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Set where the log signed two histories: to be kept.
  bool misbehaviour = false;
};

// The rule: what to answer, given the last head cosigned for the origin (nullopt: never). Without a value the
// checkpoint is to be stored and cosigned. `trusted` are the witness's logs; a log is known by its key's name, which is
// the origin.
std::optional<WitnessAnswer> witness_refusal(AddCheckpoint const& request, std::vector<VerifierKey> const& trusted,
                                             std::optional<WitnessedHead> const& last);
WitnessAnswer witness_conflict(std::uint64_t last_size);

// Port: what a witness remembers. It must never forget: a witness that lost its state would cosign a second history.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  virtual Result<std::optional<WitnessedHead>> head(std::string const& origin) = 0;
  // Stores `next` durably if the size stored is still `expected_size` (0: none); false if it is another by now.
  virtual Result<bool> swap(std::string const& origin, std::uint64_t expected_size, WitnessedHead const& next) = 0;
  // Keeps a request that shows misbehaviour.
  virtual Result<> keep_evidence(std::string const& origin, std::string_view request) = 0;
};

// One file per origin under `folder`/heads, each replaced durably under a lock; evidence under `folder`/evidence.
// `folder`/witness-state says that state was made here once, with the key it belongs to and how many origins it holds.
class FileWitnessStore final : public WitnessStore {
 public:
  // A new, empty state for a new key. Errors: conflict "witness_state_exists".
  static Result<> create(std::filesystem::path const& folder, VerifierKey const& key);
  // The state of this key. Errors: not_found "witness_state_missing" (retire the key, do not start from nothing),
  // conflict "witness_state_other_key", conflict "witness_state_locked" (another process), invalid "witness_state".
  static Result<std::unique_ptr<FileWitnessStore>> open(std::filesystem::path const& folder, VerifierKey const& key);
  ~FileWitnessStore() override;

  Result<std::optional<WitnessedHead>> head(std::string const& origin) override;
  Result<bool> swap(std::string const& origin, std::uint64_t expected_size, WitnessedHead const& next) override;
  Result<> keep_evidence(std::string const& origin, std::string_view request) override;

 private:
  struct Impl;
  explicit FileWitnessStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The witness behind its HTTP routes. Safe from any thread.
class Witness {
 public:
  // `key` is a cosigner's (0x04). Errors: invalid "key_type"; invalid "witness_logs" (none, or a type it cannot check).
  static Result<std::unique_ptr<Witness>> make(SignerKey key, std::vector<VerifierKey> logs, WitnessStore& store,
                                               Clock const& clock, Log& log);

  // POST <submission prefix>/add-checkpoint
  WitnessAnswer add_checkpoint(std::string_view body);
  // GET <monitoring prefix>/<hex sha256(origin)>/checkpoint
  WitnessAnswer checkpoint(std::string_view origin_hash_hex);

  VerifierKey const& key() const { return key_.verifier(); }

 private:
  Witness(SignerKey key, std::vector<VerifierKey> logs, WitnessStore& store, Clock const& clock, Log& log);
  SignerKey key_;
  std::vector<VerifierKey> logs_;
  WitnessStore& store_;
  Clock const& clock_;
  Log& log_;
};

}  // namespace fabrica::tlog
