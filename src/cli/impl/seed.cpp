#include "cli/impl/seed.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"
#include "crypto/sha256.hpp"

namespace fabrica::cli {
namespace {

class Seeder {
 public:
  explicit Seeder(Options const& options) : session_{options} {}

  Result<> run(json::Value file) {
    for (std::size_t at = 0; at < file.size(); ++at) {
      auto const key = file[at].key();
      if (key != "organisation" && key != "person" && key != "system" && key != "fact" && key != "call")
        return fail(
            Errc::invalid, "seed",
            fmt::format("There is nothing called [[{}]]: organisation, person, system, fact and call may be declared.",
                        key));
    }
    FABRICA_DO(each(file.find("organisation"), [&](json::Value one) {
      return named("organisation", "/organisations", "name", one, one.write());
    }));
    FABRICA_DO(each(file.find("person"), [&](json::Value one) { return person(one); }));
    FABRICA_DO(each(file.find("system"), [&](json::Value one) { return register_system(one); }));
    FABRICA_DO(each(file.find("fact"), [&](json::Value one) { return fact(one); }));
    return each(file.find("call"), [&](json::Value one) { return call(one); });
  }

 private:
  template <class F>
  Result<> each(json::Value list, F const& act) {
    for (std::size_t at = 0; at < list.size(); ++at) FABRICA_DO(act(list[at]));
    return {};
  }

  // An object without these members.
  static std::string without(json::Value object, std::initializer_list<std::string_view> left_out) {
    std::string out;
    for (std::size_t at = 0; at < object.size(); ++at) {
      bool const skip = std::find(left_out.begin(), left_out.end(), object[at].key()) != left_out.end();
      if (!skip)
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::write(std::string{object[at].key()}),
                           object[at].write());
    }
    return "{" + out + "}";
  }

  // The id of what has this name in a list, empty if nothing does.
  Result<std::string> find(std::string_view path, std::string_view member, std::string const& name) {
    FABRICA_TRY(auto const text, session_.get_all(path));
    FABRICA_TRY(auto const list, json::Document::parse(text, {.bytes = 64u << 20, .values = 10'000'000}));
    for (std::size_t at = 0; at < list.root().size(); ++at)
      if (plain(list.root()[at].find(member)) == name) return plain(list.root()[at].find("id"));
    return std::string{};
  }

  Result<std::string> ensure(std::string_view noun, std::string const& path, std::string_view member, json::Value one,
                             std::string const& body) {
    auto const name = plain(one.find(member));
    FABRICA_TRY(auto known, find(path, member, name));
    if (!known.empty()) {
      fmt::print("{:<13} {} (there already)\n", noun, name);
      return known;
    }
    FABRICA_TRY(auto const made, session_.post(path, body));
    fmt::print("{:<13} {}\n", noun, name);
    return plain(made.at("/id"));
  }

  Result<> named(std::string_view noun, std::string const& path, std::string_view member, json::Value one,
                 std::string const& body) {
    FABRICA_DO(ensure(noun, path, member, one, body));
    return {};
  }

  // grants = ["organisation_admin"] are held in the person's organisation, factory roles for the whole factory.
  Result<> person(json::Value one) {
    std::string body = without(one, {"organisation", "roles"});
    std::string organisation;
    if (auto const name = one.find("organisation").text()) {
      FABRICA_TRY(organisation, find("/organisations", "name", std::string{*name}));
      if (organisation.empty())
        return fail(Errc::not_found, "organisation", fmt::format("There is no organisation \"{}\".", *name));
    }
    std::string grants;
    auto const roles = one.find("roles");
    for (std::size_t at = 0; at < roles.size(); ++at) {
      auto const role = plain(roles[at]);
      bool const scoped = role == "organisation_admin" || role == "member";
      grants += fmt::format("{}{{\"role\":{},\"scope\":{}}}", grants.empty() ? "" : ",", json::write(role),
                            json::write(scoped ? organisation : std::string{}));
    }
    body.pop_back();
    if (!organisation.empty()) body += fmt::format(",\"organisation\":{}", json::write(organisation));
    body += fmt::format(",\"grants\":[{}]}}", grants);
    return named("person", "/people", "email", one, body);
  }

  Result<> register_system(json::Value one) {
    FABRICA_TRY(auto const id, ensure("system", "/systems", "name", one, without(one, {"partition"})));
    return each(one.find("partition"), [&](json::Value partition) -> Result<> {
      auto const name = plain(partition.find("name"));
      FABRICA_TRY(auto const known, find("/partitions", "name", name));
      if (known.empty()) FABRICA_DO(session_.post(fmt::format("/systems/{}/partitions", id), partition.write()));
      fmt::print("{:<13} {}{}\n", "partition", name, known.empty() ? "" : " (there already)");
      return {};
    });
  }

  Result<> fact(json::Value one) {
    auto const kind = plain(one.find("kind"));
    auto const key = plain(one.find("key"));
    FABRICA_TRY(auto const rows, session_.get("/facts/" + http::percent_encode(kind)));
    for (std::size_t at = 0; at < rows.root().size(); ++at)
      if (plain(rows.root()[at].find("key")) == key && plain(rows.root()[at].find("layer")) == "own") {
        fmt::print("{:<13} {} {} (there already)\n", "fact", kind, key);
        return {};
      }
    FABRICA_DO(session_.post("/facts", one.write()));
    fmt::print("{:<13} {} {}\n", "fact", kind, key);
    return {};
  }

  Result<> call(json::Value one) {
    FABRICA_TRY(auto const id, ensure("call", "/calls", "title", one, without(one, {"publish"})));
    FABRICA_TRY(auto const made, session_.get("/calls/" + id));
    if (plain(made.at("/state")) == "draft" && one.find("publish").boolean().value_or(true))
      FABRICA_DO(session_.post(fmt::format("/calls/{}/publish", id), ""));
    return {};
  }

  Session session_;
};

}  // namespace

int run_seed(Options const& options, SeedSettings const& settings) {
  auto const text = toml_file_as_json(settings.file);
  if (!text) return report(text.error());
  auto const file = json::Document::parse(*text);
  if (!file) return report(file.error());
  auto const done = Seeder{options}.run(file->root());
  return done ? 0 : report(done.error());
}

}  // namespace fabrica::cli
