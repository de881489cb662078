#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "db/testing/server.hpp"

namespace fabrica::db {

// Stands between a client and a PostgresServer and cuts a connection at one message that holds a given text: before it
// reaches the server, or after the server has answered it and before the client hears.
class CuttingProxy {
 public:
  enum class Cut { none, before, after };

  // In `folder`, under the name libpq looks for.
  CuttingProxy(PostgresServer const& server, std::string const& folder);
  ~CuttingProxy();
  CuttingProxy(CuttingProxy const&) = delete;
  CuttingProxy& operator=(CuttingProxy const&) = delete;

  std::string url(std::string const& database) const;
  // The next message with `text` in it, once.
  void cut_next(Cut when, std::string_view text) {
    std::lock_guard const lock{guard_};
    text_ = text;
    cut_ = when;
  }
  bool has_cut() const {
    std::lock_guard const lock{guard_};
    return cut_ == Cut::none;
  }

 private:
  void accept_all();
  void serve(int client);
  // What to do at this message; a cut is taken by one connection alone.
  Cut take_cut(std::string_view message);
  // False once the connection is to be closed.
  bool pass_to_server(int client, int server);

  std::string folder_;
  std::string server_path_;
  int listener_ = -1;
  mutable std::mutex guard_;  // guards the next two
  std::string_view text_;
  Cut cut_ = Cut::none;
  std::atomic<bool> stopping_ = false;
  std::vector<std::jthread> connections_;  // the accepting thread's alone
  std::thread accepting_;
};

}  // namespace fabrica::db
