#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace fabrica::db {

// Copies a SQLite database to a new file, consistent and synced, while others read and write it. `progress` gets the
// share done. Errors: conflict "exists" (the target), invalid "database_url" (not SQLite: use the database's own
// tools), unavailable "database".
Result<> copy_sqlite(std::string const& url, std::string const& target,
                     std::function<void(double)> const& progress = {});

}  // namespace fabrica::db
