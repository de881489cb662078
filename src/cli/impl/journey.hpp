#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "cli/impl/project_file.hpp"
#include "cli/impl/run_state.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"

namespace fabrica::cli {

struct JourneySettings {
  std::string project_file;
  std::string state_file;
  std::string out_folder;  // where the dossier, the policy and the model go
  bool json = false;
};

// fabrica run: takes a project from plan to dossier over the API. Every step is done once: what the state file has is
// not repeated. A server that goes away is waited for; killed anywhere, the same command goes on.
class Journey {
 public:
  Journey(Session& session, ProjectFile file, RunState state, JourneySettings settings)
      : session_{session}, file_{std::move(file)}, state_{std::move(state)}, settings_{std::move(settings)} {}

  Result<> run();

 private:
  Result<> recognise();
  Result<> plan();
  Result<> apply();
  Result<> award();
  Result<> data();
  Result<> split();
  Result<> preregister();
  Result<> train();
  Result<> model();
  Result<> evaluate();
  Result<> assess();
  Result<> release();
  Result<> dossier();
  Result<> verify();

  // Sends what makes the thing of this step, once; keeps its id.
  Result<std::string> make(std::string_view step, std::string_view path, std::string const& body);
  // Tries again while the server does not answer, for a bounded time.
  template <class F>
  auto patiently(F&& ask) -> decltype(ask());
  // Asks until `done` says so; shows what it returns as progress.
  Result<> wait_for(std::string_view path, std::function<Result<bool>(json::Value)> const& done);
  Result<> upload_file(std::string const& path, std::string const& sha256);
  Result<std::string> file_list(std::string const& folder);
  Result<std::string> job_body(JobPart const& part);
  Result<> job(std::string_view step, JobPart const& part);
  Result<> follow(std::string_view step, std::string const& id);
  std::string filled(std::string text) const;
  Result<std::string> id_by_name(std::string_view path, std::string_view member, std::string const& wanted);
  void say(std::string_view step, std::string_view text);

  Session& session_;
  ProjectFile file_;
  RunState state_;
  JourneySettings settings_;
  ProgressLine progress_;
};

int run_project(Options const& options, JourneySettings settings);

}  // namespace fabrica::cli
