#include "reviews/routes.hpp"

#include <algorithm>

namespace fabrica::reviews {
namespace {

using api::Call;
using api::Nothing;
using api::Page;

// A list that is read whole and cut to a page.
template <class T, class F>
Result<api::PageOf<T>> cut(std::vector<T> all, Page const& page, F const& id_of) {
  FABRICA_TRY(auto const after, page.after());
  auto const total = static_cast<std::int64_t>(all.size());
  if (!after.empty()) {
    auto const seen = std::ranges::find_if(all, [&](T const& one) { return id_of(one) == after; });
    all.erase(all.begin(), seen == all.end() ? seen : seen + 1);
  }
  auto out = api::page_of(std::move(all), page, [&](T const& one) { return id_of(one).text(); });
  out.total = total;
  return out;
}

void add_profile_routes(api::Api& api, Reviews& reviews) {
  api.get<Profile>("/reviewers/{person}",
                   {.id = "reviewer_profile", .summary = "A reviewer's profile", .tag = "reviewers"},
                   [&](Call& call, db::Tx& tx) -> Result<Profile> {
                     FABRICA_TRY(auto const person, call.id("person"));
                     return reviews.profile(tx, call.actor(), person);
                   });
  api.put<ProfileDraft, Profile>(
      "/reviewers/{person}",
      {.id = "reviewer_profile_save", .summary = "Save a reviewer's profile", .tag = "reviewers"},
      [&](Call& call, db::Tx& tx, ProfileDraft const& draft) -> Result<Profile> {
        FABRICA_TRY(auto const person, call.id("person"));
        return reviews.save_profile(tx, call.actor(), person, draft);
      });
  api.ask<Token, InvitationShown>(
      "/invitations/show",
      {.id = "invitation_show", .summary = "What a token invites to", .tag = "reviewers", .open = true},
      [&](Call&, db::Tx& tx, Token const& token) { return reviews.show_invitation(tx, token.token); });
  api.post<InvitationAnswer, InvitationShown>(
      "/invitations/answer",
      {.id = "invitation_answer", .summary = "Accept or refuse an invitation", .tag = "reviewers"},
      [&](Call& call, db::Tx& tx, InvitationAnswer const& answer) {
        return reviews.answer_invitation(tx, call.actor(), answer);
      });
  api.post<Nothing, Invitation>(
      "/invitations/{invitation}/withdraw",
      {.id = "invitation_withdraw", .summary = "Take an open invitation back", .tag = "reviewers"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Invitation> {
        FABRICA_TRY(auto const id, call.id("invitation"));
        return reviews.withdraw_invitation(tx, call.actor(), id);
      });
}

void add_pool_routes(api::Api& api, Reviews& reviews) {
  api.get<Settings>("/calls/{call}/review-settings",
                    {.id = "review_settings", .summary = "How a call reviews", .tag = "reviewers"},
                    [&](Call& call, db::Tx& tx) -> Result<Settings> {
                      FABRICA_TRY(auto const id, call.id("call"));
                      return reviews.settings(tx, call.actor(), id);
                    });
  api.put<Settings, Settings>(
      "/calls/{call}/review-settings",
      {.id = "review_settings_save", .summary = "Change how rounds to come are reviewed", .tag = "reviewers"},
      [&](Call& call, db::Tx& tx, Settings const& settings) -> Result<Settings> {
        FABRICA_TRY(auto const id, call.id("call"));
        return reviews.save_settings(tx, call.actor(), id, settings);
      });
  api.post<InvitationDraft, Invitation>(
      "/calls/{call}/invitations",
      {.id = "invitation_create", .summary = "Invite a reviewer", .tag = "reviewers", .secret = true},
      [&](Call& call, db::Tx& tx, InvitationDraft const& draft) -> Result<Invitation> {
        FABRICA_TRY(auto const id, call.id("call"));
        return reviews.invite(tx, call.actor(), id, draft);
      });
  api.list<Invitation>("/calls/{call}/invitations",
                       {.id = "invitation_list", .summary = "A call's invitations, newest first", .tag = "reviewers"},
                       [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Invitation>> {
                         FABRICA_TRY(auto const id, call.id("call"));
                         FABRICA_TRY(auto all, reviews.invitations(tx, call.actor(), id));
                         return cut(std::move(all), page, [](Invitation const& one) { return one.id; });
                       });
  api.list<PoolMember>("/calls/{call}/reviewers",
                       {.id = "pool_list", .summary = "A call's pool of reviewers", .tag = "reviewers"},
                       [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<PoolMember>> {
                         FABRICA_TRY(auto const id, call.id("call"));
                         FABRICA_TRY(auto all, reviews.pool(tx, call.actor(), id));
                         return cut(std::move(all), page, [](PoolMember const& one) { return one.person; });
                       });
  api.post<Reason, Nothing>("/calls/{call}/reviewers/{person}/leave",
                            {.id = "pool_leave", .summary = "Leave a call's pool", .tag = "reviewers"},
                            [&](Call& call, db::Tx& tx, Reason const& body) -> Result<Nothing> {
                              FABRICA_TRY(auto const id, call.id("call"));
                              FABRICA_TRY(auto const person, call.id("person"));
                              FABRICA_DO(reviews.leave_pool(tx, call.actor(), id, person, body.reason));
                              return Nothing{};
                            });
}

void add_assignment_routes(api::Api& api, Reviews& reviews) {
  api.post<Nothing, Assignment>(
      "/rounds/{round}/assignment",
      {.id = "assignment_propose", .summary = "Find conflicts and the best assignment", .tag = "assignments"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Assignment> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.propose(tx, call.actor(), round);
      });
  api.get<Assignment>(
      "/rounds/{round}/assignment",
      {.id = "assignment_get", .summary = "Who reviews what, and what is missing", .tag = "assignments"},
      [&](Call& call, db::Tx& tx) -> Result<Assignment> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.assignment(tx, call.actor(), round);
      });
  api.post<Due, Assignment>("/rounds/{round}/assignment/send",
                            {.id = "assignment_send", .summary = "Ask the reviewers", .tag = "assignments"},
                            [&](Call& call, db::Tx& tx, Due const& body) -> Result<Assignment> {
                              FABRICA_TRY(auto const round, call.id("round"));
                              return reviews.send(tx, call.actor(), round, body.due);
                            });
  api.post<Extension, Assignment>(
      "/rounds/{round}/assignment/extend",
      {.id = "assignment_extend", .summary = "Move the day reviews are due", .tag = "assignments"},
      [&](Call& call, db::Tx& tx, Extension const& body) -> Result<Assignment> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.extend(tx, call.actor(), round, body);
      });
  api.get<json::Raw>("/rounds/{round}/assignment/certificate",
                     {.id = "assignment_certificate", .summary = "The proof that it is the best", .tag = "assignments"},
                     [&](Call& call, db::Tx& tx) -> Result<json::Raw> {
                       FABRICA_TRY(auto const round, call.id("round"));
                       FABRICA_TRY(auto text, reviews.certificate(tx, call.actor(), round));
                       return json::Raw{std::move(text)};
                     });
  api.get<AssignmentSeed>("/rounds/{round}/assignment/seed",
                          {.id = "assignment_seed",
                           .summary = "The commitment of the draw; the seed once the round is published",
                           .tag = "assignments",
                           .open = true},
                          [&](Call& call, db::Tx& tx) -> Result<AssignmentSeed> {
                            FABRICA_TRY(auto const round, call.id("round"));
                            return reviews.seed(tx, round);
                          });
  api.post<Nothing, AssignmentSeed>(
      "/rounds/{round}/assignment/seed",
      {.id = "assignment_seed_commit", .summary = "Draw the seed and commit to it", .tag = "assignments"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<AssignmentSeed> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.commit_seed(tx, call.actor(), round);
      });
  api.list<MatrixLine>(
      "/proposals/{proposal}/reviewers",
      {.id = "assignment_matrix", .summary = "Reviewers for a proposal, the best first", .tag = "assignments"},
      [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<MatrixLine>> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        FABRICA_TRY(auto all, reviews.matrix(tx, call.actor(), id));
        return cut(std::move(all), page, [](MatrixLine const& one) { return one.reviewer; });
      });
  api.list<Conflict>("/proposals/{proposal}/conflicts",
                     {.id = "conflict_list", .summary = "Conflicts with reviewers", .tag = "assignments"},
                     [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<Conflict>> {
                       FABRICA_TRY(auto const id, call.id("proposal"));
                       FABRICA_TRY(auto all, reviews.conflicts(tx, call.actor(), id));
                       return cut(std::move(all), page, [](Conflict const& one) { return one.id; });
                     });
  api.post<Reason, Conflict>(
      "/conflicts/{conflict}/waive",
      {.id = "conflict_waive", .summary = "Let somebody review in spite of it", .tag = "assignments"},
      [&](Call& call, db::Tx& tx, Reason const& body) -> Result<Conflict> {
        FABRICA_TRY(auto const id, call.id("conflict"));
        return reviews.waive(tx, call.actor(), id, body.reason);
      });
}

void add_task_routes(api::Api& api, Reviews& reviews) {
  api.list<BidLine>("/rounds/{round}/bids",
                    {.id = "bid_list", .summary = "Proposals you may say you would review", .tag = "reviews"},
                    [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<BidLine>> {
                      FABRICA_TRY(auto const round, call.id("round"));
                      FABRICA_TRY(auto all, reviews.bids(tx, call.actor(), round));
                      return cut(std::move(all), page, [](BidLine const& one) { return one.proposal; });
                    });
  api.put<Bids, Bids>("/rounds/{round}/bids",
                      {.id = "bids_save", .summary = "Say what you would review, all of it", .tag = "reviews"},
                      [&](Call& call, db::Tx& tx, Bids const& body) -> Result<Bids> {
                        FABRICA_TRY(auto const round, call.id("round"));
                        FABRICA_DO(reviews.save_bids(tx, call.actor(), round, body));
                        return body;
                      });
  api.list<TaskLine>("/reviews/tasks",
                     {.id = "review_tasks", .summary = "What you are asked to review", .tag = "reviews"},
                     [&](Call& call, db::Tx& tx, Page const& page) -> Result<api::PageOf<TaskLine>> {
                       FABRICA_TRY(auto all, reviews.tasks(tx, call.actor()));
                       return cut(std::move(all), page, [](TaskLine const& one) { return one.id; });
                     });
  api.get<Task>("/reviews/tasks/{assignment}",
                {.id = "review_task", .summary = "A proposal as its reviewer reads it", .tag = "reviews"},
                [&](Call& call, db::Tx& tx) -> Result<Task> {
                  FABRICA_TRY(auto const id, call.id("assignment"));
                  return reviews.task(tx, call.actor(), id);
                });
  api.post<AssignmentAnswer, TaskLine>(
      "/reviews/tasks/{assignment}/answer",
      {.id = "review_task_answer", .summary = "Accept or decline, or name a conflict", .tag = "reviews"},
      [&](Call& call, db::Tx& tx, AssignmentAnswer const& body) -> Result<TaskLine> {
        FABRICA_TRY(auto const id, call.id("assignment"));
        return reviews.answer(tx, call.actor(), id, body);
      });
  api.post<Reason, TaskLine>("/reviews/tasks/{assignment}/withdraw",
                             {.id = "review_task_withdraw", .summary = "Withdraw after accepting", .tag = "reviews"},
                             [&](Call& call, db::Tx& tx, Reason const& body) -> Result<TaskLine> {
                               FABRICA_TRY(auto const id, call.id("assignment"));
                               return reviews.withdraw(tx, call.actor(), id, body.reason);
                             });
  api.post<Reason, TaskLine>(
      "/reviews/tasks/{assignment}/conflict",
      {.id = "review_task_conflict", .summary = "Declare a conflict noticed late", .tag = "reviews"},
      [&](Call& call, db::Tx& tx, Reason const& body) -> Result<TaskLine> {
        FABRICA_TRY(auto const id, call.id("assignment"));
        return reviews.declare(tx, call.actor(), id, body.reason);
      });
  api.put<ReviewDraft, Review>("/reviews/tasks/{assignment}/review",
                               {.id = "review_save", .summary = "Keep a draft", .tag = "reviews"},
                               [&](Call& call, db::Tx& tx, ReviewDraft const& body) -> Result<Review> {
                                 FABRICA_TRY(auto const id, call.id("assignment"));
                                 return reviews.save_review(tx, call.actor(), id, body);
                               });
  api.post<Nothing, Review>("/reviews/tasks/{assignment}/review/submit",
                            {.id = "review_submit", .summary = "Send the review", .tag = "reviews"},
                            [&](Call& call, db::Tx& tx, Nothing const&) -> Result<Review> {
                              FABRICA_TRY(auto const id, call.id("assignment"));
                              return reviews.submit_review(tx, call.actor(), id);
                            });
}

void add_panels(api::Api& api, Reviews& reviews) {
  api.get<Panel>("/rounds/{round}/panel", {.id = "panel_get", .summary = "Who is in a round's panel", .tag = "panels"},
                 [&](Call& call, db::Tx& tx) -> Result<Panel> {
                   FABRICA_TRY(auto const round, call.id("round"));
                   return reviews.panel(tx, call.actor(), round);
                 });
  api.put<PanelDraft, Panel>("/rounds/{round}/panel",
                             {.id = "panel_set", .summary = "Appoint a round's panel, all of it", .tag = "panels"},
                             [&](Call& call, db::Tx& tx, PanelDraft const& draft) -> Result<Panel> {
                               FABRICA_TRY(auto const round, call.id("round"));
                               return reviews.set_panel(tx, call.actor(), round, draft);
                             });
  api.get<std::vector<PanelDesk>>(
      "/panels", {.id = "panel_desks", .summary = "Panels you are in, and what waits there", .tag = "panels"},
      [&](Call& call, db::Tx& tx) { return reviews.panels(tx, call.actor()); });
  api.get<PanelPapers>("/proposals/{proposal}/panel-papers",
                       {.id = "panel_papers", .summary = "What a panel decides on", .tag = "panels"},
                       [&](Call& call, db::Tx& tx) -> Result<PanelPapers> {
                         FABRICA_TRY(auto const id, call.id("proposal"));
                         return reviews.papers(tx, call.actor(), id);
                       });
}

void add_panel_routes(api::Api& api, Reviews& reviews) {
  api.get<std::vector<Review>>("/proposals/{proposal}/reviews",
                               {.id = "review_list", .summary = "Reviews that were sent", .tag = "reviews"},
                               [&](Call& call, db::Tx& tx) -> Result<std::vector<Review>> {
                                 FABRICA_TRY(auto const id, call.id("proposal"));
                                 return reviews.reviews_of(tx, call.actor(), id);
                               });
  api.post<Counting, Review>("/reviews/{review}/counting",
                             {.id = "review_count", .summary = "Whether a marked review counts", .tag = "reviews"},
                             [&](Call& call, db::Tx& tx, Counting const& body) -> Result<Review> {
                               FABRICA_TRY(auto const id, call.id("review"));
                               return reviews.count(tx, call.actor(), id, body);
                             });
  api.get<std::vector<matching::RankLine>>(
      "/rounds/{round}/review-figures",
      {.id = "review_figures", .summary = "Scores, spread and outliers", .tag = "reviews"},
      [&](Call& call, db::Tx& tx) -> Result<std::vector<matching::RankLine>> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.figures(tx, call.actor(), round);
      });
  api.post<CloseExpert, ExpertClosed>(
      "/rounds/{round}/close-expert",
      {.id = "expert_close", .summary = "Pass the expert step where the quorum is reached", .tag = "reviews"},
      [&](Call& call, db::Tx& tx, CloseExpert const& body) -> Result<ExpertClosed> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.close_expert(tx, call.actor(), round, body);
      });
  api.get<Consensus>("/proposals/{proposal}/consensus",
                     {.id = "consensus_get", .summary = "What the reviewers agreed on", .tag = "reviews"},
                     [&](Call& call, db::Tx& tx) -> Result<Consensus> {
                       FABRICA_TRY(auto const id, call.id("proposal"));
                       return reviews.consensus(tx, call.actor(), id);
                     });
  api.put<Note, Consensus>("/proposals/{proposal}/consensus",
                           {.id = "consensus_save", .summary = "Note what the reviewers agreed on", .tag = "reviews"},
                           [&](Call& call, db::Tx& tx, Note const& body) -> Result<Consensus> {
                             FABRICA_TRY(auto const id, call.id("proposal"));
                             return reviews.save_consensus(tx, call.actor(), id, body.note);
                           });
  api.post<Nothing, std::vector<Rebuttal>>(
      "/rounds/{round}/rebuttals",
      {.id = "rebuttal_open", .summary = "Let applicants answer the comments", .tag = "reviews"},
      [&](Call& call, db::Tx& tx, Nothing const&) -> Result<std::vector<Rebuttal>> {
        FABRICA_TRY(auto const round, call.id("round"));
        return reviews.open_rebuttals(tx, call.actor(), round);
      });
  api.get<Rebuttal>("/proposals/{proposal}/rebuttal",
                    {.id = "rebuttal_get", .summary = "The comments on your proposal", .tag = "reviews"},
                    [&](Call& call, db::Tx& tx) -> Result<Rebuttal> {
                      FABRICA_TRY(auto const id, call.id("proposal"));
                      return reviews.rebuttal(tx, call.actor(), id);
                    });
  api.post<RebuttalAnswer, Rebuttal>(
      "/proposals/{proposal}/rebuttal",
      {.id = "rebuttal_answer", .summary = "Answer the comments, once", .tag = "reviews"},
      [&](Call& call, db::Tx& tx, RebuttalAnswer const& body) -> Result<Rebuttal> {
        FABRICA_TRY(auto const id, call.id("proposal"));
        return reviews.rebut(tx, call.actor(), id, body.answer);
      });
}

}  // namespace

void add_routes(api::Api& api, Reviews& reviews) {
  add_profile_routes(api, reviews);
  add_pool_routes(api, reviews);
  add_assignment_routes(api, reviews);
  add_task_routes(api, reviews);
  add_panel_routes(api, reviews);
  add_panels(api, reviews);
}

}  // namespace fabrica::reviews
