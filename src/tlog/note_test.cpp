#include "tlog/note.hpp"

#include <gtest/gtest.h>

#include "tlog/checkpoint.hpp"
#include "tlog/testdata/vectors.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

using testing::hash_of;
using testing::signer;

constexpr std::string_view kSpecVkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr std::string_view kSpecNote =
    "This is an example message.\n\n\xE2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

std::string sig(std::string_view name, std::string_view base64 = "AAAAAQE=") {
  return "\xE2\x80\x94 " + std::string{name} + " " + std::string{base64} + "\n";
}

TEST(Note, VerifiesTheSpecificationsExample) {
  auto const key = VerifierKey::parse(kSpecVkey);
  ASSERT_TRUE(key);
  auto const note = Note::parse(kSpecNote);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->text, "This is an example message.\n");
  EXPECT_EQ(note->encode(), kSpecNote);
  EXPECT_EQ(*verify_note(*note, std::span{&*key, 1}), std::vector<std::size_t>{0});
}

TEST(Note, RefusesEveryChangedBitOfASignedText) {
  auto const key = *VerifierKey::parse(kSpecVkey);
  for (std::size_t bit = 0; bit < 8 * kSpecNote.size(); ++bit) {
    std::string changed{kSpecNote};
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    auto const note = Note::parse(changed);
    EXPECT_FALSE(note && verify_note(*note, std::span{&key, 1})) << bit;
  }
}

TEST(Note, TheLastEmptyLineSplitsTextFromSignatures) {
  auto const note = Note::parse("a\n\nb\n\n" + sig("x") + sig("y"));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->text, "a\n\nb\n");
  EXPECT_EQ(note->signatures.size(), 2u);
  EXPECT_EQ(note->signatures[1].name, "y");
  EXPECT_EQ(note->signatures[1].key_id, 1u);
}

TEST(Note, IsRefusedWhenMalformed) {
  for (auto const& text : std::vector<std::string>{std::string{},
                                                   std::string{"a"},
                                                   std::string{"a\n"},
                                                   std::string{"a\n\n"},
                                                   "a\n" + sig("x"),
                                                   "a\n\n" + sig("x") + "\n",
                                                   "a\n\n" + sig("x").substr(0, sig("x").size() - 1),
                                                   "a\n\n" + sig(""),
                                                   "a\n\n" + sig("x y"),
                                                   "a\n\n" + sig("x+y"),
                                                   "a\n\n" + sig("x\xC2\xA0y"),
                                                   "a\n\n" + sig("x\xE3\x80\x80y"),
                                                   "a\n\n" + sig("x", "AAAAAQ=="),
                                                   "a\n\n" + sig("x", "AAAAAQE"),
                                                   "a\n\n" + sig("x", ""),
                                                   "a\n\n" + sig("x", "AAAAAQE= "),
                                                   "a\n\n- x AAAAAQE=\n",
                                                   "a\t\n\n" + sig("x"),
                                                   "a\r\n\n" + sig("x"),
                                                   std::string{"a\0\n\n", 4} + sig("x"),
                                                   "a\xFF\n\n" + sig("x"),
                                                   "\xC0\x80\n\n" + sig("x"),
                                                   "\xED\xA0\x80\n\n" + sig("x"),
                                                   "\xF4\x90\x80\x80\n\n" + sig("x"),
                                                   "\xE2\x82\n\n" + sig("x"),
                                                   "a\n\n" + sig("x") + "text\n"})
    EXPECT_FALSE(Note::parse(text)) << text;
}

TEST(Note, TakesSixteenSignaturesAndMoreUpToItsLimit) {
  std::string text = "a\n\n";
  for (std::size_t count = 0; count < kNoteSignaturesMax; ++count) text += sig("x");
  EXPECT_TRUE(Note::parse(text));
  EXPECT_EQ(Note::parse(text + sig("x")).error().code, Errc::too_large);
  EXPECT_EQ(Note::parse(std::string(kNoteBytesMax, 'a') + "\n\n" + sig("x")).error().code, Errc::too_large);
}

TEST(VerifyNote, IgnoresStrangersAndRefusesForgeries) {
  SeededRandom random{1};
  auto const one = *SignerKey::generate("one.example", KeyType::ed25519, random);
  auto const two = *SignerKey::generate("two.example", KeyType::ed25519, random);
  auto const namesake = *SignerKey::generate("one.example", KeyType::ed25519, random);
  std::string const text = "hello\n";
  Note note{.text = text, .signatures = {*sign_note(text, namesake), *sign_note(text, two), *sign_note(text, one)}};
  std::vector<VerifierKey> const keys{one.verifier(), two.verifier()};
  EXPECT_EQ(*verify_note(note, keys), (std::vector<std::size_t>{0, 1}));
  EXPECT_FALSE(verify_note(note, {}));
  // The same id and name with another signature is a forgery, and refuses the whole note.
  auto forged = note;
  forged.signatures.push_back(*sign_note("other\n", one));
  EXPECT_EQ(verify_note(forged, keys).error().reason, "signature");
  note.signatures.resize(1);
  EXPECT_EQ(verify_note(note, keys).error().reason, "signature");
}

TEST(VerifierKey, ReadsTheTextItWrites) {
  for (auto const text :
       {kSpecVkey, vectors::kLogVkey, vectors::kWitnessVkey,
        std::string_view{"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
        std::string_view{"example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"}}) {
    auto const key = VerifierKey::parse(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->text(), text);
  }
}

TEST(VerifierKey, IsRefusedWhenMalformed) {
  for (std::string const& text :
       {std::string{}, std::string{"a"}, std::string{"a+530d903a"},
        std::string{"a+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"}, "+" + std::string{kSpecVkey.substr(16)},
        std::string{kSpecVkey} + "=", std::string{kSpecVkey.substr(0, kSpecVkey.size() - 4)},
        std::string{"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"},
        std::string{kSpecVkey} + " "})
    EXPECT_FALSE(VerifierKey::parse(text)) << text;
}

TEST(SignerKey, MakesTheVectorsKeysAndReadsItsOwnText) {
  auto const log = signer("factory.example/log", KeyType::ed25519, vectors::kLogSeedHex);
  EXPECT_EQ(log.verifier().text(), vectors::kLogVkey);
  auto const witness = signer("peer.example/witness", KeyType::cosignature_ed25519, vectors::kWitnessSeedHex);
  EXPECT_EQ(witness.verifier().text(), vectors::kWitnessVkey);
  auto const read = SignerKey::parse(log.text().text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->verifier(), log.verifier());
  // The private key in the documentation of Go's package.
  EXPECT_EQ(SignerKey::parse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
                ->verifier()
                .text(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

TEST(SignerKey, SaysNothingOfTheSecretWhenRefused) {
  for (char const* text : {"", "PRIVATE+KEY+", "PRIVATE+KEY+a+00000000+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
                           "PRIVATE+KEY+PeterNeumann+c74f20a3+AoEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"}) {
    auto const key = SignerKey::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().what.find("EKFALV"), std::string::npos);
  }
  SeededRandom random{1};
  EXPECT_EQ(SignerKey::generate("a b", KeyType::ed25519, random).error().reason, "key_name");
  EXPECT_EQ(SignerKey::generate("a", KeyType::cosignature_mldsa44, random).error().reason, "key_type");
}

TEST(Checkpoint, IsSignedAsInTheVectors) {
  auto const log = signer("factory.example/log", KeyType::ed25519, vectors::kLogSeedHex);
  auto const root = hash_of(vectors::kRoots.back().root);
  auto const made =
      sign_checkpoint({.origin = "factory.example/log", .size = 70'000, .root = root, .extensions = {}}, log);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->encode(), vectors::kCheckpoint);
  EXPECT_EQ(*SignedCheckpoint::parse(vectors::kCheckpoint), *made);
  EXPECT_FALSE(sign_checkpoint({.origin = "other.example/log", .size = 1, .root = root, .extensions = {}}, log));
  for (char const* extension : {"", "a\nb", "a\tb"})
    EXPECT_FALSE(
        sign_checkpoint({.origin = "factory.example/log", .size = 1, .root = root, .extensions = {extension}}, log));
}

TEST(Checkpoint, IsRefusedWhenMalformed) {
  std::string const root = "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=";
  EXPECT_TRUE(Checkpoint::parse("o\n9223372036854775807\n" + root + "\n"));
  EXPECT_EQ(Checkpoint::parse("o\n1\n" + root + "\nextension\n")->extensions, std::vector<std::string>{"extension"});
  for (auto const& text : std::vector<std::string>{
           std::string{}, std::string{"o\n"}, std::string{"o\n1\n"}, "o\n1\n" + root, "\n1\n" + root + "\n",
           "o\n01\n" + root + "\n", "o\n-1\n" + root + "\n", "o\n+1\n" + root + "\n", "o\n\n" + root + "\n",
           "o\n9223372036854775808\n" + root + "\n", "o\n1\n" + root.substr(4) + "\n", "o\n1\n" + root + " \n",
           "o\n1\n" + root + "\n\n", "o\n1\nAAAA\n", "o\n1 \n" + root + "\n"})
    EXPECT_FALSE(Checkpoint::parse(text)) << text;
}

TEST(Cosignature, IsThatOfTheVectors) {
  auto const witness = signer("peer.example/witness", KeyType::cosignature_ed25519, vectors::kWitnessSeedHex);
  auto checkpoint = *SignedCheckpoint::parse(vectors::kCheckpoint);
  EXPECT_EQ(cosigned_message(checkpoint.note.text, vectors::kCosignatureSeconds), vectors::kCosignedMessage);
  auto const signature = cosign(checkpoint.note.text, witness, vectors::kCosignatureSeconds);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->line(), vectors::kCosignatureLine);
  EXPECT_EQ(verify_signature(checkpoint.note.text, *signature, witness.verifier())->time_s,
            vectors::kCosignatureSeconds);
  EXPECT_EQ(*add_cosignatures(checkpoint, vectors::kCosignatureLine, witness.verifier()), 1u);
  EXPECT_EQ(checkpoint.encode(), vectors::kCosignedCheckpoint);
}

TEST(Cosignature, RefusesEveryChangedBit) {
  auto const key = *VerifierKey::parse(vectors::kWitnessVkey);
  auto const checkpoint = *SignedCheckpoint::parse(vectors::kCheckpoint);
  auto const signature = *NoteSignature::parse(vectors::kCosignatureLine);
  for (std::size_t bit = 0; bit < 8 * signature.signature.size(); ++bit) {
    auto changed = signature;
    changed.signature[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(verify_signature(checkpoint.note.text, changed, key)) << bit;
  }
}

TEST(Cosignature, OfAWitnessThatIsNotAskedIsLeftOut) {
  SeededRandom random{2};
  auto const other = *SignerKey::generate("peer.example/witness", KeyType::cosignature_ed25519, random);
  auto checkpoint = *SignedCheckpoint::parse(vectors::kCheckpoint);
  auto const before = checkpoint;
  auto const key = *VerifierKey::parse(vectors::kWitnessVkey);
  EXPECT_EQ(*add_cosignatures(checkpoint, cosign(checkpoint.note.text, other, 1)->line(), key), 0u);
  auto bad = *NoteSignature::parse(vectors::kCosignatureLine);
  bad.signature.back() ^= 1;
  EXPECT_EQ(*add_cosignatures(checkpoint, bad.line(), key), 0u);
  EXPECT_FALSE(add_cosignatures(checkpoint, "<html>\n", key));
  EXPECT_FALSE(add_cosignatures(checkpoint, vectors::kCosignatureLine.substr(0, 100), key));
  EXPECT_EQ(checkpoint, before);
  EXPECT_EQ(cosign(checkpoint.note.text, signer("a", KeyType::ed25519, vectors::kLogSeedHex), 1).error().reason,
            "key_type");
  EXPECT_FALSE(cosign("no checkpoint\n", other, 1));
}

}  // namespace
}  // namespace fabrica::tlog
