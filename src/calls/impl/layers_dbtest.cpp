#include "calls/templates.hpp"
#include "calls/testing/world.hpp"

namespace fabrica::calls {
namespace {

struct World : testing::World {
  explicit World(db::Database& on) : testing::World{on, "first-come-short"} {}

  schedule::CallTemplate of(std::string_view key) const { return *schedule::find_template(schedule::templates(), key); }
  Result<TemplateShown> save(schedule::CallTemplate const& own) {
    return write([&](db::Tx& tx) { return layers.save_template(tx, officer, own.key, own); });
  }
  std::string form_with_title(std::string_view title) const {
    auto form = *forms::shipped("first-come-short");
    form.title = title;
    form.sections[0].fields[0].label = "Another question";
    return json::write(form);
  }
  Result<FormShown> save_form(std::string_view definition) {
    return write([&](db::Tx& tx) { return layers.save_form(tx, officer, "first-come-short", definition); });
  }

  Layers layers{clock, journal, calls};
};

class LayersDb : public db::DbTest {};
FABRICA_ON_BOTH(LayersDb);

TEST_P(LayersDb, AnOwnTemplateStandsBeforeTheShippedOne) {
  World world{db()};
  auto own = world.of("ai_playground");
  own.title = "Our playground";
  own.amount->max_units = 800;
  auto const saved = world.save(own);
  ASSERT_TRUE(saved) << db::why(saved);
  EXPECT_EQ(saved->layer, Layer::own);
  EXPECT_EQ(saved->differs, (std::vector<std::string>{"title", "amount"}));
  EXPECT_FALSE(saved->shipped_changed);
  auto const all = world.read([&](db::Tx& tx) { return world.layers.templates(tx); });
  ASSERT_TRUE(all) << db::why(all);
  EXPECT_EQ(all->size(), schedule::templates().templates.size());
  EXPECT_EQ(all->at(0).title, "Our playground");
  EXPECT_EQ(all->at(1).layer, Layer::shipped);
  // Saved again it is the same.
  ASSERT_TRUE(world.save(own));
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "template.saved"), 1);
  ASSERT_TRUE(
      world.write([&](db::Tx& tx) { return world.layers.remove_template(tx, world.officer, "ai_playground"); }));
  auto const back = world.read([&](db::Tx& tx) { return world.layers.find_template(tx, "ai_playground"); });
  EXPECT_EQ(back->layer, Layer::shipped);
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "template.removed"), 1);
}

TEST_P(LayersDb, ATemplateOfOnesOwnStandsBeside) {
  World world{db()};
  auto own = world.of("ai_playground");
  own.key = "summer_school";
  ASSERT_TRUE(world.save(own));
  auto const all = world.read([&](db::Tx& tx) { return world.layers.templates(tx); });
  EXPECT_EQ(all->back().key, "summer_school");
  EXPECT_TRUE(all->back().differs.empty());
}

TEST_P(LayersDb, AnUnsoundTemplateIsRefusedWithEveryFault) {
  World world{db()};
  auto own = world.of("ai_large_scale");
  own.schedule->zone = "Europe/Nowhere";
  own.form = "none";
  own.steps = {StepKind::panel};
  auto const refused = world.save(own);
  ASSERT_FALSE(refused);
  std::vector<std::string> pointers;
  for (auto const& one : refused.error().faults) pointers.push_back(one.pointer);
  for (auto const* pointer : {"/schedule/zone", "/form", "/steps"})
    EXPECT_NE(std::ranges::find(pointers, pointer), pointers.end()) << pointer;
  EXPECT_FALSE(world.write([&](db::Tx& tx) { return world.layers.save_template(tx, world.member, own.key, own); }));
}

TEST_P(LayersDb, ATemplateBecomesADraft) {
  World world{db()};
  TemplateChoices chosen;
  chosen.opens = Time{testing::kStart};
  chosen.offers = {{"meluxina/gpu", {}, {}, {}, 100'000}};
  auto const made =
      world.write([&](db::Tx& tx) { return world.layers.make_call(tx, world.officer, "ai_playground", chosen); });
  ASSERT_TRUE(made) << db::why(made);
  EXPECT_EQ(made->state, CallState::draft);
  EXPECT_EQ(made->access_mode, "ai_playground");
  EXPECT_EQ(made->form, "first-come-short");
  EXPECT_EQ(made->form_digest, forms::digest(*forms::shipped("first-come-short")));
  EXPECT_FALSE(
      world.write([&](db::Tx& tx) { return world.layers.make_call(tx, world.member, "ai_playground", chosen); }));
}

TEST_P(LayersDb, AnEditedFormLeavesARunningCallAlone) {
  World world{db()};
  auto const before = *world.call.reviewed->form_digest;
  auto const draft = world.drafted(world.project);
  auto const saved = world.save_form(world.form_with_title("Ours"));
  ASSERT_TRUE(saved) << db::why(saved);
  EXPECT_EQ(saved->layer, Layer::own);
  EXPECT_GT(saved->differs, 0);
  auto const now = world.read([&](db::Tx& tx) { return world.calls.get(tx, world.officer, world.call.id); });
  EXPECT_EQ(now->reviewed->form_digest, before);
  auto const page = world.read([&](db::Tx& tx) { return world.calls.form_page(tx, world.member, draft.id); });
  ASSERT_TRUE(page) << db::why(page);
  EXPECT_EQ(page->sheet.form_digest, before);
  // A call made from now on has the new one, and one that is amended gets it unless it names its own.
  auto const fresh = world.write([&](db::Tx& tx) { return world.calls.create(tx, world.officer, world.call_draft()); });
  ASSERT_TRUE(fresh) << db::why(fresh);
  EXPECT_EQ(fresh->reviewed->form_digest, saved->digest);
  auto pinned = world.call_draft();
  pinned.reviewed->form_digest = before;
  auto const amended =
      world.write([&](db::Tx& tx) { return world.calls.amend(tx, world.officer, world.call.id, pinned); });
  ASSERT_TRUE(amended) << db::why(amended);
  EXPECT_EQ(amended->reviewed->form_digest, before);
  pinned.reviewed->form_digest = std::string(64, 'a');
  auto const unknown =
      world.write([&](db::Tx& tx) { return world.calls.amend(tx, world.officer, world.call.id, pinned); });
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().reason, "form_digest");
}

TEST_P(LayersDb, ADraftIsCheckedByTheFormItsCallHolds) {
  World world{db()};
  auto form = *forms::shipped("first-come-short");
  form.key = "ours";
  auto const saved =
      world.write([&](db::Tx& tx) { return world.layers.save_form(tx, world.officer, "ours", json::write(form)); });
  ASSERT_TRUE(saved) << db::why(saved);
  auto rules = world.call_draft();
  rules.reviewed->form = "ours";
  auto const made = world.write([&](db::Tx& tx) { return world.calls.create(tx, world.officer, rules); });
  ASSERT_TRUE(made) << db::why(made);
  ASSERT_TRUE(world.write([&](db::Tx& tx) { return world.calls.publish(tx, world.officer, made->id); }));
  auto draft = world.proposal_draft();
  draft.call = made->id;
  auto const mine = world.write([&](db::Tx& tx) { return world.calls.draft(tx, world.member, world.project, draft); });
  ASSERT_TRUE(mine) << db::why(mine);
  auto const checked = world.read([&](db::Tx& tx) { return world.calls.checks(tx, world.member, mine->id); });
  EXPECT_TRUE(checked) << db::why(checked);
}

TEST_P(LayersDb, AFormOfOnesOwnIsCheckedWhole) {
  World world{db()};
  EXPECT_EQ(world.save_form("{}").error().code, Errc::invalid);
  auto form = *forms::shipped("extension-request");
  form.key = "first-come-short";
  for (auto& section : form.sections)
    for (auto& field : section.fields)
      if (field.type == forms::FieldType::attachment) field.limits_.media_types = {"text/html"};
  auto const refused = world.save_form(json::write(form));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().faults.at(0).pointer.ends_with("/limits/media_types/0"));
  ASSERT_TRUE(world.save_form(world.form_with_title("Ours")));
  auto const changes = world.read([&](db::Tx& tx) { return world.layers.form_changes(tx, "first-come-short"); });
  ASSERT_TRUE(changes) << db::why(changes);
  EXPECT_EQ(changes->size(), 2U);
  ASSERT_TRUE(world.write([&](db::Tx& tx) { return world.layers.remove_form(tx, world.officer, "first-come-short"); }));
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "form.saved"), 1);
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "form.removed"), 1);
}

TEST_P(LayersDb, AFirstComeCallAsksItsForm) {
  World world{db()};
  auto draft = world.call_draft();
  draft.kind = CallKind::first_come;
  draft.reviewed.reset();
  draft.form = "first-come-short";
  auto const made = world.write([&](db::Tx& tx) { return world.calls.create(tx, world.officer, draft); });
  ASSERT_TRUE(made) << db::why(made);
  ASSERT_TRUE(world.write([&](db::Tx& tx) { return world.calls.publish(tx, world.officer, made->id); }));
  auto proposal = world.proposal_draft();
  proposal.call = made->id;
  proposal.first_come_accepted = Answer::yes;
  proposal.form.reset();
  auto const empty =
      world.write([&](db::Tx& tx) { return world.calls.draft(tx, world.member, world.project, proposal); });
  ASSERT_TRUE(empty) << db::why(empty);
  auto const early = world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, empty->id); });
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().reason, "form_faults");
  proposal.form = json::Raw{world.answers()};
  ASSERT_TRUE(world.write([&](db::Tx& tx) { return world.calls.change(tx, world.member, empty->id, proposal); }));
  auto const sent = world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, empty->id); });
  ASSERT_TRUE(sent) << db::why(sent);
  EXPECT_EQ(sent->state, ProposalState::awarded) << sent->decision_reason;
}

TEST_P(LayersDb, AClosedOfferTakesNothingAndSaysSo) {
  World world{db()};
  auto const draft = world.drafted(world.project);
  auto const set = [&](bool open) {
    return world.write(
        [&](db::Tx& tx) { return world.calls.set_open(tx, world.officer, world.call.offers[0].id, open, "Demand."); });
  };
  ASSERT_TRUE(set(false));
  ASSERT_TRUE(set(false));
  auto const refused = world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, draft.id); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "offer_closed");
  ASSERT_TRUE(set(true));
  EXPECT_TRUE(world.write([&](db::Tx& tx) { return world.calls.submit(tx, world.member, draft.id); }));
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "offer.closed"), 1);
  EXPECT_EQ(world.count(std::string{journal::kFactoryChain}, "offer.opened"), 1);
}

}  // namespace
}  // namespace fabrica::calls
