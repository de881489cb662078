#include "cli/impl/run_state.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "crypto/random.hpp"
#include "json/json.hpp"
#include "runtime/files.hpp"

namespace fabrica::cli {

Result<RunState> RunState::open(std::string path, std::string const& fingerprint) {
  RunState state{std::move(path)};
  auto const text = runtime::read_file(state.path_, 1u << 20);
  if (text) {
    auto values = json::read<std::map<std::string, std::string>>(*text);
    if (!values) {
      auto error = values.error();
      error.what = fmt::format("{} is no state of a run: {}", state.path_, error.what);
      return std::unexpected(std::move(error));
    }
    state.values_ = *std::move(values);
    if (state.get("fingerprint") != fingerprint)
      return fail(
          Errc::invalid, "run_state",
          fmt::format("{} belongs to another project file, or the file was changed since. Go on with the old file, "
                      "or start anew with --state ANOTHER.",
                      state.path_));
    return state;
  }
  if (text.error().code != Errc::not_found) return std::unexpected(text.error());
  FABRICA_DO(runtime::make_folder(std::filesystem::absolute(state.path_).parent_path().string()));
  FABRICA_DO(state.set("fingerprint", fingerprint));
  return state;
}

std::string RunState::get(std::string_view name) const {
  auto const found = values_.find(std::string{name});
  return found == values_.end() ? std::string{} : found->second;
}

// What could not be stored is not had either: nothing is sent under a key that a restart would not know.
Result<> RunState::set(std::string_view name, std::string value) {
  auto next = values_;
  next[std::string{name}] = std::move(value);
  return save(std::move(next));
}

Result<> RunState::forget(std::string_view step) {
  auto next = values_;
  next.erase(std::string{step});
  next.erase(fmt::format("key/{}", step));
  return save(std::move(next));
}

Result<std::string> RunState::key(std::string_view step) {
  auto const name = fmt::format("key/{}", step);
  if (auto known = get(name); !known.empty()) return known;
  crypto::SystemRandom random;
  auto const made = PublicId::make(SystemClock{}.now(), random).text();
  FABRICA_DO(set(name, made));
  return made;
}

Result<> RunState::save(std::map<std::string, std::string> next) {
  FABRICA_DO(runtime::write_file(path_, json::write(next)));
  values_ = std::move(next);
  return {};
}

}  // namespace fabrica::cli
