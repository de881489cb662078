#pragma once

#include "notices/service.hpp"

namespace fabrica::notices {

// Something to be told: what, of which project, and to whom when the kind alone does not say.
struct Notices::Telling {
  NoticeKind kind{};
  std::string cause = {};  // with kind and person it is told once
  std::string variant = {};
  std::string project = {};
  std::string path = {};
  Words words = {};
  std::map<std::string, Time> times = {};  // words that are shown in each person's zone
  std::vector<PublicId> persons = {};      // for Audience::reviewer and for a person by name
  bool operators_too = false;
  bool named = false;  // `persons` and nobody else hears of it
};

// Stands in the text of a delivery for its sealed secret.
inline constexpr std::string_view kSealedMark = "\u241Fsecret\u241F";

// "3 proposals", "1 proposal".
std::string counted(std::int64_t count, std::string_view noun);
// A time where people are: "2026-01-30 10:00 Europe/Brussels (UTC+01:00)", "2026-01-30 09:00 UTC".
std::string shown(Time time, schedule::Zone const& zone);
// "20 node-hours" of 20 and "node_hour".
std::string amount_of(std::int64_t units, std::string_view unit);

}  // namespace fabrica::notices
