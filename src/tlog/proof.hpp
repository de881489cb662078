#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/merkle.hpp"
#include "tlog/policy.hpp"

namespace fabrica::tlog {

inline constexpr std::size_t kLogProofBytesMax = 512 * 1024;
inline constexpr std::size_t kLogProofExtraBytesMax = 64 * 1024;

// c2sp.org/tlog-proof: one file that shows offline that an entry is in a log. The extra bytes are not authenticated.
struct LogProof {
  std::optional<Bytes> extra;
  std::uint64_t index = 0;
  Proof hashes;
  SignedCheckpoint checkpoint;

  std::string encode() const;
  // Errors: invalid "log_proof" (or "note", "checkpoint" of its last part), too_large "log_proof".
  static Result<LogProof> parse(std::string_view bytes);
  friend bool operator==(LogProof const&, LogProof const&) = default;
};

// That the leaf is in the tree of the checkpoint, and that the policy accepts the checkpoint.
// Errors: invalid "inclusion" or "log_policy".
Result<PolicyVerdict> verify_log_proof(LogProof const& proof, Hash const& leaf, Policy const& policy);

}  // namespace fabrica::tlog
