// Measures the log on one core: appending, proofs, and verification of everything, beside the machine's raw SHA-256
// rate.
//   log_bench FOLDER [ENTRIES] [ENTRY_BYTES]      a table on standard error, JSON on standard output
#include <fmt/format.h>
#include <openssl/evp.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/random.hpp"
#include "crypto/keyfile.hpp"
#include "tlog/builder.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/proof.hpp"
#include "tlog/verify_log.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string name;
  std::string what;
  double value = 0;
  std::string unit;
};

double wall_seconds_of(std::function<void()> const& work) {
  auto const start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Processor time of this thread, system calls included: the machine may be doing other things beside us.
double seconds_of(std::function<void()> const& work) {
  auto const now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  double const start = now();
  work();
  return now() - start;
}

double quickest(int runs, std::function<void()> const& work) {
  double best = seconds_of(work);
  for (int run = 1; run < runs; ++run) best = std::min(best, seconds_of(work));
  return best;
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  die(result.error().what);
}
void must(Result<> const& result) {
  if (result) return;
  die(result.error().what);
}

class Entries {
 public:
  Entries(std::uint64_t count, std::size_t bytes) : bytes_{bytes}, content_(count * bytes) {
    SeededRandom{8812}.fill(content_);
  }
  ByteView at(std::uint64_t index) const { return ByteView{content_}.subspan(index * bytes_, bytes_); }

 private:
  std::size_t bytes_;
  Bytes content_;
};

// Blocks of 64 bytes SHA-256 has to work through for a message of this length (FIPS 180-4 padding).
std::uint64_t blocks_of(std::size_t message_bytes) { return (message_bytes + 8) / 64 + 1; }

// Blocks a second of one long message: the floor no way of hashing this tree one message at a time comes under.
double raw_blocks_per_s() {
  Bytes const content(std::size_t{64} << 20, 0x5A);
  std::uint8_t digest[32];
  double const took =
      quickest(5, [&] { EVP_Digest(content.data(), content.size(), digest, nullptr, EVP_sha256(), nullptr); });
  return static_cast<double>(content.size() / 64) / took;
}

// What a straightforward program does: the same leaves and nodes through OpenSSL's EVP with one context used again.
double evp_seconds(std::uint64_t count, std::size_t entry_bytes) {
  Bytes const leaf(entry_bytes + 1, 1);
  Bytes const node(65, 2);
  std::uint8_t digest[32];
  auto* const context = EVP_MD_CTX_new();
  auto const* const sha = EVP_sha256();
  auto const hash = [&](Bytes const& message) {
    EVP_DigestInit_ex(context, sha, nullptr);
    EVP_DigestUpdate(context, message.data(), message.size());
    EVP_DigestFinal_ex(context, digest, nullptr);
  };
  double const took = quickest(2, [&] {
    for (std::uint64_t at = 0; at < count; ++at) {
      hash(leaf);
      hash(node);
    }
  });
  EVP_MD_CTX_free(context);
  return took;
}

// A batch of 1,000 entries made durable: tiles, bundles, signature, checkpoint.
double durable_seconds(fs::path const& folder, Entries const& entries, std::uint64_t batches, SignerKey const& key) {
  LogBuilder builder;
  return wall_seconds_of([&] {
    for (std::uint64_t batch = 0; batch < batches; ++batch) {
      for (std::uint64_t at = 0; at < 1000; ++at) must(builder.append(entries.at(batch * 1000 + at)));
      auto const made = builder.take_batch();
      must(write_batch(folder, made));
      auto const signed_head =
          must(sign_checkpoint({.origin = key.name(), .size = made.size, .root = made.root, .extensions = {}}, key));
      must(crypto::replace_file(folder / "checkpoint", as_bytes(signed_head.encode())));
    }
  });
}

// Plain writes, no fsync: the log for the measurements that only read.
Hash write_log(fs::path const& folder, Entries const& entries, std::uint64_t count, double& append_s) {
  LogBuilder builder;
  LogBatch all;
  append_s = seconds_of([&] {
    for (std::uint64_t at = 0; at < count; ++at) must(builder.append(entries.at(at)));
    all = builder.take_batch();
  });
  for (auto const& file : all.files) {
    auto const path = folder / file.name.path();
    fs::create_directories(path.parent_path());
    auto* const out = std::fopen(path.c_str(), "wb");
    if (out == nullptr || std::fwrite(file.content.data(), 1, file.content.size(), out) != file.content.size() ||
        std::fclose(out) != 0)
      die(path.string() + " could not be written");
  }
  return all.root;
}

void measure_proofs(DirectoryTiles& tiles, std::uint64_t count, Hash const& root, std::vector<Row>& rows) {
  constexpr int kProofs = 2000;
  SeededRandom random{9};
  std::vector<std::uint64_t> indexes;
  for (int at = 0; at < kProofs; ++at) indexes.push_back(random.below(count));
  std::vector<Proof> proofs(kProofs);
  double const made = seconds_of([&] {
    for (int at = 0; at < kProofs; ++at) proofs[at] = must(inclusion_proof(tiles, indexes[at], count));
  });
  std::vector<Hash> leaves;
  for (auto const index : indexes) leaves.push_back(must(read_leaf_hash(tiles, index, count)));
  double const verified = seconds_of([&] {
    for (int at = 0; at < kProofs; ++at) must(verify_inclusion(indexes[at], count, leaves[at], proofs[at], root));
  });
  // The quickest full-tile sizes are proved from: an old size inside the tree needs tiles of the new one only.
  double const consistent = seconds_of([&] {
    for (int at = 0; at < kProofs; ++at) must(consistency_proof(tiles, indexes[at] + 1, count));
  });
  rows.push_back({"proof_us", "inclusion proof from the folder's tiles", made / kProofs * 1e6, "us"});
  rows.push_back({"consistency_us", "consistency proof from the folder's tiles", consistent / kProofs * 1e6, "us"});
  rows.push_back({"proof_verify_us", "verifying an inclusion proof", verified / kProofs * 1e6, "us"});
}

int run(fs::path const& folder, std::uint64_t count, std::size_t entry_bytes) {
  SeededRandom random{4};
  auto const key = must(SignerKey::generate("bench.example/log", KeyType::ed25519, random));
  Entries const entries{count, entry_bytes};
  std::vector<Row> rows;

  double append_s = 0;
  auto const root = write_log(folder / "log", entries, count, append_s);
  rows.push_back(
      {"append_per_s", "append in memory: leaves, nodes, tiles", static_cast<double>(count) / append_s, "entries/s"});
  std::uint64_t const batches = std::min<std::uint64_t>(100, count / 1000);
  if (batches > 0) {
    double const durable = durable_seconds(folder / "durable", entries, batches, key);
    rows.push_back({"durable_per_s", "append, fsync, sign, batches of 1,000",
                    static_cast<double>(batches * 1000) / durable, "entries/s"});
    rows.push_back({"batch_ms", "one such batch (wall clock)", durable / static_cast<double>(batches) * 1e3, "ms"});
  }

  DirectoryTiles tiles{folder / "log"};
  measure_proofs(tiles, count, root, rows);

  Checkpoint const head{.origin = key.name(), .size = count, .root = root, .extensions = {}};
  double const verify_s = quickest(5, [&] { must(verify_log(tiles, head)); });
  double const rate = raw_blocks_per_s();
  double const floor_s = static_cast<double>(count * (blocks_of(entry_bytes + 1) + blocks_of(65))) / rate;
  double const evp_s = evp_seconds(count, entry_bytes);
  rows.push_back({"verify_s", "verify everything: files, entries, tiles, root", verify_s, "s"});
  rows.push_back({"verify_per_s", "the same", static_cast<double>(count) / verify_s, "entries/s"});
  rows.push_back({"raw_mb_per_s", "raw SHA-256, one long message", rate * 64 / 1e6, "MB/s"});
  rows.push_back({"raw_s", "the tree's blocks at the raw rate", floor_s, "s"});
  rows.push_back({"evp_s", "the tree's messages through OpenSSL EVP, no files", evp_s, "s"});
  rows.push_back({"ratio", "verify everything / raw (aim: at most 2)", verify_s / floor_s, "times"});

  fmt::print(stderr, "{} entries of {} bytes, processor time of one core\n", count, entry_bytes);
  for (auto const& row : rows) fmt::print(stderr, "  {:<52} {:>14.3f} {}\n", row.what, row.value, row.unit);
  fmt::print("{{\"entries\":{},\"entry_bytes\":{}", count, entry_bytes);
  for (auto const& row : rows) fmt::print(",\"{}\":{:.6g}", row.name, row.value);
  fmt::print("}}\n");
  return 0;
}

}  // namespace
}  // namespace fabrica::tlog

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: log_bench FOLDER [ENTRIES] [ENTRY_BYTES]\n");
    return 2;
  }
  auto const number = [&](int at, std::uint64_t otherwise) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  auto const entries = number(2, 1'000'000);
  auto const bytes = number(3, 32);
  if (entries == 0 || bytes > fabrica::tlog::kEntryBytesMax) {
    fmt::print(stderr, "log_bench: at least one entry, of at most 65535 bytes\n");
    return 2;
  }
  return fabrica::tlog::run(argv[1], entries, bytes);
}
