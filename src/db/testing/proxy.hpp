#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
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
    text_ = text;
    cut_ = when;
  }
  bool has_cut() const { return cut_ == Cut::none; }

 private:
  void accept_all();
  void serve(int client);
  // False once the connection is to be closed.
  bool pass_to_server(int client, int server);

  std::string folder_;
  std::string server_path_;
  int listener_ = -1;
  std::string_view text_;  // written before cut_, read after it
  std::atomic<Cut> cut_ = Cut::none;
  std::atomic<bool> stopping_ = false;
  std::vector<std::jthread> connections_;  // the accepting thread's alone
  std::thread accepting_;
};

}  // namespace fabrica::db
