#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "calls/reviewed.hpp"
#include "reviews/types.hpp"

// The panel of a round.
namespace fabrica::reviews {

enum class PanelRole : std::uint8_t {
  chair,   // decides the step `panel` of each proposal
  deputy,  // decides where the chair has a part in the project or a conflict
  member,  // reads
};
BOOST_DESCRIBE_ENUM(PanelRole, chair, deputy, member)

struct Appointment {
  PublicId person;
  PanelRole role{};
};
BOOST_DESCRIBE_STRUCT(Appointment, (), (person, role))

// All of it at once; empty: the round has no panel, and the access office decides its step.
struct PanelDraft {
  std::vector<Appointment> members{};
  static constexpr auto limits() { return std::tuple{json::items(&PanelDraft::members, 0, 100)}; }
};
BOOST_DESCRIBE_STRUCT(PanelDraft, (), (members))

struct PanelMember {
  PublicId person;
  std::string name;
  PanelRole role{};
  Time appointed;
};
BOOST_DESCRIBE_STRUCT(PanelMember, (), (person, name, role, appointed))

struct Panel {
  PublicId round;
  PublicId call;
  std::vector<PanelMember> members;
};
BOOST_DESCRIBE_STRUCT(Panel, (), (round, call, members))

// A round whose panel somebody is in, with what waits for it.
struct PanelDesk {
  PublicId round;
  PublicId call;
  std::string call_title;
  PanelRole role{};
  std::vector<PublicId> proposals;  // in the step `panel` now, without those of own projects
};
BOOST_DESCRIBE_STRUCT(PanelDesk, (), (round, call, call_title, role, proposals))

// What a panel decides on. Reviews come without their writers.
struct PanelPapers {
  PublicId proposal;
  forms::Sheet sheet;
  std::vector<std::string> checklist;
  std::vector<OtherReview> reviews;  // those that count
  std::optional<Consensus> consensus{};
  std::optional<Rebuttal> rebuttal{};
  std::vector<calls::Step> steps;
};
BOOST_DESCRIBE_STRUCT(PanelPapers, (), (proposal, sheet, checklist, reviews, consensus, rebuttal, steps))

}  // namespace fabrica::reviews
