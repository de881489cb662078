#pragma once

#include <array>
#include <optional>

// State machines as tables: one array of steps is the whole life of a thing.
namespace fabrica {

template <class State, class Event>
struct StateStep {
  State from;
  Event on;
  State to;
};

// Where the event leads; nothing where the table does not allow it.
template <class State, class Event, std::size_t n>
constexpr std::optional<State> next(std::array<StateStep<State, Event>, n> const& steps, State from, Event on) {
  for (auto const& step : steps)
    if (step.from == from && step.on == on) return step.to;
  return std::nullopt;
}

}  // namespace fabrica
