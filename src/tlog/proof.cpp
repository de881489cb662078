#include "tlog/proof.hpp"

#include <fmt/format.h>

#include "crypto/encoding.hpp"
#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";

std::unexpected<Error> bad_proof(std::string what) { return fail(Errc::invalid, "log_proof", std::move(what)); }

}  // namespace

std::string LogProof::encode() const {
  auto out = fmt::format("{}\n", kFirstLine);
  if (extra) out += fmt::format("extra {}\n", crypto::base64_encode(*extra));
  out += fmt::format("index {}\n", index);
  for (auto const& hash : hashes) out += crypto::base64_encode(hash.view()) + "\n";
  return out + "\n" + checkpoint.encode();
}

Result<LogProof> LogProof::parse(std::string_view bytes) {
  if (bytes.size() > kLogProofBytesMax)
    return fail(Errc::too_large, "log_proof", fmt::format("A log proof has at most {} bytes.", kLogProofBytesMax));
  if (take_line(bytes) != kFirstLine) return bad_proof(fmt::format("The first line is not {}.", kFirstLine));
  LogProof proof;
  auto line = take_line(bytes);
  if (line && line->starts_with("extra ")) {
    if (line->size() > kLogProofExtraBytesMax) return bad_proof("The extra data is too long.");
    auto extra = crypto::base64_decode(line->substr(6));
    if (!extra) return bad_proof("The extra data is not base64.");
    proof.extra = *std::move(extra);
    line = take_line(bytes);
  }
  if (!line || !line->starts_with("index ")) return bad_proof("The line with the index is missing.");
  auto const index = parse_decimal(line->substr(6));
  if (!index) return bad_proof("The index is not a number without leading zeros.");
  proof.index = *index;
  for (line = take_line(bytes); line && !line->empty(); line = take_line(bytes)) {
    if (proof.hashes.size() == kProofHashesMax) return bad_proof("The proof has more hashes than a tree has levels.");
    auto const hash = parse_hash(*line);
    if (!hash) return bad_proof(fmt::format("Hash {} of the proof is not 32 bytes in base64.", proof.hashes.size()));
    proof.hashes.push_back(*hash);
  }
  if (!line) return bad_proof("The empty line before the checkpoint is missing.");
  FABRICA_TRY(proof.checkpoint, SignedCheckpoint::parse(bytes));
  return proof;
}

Result<PolicyVerdict> verify_log_proof(LogProof const& proof, Hash const& leaf, Policy const& policy) {
  auto const& head = proof.checkpoint.checkpoint;
  FABRICA_TRY(auto verdict, policy.require(proof.checkpoint));
  FABRICA_DO(verify_inclusion(proof.index, head.size, leaf, proof.hashes, head.root));
  return verdict;
}

}  // namespace fabrica::tlog
