#include "tlog/merkle.hpp"

#include <bit>

#include "base/check.hpp"

namespace fabrica::tlog {
namespace {

std::unexpected<Error> bad_inclusion(std::string what) { return fail(Errc::invalid, "inclusion", std::move(what)); }
std::unexpected<Error> bad_consistency(std::string what) { return fail(Errc::invalid, "consistency", std::move(what)); }

}  // namespace

Hash const& empty_root() {
  static Hash const root = crypto::sha256(ByteView{});
  return root;
}

Result<Frontier> Frontier::restore(std::uint64_t size, std::vector<Hash> subtrees) {
  if (size > kTreeSizeMax || subtrees.size() != static_cast<std::size_t>(std::popcount(size)))
    return fail(Errc::invalid, "frontier", "A frontier has one hash for each bit set in the tree's size.");
  Frontier frontier;
  frontier.size_ = size;
  frontier.subtrees_ = std::move(subtrees);
  return frontier;
}

Hash Frontier::root() const {
  if (subtrees_.empty()) return empty_root();
  Hash root = subtrees_.back();
  for (std::size_t at = subtrees_.size() - 1; at > 0; --at) root = node_hash(subtrees_[at - 1], root);
  return root;
}

void Frontier::append(Hash const& leaf) {
  FABRICA_CHECK(size_ < kTreeSizeMax);
  Hash node = leaf;
  for (std::uint64_t bits = size_; bits & 1; bits >>= 1) {
    node = node_hash(subtrees_.back(), node);
    subtrees_.pop_back();
  }
  subtrees_.push_back(node);
  ++size_;
}

Result<> verify_inclusion(std::uint64_t index, std::uint64_t size, Hash const& leaf, std::span<Hash const> proof,
                          Hash const& root) {
  if (size > kTreeSizeMax) return bad_inclusion("No tree is that large.");
  if (index >= size) return bad_inclusion("The entry's index is not below the size of the tree.");
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash found = leaf;
  for (auto const& sibling : proof) {
    if (last == 0) return bad_inclusion("The proof has more hashes than the tree has levels.");
    if ((node & 1) != 0 || node == last) {
      found = node_hash(sibling, found);
      // A last node without a right sibling moves up unchanged.
      for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
    } else {
      found = node_hash(found, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return bad_inclusion("The proof has fewer hashes than the tree has levels.");
  if (found != root) return bad_inclusion("The proof does not lead from this entry to the root of the tree.");
  return {};
}

Result<> verify_consistency(std::uint64_t old_size, Hash const& old_root, std::uint64_t size, Hash const& root,
                            std::span<Hash const> proof) {
  if (size > kTreeSizeMax || old_size > size) return bad_consistency("The old tree is larger than the new one.");
  if (size == 0 && root != empty_root()) return bad_consistency("The root of the empty tree is the hash of nothing.");
  if (old_size == 0 || old_size == size) {
    if (!proof.empty()) return bad_consistency("Here the proof is empty, and this one is not.");
    if (old_root != (old_size == 0 ? empty_root() : root))
      return bad_consistency("Two trees of one size have different roots.");
    return {};
  }
  if (proof.empty()) return bad_consistency("The proof is empty.");

  // An old size that is a power of two is one full subtree: its root starts the proof and is not repeated in it.
  bool const full = std::has_single_bit(old_size);
  Hash old_found = full ? old_root : proof[0];
  Hash found = old_found;
  auto const rest = full ? proof : proof.subspan(1);
  std::uint64_t node = old_size - 1;
  std::uint64_t last = size - 1;
  for (; (node & 1) != 0; node >>= 1) last >>= 1;
  for (auto const& hash : rest) {
    if (last == 0) return bad_consistency("The proof has too many hashes.");
    if ((node & 1) != 0 || node == last) {
      old_found = node_hash(hash, old_found);
      found = node_hash(hash, found);
      for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
    } else {
      found = node_hash(found, hash);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return bad_consistency("The proof has too few hashes.");
  if (old_found != old_root) return bad_consistency("The new tree does not contain the old one.");
  if (found != root) return bad_consistency("The proof does not lead to the new root.");
  return {};
}

}  // namespace fabrica::tlog
