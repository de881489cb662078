#include "tlog/note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "tlog/checkpoint.hpp"
#include "tlog/impl/text.hpp"

namespace fabrica::tlog {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr std::size_t kKeyNameBytesMax = 255;
constexpr std::size_t kVkeyBytesMax = 8 * 1024;

std::unexpected<Error> bad_note(std::string what) { return fail(Errc::invalid, "note", std::move(what)); }
std::unexpected<Error> bad_vkey(std::string_view text) {
  return fail(Errc::invalid, "vkey",
              fmt::format("\"{}\" is not a verifier key: keys look like name+8 hex digits+base64.", shown(text)));
}
std::unexpected<Error> bad_signer() {
  return fail(Errc::invalid, "signer_key", "This is not a private note key: PRIVATE+KEY+name+8 hex digits+base64.");
}
std::unexpected<Error> bad_signature(std::string_view name, std::string_view why) {
  return fail(Errc::invalid, "signature", fmt::format("The signature by {} {}.", shown(name), why));
}

bool is_ed25519(KeyType type) { return type == KeyType::ed25519 || type == KeyType::cosignature_ed25519; }

// Of the code points with the property White_Space, those above ASCII.
bool is_unicode_space(std::uint32_t code) {
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::uint32_t key_id(std::string_view name, KeyType type, ByteView material) {
  crypto::Sha256 hash;
  hash.update(name);
  std::array<std::uint8_t, 2> const middle{'\n', static_cast<std::uint8_t>(type)};
  hash.update(ByteView{middle});
  hash.update(material);
  auto const digest = hash.finish();
  return static_cast<std::uint32_t>(digest.bytes[0]) << 24 | static_cast<std::uint32_t>(digest.bytes[1]) << 16 |
         static_cast<std::uint32_t>(digest.bytes[2]) << 8 | digest.bytes[3];
}

// name+hex8+base64, cut at the first two plus signs: neither name nor digits may have one, base64 may.
struct KeyText {
  std::string_view name;
  std::uint32_t id = 0;
  Bytes bytes;  // the type and what is behind it
};
std::optional<KeyText> split_key(std::string_view text) {
  auto const first = text.find('+');
  if (text.size() > kVkeyBytesMax || first == std::string_view::npos || text.size() < first + 10 ||
      text[first + 9] != '+')
    return std::nullopt;
  KeyText key{.name = text.substr(0, first), .id = 0, .bytes = {}};
  for (char const c : text.substr(first + 1, 8)) {
    bool const digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    key.id = key.id << 4 | static_cast<std::uint32_t>(digit ? c - '0' : c - 'a' + 10);
  }
  auto bytes = crypto::base64_decode(text.substr(first + 10));
  if (!bytes || bytes->size() < 2 || !is_key_name(key.name)) return std::nullopt;
  key.bytes = *std::move(bytes);
  return key;
}

crypto::PublicKey ed25519_of(VerifierKey const& key) {
  FABRICA_CHECK(key.material().size() == 32);
  crypto::PublicKey out;
  std::copy(key.material().begin(), key.material().end(), out.bytes.begin());
  return out;
}

crypto::Signature signature_of(ByteView bytes) {
  FABRICA_CHECK(bytes.size() == 64);
  crypto::Signature out;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

}  // namespace

bool can_verify(KeyType type) { return is_ed25519(type); }

bool is_key_name(std::string_view name) {
  if (name.empty() || name.size() > kKeyNameBytesMax || !is_note_utf8(name)) return false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    auto const byte = static_cast<unsigned char>(name[at]);
    if (byte <= 0x20 || byte == '+' || byte == 0x7F) return false;
    std::uint32_t code = 0;  // the spaces above ASCII have two or three bytes
    if (byte >= 0xC2 && byte < 0xE0) code = (byte & 0x1Fu) << 6 | (static_cast<unsigned char>(name[at + 1]) & 0x3Fu);
    if (byte >= 0xE0 && byte < 0xF0)
      code = (byte & 0x0Fu) << 12 | (static_cast<unsigned char>(name[at + 1]) & 0x3Fu) << 6 |
             (static_cast<unsigned char>(name[at + 2]) & 0x3Fu);
    if (is_unicode_space(code)) return false;
  }
  return true;
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
  auto key = split_key(vkey);
  if (!key) return bad_vkey(vkey);
  VerifierKey out;
  out.name_ = key->name;
  out.id_ = key->id;
  out.type_ = static_cast<KeyType>(key->bytes[0]);
  out.material_.assign(key->bytes.begin() + 1, key->bytes.end());
  if (is_ed25519(out.type_) && out.material_.size() != 32) return bad_vkey(vkey);
  // ECDSA keys have their id by another rule; they are never used here.
  if (out.type_ != KeyType::ecdsa && out.id_ != key_id(out.name_, out.type_, out.material_)) return bad_vkey(vkey);
  return out;
}

VerifierKey VerifierKey::make(std::string name, KeyType type, crypto::PublicKey const& key) {
  FABRICA_CHECK(is_key_name(name) && is_ed25519(type));
  VerifierKey out;
  out.name_ = std::move(name);
  out.type_ = type;
  out.material_.assign(key.bytes.begin(), key.bytes.end());
  out.id_ = key_id(out.name_, type, out.material_);
  return out;
}

std::string VerifierKey::text() const {
  Bytes bytes{static_cast<std::uint8_t>(type_)};
  bytes.insert(bytes.end(), material_.begin(), material_.end());
  return fmt::format("{}+{:08x}+{}", name_, id_, crypto::base64_encode(bytes));
}

Result<SignerKey> SignerKey::parse(std::string_view text) {
  if (!text.starts_with(kPrivate)) return bad_signer();
  auto key = split_key(text.substr(kPrivate.size()));
  if (!key) return bad_signer();
  auto const type = static_cast<KeyType>(key->bytes[0]);
  auto seed = crypto::PrivateKey::from_seed(ByteView{key->bytes}.subspan(1));
  crypto::wipe(key->bytes);
  if (!is_ed25519(type) || !seed) return bad_signer();
  auto verifier = VerifierKey::make(std::string{key->name}, type, seed->public_key());
  if (verifier.id() != key->id) return bad_signer();
  return SignerKey{std::move(verifier), *std::move(seed)};
}

Result<SignerKey> SignerKey::make(std::string name, KeyType type, crypto::PrivateKey key) {
  if (!is_key_name(name))
    return fail(Errc::invalid, "key_name",
                fmt::format("\"{}\" is no key name: write something like factory.example/log, without spaces or plus "
                            "signs.",
                            shown(name)));
  if (!is_ed25519(type))
    return fail(Errc::invalid, "key_type", "This program signs with Ed25519 only (types 0x01 and 0x04).");
  auto verifier = VerifierKey::make(std::move(name), type, key.public_key());
  return SignerKey{std::move(verifier), std::move(key)};
}

Result<SignerKey> SignerKey::generate(std::string name, KeyType type, Random& random) {
  return make(std::move(name), type, crypto::PrivateKey::generate(random));
}

crypto::SecretText SignerKey::text() const {
  Bytes bytes{static_cast<std::uint8_t>(verifier_.type())};
  bytes.reserve(33);
  bytes.insert(bytes.end(), key_.seed().begin(), key_.seed().end());
  auto encoded = crypto::base64_encode(bytes);
  crypto::wipe(bytes);
  crypto::SecretText out{fmt::format("{}{}+{:08x}+{}", kPrivate, verifier_.name(), verifier_.id(), encoded)};
  crypto::wipe(encoded);
  return out;
}

std::string NoteSignature::line() const {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(key_id >> shift));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return fmt::format("{}{} {}\n", kDash, name, crypto::base64_encode(bytes));
}

Result<NoteSignature> NoteSignature::parse(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (!line.starts_with(kDash)) return bad_note("A signature line starts with a long dash and a space.");
  line.remove_prefix(kDash.size());
  auto const space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return bad_note("A signature line has a key's name, a space and base64.");
  auto const bytes = crypto::base64_decode(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return bad_note("A signature is base64 of a key id and at least one byte.");
  NoteSignature out{.name = std::string{line.substr(0, space)}, .key_id = 0, .signature = {}};
  for (std::size_t at = 0; at < 4; ++at) out.key_id = out.key_id << 8 | (*bytes)[at];
  out.signature.assign(bytes->begin() + 4, bytes->end());
  return out;
}

std::string Note::encode() const {
  std::string out = text + "\n";
  for (auto const& signature : signatures) out += signature.line();
  return out;
}

Result<> check_note_text(std::string_view text) {
  if (text.size() > kNoteBytesMax) return fail(Errc::too_large, "note", "The note's text is too long.");
  if (!text.ends_with('\n') || !is_note_utf8(text))
    return bad_note("A note's text is UTF-8 without control characters and ends in a newline.");
  return {};
}

Result<Note> Note::parse(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax)
    return fail(Errc::too_large, "note", fmt::format("A signed note has at most {} bytes.", kNoteBytesMax));
  if (!is_note_utf8(bytes)) return bad_note("A signed note is UTF-8 without control characters other than newlines.");
  auto const split = bytes.rfind("\n\n");
  if (split == std::string_view::npos || !bytes.ends_with('\n'))
    return bad_note("A signed note is a text, an empty line, and lines of signatures.");
  Note note{.text = std::string{bytes.substr(0, split + 1)}, .signatures = {}};
  auto rest = bytes.substr(split + 2);
  while (auto const line = take_line(rest)) {
    if (note.signatures.size() == kNoteSignaturesMax)
      return fail(Errc::too_large, "note", fmt::format("A signed note has at most {} signatures.", kNoteSignaturesMax));
    FABRICA_TRY(auto signature, NoteSignature::parse(*line));
    note.signatures.push_back(std::move(signature));
  }
  if (note.signatures.empty()) return bad_note("The note is not signed.");
  return note;
}

Result<NoteSignature> sign_note(std::string_view text, SignerKey const& key) {
  FABRICA_DO(check_note_text(text));
  if (key.verifier().type() != KeyType::ed25519)
    return fail(Errc::invalid, "key_type", "A cosigner's key signs checkpoints with their time, not notes.");
  auto const signature = key.key().sign(as_bytes(text));
  return NoteSignature{.name = key.name(),
                       .key_id = key.verifier().id(),
                       .signature = Bytes(signature.bytes.begin(), signature.bytes.end())};
}

Result<Verified> verify_signature(std::string_view text, NoteSignature const& signature, VerifierKey const& key) {
  if (!signature.is_by(key)) return bad_signature(signature.name, "is not by the key it is checked with");
  ByteView const bytes{signature.signature};
  switch (key.type()) {
    case KeyType::ed25519: {
      if (bytes.size() != 64) return bad_signature(signature.name, "does not have 64 bytes");
      if (!crypto::verifies(ed25519_of(key), as_bytes(text), signature_of(bytes)))
        return bad_signature(signature.name, "does not verify");
      return Verified{};
    }
    case KeyType::cosignature_ed25519: {
      if (bytes.size() != 72) return bad_signature(signature.name, "does not have 72 bytes");
      std::uint64_t time_s = 0;
      for (auto const byte : bytes.first(8)) time_s = time_s << 8 | byte;
      if (time_s > static_cast<std::uint64_t>(INT64_MAX)) return bad_signature(signature.name, "has no possible time");
      if (!crypto::verifies(ed25519_of(key), as_bytes(cosigned_message(text, time_s)), signature_of(bytes.subspan(8))))
        return bad_signature(signature.name, "does not verify");
      return Verified{.time_s = time_s};
    }
    case KeyType::ecdsa:
    case KeyType::tree_head:
    case KeyType::cosignature_mldsa44: break;
  }
  return fail(Errc::invalid, "key_type",
              fmt::format("The key of {} has type 0x{:02x}, which this program cannot check: it checks Ed25519 (0x01, "
                          "0x04).",
                          shown(key.name()), static_cast<unsigned>(key.type())));
}

Result<std::vector<std::size_t>> verify_note(Note const& note, std::span<VerifierKey const> keys) {
  std::vector<std::size_t> signers;
  for (std::size_t at = 0; at < keys.size(); ++at) {
    bool signed_by_key = false;
    if (!can_verify(keys[at].type())) continue;
    for (auto const& signature : note.signatures) {
      if (!signature.is_by(keys[at])) continue;
      FABRICA_DO(verify_signature(note.text, signature, keys[at]));
      signed_by_key = true;
    }
    if (signed_by_key) signers.push_back(at);
  }
  if (signers.empty()) return fail(Errc::invalid, "signature", "The note is not signed by any known key.");
  return signers;
}

}  // namespace fabrica::tlog
