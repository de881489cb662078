#include <gtest/gtest.h>

#include "base/id.hpp"
#include "base/page.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace fabrica {
namespace {

TEST(Time, FormatsAndParsesBack) {
  for (char const* text : {"1970-01-01T00:00:00Z", "2026-11-23T12:04:56Z", "2024-02-29T23:59:59.000001Z"}) {
    auto const time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_time(*time), text);
  }
}

TEST(Time, TakesOffsetsAndBareDates) {
  EXPECT_EQ(*parse_time("2026-03-29T10:00:00+02:00"), *parse_time("2026-03-29T08:00:00Z"));
  EXPECT_EQ(*parse_time("2026-03-29"), *parse_time("2026-03-29T00:00:00Z"));
}

TEST(Time, RefusesWhatIsNotATime) {
  for (char const* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z", "-026-01-01"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(PublicId, SortsByTimeAndReadsBack) {
  SeededRandom random{7};
  auto const early = PublicId::make(1'000'000'000'000, random);
  auto const late = PublicId::make(2'000'000'000'000, random);
  EXPECT_LT(early, late);
  EXPECT_EQ(PublicId::parse(early.text()), early);
  EXPECT_EQ(early.text()[14], '7');
  EXPECT_FALSE(PublicId::parse("0193571E-7c1f-7a3b-8d1e-5f2a9b3c4d5e"));
  EXPECT_FALSE(PublicId::parse(""));
}

TEST(SeededRandom, RepeatsItselfAndStaysBelowItsBound) {
  SeededRandom one{42};
  SeededRandom two{42};
  for (int at = 0; at < 1000; ++at) {
    auto const drawn = one.below(10);
    EXPECT_LT(drawn, 10u);
    EXPECT_EQ(drawn, two.below(10));
  }
}

TEST(CsvCell, IsNoFormulaAndOneField) {
  EXPECT_EQ(csv_cell("plain"), "\"plain\"");
  EXPECT_EQ(csv_cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
  for (auto const* text : {"=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\r", "|x", " \n@x", "＝1"})
    EXPECT_TRUE(csv_cell(text).starts_with("\"'")) << text;
}

TEST(Page, ShowsTextAsTextAndClosesWhatItOpened) {
  Page page{"<b> & \"c\""};
  page.element("<p>", "a\x01<script>", "</p>");
  page.meta_row("absent", "");
  page.table_row({"x", "</td>"});
  auto const html = page.finish("end");
  EXPECT_TRUE(html.contains("<title>&lt;b&gt; &amp; &quot;c&quot;</title>"));
  EXPECT_TRUE(html.contains("<p>a\xEF\xBF\xBD&lt;script&gt;</p><tr><td dir=\"auto\">x</td>"));
  EXPECT_FALSE(html.contains("<script>"));
  EXPECT_FALSE(html.contains("absent"));
  EXPECT_TRUE(html.ends_with("<footer>end</footer>\n</main>\n</body>\n</html>\n"));
}

}  // namespace
}  // namespace fabrica
