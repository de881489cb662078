#include "calls/form_shelf.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "calls/impl/data_store.hpp"
#include "forms/shipped.hpp"

namespace fabrica::calls {
namespace {

constexpr std::size_t kKnownMax = 64;

}  // namespace

Result<BoundForm> FormShelf::parsed(std::string const& text, std::string const& digest) {
  FABRICA_TRY(auto form, forms::parse(text));
  BoundForm out{std::make_shared<forms::Form const>(std::move(form)), digest};
  if (out.digest.empty()) out.digest = forms::digest(*out.form);
  std::lock_guard const lock{guards_known_};
  if (known_.size() >= kKnownMax) known_.clear();
  known_.insert_or_assign(out.digest, out.form);
  return out;
}

Result<BoundForm> FormShelf::of(db::Tx& tx, std::string const& key, std::optional<std::string> const& digest) {
  if (digest) {
    std::lock_guard const lock{guards_known_};
    if (auto const found = known_.find(*digest); found != known_.end()) return BoundForm{found->second, *digest};
  }
  if (!digest) {
    FABRICA_TRY(auto const text, forms::shipped_text(key));
    return parsed(std::string{text}, {});
  }
  FABRICA_TRY(auto const text, tx.maybe<std::string>(store::kFormText, *digest));
  if (!text) return fail(Errc::not_found, "form", fmt::format("There is no form {} of digest {}.", key, *digest));
  return parsed(*text, *digest);
}

Result<BoundForm> FormShelf::bind(db::Tx& tx, std::string const& key, std::optional<std::string> const& digest,
                                  Micros now) {
  if (digest) {
    FABRICA_TRY(auto const text, tx.maybe<std::string>(store::kFormTextOfKey, *digest, key));
    if (text) return of(tx, key, digest);
  }
  FABRICA_TRY(auto const text, newest_text(tx, key));
  FABRICA_TRY(auto bound, parsed(text, {}));
  if (digest && bound.digest != *digest)
    return fail(Errc::not_found, "form_digest",
                fmt::format("The form {} was never kept under that digest: leave it out for the newest.", key));
  FABRICA_DO(tx.run(store::kFormTextKeep, bound.digest, key, json::write(*bound.form), now));
  return bound;
}

Result<std::string> FormShelf::newest_text(db::Tx& tx, std::string_view key) {
  FABRICA_TRY(auto const own, tx.maybe<store::OwnFormRow>(store::kOwnForm, key));
  if (own) return tx.one<std::string>(store::kFormText, own->digest);
  FABRICA_TRY(auto const shipped, forms::shipped_text(key));
  return std::string{shipped};
}

Result<std::vector<std::string>> FormShelf::keys(db::Tx& tx) {
  auto out = forms::shipped_keys();
  FABRICA_TRY(auto const own, tx.all<store::OwnFormRow>(store::kOwnForms));
  for (auto const& one : own) out.push_back(one.form_key);
  std::ranges::sort(out);
  auto const again = std::ranges::unique(out);
  out.erase(again.begin(), again.end());
  return out;
}

}  // namespace fabrica::calls
