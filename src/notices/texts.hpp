#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "notices/types.hpp"

// What notices say. All sentences are in texts.cpp, one table a language.
namespace fabrica::notices {

enum class Language : std::uint8_t { english };

// What a template names in braces, as people read it: {project}, {call}, {round}, {outcome}, {due}, {count} ...
using Words = std::map<std::string, std::string, std::less<>>;

struct Text {
  std::string subject;  // one line
  std::string body;     // paragraphs; no greeting, no link
};
// `variant` picks a sentence of its own where the kind has one ("offered" of decision_made). A word that is not given
// leaves nothing.
Text text_of(Language language, NoticeKind kind, std::string_view variant, Words const& words);
// One line for the page of preferences.
std::string about(Language language, NoticeKind kind);

struct DigestLine {
  std::string subject;
  std::string path;
};
// `more`: how many there are besides these lines.
Text digest_text(Language language, std::string_view factory, std::vector<DigestLine> const& lines, std::int64_t more,
                 std::string_view public_url);

// What stands below the text of a mail. Links only where there is a public address.
struct Footer {
  std::string factory = {};
  std::string url = {};          // of the thing
  std::string preferences = {};  // of the page where one says what one wants to hear
  std::string unsubscribe = {};  // empty: this cannot be switched off
  bool decision = false;
};
std::string footer(Language language, Footer const& footer);

// Text that people wrote, fit to stand in a sentence: no control or direction characters, line breaks as spaces, at
// most `most` characters; isolated (U+2068, U+2069) when it has letters that may run right to left.
std::string quoted(std::string_view text, std::size_t most = 200);
// The same for a paragraph of its own: line breaks stay.
std::string paragraph(std::string_view text, std::size_t most = 4000);

}  // namespace fabrica::notices
