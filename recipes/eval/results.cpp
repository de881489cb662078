#include "eval/results.hpp"

#include <boost/json.hpp>

namespace fabrica::recipe {

namespace {

namespace json = boost::json;

json::object to_object(Metric const& m) {
  return {{"name", m.name},
          {"slice", m.slice},
          {"value", m.value},
          {"low", m.interval ? json::value(m.interval->low) : json::value(nullptr)},
          {"high", m.interval ? json::value(m.interval->high) : json::value(nullptr)},
          {"n", m.n},
          {"unit", m.unit},
          {"method", m.method}};
}

}  // namespace

std::string to_json(Results const& r) {
  json::array metrics;
  for (auto const& m : r.metrics) metrics.push_back(to_object(m));
  json::array gates;
  for (auto const& g : r.gates)
    gates.push_back({{"name", g.name}, {"rule", g.rule}, {"holds", g.holds}, {"value", g.value}, {"bound", g.bound}});
  json::array samples;
  for (auto const& s : r.samples) samples.push_back({{"prompt", s.prompt}, {"text", s.text}});
  json::array notes;
  for (auto const& n : r.notes) notes.push_back(json::value(n));
  json::array prompts;
  for (auto const& p : r.settings.sample_prompts) prompts.push_back(json::value(p));
  json::object const root{
      {"suite", kSuite},
      {"version", kSuiteVersion},
      {"job", r.job},
      {"model", {{"parameters", r.model_parameters}, {"vocab_size", r.vocab_size}, {"context", r.context}}},
      {"parameters",
       {{"max_bytes_per_language", r.settings.max_bytes_per_language},
        {"bootstrap_rounds", r.settings.bootstrap_rounds},
        {"memorisation_samples", r.settings.memorisation_samples},
        {"membership_samples", r.settings.membership_samples},
        {"seed", r.settings.seed},
        {"sample_prompts", std::move(prompts)}}},
      {"kernels", r.kernels},
      {"confidence", 0.95},
      {"metrics", std::move(metrics)},
      {"gates", std::move(gates)},
      {"samples", std::move(samples)},
      {"notes", std::move(notes)}};
  return json::serialize(root) + "\n";
}

}  // namespace fabrica::recipe
