// Writes a log, its keys, a policy, older checkpoints and proofs into a folder, for verifiers written by others:
//   tlog_example FOLDER ENTRIES
// The log grows in uneven batches, each checkpoint cosigned by a witness with its state on disk, as in a factory.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "tlog/builder.hpp"
#include "tlog/policy.hpp"
#include "tlog/proof.hpp"
#include "tlog/verify_log.hpp"
#include "tlog/witness.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOrigin = "factory.example/log";
constexpr std::string_view kWitnessName = "peer.example/witness";

Result<> write_text(fs::path const& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return fail(Errc::unavailable, "file_write", path.string() + ": " + error.message());
  return crypto::replace_file(path, as_bytes(text));
}

// One step of the log's life: append, write, sign, have it cosigned, publish.
Result<SignedCheckpoint> grow(fs::path const& log_folder, SignerKey const& key, Witness& witness, std::uint64_t from,
                              std::uint64_t to) {
  DirectoryTiles tiles{log_folder};
  FABRICA_TRY(auto builder, LogBuilder::resume(tiles, from));
  for (auto at = from; at < to; ++at) FABRICA_DO(builder.append(as_bytes(fmt::format("entry {}", at))));
  auto const batch = builder.take_batch();
  FABRICA_DO(write_batch(log_folder, batch));
  FABRICA_TRY(
      auto checkpoint,
      sign_checkpoint({.origin = std::string{kOrigin}, .size = batch.size, .root = batch.root, .extensions = {}}, key));
  AddCheckpoint request{.old_size = from, .proof = {}, .checkpoint = checkpoint};
  FABRICA_TRY(request.proof, consistency_proof(tiles, from, to));
  auto const answer = witness.add_checkpoint(request.encode());
  if (answer.status != 200) return fail(Errc::conflict, "witness", fmt::format("{}: {}", answer.status, answer.body));
  FABRICA_DO(add_cosignatures(checkpoint, answer.body, witness.key()));
  FABRICA_DO(write_text(log_folder / "checkpoint", checkpoint.encode()));
  return checkpoint;
}

Result<> write_proofs(fs::path const& folder, SignedCheckpoint const& checkpoint, Policy const& policy) {
  DirectoryTiles tiles{folder / "log"};
  auto const size = checkpoint.checkpoint.size;
  std::set<std::uint64_t> indexes;
  for (std::uint64_t const index :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, size / 2, size - 1})
    if (index < size) indexes.insert(index);
  for (auto const index : indexes) {
    LogProof proof{.extra = {}, .index = index, .hashes = {}, .checkpoint = checkpoint};
    FABRICA_TRY(proof.hashes, inclusion_proof(tiles, index, size));
    FABRICA_DO(verify_log_proof(proof, leaf_hash(as_bytes(fmt::format("entry {}", index))), policy));
    FABRICA_DO(write_text(folder / "proofs" / fmt::format("{}.tlog-proof", index), proof.encode()));
  }
  return {};
}

Result<> run(fs::path const& folder, std::uint64_t entries) {
  crypto::SystemRandom random;
  SystemClock const clock;
  NullLog log;
  FABRICA_TRY(auto const key, SignerKey::generate(std::string{kOrigin}, KeyType::ed25519, random));
  FABRICA_TRY(auto cosigner, SignerKey::generate(std::string{kWitnessName}, KeyType::cosignature_ed25519, random));
  auto const cosigner_key = cosigner.verifier();
  FABRICA_DO(FileWitnessStore::create(folder / "witness", cosigner_key));
  FABRICA_TRY(auto const store, FileWitnessStore::open(folder / "witness", cosigner_key));
  FABRICA_TRY(auto const witness, Witness::make(std::move(cosigner), {key.verifier()}, *store, clock, log));

  FABRICA_DO(write_text(folder / "log.vkey", key.verifier().text() + "\n"));
  FABRICA_DO(write_text(folder / "witness.vkey", cosigner_key.text() + "\n"));
  auto const policy_text =
      fmt::format("log {}\nwitness peer {}\nquorum peer\n", key.verifier().text(), cosigner_key.text());
  FABRICA_DO(write_text(folder / "policy.txt", policy_text));
  FABRICA_TRY(auto const policy, Policy::parse(policy_text));

  SignedCheckpoint last;
  for (std::uint64_t size = 0; size < entries;) {
    auto const next = std::min(entries, size + size / 2 + 1);
    FABRICA_TRY(last, grow(folder / "log", key, *witness, size, next));
    FABRICA_DO(write_text(folder / "checkpoints" / std::to_string(next), last.encode()));
    size = next;
  }
  FABRICA_DO(write_proofs(folder, last, policy));
  FABRICA_TRY(auto const report, verify_log_folder(folder / "log", key.verifier()));
  fmt::print("{} entries, {} tiles, root {}\n", report.size, report.tiles, report.root.hex());
  return {};
}

}  // namespace
}  // namespace fabrica::tlog

int main(int argc, char** argv) {
  auto const entries = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (entries == 0) {
    fmt::print(stderr, "usage: tlog_example FOLDER ENTRIES (at least 1)\n");
    return 2;
  }
  if (auto const done = fabrica::tlog::run(argv[1], entries); !done) {
    fmt::print(stderr, "tlog_example: {}\n", done.error().what);
    return fabrica::exit_status(done.error().code);
  }
  return 0;
}
