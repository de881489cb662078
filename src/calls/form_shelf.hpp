#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "calls/reviewed.hpp"
#include "db/db.hpp"
#include "forms/form.hpp"

namespace fabrica::calls {

// A form as a version of a call's rules holds it: by digest, so that neither an edit nor an upgrade of the program
// changes what a running proposal is asked.
struct BoundForm {
  std::shared_ptr<forms::Form const> form;  // the shelf and whoever reads hold it; immutable
  std::string digest;
};

// Which form a call names. Two layers: the operator's own forms stand before the shipped ones of the same key. Keeps
// the last ones it has parsed. Safe from any thread.
class FormShelf {
 public:
  // The form of that digest; without one (rules of before forms were bound) what is shipped under the key.
  // Errors: not_found "form".
  Result<BoundForm> of(db::Tx& tx, std::string const& key, std::optional<std::string> const& digest);
  // What the key means now, kept under its digest from here on; with a digest that one and no other.
  // Errors: not_found "form", not_found "form_digest".
  Result<BoundForm> bind(db::Tx& tx, std::string const& key, std::optional<std::string> const& digest, Micros now);
  // Its definition as JSON: own before shipped. Errors: not_found "form".
  static Result<std::string> newest_text(db::Tx& tx, std::string_view key);
  // Keys of both layers, sorted.
  static Result<std::vector<std::string>> keys(db::Tx& tx);

 private:
  Result<BoundForm> parsed(std::string const& text, std::string const& digest);

  std::mutex guards_known_;
  std::map<std::string, std::shared_ptr<forms::Form const>> known_;  // by digest
};

}  // namespace fabrica::calls
