#include "tlog/witness.hpp"

#include <fmt/format.h>

#include "crypto/encoding.hpp"
#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

constexpr std::size_t kWitnessProofMax = 63;

std::unexpected<Error> bad_request(std::string what) { return fail(Errc::invalid, "witness_request", std::move(what)); }

WitnessAnswer refuse(int status, std::string_view what) {
  return {.status = status, .body = fmt::format("{}\n", what)};
}

std::vector<VerifierKey> keys_of(std::string const& origin, std::vector<VerifierKey> const& trusted) {
  std::vector<VerifierKey> keys;
  for (auto const& key : trusted)
    if (key.name() == origin) keys.push_back(key);
  return keys;
}

// The checkpoint as we hand it on: the signatures by the log that we verified, and ours; nothing a stranger added.
std::string cosigned(SignedCheckpoint const& checkpoint, std::vector<VerifierKey> const& keys,
                     NoteSignature const& ours) {
  Note note{.text = checkpoint.note.text, .signatures = {}};
  for (auto const& signature : checkpoint.note.signatures)
    for (auto const& key : keys)
      if (signature.is_by(key)) note.signatures.push_back(signature);
  note.signatures.push_back(ours);
  return note.encode();
}

}  // namespace

std::string AddCheckpoint::encode() const {
  auto out = fmt::format("old {}\n", old_size);
  for (auto const& hash : proof) out += crypto::base64_encode(hash.view()) + "\n";
  return out + "\n" + checkpoint.encode();
}

Result<AddCheckpoint> AddCheckpoint::parse(std::string_view body) {
  if (body.size() > kWitnessRequestBytesMax)
    return fail(Errc::too_large, "witness_request",
                fmt::format("A request has at most {} bytes.", kWitnessRequestBytesMax));
  AddCheckpoint request;
  auto line = take_line(body);
  if (!line || !line->starts_with("old ")) return bad_request("The request does not start with a line \"old <size>\".");
  auto const old_size = parse_decimal(line->substr(4));
  if (!old_size) return bad_request("The old size is not a number without leading zeros.");
  request.old_size = *old_size;
  for (line = take_line(body); line && !line->empty(); line = take_line(body)) {
    if (request.proof.size() == kWitnessProofMax) return bad_request("The proof has more than 63 hashes.");
    auto const hash = parse_hash(*line);
    if (!hash) return bad_request("A line of the proof is not 32 bytes in base64.");
    request.proof.push_back(*hash);
  }
  if (!line) return bad_request("The empty line before the checkpoint is missing.");
  FABRICA_TRY(request.checkpoint, SignedCheckpoint::parse(body));
  return request;
}

WitnessAnswer witness_conflict(std::uint64_t last_size) {
  return {.status = 409, .content_type = "text/x.tlog.size", .body = fmt::format("{}\n", last_size)};
}

// The checks in the order of tlog-witness; the first that fails answers.
std::optional<WitnessAnswer> witness_refusal(AddCheckpoint const& request, std::vector<VerifierKey> const& trusted,
                                             std::optional<WitnessedHead> const& last) {
  auto const& head = request.checkpoint.checkpoint;
  if (request.old_size > head.size) return refuse(400, "The old size is larger than the checkpoint's.");
  auto const keys = keys_of(head.origin, trusted);
  if (keys.empty()) return refuse(404, "This witness does not know the log of this checkpoint.");
  if (auto const signers = verify_note(request.checkpoint.note, keys); !signers)
    return refuse(403, signers.error().what);
  if (auto const last_size = last ? last->size : 0; request.old_size != last_size) return witness_conflict(last_size);
  auto const old_root = last ? last->root : empty_root();
  if (last && request.old_size == head.size && head.root != old_root) {
    auto answer = refuse(422, "The log signed two trees of one size with different roots.");
    answer.misbehaviour = true;
    return answer;
  }
  // Covers what is left: size 0 with a root that is not the empty one, a proof from 0 that is not empty, a wrong proof.
  if (auto const consistent = verify_consistency(request.old_size, old_root, head.size, head.root, request.proof);
      !consistent)
    return refuse(422, consistent.error().what);
  return std::nullopt;
}

Witness::Witness(SignerKey key, std::vector<VerifierKey> logs, WitnessStore& store, Clock const& clock, Log& log)
    : key_{std::move(key)}, logs_{std::move(logs)}, store_{store}, clock_{clock}, log_{log} {}

Result<std::unique_ptr<Witness>> Witness::make(SignerKey key, std::vector<VerifierKey> logs, WitnessStore& store,
                                               Clock const& clock, Log& log) {
  if (key.verifier().type() != KeyType::cosignature_ed25519)
    return fail(Errc::invalid, "key_type", "A witness signs with a cosigner's key (type 0x04).");
  if (logs.empty()) return fail(Errc::invalid, "witness_logs", "The witness knows no log: name the vkey of one.");
  for (auto const& each : logs)
    if (each.type() != KeyType::ed25519)
      return fail(Errc::invalid, "witness_logs", fmt::format("{} is not the Ed25519 key of a log.", each.text()));
  return std::unique_ptr<Witness>{new Witness{std::move(key), std::move(logs), store, clock, log}};
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  auto const request = AddCheckpoint::parse(body);
  if (!request) return refuse(400, request.error().what);
  auto const& checkpoint = request->checkpoint;
  auto const& origin = checkpoint.checkpoint.origin;
  auto const keys = keys_of(origin, logs_);

  std::optional<WitnessedHead> last;
  if (!keys.empty()) {
    auto found = store_.head(origin);
    if (!found) {
      log_.error("witness.state_unreadable", {{"origin", origin}, {"cause", found.error().what}});
      return refuse(500, "The witness cannot read its state.");
    }
    last = *std::move(found);
  }
  if (auto const refusal = witness_refusal(*request, logs_, last)) {
    if (refusal->misbehaviour) {
      log_.error("witness.log_misbehaved", {{"origin", origin}, {"size", checkpoint.checkpoint.size}});
      if (auto const kept = store_.keep_evidence(origin, body); !kept)
        log_.error("witness.evidence_not_kept", {{"origin", origin}, {"cause", kept.error().what}});
    }
    return *refusal;
  }

  auto const signature = cosign(checkpoint.note.text, key_, static_cast<std::uint64_t>(clock_.now() / kSecond));
  if (!signature) return refuse(500, "The witness cannot sign.");
  WitnessedHead const next{.size = checkpoint.checkpoint.size,
                           .root = checkpoint.checkpoint.root,
                           .checkpoint = cosigned(checkpoint, keys, *signature)};
  // Durable before the answer leaves, and only if nobody was quicker: else a slow request would roll the head back.
  auto const swapped = store_.swap(origin, request->old_size, next);
  if (!swapped) {
    log_.error("witness.state_not_written", {{"origin", origin}, {"cause", swapped.error().what}});
    return refuse(500, "The witness cannot store its state, so it does not sign.");
  }
  if (!*swapped) {
    auto const found = store_.head(origin);
    if (!found || !*found) return refuse(500, "The witness cannot read its state.");
    return witness_conflict((*found)->size);
  }
  log_.info("witness.cosigned", {{"origin", origin}, {"size", next.size}});
  return {.status = 200, .body = signature->line()};
}

WitnessAnswer Witness::checkpoint(std::string_view origin_hash_hex) {
  for (auto const& key : logs_) {
    if (crypto::sha256(key.name()).hex() != origin_hash_hex) continue;
    auto const head = store_.head(key.name());
    if (!head) return refuse(500, "The witness cannot read its state.");
    if (!*head) break;
    return {.status = 200, .body = (*head)->checkpoint};
  }
  return refuse(404, "This witness has cosigned no checkpoint of such a log.");
}

}  // namespace fabrica::tlog
