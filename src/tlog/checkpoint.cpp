#include "tlog/checkpoint.hpp"

#include <fmt/format.h>

#include "crypto/encoding.hpp"
#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

std::unexpected<Error> bad_checkpoint(std::string what) { return fail(Errc::invalid, "checkpoint", std::move(what)); }

}  // namespace

std::string Checkpoint::text() const {
  auto out = fmt::format("{}\n{}\n{}\n", origin, size, crypto::base64_encode(root.view()));
  for (auto const& extension : extensions) (out += extension) += '\n';
  return out;
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  FABRICA_DO(check_note_text(text));
  auto const origin = take_line(text);
  auto const size = take_line(text);
  auto const root = take_line(text);
  if (!root) return bad_checkpoint("A checkpoint has at least three lines: origin, size and root.");
  if (origin->empty()) return bad_checkpoint("The checkpoint's origin is empty.");
  auto const number = parse_decimal(*size);
  if (!number) return bad_checkpoint(fmt::format("\"{}\" is not the size of a tree.", shown(*size)));
  auto const hash = parse_hash(*root);
  if (!hash) return bad_checkpoint("The checkpoint's root is not 32 bytes in base64.");
  Checkpoint out{.origin = std::string{*origin}, .size = *number, .root = *hash, .extensions = {}};
  while (auto const line = take_line(text)) {
    if (line->empty()) return bad_checkpoint("A checkpoint has no empty lines.");
    out.extensions.emplace_back(*line);
  }
  return out;
}

Result<SignedCheckpoint> SignedCheckpoint::parse(std::string_view bytes) {
  FABRICA_TRY(auto note, Note::parse(bytes));
  FABRICA_TRY(auto checkpoint, Checkpoint::parse(note.text));
  return SignedCheckpoint{.checkpoint = std::move(checkpoint), .note = std::move(note)};
}

Result<SignedCheckpoint> sign_checkpoint(Checkpoint checkpoint, SignerKey const& key) {
  if (checkpoint.origin != key.name())
    return bad_checkpoint(
        fmt::format("The key {} does not sign for the log {}.", key.name(), shown(checkpoint.origin)));
  auto text = checkpoint.text();
  FABRICA_TRY(auto const read_back, Checkpoint::parse(text));
  if (read_back != checkpoint) return bad_checkpoint("An extension line is empty or has a newline in it.");
  FABRICA_TRY(auto signature, sign_note(text, key));
  Note note{.text = std::move(text), .signatures = {std::move(signature)}};
  return SignedCheckpoint{.checkpoint = std::move(checkpoint), .note = std::move(note)};
}

std::string cosigned_message(std::string_view checkpoint_text, std::uint64_t time_s) {
  return fmt::format("cosignature/v1\ntime {}\n{}", time_s, checkpoint_text);
}

Result<NoteSignature> cosign(std::string_view checkpoint_text, SignerKey const& key, std::uint64_t time_s) {
  if (key.verifier().type() != KeyType::cosignature_ed25519)
    return fail(Errc::invalid, "key_type", "A cosignature is made with a cosigner's key (type 0x04).");
  if (time_s > static_cast<std::uint64_t>(INT64_MAX))
    return bad_checkpoint("The time of a cosignature is out of range.");
  FABRICA_DO(Checkpoint::parse(checkpoint_text));
  auto const signature = key.key().sign(as_bytes(cosigned_message(checkpoint_text, time_s)));
  NoteSignature out{.name = key.name(), .key_id = key.verifier().id(), .signature = {}};
  for (int shift = 56; shift >= 0; shift -= 8) out.signature.push_back(static_cast<std::uint8_t>(time_s >> shift));
  out.signature.insert(out.signature.end(), signature.bytes.begin(), signature.bytes.end());
  return out;
}

Result<std::size_t> add_cosignatures(SignedCheckpoint& checkpoint, std::string_view lines, VerifierKey const& witness) {
  if (lines.size() > kNoteBytesMax) return fail(Errc::too_large, "note", "The witness's answer is too long.");
  std::size_t added = 0;
  std::size_t seen = 0;
  while (auto const line = take_line(lines)) {
    if (++seen > kNoteSignaturesMax) return fail(Errc::too_large, "note", "The witness's answer has too many lines.");
    FABRICA_TRY(auto signature, NoteSignature::parse(*line));
    if (!signature.is_by(witness) || !verify_signature(checkpoint.note.text, signature, witness)) continue;
    if (checkpoint.note.signatures.size() == kNoteSignaturesMax)
      return fail(Errc::too_large, "note", "The checkpoint has as many signatures as a note may have.");
    checkpoint.note.signatures.push_back(std::move(signature));
    ++added;
  }
  if (!lines.empty()) return fail(Errc::invalid, "note", "The witness's answer does not end in a newline.");
  return added;
}

}  // namespace fabrica::tlog
