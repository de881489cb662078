#include "forms/check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "forms/shipped.hpp"
#include "forms/testdata/plan.hpp"

namespace fabrica::forms {
namespace {

// One field of each type, with conditions, a sum and a consent.
constexpr std::string_view kForm = R"json({
 "key":"all","title":"All","version":"1","source":"ours","confidence":"official","sections":[
 {"key":"one","title":"One","fields":[
  {"key":"name","label":"Name","type":"text",
     "limits":{"characters_min":2,"characters_max":20},"required":"always","reuse":"person.name","identifying":true},
  {"key":"story","label":"Story","type":"long_text","limits":{"words_max":5}},
  {"key":"nodes","label":"Nodes","type":"integer","limits":{"min":1,"max":64}},
  {"key":"nodes_max","label":"Most nodes","type":"integer"},
  {"key":"share","label":"Share","type":"decimal","limits":{"min":-1,"max":1,"decimals":3}},
  {"key":"disk","label":"Disk","type":"quantity","unit":"TB","fills_from":{"pointer":"/storage/total_gb",
     "times":0.001}},
  {"key":"civilian","label":"Civilian","type":"yes_no_unknown","required":"always","fact":"use.civilian"},
  {"key":"kind","label":"Kind","type":"choice",
     "options":[{"key":"small","label":"Small"},{"key":"big","label":"Big"}]},
  {"key":"why_big","label":"Why big","type":"text",
     "limits":{"characters_max":50},
     "required":"always","shown_when":{"field":"kind","equals":"big"},"fact":"why.big"},
  {"key":"how_big","label":"How big","type":"integer","shown_when":{"field":"why_big","is_set":true}},
  {"key":"marks","label":"Marks","type":"choices",
     "options":[{"key":"a","label":"A"},{"key":"b","label":"B"},{"key":"c","label":"C"}],"limits":{"items_max":2}},
  {"key":"start","label":"Start","type":"date","not_above":"end"},
  {"key":"end","label":"End","type":"date"},
  {"key":"country","label":"Country","type":"country"},
  {"key":"mail","label":"Mail","type":"email"},
  {"key":"page","label":"Page","type":"url"},
  {"key":"orcid","label":"ORCID","type":"orcid"},
  {"key":"cost","label":"Cost","type":"money","unit":"EUR"},
  {"key":"total","label":"Total","type":"quantity","unit":"GPU-hours",
     "limits":{"decimals":1},"sums":[{"table":"steps","column":"hours"}]},
  {"key":"steps","label":"Steps","type":"table","limits":{"items_max":3},"columns":[
    {"key":"what","label":"What","type":"text","limits":{"characters_max":30},"required":"always"},
    {"key":"hours","label":"Hours","type":"quantity","unit":"GPU-hours","limits":{"decimals":1}}]},
  {"key":"paper","label":"Paper","type":"attachment","limits":{"bytes_max":1000,"media_types":["application/pdf"]}},
  {"key":"terms","label":"Terms","type":"yes_no_unknown","must_be":"yes"},
  {"key":"if_many","label":"If many","type":"integer",
     "required":"when","required_when":{"field":"nodes","greater_than":8}}
 ]}]})json";

Form const& form() {
  static Form const held = [] {
    auto made = parse(kForm);
    if (!made)
      for (auto const& fault : made.error().faults) ADD_FAILURE() << fault.pointer << ' ' << fault.what;
    return *std::move(made);
  }();
  return held;
}

Checked checked(std::string_view answers, Stage stage = Stage::submission) {
  auto out = check(form(), answers, stage);
  EXPECT_TRUE(out) << out.error().what;
  return *std::move(out);
}

std::string listed(std::vector<Finding> const& findings) {
  std::string out;
  for (auto const& one : findings) out += fmt::format("{} {}; ", one.pointer, one.rule);
  return out;
}

// Answers beside the required ones.
std::string with(std::string_view more) {
  return fmt::format(R"({{"name":"Anna","civilian":"yes"{}{}}})", more.empty() ? "" : ",", more);
}

struct Case {
  char const* name;
  std::string answers;
  char const* faults;  // at submission
  bool draft_keeps;
};

TEST(FormCheck, FindsEachClassOfFaultAtItsPointer) {
  std::string const digest(64, 'a');
  auto const paper = [&](std::string_view type, int bytes, std::string_view hex) {
    return with(
        fmt::format(R"("paper":{{"name":"p.pdf","media_type":"{}","bytes":{},"digest":"{}"}})", type, bytes, hex));
  };
  Case const kCases[] = {
      {"complete", with(""), "", true},
      {"nothing", "{}", "/name required; /civilian required; ", true},
      {"null is no answer", R"({"name":null,"civilian":"yes"})", "/name required; ", true},
      {"white space is no answer", "{\"name\":\" \xC2\xA0\\n\",\"civilian\":\"yes\"}", "/name required; ", true},
      {"wrong type", R"({"name":7,"civilian":"yes"})", "/name type; ", false},
      {"too short", R"({"name":"A","civilian":"yes"})", "/name too_short; ", true},
      {"too long", R"({"name":"AAAAAAAAAAAAAAAAAAAAA","civilian":"yes"})", "/name too_long; ", true},
      {"two lines", R"({"name":"An\nna","civilian":"yes"})", "/name one_line; ", false},
      {"too many words", with(R"("story":"one two three four five six")"), "/story too_many_words; ", true},
      {"five words", with(R"("story":"one, two - three; four five!")"), "", true},
      {"not whole", with(R"("nodes":1.5)"), "/nodes whole; ", false},
      {"exponents are whole", with(R"("nodes":2e1,"if_many":1)"), "", true},
      {"below", with(R"("nodes":0)"), "/nodes too_small; ", true},
      {"above", with(R"("nodes":65,"if_many":1)"), "/nodes too_large; ", true},
      {"a number as text", with(R"("nodes":"4")"), "/nodes type; ", false},
      {"negative without saying so", with(R"("disk":-1)"), "/disk too_small; ", true},
      {"decimals", with(R"("share":0.1234)"), "/share decimals; ", false},
      {"too many digits", with(R"("share":0.12345678901234567)"), "/share number; ", false},
      {"huge", with(R"("disk":1e300)"), "/disk number; ", false},
      {"numbers that have nothing to do with each other", with(R"("nodes":5,"nodes_max":4)"), "", true},
      {"no option", with(R"("kind":"huge")"), "/kind option; ", false},
      {"option twice", with(R"("marks":["a","a"])"), "/marks/1 twice; ", false},
      {"too many options", with(R"("marks":["a","b","c"])"), "/marks too_many; ", true},
      {"shown and missing", with(R"("kind":"big")"), "/why_big required; ", true},
      {"hidden and missing", with(R"("kind":"small")"), "", true},
      {"no such day", with(R"("start":"2026-02-29")"), "/start date; ", true},
      {"days the wrong way round", with(R"("start":"2026-12-01","end":"2026-11-30")"), "/start not_above; ", true},
      {"GR", with(R"("country":"GR")"), "/country country; ", true},
      {"EL", with(R"("country":"EL")"), "", true},
      {"ZZ", with(R"("country":"ZZ")"), "/country country; ", true},
      {"mail", with(R"("mail":"a b@example.eu")"), "/mail email; ", true},
      {"mail header", with(R"("mail":"a@example.eu\r\nBcc: x@y.eu")"), "/mail one_line; ", false},
      {"javascript", with(R"j("page":"javascript:alert(1)")j"), "/page url; ", true},
      {"user in address", with(R"("page":"https://bank.eu@evil.example/")"), "/page url; ", true},
      {"orcid", with(R"("orcid":"0000-0002-1825-0098")"), "/orcid orcid; ", true},
      {"half cents", with(R"("cost":12.5)"), "/cost whole; ", false},
      {"sum", with(R"("total":10,"steps":[{"what":"x","hours":4},{"what":"y","hours":5.9}])"), "/total sum; ", true},
      {"exact sum", with(R"("total":0.3,"steps":[{"what":"x","hours":0.1},{"what":"y","hours":0.2}])"), "", true},
      {"sum of nothing", with(R"("total":1)"), "/total sum; ", true},
      {"row incomplete", with(R"("steps":[{"hours":1}])"), "/steps/0/what required; ", true},
      {"row with a stranger", with(R"("steps":[{"what":"x","hour":1}])"), "/steps/0/hour unknown_member; ", false},
      {"row of wrong type", with(R"("steps":[3])"), "/steps/0 type; ", false},
      {"too many rows", with(R"("steps":[{"what":"a"},{"what":"b"},{"what":"c"},{"what":"d"}])"), "/steps too_many; ",
       true},
      {"paper", paper("application/pdf", 1000, digest), "", true},
      {"paper too large", paper("application/pdf", 1001, digest), "/paper/bytes too_large; ", false},
      {"paper of another type", paper("text/html", 10, digest), "/paper/media_type media_type; ", false},
      {"paper without digest", paper("application/pdf", 10, "abc"), "/paper/digest digest; ", false},
      {"consent refused", with(R"("terms":"no")"), "/terms must_be; ", true},
      {"consent unknown", with(R"("terms":"unknown")"), "/terms must_be; ", true},
      {"required by a number", with(R"("nodes":9)"), "/if_many required; ", true},
      {"not required by it", with(R"("nodes":8)"), "", true},
      {"unknown key", with(R"("contry":"LV")"), "/contry unknown_member; ", false},
  };
  for (auto const& one : kCases) {
    auto const submitted = checked(one.answers);
    EXPECT_EQ(listed(submitted.faults), one.faults) << one.name;
    EXPECT_EQ(submitted.accepted(), std::string_view{one.faults}.empty()) << one.name;
    EXPECT_EQ(submitted.answers.empty(), !submitted.accepted()) << one.name;
    for (auto const& fault : submitted.faults) EXPECT_FALSE(fault.what.empty() || fault.remedy.empty()) << one.name;
    auto const draft = checked(one.answers, Stage::draft);
    EXPECT_EQ(draft.accepted(), one.draft_keeps) << one.name << ": " << listed(draft.faults);
    if (one.draft_keeps) {
      EXPECT_EQ(listed(draft.later), one.faults) << one.name;
    }
  }
}

TEST(FormCheck, SuggestsTheNearestKey) {
  for (char const* key : {"contry", "countyr", "Country"})
    EXPECT_EQ(checked(with(fmt::format("\"{}\":1", key))).faults.at(0).remedy, "Did you mean \"country\"?");
}

TEST(FormCheck, UnknownAsksAndNeverPasses) {
  auto const report = checked(R"({"name":"Anna","civilian":"unknown"})");
  EXPECT_TRUE(report.accepted());
  EXPECT_EQ(listed(report.questions), "/civilian unknown; ");
  auto const declared = declarations(form(), R"({"name":"Anna","civilian":"unknown"})");
  ASSERT_TRUE(declared);
  EXPECT_EQ(declared->at(0).state, Declared::unknown);
  EXPECT_FALSE(declared->at(0).value);
  EXPECT_EQ(declared->at(1).state, Declared::not_asked);
}

TEST(FormCheck, HiddenAnswersAreDroppedWithWhatDependsOnThem) {
  auto const answers = with(R"("kind":"small","why_big":"because","how_big":3)");
  auto const submitted = checked(answers);
  EXPECT_TRUE(submitted.accepted());
  EXPECT_EQ(listed(submitted.dropped), "/why_big hidden; /how_big hidden; ");
  EXPECT_EQ(submitted.answers, R"({"civilian":"yes","kind":"small","name":"Anna"})");
  auto const draft = checked(answers, Stage::draft);
  EXPECT_EQ(listed(draft.dropped), "/why_big hidden; /how_big hidden; ");
  EXPECT_NE(draft.answers.find("because"), std::string::npos) << "a draft keeps what may be shown again";
}

TEST(FormCheck, CountsWhatIsRequiredNow) {
  EXPECT_EQ(checked(R"({"name":"Anna"})").progress.required, 2);
  EXPECT_EQ(checked(R"({"name":"Anna"})").progress.answered, 1);
  EXPECT_EQ(checked(R"({"name":"Anna","kind":"big"})").progress.required, 3);
}

TEST(FormCanonical, IsOneTextForTheSameAnswers) {
  auto const one =
      canonical(form(), "{\"civilian\":\"yes\",\"name\":\"Zo\xC3\xAB\",\"share\":0.50,\"marks\":[\"b\",\"a\"]}");
  auto const same = canonical(
      form(),
      "{\"name\":\"  Zoe\xCC\x88 \",\"marks\":[\"a\",\"b\"],\"share\":5e-1,\"civilian\":\"yes\",\"page\":\"\"}");
  ASSERT_TRUE(one && same);
  EXPECT_EQ(*one, *same) << "NFC, no white space at the ends, options in the form's order, numbers as RFC 8785";
  EXPECT_EQ(*one, *json::canonical(*one));
  EXPECT_EQ(canonical(form(), *one), *one);
  EXPECT_NE(answers_digest("a", *one), answers_digest("b", *one));
}

TEST(FormText, TakesEveryScriptAndRefusesWhatHides) {
  // Arabic, Hebrew with points, Devanagari, Yoruba with combining marks, Georgian, Han, a family of emoji, RLM.
  for (char const* name :
       {"\xD9\x85\xD8\xAD\xD9\x85\xD8\xAF", "\xD7\xA9\xD6\xB8\xD7\x81\xD7\x9C\xD7\x95\xD6\xB9\xD7\x9D",
        "\xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xB7", "Ad\xE1\xBB\x8D\xCC\x80k\xE1\xBA\xB9",
        "\xE1\x83\x90\xE1\x83\x9C\xE1\x83\x90", "\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x8D",
        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7", "\xE2\x80\x8F\xD9\x85\xD8\xAD"})
    EXPECT_EQ(listed(checked(fmt::format(R"({{"name":"{}","civilian":"yes"}})", name)).faults), "") << name;
  struct Hidden {
    char const* text;
    char const* rule;
  };
  std::string stacked = "a";
  for (int mark = 0; mark < 13; ++mark) stacked += "\xCC\x80";
  Hidden const kHidden[] = {{"ab\xE2\x80\xAE"
                             "cd",
                             "direction_control"},
                            {"ab\xE2\x81\xA6"
                             "cd",
                             "direction_control"},
                            {"ab\\u0007cd", "control_character"},
                            {"ab\xC2\x85"
                             "cd",
                             "control_character"},
                            {"ab\xF3\xA0\x81\x81"
                             "cd",
                             "invisible_character"},
                            {"ab\xEF\xBF\xBE"
                             "cd",
                             "invisible_character"},
                            {stacked.c_str(), "stacked_marks"}};
  for (auto const& one : kHidden) {
    auto const report = checked(fmt::format(R"({{"name":"{}","civilian":"yes"}})", one.text), Stage::draft);
    ASSERT_EQ(report.faults.size(), 1u) << one.rule;
    EXPECT_EQ(report.faults[0].rule, one.rule);
  }
}

TEST(FormText, CountsCodePointsOfTheNormalisedText) {
  std::string twenty;
  for (int letter = 0; letter < 20; ++letter) twenty += "e\xCC\x81";  // 40 code points, 20 after NFC
  EXPECT_EQ(listed(checked(fmt::format(R"({{"name":"{}","civilian":"yes"}})", twenty)).faults), "");
  EXPECT_EQ(listed(checked(fmt::format(R"({{"name":"{}x","civilian":"yes"}})", twenty)).faults), "/name too_long; ");
}

TEST(FormCheck, BoundsHostileAnswers) {
  std::string deep;
  for (int level = 0; level < 5000; ++level) deep += R"({"name":)";
  EXPECT_EQ(check(form(), deep, Stage::draft).error().reason, "json_too_large");
  EXPECT_EQ(check(form(), R"({"name":")" + std::string(5'000'000, 'x') + "\"}", Stage::draft).error().reason,
            "json_too_large");
  EXPECT_EQ(check(form(), "[]", Stage::draft).error().reason, "form_answers");
  EXPECT_EQ(check(form(), "{", Stage::draft).error().reason, "json_syntax");
  EXPECT_EQ(check(form(), R"({"name":"a","name":"b"})", Stage::draft).error().reason, "json_duplicate");
  EXPECT_EQ(check(form(), "{\"name\":\"\xFF\"}", Stage::draft).error().reason, "json_syntax");
  auto const long_text = checked(R"({"story":")" + std::string(100'001, 'x') + "\"}", Stage::draft);
  EXPECT_EQ(listed(long_text.faults), "/story too_long; ");

  std::string strangers = "{";
  for (int at = 0; at < 5000; ++at) strangers += fmt::format("{}\"k{}\":1", at == 0 ? "" : ",", at);
  auto const many = checked(strangers + "}", Stage::draft);
  EXPECT_LE(many.faults.size(), 200u);
  EXPECT_EQ(many.faults.size() + static_cast<std::size_t>(many.unlisted), 5000u);
  EXPECT_FALSE(many.accepted());

  std::string rows;
  for (int at = 0; at < 501; ++at) rows += fmt::format("{}{{\"what\":\"x\"}}", at == 0 ? "" : ",");
  EXPECT_EQ(listed(checked(R"({"steps":[)" + rows + "]}", Stage::draft).faults), "/steps too_many; ");
}

TEST(FormCheck, RefusesAsOneErrorWithEveryFault) {
  auto const refused = refuse_faults(checked("{}"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "form_faults");
  EXPECT_EQ(refused.error().faults.size(), 2u);
  EXPECT_TRUE(refuse_faults(checked(with(""))));
}

TEST(FormCarry, OffersWhatTheOtherFormAccepts) {
  auto const known = reusable(form(), with(R"("kind":"small")"));
  ASSERT_TRUE(known);
  EXPECT_EQ(*known, (std::map<std::string, std::string>{{"person.name", "\"Anna\""}}));
  auto const offered = carry(form(), *known);
  ASSERT_EQ(offered.offered.size(), 1u);
  EXPECT_EQ(offered.offered[0].field, "name");
  auto const too_long = carry(form(), {{"person.name", "\"A name of far too many characters\""}});
  EXPECT_TRUE(too_long.offered.empty());
  EXPECT_EQ(too_long.not_offered.at(0).field, "name");
  EXPECT_EQ(offered.put_into(R"({"name":"","nodes":3})"), R"({"name":"Anna","nodes":3})");
  EXPECT_EQ(offered.put_into(R"({"name":"Zoe"})"), R"({"name":"Zoe"})") << "what stands already stays";
}

TEST(FormCarry, TakesAnswersOfTheShortFormIntoTheLongOne) {
  auto const brief = *shipped("first-come-short");
  auto const full = *shipped("eurohpc-ai-application-2026");
  auto const known = reusable(
      brief, R"({"org_name":"Baltic Speech","org_type":"start_up","pi_email":"a@example.eu","accept_terms":"yes"})");
  ASSERT_TRUE(known);
  std::string fields;
  for (auto const& one : carry(full, *known).offered) fields += one.field + " ";
  EXPECT_EQ(fields, "pi_email org_name org_type ") << "a consent is never offered again";
}

TEST(FormPrefill, FillsTheResourcePartFromThePlannersAnswer) {
  auto const full = *shipped("eurohpc-ai-application-2026");
  auto const filled = prefill(full, testdata::kPlan, "lumi/lumi-g");
  ASSERT_TRUE(filled) << filled.error().what;
  std::map<std::string, std::string> got;
  for (auto const& one : filled->offered) got[one.field] = one.value.text;
  EXPECT_EQ(got, (std::map<std::string, std::string>{{"partition", "\"lumi/lumi-g\""},
                                                     {"resource_unit", "\"gpu_hour\""},
                                                     {"requested_amount", "2640"},
                                                     {"run_time_total", "82.5"},
                                                     {"nodes_per_job_max", "8"},
                                                     {"memory_min", "112"},
                                                     {"gpus_per_job_max", "32"},
                                                     {"gpus_per_node", "4"},
                                                     {"storage_scratch_tb", "0.336"},
                                                     {"storage_work_tb", "0.916"}}));
  EXPECT_TRUE(filled->not_offered.empty());
  auto const other = prefill(full, testdata::kPlan, "leonardo/booster");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->offered.at(2).value.text, "608") << "node-hours, rounded up";
  EXPECT_EQ(prefill(full, testdata::kPlan, "vega/gpu").error().reason, "plan_partition");
  EXPECT_EQ(prefill(full, "{}", "x").error().reason, "plan_partition");
}

TEST(FormPrefill, SaysWhatThePlanDoesNotKnow) {
  auto const filled = prefill(form(), R"({"partitions":[{"partition":"p"}],"storage":{"total_gb":null}})", "p");
  ASSERT_TRUE(filled);
  EXPECT_TRUE(filled->offered.empty());
  EXPECT_EQ(filled->not_offered.at(0).why, "The plan does not know it.");
}

}  // namespace
}  // namespace fabrica::forms
