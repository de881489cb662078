#include <gtest/gtest.h>

#include <filesystem>

#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "crypto/sha256.hpp"
#include "db/testing/dbtest.hpp"
#include "journal/sequencer.hpp"
#include "tlog/policy.hpp"
#include "tlog/verify_log.hpp"

namespace fabrica::journal {
namespace {

namespace fs = std::filesystem;

// A witness in memory, reached without a network; can be cut off.
class NearWitness final : public WitnessClient {
 public:
  class Store final : public tlog::WitnessStore {
   public:
    Result<std::optional<tlog::WitnessedHead>> head(std::string const&) override { return head_; }
    Result<bool> swap(std::string const&, std::uint64_t expected, tlog::WitnessedHead const& next) override {
      if ((head_ ? head_->size : 0) != expected) return false;
      head_ = next;
      return true;
    }
    Result<> keep_evidence(std::string const&, std::string_view) override { return {}; }
    std::optional<tlog::WitnessedHead> head_;
  };

  Result<tlog::WitnessAnswer> add_checkpoint(WitnessPeer const&, std::string const& body) override {
    if (cut) return fail(Errc::unavailable, "witness", "The witness does not answer.");
    return witness->add_checkpoint(body);
  }

  Store store;
  std::unique_ptr<tlog::Witness> witness;
  bool cut = false;
};

class JournalLog : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    folder = fs::temp_directory_path() / ("journal-" + PublicId::make(SystemClock{}.now(), random).text());
    fs::create_directories(folder / "log");
    seed = *crypto::PrivateKey::from_seed(crypto::sha256("the log's key of this test").view());
    auto witness_key = tlog::SignerKey::generate("witness.example", tlog::KeyType::cosignature_ed25519, random);
    witness_vkey = witness_key->verifier();
    near.witness = *tlog::Witness::make(*std::move(witness_key), {log_key().verifier()}, near.store, clock, log);
  }
  void TearDown() override {
    fs::remove_all(folder);
    DbTest::TearDown();
  }

  tlog::SignerKey log_key() {
    return *tlog::SignerKey::make("factory.example/log", tlog::KeyType::ed25519,
                                  *crypto::PrivateKey::from_seed(seed->seed()));
  }
  Result<std::unique_ptr<Sequencer>> open() {
    return Sequencer::open(db(), log_key(), {folder / "log", folder / "guard", {{*witness_vkey, "http://witness"}}, 1},
                           near, clock, log);
  }
  std::unique_ptr<Sequencer> sequencer() {
    auto opened = open();
    EXPECT_TRUE(opened) << opened.error().what;
    return *std::move(opened);
  }
  Recorded append(std::string const& chain, std::string const& body = R"({"n":1})") {
    auto done = db().write([&](db::Tx& tx) { return journal.append(tx, {chain, "test.said", "somebody", {}, body}); });
    EXPECT_TRUE(done) << done.error().what;
    return *done;
  }
  std::vector<Kept> chain(std::string const& name) {
    return *db().read([&](db::Tx& tx) { return journal.chain(tx, name, 1, 1000); });
  }
  std::uint64_t published_size(Sequencer const& sequencer) {
    return tlog::SignedCheckpoint::parse(sequencer.published_checkpoint())->checkpoint.size;
  }

  crypto::SystemRandom random;
  ManualClock clock{1'700'000'000 * kSecond};
  NullLog log;
  Journal journal{clock, random};
  NearWitness near;
  fs::path folder;
  std::optional<crypto::PrivateKey> seed;
  std::optional<tlog::VerifierKey> witness_vkey;
};

TEST_P(JournalLog, NumbersEachChainWithoutGapsAndLinksIt) {
  for (int at = 0; at < 3; ++at) append("one");
  append("two");
  auto const statements = chain("one");
  ASSERT_EQ(statements.size(), 3u);
  for (std::size_t at = 0; at < 3; ++at) {
    EXPECT_EQ(statements[at].number, static_cast<std::int64_t>(at) + 1);
    EXPECT_EQ(commitment_of(*statements[at].salt, *statements[at].body), statements[at].commitment);
  }
  EXPECT_NE(statements[1].body->find(statements[0].commitment), std::string::npos);
  EXPECT_TRUE(db().read([&](db::Tx& tx) { return journal.check(tx); })->empty());
}

TEST_P(JournalLog, RollsAStatementBackWithItsAct) {
  append("one");
  auto const refused = db().write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(journal.append(tx, {"one", "test.said", "somebody", {}, "{}"}));
    return fail(Errc::conflict, "no", "The act failed.");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(append("one").number, 2);
}

TEST_P(JournalLog, KeepsTheChainWholeWhenAStatementIsErased) {
  auto const said = append("one");
  append("one");
  ASSERT_TRUE(db().write([&](db::Tx& tx) { return journal.erase(tx, said.public_id); }));
  EXPECT_FALSE(chain("one")[0].body.has_value());
  EXPECT_FALSE(chain("one")[0].salt.has_value());
  EXPECT_TRUE(db().read([&](db::Tx& tx) { return journal.check(tx); })->empty());
}

TEST_P(JournalLog, PublishesACosignedLogThatVerifiesWithEachProof) {
  auto log_of = sequencer();
  for (int at = 0; at < 300; ++at) append("one");
  ASSERT_TRUE(*log_of->run_once());
  EXPECT_EQ(published_size(*log_of), 300u);
  append("one");
  ASSERT_TRUE(*log_of->run_once());

  auto const policy = tlog::Policy::parse(log_of->policy_text());
  ASSERT_TRUE(policy) << policy.error().what;
  for (auto const& kept : chain("one")) {
    auto const proof = log_of->proof(static_cast<std::uint64_t>(*kept.log_index));
    ASSERT_TRUE(proof) << proof.error().what;
    auto const leaf = tlog::leaf_hash(as_bytes(log_entry(kept.commitment)));
    EXPECT_TRUE(tlog::verify_log_proof(*proof, leaf, *policy));
  }
  auto const whole = tlog::verify_log_folder(folder / "log", log_of->verifier());
  ASSERT_TRUE(whole) << whole.error().what;
  EXPECT_EQ(whole->size, 301u);
}

TEST_P(JournalLog, WaitsForItsWitnessesAndCatchesUp) {
  auto log_of = sequencer();
  append("one");
  near.cut = true;
  ASSERT_TRUE(log_of->run_once());
  EXPECT_EQ(log_of->published_checkpoint(), "");
  EXPECT_EQ(log_of->proof(0).error().reason, "not_published");
  auto const status = db().read([&](db::Tx& tx) { return log_of->status(tx); });
  EXPECT_NE(status->trouble, "");
  near.cut = false;
  append("one");
  ASSERT_TRUE(log_of->run_once());
  EXPECT_EQ(published_size(*log_of), 2u);
}

TEST_P(JournalLog, GoesOnAfterARestartAtTheSamePlace) {
  append("one");
  ASSERT_TRUE(*sequencer()->run_once());
  append("one");
  auto again = sequencer();
  ASSERT_TRUE(*again->run_once());
  EXPECT_EQ(published_size(*again), 2u);
  EXPECT_FALSE(*again->run_once());
}

// What a backup taken at size 1 and put back at size 3 leaves: the rows of later statements are gone, the guard is not.
void restore_to_first_statement(db::Database& database, std::string const& checkpoint) {
  auto const done = database.write([&](db::Tx& tx) -> Result<> {
    FABRICA_DO(tx.run({"t1", "DELETE FROM journal_statements WHERE number > 1"}));
    FABRICA_DO(tx.run({"t2",
                       "UPDATE journal_chains SET number = 1, commitment = "
                       "(SELECT commitment FROM journal_statements WHERE number = 1)"}));
    FABRICA_DO(tx.run({"t3",
                       "UPDATE journal_log SET assigned = 1, signed_size = 1, signed_checkpoint = $1, "
                       "published_size = 1, published_checkpoint = $1"},
                      checkpoint));
    return {};
  });
  ASSERT_TRUE(done) << done.error().what;
}

TEST_P(JournalLog, SignsNothingBelowThePublishedCheckpointAfterARestore) {
  append("one");
  auto first = sequencer();
  ASSERT_TRUE(*first->run_once());
  auto const checkpoint = first->published_checkpoint();
  append("one");
  append("one");
  ASSERT_TRUE(*first->run_once());
  first.reset();
  restore_to_first_statement(db(), checkpoint);

  auto again = sequencer();
  EXPECT_EQ(published_size(*again), 3u);
  append("one");
  ASSERT_TRUE(*again->run_once());
  EXPECT_EQ(published_size(*again), 4u);
  EXPECT_EQ(chain("one").back().log_index, 3);
  EXPECT_TRUE(tlog::verify_log_folder(folder / "log", again->verifier()));
}

TEST_P(JournalLog, RefusesToStartWithoutAnyPublishedCheckpoint) {
  append("one");
  auto first = sequencer();
  ASSERT_TRUE(*first->run_once());
  first.reset();
  fs::remove(folder / "guard");
  EXPECT_EQ(published_size(*sequencer()), 1u) << "the log folder's copy does as well";
  fs::remove(folder / "guard");
  fs::remove(folder / "log" / "checkpoint");
  auto const refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "log_guard_missing");
}

TEST_P(JournalLog, RefusesToSignWhenTheLogFolderIsOlderToo) {
  append("one");
  auto first = sequencer();
  ASSERT_TRUE(*first->run_once());
  auto const checkpoint = first->published_checkpoint();
  fs::copy(folder / "log", folder / "old", fs::copy_options::recursive);
  append("one");
  ASSERT_TRUE(*first->run_once());
  first.reset();
  restore_to_first_statement(db(), checkpoint);
  fs::remove_all(folder / "log");
  fs::rename(folder / "old", folder / "log");
  auto const refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "log_rolled_back");
}

FABRICA_ON_BOTH(JournalLog);

}  // namespace
}  // namespace fabrica::journal
