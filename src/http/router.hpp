#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace fabrica::http {

using Handler = std::function<Response(Request&)>;
// Decides from the head alone whether an upload may come, and where it goes.
using UploadHandler = std::function<Result<std::unique_ptr<BodySink>>(Request const&)>;

// Where a route's handler runs. `at_once` is for constant answers only: it holds up every connection of its thread.
enum class RunsOn : std::uint8_t { worker, at_once };

struct Route {
  std::string method;
  std::string pattern;
  Handler handler = {};
  UploadHandler upload = {};         // instead of handler: the body is streamed into the sink
  std::uint64_t body_bytes_max = 0;  // 0: the server's default
  RunsOn runs_on = RunsOn::worker;
  std::size_t index = 0;  // given by the router, from 0
};

// Method and pattern to handler. A pattern is "/projects/{project}/jobs"; a last step "{path*}" takes the rest of the
// path, slashes included. A literal step wins over a parameter. Filled before the server starts, then read by any
// thread.
class Router {
 public:
  Router();
  ~Router();
  Router(Router const&) = delete;
  Router& operator=(Router const&) = delete;

  // Two routes for one method and pattern are a bug and end the process.
  void add(Route route);
  void add(std::string method, std::string pattern, Handler handler) {
    add(Route{.method = std::move(method), .pattern = std::move(pattern), .handler = std::move(handler)});
  }

  struct Match {
    Route const* route = nullptr;
    std::vector<Parameter> parameters;
    std::string allow;  // set when the path is known and the method is not: "GET, HEAD, OPTIONS"
  };
  // HEAD goes to GET. Errors: invalid "encoding" (bad percent sign, control character, "." or ".." step).
  Result<Match> match(std::string_view method, std::string_view path) const;

  std::vector<std::unique_ptr<Route>> const& routes() const { return routes_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace fabrica::http
