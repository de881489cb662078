#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "crypto/sha256.hpp"
#include "json/json.hpp"
#include "trust/dossier.hpp"
#include "trust/evidence.hpp"

namespace fabrica::trust {
namespace {

class ModelFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "fabrica-model-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    put("config.json", "{}");
    put("weights/a.safetensors", "weights");
    for (auto const& [path, text] : {std::pair{"config.json", "{}"}, {"weights/a.safetensors", "weights"}})
      model_.files.push_back({path, crypto::sha256(std::string_view{text}).hex(),
                              static_cast<std::int64_t>(std::string_view{text}.size())});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(std::string const& path, std::string_view text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream{folder_ / path} << text;
  }
  Result<> verified() { return verify_model_folder(json::write(model_), folder_); }

  std::filesystem::path folder_;
  ModelEvidence model_;
};

TEST_F(ModelFolder, IsTheManifestsIfEveryFileIs) { EXPECT_TRUE(verified()); }

TEST_F(ModelFolder, DiffersByAByteAMissingFileOrOneMore) {
  put("weights/a.safetensors", "weightz");
  auto const changed = verified();
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().reason, "model_differs");
  EXPECT_EQ(changed.error().faults.at(0).pointer, "/weights/a.safetensors");
  std::filesystem::remove(folder_ / "weights/a.safetensors");
  EXPECT_FALSE(verified());
  put("weights/a.safetensors", "weights");
  EXPECT_TRUE(verified());
  put("more.bin", "x");
  auto const more = verified();
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().faults.at(0).pointer, "/more.bin");
}

TEST_F(ModelFolder, IsNotLeftByAManifestsPath) {
  model_.files[0].path = "../config.json";
  ASSERT_FALSE(verified());
  EXPECT_EQ(verified().error().reason, "model_manifest");
  EXPECT_EQ(verify_model_folder("[]", folder_).error().reason, "model_manifest");
}

TEST_F(ModelFolder, ThatIsNotThereIsSaid) {
  model_.files.clear();
  EXPECT_FALSE(verify_model_folder(json::write(model_), folder_ / "nowhere"));
}

TEST_F(ModelFolder, FileOfADossierThatIsNotOneIsRefusedWithAReport) {
  auto const policy =
      tlog::Policy::parse("log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\nquorum none\n");
  ASSERT_TRUE(policy) << policy.error().what;
  auto const report = verify_dossier_file(folder_ / "config.json", *policy);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->verified);
  EXPECT_NE(report->fault.find("this is no dossier"), std::string::npos);
  EXPECT_EQ(verify_dossier_file(folder_ / "nothing.zip", *policy).error().code, Errc::not_found);
}

}  // namespace
}  // namespace fabrica::trust
