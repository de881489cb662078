#include "cli/impl/plan.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cli/output.hpp"

namespace fabrica::cli {
namespace {

std::string rounded(json::Value number, std::string_view unit = "") {
  auto const value = number.number();
  if (!value) return "unknown";
  auto const text = std::abs(*value) >= 100 ? grouped(std::llround(*value)) : fmt::format("{:.3g}", *value);
  return unit.empty() ? text : fmt::format("{} {}", text, unit);
}

bool is_count(std::string_view name) { return name == "parameters" || name == "tokens" || name == "nodes"; }

Result<std::string> body_of(PlanAsked const& asked) {
  if (!asked.file.empty()) return toml_file_as_json(asked.file);
  std::string body;
  for (auto const& [name, value] : asked.values) {
    std::string text = value;
    if (is_count(name)) {
      FABRICA_TRY(auto const count, parse_count(value));
      text = fmt::format("{}", count);
    }
    body += fmt::format("{}\"{}\":{}", body.empty() ? "" : ",", name, text);
  }
  if (asked.organisation_kind.empty() != asked.country.empty())
    return fail(Errc::invalid, "applicant", "Give both --organisation and --country, or neither.");
  if (!asked.country.empty())
    body += fmt::format("{}\"applicant\":{{\"kind\":{},\"country\":{}}}", body.empty() ? "" : ",",
                        json::write(asked.organisation_kind), json::write(asked.country));
  return "{" + body + "}";
}

void append_modes(std::string& out, json::Value modes) {
  for (std::size_t at = 0; at < modes.size(); ++at) {
    auto const mode = modes[at];
    out += fmt::format("  {:<8} {}\n           {}\n", plain(mode.find("fits")), plain(mode.find("title")),
                       plain(mode.find("why")));
    if (mode.find("next_cut_off").text())
      out += fmt::format("           next cut-off {}\n", plain(mode.find("next_cut_off")));
    if (mode.find("answer_due_on").text())
      out += fmt::format("           answer due {}\n", plain(mode.find("answer_due_on")));
  }
}

}  // namespace

Result<std::int64_t> parse_count(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  auto const suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  double scale = 0;
  if (suffix.empty()) scale = 1;
  else if (suffix == "k" || suffix == "K") scale = 1e3;
  else if (suffix == "M") scale = 1e6;
  else if (suffix == "B" || suffix == "G") scale = 1e9;
  else if (suffix == "T") scale = 1e12;
  double const count = value * scale;
  if (error != std::errc{} || scale == 0 || !(count >= 1) || count > 9e18)
    return fail(Errc::invalid, "number",
                fmt::format("\"{}\" is not a count: write 7000000000, 7e9 or 7B.", text.substr(0, 64)));
  return static_cast<std::int64_t>(std::llround(count));
}

std::string plan_text(json::Value plan) {
  auto const work = plan.find("work");
  std::string out = fmt::format("Work: {:.3g} FLOP ({})\n\n", work.find("flop_total").number().value_or(0),
                                plain(work.find("formula")));
  std::string table = "[";
  auto const partitions = plan.find("partitions");
  for (std::size_t at = 0; at < partitions.size(); ++at) {
    auto const one = partitions[at];
    auto const unit = plain(one.find("unit"));
    table += fmt::format(
        "{}{{\"p\":{},\"a\":{},\"g\":{},\"w\":{},\"m\":{},\"e\":{},\"c\":{}}}", at ? "," : "",
        json::write(plain(one.find("partition"))), json::write(rounded(one.find("amount"), unit)),
        json::write(rounded(one.find("gpu_hours"))),
        json::write(fmt::format("{} h on {} nodes", rounded(one.find("wall_hours")), plain(one.find("nodes")))),
        json::write(plain(one.at("/memory/fits"))), json::write(rounded(one.at("/energy/kwh"), "kWh")),
        json::write(rounded(one.at("/energy/kgco2e"), "kg")));
  }
  if (auto const document = json::Document::parse(table + "]"))
    out += table_of(document->root(), {{"PARTITION", "/p"},
                                       {"AMOUNT (ITS UNIT)", "/a"},
                                       {"ACCELERATOR-H", "/g"},
                                       {"WALL TIME", "/w"},
                                       {"FITS", "/m"},
                                       {"ENERGY", "/e"},
                                       {"CO2E", "/c"}});
  out += fmt::format("\nStorage: {}\n\nAccess modes\n", rounded(plan.at("/storage/total_gb"), "GB"));
  append_modes(out, plan.find("modes"));
  out += "\nAI Act, by computing alone (an indication, not a classification)\n";
  auto const flags = plan.find("flags");
  for (std::size_t at = 0; at < flags.size(); ++at)
    out += fmt::format("  {:<15} {} ({})\n                  {}\n", plain(flags[at].find("state")),
                       plain(flags[at].find("flag")), plain(flags[at].find("citation")), plain(flags[at].find("why")));
  auto const warnings = plan.find("warnings");
  for (std::size_t at = 0; at < warnings.size(); ++at) out += fmt::format("Note: {}\n", plain(warnings[at]));
  return out;
}

int run_plan(Options const& options, PlanAsked const& asked) {
  auto const body = body_of(asked);
  if (!body) return report(body.error());
  auto const plan = Session{options}.post("/plan", *body);
  if (!plan) return report(plan.error());
  fmt::print("{}", options.json ? plan->root().write() + "\n" : plan_text(plan->root()));
  return 0;
}

}  // namespace fabrica::cli
