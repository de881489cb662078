#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/check.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/encoding.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/password.hpp"
#include "crypto/random.hpp"
#include "crypto/seal.hpp"
#include "crypto/secret.hpp"
#include "crypto/sha256.hpp"
#include "crypto/token.hpp"

namespace fabrica::crypto {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "fabrica-crypto-XXXXXX").string();
    FABRICA_CHECK(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

// FIPS 180-4 examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The short way pads by hand: every length around both block borders must agree with OpenSSL's own padding.
TEST(Sha256, ShortMessagesAgreeWithTheStreamedWay) {
  std::string message;
  for (int length = 0; length < 260; ++length, message += static_cast<char>('a' + length % 26)) {
    Sha256 streamed;
    for (char const c : message) streamed.update(std::string_view{&c, 1});
    auto const expected = streamed.finish();
    EXPECT_EQ(sha256(message), expected) << length;
    if (message.empty()) continue;
    for (std::size_t cut : {std::size_t{1}, message.size() / 2 + 1, message.size()}) {
      auto const bytes = as_bytes(message);
      if (cut > bytes.size()) continue;
      EXPECT_EQ(sha256_prefixed(bytes[0], bytes.subspan(1, cut - 1), bytes.subspan(cut)), expected) << length;
    }
  }
}

TEST(Sha256, StartsOverAfterFinish) {
  Sha256 hash;
  hash.update("abc");
  hash.finish();
  EXPECT_EQ(hash.finish(), sha256(""));
}

TEST(Sha256, HashesFilesAndSaysWhenThereIsNone) {
  Folder const folder;
  std::ofstream{folder.path / "a"} << std::string(300'000, 'x');
  auto const found = sha256_file(folder.path / "a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size_bytes, 300'000u);
  EXPECT_EQ(found->digest, sha256(std::string(300'000, 'x')));
  EXPECT_EQ(sha256_file(folder.path / "b").error().reason, "file_missing");
  EXPECT_EQ(sha256_file(folder.path).error().reason, "file_read");
}

// RFC 4231 cases 2 and 6 (a key longer than a block).
TEST(Hmac, GivesThePublishedValues) {
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  Bytes const key(131, 0xaa);
  EXPECT_EQ(hmac_sha256(key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")).hex(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, ReadsItsOwnTextOnly) {
  auto const digest = sha256("abc");
  EXPECT_EQ(*Digest::from_hex(digest.hex()), digest);
  EXPECT_FALSE(Digest::from_hex(digest.hex().substr(2)));
  EXPECT_FALSE(Digest::from_hex("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_FALSE(Digest::from_hex(digest.hex() + "00"));
}

// RFC 4648 section 10.
TEST(Base64, GivesThePublishedTexts) {
  for (auto const& [plain, text] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), text);
    EXPECT_EQ(as_text(*base64_decode(text)), plain);
  }
  EXPECT_EQ(base64url_encode(Bytes{0xfb, 0xff}), "-_8");
  EXPECT_EQ(*base64url_decode("-_8"), (Bytes{0xfb, 0xff}));
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (char const* text :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm-_", "Zm9v====", "A", "AB=C",
        "Zm9vYg=="
        "="})
    EXPECT_FALSE(base64_decode(text)) << text;
  for (char const* text : {"Zg==", "Zh", "A", "Zm+/", "Zm8 "}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Hex, ReadsPairsOnly) {
  EXPECT_EQ(hex_encode(Bytes{0, 0x0f, 0xff}), "000fff");
  EXPECT_EQ(*hex_decode("000fFF"), (Bytes{0, 0x0f, 0xff}));
  for (char const* text : {"0", "0g", "+1", " 1", "0x"}) EXPECT_FALSE(hex_decode(text)) << text;
}

// RFC 8032 section 7.1, tests 1 and 2.
TEST(Ed25519, GivesThePublishedSignatures) {
  struct Case {
    char const *seed, *key, *message, *signature;
  };
  for (auto const& c : {Case{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                             "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
                             "cf9b46bd25bf5f0595bb"
                             "e24655141438e7a100b"},
                        Case{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                             "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                             "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
                             "0f11d8c387b2eaeb4302"
                             "aeeb00d291612bb0c00"}}) {
    auto const key = PrivateKey::from_seed(*hex_decode(c.seed));
    ASSERT_TRUE(key);
    EXPECT_EQ(hex_encode(key->public_key().bytes), c.key);
    auto const message = *hex_decode(c.message);
    auto const signature = key->sign(message);
    EXPECT_EQ(hex_encode(signature.bytes), c.signature);
    EXPECT_TRUE(verifies(key->public_key(), message, signature));
  }
}

TEST(Ed25519, RefusesEveryChangedBit) {
  SeededRandom random{1};
  auto const key = PrivateKey::generate(random);
  auto const message = as_bytes("a statement");
  auto const signature = key.sign(message);
  ASSERT_TRUE(verifies(key.public_key(), message, signature));
  EXPECT_FALSE(verifies(key.public_key(), as_bytes("a Statement"), signature));
  for (std::size_t bit = 0; bit < 512; bit += 7) {
    auto changed = signature;
    changed.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(verifies(key.public_key(), message, changed)) << bit;
  }
  EXPECT_FALSE(verifies(PublicKey{}, message, signature));
  EXPECT_FALSE(PrivateKey::from_seed(Bytes(31)));
}

TEST(Password, MatchesItsOwnHashOnly) {
  auto const hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
  EXPECT_TRUE(password_matches(*hash, "correct horse"));
  EXPECT_FALSE(password_matches(*hash, "correct horsf"));
  EXPECT_FALSE(password_needs_rehash(*hash));
}

TEST(Password, RefusesWhatIsNoHashOrNoPassword) {
  EXPECT_FALSE(password_matches("", "x"));
  EXPECT_FALSE(password_matches("x", "x"));
  EXPECT_FALSE(password_matches("$argon2id$v=19$m=65536,t=3,p=1$", "x"));
  EXPECT_FALSE(password_matches(std::string(1000, '$'), "x"));
  EXPECT_FALSE(hash_password(""));
  EXPECT_FALSE(hash_password(std::string(kPasswordBytesMax + 1, 'x')));
  EXPECT_TRUE(password_needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2g"));
  EXPECT_FALSE(password_needs_rehash(hash_of_nobody()));
}

TEST(Token, IsFoundByItsDigestAndKnownByItsForm) {
  SeededRandom random{3};
  auto const token = make_token("fab_", random);
  EXPECT_EQ(token.text.size(), 47u);
  EXPECT_TRUE(token.text.starts_with("fab_"));
  EXPECT_EQ(token.digest, token_digest(token.text));
  EXPECT_TRUE(looks_like_token("fab_", token.text));
  for (std::string const& text : {std::string{}, token.text + "A", token.text.substr(1), "fab_" + std::string(43, '+'),
                                  "fab_" + std::string(43, 'B')})
    EXPECT_FALSE(looks_like_token("fab_", text)) << text;
  EXPECT_NE(make_token("fab_", random).text, token.text);
}

TEST(SystemRandom, NeverRepeats) {
  SystemRandom random;
  std::set<Bytes> seen;
  for (int at = 0; at < 100; ++at) {
    Bytes drawn(16);
    random.fill(drawn);
    EXPECT_TRUE(seen.insert(drawn).second);
  }
}

TEST(Secret, ComparesByContentAndWipes) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  Bytes bytes{1, 2, 3};
  wipe(bytes);
  EXPECT_EQ(bytes, Bytes(3));
}

TEST(KeyFile, IsPrivateAndNeverReplaced) {
  Folder const folder;
  auto const path = folder.path / "log.key";
  ASSERT_TRUE(write_key_file(path, "secret"));
  EXPECT_EQ(read_key_file(path)->text(), "secret");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  auto const again = write_key_file(path, "other");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "key_exists");
  EXPECT_EQ(read_key_file(path)->text(), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator{folder.path}, fs::directory_iterator{}), 1);
}

TEST(KeyFile, IsRefusedWhereOthersMayReadIt) {
  Folder const folder;
  auto const path = folder.path / "log.key";
  ASSERT_TRUE(write_key_file(path, "secret"));
  for (mode_t const mode : {0640, 0604, 0620, 0601}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(read_key_file(path).error().reason, "key_readable") << mode;
  }
  EXPECT_EQ(read_key_file(folder.path / "none").error().reason, "key_missing");
}

TEST(Seal, GivesTheTextBackToTheKeyAloneAndToNobodyWhoChangedIt) {
  SystemRandom random;
  Bytes key(kSealKeyBytes, 7);
  auto const sealed = seal(key, "rvw_token", random);
  EXPECT_EQ(unseal(key, sealed)->text(), "rvw_token");
  EXPECT_NE(sealed, seal(key, "rvw_token", random));
  EXPECT_EQ(as_text(sealed).find("token"), std::string_view::npos);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto changed = sealed;
    changed[at] ^= 1;
    EXPECT_EQ(unseal(key, changed).error().reason, "sealed") << at;
  }
  EXPECT_EQ(unseal(key, ByteView{sealed}.first(10)).error().reason, "sealed");
  key[0] ^= 1;
  EXPECT_EQ(unseal(key, sealed).error().reason, "sealed");
}

TEST(ReplaceFile, ReplacesAndLeavesNothingElse) {
  Folder const folder;
  auto const path = folder.path / "checkpoint";
  ASSERT_TRUE(replace_file(path, as_bytes("one")));
  ASSERT_TRUE(replace_file(path, as_bytes("two")));
  EXPECT_EQ(as_text(*read_file(path, 10)), "two");
  EXPECT_EQ(read_file(path, 2).error().reason, "file_read");
  EXPECT_EQ(read_file(folder.path / "none", 2).error().reason, "file_missing");
  EXPECT_EQ(replace_file(folder.path / "no" / "file", as_bytes("x")).error().reason, "file_write");
  EXPECT_EQ(std::distance(fs::directory_iterator{folder.path}, fs::directory_iterator{}), 1);
}

}  // namespace
}  // namespace fabrica::crypto
