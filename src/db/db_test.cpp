#include <gtest/gtest.h>

#include "db/impl/sql_text.hpp"
#include "db/mapping.hpp"

namespace fabrica::db {
namespace {

enum class Colour : std::uint8_t { red, delete_ };
BOOST_DESCRIBE_ENUM(Colour, red, delete_)

TEST(NumberedParameters, KeepTheirNumberInSqlite) {
  EXPECT_EQ(number_parameters("SELECT 10 * $2 + $1, $12"), "SELECT 10 * ?2 + ?1, ?12");
}

TEST(NumberedParameters, AreLeftAloneInsideTextsNamesAndComments) {
  std::string_view const sql = "SELECT '$1', 'it''s $1', \"$1\" -- $1\n /* $1 */ ";
  EXPECT_EQ(number_parameters(std::string{sql} + "$1"), std::string{sql} + "?1");
  EXPECT_EQ(number_parameters("'$1"), "'$1");
  EXPECT_EQ(number_parameters("$ $0 $a"), "$ $0 $a");
}

TEST(StorableText, IsUtf8WithoutNul) {
  for (std::string_view good : {"", "plain", "a longer plain text", "Žluťoučký kůň", "€", "\U0001F600", "12345678é"})
    EXPECT_TRUE(storable_text(good)) << good;
  using namespace std::string_view_literals;
  for (std::string_view bad : {"\0"sv, "abcdefg\0hijklmnop"sv, "\x80"sv, "\xC0\xAF"sv, "\xED\xA0\x80"sv, "\xE2\x82"sv,
                               "\xF5\x80\x80\x80"sv, "abcdefgh\xFF"sv, "\xF0\x80\x80\x80"sv, "abcdefgh\x01\xFF"sv})
    EXPECT_FALSE(storable_text(bad));
}

TEST(EnumNames, DropTheUnderscoreThatCppNeeds) {
  EXPECT_EQ(enum_name(Colour::delete_), "delete");
  EXPECT_EQ(enum_from_name<Colour>("delete"), Colour::delete_);
  EXPECT_EQ(enum_from_name<Colour>("delete_"), std::nullopt);
  EXPECT_EQ(enum_from_name<Colour>("blue"), std::nullopt);
}

TEST(Checksum, IsFnv1a) {
  EXPECT_EQ(checksum(""), 0xCBF29CE484222325U);
  EXPECT_EQ(checksum("foobar"), 0x85944171F73967E8U);
}

TEST(Settings, RefuseUrlsOfOtherDatabases) {
  for (char const* url : {"", "sqlite:", "mysql://x", "/tmp/x.db"}) {
    auto const opened = open({.url = url});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, "database_url");
  }
}

}  // namespace
}  // namespace fabrica::db
