#include "tlog/policy.hpp"

#include <gtest/gtest.h>

#include "tlog/proof.hpp"
#include "tlog/testdata/vectors.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

using testing::hash_of;

std::string const kLog = "log " + std::string{vectors::kLogVkey} + "\n";
std::string const kPeer = "witness peer " + std::string{vectors::kWitnessVkey} + "\n";

// A log and five witnesses of one policy.
class Federation : public ::testing::Test {
 protected:
  Federation() {
    for (int at = 0; at < 5; ++at)
      witnesses.push_back(
          *SignerKey::generate("w" + std::to_string(at) + ".example", KeyType::cosignature_ed25519, random));
    checkpoint = *sign_checkpoint({.origin = "log.example", .size = 1, .root = leaf_hash({}), .extensions = {}}, log);
  }
  std::string keys() const {
    auto text = "log " + log.verifier().text() + " https://log.example/\n";
    for (std::size_t at = 0; at < witnesses.size(); ++at)
      text += "witness w" + std::to_string(at) + " " + witnesses[at].verifier().text() + "\n";
    return text;
  }
  // The checkpoint cosigned by some of them, the n-th at 100 * (n + 1) s.
  SignedCheckpoint by(std::initializer_list<std::size_t> who) const {
    auto out = checkpoint;
    for (auto const at : who) out.note.signatures.push_back(*cosign(out.note.text, witnesses[at], 100 * (at + 1)));
    return out;
  }

  SeededRandom random{21};
  SignerKey log = *SignerKey::generate("log.example", KeyType::ed25519, random);
  std::vector<SignerKey> witnesses;
  SignedCheckpoint checkpoint;
};

TEST_F(Federation, CountsByNestedGroupsAndSaysWhenTheQuorumWasReached) {
  auto const policy = Policy::parse(keys() +
                                    "group ours 2 w0 w1 w2\n# the others\ngroup theirs any w3 w4\n"
                                    "group both all ours theirs\nquorum both\n");
  ASSERT_TRUE(policy) << policy.error().what;
  struct Row {
    std::initializer_list<std::size_t> who;
    std::uint64_t time_s;  // 0: refused
  };
  for (auto const& [who, time_s] : {Row{{}, 0}, Row{{0, 1}, 0}, Row{{3}, 0}, Row{{0, 3}, 0}, Row{{0, 1, 3}, 400},
                                    Row{{1, 2, 4}, 500}, Row{{0, 1, 2, 3, 4}, 400}, Row{{3, 4, 2}, 0}}) {
    auto const verdict = policy->judge(by(who));
    EXPECT_EQ(verdict.accepted, time_s != 0) << verdict.why;
    EXPECT_EQ(verdict.quorum_time_s, time_s) << verdict.why;
    EXPECT_EQ(verdict.log_key, log.verifier().text());
    for (std::size_t at = 0; at < 5; ++at)
      EXPECT_EQ(verdict.witnesses[at].counted, std::find(who.begin(), who.end(), at) != who.end());
  }
}

TEST_F(Federation, SaysWhoIsMissing) {
  auto const policy = *Policy::parse(keys() + "group all-five all w0 w1 w2 w3 w4\nquorum all-five\n");
  auto const refused = policy.require(by({0, 2, 3, 4}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "log_policy");
  EXPECT_NE(refused.error().what.find("not counted w1"), std::string::npos) << refused.error().what;
  EXPECT_TRUE(policy.require(by({0, 1, 2, 3, 4})));
}

TEST_F(Federation, AForgedCosignatureRefusesTheCheckpoint) {
  auto const policy = *Policy::parse(keys() + "quorum w0\n");
  auto cosigned = by({0, 1});
  ASSERT_TRUE(policy.require(cosigned));
  cosigned.note.signatures.back().signature.back() ^= 1;
  EXPECT_FALSE(policy.require(cosigned));
  cosigned.note.signatures.pop_back();
  EXPECT_TRUE(policy.require(cosigned));
}

TEST_F(Federation, TheEarliestOfSeveralCosignaturesCounts) {
  auto const policy = *Policy::parse(keys() + "quorum w3\n");
  auto cosigned = by({3});
  cosigned.note.signatures.push_back(*cosign(cosigned.note.text, witnesses[3], 7));
  EXPECT_EQ(policy.judge(cosigned).quorum_time_s, 7u);
}

TEST_F(Federation, TheLogMustBeKnownAndHaveSigned) {
  auto const policy = *Policy::parse(keys() + "quorum none\n");
  EXPECT_TRUE(policy.judge(checkpoint).accepted);
  EXPECT_TRUE(policy.judge(checkpoint).quorum_none);
  auto const namesake = *SignerKey::generate("log.example", KeyType::ed25519, random);
  EXPECT_FALSE(policy.judge(*sign_checkpoint(checkpoint.checkpoint, namesake)).accepted);
  auto other = *SignerKey::generate("other.example", KeyType::ed25519, random);
  auto renamed = checkpoint.checkpoint;
  renamed.origin = "other.example";
  EXPECT_FALSE(policy.judge(*sign_checkpoint(renamed, other)).accepted);
  // Signed with the right key by the wrong name: the origin decides which keys count.
  auto const mixed = Note{.text = renamed.text(), .signatures = {*sign_note(renamed.text(), log)}};
  EXPECT_FALSE(policy.judge({.checkpoint = renamed, .note = mixed}).accepted);
  EXPECT_FALSE(Policy::parse("quorum none\n")->judge(checkpoint).accepted);
}

TEST_F(Federation, ItsTextReadsBack) {
  auto const policy = *Policy::parse(keys() + "\t group ours 2 w0 w1 w2 \n\n  # note\nquorum ours");
  EXPECT_EQ(Policy::parse(policy.text())->text(), policy.text());
  EXPECT_EQ(policy.logs()[0].url, "https://log.example/");
  EXPECT_EQ(policy.quorum(), "ours");
}

TEST_F(Federation, AWitnessWithAKeyWeCannotCheckNeverCounts) {
  Bytes material(1312, 5);
  crypto::Sha256 hash;
  hash.update("pq.example\n\x06");
  hash.update(material);
  auto const id = crypto::hex_encode(hash.finish().view().first(4));
  material.insert(material.begin(), 6);
  auto const vkey = "pq.example+" + id + "+" + crypto::base64_encode(material);
  auto const policy = Policy::parse(keys() + "witness pq " + vkey + "\ngroup g any pq w0\nquorum g\n");
  ASSERT_TRUE(policy) << policy.error().what;
  auto cosigned = by({});
  NoteSignature strange{
      .name = "pq.example", .key_id = policy->witnesses().back().key.id(), .signature = Bytes(2428, 1)};
  cosigned.note.signatures.push_back(strange);
  EXPECT_FALSE(policy->judge(cosigned).accepted);
  EXPECT_NE(policy->judge(cosigned).witnesses.back().why.find("0x06"), std::string::npos);
  cosigned.note.signatures.push_back(*cosign(cosigned.note.text, witnesses[0], 1));
  EXPECT_TRUE(policy->judge(cosigned).accepted);
}

TEST(Policy, IsRefusedWithTheLineAtFault) {
  struct Row {
    std::string text;
    char const* line;
  };
  std::string const log_as_witness = "witness x " + std::string{vectors::kLogVkey} + "\n";
  for (auto const& [text, line] : std::vector<Row>{
           {"", "Line 0"},
           {kLog, "Line 1"},
           {kLog + "quorum\n", "Line 2"},
           {kLog + "quorum none\nquorum none\n", "Line 3"},
           {kLog + "quorum peer\n" + kPeer, "Line 2"},
           {kLog + kLog + "quorum none\n", "Line 2"},
           {kPeer + kPeer + "quorum peer\n", "Line 2"},
           {kLog + log_as_witness + "quorum x\n", "Line 2"},
           {"log " + std::string{vectors::kWitnessVkey} + "\nquorum none\n", "Line 1"},
           {"log nonsense\nquorum none\n", "Line 1"},
           {"logs " + std::string{vectors::kLogVkey} + "\nquorum none\n", "Line 1"},
           {kLog + "witness none " + std::string{vectors::kWitnessVkey} + "\nquorum none\n", "Line 2"},
           {kPeer + "group peer any peer\nquorum peer\n", "Line 2"},
           {kPeer + "group g any none\nquorum g\n", "Line 2"},
           {kPeer + "group g any\nquorum g\n", "Line 2"},
           {kPeer + "group g 0 peer\nquorum g\n", "Line 2"},
           {kPeer + "group g 2 peer\nquorum g\n", "Line 2"},
           {kPeer + "group g 01 peer\nquorum g\n", "Line 2"},
           {kPeer + "group g any peer peer\nquorum g\n", "Line 2"},
           {kPeer + "group g any peer\ngroup h any peer\nquorum g\n", "Line 3"},
           {kPeer + "group g any g\nquorum g\n", "Line 2"},
           {kPeer + "quorum peer\r\n", "Line 0"},
       }) {
    auto const policy = Policy::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().reason, "policy");
    EXPECT_TRUE(policy.error().what.starts_with(line)) << policy.error().what;
  }
}

TEST(LogProof, VerifiesAsInTheVectors) {
  auto const proof = LogProof::parse(vectors::kLogProof);
  ASSERT_TRUE(proof) << proof.error().what;
  EXPECT_EQ(proof->encode(), vectors::kLogProof);
  EXPECT_EQ(proof->index, 65'536u);
  auto const policy = *Policy::parse(kLog + kPeer + "quorum peer\n");
  auto const leaf = leaf_hash(as_bytes(testing::entry_text(65'536)));
  auto const verdict = verify_log_proof(*proof, leaf, policy);
  ASSERT_TRUE(verdict) << verdict.error().what;
  EXPECT_EQ(verdict->quorum_time_s, vectors::kCosignatureSeconds);
  EXPECT_EQ(verify_log_proof(*proof, leaf_hash(as_bytes("entry 65537")), policy).error().reason, "inclusion");
}

TEST(LogProof, RefusesEveryChangedBit) {
  auto const policy = *Policy::parse(kLog + kPeer + "quorum peer\n");
  auto const leaf = leaf_hash(as_bytes(testing::entry_text(65'536)));
  for (std::size_t bit = 0; bit < 8 * vectors::kLogProof.size(); bit += 3) {
    std::string changed{vectors::kLogProof};
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    auto const proof = LogProof::parse(changed);
    EXPECT_FALSE(proof && verify_log_proof(*proof, leaf, policy)) << bit;
  }
}

TEST(LogProof, CarriesExtraBytes) {
  auto proof = *LogProof::parse(vectors::kLogProof);
  proof.extra = Bytes{1, 2, 3};
  EXPECT_EQ(*LogProof::parse(proof.encode()), proof);
  proof.extra = Bytes{};
  EXPECT_EQ(*LogProof::parse(proof.encode()), proof);
}

TEST(LogProof, IsRefusedWhenMalformed) {
  std::string const good{vectors::kLogProof};
  auto const with = [&](std::string_view from, std::string_view to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  std::string const hash = "tAd+i3hbK7OItu/BvSskJ65hCssq+WuYQ2jG76lqqoM=\n";
  std::string hashes;
  for (int count = 0; count < 70; ++count) hashes += hash;
  for (auto const& text : std::vector<std::string>{
           "", with("proof@v1", "proof@v2"), with("index 65536\n", ""), with("index 65536", "index 065536"),
           with("index 65536", "index  65536"), with("index 65536", "index -1"), with("index", "extra A\nindex"),
           with("index", "extra AAAA\nextra AAAA\nindex"), with("index", "Extra AAAA\nindex"), with(hash, "AAAA\n"),
           with(hash, hash.substr(1)), with(hash, hashes), good.substr(0, 200), good.substr(0, good.find("\n\n") + 1),
           good.substr(0, good.find("\n\n") + 2), good + "x"}) {
    EXPECT_FALSE(LogProof::parse(text)) << text;
  }
  EXPECT_EQ(LogProof::parse(std::string(kLogProofBytesMax + 1, 'x')).error().code, Errc::too_large);
}

}  // namespace
}  // namespace fabrica::tlog
