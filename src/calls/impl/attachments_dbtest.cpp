#include "calls/attachments.hpp"
#include "calls/testing/pdf.hpp"
#include "calls/testing/world.hpp"

namespace fabrica::calls {
namespace {

constexpr auto kCv = "cv";                        // identifies the applicant; at most 5 MB
constexpr auto kPlan = "project_scope_and_plan";  // at most ten pages

class Readers final : public ReadsProposals {
 public:
  Result<std::optional<forms::Reader>> reader(db::Tx&, identity::Actor const& actor, PublicId const&) override {
    return actor.person == person ? reads : std::optional<forms::Reader>{};
  }
  PublicId person;
  std::optional<forms::Reader> reads;
};

struct World : testing::World {
  explicit World(db::Database& on) : testing::World{on}, files{open()}, blobs{on, files, clock, random} {
    readers.person = reviewer.person;
    proposal = drafted(project);
  }
  blobs::Store open() {
    auto made = blobs::Store::open(folder.path(), clock);
    EXPECT_TRUE(made) << db::why(made);
    return *std::move(made);
  }
  Result<Attachment> attach(identity::Actor const& actor, PublicId const& to, std::string_view field,
                            std::string const& bytes, std::string_view name = "cv.pdf") {
    return attach_with(attachments, actor, to, field, bytes, name);
  }
  static Result<Attachment> attach_with(Attachments& with, identity::Actor const& actor, PublicId const& to,
                                        std::string_view field, std::string const& bytes, std::string_view name) {
    FABRICA_TRY(auto sink, with.receive(actor, to, field, name, "request"));
    for (std::size_t at = 0; at < bytes.size(); at += 65536)
      FABRICA_DO(sink->write(std::string_view{bytes}.substr(at, 65536)));
    auto const answer = sink->finish();
    if (answer.status == 200) return json::read<Attachment>(answer.body);
    FABRICA_TRY(auto const problem, json::Document::parse(answer.body));
    return fail(answer.status == 409 ? Errc::conflict : Errc::invalid, *problem.at("/reason").text(),
                std::string{*problem.at("/detail").text()});
  }
  Result<std::vector<Attachment>> list(identity::Actor const& actor) {
    return read([&](db::Tx& tx) { return attachments.list(tx, actor, proposal.id); });
  }
  std::string answer(PublicId const& of, std::string_view field) {
    auto const found = look(of);
    auto const document = json::Document::parse(found.form->text);
    return std::string{document->at(fmt::format("/{}/digest", field)).text().value_or("")};
  }
  std::int64_t used() {
    auto const found = read([&](db::Tx& tx) { return blobs.usage(tx, project.text()); });
    EXPECT_TRUE(found) << db::why(found);
    return found->used_bytes;
  }

  db::TestFolder folder;
  blobs::Store files;
  blobs::Service blobs;
  Readers readers;
  Attachments attachments{database, clock, random, journal, projects, blobs, calls, readers};
  Proposal proposal;
};

class AttachmentsDb : public db::DbTest {};
FABRICA_ON_BOTH(AttachmentsDb);

TEST_P(AttachmentsDb, AFileIsKeptByWhatItIsAndStandsInTheAnswers) {
  World world{db()};
  auto const bytes = testing::pdf(2);
  auto const made = world.attach(world.member, world.proposal.id, kCv, bytes);
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->media_type, "application/pdf");
  EXPECT_EQ(made->bytes, static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(made->pages, 2);
  EXPECT_EQ(made->digest, crypto::sha256(bytes).hex());
  EXPECT_EQ(world.answer(world.proposal.id, kCv), made->digest);
  EXPECT_EQ(world.used(), made->bytes);
  EXPECT_EQ(world.count(world.project.text(), "proposal.attached"), 1);
}

TEST_P(AttachmentsDb, AFileCountsOnTheQuotaOfItsProject) {
  World world{db()};
  ASSERT_TRUE(world.write([&](db::Tx& tx) { return world.blobs.set_quota(tx, world.project.text(), 100); }));
  auto const refused = world.attach(world.member, world.proposal.id, kCv, testing::pdf(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "blob_quota");
  EXPECT_EQ(world.answer(world.proposal.id, kCv), "");
}

TEST_P(AttachmentsDb, TheSameFileAgainChangesNothing) {
  World world{db()};
  auto const once = world.attach(world.member, world.proposal.id, kCv, testing::pdf(1));
  auto const again = world.attach(world.member, world.proposal.id, kCv, testing::pdf(1));
  ASSERT_TRUE(once && again);
  EXPECT_EQ(once->id, again->id);
  EXPECT_EQ(world.count(world.project.text(), "proposal.attached"), 1);
}

TEST_P(AttachmentsDb, AnotherFileTakesItsPlaceAndItsBytesGo) {
  World world{db()};
  ASSERT_TRUE(world.attach(world.member, world.proposal.id, kCv, testing::pdf(1)));
  auto const other = world.attach(world.member, world.proposal.id, kCv, testing::pdf(3), "other.pdf");
  ASSERT_TRUE(other) << db::why(other);
  EXPECT_EQ(world.used(), other->bytes);
  world.clock.advance(2 * kDay);
  auto const swept = world.blobs.sweep();
  ASSERT_TRUE(swept) << db::why(swept);
  EXPECT_EQ(swept->blobs, 1);
  EXPECT_TRUE(world.blobs.open(*crypto::Digest::from_hex(other->digest)));
}

TEST_P(AttachmentsDb, WhatOnlyHasTheNameIsRefusedAndLeavesNothing) {
  World world{db()};
  for (auto const& [bytes, reason] :
       {std::pair{std::string{"PK\x03\x04zip"}, "attachment_type"},
        {std::string{"<html><script>x</script></html>"}, "attachment_type"},
        {testing::pdf(1, "/OpenAction << /S /JavaScript >>"), "attachment_active"},
        {testing::packed_pdf(1, "", std::string(40'000'000, ' ')), "attachment_too_complex"},
        {std::string{}, "attachment_type"}}) {
    auto const refused = world.attach(world.member, world.proposal.id, kCv, bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, reason) << refused.error().what;
  }
  EXPECT_EQ(world.list(world.member)->size(), 0U);
  EXPECT_EQ(world.answer(world.proposal.id, kCv), "");
  EXPECT_EQ(world.used(), 0);
  world.clock.advance(2 * kDay);
  auto const swept = world.blobs.sweep();
  ASSERT_TRUE(swept) << db::why(swept);
  EXPECT_EQ(swept->blobs, 4);
}

TEST_P(AttachmentsDb, AFileThatIsTooLargeIsStoppedOnItsWay) {
  World world{db()};
  auto const refused = world.attach(world.member, world.proposal.id, kCv, std::string(5'000'001, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
  EXPECT_EQ(refused.error().reason, "attachment_size");
}

TEST_P(AttachmentsDb, TenPagesAreTenPages) {
  World world{db()};
  EXPECT_TRUE(world.attach(world.member, world.proposal.id, kPlan, testing::pdf(10)));
  auto const refused = world.attach(world.member, world.proposal.id, kPlan, testing::pdf(11));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "attachment_pages");
}

TEST_P(AttachmentsDb, AnAnswerNamesOnlyWhatIsStored) {
  World world{db()};
  auto draft = world.proposal_draft();
  draft.form->text.pop_back();
  auto const fake = fmt::format(R"(,"cv":{{"name":"cv.pdf","media_type":"application/pdf","bytes":9,"digest":"{}"}}}})",
                                std::string(64, 'a'));
  draft.form->text += fake;
  auto const refused =
      world.write([&](db::Tx& tx) { return world.calls.change(tx, world.member, world.proposal.id, draft); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "form_faults");
  EXPECT_EQ(refused.error().faults.at(0).pointer, "/form/cv");
  auto const fresh = world.write([&](db::Tx& tx) { return world.calls.draft(tx, world.member, world.project, draft); });
  EXPECT_FALSE(fresh);
}

TEST_P(AttachmentsDb, SavingTheDraftWithoutTheFileKeepsIt) {
  World world{db()};
  auto const made = world.attach(world.member, world.proposal.id, kCv, testing::pdf(1));
  ASSERT_TRUE(made);
  auto const saved = world.write(
      [&](db::Tx& tx) { return world.calls.change(tx, world.member, world.proposal.id, world.proposal_draft()); });
  ASSERT_TRUE(saved) << db::why(saved);
  EXPECT_EQ(world.answer(world.proposal.id, kCv), made->digest);
  auto const gone =
      world.write([&](db::Tx& tx) { return world.attachments.remove(tx, world.member, world.proposal.id, kCv); });
  ASSERT_TRUE(gone) << db::why(gone);
  EXPECT_EQ(world.answer(world.proposal.id, kCv), "");
  EXPECT_EQ(world.used(), 0);
  EXPECT_TRUE(
      world.write([&](db::Tx& tx) { return world.attachments.remove(tx, world.member, world.proposal.id, kCv); }));
  EXPECT_EQ(world.count(world.project.text(), "proposal.attachment_removed"), 1);
}

TEST_P(AttachmentsDb, WhatWasSentKeepsItsFiles) {
  World world{db()};
  ASSERT_TRUE(world.attach(world.member, world.proposal.id, kCv, testing::pdf(1)));
  auto const early = world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, world.proposal.id); });
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().reason, "form_faults");
  ASSERT_TRUE(world.attach(world.member, world.proposal.id, kPlan, testing::pdf(3)));
  auto const sent = world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, world.proposal.id); });
  ASSERT_TRUE(sent) << db::why(sent);
  ASSERT_EQ(sent->state, ProposalState::submitted) << sent->decision_reason;
  auto const late = world.attach(world.member, world.proposal.id, kCv, testing::pdf(2));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "proposal_state");
  EXPECT_FALSE(
      world.write([&](db::Tx& tx) { return world.attachments.remove(tx, world.member, world.proposal.id, kCv); }));
}

TEST_P(AttachmentsDb, ReviewersReadWhatTheFormShowsThem) {
  World world{db()};
  ASSERT_TRUE(world.attach(world.member, world.proposal.id, kCv, testing::pdf(1), "Jānis Bērziņš.pdf"));
  ASSERT_TRUE(world.attach(world.member, world.proposal.id, kPlan, testing::pdf(1), "Bērziņš plan.pdf"));
  EXPECT_FALSE(world.list(world.reviewer));
  world.readers.reads = forms::Reader{forms::Audience::reviewer, true};
  auto const blind = world.list(world.reviewer);
  ASSERT_TRUE(blind) << db::why(blind);
  ASSERT_EQ(blind->size(), 1U);
  EXPECT_EQ(blind->at(0).field, kPlan);
  EXPECT_EQ(blind->at(0).name, kPlan);
  EXPECT_FALSE(
      world.read([&](db::Tx& tx) { return world.attachments.find(tx, world.reviewer, world.proposal.id, kCv); }));
  world.readers.reads = forms::Reader{forms::Audience::reviewer, false};
  EXPECT_EQ(world.list(world.reviewer)->size(), 2U);
  EXPECT_EQ(world.list(world.officer)->size(), 2U);
  EXPECT_FALSE(world.list(world.rival));
  EXPECT_FALSE(world.list({}));
}

TEST_P(AttachmentsDb, OnesOwnFileIsAttachedAgainWithoutSendingIt) {
  World world{db()};
  auto const made = world.attach(world.member, world.proposal.id, kCv, testing::pdf(1));
  ASSERT_TRUE(made);
  auto const next = world.drafted(world.second);
  auto const again =
      world.write([&](db::Tx& tx) { return world.attachments.attach_again(tx, world.member, next.id, kCv, made->id); });
  ASSERT_TRUE(again) << db::why(again);
  EXPECT_EQ(world.answer(next.id, kCv), made->digest);
  auto const theirs = world.drafted(world.rivals);
  auto const refused = world.write(
      [&](db::Tx& tx) { return world.attachments.attach_again(tx, world.rival, theirs.id, kCv, made->id); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "attachment");
}

TEST_P(AttachmentsDb, NamesOfAnyScriptStayAndTricksAreRefused) {
  World world{db()};
  auto const bytes = testing::pdf(1);
  auto const hebrew = world.attach(world.member, world.proposal.id, kCv, bytes, "סיכום.pdf");
  ASSERT_TRUE(hebrew) << db::why(hebrew);
  EXPECT_EQ(hebrew->name, "סיכום.pdf");
  auto const combined = world.attach(world.member, world.proposal.id, kCv, bytes, "re\u0301sume\u0301.pdf");
  ASSERT_TRUE(combined) << db::why(combined);
  EXPECT_EQ(combined->name, "r\u00e9sum\u00e9.pdf");
  for (std::string_view const name : {"", "a/b.pdf", "cv\u202Efdp.exe", "..\\cv.pdf", "a\nb.pdf"}) {
    auto const refused = world.attach(world.member, world.proposal.id, kCv, bytes, name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().reason, "file_name") << name;
  }
}

// Every step of attaching fails once: row, answer and reference are there together or not at all.
TEST_P(AttachmentsDb, AFaultAnywhereLeavesAllOrNothing) {
  std::unique_ptr<World> at;
  auto const make_world = [&] {
    at.reset();
    auto database = fresh();
    at = std::make_unique<World>(*database);
    return database;
  };
  auto const run = [&](db::Database& faulty) -> Result<Attachment> {
    blobs::Service blobs{faulty, at->files, at->clock, at->random};
    Attachments attachments{faulty, at->clock, at->random, at->journal, at->projects, blobs, at->calls, at->readers};
    return World::attach_with(attachments, at->member, at->proposal.id, kCv, testing::pdf(1), "cv.pdf");
  };
  auto const faults = db::for_each_fault(make_world, run, [&](db::Database&, bool succeeded) {
    auto const listed = at->list(at->member);
    ASSERT_TRUE(listed) << db::why(listed);
    bool const there = listed->size() == 1;
    EXPECT_TRUE(there || !succeeded);
    EXPECT_EQ(at->answer(at->proposal.id, kCv).empty(), !there);
    EXPECT_EQ(at->used() > 0, there);
    EXPECT_EQ(at->count(at->project.text(), "proposal.attached"), there ? 1 : 0);
  });
  at.reset();
  EXPECT_GT(faults, 10);
}

}  // namespace
}  // namespace fabrica::calls
