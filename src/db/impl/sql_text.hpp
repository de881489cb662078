#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fabrica::db {

// "$2" to "?2" outside of literals, quoted names and comments. SQLite numbers $n by first appearance and ?n by n.
std::string number_parameters(std::string_view sql);

// What both databases take as text and give back unchanged: UTF-8 without NUL.
bool storable_text(std::string_view text);

// FNV-1a, 64 bits: notices that a released migration was edited, not that somebody forged one.
std::uint64_t checksum(std::string_view text);

}  // namespace fabrica::db
