#include "projects/routes.hpp"

#include <charconv>

namespace fabrica::projects {
namespace {

using api::Call;

// A statement of the project's chain as its members see it: text, place and proof address.
struct StatementView {
  std::int64_t number = 0;
  std::string kind;
  Time recorded;
  std::string commitment;
  std::optional<std::int64_t> log_index;
  std::optional<json::Raw> statement;  // absent once erased
};
BOOST_DESCRIBE_STRUCT(StatementView, (), (number, kind, recorded, commitment, log_index, statement))

Result<std::int64_t> number_after(api::Page const& page) {
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(page.cursor.data(), page.cursor.data() + page.cursor.size(), number);
  if (!page.cursor.empty() && (error != std::errc{} || end != page.cursor.data() + page.cursor.size() || number < 0))
    return fail(Errc::invalid, "cursor", "The cursor is the number of the last statement seen.");
  return number;
}

}  // namespace

void add_routes(api::Api& api, Projects& projects, journal::Journal& journal) {
  api.post<ProjectDraft, Project>(
      "/projects", {.id = "project_create", .summary = "Start a project for an organisation", .tag = "projects"},
      [&](Call& call, db::Tx& tx, ProjectDraft const& draft) -> Result<Project> {
        FABRICA_TRY(auto made, projects.create(tx, call.actor(), draft));
        call.created("/projects/" + made.id.text());
        return made;
      });
  api.list<Project>("/projects",
                    {.id = "project_list", .summary = "The projects one may see, newest first", .tag = "projects"},
                    [&](Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<Project>> {
                      FABRICA_TRY(auto const after, page.after());
                      FABRICA_TRY(auto listed, projects.list(tx, call.actor(), after, page.limit + 1));
                      auto const id = [](Project const& one) { return one.id.text(); };
                      auto out = api::page_of(std::move(listed.items), page, id);
                      out.total = listed.total;
                      return out;
                    });
  api.get<Project>("/projects/{project}", {.id = "project_get", .summary = "One project", .tag = "projects"},
                   [&](Call& call, db::Tx& tx) -> Result<Project> {
                     FABRICA_TRY(auto const id, call.id("project"));
                     return projects.get(tx, call.actor(), id);
                   });
  api.get<std::vector<JourneyStep>>("/projects/{project}/journey",
                                    {.id = "project_journey",
                                     .summary = "Which steps of the journey are done, and the statement that shows it",
                                     .tag = "projects"},
                                    [&](Call& call, db::Tx& tx) -> Result<std::vector<JourneyStep>> {
                                      FABRICA_TRY(auto const id, call.id("project"));
                                      return projects.journey(tx, call.actor(), id);
                                    });
  api.list<StatementView>(
      "/projects/{project}/statements",
      {.id = "project_statements", .summary = "The project's chain of statements, in order", .tag = "projects"},
      [&](Call& call, db::Tx& tx, api::Page const& page) -> Result<api::PageOf<StatementView>> {
        FABRICA_TRY(auto const id, call.id("project"));
        FABRICA_DO(projects.get(tx, call.actor(), id));
        FABRICA_TRY(auto const after, number_after(page));
        FABRICA_TRY(auto const kept, journal.chain(tx, id.text(), after + 1, page.limit + 1));
        std::vector<StatementView> out;
        for (auto const& one : kept)
          out.push_back({one.number, one.kind, one.recorded_us, one.commitment, one.log_index,
                         one.body ? std::optional{json::Raw{*one.body}} : std::nullopt});
        auto answer =
            api::page_of(std::move(out), page, [](StatementView const& one) { return std::to_string(one.number); });
        FABRICA_TRY(answer.total, journal.chain_length(tx, id.text()));
        return answer;
      });
}

void add_member_routes(api::Api& api, Members& members) {
  api.get<std::vector<Member>>("/projects/{project}/members",
                               {.id = "member_list", .summary = "Who works in a project", .tag = "projects"},
                               [&](Call& call, db::Tx& tx) -> Result<std::vector<Member>> {
                                 FABRICA_TRY(auto const id, call.id("project"));
                                 return members.list(tx, call.actor(), id);
                               });
  api.post<MemberDraft, Member>(
      "/projects/{project}/members",
      {.id = "member_add", .summary = "Add somebody by address, or change their role", .tag = "projects"},
      [&](Call& call, db::Tx& tx, MemberDraft const& draft) -> Result<Member> {
        FABRICA_TRY(auto const id, call.id("project"));
        return members.add(tx, call.actor(), id, draft);
      });
  api.del<api::Nothing, api::Nothing>(
      "/projects/{project}/members/{person}",
      {.id = "member_remove", .summary = "Take somebody out of a project, or leave it", .tag = "projects"},
      [&](Call& call, db::Tx& tx, api::Nothing const&) -> Result<api::Nothing> {
        FABRICA_TRY(auto const id, call.id("project"));
        FABRICA_TRY(auto const person, call.id("person"));
        FABRICA_DO(members.remove(tx, call.actor(), id, person));
        return api::Nothing{};
      });
}

}  // namespace fabrica::projects
