#include "blobs/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "blobs/impl/files.hpp"

namespace fabrica::blobs {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> mismatch(crypto::Digest const& wanted, crypto::Digest const& got) {
  return fail(
      Errc::invalid, "digest_mismatch",
      fmt::format("The bytes have SHA-256 {}, not {}: send the right file, undamaged.", got.hex(), wanted.hex()));
}

std::unexpected<Error> lost_bytes(std::string const& path) {
  return fail(Errc::unavailable, "file",
              fmt::format("{} has lost bytes that were received: start a new upload.", path));
}

// The names of a folder that are files, read in one go so that removing while visiting is safe.
Result<std::vector<std::string>> names_in(fs::path const& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  if (error) return file_error("list", folder.string(), error.value());
  return names;
}

}  // namespace

Reader::Reader(Reader&& other) noexcept : file_{std::exchange(other.file_, -1)}, size_bytes_{other.size_bytes_} {}
Reader& Reader::operator=(Reader&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}
Reader::~Reader() {
  if (file_ >= 0) ::close(file_);
}

Result<std::size_t> Reader::read(std::int64_t offset, std::span<std::uint8_t> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    auto const got = ::pread(file_, out.data() + done, out.size() - done, offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", "a blob", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Mapped::~Mapped() {
  // munmap takes what mmap gave.
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

Result<Mapped> Reader::map() const {
  if (size_bytes_ == 0) return Mapped{{}};
  auto const size = static_cast<std::size_t>(size_bytes_);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file_, 0);
  if (at == MAP_FAILED) return file_error("map", "a blob", errno);
  return Mapped{{static_cast<std::uint8_t const*>(at), size}};
}

Result<Store> Store::open(fs::path folder, Clock const& clock) {
  for (auto const& path : {folder, folder / "blobs", folder / "incoming", folder / "uploads"})
    FABRICA_DO(make_folder(path.string()));
  return Store{std::move(folder), clock};
}

fs::path Store::path_of(crypto::Digest const& digest) const {
  auto const name = digest.hex();
  return folder_ / "blobs" / name.substr(0, 2) / name.substr(2);
}

std::string Store::upload_path(PublicId const& id) const { return (folder_ / "uploads" / id.text()).string(); }

Result<Store::Writer> Store::begin() const {
  auto path = (folder_ / "incoming" / "XXXXXX").string();
  int const file = ::mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return file_error("make", path, errno);
  return Writer{*this, file, std::move(path)};
}

Store::Writer::Writer(Writer&& other) noexcept
    : store_{other.store_},
      file_{std::exchange(other.file_, -1)},
      path_{std::move(other.path_)},
      hash_{other.hash_},
      size_bytes_{other.size_bytes_} {}

Store::Writer::~Writer() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(path_.c_str());
}

Result<> Store::Writer::write(ByteView piece) {
  FABRICA_DO(write_all(file_, path_, size_bytes_, piece));
  hash_.update(piece);
  size_bytes_ += static_cast<std::int64_t>(piece.size());
  return {};
}

Result<Stored> Store::Writer::finish(std::optional<crypto::Digest> const& expected) {
  auto const digest = hash_.finish();
  if (expected && *expected != digest) return mismatch(*expected, digest);
  FABRICA_DO(store_->name_blob(file_, path_, digest));
  return Stored{digest, size_bytes_};
}

// Synced before it has its name, and the name synced before anybody hears of it: a row never names what a power cut
// could take. A blob that is there already is replaced by the same bytes, which also heals a damaged one and renews its
// age.
Result<> Store::name_blob(int file, std::string const& from, crypto::Digest const& digest) const {
  auto const to = path_of(digest);
  FABRICA_DO(set_changed(file, from, clock_->now()));
  if (::fchmod(file, 0400) != 0) return file_error("protect", from, errno);
  FABRICA_DO(sync(file, from));
  FABRICA_TRY(auto const lock, lock_folder(folder_.string(), false));
  FABRICA_DO(make_folder(to.parent_path().string()));
  if (::rename(from.c_str(), to.c_str()) != 0) return file_error("name", to.string(), errno);
  // rename() between two names of one file keeps both.
  FABRICA_DO(remove_file(from));
  return sync_folder(to.parent_path().string());
}

Result<Stored> Store::put(ByteView bytes) const {
  FABRICA_TRY(auto writer, begin());
  FABRICA_DO(writer.write(bytes));
  return writer.finish();
}

Result<Reader> Store::open_blob(crypto::Digest const& digest) const {
  auto const path = path_of(digest).string();
  File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat info{};
  if (!file && errno == ENOENT)
    return fail(Errc::not_found, "blob_missing",
                fmt::format("The file of blob {} is not there: restore it from a backup.", digest.hex()));
  if (!file || ::fstat(file.number(), &info) != 0) return file_error("open", path, errno);
  return Reader{file.release(), info.st_size};
}

Result<Stored> Store::rehash(crypto::Digest const& digest) const {
  FABRICA_TRY(auto const reader, open_blob(digest));
  FABRICA_TRY(auto const found, crypto::sha256_fd(reader.file()));
  return Stored{found.digest, static_cast<std::int64_t>(found.size_bytes)};
}

Result<bool> Store::remove_stored_before(crypto::Digest const& digest, Micros before) const {
  auto const path = path_of(digest).string();
  FABRICA_TRY(auto const lock, lock_folder(folder_.string(), true));
  std::error_code error;
  if (!fs::exists(path, error) && !error) return true;
  FABRICA_TRY(auto const stored, changed(path));
  if (stored >= before) return false;
  FABRICA_DO(remove_file(path));
  return true;
}

Result<> Store::for_each(std::function<void(crypto::Digest const&)> const& visit) const {
  FABRICA_TRY(auto const folders, names_in(folder_ / "blobs"));
  for (auto const& folder : folders) {
    FABRICA_TRY(auto const names, names_in(folder_ / "blobs" / folder));
    for (auto const& name : names)
      if (auto const digest = crypto::Digest::from_hex(folder + name)) visit(*digest);
  }
  return {};
}

Result<std::int64_t> Store::remove_incoming_before(Micros before) const {
  FABRICA_TRY(auto const names, names_in(folder_ / "incoming"));
  std::int64_t removed = 0;
  for (auto const& name : names) {
    auto const path = (folder_ / "incoming" / name).string();
    auto const time = changed(path);
    if (!time || *time >= before) continue;  // a writer that has just finished took it away
    FABRICA_TRY(auto const gone, remove_file(path));
    removed += gone ? 1 : 0;
  }
  return removed;
}

Result<Store::UploadFile> Store::hold_upload(PublicId const& id) const {
  auto const path = upload_path(id);
  File file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return file_error("open", path, errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, "upload_busy",
                "Another request is writing this upload: wait for it, then ask how far it got.");
  return UploadFile{*this, file.release(), id};
}

Store::UploadFile::UploadFile(UploadFile&& other) noexcept
    : store_{other.store_}, file_{std::exchange(other.file_, -1)}, id_{std::move(other.id_)} {}
Store::UploadFile::~UploadFile() {
  if (file_ >= 0) ::close(file_);
}

Result<> Store::UploadFile::append(std::int64_t offset, ByteView bytes) {
  auto const path = store_->upload_path(id_);
  struct stat info{};
  if (::fstat(file_, &info) != 0) return file_error("look at", path, errno);
  // Its bytes have their name as a blob already, from a finish that was cut off: they must not change any more.
  if (info.st_nlink > 1) return fail(Errc::conflict, "upload_finished", "The upload is complete: finish it.");
  if (info.st_size < offset) return lost_bytes(path);
  if (::ftruncate(file_, offset) != 0) return file_error("write", path, errno);
  FABRICA_DO(write_all(file_, path, offset, bytes));
  FABRICA_DO(set_changed(file_, path, store_->clock_->now()));
  FABRICA_DO(sync(file_, path));
  if (offset == 0) return sync_folder((store_->folder_ / "uploads").string());
  return {};
}

Result<Stored> Store::UploadFile::finish(std::int64_t size_bytes, std::optional<crypto::Digest> const& expected) {
  auto const path = store_->upload_path(id_);
  struct stat info{};
  if (::fstat(file_, &info) != 0) return file_error("look at", path, errno);
  if (info.st_nlink == 1 && info.st_size > size_bytes && ::ftruncate(file_, size_bytes) != 0)
    return file_error("write", path, errno);
  if (::lseek(file_, 0, SEEK_SET) != 0) return file_error("read", path, errno);
  FABRICA_TRY(auto const found, crypto::sha256_fd(file_));
  if (static_cast<std::int64_t>(found.size_bytes) != size_bytes) return lost_bytes(path);
  if (expected && *expected != found.digest) return mismatch(*expected, found.digest);
  // A second name that becomes the blob's; the upload keeps its own until the row of the blob is committed, so that a
  // crash in between leaves something to finish again.
  auto const second = (store_->folder_ / "incoming" / id_.text()).string();
  FABRICA_DO(remove_file(second));
  if (::link(path.c_str(), second.c_str()) != 0) return file_error("name", second, errno);
  FABRICA_DO(store_->name_blob(file_, second, found.digest));
  return Stored{found.digest, size_bytes};
}

Result<> Store::remove_upload(PublicId const& id) const {
  FABRICA_DO(remove_file(upload_path(id)));
  return {};
}

Result<> Store::for_each_upload(std::function<void(PublicId const&, Micros)> const& visit) const {
  FABRICA_TRY(auto const names, names_in(folder_ / "uploads"));
  for (auto const& name : names) {
    auto const id = PublicId::parse(name);
    auto const time = changed((folder_ / "uploads" / name).string());
    if (id && time) visit(*id, *time);
  }
  return {};
}

}  // namespace fabrica::blobs
