#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "db/db.hpp"
#include "facts/view.hpp"
#include "json/describe.hpp"

namespace fabrica::facts {

// What an operator writes. It replaces the shipped row of the same kind and key, whole, on the days it holds;
// withdrawn: on those days there is no such row.
struct OwnRowDraft {
  std::string kind;
  std::string key;
  std::map<std::string, std::string> fields;
  std::optional<std::string> valid_from;
  std::optional<std::string> valid_to;
  std::string source;
  Confidence confidence = Confidence::official;
  bool withdrawn = false;

  static constexpr std::array<std::string_view, 2> kMayBeAbsent{"fields", "withdrawn"};
  static constexpr auto limits() {
    return std::tuple{json::length(&OwnRowDraft::kind, 1, 64), json::length(&OwnRowDraft::key, 1, 200),
                      json::items(&OwnRowDraft::fields, 0, 64), json::length(&OwnRowDraft::source, 1, 1000)};
  }
};
BOOST_DESCRIBE_STRUCT(OwnRowDraft, (), (kind, key, fields, valid_from, valid_to, source, confidence, withdrawn))

// The two layers. Reads the operator's rows anew in every transaction: nothing is cached that could change.
class Store {
 public:
  Store(Shipped shipped, Clock const& clock, Random& random)
      : shipped_{std::move(shipped)}, clock_{clock}, random_{random} {}

  // What held on a day: the newest own row of that day, else the shipped one, else nothing.
  // Errors: invalid "date", not_found "fact_kind", those of the database.
  Result<std::optional<Row>> held_on(db::Tx& tx, std::string_view kind, std::string_view key,
                                     std::string_view date) const;
  Result<std::vector<Row>> rows(db::Tx& tx, std::string_view kind, std::string_view date) const;
  Result<View> view(db::Tx& tx, std::string_view date) const;

  // Own rows that are not retracted, of every day, newest last.
  Result<std::vector<Row>> own_rows(db::Tx& tx) const;

  // The caller has authorised the author and journals the digest. Errors: those of check(), invalid "fact".
  Result<Row> add(db::Tx& tx, OwnRowDraft const& draft, std::string_view author) const;
  // The row stays for whoever looks its digest up, but holds no more. Errors: not_found "fact", conflict
  // "fact_retracted".
  Result<> retract(db::Tx& tx, PublicId const& row, std::string_view author) const;

  Shipped const& shipped() const { return shipped_; }

 private:
  Result<std::vector<Row>> merged(db::Tx& tx, std::string_view kind, std::string_view date) const;

  Shipped shipped_;
  Clock const& clock_;
  Random& random_;
};

}  // namespace fabrica::facts
