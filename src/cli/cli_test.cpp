#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/id.hpp"
#include "cli/impl/plan.hpp"
#include "cli/impl/project_file.hpp"
#include "cli/impl/run_state.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"

namespace fabrica::cli {
namespace {

namespace fs = std::filesystem;

// A folder of its own, removed with everything in it.
class InFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    auto name = (fs::temp_directory_path() / "fabrica-cli-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string file(std::string const& name, std::string_view content) {
    auto const path = (folder / name).string();
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }
  static std::string content(std::string const& path) {
    std::ostringstream out;
    out << std::ifstream{path, std::ios::binary}.rdbuf();
    return out.str();
  }
  fs::path folder;
};

json::Document document(std::string_view text) {
  auto parsed = json::Document::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().what;
  return *std::move(parsed);
}

bool holds(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ParseCount, TakesWholeNumbersPowersAndSuffixes) {
  for (auto const& [text, count] : std::initializer_list<std::pair<std::string_view, std::int64_t>>{
           {"1", 1},
           {"40", 40},
           {"7B", 7'000'000'000},
           {"7G", 7'000'000'000},
           {"1.5e9", 1'500'000'000},
           {"300M", 300'000'000},
           {"2.5T", 2'500'000'000'000},
           {"12k", 12'000},
           {"12K", 12'000},
           {"9000000000000000000", 9'000'000'000'000'000'000}}) {
    auto const parsed = parse_count(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, count) << text;
  }
}

TEST(ParseCount, RefusesEverythingElseAndSaysHowToWriteIt) {
  for (std::string_view const text : {"", "B", "0", "0.4", "-7B", "7b", "7 B", "7BB", " 7", "7 ", "inf", "nan", "1e19",
                                      "0x10", "10T0", "1e400", "9.1e6T", "1,000"}) {
    auto const parsed = parse_count(text);
    ASSERT_FALSE(parsed) << text << " is " << *parsed;
    EXPECT_EQ(parsed.error().reason, "number");
    EXPECT_TRUE(holds(parsed.error().what, "7B")) << parsed.error().what;
  }
  EXPECT_LT(parse_count(std::string(10'000, 'x')).error().what.size(), 200u);
}

constexpr std::string_view kPlan = R"({
  "work": {"flop_total": 4.2e22, "formula": "6 x parameters x tokens"},
  "partitions": [
    {"partition": "meluxina/gpu", "unit": "node_hour", "amount": 23370.7, "gpu_hours": 93482.9, "wall_hours": 365.2,
     "nodes": 64, "memory": {"fits": "yes"}, "energy": {"kwh": 45123.4, "kgco2e": 5.256}},
    {"partition": "daedalus/gpu", "unit": null, "amount": null, "gpu_hours": null, "wall_hours": null, "nodes": null,
     "memory": {"fits": "unknown"}, "energy": {"kwh": null, "kgco2e": null}}],
  "storage": {"total_gb": 1234.4},
  "modes": [
    {"fits": "no", "title": "Playground", "why": "More than the most.", "next_cut_off": null, "answer_due_on": null},
    {"fits": "yes", "title": "Large Scale", "why": "Within the range.", "next_cut_off": "2026-12-01T09:00:00Z",
     "answer_due_on": "2027-01-15"}],
  "flags": [{"flag": "gpai", "state": "indicated", "citation": "the guidelines", "why": "4.2e22 is under 1e23."}],
  "warnings": ["LUMI counts modules."]})";

TEST(PlanText, ShowsWorkPartitionsModesAndFlags) {
  auto const plan = document(kPlan);
  auto const text = plan_text(plan.root());
  EXPECT_TRUE(holds(text, "Work: 4.2e+22 FLOP (6 x parameters x tokens)\n")) << text;
  for (auto const* part : {"meluxina/gpu", "23,371 node_hour", "93,483", "365 h on 64 nodes", "45,123 kWh", "5.26 kg",
                           "Storage: 1,234 GB", "  no       Playground\n           More than the most.\n",
                           "  yes      Large Scale\n", "next cut-off 2026-12-01T09:00:00Z", "answer due 2027-01-15",
                           "  indicated       gpai (the guidelines)\n                  4.2e22 is under 1e23.\n",
                           "Note: LUMI counts modules.\n"})
    EXPECT_TRUE(holds(text, part)) << part << "\n" << text;
}

TEST(PlanText, SaysUnknownWhereNothingIsKnown) {
  auto const plan = document(kPlan);
  auto const text = plan_text(plan.root());
  auto const at = text.find("daedalus/gpu");
  ASSERT_NE(at, std::string::npos);
  auto const line = text.substr(at, text.find('\n', at) - at);
  EXPECT_TRUE(holds(line, "unknown h on - nodes")) << line;
  EXPECT_FALSE(holds(line, "0")) << line;
}

TEST(PlanText, SurvivesAnAnswerThatIsNoPlan) {
  for (std::string_view const text : {"null", "[]", "{}", R"({"partitions":[1,{}],"modes":7,"flags":"x"})"}) {
    auto const plan = document(text);
    EXPECT_TRUE(holds(plan_text(plan.root()), "Work: 0 FLOP")) << text;
  }
}

TEST(Tables, LineUpColumnsByCharactersNotBytes) {
  auto const list = document(R"([{"n":"Ķekava","c":1},{"n":"Riga","c":22}])");
  EXPECT_EQ(table_of(list.root(), {{"NAME", "/n"}, {"C", "/c"}}), "NAME    C\nĶekava  1\nRiga    22\n");
  auto const none = document("[]");
  EXPECT_EQ(table_of(none.root(), {{"NAME", "/n"}}), "nothing\n");
}

TEST(Tables, LetNothingFromOutsideSteerTheTerminal) {
  auto const list = document("[{\"n\":\"a\\u001b[2Jb\\u009b2Jc\\u007fd\\u0085\\ne\"}]");
  EXPECT_EQ(table_of(list.root(), {{"N", "/n"}}), "N\na [2Jb 2Jc d  e\n");
  auto const accents = document(R"(["é ¡ ÿ"])");
  EXPECT_EQ(plain(accents.root()), "é ¡ ÿ");
}

TEST(Sheets, IndentWhatIsNested) {
  auto const thing = document(R"({"id":"x","offers":[{"p":1},{"p":2}],"tags":["a","b"],"none":null,"o":{"k":true}})");
  EXPECT_EQ(sheet_of(thing.root()),
            "id      x\noffers  \n  p  1\n\n  p  2\ntags    a, b\nnone    -\no       \n  k  true\n");
}

TEST(Numbers, AreGroupedAndNamed) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(grouped(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(bytes_of(1023), "1023 B");
  EXPECT_EQ(bytes_of(1536), "1.5 KiB");
  EXPECT_EQ(bytes_of(std::int64_t{5} << 40), "5.0 TiB");
}

class TomlFile : public InFolder {};

TEST_F(TomlFile, BecomesJson) {
  auto const path = file("a.toml", "n = 7\nx = 1.5\ns = \"a\\nb\"\nday = 2026-11-23\n[t]\nlist = [1, 2]\n");
  auto const text = toml_file_as_json(path);
  ASSERT_TRUE(text) << text.error().what;
  auto const read = document(*text);
  EXPECT_EQ(read.at("/n").integer(), 7);
  EXPECT_EQ(read.at("/s").text(), "a\nb");
  EXPECT_EQ(read.at("/day").text(), "2026-11-23");
  EXPECT_EQ(read.at("/t/list/1").integer(), 2);
}

TEST_F(TomlFile, FaultsAreNamedWithFileLineAndColumn) {
  auto const path = file("bad.toml", "good = 1\n[table]\nbad = = 2\n");
  auto const read = toml_file_as_json(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid);
  EXPECT_EQ(read.error().reason, "toml");
  EXPECT_TRUE(holds(read.error().what, path + " line 3 column 7")) << read.error().what;
  auto const twice = toml_file_as_json(file("twice.toml", "a = 1\na = 2\n"));
  ASSERT_FALSE(twice);
  EXPECT_TRUE(holds(twice.error().what, "line 2 column ")) << twice.error().what;
}

TEST_F(TomlFile, ThatIsNotThereIsNamed) {
  auto const path = (folder / "none.toml").string();
  auto const read = toml_file_as_json(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::not_found);
  EXPECT_TRUE(holds(read.error().what, path)) << read.error().what;
}

constexpr std::string_view kProject = R"(
[project]
organisation = "Firm"
title = "A model"
summary = "Of little use"
sector = "other"
[plan]
parameters = 1000
tokens = 2000
[apply]
call = "Hours"
partition = "p/gpu"
amount_units = 10
duration_days = 30
purpose = "Training"
civilian_purposes = "yes"
excluded_uses = "no"
personal_data = "no"
first_come_accepted = "yes"
[data]
folder = "data"
[data.dataset]
name = "corpus"
[train]
files = ["train.py"]
[train.job]
partition = "p/gpu"
[model]
name = "little"
version = "1.0"
licence = "Apache-2.0"
description = "A little model"
[assessment]
intended_purpose = "To learn"
)";

class AProjectFile : public InFolder {};

TEST_F(AProjectFile, IsReadWithItsOptionalPartsAbsent) {
  auto const read = read_project_file(file("p.toml", kProject));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->apply.amount_units, 10);
  EXPECT_EQ(read->train.files, (std::vector<std::string>{"train.py"}));
  EXPECT_FALSE(read->evaluation || read->evaluate || read->declared || read->data.split || read->model.release);
  auto const plan = document(read->plan.text);
  EXPECT_EQ(plan.at("/tokens").integer(), 2000);
}

TEST_F(AProjectFile, NamesKeysThatAreUnknownMissingOrOfAnotherType) {
  std::string text{kProject};
  text.replace(text.find("amount_units = 10"), 17, "amount_untis = 10");
  text.replace(text.find("title = \"A model\""), 17, "title = 7");
  auto const path = file("p.toml", text);
  auto const read = read_project_file(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid);
  EXPECT_TRUE(holds(read.error().what, path)) << read.error().what;
  std::string where;
  for (auto const& fault : read.error().faults) where += fault.pointer + "\n";
  for (auto const* pointer : {"/apply/amount_untis\n", "/apply/amount_units\n", "/project/title\n"})
    EXPECT_TRUE(holds(where, pointer)) << where;
}

TEST_F(AProjectFile, TakesSourcesAndPeriodFromTheCorpus) {
  auto const corpus = document(
      R"({"packages":[{"name":"a","version":"1","sha256":"00","size":5},{"name":"b\"","version":"2","sha256":"11"}],
          "period":{"from":"2020-01-01","to":7}})");
  auto const members = document("{" + described_members(corpus.root()) + "}");
  EXPECT_EQ(members.at("/sources").size(), 2u);
  EXPECT_EQ(members.at("/sources/1/name").text(), "b\"");
  EXPECT_EQ(members.at("/period/from").text(), "2020-01-01");
  EXPECT_EQ(members.at("/period/to").kind(), json::Kind::missing);
}

class ARunState : public InFolder {
 protected:
  std::string path() const { return (folder / "deep" / "a.run.json").string(); }
  RunState open(std::string const& fingerprint = "the file") const {
    auto opened = RunState::open(path(), fingerprint);
    EXPECT_TRUE(opened) << opened.error().what;
    return *std::move(opened);
  }
};

TEST_F(ARunState, StoresAKeyBeforeAnybodyUsesIt) {
  auto state = open();
  auto const key = state.key("dataset");
  ASSERT_TRUE(key) << key.error().what;
  EXPECT_TRUE(PublicId::parse(*key));
  // What a process finds that was started after this one was killed.
  EXPECT_EQ(*open().key("dataset"), *key);
  EXPECT_EQ(*state.key("dataset"), *key);
  EXPECT_NE(*state.key("model"), *key);
  EXPECT_FALSE(open().has("dataset"));
}

TEST_F(ARunState, GoesOnWhereItStoodAndForgetsAStepWithItsKey) {
  auto state = open();
  auto const key = *state.key("job");
  ASSERT_TRUE(state.set("job", "an id"));
  EXPECT_EQ(open().get("job"), "an id");
  ASSERT_TRUE(state.forget("job"));
  auto again = open();
  EXPECT_FALSE(again.has("job"));
  EXPECT_NE(*again.key("job"), key);
}

TEST_F(ARunState, RefusesTheStateOfAnotherProjectFile) {
  open("the file");
  auto const before = content(path());
  auto const other = RunState::open(path(), "another file");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().reason, "run_state");
  EXPECT_TRUE(holds(other.error().what, path()) && holds(other.error().what, "--state")) << other.error().what;
  EXPECT_EQ(content(path()), before);
}

TEST_F(ARunState, RefusesAFileThatIsNoState) {
  open();
  for (std::string_view const text : {"", "{", "[]", R"({"fingerprint":7})"}) {
    std::ofstream{path(), std::ios::binary | std::ios::trunc} << text;
    auto const opened = RunState::open(path(), "the file");
    ASSERT_FALSE(opened) << text;
    EXPECT_TRUE(holds(opened.error().what, path())) << opened.error().what;
    EXPECT_EQ(content(path()), text);
  }
}

TEST_F(ARunState, ReplacesTheFileWholeForItsOwnerAlone) {
  auto state = open();
  auto const held_open = std::ifstream{path(), std::ios::binary};
  for (int at = 0; at < 20; ++at) {
    ASSERT_TRUE(state.set("step" + std::to_string(at), std::string(1000, 'x')));
    EXPECT_EQ(document(content(path())).root().size(), 2u + static_cast<unsigned>(at));
  }
  // Whoever had the old file open still has all of it, and nothing is left beside the new one.
  std::ostringstream old;
  old << held_open.rdbuf();
  EXPECT_EQ(old.str(), R"({"fingerprint":"the file"})");
  EXPECT_EQ(std::distance(fs::directory_iterator{folder / "deep"}, fs::directory_iterator{}), 1);
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ARunState, DoesNotHaveWhatItCouldNotStore) {
  auto state = open();
  auto const moved = folder / "moved";
  fs::rename(folder / "deep", moved);
  EXPECT_FALSE(state.key("job"));
  EXPECT_FALSE(state.set("job", "an id"));
  EXPECT_FALSE(state.has("job"));
  fs::rename(moved, folder / "deep");
  auto const key = state.key("job");
  ASSERT_TRUE(key) << key.error().what;
  EXPECT_EQ(*open().key("job"), *key);
}

}  // namespace
}  // namespace fabrica::cli
