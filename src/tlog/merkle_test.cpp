#include "tlog/merkle.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "base/check.hpp"
#include "base/random.hpp"
#include "crypto/encoding.hpp"
#include "tlog/testdata/vectors.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

using testing::hash_of;

// The definition of RFC 9162 section 2.1.1, word for word: what the quick ways are compared with.
Hash definition(std::span<Hash const> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  auto const split = std::bit_floor(leaves.size() - 1);
  return node_hash(definition(leaves.first(split)), definition(leaves.subspan(split)));
}

std::vector<Hash> hashes_of(std::vector<std::string_view> const& texts) {
  std::vector<Hash> out;
  for (auto const text : texts) out.push_back(hash_of(text));
  return out;
}

void flip(Hash& hash, std::size_t bit) { hash.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8); }

// The eight leaves and nine roots every implementation of certificate transparency is tested with.
TEST(Merkle, GivesTheClassicRoots) {
  constexpr std::array<std::string_view, 8> kLeaves{
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  constexpr std::array<std::string_view, 9> kRoots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                                   "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                                   "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                                   "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                                   "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                                   "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                                   "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                                   "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                                   "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Frontier frontier;
  EXPECT_EQ(frontier.root().hex(), kRoots[0]);
  for (std::size_t at = 0; at < kLeaves.size(); ++at) {
    frontier.append(leaf_hash(*crypto::hex_decode(kLeaves[at])));
    EXPECT_EQ(frontier.root().hex(), kRoots[at + 1]) << at + 1;
  }
}

TEST(Merkle, GivesTheRootsOf70000Entries) {
  Frontier frontier;
  for (auto const& [size, root] : vectors::kRoots) {
    while (frontier.size() < size) frontier.append(leaf_hash(as_bytes(testing::entry_text(frontier.size()))));
    EXPECT_EQ(frontier.root(), hash_of(root)) << size;
  }
}

TEST(Merkle, VerifiesTheProofsOf70000Entries) {
  auto const root = hash_of(vectors::kRoots.back().root);
  for (auto const& [index, leaf, texts] : vectors::kInclusions) {
    EXPECT_EQ(leaf_hash(as_bytes(testing::entry_text(index))), hash_of(leaf));
    EXPECT_TRUE(verify_inclusion(index, vectors::kSize, hash_of(leaf), hashes_of(texts), root)) << index;
    EXPECT_FALSE(verify_inclusion(index ^ 1, vectors::kSize, hash_of(leaf), hashes_of(texts), root)) << index;
  }
  for (auto const& [size, old_root, texts] : vectors::kConsistencies) {
    EXPECT_TRUE(verify_consistency(size, hash_of(old_root), vectors::kSize, root, hashes_of(texts))) << size;
    EXPECT_FALSE(verify_consistency(size, root, vectors::kSize, hash_of(old_root), hashes_of(texts))) << size;
  }
}

TEST(Merkle, MakesTheProofsOf70000Entries) {
  auto tiles = testing::make_log(vectors::kSize);
  for (auto const& [index, leaf, texts] : vectors::kInclusions)
    EXPECT_EQ(*inclusion_proof(tiles, index, vectors::kSize), hashes_of(texts)) << index;
  for (auto const& [size, old_root, texts] : vectors::kConsistencies) {
    EXPECT_EQ(*consistency_proof(tiles, size, vectors::kSize), hashes_of(texts)) << size;
    EXPECT_EQ(*read_root(tiles, size), hash_of(old_root)) << size;
  }
}

class EverySize : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kMost = 300;
  static void SetUpTestSuite() {
    tiles = {};
    LogBuilder builder;
    leaves.clear();
    roots.clear();
    for (std::uint64_t size = 0; size <= kMost; ++size) {
      roots.push_back(definition(leaves));
      leaves.push_back(leaf_hash(as_bytes(testing::entry_text(size))));
      FABRICA_CHECK(builder.append(as_bytes(testing::entry_text(size))));
      tiles.add(builder.take_batch());  // a batch an entry: every partial tile is there
    }
  }
  static inline testing::MemoryTiles tiles;
  static inline std::vector<Hash> leaves;
  static inline std::vector<Hash> roots;
};

TEST_F(EverySize, HasTheRootOfTheDefinition) {
  Frontier frontier;
  for (std::uint64_t size = 0; size <= kMost; ++size) {
    EXPECT_EQ(frontier.root(), roots[size]) << size;
    EXPECT_EQ(*read_frontier(tiles, size), frontier) << size;
    EXPECT_EQ(*Frontier::restore(size, frontier.subtrees()), frontier);
    frontier.append(leaves[size]);
  }
}

// Every proof is checked; what must fail takes turns, so that the test stays short.
TEST_F(EverySize, ProvesEachEntryAndNothingElse) {
  SeededRandom random{11};
  for (std::uint64_t size = 1; size <= kMost; ++size)
    for (std::uint64_t index = 0; index < size; ++index) {
      auto proof = *inclusion_proof(tiles, index, size);
      ASSERT_TRUE(verify_inclusion(index, size, leaves[index], proof, roots[size])) << index << " of " << size;
      Hash leaf = leaves[index];
      Hash root = roots[size];
      switch (random.below(5)) {
        case 0: leaf = leaves[index + 1]; break;
        case 1: root = roots[size - 1]; break;
        case 2: proof.push_back(leaf); break;
        case 3: proof.empty() ? proof.push_back(leaf) : proof.pop_back(); break;
        default: flip(proof.empty() ? leaf : proof[random.below(proof.size())], random.below(256));
      }
      ASSERT_FALSE(verify_inclusion(index, size, leaf, proof, root)) << index << " of " << size;
    }
}

TEST_F(EverySize, IsConsistentWithEachSmallerOneAndNothingElse) {
  SeededRandom random{12};
  for (std::uint64_t size = 1; size <= kMost; ++size)
    for (std::uint64_t old = 1; old < size; ++old) {
      auto proof = *consistency_proof(tiles, old, size);
      ASSERT_TRUE(verify_consistency(old, roots[old], size, roots[size], proof)) << old << " to " << size;
      Hash old_root = roots[old];
      Hash root = roots[size];
      switch (random.below(5)) {
        case 0: old_root = roots[old - 1]; break;
        case 1: root = roots[size - 1]; break;
        case 2: proof.push_back(proof.back()); break;
        case 3: proof.pop_back(); break;
        default: flip(proof[random.below(proof.size())], random.below(256));
      }
      ASSERT_FALSE(verify_consistency(old, old_root, size, root, proof)) << old << " to " << size;
    }
}

TEST_F(EverySize, NoSingleBitOfAProofCanChange) {
  for (std::uint64_t size = 2; size <= 16; ++size)
    for (std::uint64_t at = 0; at < size; ++at) {
      auto const inclusion = *inclusion_proof(tiles, at, size);
      auto const consistency = *consistency_proof(tiles, at, size);
      for (std::size_t bit = 0; bit < 256 * inclusion.size(); ++bit) {
        auto changed = inclusion;
        flip(changed[bit / 256], bit % 256);
        ASSERT_FALSE(verify_inclusion(at, size, leaves[at], changed, roots[size])) << at << " of " << size;
      }
      for (std::size_t bit = 0; bit < 256 * consistency.size(); ++bit) {
        auto changed = consistency;
        flip(changed[bit / 256], bit % 256);
        ASSERT_FALSE(verify_consistency(at, roots[at], size, roots[size], changed)) << at << " to " << size;
      }
    }
}

TEST(Inclusion, RefusesWhatMakesNoSense) {
  Hash const leaf = leaf_hash(as_bytes("a"));
  std::vector<Hash> const one{leaf};
  EXPECT_TRUE(verify_inclusion(0, 1, leaf, {}, leaf));
  EXPECT_FALSE(verify_inclusion(0, 0, leaf, {}, leaf));
  EXPECT_FALSE(verify_inclusion(0, 0, leaf, {}, empty_root()));
  EXPECT_FALSE(verify_inclusion(1, 1, leaf, {}, leaf));
  EXPECT_FALSE(verify_inclusion(0, 1, leaf, one, leaf));
  EXPECT_FALSE(verify_inclusion(0, kTreeSizeMax + 1, leaf, one, leaf));
}

TEST(Inclusion, WorksUpToTheLargestTree) {
  Hash const leaf = leaf_hash(as_bytes("a"));
  std::vector<Hash> proof;
  Hash root = leaf;
  for (int level = 0; level < 63; ++level) {
    proof.push_back(leaf_hash(as_bytes(std::to_string(level))));
    root = node_hash(root, proof.back());
  }
  EXPECT_TRUE(verify_inclusion(0, kTreeSizeMax, leaf, proof, root));
  proof.push_back(leaf);
  EXPECT_FALSE(verify_inclusion(0, kTreeSizeMax, leaf, proof, root));
  proof.resize(62);
  EXPECT_FALSE(verify_inclusion(0, kTreeSizeMax, leaf, proof, root));
}

TEST(Consistency, BetweenEqualSizesAndFromNothingIsAnEmptyProof) {
  Hash const root = leaf_hash(as_bytes("a"));
  Hash const other = leaf_hash(as_bytes("b"));
  std::vector<Hash> const one{root};
  EXPECT_TRUE(verify_consistency(0, empty_root(), 0, empty_root(), {}));
  EXPECT_TRUE(verify_consistency(0, empty_root(), 7, root, {}));
  EXPECT_TRUE(verify_consistency(7, root, 7, root, {}));
  EXPECT_FALSE(verify_consistency(0, empty_root(), 0, root, {}));
  EXPECT_FALSE(verify_consistency(0, root, 7, root, {}));
  EXPECT_FALSE(verify_consistency(0, empty_root(), 7, root, one));
  EXPECT_FALSE(verify_consistency(7, root, 7, other, {}));
  EXPECT_FALSE(verify_consistency(7, root, 7, root, one));
  EXPECT_FALSE(verify_consistency(8, root, 7, root, {}));
  EXPECT_FALSE(verify_consistency(4, root, 8, root, {}));
  EXPECT_FALSE(verify_consistency(1, root, kTreeSizeMax + 1, root, one));
}

TEST(Frontier, RefusesAWrongNumberOfHashes) {
  EXPECT_TRUE(Frontier::restore(0, {}));
  EXPECT_FALSE(Frontier::restore(0, {Hash{}}));
  EXPECT_FALSE(Frontier::restore(5, {Hash{}}));
  EXPECT_FALSE(Frontier::restore(kTreeSizeMax + 1, {Hash{}}));
}

}  // namespace
}  // namespace fabrica::tlog
