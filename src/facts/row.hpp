#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.hpp"
#include "base/id.hpp"
#include "base/result.hpp"

namespace fabrica::facts {

// How sure a row is. `unknown`: it is recorded that nobody knows; its empty fields are unknown, never zero.
enum class Confidence : std::uint8_t { official, secondary, single_source, background, unconfirmed, unknown };
BOOST_DESCRIBE_ENUM(Confidence, official, secondary, single_source, background, unconfirmed, unknown)

// shipped: in a file of facts/, compiled in. own: written by this factory's operator; an upgrade never touches it.
enum class Layer : std::uint8_t { shipped, own };
BOOST_DESCRIBE_ENUM(Layer, shipped, own)

// One dated fact. `kind` is the name of its table ("partitions"), `key` names the thing in it ("lumi/lumi-g"). It holds
// from the day valid_from to the day valid_to, both included (YYYY-MM-DD); absent means without bound. A column that is
// not in `fields` is unknown.
struct Row {
  std::string kind;
  std::string key;
  std::map<std::string, std::string> fields;
  std::optional<std::string> valid_from;
  std::optional<std::string> valid_to;
  std::string source;
  Confidence confidence = Confidence::unknown;
  Layer layer = Layer::shipped;
  std::string digest;                 // digest_of() this row: what a decision records
  std::optional<PublicId> public_id;  // own rows only
  std::optional<std::string> author;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (kind, key, fields, valid_from, valid_to, source, confidence, layer, digest, public_id, author))

// YYYY-MM-DD and a day that exists.
bool is_date(std::string_view text);

bool holds_on(Row const& row, std::string_view date);

// SHA-256, hex, over the canonical JSON (RFC 8785) of kind, key, fields, valid_from, valid_to, source and confidence.
std::string digest_of(Row const& row);

// The tables there are, and the columns of each besides key, dates, source and confidence.
std::vector<std::string_view> kinds();
// Errors: not_found "fact_kind".
Result<std::vector<std::string_view>> columns_of(std::string_view kind);

// Whether the row's kind, key, columns, values, dates and source are well formed. Errors: invalid "fact" with each
// fault at its JSON pointer, not_found "fact_kind".
Result<> check(Row const& row);

// A tab-separated table with a header line: key, the kind's columns in any order, valid_from, valid_to, source,
// confidence. Errors: invalid "fact_table" with file and line; two rows of one key may not hold on the same day.
Result<std::vector<Row>> parse_table(std::string_view kind, std::string_view tsv);

// What came with the program. Immutable.
class Shipped {
 public:
  // Errors: those of parse_table; each kind must be there exactly once.
  static Result<Shipped> read(std::span<EmbeddedFile const> files);
  // The files compiled in. They are tested, so an error here is a bug: the process ends.
  static Shipped embedded();

  std::vector<Row> const& rows() const& { return rows_; }
  std::vector<Row> const& rows() const&& = delete;

 private:
  explicit Shipped(std::vector<Row> rows) : rows_{std::move(rows)} {}
  std::vector<Row> rows_;
};

}  // namespace fabrica::facts
