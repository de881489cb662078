// Checks of a proposal over HTTP, and an officer's word against one.
#include "calls/routes.hpp"

namespace fabrica::calls {
namespace {

struct Ending {
  std::string reason;

  static constexpr auto limits() { return std::tuple{json::length(&Ending::reason, 1, 4000)}; }
};
BOOST_DESCRIBE_STRUCT(Ending, (), (reason))

}  // namespace

void add_check_routes(api::Api& api, Calls& calls) {
  api.get<Checked>("/proposals/{proposal}/checks",
                   {.id = "proposal_checks",
                    .summary = "Every check as it comes out now: rule, fact, source and remedy",
                    .tag = "proposals"},
                   [&](api::Call& call, db::Tx& tx) -> Result<Checked> {
                     FABRICA_TRY(auto const id, call.id("proposal"));
                     return calls.checks(tx, call.actor(), id);
                   });
  api.get<std::vector<Override>>(
      "/proposals/{proposal}/overrides",
      {.id = "override_list", .summary = "Checks an officer let pass, newest first", .tag = "proposals"},
      [&](api::Call& call, db::Tx& tx) -> Result<std::vector<Override>> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return calls.overrides(tx, call.actor(), id);
      });
  api.post<OverrideDraft, Override>("/proposals/{proposal}/overrides",
                                    {.id = "override_create",
                                     .summary = "Let a check pass, for the fact it has now, with a reason",
                                     .tag = "proposals"},
                                    [&](api::Call& call, db::Tx& tx, OverrideDraft const& draft) -> Result<Override> {
                                      FABRICA_TRY(auto const id, call.id("proposal"));
                                      FABRICA_TRY(auto made, calls.override_check(tx, call.actor(), id, draft));
                                      call.created("/proposals/" + id.text() + "/overrides");
                                      return made;
                                    });
  api.post<Ending, Override>("/overrides/{override}/end",
                             {.id = "override_end", .summary = "Take an override back", .tag = "proposals"},
                             [&](api::Call& call, db::Tx& tx, Ending const& ending) -> Result<Override> {
                               FABRICA_TRY(auto const id, call.id("override"));
                               return calls.end_override(tx, call.actor(), id, ending.reason);
                             });
}

}  // namespace fabrica::calls
