#include "http/router.hpp"

#include "base/check.hpp"

namespace fabrica::http {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> parameter;                              // one step, "{name}"
  std::map<std::string, Route const*, std::less<>> here;        // by method
  std::map<std::string, Route const*, std::less<>> everything;  // "{name*}" from here on, by method
};

namespace {

// The steps of "/a/{b}/c": "a", "{b}", "c". The root "/" has none.
std::vector<std::string_view> steps_of(std::string_view path) {
  std::vector<std::string_view> steps;
  if (path == "/") return steps;
  while (!path.empty()) {
    path.remove_prefix(1);
    steps.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(steps.back().size());
  }
  return steps;
}

// "{name}" -> "name", "{name*}" -> "name".
std::string parameter_name(std::string_view step) {
  step.remove_prefix(1);
  return std::string{step.substr(0, step.find_first_of("*}"))};
}

Route const* route_for(std::map<std::string, Route const*, std::less<>> const& routes, std::string_view method) {
  auto found = routes.find(method);
  if (found == routes.end() && method == "HEAD") found = routes.find(std::string_view{"GET"});
  return found == routes.end() ? nullptr : found->second;
}

std::string allow_of(std::map<std::string, Route const*, std::less<>> const& routes) {
  std::string allow;
  for (auto const& [method, route] : routes) {
    allow += method + ", ";
    if (method == "GET" && !routes.contains("HEAD")) allow += "HEAD, ";
  }
  return allow + "OPTIONS";
}

// The parameters of the route's pattern out of the steps of a path.
Result<std::vector<Parameter>> take_parameters(std::string_view pattern, std::vector<std::string_view> const& steps) {
  std::vector<Parameter> out;
  auto const wanted = steps_of(pattern);
  for (std::size_t place = 0; place < wanted.size(); ++place) {
    if (!wanted[place].starts_with('{')) continue;
    if (!wanted[place].ends_with("*}")) {
      FABRICA_TRY(auto value, percent_decode(steps[place], false));
      out.push_back({parameter_name(wanted[place]), std::move(value)});
      continue;
    }
    std::string rest;
    for (std::size_t step = place; step < steps.size(); ++step) {
      FABRICA_TRY(auto const value, percent_decode(steps[step], false));
      if (step != place) rest += '/';
      rest += value;
    }
    out.push_back({parameter_name(wanted[place]), std::move(rest)});
  }
  return out;
}

}  // namespace

Router::Router() : root_{std::make_unique<Node>()} {}
Router::~Router() = default;

void Router::add(Route route) {
  FABRICA_CHECK(route.pattern.starts_with('/') && !route.method.empty());
  FABRICA_CHECK(static_cast<bool>(route.handler) != static_cast<bool>(route.upload));
  route.index = routes_.size();
  auto const& kept = *routes_.emplace_back(std::make_unique<Route>(std::move(route)));
  Node* node = root_.get();
  bool rest = false;
  for (auto const step : steps_of(kept.pattern)) {
    FABRICA_CHECK(!rest && !step.empty());
    rest = step.ends_with("*}");
    if (rest) continue;
    auto& next = step.starts_with('{') ? node->parameter : node->literal[std::string{step}];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  bool const fresh = (rest ? node->everything : node->here).emplace(kept.method, &kept).second;
  FABRICA_CHECK(fresh);
}

Result<Router::Match> Router::match(std::string_view method, std::string_view path) const {
  if (!path.starts_with('/')) return fail(Errc::invalid, "encoding", "The address must begin with '/'.");
  auto const steps = steps_of(path);
  for (auto const step : steps)
    if (step == "." || step == "..") return fail(Errc::invalid, "encoding", "The address holds a '.' or '..' step.");

  // Depth first, literal steps before parameters; the deepest "{rest*}" seen on the way is the last resort.
  Node const* found = nullptr;
  Node const* rest = nullptr;
  auto const walk = [&](auto const& self, Node const& node, std::size_t place) -> void {
    if (place == steps.size()) {
      if (!node.here.empty()) found = &node;
      return;
    }
    if (auto const next = node.literal.find(steps[place]); next != node.literal.end())
      self(self, *next->second, place + 1);
    if (!found && node.parameter && !steps[place].empty()) self(self, *node.parameter, place + 1);
    if (!found && !rest && !node.everything.empty()) rest = &node;
  };
  walk(walk, *root_, 0);

  Match match;
  if (!found && !rest) return match;
  auto const& routes = found ? found->here : rest->everything;
  match.route = route_for(routes, method);
  if (!match.route) {
    match.allow = allow_of(routes);
    return match;
  }
  FABRICA_TRY(match.parameters, take_parameters(match.route->pattern, steps));
  for (auto const& parameter : match.parameters)  // an encoded ".." or "/" must not appear after decoding either
    for (std::string_view left = parameter.value; !left.empty();) {
      auto const step = left.substr(0, left.find('/'));
      if (step == "." || step == "..") return fail(Errc::invalid, "encoding", "The address holds a '.' or '..' step.");
      left.remove_prefix(std::min(left.size(), step.size() + 1));
    }
  return match;
}

}  // namespace fabrica::http
