#include "app/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "crypto/encoding.hpp"
#include "crypto/keyfile.hpp"
#include "crypto/random.hpp"
#include "notices/mail.hpp"
#include "runtime/files.hpp"
#include "schedule/zone.hpp"
#include "tlog/note.hpp"

namespace fabrica::app {
namespace {

namespace fs = std::filesystem;

// One row a setting: what it is called, what it means, and where its value goes.
struct Row {
  Setting setting;
  std::function<bool(Config&, toml::node const&)> take;  // false: wrong type or out of range
};

auto text(std::string Config::* member) {
  return [member](Config& config, toml::node const& node) {
    auto const value = node.value_exact<std::string>();
    if (value) config.*member = *value;
    return value.has_value();
  };
}
auto integer(std::int64_t Config::* member, std::int64_t least, std::int64_t most) {
  return [=](Config& config, toml::node const& node) {
    auto const value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most) return false;
    config.*member = *value;
    return true;
  };
}
auto flag(bool Config::* member) {
  return [member](Config& config, toml::node const& node) {
    auto const value = node.value_exact<bool>();
    if (value) config.*member = *value;
    return value.has_value();
  };
}
auto list(std::vector<std::string> Config::* member) {
  return [member](Config& config, toml::node const& node) {
    auto const* array = node.as_array();
    if (!array) return false;
    std::vector<std::string> out;
    for (auto const& element : *array) {
      auto const value = element.value_exact<std::string>();
      if (!value) return false;
      out.push_back(*value);
    }
    config.*member = std::move(out);
    return true;
  };
}

std::vector<Row> const& rows() {
  static std::vector<Row> const table{
      {{"factory.name", "text", "A Fabrica factory", "What the factory is called."}, text(&Config::factory_name)},
      {{"factory.country", "text", "", "Its country, two letters (EL, UK as the Union writes them)."},
       text(&Config::factory_country)},
      {{"factory.demo", "yes/no", "false", "Says on every page that this is a demonstration."}, flag(&Config::demo)},
      {{"listen.address", "text", "127.0.0.1",
        "Where the server listens; put a TLS proxy before anything but loopback."},
       text(&Config::listen_address)},
      {{"listen.port", "integer", "8080", "0 takes any free port."}, integer(&Config::listen_port, 0, 65535)},
      {{"listen.access_log", "yes/no", "true", "One log line a request."}, flag(&Config::access_log)},
      {{"listen.workers", "integer", "64", "Threads that run use cases: as many writes share a commit."},
       integer(&Config::workers, 1, 256)},
      {{"listen.public_url", "text", "",
        "Where people reach the factory, for links in mails: \"https://factory.example\"."},
       text(&Config::public_url)},
      {{"mail.host", "text", "", "The mail server that takes this factory's mail. Empty: no mail is sent."},
       text(&Config::mail_host)},
      {{"mail.port", "integer", "587", "Its port: 587 with starttls, 465 with tls, 25 on this machine."},
       integer(&Config::mail_port, 1, 65535)},
      {{"mail.tls", "text", "starttls",
        "starttls (required of the server), tls, or none for a server on this machine."},
       text(&Config::mail_tls)},
      {{"mail.from", "text", "", "The address mails come from; its domain is the one the server answers for."},
       text(&Config::mail_from)},
      {{"mail.user", "text", "", "Who logs in at the mail server. Empty: nobody."}, text(&Config::mail_user)},
      {{"mail.password_file", "text", "", "A file (mode 0600) with the password, and nothing else."},
       text(&Config::mail_password_file)},
      {{"mail.ca_file", "text", "", "Certificates of a private authority the mail server's certificate comes from."},
       text(&Config::mail_ca_file)},
      {{"hooks.private_addresses", "yes/no", "false",
        "Let web hooks go to this machine and this network, with http as well: for receivers of your own."},
       flag(&Config::hooks_private_addresses)},
      {{"hooks.ca_file", "text", "", "Certificates of a private authority that receivers' certificates come from."},
       text(&Config::hooks_ca_file)},
      {{"notices.zone", "text", "UTC", "Time zone of dates in notices to people who have not said theirs."},
       text(&Config::notices_zone)},
      {{"database.url", "text", "sqlite:<data folder>/fabrica.db", "Or postgresql://user@host/name."},
       text(&Config::database_url)},
      {{"database.connections_max", "integer", "8", "Connections kept open at most."},
       integer(&Config::database_connections_max, 1, 1000)},
      {{"log.origin", "text", "fabrica.example/log",
        "Name of the log and its key: a schema-less URL. Fixed at the first start."},
       text(&Config::log_origin)},
      {{"log.guard_path", "text", "<data folder>/published-checkpoint",
        "The last published checkpoint; best on another disk than the database."},
       text(&Config::log_guard_path)},
      {{"log.witnesses", "list of text", "[]", "Each \"<vkey> <submission address>\"."}, list(&Config::log_witnesses)},
      {{"log.witnesses_needed", "integer", "0", "Cosignatures a checkpoint waits for before it is published."},
       integer(&Config::log_witnesses_needed, 0, 64)},
      {{"jobs.allow_unsandboxed", "yes/no", "false",
        "Run jobs where neither bubblewrap nor another user id is there. Dangerous."},
       flag(&Config::allow_unsandboxed_jobs)},
      {{"jobs.recipes_folder", "text", "recipes beside the program", "Where the recipe programs lie."},
       text(&Config::recipes_folder)},
      {{"jobs.uid_first", "integer", "200000", "First of the user ids given to projects when the server runs as root."},
       integer(&Config::job_uid_first, 1000, 2'000'000'000)},
      {{"quota.bytes_per_project", "integer", "21474836480", "What a project may store."},
       integer(&Config::quota_bytes_per_project, 0, std::int64_t{1} << 50)},
  };
  return table;
}

std::unexpected<Error> wrong(fs::path const& file, toml::source_region const& where, std::string_view what) {
  return fail(Errc::invalid, "settings",
              fmt::format("{} line {} column {}: {}", file.string(), where.begin.line, where.begin.column, what));
}

Result<> take_all(Config& config, fs::path const& file, toml::table const& table) {
  for (auto const& [section, content] : table) {
    auto const* keys = content.as_table();
    if (!keys)
      return wrong(file, content.source(),
                   fmt::format("\"{}\" is not a section: write [{}].", section.str(), section.str()));
    for (auto const& [name, node] : *keys) {
      auto const key = fmt::format("{}.{}", section.str(), name.str());
      auto const row = std::ranges::find(rows(), key, [](Row const& one) { return one.setting.key; });
      if (row == rows().end())
        return wrong(file, node.source(),
                     fmt::format("there is no setting {}: fabrica doctor --settings lists them.", key));
      if (!row->take(config, node))
        return wrong(file, node.source(),
                     fmt::format("{} wants {} in its range: {}", key, row->setting.type, row->setting.help));
    }
  }
  return {};
}

Result<> check_mail(Config const& config) {
  auto const wrong = [](std::string what) { return fail(Errc::invalid, "settings", std::move(what)); };
  if (auto const zone = schedule::Zone::named(config.notices_zone); !zone)
    return wrong("notices.zone: " + zone.error().what);
  if (config.mail_tls != "none" && config.mail_tls != "starttls" && config.mail_tls != "tls")
    return wrong("mail.tls is one of none, starttls and tls.");
  if (config.mail_host.empty()) return {};
  auto const host_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
  if (config.mail_host.find_first_not_of(host_characters) != std::string::npos)
    return wrong("mail.host is the name or address of a mail server, without a scheme or a port.");
  if (auto const from = notices::check_mail_address(config.mail_from); !from)
    return wrong("mail.from: " + from.error().what);
  if (config.mail_user.empty() != config.mail_password_file.empty())
    return wrong("mail.user and mail.password_file go together: set both or neither.");
  bool const here =
      config.mail_host == "localhost" || config.mail_host == "::1" || config.mail_host.starts_with("127.");
  if (config.mail_tls == "none" && !here)
    return wrong(
        "mail.tls = none is for a mail server on this machine (127.0.0.1): elsewhere mails would go in the clear.");
  return {};
}

constexpr std::string_view kNewSettings =
    R"(# Settings of this factory. fabrica doctor --settings lists every one with its meaning and default.
)";

}  // namespace

std::string Config::database() const {
  return database_url.empty() ? "sqlite:" + data_folder + "/fabrica.db" : database_url;
}
std::string Config::recipes() const {
  if (!recipes_folder.empty()) return recipes_folder;
  std::error_code error;
  auto const program = fs::read_symlink("/proc/self/exe", error);
  auto const folder = program.parent_path() / "recipes";
  return error || !fs::is_directory(folder, error) ? std::string{} : folder.string();
}
std::string Config::guard_path() const {
  return log_guard_path.empty() ? data_folder + "/published-checkpoint" : log_guard_path;
}

std::vector<Setting> settings() {
  std::vector<Setting> out;
  for (auto const& row : rows()) out.push_back(row.setting);
  return out;
}

Result<Config> load_config(std::string const& data_folder) {
  Config config;
  std::error_code ignored;
  config.data_folder = fs::absolute(data_folder, ignored).lexically_normal().string();
  if (config.data_folder.size() > 1 && config.data_folder.ends_with('/')) config.data_folder.pop_back();
  auto const file = fs::path{config.data_folder} / "fabrica.toml";
  if (!fs::exists(file, ignored)) return config;
  FABRICA_TRY(auto const content, runtime::read_file(file.string(), 1u << 20));
  try {
    FABRICA_DO(take_all(config, file, toml::parse(content)));
  } catch (toml::parse_error const& error) {
    return wrong(file, error.source(), error.description());
  }
  FABRICA_DO(check_mail(config));
  while (config.public_url.ends_with('/')) config.public_url.pop_back();
  if (!config.public_url.empty() && !config.public_url.starts_with("https://") &&
      !config.public_url.starts_with("http://"))
    return fail(Errc::invalid, "settings", "listen.public_url is an address such as https://factory.example.");
  if (static_cast<std::size_t>(config.log_witnesses_needed) > config.log_witnesses.size())
    return fail(Errc::invalid, "settings",
                "log.witnesses_needed is more than there are log.witnesses: every checkpoint would wait for ever.");
  return config;
}

Result<> prepare_data_folder(Config const& config) {
  for (auto const& folder :
       {config.data_folder, config.data_folder + "/keys", config.log_folder(), config.jobs_folder()})
    FABRICA_DO(runtime::make_folder(folder));
  auto const file = config.data_folder + "/fabrica.toml";
  if (!runtime::exists(file)) FABRICA_DO(runtime::write_file(file, kNewSettings));
  if (!runtime::exists(config.log_key_path())) {
    // A new key would be another log: only a folder that has published nothing gets one.
    if (runtime::exists(config.guard_path()) || runtime::exists(config.log_folder() + "/checkpoint"))
      return fail(Errc::not_found, "log_key_missing",
                  fmt::format("The log of this factory has published, but its key {} is gone: put it back from a copy.",
                              config.log_key_path()));
    crypto::SystemRandom random;
    FABRICA_TRY(auto const key, tlog::SignerKey::generate(config.log_origin, tlog::KeyType::ed25519, random));
    FABRICA_DO(crypto::write_key_file(config.log_key_path(), key.text().text()));
  }
  // A new one ends the links in mails sent before and changes the secrets of web hooks; nothing else hangs on it.
  if (!runtime::exists(config.notices_key_path())) {
    std::array<std::uint8_t, 32> key{};
    crypto::SystemRandom{}.fill(key);
    FABRICA_DO(crypto::write_key_file(config.notices_key_path(), crypto::hex_encode(key)));
    crypto::wipe(key);
  }
  return {};
}

}  // namespace fabrica::app
