#pragma once

#include <memory>

#include "app/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "db/db.hpp"

namespace fabrica::app {

// Opens the database of a data folder and brings its schema up to date. Local commands use it beside a running server.
Result<std::unique_ptr<db::Database>> open_database(Config const& config, Clock const& clock);

// A running factory: every module built once, in order, and destroyed in reverse.
class Factory {
 public:
  // Takes the folder's lock, migrates, recovers what a crash left, listens. Errors: those of every part, each naming
  // its remedy (folder locked, port taken, database newer, log rolled back ...).
  static Result<std::unique_ptr<Factory>> start(Config config, Log& log);
  ~Factory();
  Factory(Factory const&) = delete;
  Factory& operator=(Factory const&) = delete;

  std::uint16_t port() const;
  // Ends loops, lets requests answer, leaves jobs running under their supervisors.
  void stop();

 private:
  struct Parts;
  explicit Factory(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fabrica::app
