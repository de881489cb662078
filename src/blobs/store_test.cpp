#include "blobs/store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "blobs/impl/files.hpp"

namespace fabrica::blobs {
namespace {

namespace fs = std::filesystem;

class BlobStore : public ::testing::Test {
 protected:
  BlobStore() {
    std::string name = (fs::temp_directory_path() / "fabrica-blobs-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root = name;
  }
  ~BlobStore() override { fs::remove_all(root); }
  Store store() { return *Store::open(root / "data", clock); }
  int files_in(char const* folder) {
    int count = 0;
    for (auto const& entry : fs::recursive_directory_iterator{root / "data" / folder})
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  ManualClock clock{1000 * kSecond};
  fs::path root;
};

std::string content(Store const& store, crypto::Digest const& digest) {
  auto const reader = store.open_blob(digest);
  if (!reader) return "<" + reader.error().reason + ">";
  std::string out(static_cast<std::size_t>(reader->size_bytes()), '\0');
  auto const got = reader->read(0, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return got && *got == out.size() ? out : "<short>";
}

TEST_F(BlobStore, GivesBackTheBytesUnderTheirDigest) {
  auto const at = store();
  auto const stored = at.put(as_bytes("abc"));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  EXPECT_EQ(stored->size_bytes, 3);
  EXPECT_EQ(content(at, stored->digest), "abc");
  EXPECT_TRUE(fs::exists(root / "data/blobs/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(files_in("incoming"), 0);
  EXPECT_TRUE(at.put(as_bytes("abc")));
  EXPECT_EQ(files_in("blobs"), 1);
}

TEST_F(BlobStore, ReadsARange) {
  auto const at = store();
  auto const stored = at.put(as_bytes("0123456789"));
  auto const reader = at.open_blob(stored->digest);
  std::string out(4, '.');
  std::span<std::uint8_t> const into{reinterpret_cast<std::uint8_t*>(out.data()), out.size()};
  EXPECT_EQ(*reader->read(3, into), 4u);
  EXPECT_EQ(out, "3456");
  EXPECT_EQ(*reader->read(8, into), 2u);
  EXPECT_EQ(*reader->read(10, into), 0u);
}

TEST_F(BlobStore, KeepsNothingOfAStreamThatIsDroppedOrWrong) {
  auto const at = store();
  {
    auto writer = at.begin();
    ASSERT_TRUE(writer->write(as_bytes("half")));
    EXPECT_EQ(files_in("incoming"), 1);
  }
  EXPECT_EQ(files_in("incoming"), 0);
  {
    auto writer = at.begin();
    ASSERT_TRUE(writer->write(as_bytes("other")));
    EXPECT_EQ(writer->finish(crypto::sha256("expected")).error().reason, "digest_mismatch");
  }
  EXPECT_EQ(files_in("incoming") + files_in("blobs"), 0);
}

TEST(FullDisk, IsSaidSo) {
  File const full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  ASSERT_TRUE(full);
  EXPECT_EQ(write_all(full.number(), "/data", 0, as_bytes("x")).error().reason, "disk_full");
}

TEST_F(BlobStore, KeepsNothingOfWhatCouldNotBeWritten) {
  // A limit on the size of files stands in for the full disk: write() fails half-way in the same place.
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit const small{.rlim_cur = 1000, .rlim_max = old.rlim_max};
  auto const before = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto const refused = store().put(Bytes(5000, 1));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(files_in("incoming") + files_in("blobs"), 0);
}

TEST_F(BlobStore, HealsADamagedBlobWhenItIsStoredAgain) {
  auto const at = store();
  auto const stored = at.put(as_bytes("good"));
  fs::permissions(at.path_of(stored->digest), fs::perms::owner_all);
  std::ofstream{at.path_of(stored->digest)} << "evil";
  EXPECT_NE(at.rehash(stored->digest)->digest, stored->digest);
  ASSERT_TRUE(at.put(as_bytes("good")));
  EXPECT_EQ(at.rehash(stored->digest)->digest, stored->digest);
}

TEST_F(BlobStore, RemovesOnlyWhatIsOlderAndWasNotStoredAgain) {
  auto const at = store();
  auto const stored = at.put(as_bytes("x"));
  EXPECT_FALSE(*at.remove_stored_before(stored->digest, clock.now()));
  clock.advance(kDay);
  ASSERT_TRUE(at.put(as_bytes("x")));
  EXPECT_FALSE(*at.remove_stored_before(stored->digest, clock.now() - kHour));
  auto const reader = at.open_blob(stored->digest);
  EXPECT_TRUE(*at.remove_stored_before(stored->digest, clock.now() + 1));
  EXPECT_EQ(content(at, stored->digest), "<blob_missing>");
  std::uint8_t byte = 0;
  EXPECT_EQ(*reader->read(0, {&byte, 1}), 1u);  // who has it open reads on
}

TEST_F(BlobStore, CutsOffWhatAnInterruptedPieceLeft) {
  auto const at = store();
  SeededRandom random{1};
  auto const id = PublicId::make(clock.now(), random);
  ASSERT_TRUE(at.hold_upload(id)->append(0, as_bytes("0123")));
  ASSERT_TRUE(at.hold_upload(id)->append(4, as_bytes("lost answer")));
  ASSERT_TRUE(at.hold_upload(id)->append(4, as_bytes("45")));
  auto const stored = at.hold_upload(id)->finish(6, crypto::sha256("012345"));
  ASSERT_TRUE(stored) << stored.error().what;
  EXPECT_EQ(content(at, stored->digest), "012345");
}

TEST_F(BlobStore, LetsNobodyChangeAnUploadThatHasBecomeABlob) {
  auto const at = store();
  SeededRandom random{1};
  auto const id = PublicId::make(clock.now(), random);
  ASSERT_TRUE(at.hold_upload(id)->append(0, as_bytes("bytes")));
  ASSERT_TRUE(at.hold_upload(id)->finish(5, {}));
  EXPECT_EQ(at.hold_upload(id)->append(5, as_bytes("more")).error().reason, "upload_finished");
  EXPECT_TRUE(at.hold_upload(id)->finish(5, {}));  // what a crash before the commit makes the client do
  ASSERT_TRUE(at.remove_upload(id));
  EXPECT_EQ(content(at, crypto::sha256("bytes")), "bytes");
  EXPECT_EQ(files_in("incoming") + files_in("uploads"), 0);
}

TEST_F(BlobStore, LetsOneRequestAtATimeWriteAnUpload) {
  auto const at = store();
  SeededRandom random{1};
  auto const id = PublicId::make(clock.now(), random);
  auto const held = at.hold_upload(id);
  EXPECT_EQ(at.hold_upload(id).error().reason, "upload_busy");
}

}  // namespace
}  // namespace fabrica::blobs
