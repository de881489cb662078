#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "schedule/impl/dates.hpp"
#include "schedule/schedule.hpp"

namespace fabrica::schedule {
namespace {

std::string number_word(std::int64_t number) {
  static constexpr std::array kWords{"no",    "one",   "two",  "three", "four",   "five",  "six",
                                     "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  if (number >= 0 && static_cast<std::size_t>(number) < kWords.size()) return kWords[static_cast<std::size_t>(number)];
  return fmt::format("{}", number);
}

std::string counted(std::int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number_word(number), noun, number == 1 ? "" : "s");
}

std::string ordinal(std::int64_t day) {
  if (day == -1) return "last day";
  auto const last = day % 10;
  bool const teen = day >= 11 && day <= 13;
  return fmt::format("{}{}", day, teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

std::string listing(std::vector<std::int64_t> days) {
  std::ranges::sort(days, {}, [](std::int64_t day) { return day == -1 ? 32 : day; });
  std::string text;
  for (std::size_t place = 0; place < days.size(); ++place) {
    if (place != 0) text += place + 1 == days.size() ? " and " : ", ";
    text += "the " + ordinal(days[place]);
  }
  return text;
}

// As it was declared, in one spelling.
std::string local(std::string const& text) {
  auto const wall = parse_wall(text);
  return wall ? text_of(*wall) : text;
}

std::string span_of(Rule const& rule) {
  std::string text;
  if (rule.opens) text += fmt::format(", from {}", local(*rule.opens));
  if (rule.until) {
    text += fmt::format(", until {}", local(*rule.until));
    if (rule.until_is_cutoff) text += ", which is the last cut-off";
  }
  return text;
}

std::string when(Rule const& rule) {
  switch (rule.kind) {
    case RuleKind::listed:
      if (rule.cutoffs.size() == 1) return fmt::format("One cut-off, {} ({})", local(rule.cutoffs[0]), rule.zone);
      return fmt::format("{} listed cut-offs between {} and {} ({})", rule.cutoffs.size(), local(rule.cutoffs.front()),
                         local(rule.cutoffs.back()), rule.zone);
    case RuleKind::permanent: return fmt::format("Open without cut-offs{} ({})", span_of(rule), rule.zone);
    case RuleKind::monthly:
      if (rule.per_month)
        return fmt::format("Each month {}, evenly spread, at {}{} ({})", counted(*rule.per_month, "cut-off"),
                           rule.time.value_or(""), span_of(rule), rule.zone);
      return fmt::format("A cut-off on {} of each month at {}{} ({})", listing(rule.days), rule.time.value_or(""),
                         span_of(rule), rule.zone);
    case RuleKind::every_months:
      return fmt::format("A cut-off every {}, the first on {}{} ({})",
                         rule.months == 1 ? "month" : counted(rule.months.value_or(0), "month"),
                         local(rule.first.value_or("")), span_of(rule), rule.zone);
  }
  return {};
}

std::string shift_of(Rule const& rule) {
  if (rule.shift == Shift::none) return {};
  return fmt::format("; one that falls on a weekend{} moves to the working day {}",
                     rule.holidays.empty() ? "" : " or a listed holiday",
                     rule.shift == Shift::before ? "before" : "after");
}

std::string opening_of(Rule const& rule) {
  if (rule.kind == RuleKind::permanent) return {};
  if (rule.lead_days) return fmt::format("; a round opens {} before its cut-off", counted(*rule.lead_days, "day"));
  if (rule.kind == RuleKind::listed && rule.cutoffs.size() == 1) return {};
  return "; a round opens when the one before closes";
}

std::string answer_of(Rule const& rule) {
  if (!rule.answer) return {};
  std::string_view const noun = rule.answer->unit == AnswerUnit::working_days ? "working day"
                                : rule.answer->unit == AnswerUnit::days       ? "day"
                                                                              : "month";
  return fmt::format("; answer within {} of the {}", counted(rule.answer->count, noun),
                     rule.kind == RuleKind::permanent ? "submission" : "cut-off");
}

}  // namespace

std::string Schedule::describe() const {
  return when(rule_) + shift_of(rule_) + opening_of(rule_) + answer_of(rule_) + ".";
}

}  // namespace fabrica::schedule
