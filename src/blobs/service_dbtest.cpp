#include <filesystem>
#include <fstream>

#include "blobs/service.hpp"
#include "db/testing/dbtest.hpp"

namespace fabrica::blobs {
namespace {

namespace fs = std::filesystem;
using db::why;

class Blobs : public db::DbTest {
 protected:
  Result<> keep(crypto::Digest const& digest, std::string owner, std::string account = "project") {
    return db().write([&](db::Tx& tx) { return service().keep(tx, digest, {"dataset", owner, "file", account}); });
  }
  Result<> release(std::string_view owner) {
    return db().write([&](db::Tx& tx) { return service().release(tx, "dataset", owner); });
  }
  Usage usage(std::string_view account = "project") {
    return *db().read([&](db::Tx& tx) { return service().usage(tx, account); });
  }
  bool stored(crypto::Digest const& digest) { return fs::exists(store.path_of(digest)); }
  Service& service() {
    if (!service_) service_ = std::make_unique<Service>(db(), store, clock, random, limits);
    return *service_;
  }

  db::TestFolder folder;
  ManualClock clock{1'790'000'000 * kSecond};
  SeededRandom random{1};
  Limits limits{
      .quota_bytes = 1000, .upload_bytes_max = 500, .uploads_max = 3, .upload_lifetime = kDay, .grace = kHour};
  Store store = *Store::open(folder.path() + "/data", clock);

 private:
  std::unique_ptr<Service> service_;
};
FABRICA_ON_BOTH(Blobs);

TEST_P(Blobs, StayWhileSomebodyKeepsThemAndGoAfterTheGrace) {
  auto const one = service().put(as_bytes("one"));
  ASSERT_TRUE(one) << why(one);
  ASSERT_TRUE(keep(one->digest, "a"));
  ASSERT_TRUE(keep(one->digest, "a"));
  ASSERT_TRUE(keep(one->digest, "b"));
  clock.advance(kDay);
  EXPECT_EQ(service().sweep()->blobs, 0);
  ASSERT_TRUE(release("a"));
  ASSERT_TRUE(release("b"));
  EXPECT_EQ(service().sweep()->blobs, 0) << "the grace counts from the release";
  clock.advance(2 * kHour);
  auto const swept = service().sweep();
  EXPECT_EQ(swept->blobs, 1);
  EXPECT_EQ(swept->bytes, 3);
  EXPECT_FALSE(stored(one->digest));
  EXPECT_EQ(keep(one->digest, "c").error().reason, "blob");
}

TEST_P(Blobs, StoredAgainAreYoungAgain) {
  auto const one = service().put(as_bytes("one"));
  clock.advance(2 * kHour);
  ASSERT_TRUE(service().put(as_bytes("one")));
  EXPECT_EQ(service().sweep()->blobs, 0);
  EXPECT_TRUE(stored(one->digest));
}

TEST_P(Blobs, OfWhichNoRowKnowsAreSweptAfterTheGrace) {
  auto const lone = store.put(as_bytes("lone"));  // a crash between file and row
  EXPECT_EQ(service().sweep()->files, 0);
  clock.advance(2 * kHour);
  EXPECT_EQ(service().sweep()->files, 1);
  EXPECT_FALSE(stored(lone->digest));
}

TEST_P(Blobs, CountOnceOnAnAccountAndNotPastItsQuota) {
  auto const big = service().put(Bytes(900, 1));
  auto const small = service().put(Bytes(101, 2));
  ASSERT_TRUE(keep(big->digest, "a"));
  ASSERT_TRUE(keep(big->digest, "b"));
  EXPECT_EQ(usage().used_bytes, 900);
  EXPECT_EQ(keep(small->digest, "c").error().reason, "blob_quota");
  EXPECT_TRUE(keep(small->digest, "c", "other"));
  ASSERT_TRUE(db().write([&](db::Tx& tx) { return service().set_quota(tx, "project", 1001); }));
  EXPECT_TRUE(keep(small->digest, "c"));
  EXPECT_EQ(usage().used_bytes, 1001);
  ASSERT_TRUE(release("a"));
  EXPECT_EQ(usage().used_bytes, 1001);
  ASSERT_TRUE(release("b"));
  EXPECT_EQ(usage().used_bytes, 101);
}

TEST_P(Blobs, StoreNothingOfAStreamThatFails) {
  auto const done = service().put_stream([](Service::Sink const& sink) -> Result<> {
    FABRICA_DO(sink(as_bytes("half")));
    return fail(Errc::invalid, "cut", "The client went away.");
  });
  EXPECT_EQ(done.error().reason, "cut");
  EXPECT_TRUE(fs::is_empty(folder.path() + "/data/incoming"));
}

TEST_P(Blobs, ArriveInPiecesAndGoOnAfterARestart) {
  auto const upload = service().start_upload("project", 10, crypto::sha256("0123456789"));
  ASSERT_TRUE(upload) << why(upload);
  EXPECT_EQ(usage().uploading_bytes, 10);
  EXPECT_EQ(service().append(upload->public_id, 0, as_bytes("01234"))->received_bytes, 5);
  Service again{db(), store, clock, random, limits};
  EXPECT_EQ(again.upload(upload->public_id)->received_bytes, 5);
  auto const wrong = again.append(upload->public_id, 3, as_bytes("3"));
  EXPECT_EQ(wrong.error().reason, "upload_offset");
  EXPECT_NE(wrong.error().what.find("5 bytes"), std::string::npos);
  EXPECT_EQ(again.finish(upload->public_id).error().reason, "upload_incomplete");
  EXPECT_EQ(again.append(upload->public_id, 5, as_bytes("567890")).error().reason, "upload_size");
  ASSERT_TRUE(again.append(upload->public_id, 5, as_bytes("56789")));
  auto const stored_as = again.finish(upload->public_id);
  ASSERT_TRUE(stored_as) << why(stored_as);
  EXPECT_EQ(stored_as->digest, crypto::sha256("0123456789"));
  EXPECT_TRUE(keep(stored_as->digest, "a"));
  EXPECT_EQ(usage().uploading_bytes, 0);
  EXPECT_EQ(again.upload(upload->public_id).error().reason, "upload");
  EXPECT_TRUE(fs::is_empty(folder.path() + "/data/uploads"));
}

TEST_P(Blobs, ThatArriveDamagedAreRefused) {
  auto const upload = service().start_upload("project", std::nullopt, std::nullopt);
  ASSERT_TRUE(service().append(upload->public_id, 0, as_bytes("bytes")));
  EXPECT_EQ(service().finish(upload->public_id, crypto::sha256("other")).error().reason, "digest_mismatch");
  EXPECT_TRUE(service().finish(upload->public_id, crypto::sha256("bytes")));
}

TEST_P(Blobs, OfNoBytesCanBeUploadedToo) {
  auto const upload = service().start_upload("project", 0, std::nullopt);
  auto const empty = service().finish(upload->public_id);
  ASSERT_TRUE(empty) << why(empty);
  EXPECT_EQ(empty->size_bytes, 0);
  EXPECT_TRUE(stored(empty->digest));
}

TEST_P(Blobs, UploadsAreBoundedInSizeNumberAndQuota) {
  EXPECT_EQ(service().start_upload("project", 501, std::nullopt).error().reason, "upload_size");
  EXPECT_EQ(service().start_upload("project", -1, std::nullopt).error().reason, "upload_size");
  ASSERT_TRUE(service().start_upload("project", 500, std::nullopt));
  ASSERT_TRUE(service().start_upload("project", 490, std::nullopt));
  EXPECT_EQ(service().start_upload("project", 11, std::nullopt).error().reason, "blob_quota");
  auto const open = service().start_upload("project", std::nullopt, std::nullopt);
  ASSERT_TRUE(open) << why(open);
  EXPECT_EQ(service().append(open->public_id, 0, Bytes(11)).error().reason, "blob_quota");
  EXPECT_TRUE(service().append(open->public_id, 0, Bytes(10)));
  EXPECT_EQ(service().start_upload("project", 0, std::nullopt).error().reason, "uploads_open");
  ASSERT_TRUE(service().abandon(open->public_id));
  EXPECT_EQ(service().abandon(open->public_id).error().reason, "upload");
  EXPECT_TRUE(service().start_upload("project", 0, std::nullopt));
}

TEST_P(Blobs, UploadsExpireAndTheirFilesGo) {
  auto const upload = service().start_upload("project", 10, std::nullopt);
  ASSERT_TRUE(service().append(upload->public_id, 0, as_bytes("01234")));
  clock.advance(kDay + 1);
  EXPECT_EQ(service().append(upload->public_id, 5, as_bytes("5")).error().reason, "upload");
  EXPECT_EQ(service().sweep()->uploads, 1);
  EXPECT_TRUE(fs::is_empty(folder.path() + "/data/uploads"));
  EXPECT_EQ(usage().uploading_bytes, 0);
}

TEST_P(Blobs, ThatAreMissingOrDamagedAreFoundByVerification) {
  auto const good = service().put(as_bytes("good"));
  auto const lost = service().put(as_bytes("lost"));
  auto const evil = service().put(as_bytes("evil"));
  EXPECT_TRUE(service().verify_all()->bad.empty());
  fs::remove(store.path_of(lost->digest));
  fs::permissions(store.path_of(evil->digest), fs::perms::owner_all);
  std::ofstream{store.path_of(evil->digest)} << "Evil";
  std::int64_t seen = 0;
  auto const verified = service().verify_all([&](std::int64_t bytes) { seen = bytes; });
  ASSERT_TRUE(verified) << why(verified);
  EXPECT_EQ(verified->blobs, 3);
  EXPECT_EQ(seen, 8);
  std::vector<std::pair<std::string, BlobState>> bad;
  for (auto const& blob : verified->bad) bad.emplace_back(blob.digest, blob.state);
  std::vector<std::pair<std::string, BlobState>> wanted{{lost->digest.hex(), BlobState::missing},
                                                        {evil->digest.hex(), BlobState::damaged}};
  std::ranges::sort(wanted);
  EXPECT_EQ(bad, wanted);
  EXPECT_EQ(keep(evil->digest, "a").error().reason, "blob");
  EXPECT_TRUE(keep(good->digest, "a"));
  ASSERT_TRUE(service().put(as_bytes("evil")));
  EXPECT_TRUE(keep(evil->digest, "a"));
}

TEST_P(Blobs, SurviveEveryFaultOfAnUploadThatIsTriedAgain) {
  PublicId id;
  auto const make_world = [&] {
    auto world = fresh();
    Service seeding{*world, store, clock, random, limits};
    id = seeding.start_upload("project", 5, crypto::sha256("bytes"))->public_id;
    EXPECT_TRUE(seeding.append(id, 0, as_bytes("by")));
    return world;
  };
  auto const run = [&](db::Database& database) -> Result<> {
    Service service{database, store, clock, random, limits};
    FABRICA_DO(service.append(id, 2, as_bytes("tes")));
    FABRICA_DO(service.finish(id));
    return {};
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database& database, bool succeeded) {
    Service service{database, store, clock, random, limits};
    // What a client does: asks where it stands and goes on. Gone means finished, and then the blob is there.
    auto const now = service.upload(id);
    EXPECT_TRUE(!now || now->received_bytes == 5 || service.append(id, now->received_bytes, as_bytes("tes")));
    EXPECT_TRUE(!now || service.finish(id));
    EXPECT_TRUE(!succeeded || !now);
    auto const blob = database.read([&](db::Tx& tx) { return service.find(tx, crypto::sha256("bytes")); });
    ASSERT_TRUE(blob) << why(blob);
    EXPECT_TRUE(service.verify_all()->bad.empty());
  });
  EXPECT_GE(faults, 8);
}

}  // namespace
}  // namespace fabrica::blobs
