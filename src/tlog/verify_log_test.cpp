#include "tlog/verify_log.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tlog/testdata/vectors.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;
using testing::MemoryTiles;

Checkpoint head_of(MemoryTiles& tiles, std::uint64_t size) {
  return {.origin = "log.example", .size = size, .root = *read_root(tiles, size), .extensions = {}};
}

TEST(VerifyLog, AgreesWithThe70000Entries) {
  auto tiles = testing::make_log(vectors::kSize);
  std::uint64_t seen = 0;
  std::uint64_t progress = 0;
  auto const checkpoint = SignedCheckpoint::parse(vectors::kCheckpoint)->checkpoint;
  auto const report = verify_log(
      tiles, checkpoint,
      {.on_entry = [&](std::uint64_t index, ByteView) -> Result<> { return seen += index == seen, Result<>{}; },
       .on_progress = [&](std::uint64_t done, std::uint64_t) { progress = done; }});
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->root, checkpoint.root);
  EXPECT_EQ(report->bundles, 274u);
  EXPECT_EQ(report->tiles, 277u);
  EXPECT_EQ(seen, vectors::kSize);
  EXPECT_EQ(progress, vectors::kSize);
}

TEST(VerifyLog, WorksAtEverySizeAroundTheTileBorders) {
  for (std::uint64_t const size : {0, 1, 2, 255, 256, 257, 511, 512, 513, 65'535, 65'536, 65'537}) {
    auto tiles = testing::make_log(size);
    EXPECT_TRUE(verify_log(tiles, head_of(tiles, size))) << size;
  }
}

TEST(VerifyLog, NamesTheFileAndTheFirstDifference) {
  struct Row {
    char const* path;
    std::size_t byte;
    char const* reason;
    char const* says;
  };
  auto const whole = testing::make_log(66'000);
  for (auto const& [path, byte, reason, says] : {
           Row{"tile/entries/000", 2, "log_entry_hash", "Entry 0 in tile/entries/000"},
           Row{"tile/entries/001", 11 * 7 + 5, "log_entry_hash", "Entry 263 in tile/entries/001"},
           Row{"tile/entries/257.p/208", 2, "log_entry_hash", "Entry 65792 in tile/entries/257.p/208"},
           Row{"tile/entries/001", 1, "entry_bundle", "tile/entries/001"},
           Row{"tile/0/002", 32 * 9 + 3, "log_entry_hash", "Entry 521 in tile/entries/002"},
           Row{"tile/0/257.p/208", 0, "log_entry_hash", "tile/0/257.p/208"},
           Row{"tile/1/000", 32 * 3, "log_tile",
               "tile/1/000 was changed: its hash 3 is not that of entries 768 to 1023"},
           Row{"tile/1/001.p/1", 31, "log_tile",
               "tile/1/001.p/1 was changed: its hash 0 is not that of entries 65536 to 65791"},
           Row{"tile/2/000.p/1", 31, "log_tile", "tile/2/000.p/1"},
       }) {
    auto tiles = whole;
    auto const checkpoint = head_of(tiles, 66'000);
    ASSERT_TRUE(tiles.files.contains(path)) << path;
    tiles.files[path][byte] ^= 1;
    auto const report = verify_log(tiles, checkpoint);
    ASSERT_FALSE(report) << path;
    EXPECT_EQ(report.error().reason, reason) << report.error().what;
    EXPECT_NE(report.error().what.find(says), std::string::npos) << report.error().what;
    tiles.files.erase(path);
    EXPECT_EQ(verify_log(tiles, checkpoint).error().reason, "tile_missing") << path;
  }
}

TEST(VerifyLog, RefusesALogRewrittenAsAWhole) {
  auto tiles = testing::make_log(600);
  auto const checkpoint = head_of(tiles, 600);
  MemoryTiles forged;
  LogBuilder builder;
  for (std::uint64_t at = 0; at < 600; ++at)
    ASSERT_TRUE(builder.append(as_bytes(at == 17 ? std::string{"forged"} : testing::entry_text(at))));
  forged.add(builder.take_batch());
  EXPECT_EQ(verify_log(forged, checkpoint).error().reason, "log_root");
}

TEST(VerifyLog, StopsWhereTheCallerSaysSo) {
  auto tiles = testing::make_log(10);
  std::uint64_t seen = 0;
  auto const report =
      verify_log(tiles, head_of(tiles, 10), {.on_entry = [&](std::uint64_t index, ByteView) -> Result<> {
                   ++seen;
                   if (index == 4) return fail(Errc::invalid, "actor", "Not signed.");
                   return {};
                 }});
  EXPECT_EQ(report.error().reason, "actor");
  EXPECT_EQ(seen, 5u);
}

TEST(VerifyLogFolder, ChecksTheSignatureFirst) {
  std::string name = (fs::temp_directory_path() / "fabrica-verify-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  fs::path const folder{name};
  SeededRandom random{1};
  auto const log = *SignerKey::generate("log.example", KeyType::ed25519, random);
  auto const other = *SignerKey::generate("log.example", KeyType::ed25519, random);
  LogBuilder builder;
  for (std::uint64_t at = 0; at < 300; ++at) ASSERT_TRUE(builder.append(as_bytes(testing::entry_text(at))));
  auto const batch = builder.take_batch();
  ASSERT_TRUE(write_batch(folder, batch));
  EXPECT_EQ(verify_log_folder(folder, log.verifier()).error().reason, "file_missing");
  std::ofstream{folder / "checkpoint"}
      << sign_checkpoint({.origin = "log.example", .size = batch.size, .root = batch.root, .extensions = {}}, log)
             ->encode();
  EXPECT_TRUE(verify_log_folder(folder, log.verifier()));
  EXPECT_EQ(verify_log_folder(folder, other.verifier()).error().reason, "signature");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace fabrica::tlog
