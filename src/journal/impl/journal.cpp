#include "journal/journal.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "crypto/encoding.hpp"
#include "crypto/sha256.hpp"
#include "journal/impl/store.hpp"
#include "json/json.hpp"

namespace fabrica::journal {
namespace {

// in-toto Statement v1 (in-toto/attestation spec/v1): subjects with digests, a predicate type, a predicate.
struct InTotoSubject {
  std::string name;
  std::map<std::string, std::string> digest;
};
BOOST_DESCRIBE_STRUCT(InTotoSubject, (), (name, digest))

struct Predicate {
  std::string actor;
  json::Raw body;
  std::string chain;
  std::int64_t number = 0;
  std::string previous;
  Time time;
  std::optional<std::vector<std::string>> on_behalf_of{};
};
BOOST_DESCRIBE_STRUCT(Predicate, (), (actor, body, chain, number, previous, time, on_behalf_of))

struct InTotoStatement {
  std::string _type;
  std::vector<InTotoSubject> subject;
  std::string predicateType;
  Predicate predicate;
};
BOOST_DESCRIBE_STRUCT(InTotoStatement, (), (_type, subject, predicateType, predicate))

// Whose delegated roles this statement's actor needed; absent for what was done in one's own right.
std::optional<std::vector<std::string>> on_behalf_of(db::Tx const& tx, Statement const& statement) {
  auto const* acting = tx.acting();
  if (acting == nullptr || acting->person != statement.actor || acting->on_behalf_of.empty()) return {};
  return acting->on_behalf_of;
}

Result<std::string> canonical_statement(Statement const& statement, std::int64_t number, std::string const& previous,
                                        Micros now, std::optional<std::vector<std::string>> on_behalf_of) {
  InTotoStatement out{
      "https://in-toto.io/Statement/v1",
      {},
      fmt::format("urn:fabrica:statement:{}:v1", statement.kind),
      {statement.actor, {statement.predicate}, statement.chain, number, previous, Time{now}, std::move(on_behalf_of)}};
  for (auto const& subject : statement.subjects) out.subject.push_back({subject.name, {{"sha256", subject.sha256}}});
  if (out.subject.empty()) {
    FABRICA_TRY(auto const body, json::canonical(statement.predicate));
    out.subject.push_back({"body", {{"sha256", crypto::sha256(body).hex()}}});
  }
  return json::canonical(json::write(out), {.bytes = 16u << 20});
}

Result<> check_link(std::vector<std::string>& wrong, Kept const& kept, std::int64_t number,
                    std::string const& previous) {
  auto const where = fmt::format("chain {} statement {}", kept.chain, number);
  if (kept.number != number)
    wrong.push_back(fmt::format("{}: missing, the next there is has number {}", where, kept.number));
  if (!kept.body || !kept.salt) return {};
  if (commitment_of(*kept.salt, *kept.body) != kept.commitment)
    wrong.push_back(fmt::format("{}: its text and salt do not give its commitment", where));
  auto const document = json::Document::parse(*kept.body, {.bytes = 16u << 20});
  if (!document) {
    wrong.push_back(fmt::format("{}: its text is not JSON", where));
    return {};
  }
  if (document->at("/predicate/previous").text().value_or("") != previous)
    wrong.push_back(fmt::format("{}: it names another statement before it", where));
  if (document->at("/predicate/number").integer().value_or(0) != number)
    wrong.push_back(fmt::format("{}: its text gives another number", where));
  return {};
}

}  // namespace

Result<Recorded> Journal::append(db::Tx& tx, Statement const& statement) {
  FABRICA_DO(tx.run(store::kChainInsert, statement.chain, kNoPrevious));
  FABRICA_TRY(auto const head, tx.one<store::ChainHead>(store::kChainHead, statement.chain));
  std::array<std::uint8_t, 16> salt{};
  random_.fill(salt);
  auto const now = clock_.now();
  Recorded recorded;
  recorded.number = head.number + 1;
  recorded.public_id = PublicId::make(now, random_);
  FABRICA_TRY(auto const body,
              canonical_statement(statement, recorded.number, head.commitment, now, on_behalf_of(tx, statement)));
  recorded.commitment = commitment_of(salt, body);
  FABRICA_TRY(auto const advanced, tx.run(store::kChainAdvance, statement.chain, recorded.number, recorded.commitment));
  if (advanced != 1) return fail(Errc::conflict, "chain_moved", "Another statement came in between: try again.");
  FABRICA_TRY(recorded.id, tx.insert(store::kInsert, recorded.public_id, statement.chain, recorded.number,
                                     statement.kind, body, ByteView{salt}, recorded.commitment, now));
  if (wake_) tx.after_commit(wake_);
  return recorded;
}

Result<std::vector<Kept>> Journal::chain(db::Tx& tx, std::string_view chain, std::int64_t from, std::int64_t limit) {
  return tx.all<Kept>(store::kChain, chain, from, limit);
}

Result<std::vector<std::string>> Journal::chains(db::Tx& tx) { return tx.all<std::string>(store::kChains); }

Result<std::int64_t> Journal::chain_length(db::Tx& tx, std::string_view chain) {
  FABRICA_TRY(auto const head, tx.maybe<store::ChainHead>(store::kChainHead, chain));
  return head ? head->number : 0;
}

Result<std::vector<Kept>> Journal::sequenced(db::Tx& tx, std::int64_t from, std::int64_t limit) {
  return tx.all<Kept>(store::kSequenced, from, limit);
}

Result<std::int64_t> Journal::sequenced_to(db::Tx& tx) {
  FABRICA_TRY(auto const state, tx.maybe<store::LogState>(store::kLogState));
  return state ? state->assigned : 0;
}

Result<std::vector<Journal::First>> Journal::first_of_each_kind(db::Tx& tx, std::string_view chain) {
  return tx.all<First>(store::kFirstOfEachKind, chain);
}

Result<std::vector<std::string>> Journal::check(db::Tx& tx) {
  FABRICA_TRY(auto const chains, tx.all<std::string>(store::kChains));
  std::vector<std::string> wrong;
  for (auto const& name : chains) {
    std::int64_t number = 0;
    std::string previous{kNoPrevious};
    for (;;) {
      FABRICA_TRY(auto const some, chain(tx, name, number + 1, 1000));
      for (auto const& kept : some) {
        FABRICA_DO(check_link(wrong, kept, number + 1, previous));
        number = kept.number;
        previous = kept.commitment;
      }
      if (some.size() < 1000) break;
    }
    FABRICA_TRY(auto const head, tx.one<store::ChainHead>(store::kChainHead, name));
    if (head.number != number || head.commitment != previous)
      wrong.push_back(fmt::format("chain {}: ends at statement {} but should have {}", name, number, head.number));
  }
  return wrong;
}

Result<std::vector<std::string>> Journal::commitments(db::Tx& tx, std::int64_t from, std::int64_t to) {
  FABRICA_TRY(auto const rows, (tx.all<std::pair<std::int64_t, std::string>>(store::kCommitments, from, to)));
  std::vector<std::string> out(static_cast<std::size_t>(to - from));
  for (auto const& [index, commitment] : rows) out[static_cast<std::size_t>(index - from)] = commitment;
  return out;
}

Result<> Journal::erase(db::Tx& tx, PublicId const& statement) {
  FABRICA_TRY(auto const changed, tx.run(store::kErase, statement, clock_.now()));
  if (changed == 0)
    return fail(Errc::not_found, "statement", fmt::format("There is no statement {}.", statement.text()));
  return {};
}

}  // namespace fabrica::journal
