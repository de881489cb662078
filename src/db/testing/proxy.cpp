#include "db/testing/proxy.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace fabrica::db {
namespace {

constexpr int kLookEvery_ms = 20;  // how soon the threads notice that they are to stop

sockaddr_un address_of(std::string const& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error{"the path of a socket is too long: " + path};
  path.copy(address.sun_path, path.size());
  return address;
}

// -1 when nobody listens.
int connect_to(std::string const& path) {
  auto const address = address_of(path);
  int const file = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(file, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) return file;
  ::close(file);
  return -1;
}

// What is there to read, waiting for it; empty when the other side has closed.
std::string_view receive(int file, std::array<char, 65536>& room) {
  auto const size = ::recv(file, room.data(), room.size(), 0);
  return {room.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

bool send_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const sent = ::send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string encoded(std::string const& path) {
  std::string out;
  for (char const c : path) out += c == '/' ? "%2F" : std::string(1, c);
  return out;
}

}  // namespace

CuttingProxy::CuttingProxy(PostgresServer const& server, std::string const& folder)
    : folder_{folder}, server_path_{server.folder() + "/.s.PGSQL.5432"} {
  auto const address = address_of(folder_ + "/.s.PGSQL.5432");
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 16) != 0)
    throw std::runtime_error{"the proxy cannot listen"};
  accepting_ = std::thread{[this] { accept_all(); }};
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  accepting_.join();
  connections_.clear();
  ::close(listener_);
}

std::string CuttingProxy::url(std::string const& database) const {
  return fmt::format("postgresql://fabrica@{}/{}", encoded(folder_), database);
}

void CuttingProxy::accept_all() {
  while (!stopping_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kLookEvery_ms) <= 0) continue;
    int const client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
  }
}

void CuttingProxy::serve(int client) {
  int const server = connect_to(server_path_);
  std::array<char, 65536> room{};
  bool open = server >= 0;
  while (open && !stopping_) {
    pollfd both[]{{.fd = client, .events = POLLIN, .revents = 0}, {.fd = server, .events = POLLIN, .revents = 0}};
    if (::poll(both, 2, kLookEvery_ms) <= 0) continue;
    if (both[1].revents != 0) {
      auto const bytes = receive(server, room);
      open = !bytes.empty() && send_all(client, bytes);
    }
    if (open && both[0].revents != 0) open = pass_to_server(client, server);
  }
  ::close(client);
  if (server >= 0) ::close(server);
}

CuttingProxy::Cut CuttingProxy::take_cut(std::string_view message) {
  std::lock_guard const lock{guard_};
  if (cut_ == Cut::none || message.find(text_) == std::string_view::npos) return Cut::none;
  return std::exchange(cut_, Cut::none);
}

bool CuttingProxy::pass_to_server(int client, int server) {
  std::array<char, 65536> room{};
  auto const bytes = receive(client, room);
  auto const cut = take_cut(bytes);
  if (cut == Cut::before || bytes.empty() || !send_all(server, bytes)) return false;
  if (cut == Cut::none) return true;
  (void)receive(server, room);  // it has answered: whatever it did is done
  return false;
}

}  // namespace fabrica::db
