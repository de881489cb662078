#include "json/describe.hpp"
#include "planner/impl/context.hpp"

namespace fabrica::planner::impl {

namespace {

constexpr double kHoursAMonth = 30 * 24;

bool lists(std::vector<std::string> const& kinds, std::string_view kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

RuleAnswer rule_of(std::string_view name, facts::Fact const& from) {
  RuleAnswer rule;
  rule.rule = name;
  rule.source = from.source;
  rule.confidence = from.confidence;
  return rule;
}

void decide(RuleAnswer& rule, Answer answer, std::string why) {
  rule.answer = answer;
  rule.why = std::move(why);
}

// A condition on the applicant's own statement: yes, no, or not said.
void decide_stated(RuleAnswer& rule, std::optional<bool> stated, std::string const& condition) {
  if (!stated) decide(rule, Answer::unknown, condition + " Say whether this holds.");
  else decide(rule, *stated ? Answer::yes : Answer::no, condition);
}

RuleAnswer organisation_rule(Context const& context, facts::AccessMode const& mode) {
  auto rule = rule_of("organisation_kind", mode);
  if (!context.request.applicant) {
    decide(rule, Answer::unknown, "Say what kind of organisation applies.");
    return rule;
  }
  std::string const kind{json::enum_name(context.request.applicant->kind)};
  if (lists(mode.eligible_kinds, kind))
    decide(rule, Answer::yes, "Open free of charge to this kind of organisation (" + kind + ").");
  else if (lists(mode.project_only_kinds, kind))
    decide_stated(
        rule, context.request.eu_project,
        "Industry takes part only within a Horizon Europe or Digital Europe research and innovation project.");
  else if (lists(mode.priced_kinds, kind))
    decide(rule, Answer::no, "Free for start-ups and SMEs only; other industry (" + kind + ") uses paid access.");
  else if (mode.eligible_kinds.empty()) decide(rule, Answer::unknown, "Who may apply is not known.");
  else decide(rule, Answer::no, "Not open to this kind of organisation (" + kind + ").");
  return rule;
}

RuleAnswer location_rule(Context& context, facts::AccessMode const& mode) {
  auto rule = rule_of("location", mode);
  rule.confidence = mode.location_confidence.value_or(mode.confidence);
  if (!mode.location_rule) {
    decide(rule, Answer::unknown, "No rule about the organisation's country is known for this mode.");
    return rule;
  }
  if (!context.request.applicant) {
    decide(rule, Answer::unknown, "Say in which country the organisation is established.");
    return rule;
  }
  auto const& code = context.request.applicant->country;
  auto const* country = context.use("countries", context.view.countries, code);
  if (country == nullptr) {
    decide(rule, Answer::unknown, "Whether " + code + " takes part or is associated is not known.");
    return rule;
  }
  rule.source += "; " + country->source;
  auto const name = country->name.value_or(code);
  if (country->eu_member == true) decide(rule, Answer::yes, name + " is a Member State.");
  else if (country->participating_state == true) decide(rule, Answer::yes, name + " is a EuroHPC Participating State.");
  else if (country->horizon_associated == true) decide(rule, Answer::yes, name + " is associated to Horizon Europe.");
  else if (country->digital_associated == true) decide(rule, Answer::yes, name + " is associated to Digital Europe.");
  else if (country->eu_member && country->participating_state && country->horizon_associated &&
           country->digital_associated)
    decide(rule, Answer::no, name + " is no Member State, takes no part and is not associated.");
  else decide(rule, Answer::unknown, "Whether " + name + " takes part or is associated is not known.");
  return rule;
}

std::vector<RuleAnswer> eligibility(Context& context, facts::AccessMode const& mode) {
  auto const& request = context.request;
  std::vector<RuleAnswer> rules{organisation_rule(context, mode), location_rule(context, mode)};
  if (request.applicant && lists(mode.open_research_kinds, json::enum_name(request.applicant->kind))) {
    auto& rule = rules.emplace_back(rule_of("open_research", mode));
    decide_stated(rule, request.open_research, "Free for companies for open research only.");
  }
  if (mode.civilian_only == true) {
    auto& rule = rules.emplace_back(rule_of("civilian", mode));
    decide(rule, request.civilian ? Answer::yes : Answer::no, "Civilian purposes only.");
  }
  if (mode.inference_share_max && request.method == Method::inference) {
    auto& rule = rules.emplace_back(rule_of("inference_share", mode));
    decide(rule, Answer::no,
           fmt::format("At most {:.0f} % of an allocation may be inference; this plan is all inference.",
                       *mode.inference_share_max * 100));
  }
  return rules;
}

// Whether the run can end within the longest allocation of the mode.
void check_duration(facts::AccessMode const& mode, facts::Partition const* partition, PartitionPlan const& plan,
                    PlanRequest const& request, OfferFit& offer) {
  if (mode.durations_months.empty() || !plan.node_hours || offer.fits == Answer::no) return;
  auto const months = *std::max_element(mode.durations_months.begin(), mode.durations_months.end());
  double const least = std::ceil(*plan.node_hours / (static_cast<double>(months) * kHoursAMonth));
  auto const nodes = request.nodes ? request.nodes : (partition != nullptr ? partition->nodes : std::nullopt);
  if (!nodes || least <= static_cast<double>(*nodes)) return;
  offer.fits = Answer::no;
  offer.why = fmt::format("An allocation lasts at most {} months, and {} nodes do not finish in them: it takes {}.",
                          months, *nodes, number(least));
}

void check_amount(facts::AccessMode const& mode, OfferFit& offer) {
  auto const unit = plural(mode.unit.value_or(Unit::gpu_hour));
  if (!offer.needed) {
    offer.why = mode.unit ? "How many " + unit + " it takes here is not known." : "The mode's unit is not known.";
    return;
  }
  auto const needed = number(*offer.needed) + " " + unit;
  bool const excluded = mode.amount_min_excluded.value_or(false);
  bool const fixed = mode.amount_kind == facts::AmountKind::fixed_package;
  if (offer.amount_max && *offer.needed > *offer.amount_max) {
    offer.fits = Answer::no;
    offer.why = needed + " are more than the " + number(*offer.amount_max) + " there are.";
  } else if (offer.amount_min && !fixed &&
             (*offer.needed < *offer.amount_min || (excluded && *offer.needed <= *offer.amount_min))) {
    offer.fits = Answer::no;
    offer.why = needed + " are less than this mode is for: it starts at " + number(*offer.amount_min) + ".";
  } else if (offer.amount_max) {
    offer.fits = Answer::yes;
    offer.why = needed + (fixed ? " fit into the package of about " : " lie within the limit of ") +
                number(*offer.amount_max) + ".";
  } else {
    offer.why = needed + ": the upper limit is not known.";
  }
}

OfferFit offer_fit(Context const& context, facts::AccessMode const& mode, PartitionPlan const& plan,
                   std::optional<double> least, std::optional<double> most) {
  OfferFit offer;
  offer.partition = plan.partition;
  offer.amount_min = least;
  offer.amount_max = most;
  if (mode.unit) offer.needed = *mode.unit == Unit::node_hour ? plan.node_hours : plan.gpu_hours;
  check_amount(mode, offer);
  check_duration(mode, facts::find(context.view.partitions, plan.partition), plan, context.request, offer);
  if (plan.memory.fits == Answer::no && offer.fits != Answer::no) {
    offer.fits = Answer::no;
    offer.why = "The model does not fit into the memory of the nodes asked for.";
  }
  return offer;
}

// The partitions the mode is known to offer, within their own limits; where no list is known, every one in the plan,
// within the mode's own limits.
std::vector<OfferFit> offers_of(Context& context, facts::AccessMode const& mode,
                                std::vector<PartitionPlan> const& partitions, bool& listed) {
  std::vector<OfferFit> offers;
  listed = false;
  for (auto const& row : context.view.mode_offers) {
    if (row.mode != mode.key) continue;
    listed = true;
    for (auto const& plan : partitions) {
      if (row.partition != plan.partition) continue;
      context.record("mode_offers", row);
      offers.push_back(offer_fit(context, mode, plan, row.amount_min, row.amount_max));
    }
  }
  if (listed) return offers;
  for (auto const& plan : partitions)
    offers.push_back(offer_fit(context, mode, plan, mode.amount_min, mode.amount_max));
  return offers;
}

void fill_dates(Context& context, facts::AccessMode const& mode, ModePlan& out) {
  facts::CutOff const* next = nullptr;
  for (auto const& row : context.view.cut_offs)
    if (row.mode == mode.key && row.closes && row.closes->us > context.now &&
        (!next || row.closes->us < next->closes->us))
      next = &row;
  if (next != nullptr) {
    context.record("cut_offs", *next);
    out.next_cut_off = next->closes;
    out.next_cut_off_note =
        fmt::format("{} ({})", next->local.value_or("local time not known"), json::enum_name(next->confidence));
  } else if (mode.cut_off_rule == facts::CutOffRule::permanent) {
    out.next_cut_off_note = "Open all the time, in order of arrival.";
  } else if (mode.cut_off_rule == facts::CutOffRule::first_of_month) {
    out.next_cut_off_note = "The first of each month; no later one is listed.";
  } else {
    out.next_cut_off_note = "No later cut-off is known.";
  }
  std::optional<std::string> from;
  if (mode.answer_from == facts::AnswerFrom::submission) from = context.view.date;
  else if (out.next_cut_off) from = format_date(out.next_cut_off->us);
  std::string const since =
      mode.answer_from == facts::AnswerFrom::submission ? "applying on the day of this plan" : "the cut-off";
  if (mode.answer_working_days) {
    out.answer_note =
        fmt::format("Access within {} working days of {}; Monday to Friday, public holidays are not known here.",
                    *mode.answer_working_days, since);
    if (from) out.answer_due_on = add_working_days(*from, *mode.answer_working_days);
  } else if (mode.answer_months_max) {
    out.answer_note = fmt::format("Within {} month{} of {}.", *mode.answer_months_max,
                                  *mode.answer_months_max == 1 ? "" : "s", since);
    if (from) out.answer_due_on = add_months(*from, *mode.answer_months_max);
  } else {
    out.answer_note = "How long an answer takes is not known.";
  }
}

// The best the offers can do, and the sentence that says why.
Answer best_of(std::vector<OfferFit> const& offers, std::string& why) {
  if (offers.empty()) {
    why = "It offers none of the partitions in this plan.";
    return Answer::no;
  }
  OfferFit const* best = &offers.front();
  for (auto const& offer : offers)
    if (best->fits != Answer::yes &&
        (offer.fits == Answer::yes || (best->fits == Answer::no && offer.fits == Answer::unknown)))
      best = &offer;
  why = best->partition + ": " + best->why;
  return best->fits;
}

}  // namespace

ModePlan mode_plan(Context& context, facts::AccessMode const& mode, std::vector<PartitionPlan> const& partitions) {
  context.record("access_modes", mode);
  ModePlan out;
  out.mode = mode.key;
  out.title = mode.title.value_or(mode.key);
  out.unit = mode.unit;
  out.review = mode.review;
  out.page = mode.page;
  out.notes = mode.notes;
  out.source = mode.source;
  out.confidence = mode.confidence;
  out.rules = eligibility(context, mode);
  bool listed = false;
  out.offers = offers_of(context, mode, partitions, listed);
  fill_dates(context, mode, out);

  out.eligible = Answer::yes;
  for (auto const& rule : out.rules) out.eligible = both(out.eligible, rule.answer);
  std::string offered;
  auto const amount = best_of(out.offers, offered);
  out.fits = both(out.eligible, amount);
  if (mode.state == facts::ModeState::closed) {
    out.fits = Answer::no;
    out.why = "Closed.";
    return out;
  }
  for (auto const wanted : {Answer::no, Answer::unknown}) {
    for (auto const& rule : out.rules)
      if (out.why.empty() && rule.answer == wanted) out.why = rule.why;
    if (out.why.empty() && amount == wanted) out.why = offered;
  }
  if (out.why.empty()) out.why = offered;
  if (out.fits != Answer::no && !mode.state) out.why += " Whether it is open today is not known: see its page.";
  if (out.fits != Answer::no && !listed) out.why += " Which partitions it offers is not known.";
  return out;
}

}  // namespace fabrica::planner::impl
