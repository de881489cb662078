#pragma once

#include <span>

#include "identity/figures.hpp"
#include "identity/service.hpp"

// What an organisation declares of itself: the figures of its group by year, and the aid it received.
namespace fabrica::identity {

struct Document {
  std::string name;
  std::string sha256;

  static constexpr auto limits() {
    return std::tuple{json::length(&Document::name, 1, 255), json::length(&Document::sha256, 64, 64)};
  }
};
BOOST_DESCRIBE_STRUCT(Document, (), (name, sha256))

struct FiguresDraft {
  std::int64_t year = 0;  // of the last closed accounts
  GroupFacts group;
  std::optional<Document> document;  // that shows them

  static constexpr auto limits() { return std::tuple{json::range(&FiguresDraft::year, 1990, 2100)}; }
};
BOOST_DESCRIBE_STRUCT(FiguresDraft, (), (year, group, document))

// declared: the organisation's word. An officer who has compared it with a document makes it checked, or refuses it.
enum class FiguresState : std::uint8_t { declared, checked, refused };
BOOST_DESCRIBE_ENUM(FiguresState, declared, checked, refused)

struct FiguresDeclared {
  PublicId id;
  PublicId organisation;
  std::int64_t year = 0;
  GroupFacts group;
  std::optional<Document> document;
  FiguresState state{};
  std::string reason;
  Time declared;
  std::optional<Time> checked;
};
BOOST_DESCRIBE_STRUCT(FiguresDeclared, (), (id, organisation, year, group, document, state, reason, declared, checked))

struct FiguresVerdict {
  bool accepted = false;
  std::string reason;

  static constexpr auto limits() { return std::tuple{json::length(&FiguresVerdict::reason, 1, 2000)}; }
};
BOOST_DESCRIBE_STRUCT(FiguresVerdict, (), (accepted, reason))

// On what an aid was based; only de minimis aid counts towards that ceiling.
enum class AidBasis : std::uint8_t { de_minimis, block_exemption, notified, market_price, other };
BOOST_DESCRIBE_ENUM(AidBasis, de_minimis, block_exemption, notified, market_price, other)

struct AidReceived {
  std::string grantor;
  std::string granting_state;  // two capital letters
  std::int64_t amount_eur_cents = 0;
  std::string granted;  // YYYY-MM-DD: the day the right to it was given
  AidBasis basis{};

  static constexpr auto limits() {
    using A = AidReceived;
    return std::tuple{json::length(&A::grantor, 1, 200), json::length(&A::granting_state, 2, 2),
                      json::range(&A::amount_eur_cents, 0, 100'000'000'000'000), json::length(&A::granted, 10, 10)};
  }
};
BOOST_DESCRIBE_STRUCT(AidReceived, (), (grantor, granting_state, amount_eur_cents, granted, basis))

// All of it, of the whole group; an empty list says that there was none.
struct AidDraft {
  std::vector<AidReceived> received;

  static constexpr auto limits() { return std::tuple{json::items(&AidDraft::received, 0, 500)}; }
};
BOOST_DESCRIBE_STRUCT(AidDraft, (), (received))

struct AidDeclared {
  PublicId id;
  PublicId organisation;
  std::vector<AidReceived> received;
  Time declared;
};
BOOST_DESCRIBE_STRUCT(AidDeclared, (), (id, organisation, received, declared))

// Errors: invalid "input", every fault at once. `today` as YYYY-MM-DD.
Result<> check(FiguresDraft const& draft, std::string_view today);
Result<> check(AidDraft const& draft, std::string_view today);

// De minimis aid of one state granted in the years before a day, that day and the first one included.
struct AidSum {
  std::int64_t eur_cents = 0;
  std::int64_t count = 0;
  std::string since;  // YYYY-MM-DD
};
AidSum de_minimis_sum(std::span<AidReceived const> received, std::string_view state, std::string_view day,
                      std::int64_t years);

class Declarations {
 public:
  Declarations(Clock const& clock, Random& random, journal::Journal& journal)
      : clock_{clock}, random_{random}, journal_{journal} {}

  // Needs manage_organisation. Statement: organisation.figures_declared (a digest, no figure).
  Result<FiguresDeclared> declare(db::Tx& tx, Actor const& actor, PublicId const& organisation,
                                  FiguresDraft const& draft);
  // Needs manage_organisation or view_factory. The declaration that counts of each year, in their order.
  Result<std::vector<FiguresDeclared>> figures(db::Tx& tx, Actor const& actor, PublicId const& organisation);
  // Needs manage_calls, of somebody with no role in the organisation. Statement: organisation.figures_checked.
  // Errors: not_found "figures", forbidden "own_organisation", conflict "figures_state" (not declared, or declared anew
  // since), conflict "no_document".
  Result<FiguresDeclared> judge(db::Tx& tx, Actor const& actor, PublicId const& figures, FiguresVerdict const& verdict);

  // Needs manage_organisation. Statement: organisation.aid_declared (a digest).
  Result<AidDeclared> declare_aid(db::Tx& tx, Actor const& actor, PublicId const& organisation, AidDraft const& draft);
  // Needs manage_organisation or view_factory. Errors: not_found "aid" when nothing was declared.
  Result<AidDeclared> aid(db::Tx& tx, Actor const& actor, PublicId const& organisation);

 private:
  Clock const& clock_;
  Random& random_;
  journal::Journal& journal_;
};

// For rules of other modules, which have asked authorise() themselves.
Result<std::vector<FiguresDeclared>> figures_of(db::Tx& tx, PublicId const& organisation);
Result<std::optional<AidDeclared>> aid_of(db::Tx& tx, PublicId const& organisation);

}  // namespace fabrica::identity
