#pragma once

#include <atomic>
#include <boost/describe.hpp>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "journal/journal.hpp"
#include "tlog/builder.hpp"
#include "tlog/note.hpp"
#include "tlog/proof.hpp"
#include "tlog/witness.hpp"

namespace fabrica::journal {

// A witness the log asks to cosign its checkpoints.
struct WitnessPeer {
  tlog::VerifierKey key;
  std::string url;  // the submission prefix; "/add-checkpoint" is appended
};

// Port: sends a tlog-witness request body, returns what came back. Errors: unavailable "witness".
class WitnessClient {
 public:
  virtual ~WitnessClient() = default;
  virtual Result<tlog::WitnessAnswer> add_checkpoint(WitnessPeer const& witness, std::string const& body) = 0;
};

struct SequencerSettings {
  std::filesystem::path folder;      // the log folder: tile/..., served as it is
  std::filesystem::path guard_path;  // the last published checkpoint, outside the database and outside its backups
  std::vector<WitnessPeer> witnesses;
  std::size_t witnesses_needed = 0;  // cosignatures a checkpoint waits for before it is published
};

struct LogStatus {
  std::string origin;
  std::string vkey;
  std::int64_t waiting = 0;
  std::int64_t size_signed = 0;
  std::int64_t size_published = 0;
  std::vector<std::string> witnesses;
  std::string trouble;  // why publication is behind; empty when it is not
};
BOOST_DESCRIBE_STRUCT(LogStatus, (), (origin, vkey, waiting, size_signed, size_published, witnesses, trouble))

// Gives statements their place in the public log and publishes it (c2sp.org/tlog-tiles). One a database.
//
// Each round: (1) indexes are given to waiting statements, durably; (2) tiles and bundles of those entries are written,
// which a crash here repeats to the byte; (3) the checkpoint over them is signed and stored; (4) witnesses cosign;
// (5) the cosigned checkpoint goes to the guard file; (6) it becomes the published one. Nothing is ever signed that
// does not extend what was stored in (3) and in the guard before.
class Sequencer {
 public:
  // Errors: conflict "log_origin" (the database is another log's), conflict "log_rolled_back" (database and log folder
  // are both older than the last published checkpoint: restore a newer log folder), those of files and database.
  static Result<std::unique_ptr<Sequencer>> open(db::Database& database, tlog::SignerKey key,
                                                 SequencerSettings settings, WitnessClient& witnesses,
                                                 Clock const& clock, Log& log);

  // Does one round; returns whether anything was sequenced or published. Called by one loop only.
  Result<bool> run_once();

  // Safe from any thread, any time:
  std::string published_checkpoint() const;
  Result<LogStatus> status(db::Tx& tx) const;
  // A tlog-proof of the statement under the published checkpoint. Errors: not_found "statement", conflict
  // "not_published" (not yet in the log: try again in a moment).
  Result<tlog::LogProof> proof(std::uint64_t log_index) const;
  tlog::VerifierKey const& verifier() const { return key_.verifier(); }
  SequencerSettings const& settings() const { return settings_; }
  // A policy file for auditors: this log and its witnesses. To be obtained from the witnesses' operators, not from us.
  std::string policy_text() const;

 private:
  Sequencer(db::Database& database, tlog::SignerKey key, SequencerSettings settings, WitnessClient& witnesses,
            Clock const& clock, Log& log);
  Result<> recover();
  Result<> skip_lost_range(tlog::SignedCheckpoint const& guard, std::int64_t assigned);
  Result<bool> assign();
  Result<bool> write_and_sign();
  Result<bool> publish();
  Result<> cosign_by(WitnessPeer const& witness, tlog::SignedCheckpoint& checkpoint);
  void set_published(std::string checkpoint);

  db::Database& database_;
  tlog::SignerKey key_;
  SequencerSettings settings_;
  WitnessClient& witnesses_;
  Clock const& clock_;
  Log& log_;
  tlog::LogBuilder builder_;

  mutable std::mutex published_mutex_;  // guards published_ and trouble_
  std::string published_;
  std::string trouble_;
};

}  // namespace fabrica::journal
