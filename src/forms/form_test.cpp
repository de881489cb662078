#include "forms/form.hpp"

#include <gtest/gtest.h>

#include "forms/shipped.hpp"

namespace fabrica::forms {
namespace {

std::string form_of(std::string_view fields) {
  return R"({"key":"f","title":"F","version":"1","source":"ours","confidence":"official","sections":[{"key":"s","title":"S","fields":[)" +
         std::string{fields} + "]}]}";
}

constexpr std::string_view kNumber = R"({"key":"n","label":"N","type":"integer"})";

struct Wrong {
  char const* name;
  std::string fields;
  char const* pointer;
  char const* says;
};

TEST(FormDefinition, NamesEachFaultAtItsPointer) {
  std::string const n{kNumber};
  Wrong const kWrong[] = {
      {"key twice", n + "," + n, "/sections/0/fields/1/key", "Another field"},
      {"key of odd letters", R"({"key":"Ñ","label":"N","type":"integer"})", "/sections/0/fields/0/key", "a-z"},
      {"unknown type", R"({"key":"a","label":"A","type":"number"})", "/sections/0/fields/0/type", "Must be"},
      {"unknown member", R"({"key":"a","labell":"A","label":"A","type":"integer"})", "/sections/0/fields/0/labell",
       "label"},
      {"choice without options", R"({"key":"a","label":"A","type":"choice"})", "/sections/0/fields/0/options",
       "needs options"},
      {"option twice",
       R"({"key":"a","label":"A","type":"choice","options":[{"key":"x","label":"X"},{"key":"x","label":"X"}]})",
       "/sections/0/fields/0/options/1/key", "Another option"},
      {"text without a limit", R"({"key":"a","label":"A","type":"text"})", "/sections/0/fields/0/limits", "how long"},
      {"limit of another type", R"({"key":"a","label":"A","type":"integer","limits":{"words_max":3}})",
       "/sections/0/fields/0/limits/words_max", "Only long texts"},
      {"limits crossed", R"({"key":"a","label":"A","type":"integer","limits":{"min":3,"max":2}})",
       "/sections/0/fields/0/limits/min", "above"},
      {"attachment without size",
       R"({"key":"a","label":"A","type":"attachment","limits":{"media_types":["application/pdf"]}})",
       "/sections/0/fields/0/limits", "bytes_max"},
      {"condition on nothing",
       R"({"key":"a","label":"A","type":"integer","shown_when":{"field":"nn","is_set":true}},)" + n,
       "/sections/0/fields/0/shown_when/field", "Did you mean \"n\""},
      {"condition of two tests",
       R"({"key":"a","label":"A","type":"integer","shown_when":{"field":"n","is_set":true,"equals":1}},)" + n,
       "/sections/0/fields/0/shown_when", "exactly one"},
      {"condition of two shapes",
       R"({"key":"a","label":"A","type":"integer","shown_when":{"field":"n","all":[{"field":"n","is_set":true}]}},)" +
           n,
       "/sections/0/fields/0/shown_when", "exactly one of field"},
      {"condition with a wrong literal",
       R"({"key":"a","label":"A","type":"integer","shown_when":{"field":"n","equals":"1"}},)" + n,
       "/sections/0/fields/0/shown_when/equals", "number"},
      {"condition on no option",
       R"({"key":"c","label":"C","type":"choice","options":[{"key":"x","label":"X"}]},{"key":"a","label":"A","type":"integer","shown_when":{"field":"c","any_of":["x","y"]}})",
       "/sections/0/fields/1/shown_when/any_of/1", "no such option"},
      {"circle of conditions",
       R"({"key":"a","label":"A","type":"integer","shown_when":{"field":"b","is_set":true}},{"key":"b","label":"B","type":"integer","shown_when":{"field":"a","is_set":true}})",
       "/sections/0/fields/0/shown_when", "a -> b -> a"},
      {"required_when alone",
       R"({"key":"a","label":"A","type":"integer","required_when":{"field":"n","is_set":true}},)" + n,
       "/sections/0/fields/0/required", "only then"},
      {"table without columns", R"({"key":"t","label":"T","type":"table"})", "/sections/0/fields/0/columns",
       "needs columns"},
      {"table in a table",
       R"({"key":"t","label":"T","type":"table","columns":[{"key":"u","label":"U","type":"table","columns":[{"key":"v","label":"V","type":"integer"}]}]})",
       "/sections/0/fields/0/columns/0/type", "no table"},
      {"sum of no column", R"({"key":"a","label":"A","type":"integer","sums":[{"table":"n","column":"x"}]},)" + n,
       "/sections/0/fields/0/sums/0/column", "no such column"},
      {"consent taken over", R"({"key":"a","label":"A","type":"yes_no_unknown","must_be":"yes","reuse":"x.y"})",
       "/sections/0/fields/0/reuse", "anew"},
      {"personal data in public",
       R"({"key":"a","label":"A","type":"email","personal_data":true,"visible_to":["applicant","public"]})",
       "/sections/0/fields/0/visible_to", "Personal data"},
      {"bidi override in a label", "{\"key\":\"a\",\"label\":\"A\xE2\x80\xAE\",\"type\":\"integer\"}",
       "/sections/0/fields/0/label", "direction"},
      {"quantity without unit", R"({"key":"a","label":"A","type":"quantity"})", "/sections/0/fields/0/unit", "unit"},
  };
  for (auto const& one : kWrong) {
    auto const form = parse(form_of(one.fields));
    ASSERT_FALSE(form) << one.name;
    bool found = false;
    std::string all;
    for (auto const& fault : form.error().faults) {
      all += fault.pointer + ": " + fault.what + "\n";
      found = found || (fault.pointer == one.pointer && fault.what.find(one.says) != std::string::npos);
    }
    EXPECT_TRUE(found) << one.name << ": " << form.error().what << "\n" << all;
  }
}

TEST(FormDefinition, CirclesThroughASectionAreFound) {
  auto const form = parse(
      R"({"key":"f","title":"F","version":"1","source":"o","confidence":"official","sections":[{"key":"s","title":"S",)"
      R"("shown_when":{"field":"a","is_set":true},"fields":[{"key":"a","label":"A","type":"integer"}]}]})");
  ASSERT_FALSE(form);
  EXPECT_NE(form.error().faults.at(0).what.find("a -> a"), std::string::npos);
}

TEST(FormDefinition, ConditionsNestSixLevelsAndNoMore) {
  auto const nested = [](int levels) {
    std::string condition = R"({"field":"n","is_set":true})";
    for (int level = 1; level < levels; ++level) condition = R"({"all":[)" + condition + "]}";
    return form_of(R"({"key":"a","label":"A","type":"integer","shown_when":)" + condition + "}," +
                   std::string{kNumber});
  };
  EXPECT_TRUE(parse(nested(6)));
  EXPECT_FALSE(parse(nested(7)));
}

TEST(FormDefinition, ReadsBackWhatItWrites) {
  for (auto const& key : shipped_keys()) {
    auto const form = shipped(key);
    ASSERT_TRUE(form) << key << ' ' << form.error().what;
    auto const again = parse(json::write(*form));
    ASSERT_TRUE(again) << key << ' ' << again.error().what;
    EXPECT_EQ(digest(*again), digest(*form));
  }
}

TEST(FormDigest, IsOfTheMeaningNotOfTheSpelling) {
  auto const one = parse(form_of(R"({"key":"a","label":"A","type":"integer"})"));
  auto const same = parse(form_of(R"( {"type":"integer","label":"A","key":"a","help":"","required":"never"} )"));
  auto const other = parse(form_of(R"({"key":"a","label":"B","type":"integer"})"));
  ASSERT_TRUE(one && same && other);
  EXPECT_EQ(digest(*one), digest(*same));
  EXPECT_NE(digest(*one), digest(*other));
}

TEST(FormDiff, TellsWordsFromWhatChangesAnswers) {
  auto const before = *parse(form_of(
      R"({"key":"a","label":"A","type":"integer"},{"key":"b","label":"B","type":"integer"},{"key":"gone","label":"G","type":"integer"})"));
  auto const after = *parse(form_of(
      R"({"key":"a","label":"A, better","type":"integer"},{"key":"b","label":"B","type":"integer","limits":{"max":3}},{"key":"fresh","label":"F","type":"integer","required":"always"})"));
  auto const changes = diff(before, after);
  ASSERT_EQ(changes.size(), 4u) << json::write(changes);
  EXPECT_EQ(changes[0].part, "label");
  EXPECT_FALSE(changes[0].affects_answers);
  EXPECT_EQ(changes[1].part, "limits");
  EXPECT_TRUE(changes[1].affects_answers);
  EXPECT_EQ(changes[2].kind, ChangeKind::removed);
  EXPECT_EQ(changes[2].key, "gone");
  EXPECT_EQ(changes[3].kind, ChangeKind::added);
  EXPECT_TRUE(changes[3].affects_answers);
  EXPECT_TRUE(diff(before, before).empty());
}

}  // namespace
}  // namespace fabrica::forms
