#include "decisions/routes.hpp"

#include "decisions/rules.hpp"

namespace fabrica::decisions {
namespace {

using api::Call;
using api::Nothing;
using Told = std::vector<ProposalDecision>;

void add_deciding(api::Api& api, Decisions& decisions) {
  api.post<Nothing, Lottery>(
      "/rounds/{round}/lottery",
      {.id = "lottery_commit", .summary = "Draw the round's lottery and commit to it", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Lottery> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.commit_lottery(tx, call.actor(), id);
      });
  api.get<Lottery>("/rounds/{round}/lottery",
                   {.id = "lottery",
                    .summary = "The commitment; the seed once the round is published",
                    .tag = "decisions",
                    .open = true},
                   [&](Call& call, db::Tx& tx) -> Result<Lottery> {
                     FABRICA_TRY(auto const id, call.id("round"));
                     return decisions.lottery(tx, call.actor(), id);
                   });
  api.post<RankRequest, RoundRanking>(
      "/rounds/{round}/ranking", {.id = "round_rank", .summary = "Rank who has passed every step", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, RankRequest const& request) -> Result<RoundRanking> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.rank(tx, call.actor(), id, request);
      });
  api.get<RoundRanking>("/rounds/{round}/ranking",
                        {.id = "round_ranking", .summary = "The newest ranking, with every figure", .tag = "decisions"},
                        [&](Call& call, db::Tx& tx) -> Result<RoundRanking> {
                          FABRICA_TRY(auto const id, call.id("round"));
                          return decisions.ranking(tx, call.actor(), id);
                        });
  api.post_after<AwardRequest, RoundDecision>(
      "/rounds/{round}/decision",
      {.id = "round_award", .summary = "Decide from the ranking by what is really left; a draft", .tag = "decisions"},
      [&](Call& call, AwardRequest const& request) -> Result<> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.prepare_award(api.database(), call.actor(), id, request);
      },
      [&](Call& call, db::Tx& tx, AwardRequest const& request) -> Result<RoundDecision> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.award(tx, call.actor(), id, request);
      });
  api.get<RoundDecision>("/rounds/{round}/decision",
                         {.id = "round_decision", .summary = "The current decision of a round", .tag = "decisions"},
                         [&](Call& call, db::Tx& tx) -> Result<RoundDecision> {
                           FABRICA_TRY(auto const id, call.id("round"));
                           return decisions.decision(tx, call.actor(), id);
                         });
  api.ask<WhatIf, WhatIfAnswer>(
      "/rounds/{round}/what-if",
      {.id = "round_what_if", .summary = "Who moves under other terms; changes nothing", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, WhatIf const& change) -> Result<WhatIfAnswer> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.what_if(tx, call.actor(), id, change);
      });
  api.post<ChangeDraft, RoundDecision>("/proposals/{proposal}/decision-changes",
                                       {.id = "decision_change",
                                        .summary = "Exclude or limit a proposal, with a reason, and decide again",
                                        .tag = "decisions"},
                                       [&](Call& call, db::Tx& tx, ChangeDraft const& draft) -> Result<RoundDecision> {
                                         FABRICA_TRY(auto const id, call.id("proposal"));
                                         return decisions.change(tx, call.actor(), id, draft);
                                       });
  api.post<Reason, RoundDecision>(
      "/decision-changes/{change}/undo",
      {.id = "decision_change_undo", .summary = "Take a change back and decide again", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, Reason const& reason) -> Result<RoundDecision> {
        FABRICA_TRY(auto const id, call.id("change"));
        return decisions.undo_change(tx, call.actor(), id, reason);
      });
}

void add_publishing(api::Api& api, Decisions& decisions) {
  api.post<PublishRequest, Publication>(
      "/rounds/{round}/publish",
      {.id = "round_publish", .summary = "Begin to tell a decision, or try again what got stuck", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, PublishRequest const& request) -> Result<Publication> {
        FABRICA_TRY(auto const id, call.id("round"));
        FABRICA_TRY(auto out, decisions.publish(tx, call.actor(), id, request));
        call.accepted();
        return out;
      });
  api.get<Publication>("/rounds/{round}/publication",
                       {.id = "round_publication", .summary = "How far the letters are", .tag = "decisions"},
                       [&](Call& call, db::Tx& tx) -> Result<Publication> {
                         FABRICA_TRY(auto const id, call.id("round"));
                         return decisions.publication(tx, call.actor(), id);
                       });
  api.get<Minutes>("/rounds/{round}/minutes",
                   {.id = "round_minutes", .summary = "The minutes of a published round", .tag = "decisions"},
                   [&](Call& call, db::Tx& tx) -> Result<Minutes> {
                     FABRICA_TRY(auto const id, call.id("round"));
                     return decisions.minutes(tx, call.actor(), id);
                   });
  api.post<Nothing, Told>(
      "/rounds/{round}/reserve",
      {.id = "reserve_serve", .summary = "Give hours that came free to the reserve", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Told> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.serve_reserve(tx, call.actor(), id);
      });
  api.post<Reason, Told>(
      "/rounds/{round}/reserve/close",
      {.id = "reserve_close", .summary = "Reject who still waits, with the reason", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, Reason const& reason) -> Result<Told> {
        FABRICA_TRY(auto const id, call.id("round"));
        return decisions.close_reserve(tx, call.actor(), id, reason);
      });
}

void add_answers(api::Api& api, Decisions& decisions) {
  api.post<Response, Nothing>("/proposals/{proposal}/response",
                              {.id = "proposal_respond", .summary = "Accept or decline an offer", .tag = "proposals"},
                              [&](Call& call, db::Tx& tx, Response const& response) -> Result<Nothing> {
                                FABRICA_TRY(auto const id, call.id("proposal"));
                                FABRICA_DO(decisions.respond(tx, call.actor(), id, response));
                                return Nothing{};
                              });
  api.post<Reason, Told>(
      "/proposals/{proposal}/offer/end",
      {.id = "offer_end", .summary = "End an overdue offer; its hours go to the reserve", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, Reason const& reason) -> Result<Told> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return decisions.end_offer(tx, call.actor(), id, reason);
      });
  api.post<ReopenRequest, Nothing>("/proposals/{proposal}/reopen",
                                   {.id = "proposal_reopen", .summary = "Back into the evaluation", .tag = "decisions"},
                                   [&](Call& call, db::Tx& tx, ReopenRequest const& request) -> Result<Nothing> {
                                     FABRICA_TRY(auto const id, call.id("proposal"));
                                     FABRICA_DO(decisions.reopen(tx, call.actor(), id, request));
                                     return Nothing{};
                                   });
  api.post<Nothing, ProposalDecision>("/proposals/{proposal}/decide",
                                      {.id = "proposal_decide",
                                       .summary = "Decide a reopened or left-out proposal of a published round",
                                       .tag = "decisions"},
                                      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<ProposalDecision> {
                                        FABRICA_TRY(auto const id, call.id("proposal"));
                                        return decisions.decide_late(tx, call.actor(), id);
                                      });
  api.post<AppealDraft, Appeal>("/proposals/{proposal}/appeals",
                                {.id = "appeal_file", .summary = "Appeal against a rejection", .tag = "proposals"},
                                [&](Call& call, db::Tx& tx, AppealDraft const& draft) -> Result<Appeal> {
                                  FABRICA_TRY(auto const id, call.id("proposal"));
                                  return decisions.appeal(tx, call.actor(), id, draft);
                                });
  api.get<std::vector<Appeal>>(
      "/proposals/{proposal}/appeals",
      {.id = "appeals", .summary = "A proposal's appeals with their rulings", .tag = "proposals"},
      [&](Call& call, db::Tx& tx) -> Result<std::vector<Appeal>> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return decisions.appeals(tx, call.actor(), id);
      });
  api.post<AppealRuling, Appeal>(
      "/appeals/{appeal}/ruling",
      {.id = "appeal_rule", .summary = "Rule on an appeal; upheld reopens the proposal", .tag = "decisions"},
      [&](Call& call, db::Tx& tx, AppealRuling const& ruling) -> Result<Appeal> {
        FABRICA_TRY(auto const id, call.id("appeal"));
        return decisions.rule_on(tx, call.actor(), id, ruling);
      });
  api.get<std::vector<Letter>>("/proposals/{proposal}/letters",
                               {.id = "letters", .summary = "What the applicant was told", .tag = "proposals"},
                               [&](Call& call, db::Tx& tx) -> Result<std::vector<Letter>> {
                                 FABRICA_TRY(auto const id, call.id("proposal"));
                                 return decisions.letters(tx, call.actor(), id);
                               });
}

}  // namespace

void add_routes(api::Api& api, Decisions& decisions) {
  add_deciding(api, decisions);
  add_publishing(api, decisions);
  add_answers(api, decisions);
}

}  // namespace fabrica::decisions
