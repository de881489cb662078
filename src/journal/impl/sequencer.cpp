#include "journal/sequencer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "crypto/keyfile.hpp"
#include "journal/impl/store.hpp"

namespace fabrica::journal {
namespace {

constexpr std::int64_t kAssignMax = 16'384;  // statements a round gives indexes to
constexpr std::int64_t kSignMax = 65'536;    // entries a checkpoint may add

std::uint64_t unsigned_of(std::int64_t size) { return static_cast<std::uint64_t>(size); }

Result<std::optional<tlog::SignedCheckpoint>> read_guard(std::filesystem::path const& path,
                                                         tlog::VerifierKey const& key) {
  auto const bytes = crypto::read_file(path, tlog::kNoteBytesMax);
  if (!bytes) {
    if (bytes.error().code == Errc::not_found) return std::optional<tlog::SignedCheckpoint>{};
    return std::unexpected(bytes.error());
  }
  FABRICA_TRY(auto guard, tlog::SignedCheckpoint::parse(as_text(*bytes)));
  FABRICA_DO(tlog::verify_note(guard.note, std::span{&key, 1}));
  return std::optional{std::move(guard)};
}

}  // namespace

Sequencer::Sequencer(db::Database& database, tlog::SignerKey key, SequencerSettings settings, WitnessClient& witnesses,
                     Clock const& clock, Log& log)
    : database_{database},
      key_{std::move(key)},
      settings_{std::move(settings)},
      witnesses_{witnesses},
      clock_{clock},
      log_{log} {}

Result<std::unique_ptr<Sequencer>> Sequencer::open(db::Database& database, tlog::SignerKey key,
                                                   SequencerSettings settings, WitnessClient& witnesses,
                                                   Clock const& clock, Log& log) {
  std::unique_ptr<Sequencer> made{new Sequencer{database, std::move(key), std::move(settings), witnesses, clock, log}};
  FABRICA_DO(made->recover());
  return made;
}

Result<> Sequencer::recover() {
  FABRICA_TRY(auto const state, database_.write([&](db::Tx& tx) -> Result<store::LogState> {
    FABRICA_DO(tx.run(store::kLogCreate, key_.name()));
    return tx.one<store::LogState>(store::kLogState);
  }));
  if (state.origin != key_.name())
    return fail(
        Errc::conflict, "log_origin",
        fmt::format("The database belongs to the log {} but the key is named {}: use the right data folder and key.",
                    state.origin, key_.name()));
  FABRICA_TRY(auto guard, read_guard(settings_.guard_path, key_.verifier()));
  // The log folder keeps a copy; it may be older than the guard was, but never newer than what was published.
  if (!guard) {
    FABRICA_TRY(guard, read_guard(settings_.folder / "checkpoint", key_.verifier()));
    if (guard)
      log_.warning("log.guard_missing", {{"path", settings_.guard_path.string()},
                                         {"taken_from", (settings_.folder / "checkpoint").string()}});
  }
  if (!guard && state.published_size > 0)
    return fail(
        Errc::conflict, "log_guard_missing",
        fmt::format(
            "The last published checkpoint is neither in {} nor in the log folder, so nobody can tell whether the log "
            "was rolled back. Put it back from a copy, or from a witness "
            "(GET <witness>/<hex sha256 of the origin>/checkpoint).",
            settings_.guard_path.string()));
  set_published(state.published_checkpoint);
  if (guard && guard->checkpoint.size > unsigned_of(state.signed_size)) return skip_lost_range(*guard, state.assigned);

  tlog::DirectoryTiles tiles{settings_.folder};
  FABRICA_TRY(builder_, tlog::LogBuilder::resume(tiles, unsigned_of(state.signed_size)));
  if (guard && guard->checkpoint.size > unsigned_of(state.published_size)) {
    // A crash between the guard file and the database row: the guard's checkpoint is the published one.
    FABRICA_TRY(auto const root, tlog::read_root(tiles, guard->checkpoint.size));
    if (root != guard->checkpoint.root)
      return fail(
          Errc::conflict, "log_rolled_back",
          fmt::format("The log folder and the published checkpoint in {} disagree at size {}: restore the log folder "
                      "that belongs to it.",
                      settings_.guard_path.string(), guard->checkpoint.size));
    auto const text = guard->encode();
    FABRICA_DO(database_.write([&](db::Tx& tx) -> Result<std::int64_t> {
      return tx.run(store::kLogPublish, static_cast<std::int64_t>(guard->checkpoint.size), text);
    }));
    set_published(text);
  }
  return {};
}

// The database was restored from a backup older than what the world has seen. The log folder still holds the
// commitments in between; they stay in the log for ever, and new statements come after them.
Result<> Sequencer::skip_lost_range(tlog::SignedCheckpoint const& guard, std::int64_t assigned) {
  auto const size = guard.checkpoint.size;
  tlog::DirectoryTiles tiles{settings_.folder};
  auto const root = tlog::read_root(tiles, size);
  if (!root || *root != guard.checkpoint.root)
    return fail(
        Errc::conflict, "log_rolled_back",
        fmt::format("The database ends before the last published checkpoint (size {}, kept in {}), and the log folder "
                    "does not hold that checkpoint's entries either. Restore the newest copy of {}: nothing is "
                    "signed below what was published.",
                    size, settings_.guard_path.string(), settings_.folder.string()));
  FABRICA_TRY(auto const resumed, tlog::LogBuilder::resume(tiles, size));
  auto const text = guard.encode();
  FABRICA_DO(database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_TRY(auto const state, tx.one<store::LogState>(store::kLogState));
    FABRICA_TRY(auto const unsure, tx.all<std::string>(store::kAssigned, state.signed_size, state.assigned));
    for (std::size_t at = 0; at < unsure.size(); ++at) {
      auto const index = unsigned_of(state.signed_size) + at;
      auto const entry = index < size ? tlog::read_entry(tiles, index, size) : Result<Bytes>{Bytes{}};
      bool const same = entry && as_text(*entry) == log_entry(unsure[at]);
      if (!same) {
        FABRICA_DO(tx.run(store::kUnassignFrom, static_cast<std::int64_t>(index)));
        break;
      }
    }
    FABRICA_TRY(auto const skipped, tx.run(store::kLogSkip, assigned, static_cast<std::int64_t>(size), text));
    if (skipped != 1)
      return fail(Errc::conflict, "log_rolled_back", "The log moved while it was recovered: start again.");
    return {};
  }));
  builder_ = resumed;
  set_published(text);
  log_.warning("log.continued_after_restore", {{"size", static_cast<std::int64_t>(size)}, {"database_had", assigned}});
  return {};
}

Result<bool> Sequencer::run_once() {
  FABRICA_TRY(bool const assigned, assign());
  FABRICA_TRY(bool const written, write_and_sign());
  FABRICA_TRY(bool const published, publish());
  return assigned || written || published;
}

Result<bool> Sequencer::assign() {
  FABRICA_TRY(auto const waiting,
              database_.read([&](db::Tx& tx) { return tx.all<store::Waiting>(store::kWaiting, std::int64_t{1}); }));
  if (waiting.empty()) return false;
  FABRICA_TRY(auto const count, database_.write([&](db::Tx& tx) -> Result<std::int64_t> {
    FABRICA_TRY(auto const state, tx.one<store::LogState>(store::kLogState));
    FABRICA_TRY(auto const batch, tx.all<store::Waiting>(store::kWaiting, kAssignMax));
    auto index = state.assigned;
    for (auto const& statement : batch) {
      FABRICA_TRY(auto const changed, tx.run(store::kAssign, statement.id, index));
      FABRICA_CHECK(changed == 1);
      ++index;
    }
    FABRICA_TRY(auto const moved, tx.run(store::kLogAssign, state.assigned, index));
    if (moved != 1) return fail(Errc::conflict, "log_moved", "Another sequencer works on this log.");
    return index - state.assigned;
  }));
  return count > 0;
}

Result<bool> Sequencer::write_and_sign() {
  std::int64_t const from = static_cast<std::int64_t>(builder_.size());
  FABRICA_TRY(auto const commitments,
              database_.read([&](db::Tx& tx) { return tx.all<std::string>(store::kAssigned, from, from + kSignMax); }));
  if (commitments.empty()) return false;

  auto next = builder_;
  for (auto const& commitment : commitments) FABRICA_DO(next.append(as_bytes(log_entry(commitment))));
  auto const batch = next.take_batch();
  FABRICA_DO(tlog::write_batch(settings_.folder, batch));
  FABRICA_TRY(auto const signed_checkpoint, tlog::sign_checkpoint({key_.name(), batch.size, batch.root, {}}, key_));
  FABRICA_DO(database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_TRY(auto const moved,
                tx.run(store::kLogSign, from, static_cast<std::int64_t>(batch.size), signed_checkpoint.encode()));
    if (moved != 1) return fail(Errc::conflict, "log_moved", "Another sequencer works on this log.");
    return {};
  }));
  builder_ = std::move(next);
  return true;
}

Result<> Sequencer::cosign_by(WitnessPeer const& witness, tlog::SignedCheckpoint& checkpoint) {
  tlog::DirectoryTiles tiles{settings_.folder};
  auto const size = checkpoint.checkpoint.size;
  std::uint64_t old_size = 0;
  if (auto const published = tlog::SignedCheckpoint::parse(published_checkpoint()))
    old_size = std::min(published->checkpoint.size, size);
  // The witness tells its last size when ours was a guess: twice is enough unless two of us are at work.
  for (int attempt = 0; attempt < 3; ++attempt) {
    tlog::AddCheckpoint request{old_size, {}, checkpoint};
    request.checkpoint.note.signatures.resize(1);  // the log's own; others' are no business of a witness
    if (old_size > 0 && old_size < size) {
      FABRICA_TRY(request.proof, tlog::consistency_proof(tiles, old_size, size));
    }
    FABRICA_TRY(auto const answer, witnesses_.add_checkpoint(witness, request.encode()));
    if (answer.status == 200) {
      FABRICA_TRY(auto const added, tlog::add_cosignatures(checkpoint, answer.body, witness.key));
      if (added == 0)
        return fail(Errc::unavailable, "witness",
                    fmt::format("{} answered without a signature by its key.", witness.key.name()));
      return {};
    }
    if (answer.status != 409)
      return fail(Errc::unavailable, "witness",
                  fmt::format("{} refused the checkpoint of size {}: {} {}", witness.key.name(), size, answer.status,
                              answer.body.substr(0, 200)));
    std::uint64_t last = 0;
    auto const [end, error] = std::from_chars(answer.body.data(), answer.body.data() + answer.body.size(), last);
    if (error != std::errc{} || last > size)
      return fail(
          Errc::unavailable, "witness",
          fmt::format("{} has cosigned size {}, we are at {}: this log was rolled back, restore its newest copy.",
                      witness.key.name(), last, size));
    old_size = last;
  }
  return fail(Errc::unavailable, "witness", fmt::format("{} keeps answering with another size.", witness.key.name()));
}

Result<bool> Sequencer::publish() {
  FABRICA_TRY(auto const state, database_.read([&](db::Tx& tx) { return tx.one<store::LogState>(store::kLogState); }));
  if (state.signed_size == state.published_size) return false;
  FABRICA_TRY(auto checkpoint, tlog::SignedCheckpoint::parse(state.signed_checkpoint));
  std::size_t cosigned = 0;
  std::string trouble;
  for (auto const& witness : settings_.witnesses) {
    if (auto const done = cosign_by(witness, checkpoint)) ++cosigned;
    else trouble += (trouble.empty() ? "" : "; ") + done.error().what;
  }
  bool const enough = cosigned >= settings_.witnesses_needed;
  {
    std::scoped_lock const lock{published_mutex_};
    if (!trouble.empty() && trouble != trouble_) log_.warning("log.witness", {{"trouble", trouble}});
    trouble_ = trouble;
  }
  if (!enough) return false;

  auto const text = checkpoint.encode();
  FABRICA_DO(crypto::replace_file(settings_.guard_path, as_bytes(text)));
  FABRICA_DO(database_.write([&](db::Tx& tx) -> Result<> {
    FABRICA_TRY(auto const moved, tx.run(store::kLogPublish, state.signed_size, text));
    if (moved != 1) return fail(Errc::conflict, "log_moved", "Another sequencer works on this log.");
    return {};
  }));
  FABRICA_DO(crypto::replace_file(settings_.folder / "checkpoint", as_bytes(text)));
  set_published(text);
  return true;
}

void Sequencer::set_published(std::string checkpoint) {
  std::scoped_lock const lock{published_mutex_};
  published_ = std::move(checkpoint);
}

std::string Sequencer::published_checkpoint() const {
  std::scoped_lock const lock{published_mutex_};
  return published_;
}

Result<LogStatus> Sequencer::status(db::Tx& tx) const {
  FABRICA_TRY(auto const state, tx.one<store::LogState>(store::kLogState));
  FABRICA_TRY(auto const waiting, tx.all<store::Waiting>(store::kWaiting, kAssignMax));
  LogStatus out{state.origin,
                key_.verifier().text(),
                static_cast<std::int64_t>(waiting.size()),
                state.signed_size,
                state.published_size,
                {},
                {}};
  for (auto const& witness : settings_.witnesses) out.witnesses.push_back(witness.key.text());
  std::scoped_lock const lock{published_mutex_};
  out.trouble = trouble_;
  return out;
}

Result<tlog::LogProof> Sequencer::proof(std::uint64_t log_index) const {
  auto const text = published_checkpoint();
  if (text.empty())
    return fail(Errc::conflict, "not_published", "The log has published nothing yet: try again in a moment.");
  FABRICA_TRY(auto checkpoint, tlog::SignedCheckpoint::parse(text));
  if (log_index >= checkpoint.checkpoint.size)
    return fail(Errc::conflict, "not_published",
                "The published log does not reach this statement yet: try again in a moment.");
  tlog::DirectoryTiles tiles{settings_.folder};
  FABRICA_TRY(auto hashes, tlog::inclusion_proof(tiles, log_index, checkpoint.checkpoint.size));
  return tlog::LogProof{std::nullopt, log_index, std::move(hashes), std::move(checkpoint)};
}

std::string Sequencer::policy_text() const {
  std::string text = "# Who is trusted for this log. Get it from the witnesses' operators, not from the factory.\n";
  text += fmt::format("log {}\n", key_.verifier().text());
  std::string members;
  for (std::size_t at = 0; at < settings_.witnesses.size(); ++at) {
    text += fmt::format("witness w{} {}\n", at + 1, settings_.witnesses[at].key.text());
    members += fmt::format(" w{}", at + 1);
  }
  if (settings_.witnesses_needed == 0) return text + "quorum none\n";
  return text + fmt::format("group witnesses {}{}\nquorum witnesses\n", settings_.witnesses_needed, members);
}

}  // namespace fabrica::journal
