#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::tlog {

// Merkle trees as in RFC 9162 section 2.1 (the same as RFC 6962).
using Hash = crypto::Digest;
// Inclusion: from the leaf's sibling up to the root's child. Consistency: RFC 9162 section 2.1.4.1.
using Proof = std::vector<Hash>;

// Sizes above this are refused everywhere: 2^63 - 1, as the specifications have it.
inline constexpr std::uint64_t kTreeSizeMax = (std::uint64_t{1} << 63) - 1;
inline constexpr std::size_t kProofHashesMax = 64;

inline Hash leaf_hash(ByteView entry) { return crypto::sha256_prefixed(0x00, entry); }
inline Hash node_hash(Hash const& left, Hash const& right) {
  return crypto::sha256_prefixed(0x01, left.view(), right.view());
}
// The root of the tree without leaves: SHA-256 of nothing.
Hash const& empty_root();

// The right edge of a growing tree: the roots of its full subtrees, largest first; all that appending needs.
class Frontier {
 public:
  Frontier() = default;
  // Errors: invalid "frontier" unless there is one hash for each bit set in the size.
  static Result<Frontier> restore(std::uint64_t size, std::vector<Hash> subtrees);

  std::uint64_t size() const { return size_; }
  std::vector<Hash> const& subtrees() const { return subtrees_; }
  Hash root() const;
  void append(Hash const& leaf);
  friend bool operator==(Frontier const&, Frontier const&) = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> subtrees_;
};

// RFC 9162 section 2.1.3.2. Errors: invalid "inclusion".
Result<> verify_inclusion(std::uint64_t index, std::uint64_t size, Hash const& leaf, std::span<Hash const> proof,
                          Hash const& root);

// RFC 9162 section 2.1.4.2, with the two cases it leaves out: from 0 the proof is empty and proves nothing (the empty
// tree's own root is checked), and between equal sizes it is empty and the roots are equal. Errors: invalid
// "consistency".
Result<> verify_consistency(std::uint64_t old_size, Hash const& old_root, std::uint64_t size, Hash const& root,
                            std::span<Hash const> proof);

}  // namespace fabrica::tlog
