// Writes the schema that the migrations make, as text, for both databases: schema_dump FOLDER.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include "base/clock.hpp"
#include "db/migrate.hpp"
#include "db/testing/server.hpp"
#include "embedded/migrations.hpp"

namespace {

using namespace fabrica;

Result<std::string> schema_of(std::string const& url) {
  SystemClock const clock;
  FABRICA_TRY(auto const database, db::open({.url = url}));
  FABRICA_DO(db::migrate(*database, embedded::migrations(), clock));
  return db::schema_dump(*database);
}

bool write(std::string const& path, Result<std::string> const& schema) {
  if (!schema) {
    fmt::print(stderr, "{}: {}\n", path, schema.error().what);
    return false;
  }
  std::ofstream{path} << *schema;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: schema_dump FOLDER\n");
    return 2;
  }
  std::filesystem::path const folder{argv[1]};
  try {
    auto const file = (folder / "schema.db").string();
    auto& server = db::PostgresServer::of_this_process();
    server.execute("CREATE DATABASE golden");
    bool const good = write(folder / "schema.sqlite.txt", schema_of("sqlite:" + file)) &&
                      write(folder / "schema.postgres.txt", schema_of(server.url("golden")));
    return good ? 0 : 1;
  } catch (std::exception const& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
