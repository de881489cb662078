#include "core/tokenizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "base/random.hpp"

namespace fabrica::recipe {
namespace {

std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    out.emplace_back(next_piece(text));
    text.remove_prefix(out.back().size());
  }
  return out;
}

TEST(Pieces, AreCutWhereTheDocumentationSays) {
  using List = std::vector<std::string>;
  EXPECT_EQ(pieces("Das Haus, 2024!"), (List{"Das", " Haus", ",", " 202", "4", "!"}));
  EXPECT_EQ(pieces("a   b"), (List{"a", "  ", " b"}));
  EXPECT_EQ(pieces("a  \n\tb "), (List{"a", " ", " ", "\n\t", "b", " "}));
  EXPECT_EQ(pieces("καλημέρα κόσμε"), (List{"καλημέρα", " κόσμε"}));
}

TEST(Pieces, AreThoseOfTheExportedPattern) {
  // std::regex works on bytes: a byte above 127 is outside the negated class's ranges, as a character beyond ASCII is.
  std::regex const pattern{" ?[A-Za-z\x80-\xFF]+| ?[0-9]{1,3}| ?[!-/:-@\\[-`{-~]+|[\x01-\x1F\x7F]+| +(?= )| "};
  SeededRandom random{4};
  std::string_view const alphabet = " \n\tab1234.,~\xC3\xA9";
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (auto n = random.below(24); n > 0; --n) text += alphabet[random.below(alphabet.size())];
    std::vector<std::string> expected;
    for (std::sregex_iterator i{text.begin(), text.end(), pattern}; i != std::sregex_iterator{}; ++i)
      expected.push_back(i->str());
    ASSERT_EQ(pieces(text), expected) << text;
  }
}

Tokenizer trained() {
  std::vector<std::string_view> const texts{"the cat the hat the bat", "der Hut der Rat die Tat",
                                            "η γάτα η γάτα το καπέλο"};
  return *Tokenizer::train(texts, 300);
}

TEST(Tokenizer, GivesEveryByteBack) {
  auto const tokenizer = trained();
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  for (std::string const& text : {std::string{"the cat"}, std::string{"η γάτα"}, all, std::string{}}) {
    std::vector<int> ids;
    tokenizer.encode(text, ids);
    EXPECT_EQ(tokenizer.decode(ids), text);
  }
}

TEST(Tokenizer, MergesWhatIsFrequent) {
  std::vector<int> ids;
  trained().encode(" the the", ids);
  EXPECT_EQ(ids.size(), 2U);
}

TEST(Tokenizer, IsTheSameForTheSameTextInAnyOrder) {
  std::vector<std::string_view> const a{"abc abd abe", "xyz xyw", "abc"};
  std::vector<std::string_view> const b{"xyz xyw", "abc", "abc abd abe"};
  EXPECT_EQ(Tokenizer::train(a, 270)->to_json(), Tokenizer::train(b, 270)->to_json());
}

TEST(Tokenizer, EndsWithFewerTokensWhenNothingOccursTwice) {
  std::vector<std::string_view> const texts{"abcdefg"};
  EXPECT_EQ(Tokenizer::train(texts, 1000)->vocab_size(), Tokenizer::kFirstMerge);
}

TEST(Tokenizer, ReadsWhatItWrote) {
  auto const tokenizer = trained();
  auto const again = Tokenizer::parse(tokenizer.to_json());
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ(again->to_json(), tokenizer.to_json());
}

TEST(Tokenizer, RefusesWhatItCannotReadExactly) {
  auto const good = trained().to_json();
  auto const changed = [&](std::string_view from, std::string_view to) {
    auto text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (auto const& bad : {std::string{}, std::string{"[]"}, std::string{"{}"}, good.substr(0, good.size() / 2),
                          changed("BPE", "WordPiece"), changed("\"merges\":[[\"", "\"merges\":[[\"zz"),
                          changed("\"merges\":[[\"", "\"merges\":[[7,\""), changed("Isolated", "Removed"),
                          changed("\"a\":98", "\"a\":99")}) {
    auto const read = Tokenizer::parse(bad);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().reason, "tokenizer");
  }
}

TEST(Tokenizer, EncodesAVeryLongWordQuickly) {
  std::string const text(200'000, 'a');
  std::vector<std::string_view> const texts{"aaaa aaaa aaaaaaaa"};
  auto const tokenizer = *Tokenizer::train(texts, 262);
  std::vector<int> ids;
  tokenizer.encode(text, ids);
  EXPECT_LT(ids.size(), text.size() / 2);
  EXPECT_EQ(tokenizer.decode(ids), text);
}

}  // namespace
}  // namespace fabrica::recipe
