#include "core/checkpoint.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/safetensors.hpp"

namespace fabrica::recipe {

namespace {

constexpr std::string_view kFormat = "fabrica-gpt-checkpoint-1";

using Metadata = std::map<std::string, std::string>;

std::string checksum(Metadata const& metadata, std::vector<std::span<float const>> const& parts) {
  uLong crc = ::crc32_z(0, nullptr, 0);
  auto const add = [&](void const* data, std::size_t size) {
    crc = ::crc32_z(crc, static_cast<Bytef const*>(data), size);
  };
  for (auto const& [key, text] : metadata) {
    if (key == "crc32") continue;
    add(key.data(), key.size() + 1);
    add(text.data(), text.size() + 1);
  }
  for (auto const& part : parts) add(part.data(), part.size_bytes());
  return fmt::format("{:08x}", crc);
}

template <class T>
bool read_number(Metadata const& metadata, char const* key, T& to) {
  auto const found = metadata.find(key);
  if (found == metadata.end()) return false;
  auto const& text = found->second;
  return std::from_chars(text.data(), text.data() + text.size(), to).ec == std::errc{};
}

// Ordered by age, newest first.
std::vector<std::filesystem::path> files_in(std::filesystem::path const& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (auto const& entry : std::filesystem::directory_iterator{folder, error}) {
    auto const name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(".safetensors")) found.push_back(entry.path());
  }
  std::ranges::sort(found, std::greater<>{});
  return found;
}

Result<Checkpoint> read(std::filesystem::path const& path) {
  FABRICA_TRY(auto file, read_safetensors(path, Finite::unchecked));
  auto const damaged = [] { return fail(Errc::invalid, "checkpoint", "its parts or its checksum do not fit"); };
  auto const& metadata = file.header.metadata;
  Checkpoint checkpoint;
  checkpoint.path = path;
  auto& state = checkpoint.state;
  auto& facts = checkpoint.facts;
  auto const format = metadata.find("format");
  auto const crc = metadata.find("crc32");
  if (format == metadata.end() || format->second != kFormat || crc == metadata.end() ||
      !read_number(metadata, "step", state.step) || !read_number(metadata, "ranks", facts.ranks) ||
      !read_number(metadata, "wall_s", facts.wall_s) || !read_number(metadata, "flop", facts.flop) || facts.ranks < 1 ||
      facts.ranks > 1024)
    return damaged();
  facts.parameters = metadata.contains("parameters") ? metadata.at("parameters") : "";
  facts.tokens = metadata.contains("tokens") ? metadata.at("tokens") : "";
  state.weights = std::move(file.values["weights"]);
  state.m = std::move(file.values["m"]);
  state.v = std::move(file.values["v"]);
  state.losses = std::move(file.values["losses"]);
  if (checksum(metadata, {state.weights, state.m, state.v, state.losses}) != crc->second ||
      state.weights.size() != state.m.size() || state.m.size() != state.v.size() ||
      state.losses.size() != static_cast<std::size_t>(state.step))
    return damaged();
  return checkpoint;
}

}  // namespace

Result<> CheckpointFolder::save(TrainState const& state, RunFacts const& facts, Layout const& layout) const {
  Metadata metadata{{"format", std::string{kFormat}},
                    {"step", fmt::to_string(state.step)},
                    {"ranks", fmt::to_string(facts.ranks)},
                    {"parameters", facts.parameters},
                    {"tokens", facts.tokens},
                    {"wall_s", fmt::to_string(facts.wall_s)},
                    {"flop", fmt::to_string(facts.flop)}};
  metadata["crc32"] = checksum(metadata, {state.weights, state.m, state.v, state.losses});
  auto const path = folder_ / fmt::format("step-{:09}.safetensors", state.step);
  FABRICA_DO(write_safetensors(path,
                               {{"weights", {layout.size()}, state.weights.data()},
                                {"m", {layout.size()}, state.m.data()},
                                {"v", {layout.size()}, state.v.data()},
                                {"losses", {state.losses.size()}, state.losses.data()}},
                               metadata));
  auto const all = files_in(folder_);
  for (std::size_t i = 2; i < all.size(); ++i) {
    std::error_code ignored;  // an old one that stays costs only space
    std::filesystem::remove(all[i], ignored);
  }
  return {};
}

std::optional<Checkpoint> CheckpointFolder::load(std::vector<std::string>& notes) const {
  for (auto const& path : files_in(folder_)) {
    auto checkpoint = read(path);
    if (checkpoint) return *std::move(checkpoint);
    notes.push_back(fmt::format("Checkpoint {} is damaged and was passed over: {}", path.filename().string(),
                                checkpoint.error().what));
  }
  return std::nullopt;
}

Result<> check_same_run(Checkpoint const& checkpoint, RunFacts const& now, Layout const& layout) {
  auto const refuse = [&](char const* what) {
    return fail(Errc::conflict, "checkpoint_of_another_run",
                fmt::format("Checkpoint {} was made with other {}. Empty the checkpoint folder to start anew, or start "
                            "the job as it was.",
                            checkpoint.path.filename().string(), what));
  };
  if (checkpoint.facts.parameters != now.parameters || checkpoint.state.weights.size() != layout.size())
    return refuse("parameters");
  if (checkpoint.facts.tokens != now.tokens) return refuse("training text");
  return {};
}

std::string digest_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char const c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

}  // namespace fabrica::recipe
