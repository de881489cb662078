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
    FABRICA_TRY(state.values_, (json::read<std::map<std::string, std::string>>(*text)));
    if (state.get("fingerprint") != fingerprint)
      return fail(Errc::invalid, "run_state",
                  fmt::format("{} belongs to another project file, or the file was changed since. Go on with the old file, "
                              "or start anew with --state ANOTHER.", state.path_));
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

Result<> RunState::set(std::string_view name, std::string value) {
  values_[std::string{name}] = std::move(value);
  return save();
}

Result<> RunState::forget(std::string_view step) {
  values_.erase(std::string{step});
  values_.erase(fmt::format("key/{}", step));
  return save();
}

Result<std::string> RunState::key(std::string_view step) {
  auto const name = fmt::format("key/{}", step);
  if (auto known = get(name); !known.empty()) return known;
  crypto::SystemRandom random;
  auto const made = PublicId::make(SystemClock{}.now(), random).text();
  FABRICA_DO(set(name, made));
  return made;
}

Result<> RunState::save() const { return runtime::write_file(path_, json::write(values_)); }

}  // namespace fabrica::cli
