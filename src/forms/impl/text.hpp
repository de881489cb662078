#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fabrica::forms {

enum class Lines : std::uint8_t { one, several };

// What is wrong with a value: a stable token, the fault and what to change.
struct Objection {
  std::string_view rule;
  std::string what;
  std::string remedy;
};

// Text as it is kept: NFC, line ends as \n, no white space at its ends. `objection` is set where it may not be kept at
// all. `text` must be UTF-8.
struct Cleaned {
  std::string text;
  std::optional<Objection> objection;
};
Cleaned clean(std::string_view text, Lines lines);

std::int64_t characters_of(std::string_view text);
std::int64_t words_of(std::string_view text);

bool is_date(std::string_view text);
bool is_email(std::string_view text);
bool is_web_address(std::string_view text);
// The 19 characters of an ORCID iD, its address cut off; empty when the check digit is wrong (ISO 7064 MOD 11-2).
std::string orcid_of(std::string_view text);
// Two capital letters as the Union writes them: ISO 3166-1 with EL and UK for GR and GB.
bool is_country(std::string_view code);
std::string country_name(std::string_view code);

// At most 60 bytes of a hostile text, cut between characters.
std::string shortened(std::string_view text);

}  // namespace fabrica::forms
