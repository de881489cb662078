#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "json/json.hpp"
#include "trust/impl/builder.hpp"

namespace fabrica::trust {
namespace {

// Bins of the template: text in tokens, images in pieces, audio and video in hours.
std::string size_bin(std::string_view modality, std::int64_t points) {
  struct Bins {
    double low, high;
    std::string_view unit, low_name, high_name;
  };
  Bins bins{1e9, 1e13, "tokens", "1 billion", "10 trillion"};
  if (modality == "image") bins = {1e6, 1e9, "images", "1 million", "1 billion"};
  if (modality == "audio" || modality == "video") bins = {1e4, 1e6, "hours", "10,000", "1 million"};
  auto const value = static_cast<double>(points);
  if (value < bins.low) return fmt::format("less than {} {}", bins.low_name, bins.unit);
  if (value <= bins.high) return fmt::format("{} to {} {}", bins.low_name, bins.high_name, bins.unit);
  return fmt::format("more than {} {}", bins.high_name, bins.unit);
}

// What of all sets of one modality is known together.
struct Modality {
  std::int64_t points = 0;
  bool counted = true;
  std::string unit;
  std::set<std::string> types;
  std::set<std::string> languages;
  std::string latest;  // YYYY-MM for comparison
  std::int64_t bytes = 0;
  StatementNumbers statements;
};

std::string list(std::set<std::string> const& items) { return joined({items.begin(), items.end()}); }

// MM/YYYY as the template wants it, in an order that sorts.
std::string sortable_month(std::string const& month) {
  return month.size() == 7 && month[2] == '/' ? month.substr(3) + "-" + month.substr(0, 2) : "";
}

Modality modality_of(std::vector<DataSetEvidence> const& sets, std::string_view modality) {
  Modality out;
  for (auto const& set : sets) {
    if (set.modality != modality || set.statements.empty()) continue;
    out.counted = out.counted && set.data_points.has_value();
    out.points += set.data_points.value_or(0);
    if (!out.unit.empty() && out.unit != set.data_unit) out.counted = false;
    out.unit = set.data_unit;
    out.types.insert(set.content_types.begin(), set.content_types.end());
    out.languages.insert(set.languages.begin(), set.languages.end());
    out.latest = std::max(out.latest, sortable_month(set.acquired));
    out.bytes += set.size_bytes;
    out.statements = merged(std::move(out.statements), set.statements);
  }
  return out;
}

std::string size_text(std::string_view modality, Modality const& all) {
  if (!all.counted) return fmt::format("{}; not counted in one unit", byte_size(all.bytes));
  auto const own = fmt::format("{} {} ({})", grouped(all.points), all.unit, byte_size(all.bytes));
  bool const unit_of_template = (modality == "text" && all.unit == "tokens") ||
                                (modality == "image" && all.unit == "images") ||
                                ((modality == "audio" || modality == "video") && all.unit == "hours");
  return unit_of_template ? fmt::format("{}: {}", size_bin(modality, all.points), own) : own;
}

void write_modalities(Builder& to) {
  auto const& sets = to.evidence().data_sets;
  std::set<std::string> modalities;
  for (auto const& set : sets) modalities.insert(set.modality);
  if (modalities.empty())
    to.recorded({"overall.modalities", "Modalities and size of the training data", "1.3"}, "", {});
  for (auto const& modality : modalities) {
    auto const all = modality_of(sets, modality);
    auto const key = "overall." + modality;
    auto const title = [&](std::string_view what) { return fmt::format("{}: {}", modality, what); };
    to.recorded({key + ".size", title("size"), "1.3"}, size_text(modality, all), all.statements);
    to.recorded({key + ".types", title("types of content"), "1.3"}, list(all.types), all.statements);
    to.recorded({key + ".latest", title("date of the latest acquisition"), "1.3"},
                all.latest.empty() ? "" : all.latest.substr(5) + "/" + all.latest.substr(0, 4), all.statements);
    bool const linguistic = modality == "text" || modality == "audio";
    to.recorded(
        {key + ".languages", title("linguistic characteristics"), "1.3", linguistic ? Need::asked : Need::extra},
        list(all.languages), all.statements);
  }
  to.declared({"overall.continuous", "Is the model trained on new data continuously?", "1.3"}, "continuous_training");
}

struct Kind {
  SourceKind kind;
  std::string_view key;
  std::string_view title;
  std::string_view point;
};
constexpr std::array kKinds{
    Kind{SourceKind::public_dataset, "public", "Publicly available data sets", "2.1"},
    Kind{SourceKind::licensed, "licensed", "Data licensed commercially from rightsholders", "2.2.1"},
    Kind{SourceKind::private_third_party, "private", "Other private data of third parties", "2.2.2"},
    Kind{SourceKind::crawled, "crawled", "Data crawled and scraped from online sources", "2.3"},
    Kind{SourceKind::user_data, "users", "Data of users", "2.4"},
    Kind{SourceKind::synthetic, "synthetic", "Synthetic data", "2.5"},
    Kind{SourceKind::other, "other", "Other sources", "2.6"},
};

// A public set is "large" above 3 % of the public data of its modality, by size.
bool is_large(DataSetEvidence const& set, std::vector<DataSetEvidence> const& sets) {
  std::int64_t total = 0;
  for (auto const& each : sets)
    if (each.source_kind == SourceKind::public_dataset && each.modality == set.modality) total += each.size_bytes;
  return static_cast<double>(set.size_bytes) > 0.03 * static_cast<double>(total);
}

std::string describe(DataSetEvidence const& set, std::vector<DataSetEvidence> const& sets) {
  std::string out = fmt::format("{} Licence {}. {}", set.description, set.licence, byte_size(set.size_bytes));
  if (set.source_kind == SourceKind::public_dataset)
    out += is_large(set, sets) ? "; large (over 3 % of its modality)" : "";
  out += ".";
  if (!set.link.empty()) out += fmt::format("\n{}", set.link);
  if (!set.period.empty()) out += fmt::format("\nPeriod of collection: {}.", set.period);
  if (!set.obtained.empty()) out += fmt::format("\n{}", set.obtained);
  if (!set.domains.empty()) out += fmt::format("\nDomains by size: {}.", joined(set.domains));
  if (!set.generators.empty()) out += fmt::format("\nMade by: {}.", joined(set.generators));
  if (!set.tdm_check.empty()) out += fmt::format("\nReservations of rights: {}", set.tdm_check);
  return out;
}

void write_sources(Builder& to) {
  auto const& sets = to.evidence().data_sets;
  StatementNumbers all;
  for (auto const& set : sets) all = merged(std::move(all), set.statements);
  for (auto const& kind : kKinds) {
    auto const key = fmt::format("sources.{}", kind.key);
    std::set<std::string> modalities;
    for (auto const& set : sets)
      if (set.source_kind == kind.kind) modalities.insert(set.modality);
    to.section(key, fmt::format("{} {}", kind.point, kind.title));
    // "No" is a fact of the register of data sets as a whole, so it carries all their numbers.
    to.recorded({key + ".used", "Used for training", std::string{kind.point}},
                modalities.empty() ? "No: no data set of this kind is among those the training jobs were given."
                                   : fmt::format("Yes; modalities: {}.", list(modalities)),
                all);
    for (auto const& set : sets)
      if (set.source_kind == kind.kind)
        to.recorded({fmt::format("{}.{}", key, set.public_id), fmt::format("{} {}", set.name, set.version),
                     std::string{kind.point}},
                    describe(set, sets), set.statements);
    if (kind.kind == SourceKind::crawled && !modalities.empty())
      to.declared({key + ".crawlers", "Crawlers: names, purposes, behaviour (robots.txt, captchas, paywalls)", "2.3"},
                  "crawlers");
  }
}

}  // namespace

void write_training_summary(Builder& to) {
  auto const& e = to.evidence();
  auto const model = e.model.value_or(ModelEvidence{});
  to.section("general", "1. General information");
  to.recorded({"general.provider", "Provider", "1.1"}, e.organisation.name, e.organisation.statements);
  to.declared({"general.contact", "Contact of the provider", "1.1"}, "provider_contact");
  to.declared({"general.representative", "Authorised representative", "1.1", Need::extra}, "representative");
  to.recorded({"general.model", "Model and version", "1.2"},
              e.model ? fmt::format("{} {}", model.name, model.version) : "", model.statements);
  to.recorded_or_declared({"general.dependencies", "Models it was made from, with their summaries", "1.2"},
                          model.upstream, model.statements, "model_dependencies");
  to.declared({"general.market", "Date of placing on the Union market", "1.2"}, "market_date");
  to.section("overall", "1.3 Overall characteristics of the training data");
  write_modalities(to);
  write_sources(to);
  to.section("processing", "3. Aspects of data processing");
  to.declared({"processing.copyright",
               "Respect of reservations of rights (text and data mining); signature of the Code", "3.1"},
              "tdm_measures");
  to.declared({"processing.policy", "Copyright policy", "3.1", Need::extra}, "copyright_policy");
  to.declared({"processing.illegal", "Measures against illegal content", "3.2"}, "illegal_content_measures");
  to.declared({"processing.other", "Other information", "3.3", Need::extra}, "other_processing");
}

}  // namespace fabrica::trust
