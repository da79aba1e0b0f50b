// Writing a blob:
//
//   1. Hash it. The rest of 1 to 3 is for large blobs, those that are files.
//   2. Take the lock of its shard, shared with other writers, so that nobody
//      removes what is found now before the row is there.
//   3. If the database has a row for the digest and the file that it names is
//      good, use it; else write a new file (blob_files.cc says how, and at
//      kDurable it is on the disk when that is done).
//   4. The row is written, with the payload of a small blob in it. At kDurable
//      the commit is synced; and one that changes nothing, as the row was
//      there, makes sure that what it saw is on the disk.
//   5. The lock is given back.
//
// A crash before 4 leaves a file without a row: garbage, which is never read.
//
// Removing goes the other way:
//
//   1. Take the lock of the shard exclusively.
//   2. Delete the rows, in one transaction.
//   3. Remove the files. A crash before leaves garbage.
//   4. Give the lock back.
//
// Readers take no lock. One that does not find the file that a row names, or
// finds it with another size or other bytes, reads the row again: if that has
// gone, the blob was removed; if it names another file, that one is read. Only
// what is still as it was is damaged.
//
// The lock is a help, not a need: without it (no folder, a file system that has
// none) a writer may rely on a file that is being removed. Then its row names a
// missing file, which reading finds out.

#include "ireneo/store/local_blob_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

constexpr char kLocks[] = "locks";
constexpr char kShardLocks[] = "shards";

static_assert(LocalBlobStore::kInlineLimit <= Sink::kBufferSize,
              "a small blob is taken from the buffer of its DigestSink");

// A row says when its blob was last put, to that much: a collector leaves what
// is not much older.
constexpr absl::Duration kFreshFor = absl::Minutes(1);

// How often a reader looks again, if what it reads changes under its eyes.
constexpr int kReadAttempts = 3;

// A size in a row, which damage may have made what means that it is not known.
std::uint64_t SizeAt(const Statement& row, int column) {
  return std::min(static_cast<std::uint64_t>(row.ColumnInt64(column)),
                  BlobFile::kUnknownSize - 1);
}

BlobFile FileOf(const StagedBlob& blob) {
  return {.digest = blob.digest,
          .size = blob.size,
          .codec = blob.codec,
          .stored = blob.stored};
}

}  // namespace

LocalBlobStore::LocalBlobStore(std::unique_ptr<BlobFiles> files,
                               Database& database)
    : files_(std::move(files)),
      database_(database),
      locks_(files_->directory() / kLocks / kShardLocks) {}

absl::StatusOr<std::unique_ptr<LocalBlobStore>> LocalBlobStore::Open(
    const std::filesystem::path& directory, Database& database,
    const FileSystem& file_system, const BlobStoreOptions& options) {
  if (options.durability == Durability::kDurable &&
      database.durability() != Durability::kDurable) {
    return absl::InvalidArgumentError(absl::StrCat(
        directory.native(),
        ": a durable blob store needs a database that was opened as durable"));
  }
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<BlobFiles> files,
                          BlobFiles::Open(directory, file_system, options));
  // Without it writers go on without locks.
  (void)file_system.CreateDirectory(directory / kLocks);
  return std::unique_ptr<LocalBlobStore>(
      new LocalBlobStore(std::move(files), database));
}

// ---------------------------------------------------------------------- Rows

absl::StatusOr<BlobPlace> LocalBlobStore::PlaceAt(const Statement& row,
                                                  int column) {
  BlobPlace place;
  place.size = SizeAt(row, column);
  place.stored = place.size;
  if (!row.ColumnIsNull(column + 1)) {
    place.inline_bytes = row.ColumnBlob(column + 1);
  } else if (!row.ColumnIsNull(column + 2)) {
    const std::string_view name = row.ColumnText(column + 2);
    const std::optional<BlobCodec> codec = BlobCodecWithName(name);
    if (!codec.has_value()) {
      return absl::DataLossError(
          absl::StrCat("index database: a blob is said to be compressed by '",
                       absl::string_view(name.data(), name.size()),
                       "', which this build of Ireneo does not know"));
    }
    place.codec = *codec;
    place.stored = static_cast<std::uint64_t>(row.ColumnInt64(column + 3));
  }
  return place;
}

absl::StatusOr<std::optional<LocalBlobStore::Row>> LocalBlobStore::RowOf(
    const Digest& digest, Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT size, data IS NULL, codec, stored, created "
                         "FROM blobs WHERE digest = ?"));
  select.Bind(1, digest);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::nullopt;
  Row row{.file = std::nullopt,
          .size = SizeAt(select, 0),
          .created = absl::FromUnixMicros(select.ColumnInt64(4))};
  if (select.ColumnInt64(1) == 0) return row;
  row.file = BlobFile{.digest = digest, .size = row.size, .stored = row.size};
  if (!select.ColumnIsNull(2)) {
    // A codec that nobody knows is damage: the file is missing under any name
    // that we know.
    row.file->codec =
        BlobCodecWithName(select.ColumnText(2)).value_or(BlobCodec::kRaw);
    row.file->stored = static_cast<std::uint64_t>(select.ColumnInt64(3));
  }
  return row;
}

absl::StatusOr<std::optional<LocalBlobStore::Row>> LocalBlobStore::RowOf(
    const Digest& digest) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  return RowOf(digest, connection);
}

void LocalBlobStore::BindCodec(BlobCodec codec, std::uint64_t stored, int index,
                               Statement& statement) {
  if (codec == BlobCodec::kRaw) {
    statement.BindNull(index).BindNull(index + 1);
  } else {
    statement.Bind(index, Name(codec))
        .Bind(index + 1, static_cast<std::int64_t>(stored));
  }
}

bool LocalBlobStore::IsRowSynced(const Digest& digest) const {
  if (files_->options().durability == Durability::kCache) return true;
  const std::lock_guard lock(mutex_);
  return synced_rows_.contains(digest);
}

void LocalBlobStore::SetRowSynced(const Digest& digest) {
  if (files_->options().durability == Durability::kCache) return;
  const std::lock_guard lock(mutex_);
  synced_rows_.insert(digest);
}

// ------------------------------------------------------------------- Putting

absl::StatusOr<StagedBlob> LocalBlobStore::Stage(
    absl::FunctionRef<void(Sink&)> write, const StageOptions& options) {
  bool settled = false;
  return StageAs(write, options, settled);
}

absl::StatusOr<StagedBlob> LocalBlobStore::StageAs(
    absl::FunctionRef<void(Sink&)> write, const StageOptions& options,
    bool& settled) {
  DigestSink hashed;
  write(hashed);
  if (!hashed.ok()) return hashed.status();
  const bool compare =
      options.dedup_check.value_or(files_->options().dedup_check) ==
      DedupCheck::kCompareBytes;
  StagedBlob blob{
      .digest = hashed.digest(), .size = hashed.position(), .compare = compare};
  if (blob.size <= kInlineLimit) {
    // All in its row, which `Commit` writes if it is missing.
    const std::span<const std::byte> bytes = *hashed.small_bytes();
    blob.inline_bytes.assign(reinterpret_cast<const char*>(bytes.data()),
                             bytes.size());
    return blob;
  }
  blob.lock = locks_.Share(BlobFiles::ShardOf(blob.digest));
  IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row, RowOf(blob.digest));
  IRENEO_ASSIGN_OR_RETURN(
      const BlobFiles::Ensured ensured,
      files_->Ensure(blob.digest, blob.size,
                     row.has_value() ? row->file : std::nullopt, write,
                     {.compression = options.compression.value_or(
                          files_->options().compression),
                      .hint = options.hint,
                      .defer_sync = options.defer_sync,
                      .compare = compare}));
  blob.present = ensured.present;
  blob.unsynced = ensured.unsynced;
  blob.codec = ensured.file.codec;
  blob.stored = ensured.file.stored;
  settled =
      ensured.present && (files_->options().durability == Durability::kCache ||
                          ensured.was_synced);
  return blob;
}

absl::StatusOr<StagedBlob> LocalBlobStore::StagePresent(const Digest& digest,
                                                        std::uint64_t size) {
  const ShardLocks::Shared lock = locks_.Share(BlobFiles::ShardOf(digest));
  IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row, RowOf(digest));
  std::optional<BlobFile> file;
  if (row.has_value()) {
    file = row->file;
  } else {
    // What was staged and is not committed yet.
    IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobFiles::Found> found,
                            files_->Find(digest));
    if (found.has_value() &&
        (found->file.codec != BlobCodec::kRaw || found->file.size == size)) {
      file = found->file;
      file->size = size;
    }
  }
  if (file.has_value() && file->size == size &&
      // If it cannot be told, reading will.
      files_->Exists(*file).value_or(true)) {
    return StagedBlob{
        .digest = digest,
        .size = size,
        .present = row.has_value(),
        .unsynced = files_->options().durability == Durability::kDurable,
        .codec = file->codec,
        .stored = file->stored,
        .lock = lock};
  }
  return absl::NotFoundError(absl::StrCat("no file of a blob ",
                                          digest.ToString(), " in ",
                                          files_->directory().native()));
}

absl::Status LocalBlobStore::SyncStaged(std::span<StagedBlob* const> blobs) {
  std::vector<BlobFile> files;
  for (const StagedBlob* blob : blobs) {
    if (blob->unsynced) files.push_back(FileOf(*blob));
  }
  if (files.empty()) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(files_->SyncAll(files));
  for (StagedBlob* blob : blobs) blob->unsynced = false;
  return absl::OkStatus();
}

bool LocalBlobStore::HasVanished(const StagedBlob& blob) const {
  if (blob.size <= kInlineLimit) return false;
  BlobFile file = FileOf(blob);
  if (blob.present) {
    const absl::StatusOr<std::optional<Row>> row = RowOf(blob.digest);
    if (!row.ok()) return false;
    if (!row->has_value() || !(*row)->file.has_value()) return true;
    file = *(*row)->file;
  }
  return !files_->Exists(file).value_or(true);
}

// Files against files were compared when the blob was staged.
absl::Status LocalBlobStore::CompareWithRow(const StagedBlob& blob,
                                            Connection& connection) const {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT size, data, codec, stored FROM blobs WHERE digest = ?"));
  select.Bind(1, blob.digest);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return absl::OkStatus();
  const bool small = blob.size <= kInlineLimit;
  IRENEO_ASSIGN_OR_RETURN(const BlobPlace place, PlaceAt(select, 0));
  Blob file;
  std::span<const std::byte> stored;
  if (place.inline_bytes.has_value()) {
    stored = *place.inline_bytes;
  } else {
    if (!small) return absl::OkStatus();
    std::optional<FileInfo> observed;
    absl::StatusOr<Blob> read = files_->Read({.digest = blob.digest,
                                              .size = place.size,
                                              .codec = place.codec,
                                              .stored = place.stored},
                                             VerifyReads::kNever, observed);
    if (!read.ok()) return absl::OkStatus();
    file = *std::move(read);
    stored = file.bytes();
  }
  const std::span<const std::byte> own =
      std::as_bytes(std::span(blob.inline_bytes));
  if ((small && std::ranges::equal(stored, own)) ||
      // What is not of its digest is damaged, and healed.
      Digest::Of(stored) != blob.digest) {
    return absl::OkStatus();
  }
  return CollisionError(blob.digest, files_->directory());
}

absl::StatusOr<bool> LocalBlobStore::Commit(const StagedBlob& blob,
                                            Connection& connection) {
  const bool small = blob.size <= kInlineLimit;
  const auto removed = [&] {
    return absl::AbortedError(absl::StrCat(
        "blob ", blob.digest.ToString(), " in ", files_->directory().native(),
        " was removed while it was being stored: try again"));
  };
  BlobFile file = FileOf(blob);
  if (blob.present) {
    IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row,
                            RowOf(blob.digest, connection));
    if (!row.has_value() || !row->file.has_value()) return removed();
    file = *row->file;
  }
  if (blob.unsynced) IRENEO_RETURN_IF_ERROR(files_->Sync(file));
  bool inserted = false;
  if (!blob.present) {
    if (blob.compare) {
      IRENEO_RETURN_IF_ERROR(CompareWithRow(blob, connection));
    }
    IRENEO_ASSIGN_OR_RETURN(
        Statement insert,
        connection.Prepare(
            "INSERT INTO blobs(digest, size, created, data, codec, stored) "
            "VALUES (?, ?, ?, ?, ?, ?) "
            // Heals a damaged blob; and of two files that were written at once,
            // the later one counts.
            "ON CONFLICT(digest) DO UPDATE SET size = excluded.size, "
            "data = excluded.data, codec = excluded.codec, "
            "stored = excluded.stored WHERE data IS NOT excluded.data "
            "OR size <> excluded.size OR codec IS NOT excluded.codec "
            "OR stored IS NOT excluded.stored"));
    insert.Bind(1, blob.digest)
        .Bind(2, static_cast<std::int64_t>(blob.size))
        .Bind(3, absl::ToUnixMicros(absl::Now()));
    if (small) {
      insert.Bind(4, std::as_bytes(std::span(blob.inline_bytes)));
    } else {
      insert.BindNull(4);
    }
    BindCodec(blob.codec, blob.stored, 5, insert);
    IRENEO_RETURN_IF_ERROR(insert.Run());
    inserted = connection.changes() > 0;
  }
  // If it cannot be told, what was seen when it was staged counts.
  if (!small && files_->options().fetch == nullptr &&
      !files_->Exists(file).value_or(true)) {
    return removed();
  }
  return inserted;
}

absl::StatusOr<bool> LocalBlobStore::IsFresh(const StagedBlob& blob,
                                             Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT 1 FROM blobs WHERE digest = ? AND data IS ? "
                         "AND created > ?"));
  select.Bind(1, blob.digest)
      .Bind(3, absl::ToUnixMicros(absl::Now() - kFreshFor));
  if (blob.size <= kInlineLimit) {
    select.Bind(2, std::as_bytes(std::span(blob.inline_bytes)));
  } else {
    select.BindNull(2);
  }
  return select.Step();
}

absl::Status LocalBlobStore::Freshen(const Digest& digest,
                                     Connection& connection) {
  const absl::Time now = absl::Now();
  IRENEO_ASSIGN_OR_RETURN(
      Statement update,
      connection.Prepare("UPDATE blobs SET created = ? "
                         "WHERE digest = ? AND created <= ?"));
  return update.Bind(1, absl::ToUnixMicros(now))
      .Bind(2, digest)
      .Bind(3, absl::ToUnixMicros(now - kFreshFor))
      .Run();
}

absl::StatusOr<PutResult> LocalBlobStore::Put(
    absl::FunctionRef<void(Sink&)> write, const StageOptions& options) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    bool settled = false;
    StageOptions synced = options;
    synced.defer_sync = false;
    IRENEO_ASSIGN_OR_RETURN(const StagedBlob blob,
                            StageAs(write, synced, settled));
    PutResult result{.digest = blob.digest, .size = blob.size};
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    if ((settled || blob.size <= kInlineLimit) && IsRowSynced(blob.digest)) {
      // Looking is cheaper than a transaction that changes nothing.
      IRENEO_ASSIGN_OR_RETURN(const bool fresh, IsFresh(blob, connection));
      if (fresh) return result;
    }
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    absl::StatusOr<bool> inserted = Commit(blob, connection);
    if (absl::IsAborted(inserted.status()) && attempt < kAttempts) continue;
    if (!inserted.ok()) return std::move(inserted).status();
    result.inserted = *inserted;
    IRENEO_RETURN_IF_ERROR(Freshen(blob.digest, connection));
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
    SetRowSynced(blob.digest);
    return result;
  }
}

// ------------------------------------------------------------------- Reading

absl::Status LocalBlobStore::NoBlob(const Digest& digest) const {
  return absl::NotFoundError(absl::StrCat("no blob ", digest.ToString(), " in ",
                                          files_->directory().native()));
}

absl::StatusOr<Blob> LocalBlobStore::Get(const Digest& digest) const {
  return GetAgain(digest, files_->options().verify, kReadAttempts);
}

absl::StatusOr<Blob> LocalBlobStore::GetAgain(const Digest& digest,
                                              VerifyReads verify,
                                              int attempts) const {
  BlobPlace place;
  {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare(
            "SELECT size, data, codec, stored FROM blobs WHERE digest = ?"));
    select.Bind(1, digest);
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return NoBlob(digest);
    IRENEO_ASSIGN_OR_RETURN(place, PlaceAt(select, 0));
    if (place.inline_bytes.has_value()) {
      return LoadAgain(digest, place, verify, attempts);
    }
  }
  // While a statement is at its row, SQLite's log cannot begin anew.
  return LoadAgain(digest, place, verify, attempts);
}

absl::Status LocalBlobStore::Check(const Digest& digest) const {
  return GetAgain(digest, VerifyReads::kAlways, kReadAttempts).status();
}

absl::StatusOr<Blob> LocalBlobStore::Load(const Digest& digest,
                                          const BlobPlace& place) const {
  return LoadAgain(digest, place, files_->options().verify, kReadAttempts);
}

absl::StatusOr<Blob> LocalBlobStore::LoadAgain(const Digest& digest,
                                               const BlobPlace& place,
                                               VerifyReads verify,
                                               int attempts) const {
  if (!place.inline_bytes.has_value()) {
    return LoadFile({.digest = digest,
                     .size = place.size,
                     .codec = place.codec,
                     .stored = place.stored},
                    verify, attempts);
  }
  if (verify != VerifyReads::kNever &&
      (place.inline_bytes->size() != place.size ||
       (verify != VerifyReads::kSize &&
        Digest::Of(*place.inline_bytes) != digest))) {
    return DropRow(digest, *place.inline_bytes);
  }
  return Blob::Copy(*place.inline_bytes);
}

absl::StatusOr<Blob> LocalBlobStore::LoadFile(const BlobFile& file,
                                              VerifyReads verify,
                                              int attempts) const {
  std::optional<FileInfo> observed;
  absl::StatusOr<Blob> blob = files_->Read(file, verify, observed);
  const bool missing = absl::IsNotFound(blob.status());
  if (!missing && !absl::IsDataLoss(blob.status())) return blob;
  if (missing && files_->options().fetch != nullptr && attempts > 1) {
    IRENEO_RETURN_IF_ERROR(files_->options().fetch(file.digest));
    return GetAgain(file.digest, verify, attempts - 1);
  }
  if (attempts > 1) {
    const absl::StatusOr<std::optional<Row>> row = RowOf(file.digest);
    if (row.ok() && row->has_value() && (*row)->file != file) {
      return GetAgain(file.digest, verify, attempts - 1);
    }
    if (row.ok() && !row->has_value() && missing) {
      return absl::NotFoundError(
          absl::StrCat("blob ", file.digest.ToString(), " in ",
                       files_->directory().native(), " was removed"));
    }
  }
  std::string message =
      absl::StrCat("blob ", file.digest.ToString(), " in ",
                   files_->directory().native(), " is damaged: ",
                   missing ? "its file is missing" : blob.status().message());
  const absl::StatusOr<bool> done = SetAside(file, observed, message);
  if (!done.ok()) {
    absl::StrAppend(&message, "; and its row stays: ", done.status().message());
  } else if (!*done && attempts > 1) {
    return LoadFile(file, verify, attempts - 1);
  }
  return absl::DataLossError(message);
}

absl::StatusOr<bool> LocalBlobStore::SetAside(
    const BlobFile& file, const std::optional<FileInfo>& observed,
    std::string& message) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row,
                          RowOf(file.digest, connection));
  if (row.has_value() && row->file != file) return false;
  if (files_->StateOf(file) != observed) return false;
  absl::StrAppend(&message, files_->SetAside(file, observed));
  IRENEO_ASSIGN_OR_RETURN(
      Statement remove,
      connection.Prepare("DELETE FROM blobs WHERE digest = ?"));
  IRENEO_RETURN_IF_ERROR(remove.Bind(1, file.digest).Run());
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return true;
}

absl::Status LocalBlobStore::DropRow(const Digest& digest,
                                     std::span<const std::byte> bytes) const {
  std::string message = absl::StrCat(
      "blob ", digest.ToString(), " in ", files_->directory().native(),
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

std::filesystem::path LocalBlobStore::PathOf(const Digest& digest) const {
  const absl::StatusOr<std::optional<Row>> row = RowOf(digest);
  BlobCodec codec = BlobCodec::kRaw;
  if (row.ok() && row->has_value()) {
    if ((*row)->file.has_value()) codec = (*row)->file->codec;
  } else if (const auto found = files_->Find(digest);
             found.ok() && found->has_value()) {
    codec = (*found)->file.codec;  // Staged, and not committed yet.
  }
  return files_->PathOf(digest, codec);
}

absl::Status LocalBlobStore::ForEach(
    absl::FunctionRef<bool(const BlobInfo&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT digest, size, created, codec, "
                         "coalesce(stored, size) FROM blobs"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    IRENEO_ASSIGN_OR_RETURN(const Digest digest, select.ColumnDigest(0));
    if (!visit({.digest = digest,
                .size = static_cast<std::uint64_t>(select.ColumnInt64(1)),
                .created_at = absl::FromUnixMicros(select.ColumnInt64(2)),
                .codec = BlobCodecWithName(select.ColumnText(3))
                             .value_or(BlobCodec::kRaw),
                .stored = static_cast<std::uint64_t>(select.ColumnInt64(4))})) {
      return absl::OkStatus();
    }
  }
}

}  // namespace ireneo
