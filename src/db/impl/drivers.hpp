#pragma once

#include "db/db.hpp"

namespace fabrica::db {

// Where two drivers meet: db.cpp picks one by the URL.
Result<std::unique_ptr<Database>> open_sqlite(std::string path, int connections_max);
Result<std::unique_ptr<Database>> open_postgres(Settings const& settings);

}  // namespace fabrica::db
