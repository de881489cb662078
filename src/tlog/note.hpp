#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/secret.hpp"

namespace fabrica::tlog {

// c2sp.org/signed-note v1.0.0.
inline constexpr std::size_t kNoteBytesMax = 256 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 64;

// The byte in front of the public key in a vkey. A vkey or signature of a type not named in can_verify() is kept and
// ignored, so that one with ML-DSA-44 beside Ed25519 still verifies by Ed25519.
enum class KeyType : std::uint8_t {
  ed25519 = 0x01,
  ecdsa = 0x02,
  cosignature_ed25519 = 0x04,
  tree_head = 0x05,
  cosignature_mldsa44 = 0x06,
};
bool can_verify(KeyType type);

// Non-empty, UTF-8, no white space, no '+', no control character.
bool is_key_name(std::string_view name);

// Who can have signed: name, type and public key. Text form (vkey): name+hex8(id)+base64(type || key).
class VerifierKey {
 public:
  // Errors: invalid "vkey".
  static Result<VerifierKey> parse(std::string_view vkey);
  static VerifierKey make(std::string name, KeyType type, crypto::PublicKey const& key);

  std::string const& name() const { return name_; }
  std::uint32_t id() const { return id_; }
  KeyType type() const { return type_; }
  // The bytes behind the type byte: 32 for the Ed25519 types.
  Bytes const& material() const { return material_; }
  std::string text() const;
  friend bool operator==(VerifierKey const&, VerifierKey const&) = default;

 private:
  std::string name_;
  std::uint32_t id_ = 0;
  KeyType type_{};
  Bytes material_;
};

// A signing key with its name. Text form, as Go's x/mod has it: PRIVATE+KEY+name+hex8(id)+base64(type || seed).
class SignerKey {
 public:
  // Errors: invalid "signer_key". The text is not repeated in the error.
  static Result<SignerKey> parse(std::string_view text);
  // Errors: invalid "key_name", invalid "key_type" (only the two Ed25519 types sign).
  static Result<SignerKey> make(std::string name, KeyType type, crypto::PrivateKey key);
  static Result<SignerKey> generate(std::string name, KeyType type, Random& random);

  VerifierKey const& verifier() const { return verifier_; }
  std::string const& name() const { return verifier_.name(); }
  crypto::PrivateKey const& key() const { return key_; }
  crypto::SecretText text() const;

 private:
  SignerKey(VerifierKey verifier, crypto::PrivateKey key) : verifier_{std::move(verifier)}, key_{std::move(key)} {}
  VerifierKey verifier_;
  crypto::PrivateKey key_;
};

// One line "— name base64(id || signature)".
struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;

  bool is_by(VerifierKey const& key) const { return key_id == key.id() && name == key.name(); }
  // With its newline.
  std::string line() const;
  // One line with or without its newline. Errors: invalid "note".
  static Result<NoteSignature> parse(std::string_view line);
  friend bool operator==(NoteSignature const&, NoteSignature const&) = default;
};

// A text that ends in a newline, and who signed it.
struct Note {
  std::string text;
  std::vector<NoteSignature> signatures;

  std::string encode() const;
  // Errors: invalid "note", too_large "note".
  static Result<Note> parse(std::string_view bytes);
  friend bool operator==(Note const&, Note const&) = default;
};

// Text a note may carry: UTF-8, ends in a newline, no control character but newlines. Errors: invalid "note".
Result<> check_note_text(std::string_view text);

// An Ed25519 signature of the text. Errors: invalid "note", invalid "key_type" for a cosigner's key (see cosign()).
Result<NoteSignature> sign_note(std::string_view text, SignerKey const& key);

// What the signature says under this key: nothing for 0x01, the time (s since 1970) for 0x04.
struct Verified {
  std::uint64_t time_s = 0;
};
// Errors: invalid "signature"; invalid "key_type" for a type this program cannot check.
Result<Verified> verify_signature(std::string_view text, NoteSignature const& signature, VerifierKey const& key);

// The keys (positions in `keys`) that signed the note, each once. Unknown signers are ignored; a known key whose
// signature is bad refuses the whole note, and so does nobody known having signed. Errors: invalid "signature".
Result<std::vector<std::size_t>> verify_note(Note const& note, std::span<VerifierKey const> keys);

}  // namespace fabrica::tlog
