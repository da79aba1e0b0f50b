// Writing a blob:
//
//   1. Hash it. If the database has a row for the digest and, for a large blob,
//      the file has the right size, nothing is left to do.
//   2. A large blob is written to a new file in tmp/, hashed once more on the
//      way; bytes that differ from those of step 1 fail the put.
//   3. The file is renamed to blobs/ab/cdef...: it appears complete or not at
//      all. Renaming over a file that another process put there meanwhile, or
//      over a damaged one, is right: both have the same name for the same
//      bytes.
//   4. The row is written, with the payload of a small blob in it.
//
// A crash before 3 leaves a file in tmp/, before 4 a file without a row; both
// are garbage and neither is ever read. Removing goes the other way: the row
// first, the file second.
//
// Nothing is synced to the disk: after a power cut a row may name a file whose
// bytes did not arrive. Reading checks size and digest, so such a blob is set
// aside and counts as lost, never as data.

#include "ireneo/store/local_blob_store.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

constexpr char kBlobs[] = "blobs";
constexpr char kTemporary[] = "tmp";
constexpr char kQuarantine[] = "quarantine";

// A multiple of the tick of the clock that stamps files: within one tick two
// states of a file can bear the same time.
constexpr absl::Duration kClockTick = absl::Milliseconds(50);

static_assert(LocalBlobStore::kInlineLimit <= Sink::kBufferSize,
              "a small blob is taken from the buffer of its DigestSink");

// Writes to a file and hashes what it writes.
class FileSink final : public Sink {
 public:
  explicit FileSink(WritableFile& file) : file_(file) {}

  Digest digest() const { return hasher_.digest(); }

 private:
  void Append(std::span<const std::byte> bytes) override {
    hasher_.Update(bytes);
    if (absl::Status status = file_.Append(bytes); !status.ok()) {
      Fail(std::move(status));
    }
  }

  WritableFile& file_;
  Hasher hasher_;
};

std::string RandomHex() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8));
}

// Files that a process was killed over. Nobody writes one for so long.
constexpr absl::Duration kLeftOverAge = absl::Hours(24);

// The row of a blob says when it was last put, to that much: long before its
// time of grace is over (memo/collection.h).
constexpr absl::Duration kFreshenAfter = absl::Minutes(1);

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

}  // namespace

std::string LocalBlobStore::Schema() {
  return R"sql(
    CREATE TABLE blobs(
      digest  BLOB PRIMARY KEY,  -- XXH3-128 of the payload
      size    INTEGER NOT NULL,  -- bytes of the payload
      created INTEGER NOT NULL,  -- microseconds since 1970, UTC
      data    BLOB               -- the payload; NULL if it is a file
    ) STRICT, WITHOUT ROWID;
  )sql";
}

LocalBlobStore::LocalBlobStore(std::filesystem::path directory,
                               Database& database,
                               const FileSystem& file_system)
    : directory_(std::move(directory)),
      database_(database),
      file_system_(file_system),
      unique_(RandomHex()) {}

absl::StatusOr<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(
    const std::filesystem::path& directory, Database& database,
    const FileSystem& file_system) {
  for (const char* folder : {kBlobs, kTemporary, kQuarantine}) {
    IRENEO_RETURN_IF_ERROR(file_system.CreateDirectory(directory / folder));
  }
  RemoveLeftOvers(directory / kTemporary, file_system);
  return std::unique_ptr<LocalBlobStore>(
      new LocalBlobStore(directory, database, file_system));
}

std::filesystem::path LocalBlobStore::PathOf(const Digest& digest) const {
  const std::string hex = digest.ToHex();
  return directory_ / kBlobs / hex.substr(0, 2) / hex.substr(2);
}

absl::StatusOr<bool> LocalBlobStore::IsPresent(const Digest& digest,
                                               std::uint64_t size) const {
  IRENEO_ASSIGN_OR_RETURN(const bool row, Contains(digest));
  if (!row) return false;
  const std::filesystem::path path = PathOf(digest);
  const absl::StatusOr<FileInfo> info = file_system_.Stat(path);
  if (!info.ok() || info->size != size) return false;
  if (IsVerified(digest, *info)) return true;
  // A damaged file must not stand for the good bytes that are at hand.
  const absl::Time now = absl::Now();
  const absl::StatusOr<FileContents> file = file_system_.Read(path);
  return file.ok() && Verify(digest, *file, now);
}

absl::StatusOr<StagedBlob> LocalBlobStore::Stage(
    absl::FunctionRef<void(Sink&)> write) {
  DigestSink hashed;
  write(hashed);
  if (!hashed.ok()) return hashed.status();
  StagedBlob blob{.digest = hashed.digest(), .size = hashed.position()};
  if (blob.size <= kInlineLimit) {
    const std::span<const std::byte> bytes = *hashed.small_bytes();
    blob.inline_bytes.assign(reinterpret_cast<const char*>(bytes.data()),
                             bytes.size());
  }
  // A small blob is all in its row, which `Commit` writes if it is missing.
  if (blob.size > kInlineLimit) {
    IRENEO_ASSIGN_OR_RETURN(blob.present, IsPresent(blob.digest, blob.size));
    if (!blob.present) IRENEO_RETURN_IF_ERROR(WriteFile(blob, write));
  }
  return blob;
}

std::string LocalBlobStore::UniqueName() const {
  return absl::StrCat(ProcessId(), "-", unique_, "-",
                      unique_count_.fetch_add(1));
}

absl::Status LocalBlobStore::WriteFile(const StagedBlob& blob,
                                       absl::FunctionRef<void(Sink&)> write) {
  const std::filesystem::path temporary =
      directory_ / kTemporary / UniqueName();
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                          file_system_.Create(temporary));
  const auto fill = [&]() -> absl::Status {
    FileSink sink(*file);
    write(sink);
    sink.Flush();
    IRENEO_RETURN_IF_ERROR(sink.status());
    if (sink.position() != blob.size || sink.digest() != blob.digest) {
      return absl::InternalError(absl::StrCat(
          "the serializer wrote other bytes to store than to hash (",
          blob.digest.ToString(), "): is it a pure function of the value?"));
    }
    return file->Close();
  };
  absl::Status status = fill();
  if (status.ok()) status = Publish(temporary, blob.digest);
  if (!status.ok()) (void)file_system_.Remove(temporary);
  return status;
}

absl::Status LocalBlobStore::Publish(const std::filesystem::path& temporary,
                                     const Digest& digest) {
  const std::filesystem::path path = PathOf(digest);
  absl::Status status = file_system_.Rename(temporary, path);
  if (!absl::IsNotFound(status)) return status;
  // The first blob of its shard.
  IRENEO_RETURN_IF_ERROR(file_system_.CreateDirectory(path.parent_path()));
  return file_system_.Rename(temporary, path);
}

absl::StatusOr<bool> LocalBlobStore::Commit(const StagedBlob& blob,
                                            Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare(
          "INSERT INTO blobs(digest, size, created, data) VALUES (?, ?, ?, ?) "
          // Heals a damaged small blob.
          "ON CONFLICT(digest) DO UPDATE SET size = excluded.size, "
          "data = excluded.data WHERE data IS NOT excluded.data"));
  insert.Bind(1, blob.digest)
      .Bind(2, static_cast<std::int64_t>(blob.size))
      .Bind(3, absl::ToUnixMicros(absl::Now()));
  if (blob.size <= kInlineLimit) {
    insert.Bind(4, std::as_bytes(std::span(blob.inline_bytes)));
  } else {
    insert.BindNull(4);
  }
  IRENEO_RETURN_IF_ERROR(insert.Run());
  const bool inserted = connection.changes() > 0;
  if (blob.size > kInlineLimit) {
    const absl::StatusOr<FileInfo> info =
        file_system_.Stat(PathOf(blob.digest));
    if (absl::IsNotFound(info.status()) ||
        (info.ok() && info->size != blob.size)) {
      return absl::AbortedError(absl::StrCat(
          "blob ", blob.digest.ToString(), " in ", directory_.native(),
          " was removed while it was being stored: try again"));
    }
  }
  return inserted;
}

absl::StatusOr<bool> LocalBlobStore::IsPresentAndFresh(const StagedBlob& blob,
                                                       Connection& connection) {
  bool fresh = false;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select, connection.Prepare("SELECT created FROM blobs "
                                             "WHERE digest = ? AND data IS ?"));
    select.Bind(1, blob.digest);
    if (blob.size <= kInlineLimit) {
      select.Bind(2, std::as_bytes(std::span(blob.inline_bytes)));
    } else {
      select.BindNull(2);
    }
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return false;
    fresh = absl::FromUnixMicros(select.ColumnInt64(0)) >
            absl::Now() - kFreshenAfter;
  }
  if (fresh) return true;
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare("UPDATE blobs SET created = ? WHERE digest = ?"));
    update.Bind(1, absl::ToUnixMicros(absl::Now())).Bind(2, blob.digest);
    IRENEO_RETURN_IF_ERROR(update.Run());
  }
  // If it was collected meanwhile, it is put once more.
  const bool present = connection.changes() > 0;
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return present;
}

absl::StatusOr<PutResult> LocalBlobStore::Put(
    absl::FunctionRef<void(Sink&)> write) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    IRENEO_ASSIGN_OR_RETURN(const StagedBlob blob, Stage(write));
    PutResult result{.digest = blob.digest, .size = blob.size};
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    if (blob.size <= kInlineLimit || blob.present) {
      // Looking is cheaper than a transaction that changes nothing.
      IRENEO_ASSIGN_OR_RETURN(const bool present,
                              IsPresentAndFresh(blob, connection));
      if (present) return result;
    }
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    absl::StatusOr<bool> inserted = Commit(blob, connection);
    if (absl::IsAborted(inserted.status()) && attempt < kAttempts) continue;
    if (!inserted.ok()) return std::move(inserted).status();
    result.inserted = *inserted;
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
    return result;
  }
}

absl::StatusOr<Blob> LocalBlobStore::Get(const Digest& digest) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT size, data FROM blobs WHERE digest = ?"));
  select.Bind(1, digest);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return absl::NotFoundError(absl::StrCat("no blob ", digest.ToString(),
                                            " in ", directory_.native()));
  }
  std::optional<std::span<const std::byte>> inline_bytes;
  if (!select.ColumnIsNull(1)) inline_bytes = select.ColumnBlob(1);
  return Load(digest, static_cast<std::uint64_t>(select.ColumnInt64(0)),
              inline_bytes);
}

absl::StatusOr<Blob> LocalBlobStore::Load(
    const Digest& digest, std::uint64_t size,
    std::optional<std::span<const std::byte>> inline_bytes) const {
  if (!inline_bytes.has_value()) return LoadFile(digest, size);
  if (inline_bytes->size() != size || Digest::Of(*inline_bytes) != digest) {
    return DropRow(digest, *inline_bytes);
  }
  return Blob::Copy(*inline_bytes);
}

absl::StatusOr<Blob> LocalBlobStore::LoadFile(const Digest& digest,
                                              std::uint64_t size) const {
  const absl::Time now = absl::Now();
  const std::filesystem::path path = PathOf(digest);
  absl::StatusOr<FileContents> file = file_system_.Read(path);
  if (absl::IsNotFound(file.status())) {
    return SetAsideFile(digest, "its file is missing", std::nullopt);
  }
  if (absl::IsFailedPrecondition(file.status()) ||
      absl::IsDataLoss(file.status())) {
    const absl::StatusOr<FileInfo> info = file_system_.Stat(path);
    return SetAsideFile(digest, std::string(file.status().message()),
                        info.ok() ? std::optional(*info) : std::nullopt);
  }
  if (!file.ok()) return file.status();
  if (file->info.size != size) {
    return SetAsideFile(
        digest,
        absl::StrCat("its file has ", file->info.size, " bytes of ", size),
        file->info);
  }
  if (!IsVerified(digest, file->info) && !Verify(digest, *file, now)) {
    return SetAsideFile(digest, "the bytes of its file are not those stored",
                        file->info);
  }
  return std::move(file->blob);
}

bool LocalBlobStore::IsVerified(const Digest& digest,
                                const FileInfo& info) const {
  const std::lock_guard lock(verified_mutex_);
  const auto it = verified_.find(digest);
  return it != verified_.end() && it->second == info;
}

bool LocalBlobStore::Verify(const Digest& digest, const FileContents& file,
                            absl::Time read_at) const {
  if (Digest::Of(file.blob.bytes()) != digest) return false;
  if (absl::FromUnixNanos(file.info.ctime_ns) + kClockTick < read_at) {
    const std::lock_guard lock(verified_mutex_);
    verified_.insert_or_assign(digest, file.info);
  }
  return true;
}

// Moves a bad file to quarantine/ and drops its row, so that the next put
// stores it anew; inside a transaction, which keeps other processes from
// committing the blob meanwhile, and only if nobody has mended it since it was
// read.
absl::Status LocalBlobStore::SetAsideFile(
    const Digest& digest, const std::string& why,
    const std::optional<FileInfo>& observed) const {
  std::string message = absl::StrCat("blob ", digest.ToString(), " in ",
                                     directory_.native(), " is damaged: ", why);
  const std::filesystem::path path = PathOf(digest);
  const auto set_aside = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    const absl::StatusOr<FileInfo> now = file_system_.Stat(path);
    if ((now.ok() ? std::optional(*now) : std::nullopt) != observed) {
      return absl::OkStatus();
    }
    std::filesystem::path kept = directory_ / kQuarantine / digest.ToHex();
    absl::Status moved = file_system_.Rename(path, kept);
    if (!moved.ok() && !absl::IsNotFound(moved)) {
      // A directory and what was set aside before do not replace each other.
      kept += "-" + UniqueName();
      moved = file_system_.Rename(path, kept);
    }
    if (moved.ok()) absl::StrAppend(&message, "; kept as ", kept.native());
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare(
            "DELETE FROM blobs WHERE digest = ? AND data IS NULL"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, digest).Run());
    return transaction.Commit();
  };
  if (absl::Status status = set_aside(); !status.ok()) {
    absl::StrAppend(&message, "; and its row stays: ", status.message());
  }
  return absl::DataLossError(message);
}

absl::Status LocalBlobStore::DropRow(const Digest& digest,
                                     std::span<const std::byte> bytes) const {
  std::string message = absl::StrCat(
      "blob ", digest.ToString(), " in ", directory_.native(),
      " is damaged: its bytes in the database are not those stored");
  const auto drop = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM blobs WHERE digest = ? AND data IS ?"));
    return remove.Bind(1, digest).Bind(2, bytes).Run();
  };
  if (absl::Status status = drop(); !status.ok()) {
    absl::StrAppend(&message, "; and its row stays: ", status.message());
  }
  return absl::DataLossError(message);
}

absl::StatusOr<bool> LocalBlobStore::Contains(const Digest& digest) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT 1 FROM blobs WHERE digest = ?"));
  return select.Bind(1, digest).Step();
}

absl::Status LocalBlobStore::Remove(const Digest& digest) {
  {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM blobs WHERE digest = ?"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, digest).Run());
  }
  absl::Status status = file_system_.Remove(PathOf(digest));
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

// Files are moved to tmp/ while the transaction keeps others from committing
// their blobs: whoever has found one present finds it gone when it commits.
absl::StatusOr<RemovedBlobs> LocalBlobStore::RemoveGarbage(
    std::uint8_t /*shard*/, std::span<const Digest> digests,
    IsGarbageFn is_garbage) {
  constexpr std::size_t kGroup = 64;
  RemovedBlobs removed;
  while (!digests.empty()) {
    const auto group = digests.first(std::min(kGroup, digests.size()));
    digests = digests.subspan(group.size());
    std::vector<std::filesystem::path> moved;
    {
      IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
      IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                              WriteTransaction::Begin(connection));
      for (const Digest& digest : group) {
        IRENEO_ASSIGN_OR_RETURN(const bool garbage,
                                is_garbage(digest, connection));
        if (!garbage) continue;
        bool is_file = false;
        {
          IRENEO_ASSIGN_OR_RETURN(
              Statement select,
              connection.Prepare("SELECT size, data IS NULL FROM blobs "
                                 "WHERE digest = ?"));
          select.Bind(1, digest);
          IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
          if (!found) continue;
          ++removed.blobs;
          removed.size += static_cast<std::uint64_t>(select.ColumnInt64(0));
          is_file = select.ColumnInt64(1) != 0;
        }
        IRENEO_ASSIGN_OR_RETURN(
            Statement remove,
            connection.Prepare("DELETE FROM blobs WHERE digest = ?"));
        IRENEO_RETURN_IF_ERROR(remove.Bind(1, digest).Run());
        if (!is_file) continue;
        std::filesystem::path temporary =
            directory_ / kTemporary / UniqueName();
        const absl::Status status =
            file_system_.Rename(PathOf(digest), temporary);
        if (status.ok()) {
          moved.push_back(std::move(temporary));
        } else if (!absl::IsNotFound(status)) {
          removed.files.Update(status);
        }
      }
      IRENEO_RETURN_IF_ERROR(transaction.Commit());
    }
    for (const std::filesystem::path& path : moved) {
      removed.files.Update(file_system_.Remove(path));
    }
  }
  removed.stored = removed.size;
  return removed;
}

absl::Status LocalBlobStore::ForEach(
    absl::FunctionRef<bool(const BlobInfo&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT digest, size, created FROM blobs"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    IRENEO_ASSIGN_OR_RETURN(const Digest digest, select.ColumnDigest(0));
    if (!visit({.digest = digest,
                .size = static_cast<std::uint64_t>(select.ColumnInt64(1)),
                .created_at = absl::FromUnixMicros(select.ColumnInt64(2))})) {
      return absl::OkStatus();
    }
  }
}

}  // namespace ireneo
