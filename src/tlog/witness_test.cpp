#include "tlog/witness.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "base/check.hpp"
#include "crypto/keyfile.hpp"
#include "tlog/policy.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOrigin = "log.example";

// Remembers in memory; can be told to fail, or to be overtaken between head() and swap().
class FakeStore final : public WitnessStore {
 public:
  Result<std::optional<WitnessedHead>> head(std::string const& origin) override {
    if (fail_head) return fail(Errc::unavailable, "file_read", "disk");
    auto const found = heads.find(origin);
    return found == heads.end() ? std::optional<WitnessedHead>{} : std::optional{found->second};
  }
  Result<bool> swap(std::string const& origin, std::uint64_t expected_size, WitnessedHead const& next) override {
    if (fail_swap) return fail(Errc::unavailable, "file_write", "disk");
    if (overtake) heads[origin] = *std::exchange(overtake, std::nullopt);
    if ((heads.contains(origin) ? heads[origin].size : 0) != expected_size) return false;
    heads[origin] = next;
    return true;
  }
  Result<> keep_evidence(std::string const&, std::string_view request) override {
    evidence.emplace_back(request);
    return {};
  }

  std::map<std::string, WitnessedHead> heads;
  std::vector<std::string> evidence;
  std::optional<WitnessedHead> overtake;
  bool fail_head = false;
  bool fail_swap = false;
};

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    LogBuilder builder;
    for (std::uint64_t size = 1; size <= 20; ++size) {
      FABRICA_CHECK(builder.append(as_bytes(testing::entry_text(size - 1))));
      tiles.add(builder.take_batch());
    }
    witness = *Witness::make(*SignerKey::parse(key.text().text()), {log.verifier()}, store, clock, events);
  }
  Hash root(std::uint64_t size) { return *read_root(tiles, size); }
  SignedCheckpoint checkpoint(std::uint64_t size) { return checkpoint(size, root(size)); }
  SignedCheckpoint checkpoint(std::uint64_t size, Hash const& root) const {
    return *sign_checkpoint({.origin = std::string{kOrigin}, .size = size, .root = root, .extensions = {}}, log);
  }
  // What an honest log sends.
  AddCheckpoint request(std::uint64_t old_size, std::uint64_t size) {
    return {.old_size = old_size, .proof = *consistency_proof(tiles, old_size, size), .checkpoint = checkpoint(size)};
  }
  WitnessAnswer send(AddCheckpoint const& body) { return witness->add_checkpoint(body.encode()); }

  SeededRandom random{31};
  SignerKey log = *SignerKey::generate(std::string{kOrigin}, KeyType::ed25519, random);
  SignerKey key = *SignerKey::generate("witness.example", KeyType::cosignature_ed25519, random);
  testing::MemoryTiles tiles;
  FakeStore store;
  ManualClock clock{1'767'225'600 * kSecond};
  NullLog events;
  std::unique_ptr<Witness> witness;
};

TEST_F(WitnessTest, CosignsAGrowingLogAndServesItsHead) {
  auto const hash = crypto::sha256(kOrigin).hex();
  EXPECT_EQ(witness->checkpoint(hash).status, 404);
  std::uint64_t old_size = 0;
  for (std::uint64_t const size : {3, 3, 8, 20}) {
    auto const body = request(old_size, size);
    auto const answer = send(body);
    ASSERT_EQ(answer.status, 200) << answer.body;
    auto cosigned = body.checkpoint;
    EXPECT_EQ(*add_cosignatures(cosigned, answer.body, key.verifier()), 1u);
    auto const policy =
        *Policy::parse("log " + log.verifier().text() + "\nwitness w " + key.verifier().text() + "\nquorum w\n");
    EXPECT_EQ(policy.require(cosigned)->quorum_time_s, 1'767'225'600u);
    EXPECT_EQ(witness->checkpoint(hash).body, cosigned.encode());
    EXPECT_EQ(store.heads[std::string{kOrigin}].size, size);
    old_size = size;
  }
  EXPECT_EQ(witness->checkpoint("00").status, 404);
}

TEST_F(WitnessTest, CosignsTheEmptyTree) {
  AddCheckpoint const body{.old_size = 0, .proof = {}, .checkpoint = checkpoint(0, empty_root())};
  EXPECT_EQ(send(body).status, 200);
  EXPECT_EQ(send(body).status, 200);
  EXPECT_EQ(send(request(0, 5)).status, 200);
}

// Row by row the table of tlog-witness; the witness has cosigned size 8.
TEST_F(WitnessTest, RefusesInTheOrderOfTheSpecification) {
  ASSERT_EQ(send(request(0, 8)).status, 200);
  auto const before = store.heads;
  auto const good = request(8, 20);
  auto const text = good.encode();
  auto const with = [&](std::string_view from, std::string_view to) {
    auto changed = text;
    return changed.replace(changed.find(from), from.size(), to);
  };
  auto const stranger = *SignerKey::generate(std::string{kOrigin}, KeyType::ed25519, random);
  auto const other = *SignerKey::generate("other.example", KeyType::ed25519, random);
  auto const unknown_log =
      *sign_checkpoint({.origin = "other.example", .size = 20, .root = root(20), .extensions = {}}, other);
  auto forged = good.checkpoint;
  forged.note.signatures[0].signature[5] ^= 1;
  auto bad_and_old = forged;
  Hash const wrong = leaf_hash(as_bytes("wrong"));
  struct Row {
    char const* name;
    std::string body;
    int status;
  };
  std::vector<Row> const rows{
      {"empty", "", 400},
      {"no old line", with("old 8\n", ""), 400},
      {"leading zero", with("old 8", "old 08"), 400},
      {"old too large for its type", with("old 8", "old 99999999999999999999"), 400},
      {"no empty line", with("\n\nlog.example", "\nlog.example"), 400},
      {"a proof line that is no hash", with("old 8\n", "old 8\nAAAA\n"), 400},
      {"not signed", text.substr(0, text.rfind("\n\n") + 2), 400},
      {"size with leading zero", with("\n20\n", "\n020\n"), 400},
      {"old larger than the checkpoint", with("old 8", "old 21"), 400},
      {"old larger than the checkpoint, and unknown log",
       AddCheckpoint{.old_size = 21, .proof = {}, .checkpoint = unknown_log}.encode(), 400},
      {"unknown log", AddCheckpoint{.old_size = 8, .proof = good.proof, .checkpoint = unknown_log}.encode(), 404},
      {"unknown log at another size", AddCheckpoint{.old_size = 3, .proof = {}, .checkpoint = unknown_log}.encode(),
       404},
      {"signed by a key we do not trust",
       AddCheckpoint{
           .old_size = 8, .proof = good.proof, .checkpoint = *sign_checkpoint(good.checkpoint.checkpoint, stranger)}
           .encode(),
       403},
      {"the trusted key's signature is bad",
       AddCheckpoint{.old_size = 8, .proof = good.proof, .checkpoint = forged}.encode(), 403},
      {"a bad signature and another size",
       AddCheckpoint{.old_size = 3, .proof = {}, .checkpoint = bad_and_old}.encode(), 403},
      {"another size than the last cosigned", request(3, 20).encode(), 409},
      {"from nothing", request(0, 20).encode(), 409},
      {"another size and a wrong root",
       AddCheckpoint{.old_size = 3, .proof = {}, .checkpoint = checkpoint(3, wrong)}.encode(), 409},
      {"the same size with another root",
       AddCheckpoint{.old_size = 8, .proof = {}, .checkpoint = checkpoint(8, wrong)}.encode(), 422},
      {"the same size with a proof",
       AddCheckpoint{.old_size = 8, .proof = {wrong}, .checkpoint = checkpoint(8)}.encode(), 422},
      {"no proof", AddCheckpoint{.old_size = 8, .proof = {}, .checkpoint = good.checkpoint}.encode(), 422},
      {"a wrong proof", AddCheckpoint{.old_size = 8, .proof = {wrong}, .checkpoint = good.checkpoint}.encode(), 422},
      {"a tree that is not an extension",
       AddCheckpoint{.old_size = 8, .proof = good.proof, .checkpoint = checkpoint(20, wrong)}.encode(), 422},
  };
  for (auto const& [name, body, status] : rows) {
    auto const answer = witness->add_checkpoint(body);
    EXPECT_EQ(answer.status, status) << name << ": " << answer.body;
    EXPECT_EQ(answer.body.find("\xE2\x80\x94"), std::string::npos) << name;
    if (status == 409) {
      EXPECT_EQ(answer.body, "8\n") << name;
      EXPECT_EQ(answer.content_type, "text/x.tlog.size") << name;
    }
    EXPECT_EQ(store.heads, before) << name;
  }
  EXPECT_EQ(store.evidence.size(), 1u);  // of the two histories, and nothing else
  EXPECT_EQ(send(good).status, 200);
}

TEST_F(WitnessTest, RefusesWhatAFirstCheckpointCannotHave) {
  auto body = request(0, 5);
  body.proof = {leaf_hash({})};
  EXPECT_EQ(send(body).status, 422);
  EXPECT_EQ(send({.old_size = 0, .proof = {}, .checkpoint = checkpoint(0, leaf_hash({}))}).status, 422);
  EXPECT_EQ(send(request(2, 5)).status, 409);
  EXPECT_TRUE(store.heads.empty());
}

TEST_F(WitnessTest, RefusesTooManyProofLinesAndTooLongBodies) {
  auto body = request(0, 5);
  body.proof.resize(63);
  EXPECT_EQ(send(body).status, 422);
  body.proof.resize(64);
  EXPECT_EQ(send(body).status, 400);
  EXPECT_EQ(witness->add_checkpoint(std::string(kWitnessRequestBytesMax + 1, 'x')).status, 400);
}

TEST_F(WitnessTest, ASlowRequestDoesNotRollTheHeadBack) {
  ASSERT_EQ(send(request(0, 3)).status, 200);
  store.overtake = WitnessedHead{.size = 20, .root = root(20), .checkpoint = checkpoint(20).encode()};
  auto const answer = send(request(3, 8));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body, "20\n");
  EXPECT_EQ(store.heads[std::string{kOrigin}].size, 20u);
}

TEST_F(WitnessTest, SignsNothingItCouldNotStore) {
  store.fail_swap = true;
  EXPECT_EQ(send(request(0, 3)).status, 500);
  store.fail_swap = false;
  store.fail_head = true;
  EXPECT_EQ(send(request(0, 3)).status, 500);
  EXPECT_EQ(witness->checkpoint(crypto::sha256(kOrigin).hex()).status, 500);
  store.fail_head = false;
  EXPECT_EQ(send(request(0, 3)).status, 200);
}

TEST_F(WitnessTest, NeedsACosignersKeyAndALog) {
  EXPECT_EQ(Witness::make(*SignerKey::parse(log.text().text()), {log.verifier()}, store, clock, events).error().reason,
            "key_type");
  EXPECT_EQ(Witness::make(*SignerKey::parse(key.text().text()), {}, store, clock, events).error().reason,
            "witness_logs");
  EXPECT_EQ(Witness::make(*SignerKey::parse(key.text().text()), {key.verifier()}, store, clock, events).error().reason,
            "witness_logs");
}

class FileStore : public WitnessTest {
 protected:
  FileStore() {
    std::string name = (fs::temp_directory_path() / "fabrica-witness-XXXXXX").string();
    FABRICA_CHECK(::mkdtemp(name.data()) != nullptr);
    folder = fs::path{name} / "state";
  }
  ~FileStore() override { fs::remove_all(folder.parent_path()); }
  std::string reason() {
    auto const opened = FileWitnessStore::open(folder, key.verifier());
    return opened ? "" : opened.error().reason;
  }
  // Cosigns the log at sizes 3 and 8 and stops.
  void cosign_twice() {
    ASSERT_TRUE(FileWitnessStore::create(folder, key.verifier()));
    auto opened = *FileWitnessStore::open(folder, key.verifier());
    auto file_witness = *Witness::make(*SignerKey::parse(key.text().text()), {log.verifier()}, *opened, clock, events);
    ASSERT_EQ(file_witness->add_checkpoint(request(0, 3).encode()).status, 200);
    ASSERT_EQ(file_witness->add_checkpoint(request(3, 8).encode()).status, 200);
  }
  fs::path head_file() const { return folder / "heads" / crypto::sha256(kOrigin).hex(); }
  fs::path folder;
};

TEST_F(FileStore, RemembersAcrossARestart) {
  cosign_twice();
  auto opened = *FileWitnessStore::open(folder, key.verifier());
  auto const head = *opened->head(std::string{kOrigin});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->size, 8u);
  EXPECT_EQ(head->root, root(8));
  EXPECT_FALSE(*opened->swap(std::string{kOrigin}, 3, *head));
  EXPECT_TRUE(*opened->swap(std::string{kOrigin}, 8, *head));
  EXPECT_FALSE(*opened->head("other.example"));
}

TEST_F(FileStore, NeverStartsFromNothing) {
  EXPECT_EQ(reason(), "witness_state_missing");
  EXPECT_FALSE(fs::exists(folder));
  cosign_twice();
  EXPECT_EQ(FileWitnessStore::create(folder, key.verifier()).error().reason, "witness_state_exists");
  fs::remove(folder / "witness-state");
  EXPECT_EQ(reason(), "witness_state_missing");
  EXPECT_EQ(FileWitnessStore::create(folder, key.verifier()).error().reason, "witness_state");
}

TEST_F(FileStore, RefusesToStartWithoutAHeadItOnceStored) {
  cosign_twice();
  fs::remove(head_file());
  EXPECT_EQ(reason(), "witness_state");
  fs::remove(folder / "heads");
  EXPECT_EQ(reason(), "witness_state");
}

TEST_F(FileStore, RefusesToStartWithADamagedHead) {
  cosign_twice();
  auto content = *crypto::read_file(head_file(), 10'000);
  content[kOrigin.size() + 1] = '9';  // the size
  std::ofstream{head_file()} << as_text(content);
  EXPECT_EQ(reason(), "witness_state");
}

TEST_F(FileStore, TakesUpAHeadWrittenJustBeforeACrash) {
  cosign_twice();
  std::ofstream{folder / "witness-state"} << "fabrica witness state v1\nkey " << key.verifier().text() << "\n";
  auto opened = *FileWitnessStore::open(folder, key.verifier());
  EXPECT_EQ((*opened->head(std::string{kOrigin}))->size, 8u);
}

TEST_F(FileStore, BelongsToOneKeyAndOneProcess) {
  cosign_twice();
  auto const other = *SignerKey::generate("witness.example", KeyType::cosignature_ed25519, random);
  EXPECT_EQ(FileWitnessStore::open(folder, other.verifier()).error().reason, "witness_state_other_key");
  auto const held = *FileWitnessStore::open(folder, key.verifier());
  EXPECT_EQ(reason(), "witness_state_locked");
}

TEST_F(FileStore, KeepsEvidenceOfTwoHistoriesOnce) {
  cosign_twice();
  auto opened = *FileWitnessStore::open(folder, key.verifier());
  auto file_witness = *Witness::make(*SignerKey::parse(key.text().text()), {log.verifier()}, *opened, clock, events);
  AddCheckpoint const split{.old_size = 8, .proof = {}, .checkpoint = checkpoint(8, leaf_hash({}))};
  EXPECT_EQ(file_witness->add_checkpoint(split.encode()).status, 422);
  EXPECT_EQ(file_witness->add_checkpoint(split.encode()).status, 422);
  ASSERT_EQ(std::distance(fs::directory_iterator{folder / "evidence"}, fs::directory_iterator{}), 1);
  EXPECT_EQ(as_text(*crypto::read_file(fs::directory_iterator{folder / "evidence"} -> path(), 10'000)), split.encode());
}

// Twenty requests at once from 3 on: exactly one may win each size, and the head never goes back.
TEST_F(FileStore, OneOfManyAtOnceWins) {
  cosign_twice();
  auto opened = *FileWitnessStore::open(folder, key.verifier());
  auto file_witness = *Witness::make(*SignerKey::parse(key.text().text()), {log.verifier()}, *opened, clock, events);
  std::vector<std::string> bodies;
  for (std::uint64_t size = 9; size <= 20; ++size) bodies.push_back(request(8, size).encode());
  std::vector<int> status(bodies.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t at = 0; at < bodies.size(); ++at)
      threads.emplace_back([&, at] { status[at] = file_witness->add_checkpoint(bodies[at]).status; });
  }
  EXPECT_EQ(std::count(status.begin(), status.end(), 200), 1);
  EXPECT_EQ(std::count(status.begin(), status.end(), 409), static_cast<std::ptrdiff_t>(bodies.size()) - 1);
  auto const winner = std::find(status.begin(), status.end(), 200) - status.begin();
  EXPECT_EQ((*opened->head(std::string{kOrigin}))->size, 9u + static_cast<std::uint64_t>(winner));
}

}  // namespace
}  // namespace fabrica::tlog
