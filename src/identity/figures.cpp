#include "identity/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace fabrica::identity {
namespace {

constexpr std::int64_t kWhole = 10'000;

std::string percent(std::int64_t basis_points) {
  return basis_points % 100 == 0 ? fmt::format("{} %", basis_points / 100)
                                 : fmt::format("{}.{:02} %", basis_points / 100, basis_points % 100);
}

// A share of an amount, rounded up: nobody passes a limit by rounding.
std::int64_t in_proportion(std::int64_t amount, std::int64_t basis_points) {
  return amount / kWhole * basis_points + (amount % kWhole * basis_points + kWhole - 1) / kWhole;
}

// Enterprises by number, 0 being the organisation itself, and who holds what of whom.
class Group {
 public:
  Group(std::string_view name, GroupFacts const& facts, SizeLimits const& limits) : limits_{limits} {
    members_.push_back({std::string{kSelf}, std::string{name}, EnterpriseKind::enterprise, facts.own});
    members_.insert(members_.end(), facts.enterprises.begin(), facts.enterprises.end());
    std::map<std::string_view, std::size_t> place;
    for (std::size_t at = 0; at < members_.size(); ++at) place.emplace(members_[at].key, at);
    for (auto const& one : facts.holdings) holdings_.push_back({place.at(one.holder), place.at(one.held), &one});
    find_groups();
  }

  GroupSize count() const {
    GroupSize out;
    for (std::size_t at = 0; at < members_.size(); ++at)
      if (group_[at] == group_[0])
        add(at, at == 0 ? CountedAs::own : CountedAs::linked, kWhole, at == 0 ? "" : why_linked(at), out);
    std::set<std::size_t> seen{group_[0]};
    for (std::size_t at = 0; at < members_.size(); ++at) {
      if (!counts(at) || !seen.insert(group_[at]).second) continue;
      auto const share = share_with(group_[at]);
      if (share < limits_.partner_least) continue;
      for (std::size_t other = 0; other < members_.size(); ++other)
        if (group_[other] == group_[at])
          add(other, CountedAs::partner, std::min(share, kWhole),
              fmt::format("a partner, or linked to one, by {}", percent(share)), out);
    }
    out.public_basis_points = public_share();
    return out;
  }

 private:
  struct Edge {
    std::size_t holder;
    std::size_t held;
    Holding const* holding;
  };

  bool counts(std::size_t at) const {
    return members_[at].kind == EnterpriseKind::enterprise || members_[at].kind == EnterpriseKind::exempt_investor;
  }
  bool linked(std::int64_t votes, bool controls) const { return controls || votes > limits_.linked_above; }

  // Together a group may have the majority that none of its members has (Art. 3(3)), so groups grow until none does:
  // each turn joins two, there are at most as many as enterprises.
  void find_groups() {
    group_.resize(members_.size());
    std::iota(group_.begin(), group_.end(), std::size_t{0});
    for (bool joined = true; joined;) {
      joined = false;
      std::map<std::pair<std::size_t, std::size_t>, std::pair<std::int64_t, bool>> power;  // of a group over a member
      for (auto const& edge : holdings_) {
        if (!counts(edge.holder) || !counts(edge.held) || group_[edge.holder] == group_[edge.held]) continue;
        auto& [votes, controls] = power[{group_[edge.holder], edge.held}];
        votes += edge.holding->votes();
        controls = controls || edge.holding->controls;
      }
      for (auto const& [pair, how] : power) {
        if (!linked(how.first, how.second)) continue;
        auto const from = group_[pair.first];
        auto const to = group_[pair.second];
        std::ranges::replace(group_, std::max(from, to), std::min(from, to));
        joined = true;
        break;
      }
    }
  }

  // The higher of what ours has in one of theirs and theirs has in one of ours; an exempt investor's part makes no
  // partner.
  std::int64_t share_with(std::size_t other) const {
    std::map<std::size_t, std::int64_t> parts;
    for (auto const& edge : holdings_) {
      bool const down = group_[edge.holder] == group_[0] && group_[edge.held] == other && counts(edge.held);
      bool const up = group_[edge.holder] == other && group_[edge.held] == group_[0] &&
                      members_[edge.holder].kind == EnterpriseKind::enterprise;
      if (down || up) parts[edge.held] += edge.holding->share();
    }
    std::int64_t most = 0;
    for (auto const& [held, share] : parts) most = std::max(most, share);
    return most;
  }

  // What public bodies, and enterprises they control, have of the organisation (Art. 3(4)).
  std::int64_t public_share() const {
    std::vector<bool> is_public(members_.size(), false);
    for (std::size_t at = 0; at < members_.size(); ++at) is_public[at] = members_[at].kind == EnterpriseKind::public_body;
    for (bool grew = true; grew;) {
      grew = false;
      std::map<std::size_t, std::pair<std::int64_t, bool>> power;
      for (auto const& edge : holdings_) {
        if (!is_public[edge.holder] || is_public[edge.held] || edge.held == 0) continue;
        power[edge.held].first += edge.holding->votes();
        power[edge.held].second = power[edge.held].second || edge.holding->controls;
      }
      for (auto const& [held, how] : power)
        if (linked(how.first, how.second)) grew = is_public[held] = true;
    }
    std::int64_t capital = 0;
    std::int64_t votes = 0;
    bool controls = false;
    for (auto const& edge : holdings_) {
      if (edge.held != 0 || !is_public[edge.holder]) continue;
      capital += edge.holding->capital_basis_points;
      votes += edge.holding->votes();
      controls = controls || edge.holding->controls;
    }
    return controls ? kWhole : std::min(kWhole, std::max(capital, votes));
  }

  std::string why_linked(std::size_t at) const {
    for (auto const& edge : holdings_) {
      bool const part = (edge.holder == at || edge.held == at) && group_[edge.holder] == group_[edge.held];
      if (!part || (!edge.holding->controls && edge.holding->votes() == 0)) continue;
      return edge.holding->controls && edge.holding->votes() <= limits_.linked_above
                 ? fmt::format("linked: {} controls {}", members_[edge.holder].name, members_[edge.held].name)
                 : fmt::format("linked: {} has {} of the votes in {}", members_[edge.holder].name,
                               percent(edge.holding->votes()), members_[edge.held].name);
    }
    return "linked";
  }

  void add(std::size_t at, CountedAs as, std::int64_t share, std::string why, GroupSize& out) const {
    auto const& one = members_[at];
    out.counted.push_back({one.key, one.name, as, share, std::move(why)});
    auto const put = [&](std::optional<std::int64_t> const& figure, Total& total) {
      if (figure) total.sum += in_proportion(*figure, share);
      else total.missing.push_back(one.name);
    };
    put(one.figures.work_units_hundredths, out.work_units_hundredths);
    put(one.figures.turnover_eur_cents, out.turnover_eur_cents);
    put(one.figures.balance_eur_cents, out.balance_eur_cents);
  }

  SizeLimits const& limits_;
  std::vector<Enterprise> members_;
  std::vector<Edge> holdings_;
  std::vector<std::size_t> group_;  // of linked enterprises, by the least number in it
};

// Below a bound; a sum that is not whole can only show that it is not.
std::optional<bool> at_most(Total const& total, std::int64_t most) {
  if (total.sum > most) return false;
  return total.missing.empty() ? std::optional{true} : std::nullopt;
}

std::optional<bool> within(GroupSize const& group, SizeLimits::Class const& limits) {
  auto const people = at_most(group.work_units_hundredths, limits.work_units_below * 100 - 1);
  auto const turnover = at_most(group.turnover_eur_cents, limits.turnover_most);
  auto const balance = at_most(group.balance_eur_cents, limits.balance_most);
  bool const money_open = !turnover || !balance;
  auto const money = turnover.value_or(false) || balance.value_or(false) ? std::optional{true}
                     : money_open                                       ? std::nullopt
                                                                        : std::optional{false};
  if (people == false || money == false) return false;
  return people && money ? std::optional{true} : std::nullopt;
}

std::string said(Total const& total, std::int64_t unit, std::string_view name) {
  auto const number = total.sum % unit == 0 ? fmt::format("{}", total.sum / unit)
                                            : fmt::format("{}.{:02}", total.sum / unit, total.sum % unit * 100 / unit);
  return total.missing.empty() ? fmt::format("{} {}", number, name)
                               : fmt::format("{} unknown for {}", name, fmt::join(total.missing, ", "));
}

void classify(GroupSize& group, SizeLimits const& limits) {
  group.explanation = fmt::format(
      "{} ({}): {}, {}, {}.", group.counted.front().name,
      group.counted.size() == 1 ? "alone" : fmt::format("with {} other enterprises", group.counted.size() - 1),
      said(group.work_units_hundredths, 100, "work units"), said(group.turnover_eur_cents, 100, "EUR turnover"),
      said(group.balance_eur_cents, 100, "EUR balance sheet"));
  if (group.public_basis_points >= limits.public_least) {
    group.size = SizeClass::large;
    group.sme = false;
    group.public_held = true;
    group.explanation += fmt::format(
        " Public bodies control {} of it: not an SME, whatever its figures (Recommendation 2003/361/EC, Annex Art. 3(4)).",
        percent(group.public_basis_points));
    return;
  }
  group.sme = within(group, limits.medium);
  std::pair<SizeClass, SizeLimits::Class const*> const classes[] = {{SizeClass::micro, &limits.micro},
                                                                    {SizeClass::small, &limits.small},
                                                                    {SizeClass::medium, &limits.medium},
                                                                    {SizeClass::small_mid_cap, &limits.small_mid_cap}};
  group.size = SizeClass::large;
  for (auto const& [size, bounds] : classes) {
    auto const fits = within(group, *bounds);
    if (fits == false) continue;
    group.size = fits ? size : SizeClass::unknown;
    return;
  }
}

bool is_key(std::string_view text) {
  return text != kSelf && !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

Result<> check(GroupFacts const& group, std::string_view at) {
  std::vector<Fault> faults;
  std::set<std::string_view> keys{kSelf};
  for (std::size_t place = 0; place < group.enterprises.size(); ++place) {
    auto const where = fmt::format("{}/enterprises/{}/key", at, place);
    auto const& key = group.enterprises[place].key;
    if (!is_key(key)) faults.push_back({where, "A key has small letters, digits, - and _, and is not \"self\"."});
    else if (!keys.insert(key).second) faults.push_back({where, "Name each enterprise once."});
  }
  std::set<std::pair<std::string_view, std::string_view>> pairs;
  std::map<std::string_view, std::pair<std::int64_t, std::int64_t>> sums;
  for (std::size_t place = 0; place < group.holdings.size(); ++place) {
    auto const& one = group.holdings[place];
    auto const where = fmt::format("{}/holdings/{}", at, place);
    if (!keys.contains(one.holder)) faults.push_back({where + "/holder", "Name an enterprise's key, or \"self\"."});
    if (!keys.contains(one.held)) faults.push_back({where + "/held", "Name an enterprise's key, or \"self\"."});
    if (one.holder == one.held) faults.push_back({where + "/held", "Own shares are not declared."});
    if (!pairs.insert({one.holder, one.held}).second)
      faults.push_back({where, "Put all one enterprise holds of another into one holding."});
    auto& [capital, votes] = sums[one.held];
    capital += one.capital_basis_points;
    votes += one.votes();
    if (capital > kWhole || votes > kWhole)
      faults.push_back({where + "/capital_basis_points", "More than all of this enterprise is held: 10000 is the whole."});
  }
  if (faults.empty()) return {};
  auto const what = faults.front().what;
  return fail(Errc::invalid, "input", what, std::move(faults));
}

GroupSize size_of(std::string_view name, GroupFacts const& group, SizeLimits const& limits) {
  auto out = Group{name, group, limits}.count();
  classify(out, limits);
  return out;
}

GroupSize size_of_sums(std::string_view name, EnterpriseFigures const& sums, SizeLimits const& limits) {
  return size_of(name, {sums, {}, {}}, limits);
}

Standing standing_of(std::vector<YearSize> const& years) {
  if (years.empty()) return {SizeClass::unknown, {}, 0, "No figures are declared."};
  auto const& last = years.back();
  Standing out{last.size.size, last.size.sme, last.year, fmt::format("{}: {}", last.year, last.size.explanation)};
  if (out.size == SizeClass::unknown) return out;
  auto const comparable = [](YearSize const& one) { return one.size.size != SizeClass::unknown && !one.size.public_held; };
  auto status = out.size;
  for (std::size_t at = 0; at < years.size(); ++at) {
    auto const now = years[at].size.size;
    bool const follows = at > 0 && years[at - 1].year + 1 == years[at].year && comparable(years[at - 1]) &&
                         comparable(years[at]);
    auto const before = follows ? years[at - 1].size.size : now;
    if (!follows) status = now;
    else if (before > status && now > status) status = std::min(before, now);
    else if (before < status && now < status) status = std::max(before, now);
  }
  if (status == out.size) return out;
  out.explanation += fmt::format(
      " By that year alone it would be {}; it keeps the class {} until two years in a row say otherwise (Recommendation "
      "2003/361/EC, Annex Art. 4(2)).",
      json::enum_name(out.size), json::enum_name(status));
  out.size = status;
  out.sme = status <= SizeClass::medium;
  return out;
}

}  // namespace fabrica::identity
