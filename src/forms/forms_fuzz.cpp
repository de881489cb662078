// A definition and its answers, divided by a byte 0xff, as strangers send them. What is accepted stays what it is when
// it is written, read and checked again, and every rendering of it is whole.
#include "base/check.hpp"
#include "forms/render.hpp"
#include "forms/shipped.hpp"

namespace {

using namespace fabrica;
using namespace fabrica::forms;

void fuzz_answers(Form const& form, std::string_view answers) {
  auto const draft = check(form, answers, Stage::draft);
  if (!draft) return;
  auto const submitted = check(form, answers, Stage::submission);
  FABRICA_CHECK(submitted.has_value());
  if (submitted->accepted()) {
    auto const again = check(form, submitted->answers, Stage::submission);
    FABRICA_CHECK(again && again->accepted() && again->answers == submitted->answers && again->dropped.empty());
  }
  if (!draft->accepted()) return;
  auto const strict = json::canonical(draft->answers);
  FABRICA_CHECK(strict && *strict == draft->answers);
  auto const kept = canonical(form, draft->answers);
  FABRICA_CHECK(kept && *kept == draft->answers);
  for (auto const reader : {Reader{Audience::officer}, Reader{Audience::reviewer, true}, Reader{Audience::public_}}) {
    auto const shown = sheet(form, draft->answers, reader);
    FABRICA_CHECK(shown.has_value());
    FABRICA_CHECK(json::Document::parse(json::write(*shown), {.bytes = 1 << 26}).has_value());
    FABRICA_CHECK(html(*shown, {}).find("<script") == std::string::npos);
    auto const row = csv_row(form, draft->answers, reader, "r");
    FABRICA_CHECK(row && row->ends_with("\r\n"));
  }
  auto const known = reusable(form, draft->answers);
  FABRICA_CHECK(known.has_value());
  FABRICA_CHECK(carry(form, *known).put_into(draft->answers).has_value());
  FABRICA_CHECK(declarations(form, draft->answers).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static Form const application = *shipped("first-come-short");
  std::string_view const input{reinterpret_cast<char const*>(data), size};
  auto const cut = std::min(input.find('\xff'), input.size());
  auto const answers = input.substr(std::min(cut + 1, input.size()));
  if (auto const form = parse(input.substr(0, cut))) {
    auto const again = parse(json::write(*form));
    FABRICA_CHECK(again && digest(*again) == digest(*form));
    FABRICA_CHECK(diff(*form, *again).empty());
    FABRICA_CHECK(
        json::Document::parse(json_schema(*form, Stage::submission), {.bytes = 1 << 26, .depth = 64}).has_value());
    fuzz_answers(*form, answers);
  }
  fuzz_answers(application, input);
  return 0;
}
