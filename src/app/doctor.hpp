#pragma once

#include <string>

#include "base/result.hpp"

namespace fabrica::app {

// Recomputes what can be recomputed of a data folder and compares: schema, balances, chains, log, stored bytes. Prints
// each check; true when all agree. Safe beside a running server.
Result<bool> run_doctor(std::string const& folder, bool json);

// Copies database, log, keys, settings and stored bytes to a new folder while the factory runs. The database first:
// what is written later is in the log folder but not yet in the database, which a restore handles.
Result<> run_backup(std::string const& folder, std::string const& target);

}  // namespace fabrica::app
