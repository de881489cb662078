#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "crypto/keyfile.hpp"
#include "tlog/impl/text.hpp"
#include "tlog/witness.hpp"

namespace fabrica::tlog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "fabrica witness state v1";
constexpr std::size_t kMarkerBytesMax = 4 << 20;
constexpr std::size_t kEvidenceMax = 1000;

// What `witness-state` says: whose state this is, and for which origins (by SHA-256) a head was ever stored.
struct Marker {
  std::string vkey;
  std::set<std::string> heads;

  std::string text() const {
    auto out = fmt::format("{}\nkey {}\n", kFirstLine, vkey);
    for (auto const& head : heads) out += fmt::format("head {}\n", head);
    return out;
  }
};

fs::path marker_path(fs::path const& folder) { return folder / "witness-state"; }
fs::path head_path(fs::path const& folder, std::string const& hash) { return folder / "heads" / hash; }
std::string hash_of(std::string const& origin) { return crypto::sha256(origin).hex(); }

std::unexpected<Error> bad_state(fs::path const& path, std::string_view why) {
  return fail(
      Errc::invalid, "witness_state",
      fmt::format("{} {}. A witness that forgot what it cosigned could cosign a second history: do not repair or "
                  "restore it; retire this key and make a new witness with a new key.",
                  path.string(), why));
}

Result<Marker> read_marker(fs::path const& folder) {
  auto const path = marker_path(folder);
  auto const content = crypto::read_file(path, kMarkerBytesMax);
  if (!content && content.error().code == Errc::not_found)
    return fail(
        Errc::not_found, "witness_state_missing",
        fmt::format("There is no witness state in {}. A key that has cosigned must never start again from nothing: "
                    "if its state is lost, retire the key and make a new witness. Only a new key gets new state.",
                    folder.string()));
  if (!content) return std::unexpected(content.error());
  auto rest = as_text(*content);
  Marker marker;
  if (take_line(rest) != kFirstLine) return bad_state(path, "is not a witness state");
  while (auto const line = take_line(rest)) {
    if (line->starts_with("key ") && marker.vkey.empty()) marker.vkey = line->substr(4);
    else if (line->starts_with("head ") && crypto::Digest::from_hex(line->substr(5)))
      marker.heads.emplace(line->substr(5));
    else return bad_state(path, "is damaged");
  }
  if (marker.vkey.empty() || !rest.empty()) return bad_state(path, "is damaged");
  return marker;
}

// A head is the checkpoint we cosigned; our own cosignature on it shows that the file is whole.
Result<WitnessedHead> read_head(fs::path const& path, std::string const& hash, VerifierKey const& key) {
  auto const content = crypto::read_file(path, kNoteBytesMax);
  if (!content && content.error().code == Errc::not_found) return bad_state(path, "is missing");
  if (!content) return std::unexpected(content.error());
  auto const checkpoint = SignedCheckpoint::parse(as_text(*content));
  if (!checkpoint || hash_of(checkpoint->checkpoint.origin) != hash ||
      !verify_note(checkpoint->note, std::span{&key, 1}))
    return bad_state(path, "is damaged");
  return WitnessedHead{.size = checkpoint->checkpoint.size,
                       .root = checkpoint->checkpoint.root,
                       .checkpoint = std::string{as_text(*content)}};
}

std::unexpected<Error> cannot_make(fs::path const& path, std::error_code const& error) {
  return fail(Errc::unavailable, "file_write",
              fmt::format("{} could not be made: {}.", path.string(), error.message()));
}

}  // namespace

struct FileWitnessStore::Impl {
  fs::path folder;
  int lock = -1;
  // Guards the state and its files. Held while a head is written: compare and swap must be one step, and a witness that
  // answers another request between them would be the very race the protocol forbids.
  std::mutex state_mutex;
  Marker marker;
  std::map<std::string, WitnessedHead> heads;  // by origin hash

  Impl(fs::path where, int descriptor) : folder{std::move(where)}, lock{descriptor} {}
  ~Impl() {
    if (lock >= 0) ::close(lock);
  }
  Impl(Impl const&) = delete;
  Impl& operator=(Impl const&) = delete;

  Result<> load(VerifierKey const& key) {
    FABRICA_TRY(marker, read_marker(folder));
    if (marker.vkey != key.text())
      return fail(Errc::conflict, "witness_state_other_key",
                  fmt::format("The witness state in {} belongs to the key {}, not to {}.", folder.string(), marker.vkey,
                              key.text()));
    std::set<std::string> names = marker.heads;
    std::error_code error;
    // A head may be there that the marker does not name yet: we were stopped between the two.
    for (auto const& entry : fs::directory_iterator{folder / "heads", error})
      if (crypto::Digest::from_hex(entry.path().filename().string())) names.insert(entry.path().filename().string());
    if (error) return bad_state(folder / "heads", "is missing");
    for (auto const& name : names) {
      FABRICA_TRY(auto head, read_head(head_path(folder, name), name, key));
      heads[name] = std::move(head);
    }
    return {};
  }
};

FileWitnessStore::FileWitnessStore(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
FileWitnessStore::~FileWitnessStore() = default;

Result<> FileWitnessStore::create(fs::path const& folder, VerifierKey const& key) {
  std::error_code error;
  if (fs::exists(marker_path(folder), error))
    return fail(Errc::conflict, "witness_state_exists",
                fmt::format("There is a witness state in {} already.", folder.string()));
  if (fs::exists(folder / "heads", error) && !fs::is_empty(folder / "heads", error))
    return bad_state(marker_path(folder), "is missing, though the folder holds heads");
  fs::create_directories(folder / "heads", error);
  if (error) return cannot_make(folder / "heads", error);
  Marker const marker{.vkey = key.text(), .heads = {}};
  return crypto::replace_file(marker_path(folder), as_bytes(marker.text()));
}

Result<std::unique_ptr<FileWitnessStore>> FileWitnessStore::open(fs::path const& folder, VerifierKey const& key) {
  FABRICA_DO(read_marker(folder));  // before the lock file: a folder without state stays as it is
  auto const path = folder / "lock";
  int const lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0)
    return fail(Errc::unavailable, "file_write",
                fmt::format("{} could not be opened: {}.", path.string(), std::strerror(errno)));
  auto impl = std::make_unique<Impl>(folder, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, "witness_state_locked",
                fmt::format("Another witness uses the state in {}: stop it first.", folder.string()));
  FABRICA_DO(impl->load(key));
  return std::unique_ptr<FileWitnessStore>{new FileWitnessStore{std::move(impl)}};
}

Result<std::optional<WitnessedHead>> FileWitnessStore::head(std::string const& origin) {
  std::scoped_lock const hold{impl_->state_mutex};
  auto const found = impl_->heads.find(hash_of(origin));
  if (found == impl_->heads.end()) return std::optional<WitnessedHead>{};
  return std::optional{found->second};
}

Result<bool> FileWitnessStore::swap(std::string const& origin, std::uint64_t expected_size, WitnessedHead const& next) {
  std::scoped_lock const hold{impl_->state_mutex};
  auto const hash = hash_of(origin);
  auto const found = impl_->heads.find(hash);
  if ((found == impl_->heads.end() ? 0 : found->second.size) != expected_size) return false;
  FABRICA_DO(crypto::replace_file(head_path(impl_->folder, hash), as_bytes(next.checkpoint)));
  // The file may be there even where a later step fails: from here on the new head holds.
  impl_->heads[hash] = next;
  if (impl_->marker.heads.insert(hash).second) {
    auto const marked = crypto::replace_file(marker_path(impl_->folder), as_bytes(impl_->marker.text()));
    if (!marked) {
      impl_->marker.heads.erase(hash);
      return std::unexpected(marked.error());
    }
  }
  return true;
}

Result<> FileWitnessStore::keep_evidence(std::string const& origin, std::string_view request) {
  std::scoped_lock const hold{impl_->state_mutex};
  auto const folder = impl_->folder / "evidence";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return cannot_make(folder, error);
  // Named by what the log signed, which only the log can vary: a stranger who repeats it fills no disk.
  auto const parsed = AddCheckpoint::parse(request);
  auto const name = crypto::sha256(parsed ? std::string_view{parsed->checkpoint.note.text} : request).hex();
  auto const path = folder / fmt::format("{}-{}", hash_of(origin).substr(0, 16), name);
  if (fs::exists(path, error)) return {};
  auto const kept = std::distance(fs::directory_iterator{folder, error}, fs::directory_iterator{});
  if (error || static_cast<std::size_t>(kept) >= kEvidenceMax)
    return fail(Errc::too_large, "witness_evidence",
                fmt::format("{} holds as much evidence as it may.", folder.string()));
  return crypto::replace_file(path, as_bytes(request));
}

}  // namespace fabrica::tlog
