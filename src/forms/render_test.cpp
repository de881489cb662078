#include "forms/render.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fabrica::forms {
namespace {

constexpr std::string_view kForm = R"json({
 "key":"f","title":"F <form>","version":"1","source":"ours","confidence":"official","sections":[
 {"key":"one","title":"One & only","fields":[
  {"key":"title","label":"Title","type":"text",
     "limits":{"characters_max":100},"required":"always",
     "visible_to":["applicant","officer","reviewer","panel","public"]},
  {"key":"person","label":"Person","type":"text",
     "limits":{"characters_max":100},"identifying":true,"personal_data":true},
  {"key":"mail","label":"Mail","type":"email","visible_to":["applicant","officer"]},
  {"key":"unit","label":"Unit","type":"choice",
     "options":[{"key":"gpu_hour","label":"GPU-hours"},{"key":"node_hour","label":"node-hours"}]},
  {"key":"amount","label":"Amount","type":"quantity","unit_from":"unit",
     "visible_to":["applicant","officer","reviewer","panel","public"]},
  {"key":"cost","label":"Cost","type":"money","unit":"EUR"},
  {"key":"safe","label":"Safe","type":"yes_no_unknown"},
  {"key":"country","label":"Country","type":"country"},
  {"key":"why","label":"Why","type":"long_text",
     "limits":{"characters_max":500},"required":"always","shown_when":{"field":"safe","any_of":["no","unknown"]}},
  {"key":"cv","label":"CV","type":"attachment","limits":{"bytes_max":10000,"media_types":["application/pdf"]}},
  {"key":"team","label":"Team","type":"table","columns":[
    {"key":"role","label":"Role","type":"text","limits":{"characters_max":100}},
    {"key":"name","label":"Name","type":"text","limits":{"characters_max":100},"identifying":true},
    {"key":"mail","label":"Mail","type":"email","visible_to":["applicant","officer"]}]}
 ]}]})json";

Form form() { return *parse(kForm); }

std::string const& answers() {
  static std::string const held = fmt::format(
      R"({{"title":"<script>alert('x')</script> & \"more\"","person":"Anna","mail":"anna@example.eu","unit":"gpu_hour",)"
      R"("amount":12500.5,"cost":123456,"safe":"unknown","country":"EL","why":"=1+1\nsecond line",)"
      R"("cv":{{"name":"anna.pdf","media_type":"application/pdf","bytes":2048,"digest":"{}"}},)"
      R"("team":[{{"role":"lead","name":"Anna","mail":"anna@example.eu"}},{{"role":"+44","name":"Bo"}}]}})",
      std::string(64, 'b'));
  return held;
}

Sheet sheet_for(Reader reader) {
  auto out = sheet(form(), answers(), reader);
  EXPECT_TRUE(out) << out.error().what;
  return *std::move(out);
}

TEST(FormSheet, SaysValuesAsPeopleReadThem) {
  auto const shown = sheet_for({Audience::officer});
  std::map<std::string, std::string> texts;
  for (auto const& line : shown.parts.at(0).lines) texts[line.field] = line.text;
  EXPECT_EQ(texts["amount"], "12,500.5 GPU-hours");
  EXPECT_EQ(texts["cost"], "EUR 1,234.56");
  EXPECT_EQ(texts["country"], "Greece (EL)");
  EXPECT_EQ(texts["safe"], "Not known yet");
  EXPECT_TRUE(shown.parts[0].lines[6].open_question);
  EXPECT_EQ(shown.left_out, 0);
}

TEST(FormSheet, ShowsEachReaderOnlyTheirPart) {
  auto const reviewer = json::write(sheet_for({Audience::reviewer}));
  EXPECT_EQ(reviewer.find("anna@example.eu"), std::string::npos);
  EXPECT_NE(reviewer.find("Anna"), std::string::npos);
  auto const blind = json::write(sheet_for({Audience::reviewer, true}));
  EXPECT_EQ(blind.find("Anna"), std::string::npos) << blind;
  EXPECT_EQ(blind.find("anna"), std::string::npos) << "not in a file's name either";
  EXPECT_NE(blind.find("lead"), std::string::npos);
  auto const everyone = sheet_for({Audience::public_});
  ASSERT_EQ(everyone.parts.at(0).lines.size(), 2u);
  EXPECT_EQ(everyone.parts[0].lines[1].field, "amount");
}

TEST(FormHtml, EscapesAndStandsAlone) {
  auto const page = html(sheet_for({Audience::officer}), {"Ω <b>", "0193", true});
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;"), std::string::npos);
  EXPECT_NE(page.find("F &lt;form&gt;"), std::string::npos);
  EXPECT_NE(page.find("One &amp; only"), std::string::npos);
  EXPECT_NE(page.find("DRAFT"), std::string::npos);
  EXPECT_NE(page.find("open question"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("<td dir=\"auto\">lead</td>"), std::string::npos);
  for (char const* outside : {"http://", "https://", "src=", "@import", "url("})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

TEST(FormHtml, LeavesOutWhatIsHiddenAndSaysWhatIsMissing) {
  auto const shown = sheet(form(), R"({"title":"T","safe":"yes","why":"hidden words"})", {Audience::officer});
  ASSERT_TRUE(shown);
  auto const page = html(*shown, {});
  EXPECT_EQ(page.find("hidden words"), std::string::npos);
  EXPECT_NE(page.find("Not answered"), std::string::npos);
  EXPECT_EQ(page.find("DRAFT"), std::string::npos);
}

TEST(FormCsv, NeutralisesFormulasAndQuotes) {
  Reader const officer{Audience::officer};
  EXPECT_EQ(csv_header(form(), officer),
            "\"reference\",\"title\",\"person\",\"mail\",\"unit\",\"amount\",\"cost\",\"safe\",\"country\",\"why\","
            "\"cv\",\"team\"\r\n");
  auto const row = csv_row(form(), answers(), officer, "=REF");
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->starts_with("\"'=REF\",\"<script>alert('x')</script> & \"\"more\"\"\",")) << *row;
  EXPECT_NE(row->find("\"'=1+1\nsecond line\""), std::string::npos);
  EXPECT_NE(row->find(",12500.5,123456,"), std::string::npos) << "numbers stay numbers";
  EXPECT_TRUE(row->ends_with("\r\n"));
  for (char const* text : {"=1", "+1", "-1", "@A1", "＝1"}) {
    auto const one = csv_row(form(), fmt::format(R"({{"title":"{}"}})", text), {Audience::public_}, "r");
    ASSERT_TRUE(one);
    EXPECT_EQ(*one, fmt::format("\"r\",\"'{}\",\r\n", text));
  }
  EXPECT_TRUE(csv_row(form(), "{}", officer, "\tr")->starts_with("\"'\tr\","));
  EXPECT_TRUE(csv_row(form(), "{}", officer, "\rr")->starts_with("\"'\rr\","));
}

TEST(FormSchema, SaysTypesLimitsAndConditions) {
  auto const text = json_schema(form(), Stage::submission);
  auto const schema = json::Document::parse(text);
  ASSERT_TRUE(schema) << schema.error().what << text;
  EXPECT_EQ(schema->at("/$schema").text(), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema->at("/required").write(), R"(["title"])");
  EXPECT_EQ(schema->at("/properties/title/maxLength").integer(), 100);
  EXPECT_EQ(schema->at("/properties/unit/enum").write(), R"(["gpu_hour","node_hour"])");
  EXPECT_EQ(schema->at("/properties/cost/type").text(), "integer");
  EXPECT_EQ(schema->at("/additionalProperties").boolean(), false);
  EXPECT_EQ(schema->at("/allOf/0").write(), R"({"if":{"$ref":"#/$defs/shown_why"},"then":{"required":["why"]}})");
  EXPECT_EQ(schema->at("/$defs/shown_why").write(),
            R"({"allOf":[{"properties":{"safe":{"enum":["no","unknown"]}},"required":["safe"]}]})");
  auto const draft = json::Document::parse(json_schema(form(), Stage::draft));
  ASSERT_TRUE(draft);
  EXPECT_FALSE(draft->at("/required"));
  EXPECT_FALSE(draft->at("/properties/title/maxLength"));
}

}  // namespace
}  // namespace fabrica::forms
