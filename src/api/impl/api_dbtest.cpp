#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "api/api.hpp"
#include "db/testing/dbtest.hpp"

namespace fabrica::api {
namespace {

constexpr Micros kNow = 1'764'000'000 * kSecond;
constexpr db::Query kMakeTable{"test_table",
                               "CREATE TABLE api_test_things (name TEXT NOT NULL, maker BIGINT NOT NULL)"};
constexpr db::Query kInsert{"test_insert", "INSERT INTO api_test_things (name, maker) VALUES ($1, $2)"};
constexpr db::Query kCount{"test_count", "SELECT COUNT(*) AS n FROM api_test_things"};

enum class Mood : std::uint8_t { calm, keen };
BOOST_DESCRIBE_ENUM(Mood, calm, keen)

struct NewThing {
  std::string name;
  std::int32_t nodes = 1;
  std::optional<Mood> mood = {};
  static constexpr std::array<std::string_view, 1> kMayBeAbsent{"nodes"};
  static constexpr auto limits() {
    return std::tuple{json::length(&NewThing::name, 1, 20), json::range(&NewThing::nodes, 1, 8)};
  }
};
BOOST_DESCRIBE_STRUCT(NewThing, (), (name, nodes, mood))

struct Thing {
  std::string name;
  std::string maker;
  std::vector<Thing> parts = {};
};
BOOST_DESCRIBE_STRUCT(Thing, (), (name, maker, parts))

// Tokens are "token-<number>"; the session "cookie-<number>" has the CSRF token "csrf-<number>".
class FakeAuthenticator final : public Authenticator {
 public:
  Result<identity::Actor> authenticate(db::Tx&, std::string_view bearer, std::string_view cookie, Micros) override {
    auto const& given = bearer.empty() ? cookie : bearer;
    auto const dash = given.find('-');
    if (dash == std::string_view::npos || given.substr(0, dash) != (bearer.empty() ? "cookie" : "token"))
      return fail(Errc::unauthenticated, "token_unknown", "No such token.");
    identity::Actor actor;
    actor.id.value = std::stoll(std::string{given.substr(dash + 1)});
    SeededRandom random{static_cast<std::uint64_t>(actor.id.value)};
    actor.person = PublicId::make(kNow, random);
    actor.name = "person " + std::to_string(actor.id.value);
    return actor;
  }
  Result<> check_csrf(db::Tx&, std::string_view cookie, std::string_view token) override {
    if (token == "csrf" + std::string{cookie.substr(6)}) return {};
    return fail(Errc::forbidden, "csrf", "Reload the page.");
  }
};

// An API over a database, called without sockets.
class World {
 public:
  explicit World(db::Database& database) : clock_{kNow}, api_{router_, database, authenticator_, clock_, log_} {
    api_.post<NewThing, Thing>("/things", {.id = "thing_make", .summary = "Makes a thing.", .tag = "thing"},
                               [](Call& call, db::Tx& tx, NewThing const& in) -> Result<Thing> {
                                 FABRICA_DO(tx.run(kInsert, in.name, call.actor().id.value));
                                 if (in.name == "refused") return fail(Errc::conflict, "not_that_one", "Not that one.");
                                 call.created("/things/" + in.name);
                                 return Thing{in.name, call.actor().name};
                               });
    api_.post<Nothing, Thing>("/secrets",
                              {.id = "secret_make", .summary = "Shows a secret once.", .tag = "thing", .secret = true},
                              [](Call& call, db::Tx& tx, Nothing const&) -> Result<Thing> {
                                FABRICA_DO(tx.run(kInsert, "secret", call.actor().id.value));
                                return Thing{"hush", ""};
                              });
    api_.post<NewThing, Nothing>("/open", {.id = "open_post", .summary = "Anyone may.", .tag = "thing", .open = true},
                                 [](Call&, db::Tx& tx, NewThing const& in) -> Result<Nothing> {
                                   FABRICA_DO(tx.run(kInsert, in.name, 0));
                                   return Nothing{};
                                 });
    api_.get<Thing>(
        "/things/{thing}",
        {.id = "thing_get", .summary = "One thing.", .tag = "thing", .query = {{"deep", "Parts too."}}},
        [](Call& call, db::Tx&) -> Result<Thing> { return Thing{std::string{call.path("thing")}, call.actor().name}; });
    api_.put<NewThing, Thing>(
        "/things/{thing}", {.id = "thing_put", .summary = "Changes it.", .tag = "thing"},
        [](Call& call, db::Tx&, NewThing const& in) -> Result<Thing> {
          FABRICA_DO(call.if_match(etag_of(Thing{std::string{call.path("thing")}, call.actor().name})));
          return Thing{in.name, "changed"};
        });
    api_.list<Thing>("/things",
                     {.id = "thing_list",
                      .summary = "All things.",
                      .tag = "thing",
                      .query = {{"name", "Only these."}},
                      .open = true},
                     [](Call&, db::Tx&, Page const& page) -> Result<PageOf<Thing>> {
                       std::vector<Thing> all;
                       for (char name = page.cursor.empty() ? 'a' : static_cast<char>(page.cursor[0] + 1); name <= 'e';
                            ++name)
                         if (static_cast<std::int64_t>(all.size()) <= page.limit)
                           all.push_back({std::string(1, name), ""});
                       auto out = page_of(std::move(all), page, [](Thing const& last) { return last.name; });
                       out.total = 5;
                       return out;
                     });
    api_.ask<NewThing, Thing>(
        "/estimates", {.id = "estimate", .summary = "Changes nothing.", .tag = "thing", .open = true},
        [](Call&, db::Tx&, NewThing const& in) -> Result<Thing> { return Thing{in.name, "nobody"}; });
    api_.raw("GET", "/files/{path*}", {.id = "file_get", .summary = "A file.", .tag = "file", .open = true},
             [](Call& call, http::Request&) -> Result<http::Response> {
               return http::text_response(200, "text/plain", std::string{call.path("path")});
             });
    api_.add_check("loop", [this]() -> Result<> {
      if (loop_alive) return {};
      return fail(Errc::unavailable, "loop", "The loop has stopped.");
    });
    api_.serve_documents();
  }

  http::Response call(std::string method, std::string target, std::string body = {}, std::string_view as = "token-1",
                      std::string_view key = {}, http::Headers headers = {}) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    auto const question = request.target.find('?');
    request.path = request.target.substr(0, question);
    if (question != std::string::npos)
      request.query_parameters = *http::parse_query(request.target.substr(question + 1));
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.request_id = "test-request";
    if (as.starts_with("cookie")) request.headers.add("Cookie", std::string{kSessionCookie} + "=" + std::string{as});
    else if (!as.empty()) request.headers.add("Authorization", "Bearer " + std::string{as});
    if (!key.empty()) request.headers.add("Idempotency-Key", key);
    auto match = router_.match(request.method, request.path);
    if (!match || !match->route) return {.status = 404};
    request.path_parameters = std::move(match->parameters);
    return match->route->handler(request);
  }

  Api& api() { return api_; }
  ManualClock& clock() { return clock_; }
  bool loop_alive = true;

 private:
  http::Router router_;
  FakeAuthenticator authenticator_;
  ManualClock clock_;
  NullLog log_;
  Api api_;
};

std::string reason(http::Response const& response) {
  auto const document = json::Document::parse(response.body);
  return document ? std::string{document->at("/reason").text().value_or("")} : "not json: " + response.body;
}

std::int64_t things(db::Database& database) {
  auto const count = database.read([](db::Tx& tx) -> Result<std::int64_t> {
    std::int64_t n = 0;
    FABRICA_DO(tx.each(kCount, [&](db::Row const& row) { n = row.int64(0); }));
    return n;
  });
  EXPECT_TRUE(count) << db::why(count);
  return count.value_or(-1);
}

void make_table(db::Database& database) {
  auto const made = database.write([](db::Tx& tx) { return tx.run(kMakeTable); });
  ASSERT_TRUE(made) << db::why(made);
}

class ApiDb : public db::DbTest {
 protected:
  void SetUp() override {
    DbTest::SetUp();
    make_table(db());
    world_ = std::make_unique<World>(db());
  }
  void TearDown() override {
    world_.reset();
    DbTest::TearDown();
  }
  World& world() { return *world_; }

 private:
  std::unique_ptr<World> world_;
};
FABRICA_ON_BOTH(ApiDb);

TEST_P(ApiDb, ActsAndAnswersWithLocation) {
  auto const made = world().call("POST", "/things", R"({"name":"anvil"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.get("Location"), "/things/anvil");
  EXPECT_EQ(made.body, R"({"name":"anvil","maker":"person 1","parts":[]})");
  EXPECT_EQ(world().call("POST", "/open", R"({"name":"a"})", "").status, 204);
  EXPECT_EQ(things(db()), 2);
}

TEST_P(ApiDb, RefusesABadBodyWithEveryFaultAndChangesNothing) {
  auto const refused = world().call("POST", "/things", R"({"name":"","nodes":9,"moood":"keen"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(reason(refused), "json_members");
  EXPECT_EQ(json::Document::parse(refused.body)->at("/faults").size(), 3u);
  EXPECT_EQ(reason(world().call("POST", "/things", "{")), "json_syntax");
  EXPECT_EQ(reason(world().call("POST", "/things", "")), "json_syntax");
  EXPECT_EQ(reason(world().call("POST", "/things", R"({"name":"refused"})")), "not_that_one");
  EXPECT_EQ(things(db()), 0);
}

TEST_P(ApiDb, KnowsItsCallers) {
  auto const body = R"({"name":"a"})";
  EXPECT_EQ(reason(world().call("POST", "/things", body, "")), "login_required");
  EXPECT_EQ(reason(world().call("POST", "/things", body, "nonsense")), "token_unknown");
  EXPECT_EQ(reason(world().call("POST", "/open", body, "nonsense")), "token_unknown");
  http::Headers basic;
  basic.add("Authorization", "Basic abc");
  EXPECT_EQ(reason(world().call("GET", "/things/a", "", "", "", basic)), "authorization");
  // A session cookie alone changes nothing: another site's page would send it too.
  EXPECT_EQ(reason(world().call("POST", "/things", body, "cookie-1")), "csrf");
  http::Headers csrf;
  csrf.add(kCsrfHeader, "csrf-1");
  EXPECT_EQ(world().call("POST", "/things", body, "cookie-1", "", csrf).status, 201);
  EXPECT_EQ(world().call("GET", "/things/a", "", "cookie-1").status, 200);
  EXPECT_EQ(things(db()), 1);
}

TEST_P(ApiDb, AnswersARepeatedKeyWithoutActingAgain) {
  auto const first = world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1");
  auto const again = world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1");
  EXPECT_EQ(first.status, 201);
  EXPECT_FALSE(first.headers.has("Idempotency-Replayed"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
  EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(things(db()), 1);
  EXPECT_EQ(reason(world().call("POST", "/things", R"({"name":"b"})", "token-1", "key-1")), "idempotency_key_reused");
  EXPECT_EQ(reason(world().call("POST", "/secrets", "", "token-1", "key-1")), "idempotency_key_reused");
  EXPECT_EQ(things(db()), 1);
}

TEST_P(ApiDb, KeepsTheKeysOfDifferentPeopleApart) {
  EXPECT_EQ(world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1").status, 201);
  auto const other = world().call("POST", "/things", R"({"name":"a"})", "token-2", "key-1");
  EXPECT_EQ(other.body, R"({"name":"a","maker":"person 2","parts":[]})");
  EXPECT_EQ(world().call("POST", "/open", R"({"name":"a"})", "", "key-1").status, 204);
  EXPECT_EQ(world().call("POST", "/open", R"({"name":"a"})", "", "key-1").status, 204);
  EXPECT_EQ(things(db()), 4);
}

TEST_P(ApiDb, DoesNotRememberARefusal) {
  EXPECT_EQ(reason(world().call("POST", "/things", R"({"name":"refused"})", "token-1", "key-1")), "not_that_one");
  EXPECT_EQ(world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1").status, 201);
}

TEST_P(ApiDb, NeverStoresASecret) {
  EXPECT_EQ(world().call("POST", "/secrets", "", "token-1", "key-1").status, 200);
  auto const again = world().call("POST", "/secrets", "", "token-1", "key-1");
  EXPECT_EQ(reason(again), "already_done");
  EXPECT_EQ(again.body.find("hush"), std::string::npos);
  EXPECT_EQ(things(db()), 1);
}

TEST_P(ApiDb, RefusesAKeyThatIsNone) {
  for (std::string_view const key : {std::string(129, 'k'), std::string{"two words"}, std::string{"\xc3\xa9"}})
    EXPECT_EQ(reason(world().call("POST", "/things", R"({"name":"a"})", "token-1", key)), "idempotency_key") << key;
  http::Headers empty;
  empty.add("Idempotency-Key", "");
  EXPECT_EQ(reason(world().call("POST", "/things", R"({"name":"a"})", "token-1", "", empty)), "idempotency_key");
  EXPECT_EQ(things(db()), 0);
}

TEST_P(ApiDb, ForgetsAKeyAfterTwoDays) {
  EXPECT_EQ(world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1").status, 201);
  EXPECT_EQ(world().call("POST", "/things", R"({"name":"a"})", "token-2", "key-2").status, 201);
  world().clock().advance(48 * kHour);
  EXPECT_FALSE(
      world().call("POST", "/things", R"({"name":"a"})", "token-1", "key-1").headers.has("Idempotency-Replayed"));
  EXPECT_EQ(things(db()), 3);
  world().clock().advance(1);
  EXPECT_EQ(world().api().sweep_idempotency().value_or(-1), 1);  // the other's; the new one is young
  EXPECT_EQ(world().api().sweep_idempotency().value_or(-1), 0);
}

TEST_P(ApiDb, ActsOnceWhenTheSameRequestComesManyTimesAtOnce) {
  for (int round = 0; round < 5; ++round) {
    auto const key = "key-" + std::to_string(round);
    std::vector<http::Response> answers(8);
    std::vector<std::thread> clients;
    for (auto& answer : answers)
      clients.emplace_back([&] { answer = world().call("POST", "/things", R"({"name":"a"})", "token-1", key); });
    for (auto& client : clients) client.join();
    int acted = 0;
    for (auto const& answer : answers) {
      EXPECT_EQ(answer.status, 201) << answer.body;
      acted += !answer.headers.has("Idempotency-Replayed");
    }
    EXPECT_EQ(acted, 1);
    EXPECT_EQ(things(db()), round + 1);
  }
}

// Whatever step fails, and even when the commit's answer is lost: a client who repeats the request with its key in the
// end has exactly one thing.
TEST_P(ApiDb, ActsOnceThroughEveryFault) {
  int unanswered = 0;
  auto const faults = db::for_each_fault(
      [&] {
        auto database = fresh();
        make_table(*database);
        return database;
      },
      [](db::Database& database) -> Result<> {
        World world{database};
        auto const response = world.call("POST", "/things", R"({"name":"a"})", "token-1", "key-1");
        if (response.status != 201) return fail(Errc::unavailable, reason(response), response.body);
        return {};
      },
      [&](db::Database& database, bool succeeded) {
        if (succeeded) {
          EXPECT_EQ(things(database), 1);
        }
        unanswered += !succeeded && things(database) == 1;
        World world{database};
        auto const repeated = world.call("POST", "/things", R"({"name":"a"})", "token-1", "key-1");
        EXPECT_EQ(repeated.status, 201) << repeated.body;
        EXPECT_EQ(things(database), 1);
      });
  EXPECT_GE(faults, 4);      // look, act, remember, commit
  EXPECT_GE(unanswered, 1);  // the case this is for did occur
}

TEST_P(ApiDb, SendsAnETagAndSparesWhatIsKnown) {
  auto const first = world().call("GET", "/things/a?deep=true");
  EXPECT_EQ(first.status, 200);
  auto const etag = first.headers.get("ETag");
  EXPECT_EQ(etag, etag_of(Thing{"a", "person 1"}));
  http::Headers known;
  known.add("If-None-Match", "\"other\", " + std::string{etag});
  auto const again = world().call("GET", "/things/a", "", "token-1", "", known);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  http::Headers current;
  current.add("If-Match", etag);
  EXPECT_EQ(world().call("PUT", "/things/a", R"({"name":"b"})", "token-1", "", current).status, 200);
  http::Headers stale;
  stale.add("If-Match", "\"other\"");
  auto const refused = world().call("PUT", "/things/a", R"({"name":"b"})", "token-1", "", stale);
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(reason(refused), "etag");
}

TEST_P(ApiDb, PagesThroughAList) {
  auto const first = world().call("GET", "/things?limit=2&name=x%20y");
  EXPECT_EQ(first.body, R"([{"name":"a","maker":"","parts":[]},{"name":"b","maker":"","parts":[]}])");
  EXPECT_EQ(first.headers.get("X-Result-Count"), "5");
  EXPECT_EQ(first.headers.get("Link"), R"(</things?limit=2&cursor=b&name=x%20y>; rel="next")");
  auto const last = world().call("GET", "/things?limit=2&cursor=d");
  EXPECT_EQ(last.body, R"([{"name":"e","maker":"","parts":[]}])");
  EXPECT_FALSE(last.headers.has("Link"));
  for (auto const* bad : {"/things?limit=0", "/things?limit=201", "/things?limit=x", "/things?limt=5", "/things/a?x=1"})
    EXPECT_EQ(reason(world().call("GET", bad)), "query") << bad;
}

TEST_P(ApiDb, AsksWithoutALoginAndWithoutAWrite) {
  EXPECT_EQ(world().call("POST", "/estimates", R"({"name":"a"})", "").body,
            R"({"name":"a","maker":"nobody","parts":[]})");
  EXPECT_EQ(world().call("GET", "/files/a/b", "", "").body, "a/b");
}

TEST_P(ApiDb, SaysWhetherItIsHealthy) {
  EXPECT_EQ(world().call("GET", "/healthz", "", "").body,
            R"({"status":"ok","checks":[{"name":"database","ok":true},{"name":"loop","ok":true}]})");
  world().loop_alive = false;
  auto const failing = world().call("GET", "/healthz", "", "");
  EXPECT_EQ(failing.status, 503);
  EXPECT_NE(failing.body.find("The loop has stopped."), std::string::npos);
}

TEST_P(ApiDb, SaysThatTheDatabaseIsGone) {
  db::FaultyDatabase faulty{db()};
  World world{faulty};
  faulty.fail_at(0);
  auto const failing = world.call("GET", "/healthz", "", "");
  EXPECT_EQ(failing.status, 503);
  EXPECT_NE(failing.body.find(R"({"name":"database","ok":false)"), std::string::npos);
}

void collect_refs(json::Value value, std::vector<std::string>& refs) {
  for (std::size_t place = 0; place < value.size(); ++place) {
    auto const child = value[place];
    if (child.key() == "$ref") refs.emplace_back(child.text().value_or("not a string"));
    collect_refs(child, refs);
  }
}

TEST_P(ApiDb, DescribesItselfConsistently) {
  auto const response = world().call("GET", "/openapi.json", "", "");
  auto const document = json::Document::parse(response.body);
  ASSERT_TRUE(document) << db::why(document);
  EXPECT_EQ(document->at("/openapi").text(), "3.1.0");
  std::vector<std::string> refs;
  collect_refs(document->root(), refs);
  EXPECT_GE(refs.size(), 10u);
  for (auto const& ref : refs) {
    ASSERT_TRUE(ref.starts_with("#/")) << ref;
    EXPECT_TRUE(document->at(ref.substr(1))) << ref;
  }
  std::set<std::string> ids;
  auto const paths = document->at("/paths");
  for (std::size_t path = 0; path < paths.size(); ++path) {
    for (std::size_t method = 0; method < paths[path].size(); ++method) {
      auto const operation = paths[path][method];
      EXPECT_TRUE(ids.insert(std::string{operation.at("/operationId").text().value_or("")}).second);
      // Every {name} of the path is a parameter, and the other way round.
      std::set<std::string> declared;
      auto const parameters = operation.find("parameters");
      for (std::size_t place = 0; place < parameters.size(); ++place)
        if (parameters[place].find("in").text() == "path")
          declared.insert("{" + std::string{*parameters[place].find("name").text()} + "}");
      std::set<std::string> used;
      std::string_view rest = paths[path].key();
      for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
        auto const close = rest.find('}');
        used.emplace(rest.substr(open, close - open + 1));
        rest.remove_prefix(close + 1);
      }
      EXPECT_EQ(declared, used) << paths[path].key();
    }
  }
  EXPECT_EQ(ids.size(), 10u);
  EXPECT_EQ(document->at("/paths/~1things/post/requestBody/content/application~1json/schema/$ref").text(),
            "#/components/schemas/api.NewThing");
  EXPECT_EQ(document->at("/paths/~1files~1{path}/get/security").size(), 0u);
  http::Headers known;
  known.add("If-None-Match", response.headers.get("ETag"));
  EXPECT_EQ(world().call("GET", "/openapi.json", "", "", "", known).status, 304);
}

}  // namespace
}  // namespace fabrica::api
