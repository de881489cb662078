#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/checkpoint.hpp"
#include "core/corpus.hpp"
#include "core/files.hpp"
#include "core/model_folder.hpp"
#include "core/parameters.hpp"
#include "core/safetensors.hpp"

namespace fabrica::recipe {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "fabrica-recipe-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  fs::path const& path() const { return path_; }

 private:
  fs::path path_;
};

struct HeaderCase {
  char const* name;
  char const* header;
  std::size_t data;
};

TEST(SafetensorsHeader, IsReadWhenItTilesTheDataExactly) {
  auto const header = parse_safetensors_header(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}   )",
      12);
  ASSERT_TRUE(header.has_value()) << header.error().what;
  ASSERT_EQ(header->tensors.size(), 2U);
  EXPECT_EQ(header->tensors[0].name, "a");
  EXPECT_EQ(header->metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, IsRefusedWhenItIsHostile) {
  HeaderCase const cases[] = {
      {"no json", "{", 0},
      {"no object", "[]", 0},
      {"overlap",
       R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
       12},
      {"hole", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8},
      {"beyond the file", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 8},
      {"data that belongs to none", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8},
      {"backwards", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4},
      {"negative", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4},
      {"shape overflows", R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}})",
       0},
      {"size and shape differ", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4},
      {"unknown type", R"({"a":{"dtype":"F8","shape":[4],"data_offsets":[0,4]}})", 4},
      {"type is no string", R"({"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}})", 4},
      {"key missing", R"({"a":{"dtype":"F32","shape":[1]}})", 4},
      {"fraction", R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4},
      {"metadata not strings", R"({"__metadata__":{"a":1}})", 0},
  };
  for (auto const& c : cases) {
    auto const header = parse_safetensors_header(c.header, c.data);
    ASSERT_FALSE(header.has_value()) << c.name;
    EXPECT_EQ(header.error().reason, "safetensors") << c.name;
  }
}

TEST(Safetensors, ComeBackAsTheyWereWrittenAndTheDataBeginsAtAMultipleOfEight) {
  TemporaryFolder const folder;
  std::vector<float> const a{1.0f, -2.5f, 3.0f};
  ASSERT_TRUE(write_safetensors(folder.path() / "x", {{"a", {3}, a.data()}}, {{"k", "v"}}).has_value());
  auto const file = read_safetensors(folder.path() / "x", Finite::required);
  ASSERT_TRUE(file.has_value()) << file.error().what;
  EXPECT_EQ(file->values.at("a"), a);
  EXPECT_EQ((fs::file_size(folder.path() / "x") - 12) % 8, 0U);
}

TEST(Safetensors, WithANaNAreRefusedWithItsPlace) {
  TemporaryFolder const folder;
  std::vector<float> const a{1.0f, std::nanf("")};
  ASSERT_TRUE(write_safetensors(folder.path() / "x", {{"a", {2}, a.data()}}, {}).has_value());
  auto const file = read_safetensors(folder.path() / "x", Finite::required);
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().what.find("place 1"), std::string::npos);
}

TEST(Safetensors, WithAHeaderLongerThanTheFileAreRefused) {
  TemporaryFolder const folder;
  std::ofstream{folder.path() / "x"} << std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}", 10);
  EXPECT_EQ(read_safetensors(folder.path() / "x", Finite::required).error().reason, "safetensors");
}

ModelConfig small() {
  return {.vocab_size = 257,
          .layers = 1,
          .d_model = 16,
          .heads = 2,
          .kv_heads = 1,
          .d_ff = 32,
          .context = 8,
          .tied_embeddings = false};
}

TEST(ModelFolder, ComesBackAsItWasWritten) {
  TemporaryFolder const folder;
  Layout const layout{small()};
  auto const weights = initial_weights(layout, 3);
  auto const tokenizer = *Tokenizer::train({}, 257);
  ASSERT_TRUE(write_model_folder(folder.path(), layout, weights, tokenizer).has_value());
  auto const model = load_model(folder.path());
  ASSERT_TRUE(model.has_value()) << model.error().what;
  EXPECT_EQ(model->layout.config(), layout.config());
  EXPECT_EQ(model->weights, weights);
}

TEST(ModelFolder, IsRefusedWhenTheConfigurationDoesNotFitTheTensors) {
  TemporaryFolder const folder;
  Layout const layout{small()};
  ASSERT_TRUE(
      write_model_folder(folder.path(), layout, initial_weights(layout, 3), *Tokenizer::train({}, 257)).has_value());
  auto config = *read_file(folder.path() / "config.json", 1U << 20);
  auto const replace = [&](std::string_view from, std::string_view to) {
    auto text = config;
    text.replace(text.find(from), from.size(), to);
    ASSERT_TRUE(write_file(folder.path() / "config.json", text).has_value());
    EXPECT_FALSE(load_model(folder.path()).has_value()) << to;
  };
  replace("\"intermediate_size\": 32", "\"intermediate_size\": 48");
  replace("\"intermediate_size\": 32", "\"intermediate_size\": 16");
  replace("\"num_hidden_layers\": 1", "\"num_hidden_layers\": 128");
  replace("\"num_hidden_layers\": 1", "\"num_hidden_layers\": -1");
  replace("\"llama\"", "\"gpt2\"");
  replace("\"silu\"", "\"gelu\"");
}

class Checkpoints : public testing::Test {
 protected:
  void save(int step) {
    state_.step = step;
    state_.losses.assign(static_cast<std::size_t>(step), 1.5f);
    ASSERT_TRUE((CheckpointFolder{folder_.path()}.save(state_, facts_, layout_).has_value()));
  }
  std::optional<Checkpoint> load() { return CheckpointFolder{folder_.path()}.load(notes_); }
  fs::path newest() {
    fs::path found;
    for (auto const& entry : fs::directory_iterator{folder_.path()}) found = std::max(found, entry.path());
    return found;
  }

  TemporaryFolder folder_;
  Layout layout_{small()};
  TrainState state_{initial_weights(layout_, 1),
                    std::vector<float>(layout_.size(), 0.5f),
                    std::vector<float>(layout_.size(), 0.25f),
                    {},
                    0};
  RunFacts facts_{"p", "t", 2, 12.25, 1e12};
  std::vector<std::string> notes_;
};

TEST_F(Checkpoints, ComeBackWholeAndTheNewestFirst) {
  for (int const step : {10, 20, 30}) save(step);
  auto const loaded = load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->state.step, 30);
  EXPECT_EQ(loaded->state.weights, state_.weights);
  EXPECT_EQ(loaded->facts.ranks, 2);
  EXPECT_EQ(loaded->facts.wall_s, 12.25);
  EXPECT_EQ(std::distance(fs::directory_iterator{folder_.path()}, fs::directory_iterator{}), 2)
      << "the newest two are kept";
}

TEST_F(Checkpoints, FallBackToTheOneBeforeWhenAnyByteOfTheNewestChanged) {
  save(10);
  save(20);
  auto const whole = *read_file(newest(), 1U << 26);
  for (std::size_t const at : {std::size_t{3}, std::size_t{40}, std::size_t{300}, whole.size() / 2, whole.size() - 1}) {
    auto text = whole;
    text[at] = static_cast<char>(text[at] ^ 1);
    ASSERT_TRUE(write_file(newest(), text).has_value());
    notes_.clear();
    auto const loaded = load();
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->state.step, 10) << at;
    EXPECT_EQ(notes_.size(), 1U);
  }
  ASSERT_TRUE(write_file(newest(), whole.substr(0, whole.size() / 2)).has_value());
  EXPECT_EQ(load()->state.step, 10);
}

TEST_F(Checkpoints, OfAnotherRunAreRefused) {
  save(10);
  auto const loaded = load();
  auto other = facts_;
  other.tokens = "u";
  EXPECT_TRUE(check_same_run(*loaded, facts_, layout_).has_value());
  EXPECT_EQ(check_same_run(*loaded, other, layout_).error().reason, "checkpoint_of_another_run");
}

TEST(Corpus, NamesFileAndLineOfWhatItCannotRead) {
  EXPECT_EQ(parse_documents("{\"id\":\"a\",\"text\":\"b\"}\n\n{\"id\":\"c\",\"text\":\"\"}\n", "de.jsonl")->size(), 1U);
  for (auto const* bad : {"{\"id\":\"a\",\"text\":\"b\"}\n{\"id\":\"a\"}\n", "\n{\"id\":1,\"text\":\"b\"}", "\nx",
                          "\n{\"id\":\"a\",\"text\":\"\xC3\x28\"}", "\n{\"id\":\"a\",\"text\":\"\xED\xA0\x80\"}"}) {
    auto const read = parse_documents(bad, "de.jsonl");
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_TRUE(read.error().what.starts_with("de.jsonl, line 2:")) << read.error().what;
  }
}

TEST(Corpus, WithoutTextIsRefused) {
  TemporaryFolder const folder;
  EXPECT_EQ(read_split(folder.path() / "none").error().reason, "missing_input");
  EXPECT_EQ(read_split(folder.path()).error().reason, "empty_corpus");
  std::ofstream{folder.path() / "de.jsonl"} << "{\"id\":\"a\",\"text\":\"\"}\n";
  EXPECT_EQ(read_split(folder.path()).error().reason, "empty_corpus");
}

TEST(Parameters, NameEveryKeyThatIsWrong) {
  auto in = *Parameters::parse(R"({"a":1,"b":"x","c":2,"zzz":0})");
  int a = 0;
  int b = 0;
  double c = 0;
  in.integer("a", a, 0, 5);
  in.integer("b", b, 0, 5);
  in.real("c", c, 0.0, 1.0);
  auto const done = in.done();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(a, 1);
  std::vector<std::string> keys;
  for (auto const& fault : done.error().faults) keys.push_back(fault.pointer);
  EXPECT_EQ(keys, (std::vector<std::string>{"/b", "/c", "/zzz"}));
}

TEST(Parameters, SayWhereTheJsonBreaks) {
  auto const read = Parameters::parse("{\n  \"a\": 1,\n  \"b\" 2\n}");
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().what.find("line 3"), std::string::npos) << read.error().what;
  EXPECT_FALSE(Parameters::parse("{} x").has_value());
  EXPECT_FALSE(Parameters::parse("").has_value());
}

TEST(AtomicFile, SaysWhichFileAndLeavesNothingHalfDone) {
  TemporaryFolder const folder;
  EXPECT_EQ(write_file(folder.path() / "no" / "such", "x").error().reason, "disk_write");
  {
    AtomicFile file{folder.path() / "x"};
    file.write("half");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace fabrica::recipe
