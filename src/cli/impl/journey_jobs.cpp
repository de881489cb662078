// The jobs of a journey: what is sent, and how they are followed.
#include <fmt/format.h>

#include <filesystem>

#include "cli/impl/journey.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::cli {
namespace {

namespace fs = std::filesystem;

bool over(std::string_view state) { return state == "completed" || state == "failed" || state == "cancelled"; }

// The last value of each of these series, as a live line: "loss 3.121  tokens_per_s 8,211".
std::string live_line(json::Value series) {
  std::string line;
  for (std::string_view const wanted : {"loss", "validation_loss", "bits_per_byte", "tokens_per_s"})
    for (std::size_t at = 0; at < series.size(); ++at) {
      auto const points = series[at].find("points");
      if (plain(series[at].find("name")) != wanted || points.size() == 0) continue;
      auto const last = points[points.size() - 1];
      if (line.empty()) line = fmt::format("step {}", plain(last.find("step")));
      line += fmt::format("  {} {:.4g}", wanted, last.find("value").number().value_or(0));
    }
  return line;
}

}  // namespace

Result<std::string> Journey::job_body(JobPart const& part) {
  auto body = filled(part.job.text);
  if (!part.files) return body;
  std::string list;
  for (auto const& name : *part.files) {
    auto const path = (fs::path{settings_.project_file}.parent_path() / name).string();
    FABRICA_TRY(auto const digest, crypto::sha256_file(path));
    FABRICA_DO(upload_file(path, digest.digest.hex()));
    list += fmt::format("{}{{\"path\":{},\"sha256\":\"{}\"}}", list.empty() ? "" : ",",
                        json::write(fs::path{name}.filename().string()), digest.digest.hex());
  }
  body.erase(body.rfind('}'));
  return fmt::format("{},\"files\":[{}]}}", body, list);
}

Result<> Journey::job(std::string_view step, JobPart const& part) {
  if (!state_.has(step)) {
    FABRICA_TRY(auto const body, job_body(part));
    FABRICA_DO(make(step, fmt::format("/projects/{}/jobs", state_.get("project")), body));
  }
  return follow(step, state_.get(step));
}

Result<> Journey::follow(std::string_view step, std::string const& id) {
  std::string last_text;
  return wait_for("/jobs/" + id, [&](json::Value job) -> Result<bool> {
    auto const state = plain(job.find("state"));
    if (!over(state)) {
      auto line = fmt::format("{} {}", step, state);
      if (state == "running") {
        auto const series = session_.get(fmt::format("/jobs/{}/metrics?limit=4", id));
        if (series) line = live_line(series->at("/series"));
        if (line.empty()) line = plain(job.find("message"));
      }
      if (auto const trouble = job.find("trouble").text(); trouble && !trouble->empty())
        line += fmt::format("  ({})", *trouble);
      progress_.show(job.find("progress").number().value_or(-1), line);
      return false;
    }
    if (state != "completed") {
      // The next run submits a new job in its place.
      FABRICA_DO(state_.forget(step));
      return fail(Errc::conflict, "job_" + state,
                  fmt::format("The job {} {} ({}): {} See fabrica job log {}.", id, state, plain(job.find("reason")),
                              plain(job.find("detail")), id));
    }
    auto const used = job.at("/usage/amount_micro").number().value_or(0) / 1e6;
    say(step, fmt::format("completed: {:.4f} {} used of {:.4f} held, {} J estimated", used, plain(job.find("unit")),
                          job.find("held_micro").number().value_or(0) / 1e6, plain(job.at("/energy/joules"))));
    return true;
  });
}

}  // namespace fabrica::cli
