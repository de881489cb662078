#include "trust/impl/procedure.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace fabrica::trust {
namespace {

constexpr double kGpaiFlop = 1e23;      // Guidelines C(2025) 7719 point 17
constexpr double kSystemicFlop = 1e25;  // Art 51(2)

FlopBounds exactly(double flop) { return {.lower_flop = flop, .upper_flop = flop, .method = {}}; }
FlopBounds third(FlopBounds bounds) {
  if (bounds.lower_flop) *bounds.lower_flop /= 3;
  if (bounds.upper_flop) *bounds.upper_flop /= 3;
  return bounds;
}
FlopBounds sum(FlopBounds a, FlopBounds const& b) {
  // A part that is not known leaves the sum without an upper bound, not without a lower one.
  if (b.lower_flop) a.lower_flop = a.lower_flop.value_or(0) + *b.lower_flop;
  a.upper_flop = a.upper_flop && b.upper_flop ? std::optional{*a.upper_flop + *b.upper_flop} : std::nullopt;
  return a;
}

}  // namespace

bool is_askable(std::string_view id, std::vector<Rule> const& rules) {
  if (std::ranges::find(kComputed, id) != kComputed.end()) return false;
  return std::ranges::find(rules, id, &Rule::id) != rules.end() ||
         std::ranges::find(kFinerQuestions, id, &FinerQuestion::id) != kFinerQuestions.end();
}

Procedure::Procedure(AssessmentInput const& input, std::vector<Rule> const& rules, std::vector<Duty> const& duties)
    : input_{input}, rules_{rules}, duties_{duties} {
  out_.date = input.date;
  out_.intended_purpose = input.intended_purpose;
  out_.training = input.training;
  out_.upstream = input.upstream;
}

Assessment Procedure::run() {
  if (scope()) {
    roles();
    prohibited();
    high_risk();
    annex_three();
    taken_over();
    transparency();
    general_purpose();
    deployment();
    nothing_else();
    derive_duties();
  }
  derive_documents();
  for (auto const& finding : out_.findings) out_.classes.push_back(finding.class_name);
  if (!out_.open.empty()) out_.classes.emplace_back(kUndetermined);
  std::ranges::sort(out_.classes);
  auto const twice = std::ranges::unique(out_.classes);
  out_.classes.erase(twice.begin(), twice.end());
  return std::move(out_);
}

Rule const& Procedure::rule(std::string_view id) const {
  auto const found = std::ranges::find(rules_, id, &Rule::id);
  FABRICA_CHECK(found != rules_.end());  // parse_rules() refuses a table without it
  return *found;
}

Verdict Procedure::ask(std::string_view id) {
  auto const finer = std::ranges::find(kFinerQuestions, id, &FinerQuestion::id);
  bool const is_finer = finer != kFinerQuestions.end();
  auto const& row = rule(is_finer ? finer->rule : id);
  auto given = std::ranges::find(input_.answers, id, &GivenAnswer::question);
  if (given == input_.answers.end()) given = std::ranges::find(input_.answers, id.substr(0, 1), &GivenAnswer::question);
  AskedQuestion asked{.id = std::string{id},
                      .text = is_finer ? std::string{finer->text} : row.condition,
                      .citation = row.citation,
                      .answer = Answer::unknown,
                      .reason = {},
                      .evidence = {}};
  if (given != input_.answers.end()) {
    asked.answer = given->answer;
    asked.reason = given->reason;
    asked.evidence = given->evidence;
  }
  Verdict verdict{.truth = asked.answer, .rules = {row.id}, .missing = {}};
  if (verdict.truth == Answer::unknown) verdict = {.truth = Answer::unknown, .rules = {}, .missing = {asked.id}};
  if (asked_.insert(asked.id).second) out_.questions.push_back(std::move(asked));
  return verdict;
}

Verdict Procedure::ask_any(std::string_view letter) {
  Verdict out{.truth = Answer::no, .rules = {}, .missing = {}};
  for (auto const& row : rules_)
    if (row.id.starts_with(letter)) out = either(out, ask(row.id));
  return out;
}

void Procedure::conclude(std::string class_name, Tier tier, Verdict const& verdict, std::size_t date,
                         std::string note) {
  if (verdict.no()) return;
  if (!verdict.yes()) {
    auto open = std::ranges::find(out_.open, class_name, &OpenClass::class_name);
    if (open == out_.open.end()) open = out_.open.insert(open, {std::move(class_name), tier, {}});
    add_new(open->questions, verdict.missing);
    return;
  }
  Finding finding{.class_name = std::move(class_name),
                  .tier = tier,
                  .rules = verdict.rules,
                  .citations = {},
                  .applies_from = {},
                  .applies = true,
                  .shadow = shadow_ || (tier == Tier::general_purpose && gpai_shadow_),
                  .note = std::move(note)};
  for (auto const& id : finding.rules) add_new(finding.citations, {rule(id).citation});
  if (!finding.rules.empty()) {
    auto const dates = dates_in(rule(finding.rules.back()).applies_from);
    if (!dates.empty()) finding.applies_from = dates[std::min(date, dates.size() - 1)];
  }
  finding.applies = finding.applies_from <= input_.date;
  out_.findings.push_back(std::move(finding));
}

bool Procedure::scope() {
  // The first that holds ends the procedure; one that is open does not, so that it cannot lower anything.
  auto const leaves = [&](std::string name, Verdict const& verdict, std::string note = {}) {
    conclude(std::move(name), Tier::scope, verdict, 0, std::move(note));
    return verdict.yes();
  };
  if (leaves("OUT_NOT_AI", inverse(ask("S1")))) return false;
  if (leaves("OUT_NO_NEXUS", inverse(ask("S2")))) return false;
  if (leaves("OUT_SECURITY", ask("S3"))) return false;
  if (leaves("OUT_SCIENCE", ask("S4"), "To be assessed again on any change of purpose and before any release."))
    return false;
  auto const before_market = ask("S5");
  conclude("PRE_MARKET", Tier::scope, before_market, 0,
           "No duties yet; the classes are computed for the day it is placed on the market.");
  shadow_ = before_market.yes();
  system_ = ask("system");
  model_ = ask("model");
  return true;
}

void Procedure::roles() {
  provider_ = ask("R1");
  conclude("PROVIDER", Tier::role, provider_);
  if (provider_.no()) conclude("NO_OPERATOR_ROLE", Tier::role, ask("R11"));
  if (provider_.possible()) outside_union_ = ask("R10");
  deployer_ = {.truth = Answer::no, .rules = {}, .missing = {}};
  no_deployer_duties_ = deployer_;
  if (system_.possible()) {
    deployer_ = ask("R2");
    conclude("DEPLOYER", Tier::role, deployer_);
    if (deployer_.possible()) {
      no_deployer_duties_ = ask("S6");
      conclude("NO_DEPLOYER_DUTIES", Tier::role, no_deployer_duties_);
    }
    conclude("IMPORTER", Tier::role, ask("R3"));
    conclude("DISTRIBUTOR", Tier::role, ask("R4"));
  }
  conclude("SUPPLIER", Tier::role, ask("R9"));
}

void Procedure::prohibited() {
  if (system_.no()) return;
  for (auto const& row : rules_)
    if (row.id.starts_with('P')) conclude("PROHIBITED", Tier::prohibited, both(system_, ask(row.id)));
}

void Procedure::high_risk() {
  Verdict const none{.truth = Answer::no, .rules = {}, .missing = {}};
  annex_one_a_ = annex_one_b_ = none;
  if (system_.no()) return;
  auto const component = ask("H1");
  if (component.no()) return;
  // Art 6(1a) takes user assistance and the like out; Art 6(1b) takes back in what would endanger somebody.
  auto safety = both(component, inverse(ask("H2")));
  if (!safety.yes()) safety = both(component, either(inverse(ask("H2")), ask("H3")));
  auto const assessed = both(both(system_, safety), ask("H4"));
  if (assessed.no()) return;
  annex_one_a_ = both(assessed, ask("H5"));
  annex_one_b_ = both(assessed, ask("H6"));
  conclude("HR_ANNEX_I_A", Tier::high_risk, annex_one_a_, 0,
           "Conformity goes through the procedure of the product law.");
  conclude("HR_ANNEX_I_B", Tier::high_risk, annex_one_b_, 0,
           "Only Art 6(1), 60a and 102-112 apply here; product law carries the rest.");
}

void Procedure::annex_three() {
  annex_three_ = {.truth = Answer::no, .rules = {}, .missing = {}};
  if (system_.no()) return;
  auto const candidate = both(system_, ask_any("A"));
  if (candidate.no()) return;
  auto const profiling = ask("H20");
  Verdict derogation{.truth = Answer::no, .rules = {}, .missing = {}};
  if (!profiling.yes()) {
    auto purpose = either(ask("H21.a"), ask("H21.b"));
    purpose = either(purpose, either(ask("H21.c"), ask("H21.d")));
    derogation = both(inverse(profiling), both(ask("H21.no_risk"), purpose));
  }
  annex_three_ = both(candidate, named(inverse(derogation), profiling.yes() ? "H20" : "H22"));
  conclude("HR_ANNEX_III", Tier::high_risk, annex_three_, 0,
           profiling.yes() ? "It profiles natural persons, so no derogation is possible." : "");
  auto const derogated = both(candidate, named(derogation, "H21"));
  conclude("NOT_HR_DEROGATED", Tier::high_risk, derogated, 0,
           "Derogated from Annex III; the assessment is documented and registered.");
  if (derogated.no()) return;
  auto const reading = [&](std::string text, std::string from) {
    out_.readings.push_back({"Art 49(2)", std::move(text), from, !shadow_ && from <= input_.date});
  };
  reading("Registration is due with Chapter III Section 5, which applies from 2 August 2026.", "2026-08-02");
  reading("Registration depends on the classification of Chapter III Section 1, which applies from 2 December 2027.",
          "2027-12-02");
}

void Procedure::taken_over() {
  auto const high = either(annex_three_, either(annex_one_a_, annex_one_b_));
  if (high.no()) return;
  std::size_t const date = annex_three_.possible() ? 0 : 1;
  Verdict taken{.truth = Answer::no, .rules = {}, .missing = {}};
  if (annex_one_a_.possible()) taken = both(annex_one_a_, ask("R5"));
  for (auto const* id : {"R6", "R7", "R8"}) taken = either(taken, ask(id));
  conclude("PROVIDER_HR", Tier::role, both(high, taken), date);
  if (provider_.possible())
    conclude("HR_REPRESENTATIVE", Tier::role, both(both(provider_, high), outside_union_), date);
}

void Procedure::transparency() {
  if (system_.no()) return;
  // Systems placed on the market before the day Art 50 applied have until the second date for marking (Art 111(4)).
  bool const legacy = input_.placed_on_market && *input_.placed_on_market < "2026-08-02";
  conclude("TRANSPARENCY_INTERACT", Tier::transparency, both(system_, ask("T1")));
  conclude("TRANSPARENCY_MARK", Tier::transparency, both(system_, ask("T2")), legacy ? 1 : 0);
  conclude("TRANSPARENCY_BIOMETRIC", Tier::transparency, both(system_, ask("T3")));
  conclude("TRANSPARENCY_DEEPFAKE", Tier::transparency, both(system_, ask("T4")));
  conclude("TRANSPARENCY_TEXT", Tier::transparency, both(system_, ask("T5")));
}

bool Procedure::gpai_before_2025() const { return input_.placed_on_market && *input_.placed_on_market < "2025-08-02"; }

// Art 111(3): a model that was on the market before the duties began has two years more.
Verdict Procedure::from_2027(Verdict const& verdict) const {
  return gpai_before_2025() ? both(verdict, named(verdict, "G11")) : verdict;
}

Verdict Procedure::modified_enough(Verdict const& modifies) {
  if (modifies.no()) return modifies;
  auto const known = input_.upstream.lower_flop || input_.upstream.upper_flop;
  if (known) return exceeds(input_.training, third(input_.upstream), "G5", "training_flop, upstream_flop");
  auto const inestimable = ask("G6.inestimable");
  if (!inestimable.yes()) return {.truth = Answer::unknown, .rules = {}, .missing = {"upstream_flop"}};
  auto const systemic = ask("G6.systemic");
  auto const over_systemic = exceeds(input_.training, third(exactly(kSystemicFlop)), "G6", "training_flop");
  auto const over_other = exceeds(input_.training, third(exactly(kGpaiFlop)), "G6", "training_flop");
  return either(both(systemic, over_systemic), both(inverse(systemic), over_other));
}

void Procedure::general_purpose() {
  gpai_ = {.truth = Answer::no, .rules = {}, .missing = {}};
  systemic_ = foss_ = gpai_;
  if (model_.no()) return;
  if (!shadow_) {
    auto const prototype = ask("G4");
    conclude("NOT_GPAI", Tier::general_purpose, prototype, 0,
             "Not yet: only research, development or prototyping so far.");
    gpai_shadow_ = prototype.yes();
  }
  auto const modifies = both(model_, ask("G5.modifies"));
  auto const enough = modified_enough(modifies);
  conclude("DOWNSTREAM", Tier::general_purpose, both(modifies, named(inverse(enough), "G7")), 0,
           "Not the provider of a general-purpose model; the estimate is recorded.");
  Verdict own{.truth = Answer::no, .rules = {}, .missing = {}};
  if (!modifies.yes()) {
    auto const from_scratch = both(model_, inverse(modifies));
    auto const large = exceeds(input_.training, exactly(kGpaiFlop), "G1", "training_flop");
    auto const criterion = both(large, ask("G1.generative"));
    auto const general = ask("generality");
    conclude("NOT_GPAI", Tier::general_purpose, both(from_scratch, named(both(large, inverse(general)), "G2")), 0,
             "Much computing, but a narrow set of tasks: the reasons are recorded.");
    auto const possible = both(from_scratch, both(general, inverse(criterion)));
    conclude("GPAI_POSSIBLE", Tier::general_purpose, both(possible, named(possible, "G3")), 0,
             "Below the indicative criterion but general: the definition governs and a person decides.");
    own = named(both(from_scratch, both(criterion, general)), "G1");
    if (possible.possible()) own = either(own, named(both(possible, ask("G3.decision")), "G3"));
  }
  gpai_ = either(own, both(modifies, enough));
  std::string note = modifies.yes() ? "The duties are limited to the modification." : "";
  if (gpai_before_2025())
    note += std::string{note.empty() ? "" : " "} +
            "On the market before 2 August 2025: to comply by 2 August 2027 (Art 111(3)).";
  conclude("GPAI", Tier::general_purpose, from_2027(gpai_), 0, note);
  general_purpose_kinds(gpai_, modifies);
}

void Procedure::general_purpose_kinds(Verdict const& gpai, Verdict const& modifies) {
  if (gpai.no()) return;
  auto const threshold = exactly(kSystemicFlop);
  auto reached = exceeds(input_.training, threshold, "G9", "training_flop");
  if (modifies.possible()) {
    auto const known = input_.upstream.lower_flop || input_.upstream.upper_flop;
    reached = known ? exceeds(sum(input_.training, input_.upstream), threshold, "G9", "training_flop, upstream_flop")
                    : named(ask("G6.systemic"), "G9");
    if (reached.truth == Answer::unknown) reached.rules.clear();
  }
  systemic_ = both(gpai, either(reached, either(ask("G9.expected"), ask("G10"))));
  conclude("GPAI_SR", Tier::general_purpose, from_2027(systemic_), 0,
           "Systemic risk: notify the Commission within two weeks.");
  if (systemic_.yes()) return;
  auto const open = both(ask("G8.licence"), ask("G8.public"));
  foss_ = both(gpai, both(inverse(systemic_), named(open, "G8")));
  if (foss_.yes()) foss_.rules = {"G8"};
  conclude("GPAI_FOSS", Tier::general_purpose, from_2027(foss_), 0,
           "Art 53(1)(a), (b) and 54 do not apply; the copyright policy and the public summary do.");
  if (provider_.possible())
    conclude("GPAI_REPRESENTATIVE", Tier::role, both(both(provider_, gpai), both(inverse(foss_), outside_union_)), 2);
}

void Procedure::deployment() {
  if (annex_three_.possible() && deployer_.possible())
    conclude("FRIA", Tier::deployment, both(annex_three_, both(deployer_, ask("D1"))));
  conclude("BIAS_DATA", Tier::deployment, ask("D2"));
  if (system_.possible()) conclude("REAL_WORLD_TEST", Tier::deployment, ask("D3"));
  conclude("SANDBOX", Tier::deployment, ask("D4"));
  if (provider_.possible()) conclude("SME", Tier::deployment, both(provider_, ask("D5")));
}

bool Procedure::anything_in(Tier tier) const {
  auto const here = [&](auto const& item) {
    // What only says that a model is not a general-purpose one leaves the artefact minimal.
    return item.tier == tier && item.class_name != "NOT_GPAI" && item.class_name != "DOWNSTREAM";
  };
  return std::ranges::any_of(out_.findings, here) || std::ranges::any_of(out_.open, here);
}

void Procedure::nothing_else() {
  bool const stacked = anything_in(Tier::prohibited) || anything_in(Tier::high_risk) || anything_in(Tier::transparency);
  bool const general = anything_in(Tier::general_purpose);
  if (system_.yes() && !stacked) {
    auto const free = ask("S7.licence");
    conclude("OUT_FOSS_SYSTEM", Tier::scope, free, 0, "The Act does not apply to the system; to its model it does.");
    if (free.yes() && !general) return;
  }
  conclude("LITERACY", Tier::deployment, {.truth = Answer::yes, .rules = {"D6"}, .missing = {}});
  if (!stacked && !general)
    conclude("MINIMAL", Tier::deployment, {.truth = Answer::yes, .rules = {"D7"}, .missing = {}});
}

}  // namespace fabrica::trust
