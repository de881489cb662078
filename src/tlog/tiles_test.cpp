#include "tlog/tiles.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "base/random.hpp"
#include "crypto/keyfile.hpp"
#include "tlog/builder.hpp"
#include "tlog/testdata/vectors.hpp"
#include "tlog/testing.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;
using testing::entry_text;
using testing::MemoryTiles;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "fabrica-tlog-XXXXXX").string();
    FABRICA_CHECK(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

TEST(TileName, WritesAndReadsTheNamesOfTheSpecification) {
  struct Case {
    TileName name;
    char const* path;
  };
  for (auto const& [name, path] :
       {Case{{TileKind::hashes, 0, 0, 256}, "tile/0/000"},
        Case{{TileKind::hashes, 3, 1'234'067, 256}, "tile/3/x001/x234/067"},
        Case{{TileKind::hashes, 0, 273, 112}, "tile/0/273.p/112"},
        Case{{TileKind::hashes, 63, 5, 1}, "tile/63/005.p/1"},
        Case{{TileKind::entries, 0, 1000, 256}, "tile/entries/x001/000"},
        Case{{TileKind::entries, 0, 273, 255}, "tile/entries/273.p/255"},
        Case{{TileKind::hashes, 0, 36'028'797'018'963'967, 255}, "tile/0/x036/x028/x797/x018/x963/967.p/255"}}) {
    EXPECT_EQ(name.path(), path);
    auto const parsed = TileName::parse(path);
    ASSERT_TRUE(parsed) << path;
    EXPECT_EQ(*parsed, name);
  }
}

TEST(TileName, RefusesEveryOtherSpelling) {
  for (char const* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/00/000",
                           "tile/64/000",
                           "tile/-1/000",
                           "tile/0/x000/000",
                           "tile/0/001/000",
                           "tile/0/x001/x000",
                           "tile/0/000.p",
                           "tile/0/000.p/",
                           "tile/0/000.p/0",
                           "tile/0/000.p/01",
                           "tile/0/000.p/256",
                           "tile/0/000.p/1/",
                           "/tile/0/000",
                           "tile/0/000/",
                           "tile/entry/000",
                           "tile/Entries/000",
                           "tile/0/../000",
                           "tile/0/x1/234",
                           "tile/0/ 00",
                           "tile/0/000.p/1.p/1",
                           "tile/0/x036/x028/x797/x018/x963/968",
                           "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                           "tile/0/x000/x001/000"})
    EXPECT_FALSE(TileName::parse(path)) << path;
}

TEST(TileWidth, IsThatOfTheSpecificationsExample) {
  EXPECT_EQ(tile_width(0, 272, 70'000), 256u);
  EXPECT_EQ(tile_width(0, 273, 70'000), 112u);
  EXPECT_EQ(tile_width(0, 274, 70'000), 0u);
  EXPECT_EQ(tile_width(1, 0, 70'000), 256u);
  EXPECT_EQ(tile_width(1, 1, 70'000), 17u);
  EXPECT_EQ(tile_width(2, 0, 70'000), 1u);
  EXPECT_EQ(tile_width(3, 0, 70'000), 0u);
  EXPECT_EQ(tile_width(0, 0, 0), 0u);
  EXPECT_EQ(tile_width(7, 0, kTreeSizeMax), 127u);
  EXPECT_EQ(tile_width(8, 0, kTreeSizeMax), 0u);
  EXPECT_EQ(tile_width(0, UINT64_MAX, kTreeSizeMax), 0u);
}

TEST(Bundle, SplitsIntoWhatWasAppended) {
  Bytes bundle;
  std::vector<Bytes> const entries{{}, {1}, Bytes(kEntryBytesMax, 7), {2, 3}};
  for (auto const& entry : entries) ASSERT_TRUE(append_to_bundle(bundle, entry));
  auto const split = split_bundle(bundle);
  ASSERT_TRUE(split);
  ASSERT_EQ(split->size(), entries.size());
  for (std::size_t at = 0; at < entries.size(); ++at)
    EXPECT_TRUE(std::equal((*split)[at].begin(), (*split)[at].end(), entries[at].begin(), entries[at].end()));
  EXPECT_EQ(append_to_bundle(bundle, Bytes(kEntryBytesMax + 1)).error().reason, "log_entry");
}

TEST(Bundle, RefusesWhatIsCutOffOrTooLong) {
  EXPECT_TRUE(split_bundle({})->empty());
  EXPECT_FALSE(split_bundle(Bytes{0}));
  EXPECT_FALSE(split_bundle(Bytes{0, 1}));
  EXPECT_FALSE(split_bundle(Bytes{0, 2, 9}));
  EXPECT_TRUE(split_bundle(Bytes(512)));
  EXPECT_FALSE(split_bundle(Bytes(514)));
}

TEST(Builder, WritesTheTilesOfThe70000Entries) {
  auto const tiles = testing::make_log(vectors::kSize);
  for (auto const& [path, digest] : vectors::kTiles) {
    ASSERT_TRUE(tiles.files.contains(std::string{path})) << path;
    EXPECT_EQ(crypto::sha256(tiles.files.at(std::string{path})).hex(), digest) << path;
  }
  // 273 full tiles and one partial one, 1 + 1, and 1; as many bundles as tiles on the lowest level.
  EXPECT_EQ(tiles.files.size(), 274u + 2 + 1 + 274);
}

TEST(Builder, GoesOnFromItsFilesAsIfItHadNeverStopped) {
  SeededRandom random{5};
  auto const whole = testing::make_log(3000);
  MemoryTiles tiles;
  Frontier frontier;
  std::uint64_t size = 0;
  while (size < 3000) {
    auto builder = LogBuilder::resume(tiles, size);
    ASSERT_TRUE(builder) << size;
    EXPECT_EQ(builder->root(), frontier.root()) << size;
    auto const count = std::min<std::uint64_t>(random.below(4) == 0 ? random.below(700) : random.below(5), 3000 - size);
    for (std::uint64_t at = 0; at < count; ++at, ++size) {
      EXPECT_EQ(*builder->append(as_bytes(entry_text(size))), size);
      frontier.append(leaf_hash(as_bytes(entry_text(size))));
    }
    auto const batch = builder->take_batch();
    EXPECT_EQ(batch.size, size);
    EXPECT_EQ(batch.root, frontier.root());
    EXPECT_EQ(batch.files.empty(), count == 0);
    tiles.add(batch);
    EXPECT_TRUE(builder->take_batch().files.empty());
  }
  for (auto const& [path, content] : whole.files) EXPECT_EQ(tiles.files.at(path), content) << path;
}

TEST(Builder, RefusesAnEdgeThatDoesNotFit) {
  for (char const* path : {"tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88", "tile/0/001"}) {
    auto tiles = testing::make_log(600);
    ASSERT_TRUE(tiles.files.contains(path)) << path;
    tiles.files[path].back() ^= 1;
    auto const resumed = LogBuilder::resume(tiles, 600);
    ASSERT_FALSE(resumed) << path;
    EXPECT_EQ(resumed.error().reason, "log_edge");
    tiles.files.erase(path);
    EXPECT_EQ(LogBuilder::resume(tiles, 600).error().reason, "tile_missing") << path;
  }
}

TEST(Builder, RefusesAnEntryThatIsTooLong) {
  LogBuilder builder;
  EXPECT_EQ(builder.append(Bytes(kEntryBytesMax + 1)).error().reason, "log_entry");
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_TRUE(builder.append(Bytes(kEntryBytesMax)));
}

TEST(WriteBatch, IsReadBackFromTheFolder) {
  Folder const folder;
  DirectoryTiles tiles{folder.path};
  LogBuilder builder;
  Frontier frontier;
  for (std::uint64_t const size : {1, 255, 256, 300, 600}) {
    while (builder.size() < size) {
      frontier.append(leaf_hash(as_bytes(entry_text(builder.size()))));
      ASSERT_TRUE(builder.append(as_bytes(entry_text(builder.size()))));
    }
    ASSERT_TRUE(write_batch(folder.path, builder.take_batch()));
    EXPECT_EQ(*read_root(tiles, size), frontier.root());
    for (std::uint64_t const index : {std::uint64_t{0}, size - 1})
      EXPECT_EQ(as_text(*read_entry(tiles, index, size)), entry_text(index));
  }
  // A full tile has taken the place of its partial ones; an older, smaller tree reads them out of it.
  EXPECT_FALSE(fs::exists(folder.path / "tile/0/000.p"));
  EXPECT_EQ(read_frontier(tiles, 255)->size(), 255u);
  EXPECT_EQ(as_text(*read_entry(tiles, 254, 255)), entry_text(254));
  EXPECT_FALSE(read_entry(tiles, 600, 600));
  EXPECT_EQ(read_entry(tiles, 700, 800).error().reason, "tile_missing");
}

TEST(WriteBatch, MayBeRepeatedButNeverChangesATile) {
  Folder const folder;
  LogBuilder builder;
  ASSERT_TRUE(builder.append(as_bytes("one")));
  auto batch = builder.take_batch();
  ASSERT_TRUE(write_batch(folder.path, batch));
  EXPECT_TRUE(write_batch(folder.path, batch));
  batch.files.back().content.back() ^= 1;
  EXPECT_EQ(write_batch(folder.path, batch).error().reason, "log_file_differs");
}

TEST(DirectoryTiles, RefusesFilesOfTheWrongSize) {
  Folder const folder;
  fs::create_directories(folder.path / "tile/0/001.p");
  std::ofstream{folder.path / "tile/0/000"} << std::string(8191, 'x');
  std::ofstream{folder.path / "tile/0/001.p/2"} << std::string(96, 'x');
  DirectoryTiles tiles{folder.path};
  EXPECT_EQ(tiles.tile(0, 0, 256).error().reason, "tile_size");
  EXPECT_EQ(tiles.tile(0, 0, 3).error().reason, "tile_size");
  EXPECT_EQ(tiles.tile(0, 1, 2).error().reason, "tile_size");
  EXPECT_EQ(tiles.tile(0, 2, 2).error().reason, "tile_missing");
}

}  // namespace
}  // namespace fabrica::tlog
