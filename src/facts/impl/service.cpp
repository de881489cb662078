#include "facts/impl/store.hpp"
#include "json/json.hpp"

namespace fabrica::facts {

namespace {

Result<Row> row_of(store::OwnRow own) {
  FABRICA_TRY(auto fields, (json::read<std::map<std::string, std::string>>(own.fields)));
  Row row;
  row.kind = std::move(own.kind);
  row.key = std::move(own.key);
  row.fields = std::move(fields);
  row.valid_from = std::move(own.valid_from);
  row.valid_to = std::move(own.valid_to);
  row.source = std::move(own.source);
  row.confidence = own.confidence;
  row.layer = Layer::own;
  row.digest = std::move(own.digest);
  row.public_id = std::move(own.public_id);
  row.author = std::move(own.author);
  return row;
}

}  // namespace

// The shipped rows of the day in their order, each replaced or removed by the newest own row of its key, then the own
// rows of new keys. An empty kind means every table.
Result<std::vector<Row>> Store::merged(db::Tx& tx, std::string_view kind, std::string_view date) const {
  if (!is_date(date)) return fail(Errc::invalid, "date", "Give the day as YYYY-MM-DD.");
  FABRICA_TRY(auto own_rows, tx.all<store::OwnRow>(store::kOwnHeld, kind, date));
  std::map<std::pair<std::string, std::string>, store::OwnRow> own;
  std::vector<std::pair<std::string, std::string>> order;
  for (auto& row : own_rows) {
    std::pair name{row.kind, row.key};
    if (!own.contains(name)) order.push_back(name);
    own.insert_or_assign(std::move(name), std::move(row));
  }
  std::vector<Row> rows;
  auto const take = [&](std::pair<std::string, std::string> const& name) -> Result<> {
    auto node = own.extract(name);
    if (node.empty() || node.mapped().withdrawn) return {};
    FABRICA_TRY(auto row, row_of(std::move(node.mapped())));
    rows.push_back(std::move(row));
    return {};
  };
  for (auto const& row : shipped_.rows()) {
    if ((!kind.empty() && row.kind != kind) || !holds_on(row, date)) continue;
    std::pair const name{row.kind, row.key};
    if (own.contains(name)) FABRICA_DO(take(name));
    else rows.push_back(row);
  }
  for (auto const& name : order) FABRICA_DO(take(name));
  return rows;
}

Result<std::vector<Row>> Store::rows(db::Tx& tx, std::string_view kind, std::string_view date) const {
  FABRICA_DO(columns_of(kind));
  return merged(tx, kind, date);
}

Result<std::optional<Row>> Store::held_on(db::Tx& tx, std::string_view kind, std::string_view key,
                                          std::string_view date) const {
  FABRICA_TRY(auto all, rows(tx, kind, date));
  for (auto& row : all)
    if (row.key == key) return std::optional{std::move(row)};
  return std::optional<Row>{};
}

Result<View> Store::view(db::Tx& tx, std::string_view date) const {
  FABRICA_TRY(auto const all, merged(tx, {}, date));
  return view_of(all, date);
}

Result<std::vector<Row>> Store::own_rows(db::Tx& tx) const {
  FABRICA_TRY(auto own, tx.all<store::OwnRow>(store::kOwnAll));
  std::vector<Row> rows;
  for (auto& row : own) {
    FABRICA_TRY(auto one, row_of(std::move(row)));
    rows.push_back(std::move(one));
  }
  return rows;
}

Result<Row> Store::add(db::Tx& tx, OwnRowDraft const& draft, std::string_view author) const {
  Row row;
  row.kind = draft.kind;
  row.key = draft.key;
  for (auto const& [name, text] : draft.fields)
    if (!text.empty()) row.fields.emplace(name, text);
  row.valid_from = draft.valid_from;
  row.valid_to = draft.valid_to;
  row.source = draft.source;
  row.confidence = draft.confidence;
  row.layer = Layer::own;
  if (draft.withdrawn && !row.fields.empty())
    return fail(Errc::invalid, "fact", "This is no well-formed fact.",
                {{"/fields", "A withdrawn row says that there is no such thing: leave its fields out."}});
  FABRICA_DO(check(row));
  row.digest = digest_of(row);
  auto const now = clock_.now();
  row.public_id = PublicId::make(now, random_);
  row.author = author;
  FABRICA_DO(tx.insert(store::kOwnInsert, *row.public_id, row.kind, row.key, json::write(row.fields), row.valid_from,
                       row.valid_to, row.source, row.confidence, draft.withdrawn, author, row.digest, now));
  return row;
}

Result<> Store::retract(db::Tx& tx, PublicId const& row, std::string_view author) const {
  FABRICA_TRY(auto const changed, tx.run(store::kOwnRetract, row, clock_.now(), author));
  if (changed == 1) return {};
  FABRICA_TRY(auto const there, tx.one<std::int64_t>(store::kOwnExists, row));
  if (there == 0) return fail(Errc::not_found, "fact", "There is no such own fact.");
  return fail(Errc::conflict, "fact_retracted", "This fact is retracted already.");
}

}  // namespace fabrica::facts
