#include <fmt/format.h>

#include "crypto/sha256.hpp"
#include "journal/journal.hpp"

// What of the journal a verifier needs that has no database.
namespace fabrica::journal {

std::string commitment_of(ByteView salt, std::string_view canonical) {
  crypto::Sha256 hash;
  hash.update(salt);
  hash.update(canonical);
  return hash.finish().hex();
}

std::string log_entry(std::string_view commitment) { return fmt::format("fabrica/commitment/v1\n{}\n", commitment); }

}  // namespace fabrica::journal
