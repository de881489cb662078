#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "tlog/merkle.hpp"
#include "tlog/note.hpp"

namespace fabrica::tlog {

// c2sp.org/tlog-checkpoint v1.0.0: the head of a log's tree as a note text.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  std::vector<std::string> extensions;

  std::string text() const;
  // Errors: invalid "checkpoint".
  static Result<Checkpoint> parse(std::string_view text);
  friend bool operator==(Checkpoint const&, Checkpoint const&) = default;
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;

  std::string encode() const { return note.encode(); }
  // Says nothing about the signatures: verify_note() or a Policy does. Errors: invalid "note" or "checkpoint".
  static Result<SignedCheckpoint> parse(std::string_view bytes);
  friend bool operator==(SignedCheckpoint const&, SignedCheckpoint const&) = default;
};

// The log's own signature. The origin is the key's name. Errors: invalid "checkpoint".
Result<SignedCheckpoint> sign_checkpoint(Checkpoint checkpoint, SignerKey const& key);

// c2sp.org/tlog-cosignature v1: "as of this time, the largest tree I have seen for this origin has this root".
// Errors: invalid "key_type" unless the key is a cosigner's (0x04), invalid "note".
Result<NoteSignature> cosign(std::string_view checkpoint_text, SignerKey const& key, std::uint64_t time_s);
// What an Ed25519 cosigner signs.
std::string cosigned_message(std::string_view checkpoint_text, std::uint64_t time_s);

// Adds lines that came from a witness: those that are by the key and verify; others are left out, as the protocol says.
// Returns how many were added. Errors: invalid "note" for lines that are none.
Result<std::size_t> add_cosignatures(SignedCheckpoint& checkpoint, std::string_view lines, VerifierKey const& witness);

}  // namespace fabrica::tlog
