// Writing a file, at kCache:
//
//   1. It is written to a new file in tmp/, its payload hashed once more on the
//      way; bytes other than those that the digest is of fail the put.
//   2. It is renamed to blobs/ab/cdef...: it appears complete or not at all.
//      Renaming over a file that another process put there meanwhile, or over a
//      damaged one, is right: both have the same name for the same bytes.
//
// After a power cut the name may be there and the bytes not: reading checks.
//
// At kDurable:
//
//   1. As above, and the bytes are synced (fdatasync).
//   2. As above.
//   3. The folder blobs/ab is synced, and the first time that this process does
//      so blobs/ as well, so that the folder itself is there.
//
// or, for many files at once: 1 and 2 as at kCache, and then all of the file
// system is synced. A file that was there already, perhaps from a process that
// does not sync, is synced with its folder, once per process and state. A sync
// that failed is never repeated: the system may have dropped the bytes and
// would report success. What is new is removed, what was there is replaced by a
// new file.
//
// A crash before 2 leaves a file in tmp/, later one that nobody relies on:
// garbage, which is never read.

#include "ireneo/store/blob_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/store/codec.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

constexpr char kBlobs[] = "blobs";
constexpr char kTemporary[] = "tmp";
constexpr char kQuarantine[] = "quarantine";

// Of a file name: the hex digits that are not the folder's.
constexpr std::size_t kNameSize = 2 * Digest::kSize - 2;

// Writes the file of a blob and hashes the payload.
class FileSink final : public Sink {
 public:
  FileSink(WritableFile& file, std::uint64_t size, const WriteOptions& options)
      : file_(file), size_(size) {
    // What shall be raw does not pass through a compressor, which would gather
    // it for a look.
    if (options.compression.kind() == Compression::Kind::kNone) return;
    compressor_.emplace(options.compression, size, options.hint,
                        [this](std::span<const std::byte> bytes) {
                          return AppendToFile(bytes);
                        });
  }

  // To be called once the payload was written, all of it.
  absl::Status Finish() {
    return compressor_.has_value() ? compressor_->Finish() : absl::OkStatus();
  }

  Digest digest() const { return hasher_.digest(); }
  BlobCodec codec() const {
    return compressor_.has_value() ? compressor_->codec() : BlobCodec::kRaw;
  }
  std::uint64_t stored() const { return stored_; }

 private:
  void Append(std::span<const std::byte> bytes) override {
    hasher_.Update(bytes);
    if (position() > size_) return;  // Its digest is another one.
    absl::Status status = compressor_.has_value() ? compressor_->Append(bytes)
                                                  : AppendToFile(bytes);
    if (!status.ok()) Fail(std::move(status));
  }

  absl::Status AppendToFile(std::span<const std::byte> bytes) {
    stored_ += bytes.size();
    return file_.Append(bytes);
  }

  WritableFile& file_;
  const std::uint64_t size_;
  std::uint64_t stored_ = 0;
  Hasher hasher_;
  std::optional<Compressor> compressor_;
};

// Compares what is written with what there is.
class CompareSink final : public Sink {
 public:
  explicit CompareSink(std::span<const std::byte> expected) : rest_(expected) {}

  bool equal() const { return equal_ && rest_.empty(); }

 private:
  void Append(std::span<const std::byte> bytes) override {
    equal_ = equal_ && bytes.size() <= rest_.size() &&
             std::memcmp(bytes.data(), rest_.data(), bytes.size()) == 0;
    if (equal_) rest_ = rest_.subspan(bytes.size());
  }

  std::span<const std::byte> rest_;
  bool equal_ = true;
};

std::string RandomHex() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8));
}

// Files that a process was killed over. Nobody writes one for so long.
constexpr absl::Duration kLeftOverAge = absl::Hours(24);

// Trouble here is none of the caller's: another process may be tidying up too.
void RemoveLeftOvers(const std::filesystem::path& folder,
                     const FileSystem& file_system) {
  const auto names = file_system.List(folder);
  if (!names.ok()) return;
  const absl::Time limit = absl::Now() - kLeftOverAge;
  for (const std::string& name : *names) {
    const absl::StatusOr<FileInfo> info = file_system.Stat(folder / name);
    if (info.ok() && absl::FromUnixNanos(info->mtime_ns) < limit) {
      (void)file_system.Remove(folder / name);
    }
  }
}

// Whether a file of that state can be it. That of a compressed file tells
// little: two writers can have written it with different settings.
bool Fits(const BlobFile& file, const FileInfo& info) {
  return file.codec == BlobCodec::kRaw ? info.size == file.stored
                                       : info.size > 0;
}

std::uint64_t SizeIn(BlobCodec codec, const FileInfo& info) {
  return codec == BlobCodec::kRaw ? info.size : BlobFile::kUnknownSize;
}

// Of a mapped file, what is brought in and hashed at a time: what is larger
// than the memory would be read twice otherwise.
constexpr std::size_t kHashedAtOnce = 4 << 20;

// Nothing if a part cannot be read.
std::optional<Digest> DigestOf(std::span<const std::byte> payload) {
  Hasher hasher;
  while (!payload.empty()) {
    const auto part = payload.first(std::min(kHashedAtOnce, payload.size()));
    payload = payload.subspan(part.size());
    if (!BringIn(part)) return std::nullopt;
    hasher.Update(part);
  }
  return hasher.digest();
}

absl::Status CannotRead(const std::filesystem::path& path) {
  return absl::ErrnoToStatus(
      EIO, absl::StrCat("cannot read ", path.native(),
                        ", of which a part is missing or its disk fails"));
}

bool Has(const absl::flat_hash_map<Digest, FileInfo>& files,
         const Digest& digest, const FileInfo& info) {
  const auto it = files.find(digest);
  return it != files.end() && IsSameFile(it->second, info);
}

}  // namespace

absl::Status CollisionError(const Digest& digest,
                            const std::filesystem::path& directory) {
  return absl::AlreadyExistsError(absl::StrCat(
      "other bytes with the same digest ", digest.ToString(), " are in ",
      directory.native(),
      ": they stay, and these can not be stored in the same store"));
}

BlobFiles::BlobFiles(std::filesystem::path directory,
                     const FileSystem& file_system,
                     const BlobStoreOptions& options)
    : directory_(std::move(directory)),
      file_system_(file_system),
      options_(options),
      unique_(RandomHex()) {}

absl::StatusOr<std::unique_ptr<BlobFiles>> BlobFiles::Open(
    const std::filesystem::path& directory, const FileSystem& file_system,
    const BlobStoreOptions& options) {
  if (!options.read_only) {
    for (const char* folder : {kBlobs, kTemporary, kQuarantine}) {
      IRENEO_RETURN_IF_ERROR(file_system.CreateDirectory(directory / folder));
    }
    if (options.durability == Durability::kDurable) {
      IRENEO_RETURN_IF_ERROR(file_system.Sync(directory));
    }
    RemoveLeftOvers(directory / kTemporary, file_system);
  }
  return std::unique_ptr<BlobFiles>(
      new BlobFiles(directory, file_system, options));
}

std::filesystem::path BlobFiles::PathOf(const Digest& digest,
                                        BlobCodec codec) const {
  const std::string hex = digest.ToHex();
  std::string name = hex.substr(2);
  name += Suffix(codec);
  return directory_ / kBlobs / hex.substr(0, 2) / name;
}

std::string BlobFiles::UniqueName() const {
  return absl::StrCat(ProcessId(), "-", unique_, "-",
                      unique_count_.fetch_add(1));
}

// ------------------------------------------------------------------- Looking

absl::StatusOr<bool> BlobFiles::Exists(const BlobFile& file) const {
  const absl::StatusOr<FileInfo> info =
      file_system_.Stat(PathOf(file.digest, file.codec));
  if (absl::IsNotFound(info.status())) return false;
  if (!info.ok()) return info.status();
  return Fits(file, *info);
}

std::optional<FileInfo> BlobFiles::StateOf(const BlobFile& file) const {
  const absl::StatusOr<FileInfo> info =
      file_system_.Stat(PathOf(file.digest, file.codec));
  return info.ok() ? std::optional(*info) : std::nullopt;
}

absl::StatusOr<std::optional<BlobFiles::Found>> BlobFiles::Find(
    const Digest& digest) const {
  const auto look =
      [&](BlobCodec codec) -> absl::StatusOr<std::optional<Found>> {
    const absl::StatusOr<FileInfo> info =
        file_system_.Stat(PathOf(digest, codec));
    if (absl::IsNotFound(info.status())) return std::nullopt;
    if (!info.ok()) return info.status();
    return Found{.file = {.digest = digest,
                          .size = SizeIn(codec, *info),
                          .codec = codec,
                          .stored = info->size},
                 .info = *info};
  };
  for (const BlobCodec codec : kAllCodecs) {
    IRENEO_ASSIGN_OR_RETURN(std::optional<Found> found, look(codec));
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

bool BlobFiles::IsGood(const BlobFile& file) const {
  const std::filesystem::path path = PathOf(file.digest, file.codec);
  const absl::StatusOr<FileInfo> info = file_system_.Stat(path);
  if (!info.ok() || !Fits(file, *info)) return false;
  if (options_.durability == Durability::kDurable) {
    const std::lock_guard lock(mutex_);
    if (Has(sync_failed_, file.digest, *info)) return false;
  }
  const bool hash = options_.verify == VerifyReads::kOnce ||
                    options_.verify == VerifyReads::kAlways ||
                    info->size != file.stored;
  if (!hash ||
      // Its bytes are about to be compared.
      options_.dedup_check == DedupCheck::kCompareBytes ||
      IsVerified(file.digest, *info)) {
    return true;
  }
  // A damaged file must not stand for the good bytes that are at hand.
  const absl::Time now = absl::Now();
  absl::StatusOr<FileContents> contents = file_system_.Read(path);
  if (!contents.ok()) return false;
  const FileInfo read = contents->info;
  const absl::StatusOr<Blob> payload = PayloadOf(file, *std::move(contents));
  return payload.ok() && Verify(file, read, *payload, now).value_or(false);
}

absl::StatusOr<std::uint64_t> BlobFiles::SizeOf(const BlobFile& file) const {
  if (file.size != BlobFile::kUnknownSize) return file.size;
  const std::filesystem::path path = PathOf(file.digest, file.codec);
  IRENEO_ASSIGN_OR_RETURN(const FileContents contents, file_system_.Read(path));
  if (!BringIn(contents.blob.bytes())) return CannotRead(path);
  return DeclaredSize(file.codec, contents.blob.bytes());
}

absl::StatusOr<Blob> BlobFiles::PayloadOf(const BlobFile& file,
                                          FileContents contents) const {
  if (file.codec == BlobCodec::kRaw) return std::move(contents.blob);
  if (!BringIn(contents.blob.bytes())) {
    return CannotRead(PathOf(file.digest, file.codec));
  }
  std::uint64_t size = file.size;
  if (size == BlobFile::kUnknownSize) {
    IRENEO_ASSIGN_OR_RETURN(size,
                            DeclaredSize(file.codec, contents.blob.bytes()));
  }
  return Decompress(file.codec, contents.blob.bytes(), size);
}

absl::StatusOr<bool> BlobFiles::HasBytesOf(
    const BlobFile& file, absl::FunctionRef<void(Sink&)> write) const {
  absl::StatusOr<FileContents> contents =
      file_system_.Read(PathOf(file.digest, file.codec));
  if (!contents.ok()) return false;
  const absl::StatusOr<Blob> payload = PayloadOf(file, *std::move(contents));
  if (!payload.ok() || !BringIn(payload->bytes())) return false;
  CompareSink compared(payload->bytes());
  write(compared);
  compared.Flush();
  IRENEO_RETURN_IF_ERROR(compared.status());
  if (compared.equal()) return true;
  if (Digest::Of(payload->bytes()) != file.digest) return false;
  return CollisionError(file.digest, directory_);
}

// ------------------------------------------------------------------- Writing

BlobFiles::Unpublished::~Unpublished() {
  if (files_ != nullptr) (void)files_->file_system_.Remove(path_);
}

absl::StatusOr<BlobFiles::Unpublished> BlobFiles::Write(
    const Digest& digest, std::uint64_t size,
    absl::FunctionRef<void(Sink&)> write, const WriteOptions& options) {
  std::filesystem::path path = directory_ / kTemporary / UniqueName();
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                          file_system_.Create(path));
  Unpublished unpublished(*this, std::move(path));
  FileSink sink(*file, size, options);
  write(sink);
  sink.Flush();
  IRENEO_RETURN_IF_ERROR(sink.status());
  if (sink.position() != size || sink.digest() != digest) {
    return absl::InternalError(absl::StrCat(
        "the serializer wrote other bytes to store than to hash (",
        digest.ToString(), "): is it a pure function of the value?"));
  }
  IRENEO_RETURN_IF_ERROR(sink.Finish());
  unpublished.file_ = {.digest = digest,
                       .size = size,
                       .codec = sink.codec(),
                       .stored = sink.stored()};
  const bool sync =
      options_.durability == Durability::kDurable && !options.defer_sync;
  if (sync) IRENEO_RETURN_IF_ERROR(file->Sync());
  IRENEO_RETURN_IF_ERROR(file->Close());
  if (sync) {
    unpublished.synced_ = true;
    const absl::StatusOr<FileInfo> info = file_system_.Stat(unpublished.path_);
    if (info.ok()) unpublished.info_ = *info;
  }
  return unpublished;
}

absl::Status BlobFiles::Publish(Unpublished& unpublished) {
  const Digest& digest = unpublished.file_.digest;
  const std::filesystem::path path = PathOf(digest, unpublished.file_.codec);
  absl::Status status = file_system_.Rename(unpublished.path_, path);
  if (absl::IsNotFound(status)) {
    // The first blob of its shard.
    IRENEO_RETURN_IF_ERROR(file_system_.CreateDirectory(path.parent_path()));
    status = file_system_.Rename(unpublished.path_, path);
  }
  if (!status.ok()) return status;
  unpublished.files_ = nullptr;
  if (!unpublished.synced_) return absl::OkStatus();
  status = SyncFolder(ShardOf(digest));
  if (unpublished.info_.has_value()) {
    const std::lock_guard lock(mutex_);
    (status.ok() ? synced_ : sync_failed_)
        .insert_or_assign(digest, *unpublished.info_);
  }
  return status;
}

absl::StatusOr<BlobFiles::Ensured> BlobFiles::Ensure(
    const Digest& digest, std::uint64_t size,
    const std::optional<BlobFile>& known, absl::FunctionRef<void(Sink&)> write,
    const WriteOptions& options) {
  const bool durable = options_.durability == Durability::kDurable;
  const bool compare = options.compare;
  if (known.has_value() && (known->size == size || compare) && IsGood(*known)) {
    bool good = true;
    if (compare) {
      IRENEO_ASSIGN_OR_RETURN(good, HasBytesOf(*known, write));
    }
    if (good) {
      Ensured ensured{.file = *known, .present = true};
      if (!durable) return ensured;
      if (const std::optional<FileInfo> info = StateOf(*known)) {
        const std::lock_guard lock(mutex_);
        ensured.was_synced = Has(synced_, digest, *info);
      }
      ensured.unsynced = !ensured.was_synced && options.defer_sync;
      if (ensured.was_synced || options.defer_sync || Sync(*known).ok()) {
        return ensured;
      }
    }
  }
  IRENEO_ASSIGN_OR_RETURN(Unpublished file,
                          Write(digest, size, write, options));
  IRENEO_RETURN_IF_ERROR(Publish(file));
  return Ensured{.file = file.file(),
                 .unsynced = durable && options.defer_sync};
}

// ------------------------------------------------------------------- Syncing

absl::Status BlobFiles::SyncFolder(std::uint8_t shard) {
  const std::filesystem::path folder = PathOf(Digest({shard})).parent_path();
  IRENEO_RETURN_IF_ERROR(file_system_.Sync(folder));
  if (!shard_synced_[shard].load()) {
    IRENEO_RETURN_IF_ERROR(file_system_.Sync(directory_ / kBlobs));
    shard_synced_[shard].store(true);
  }
  return absl::OkStatus();
}

absl::Status BlobFiles::Sync(const BlobFile& file) {
  return SyncEach({&file, 1}, [&]() -> absl::Status {
    IRENEO_RETURN_IF_ERROR(file_system_.Sync(PathOf(file.digest, file.codec)));
    return SyncFolder(ShardOf(file.digest));
  });
}

absl::Status BlobFiles::SyncAll(std::span<const BlobFile> files) {
  return SyncEach(files, [&]() -> absl::Status {
    IRENEO_RETURN_IF_ERROR(file_system_.SyncAll(directory_));
    for (const BlobFile& file : files) {
      shard_synced_[ShardOf(file.digest)].store(true);
    }
    return absl::OkStatus();
  });
}

absl::Status BlobFiles::SyncEach(std::span<const BlobFile> files,
                                 absl::FunctionRef<absl::Status()> sync) {
  // The states from before: what comes to have the name meanwhile is another
  // file.
  std::vector<std::pair<Digest, FileInfo>> states;
  for (const BlobFile& file : files) {
    IRENEO_ASSIGN_OR_RETURN(const FileInfo info,
                            file_system_.Stat(PathOf(file.digest, file.codec)));
    const std::lock_guard lock(mutex_);
    if (Has(sync_failed_, file.digest, info)) {
      return absl::AbortedError(
          absl::StrCat(PathOf(file.digest, file.codec).native(),
                       " could not be put on the disk before: store it again"));
    }
    if (!Has(synced_, file.digest, info)) {
      states.emplace_back(file.digest, info);
    }
  }
  if (states.empty()) return absl::OkStatus();
  absl::Status status = sync();
  const std::lock_guard lock(mutex_);
  for (const auto& [digest, info] : states) {
    (status.ok() ? synced_ : sync_failed_).insert_or_assign(digest, info);
  }
  return status;
}

// ------------------------------------------------------------------- Reading

absl::StatusOr<Blob> BlobFiles::Read(const BlobFile& file, VerifyReads verify,
                                     std::optional<FileInfo>& observed) const {
  const absl::Time now = absl::Now();
  const std::filesystem::path path = PathOf(file.digest, file.codec);
  absl::StatusOr<FileContents> contents = file_system_.Read(path);
  if (absl::IsFailedPrecondition(contents.status()) ||
      absl::IsDataLoss(contents.status())) {
    observed = StateOf(file);
    return absl::DataLossError(contents.status().message());
  }
  if (!contents.ok()) return contents.status();
  const FileInfo info = contents->info;
  if (!Fits(file, info) && verify != VerifyReads::kNever) {
    observed = info;
    return absl::DataLossError(
        absl::StrCat("its file has ", info.size, " bytes of ", file.stored));
  }
  absl::StatusOr<Blob> payload = PayloadOf(file, *std::move(contents));
  if (absl::IsDataLoss(payload.status())) observed = info;
  if (!payload.ok()) return payload;
  const bool hash =
      verify == VerifyReads::kAlways ||
      (verify == VerifyReads::kOnce && !IsVerified(file.digest, info)) ||
      (verify == VerifyReads::kSize && info.size != file.stored);
  if (hash) {
    IRENEO_ASSIGN_OR_RETURN(const bool good, Verify(file, info, *payload, now));
    if (!good) {
      observed = info;
      return absl::DataLossError("the bytes of its file are not those stored");
    }
  }
  return payload;
}

bool BlobFiles::IsVerified(const Digest& digest, const FileInfo& info) const {
  const std::lock_guard lock(mutex_);
  const auto it = verified_.find(digest);
  return it != verified_.end() && it->second == info;
}

absl::StatusOr<bool> BlobFiles::Verify(const BlobFile& file,
                                       const FileInfo& info,
                                       const Blob& payload,
                                       absl::Time read_at) const {
  const std::optional<Digest> digest = DigestOf(payload.bytes());
  if (!digest.has_value()) return CannotRead(PathOf(file.digest, file.codec));
  if (*digest != file.digest) return false;
  if (absl::FromUnixNanos(info.ctime_ns) + kClockTick < read_at) {
    const std::lock_guard lock(mutex_);
    verified_.insert_or_assign(file.digest, info);
  }
  return true;
}

std::string BlobFiles::SetAside(const BlobFile& file,
                                const std::optional<FileInfo>& found) const {
  const std::filesystem::path path = PathOf(file.digest, file.codec);
  std::filesystem::path kept =
      directory_ / kQuarantine /
      absl::StrCat(path.parent_path().filename().native(),
                   path.filename().native());
  absl::Status moved = file_system_.Rename(path, kept);
  if (!moved.ok() && !absl::IsNotFound(moved)) {
    // A directory and what was set aside before do not replace each other.
    kept += "-" + UniqueName();
    moved = file_system_.Rename(path, kept);
  }
  if (!moved.ok()) return "";
  // Another process may have just put a good one in its place.
  if (found.has_value() && PutBackUnless(*found, file_system_, kept, path)) {
    if (options_.durability == Durability::kDurable) {
      (void)file_system_.Sync(path.parent_path());
    }
    return "";
  }
  return "; kept as " + kept.native();
}

// ------------------------------------------------------- Touching, removing

absl::Status BlobFiles::Touch(const BlobFile& file) const {
  return file_system_.Touch(PathOf(file.digest, file.codec));
}

absl::Status BlobFiles::Remove(const Digest& digest, BlobCodec codec) {
  {
    const std::lock_guard lock(mutex_);
    verified_.erase(digest);
    synced_.erase(digest);
  }
  absl::Status status = file_system_.Remove(PathOf(digest, codec));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status BlobFiles::RemoveAll(const Digest& digest) {
  absl::Status status;
  for (const BlobCodec codec : kAllCodecs) {
    status.Update(Remove(digest, codec));
  }
  return status;
}

absl::Status BlobFiles::ForEach(
    std::uint8_t shard, absl::FunctionRef<bool(const Found&)> visit) const {
  const std::filesystem::path folder = PathOf(Digest({shard})).parent_path();
  const absl::StatusOr<std::vector<std::string>> names =
      file_system_.List(folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name.size() < kNameSize) continue;
    const absl::StatusOr<Digest> digest = Digest::Parse(absl::StrCat(
        "xxh3:", folder.filename().native(), name.substr(0, kNameSize)));
    const std::optional<BlobCodec> codec =
        name.size() == kNameSize ? BlobCodec::kRaw
                                 : BlobCodecWithSuffix(name.substr(kNameSize));
    if (!digest.ok() || !codec.has_value()) continue;
    const absl::StatusOr<FileInfo> info = file_system_.Stat(folder / name);
    if (absl::IsNotFound(info.status())) continue;  // Removed meanwhile.
    if (!info.ok()) return info.status();
    if (!visit({.file = {.digest = *digest,
                         .size = SizeIn(*codec, *info),
                         .codec = *codec,
                         .stored = info->size},
                .info = *info})) {
      break;
    }
  }
  return absl::OkStatus();
}

}  // namespace ireneo
