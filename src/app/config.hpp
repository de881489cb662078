#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "identity/types.hpp"

namespace fabrica::app {

// What an operator can set, in <data folder>/fabrica.toml. settings() is the one table: the parser, `fabrica doctor
// --settings` and docs/reference/settings.md come from it.
struct Config {
  std::string data_folder;

  std::string factory_name = "A Fabrica factory";
  std::string factory_country;  // two letters; empty: unknown
  bool demo = false;            // everything seeded is marked as a demonstration

  std::string listen_address = "127.0.0.1";
  std::int64_t listen_port = 8080;
  std::int64_t workers = 64;
  bool access_log = true;

  std::string public_url;  // where people reach the factory, for links in mails; empty: none

  std::string mail_host;  // empty: no mail
  std::int64_t mail_port = 587;
  std::string mail_tls = "starttls";
  std::string mail_from;
  std::string mail_user;
  std::string mail_password_file;
  std::string mail_ca_file;

  bool hooks_private_addresses = false;
  std::string hooks_ca_file;

  std::string notices_zone = "UTC";

  std::string database_url;  // empty: sqlite:<data folder>/fabrica.db
  std::int64_t database_connections_max = 8;

  std::string log_origin = "fabrica.example/log";
  std::string log_guard_path;              // empty: <data folder>/published-checkpoint
  std::vector<std::string> log_witnesses;  // "vkey url"
  std::int64_t log_witnesses_needed = 0;

  bool allow_unsandboxed_jobs = false;
  std::string recipes_folder;  // empty: beside the program
  std::int64_t job_uid_first = 200'000;

  std::int64_t quota_bytes_per_project = std::int64_t{20} << 30;

  std::string database() const;
  std::string guard_path() const;
  std::string log_folder() const { return data_folder + "/log"; }
  std::string log_key_path() const { return data_folder + "/keys/log.key"; }
  std::string notices_key_path() const { return data_folder + "/keys/notices.key"; }
  std::string recipes() const;
  std::string jobs_folder() const { return data_folder + "/jobs"; }
};

struct Setting {
  std::string_view key;       // "listen.port"
  std::string_view type;      // "text", "integer", "number", "yes/no", "list of text"
  std::string_view fallback;  // as shown to people
  std::string_view help;
};
std::vector<Setting> settings();

// Reads <folder>/fabrica.toml if there is one. Errors: invalid "settings" with line and column; unknown keys are
// errors.
Result<Config> load_config(std::string const& data_folder);

// Makes the data folder (0700), its log key and a commented fabrica.toml where they are missing.
Result<> prepare_data_folder(Config const& config);

}  // namespace fabrica::app
