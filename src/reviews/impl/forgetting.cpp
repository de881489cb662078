#include "reviews/forget.hpp"

namespace fabrica::reviews {
namespace {

constexpr db::Query kPools{"reviewer_pools_of", R"sql(
  SELECT call FROM reviewer_pool WHERE person = $1 AND left_us IS NULL ORDER BY call)sql"};
constexpr db::Query kProfileForget{"reviewer_profile_forget", "DELETE FROM reviewer_profiles WHERE person = $1"};
constexpr db::Query kInvitationsForget{"reviewer_invitations_forget", R"sql(
  UPDATE reviewer_invitations SET email = '', reason = '' WHERE person = $1 OR email = $2)sql"};
constexpr db::Query kConflictsForget{"review_conflicts_forget", R"sql(
  UPDATE review_conflicts SET evidence = '' WHERE reviewer = $1)sql"};

}  // namespace

Result<> forget_person(db::Tx& tx, Reviews& reviews, identity::Actor const& by, PublicId const& person,
                       std::string_view email) {
  FABRICA_TRY(auto const pools, tx.all<PublicId>(kPools, person));
  for (auto const& call : pools) FABRICA_DO(reviews.leave_pool(tx, by, call, person, "The account was erased."));
  FABRICA_DO(tx.run(kProfileForget, person));
  FABRICA_DO(tx.run(kInvitationsForget, person, email));
  FABRICA_DO(tx.run(kConflictsForget, person));
  return {};
}

}  // namespace fabrica::reviews
