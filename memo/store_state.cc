#include "ireneo/memo/store_state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/archive_store.h"
#include "ireneo/memo/collector.h"
#include "ireneo/memo/directory_index.h"
#include "ireneo/memo/index_recovery.h"
#include "ireneo/memo/print_calls.h"
#include "ireneo/memo/read_only_index.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/memo/store_directory.h"
#include "ireneo/store/directory_blob_store.h"
#include "ireneo/store/file_lock.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr char kLocks[] = "locks";

BlobStoreOptions BlobOptions(const MemoStoreOptions& options) {
  return {.durability = options.durability,
          .verify = options.verify,
          .dedup_check = options.dedup_check,
          .compression = options.compression};
}

constexpr std::size_t kMaxPendingHits = 1 << 16;
// While the database cannot be written.
constexpr std::size_t kMostPendingHits = 1 << 20;
constexpr std::chrono::seconds kHitsInterval{1};

// How old the newest snapshot may be when a program collects because of a
// limit.
constexpr absl::Duration kSnapshotAge = absl::Hours(24);

// What one hit writes down for others, at most: some ten milliseconds.
constexpr std::size_t kMostHitsAtOnce = 4096;

}  // namespace

absl::StatusOr<std::shared_ptr<StoreState>> StoreState::Open(
    const std::filesystem::path& directory, MemoStoreOptions options) {
  // A later change of the working directory must not move the store.
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(directory, error);
  if (directory.empty() || error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot open a store in '", directory.native(),
        "': ", directory.empty() ? "the path is empty" : error.message()));
  }
  IRENEO_RETURN_IF_ERROR(SizeLimit::Check(options.max_bytes));
  if (!path.has_filename()) path = path.parent_path();  // "results/"
  absl::StatusOr<Parts> parts = std::filesystem::is_regular_file(path, error)
                                    ? OpenArchive(path, options)
                                    : OpenDirectory(path, options);
  if (!parts.ok()) return std::move(parts).status();
  if (const char* verbose = std::getenv("IRENEO_VERBOSE");
      verbose != nullptr && *verbose != '\0' &&
      std::string_view(verbose) != "0") {
    options.observer =
        [print = PrintCalls(stderr),
         other = std::move(options.observer)](const CallEvent& event) {
          print(event);
          if (other != nullptr) other(event);
        };
  }
  return std::shared_ptr<StoreState>(
      new StoreState(std::move(path), std::move(options), *std::move(parts)));
}

absl::StatusOr<StoreState::Parts> StoreState::OpenDirectory(
    const std::filesystem::path& path, const MemoStoreOptions& options) {
  IRENEO_ASSIGN_OR_RETURN(
      const IndexEngine engine,
      PrepareStoreDirectory(path, options.create, options.index,
                            *options.file_system));
  if (!options.trust_owner) {
    IRENEO_RETURN_IF_ERROR(CheckOwner(path, *options.file_system));
  }
  // Without it there is no single flight between processes, and that is all.
  (void)options.file_system->CreateDirectory(path / kLocks);
  return engine == IndexEngine::kDirectory ? OpenFiles(path, options)
                                           : OpenDatabase(path, options);
}

absl::StatusOr<StoreState::Parts> StoreState::OpenArchive(
    const std::filesystem::path& file, const MemoStoreOptions& options) {
  IRENEO_ASSIGN_OR_RETURN(
      ArchiveStore store,
      OpenArchiveStore(file, *options.file_system, options.verify));
  Parts parts;
  parts.scratch = std::move(store.scratch);
  parts.archive = std::move(store.archive);
  parts.database = std::move(store.database);
  parts.blobs = std::move(store.blobs);
  parts.index = std::move(store.index);
  parts.read_only = true;
  return parts;
}

absl::StatusOr<StoreState::Parts> StoreState::OpenDatabase(
    const std::filesystem::path& directory, const MemoStoreOptions& options) {
  const FileSystem& files = *options.file_system;
  Parts parts;
  BlobStoreOptions blob_options = BlobOptions(options);
  absl::StatusOr<std::unique_ptr<Database>> database =
      OpenIndex(directory, files, options.durability, parts.recovered);
  if (absl::IsPermissionDenied(database.status())) {
    // What it has can be used all the same.
    absl::StatusOr<ReadOnlyIndex> index = OpenReadOnlyIndex(directory, files);
    if (absl::IsUnavailable(index.status())) return index.status();
    if (!index.ok()) return database.status();
    parts.scratch = std::move(index->scratch);
    database = std::move(index->database);
    parts.read_only = true;
    blob_options.durability = Durability::kCache;
    blob_options.read_only = true;
  }
  if (!database.ok()) return std::move(database).status();
  parts.database = *std::move(database);
  if (!parts.read_only) {
    parts.database->OnDamage(
        [directory, &files] { SuspectIndex(directory, files); });
    KeepReserve(directory, files);
  }
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<LocalBlobStore> blobs,
      LocalBlobStore::Open(directory, *parts.database, files, blob_options));
  if (!parts.read_only && NeedsRescan(directory, files)) {
    // One process does it; the others wait, if they can.
    const absl::StatusOr<FileLock> lock =
        FileLock::Acquire(directory / kLocks / "rescan",
                          FileLock::Mode::kExclusive, absl::Hours(1));
    if (NeedsRescan(directory, files)) {
      IRENEO_RETURN_IF_ERROR(blobs->Rescan());
      // If the mark stays, the next opening does it once more.
      (void)EndRescan(directory, files);
    }
  }
  parts.index = std::make_unique<SqliteIndex>(*parts.database, *blobs);
  parts.blobs = std::move(blobs);
  return parts;
}

absl::StatusOr<StoreState::Parts> StoreState::OpenFiles(
    const std::filesystem::path& directory, const MemoStoreOptions& options) {
  const FileSystem& files = *options.file_system;
  Parts parts;
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<DirectoryBlobStore> blobs,
      DirectoryBlobStore::Open(directory, files, BlobOptions(options)));
  IRENEO_ASSIGN_OR_RETURN(
      parts.index,
      DirectoryIndex::Open(directory, *blobs, files, options.durability));
  parts.blobs = std::move(blobs);
  return parts;
}

StoreState::StoreState(std::filesystem::path directory,
                       MemoStoreOptions options, Parts parts)
    : directory_(std::move(directory)),
      observer_(std::move(options.observer)),
      file_system_(*options.file_system),
      parts_(std::move(parts)),
      untold_(!parts_.recovered.ok()),
      memory_(options.memory_bytes),
      batch_(*parts_.index, *parts_.blobs),
      flights_(directory_ / kLocks / "flight"),
      limit_(options.max_bytes),
      hits_flushed_(Clock::now()),
      hits_pid_(ProcessId()) {}

absl::Status StoreState::CheckWritable() const {
  if (!parts_.read_only) return absl::OkStatus();
  if (parts_.archive != nullptr) return ArchiveIsReadOnly(directory_);
  return absl::PermissionDeniedError(absl::StrCat(
      "store ", directory_.native(),
      " may only be read by this user: what it has is used, and nothing new is "
      "remembered. To change that, make the directory and all in it writable, "
      "or give a store of your own"));
}

absl::Status StoreState::Snapshot() const {
  if (parts_.database == nullptr) return absl::OkStatus();
  return SnapshotIndex(directory_, *parts_.database, file_system_);
}

StoreState::~StoreState() { (void)FlushHits(); }

absl::StatusOr<std::optional<FoundCall>> StoreState::Find(const Digest& key,
                                                          bool load,
                                                          absl::Time oldest) {
  if (std::optional<FoundCall> call = memory_.Find(key);
      call.has_value() && call->created >= oldest) {
    return call;
  }
  const std::uint64_t generation = memory_.generation(key);
  std::optional<FoundCall> waiting;
  std::optional<StagedBlob> result;
  batch_.Find(key, oldest, [&](const NewCall& call) {
    result = call.result;
    waiting = FoundCall{.key = key,
                        .result = call.result.digest,
                        .result_size = call.result.size,
                        .elapsed = call.elapsed,
                        .created = call.created,
                        .blob = Blob()};
  });
  if (waiting.has_value()) {
    if (load) {
      waiting->blob = parts_.blobs->Load(*result);
    }
    return waiting;
  }
  absl::StatusOr<std::optional<FoundCall>> found =
      parts_.index->Find(key, load);
  if (found.ok() && found->has_value() &&
      (absl::IsDataLoss((*found)->blob.status()) ||
       absl::IsNotFound((*found)->blob.status()))) {
    // It may have been collected between its row and its file.
    const absl::StatusOr<std::optional<FoundCall>> again =
        parts_.index->Find(key, /*load=*/false);
    if (again.ok() && !again->has_value()) return std::nullopt;
    if (again.ok() && (*again)->blob.ok())
      found = parts_.index->Find(key, load);
  }
  if (!found.ok() || !found->has_value()) return found;
  if ((*found)->created < oldest) return std::nullopt;
  if (load && (*found)->blob.ok()) memory_.Insert(**found, generation);
  return found;
}

absl::StatusOr<bool> StoreState::Insert(NewCall& call) {
  IRENEO_RETURN_IF_ERROR(CheckWritable());
  const Digest key = call.key;
  // Whatever it is that is remembered. What is too old is not served anyway.
  const bool replaces = call.replace_before == absl::InfiniteFuture();
  const std::uint64_t generation = memory_.generation(key);
  FoundCall found{.key = key,
                  .result = call.result.digest,
                  .result_size = call.result.size,
                  .elapsed = call.elapsed,
                  .created = call.created};
  const bool keep_in_memory =
      !replaces && call.result.size <= StagingBlobStore::kInlineLimit &&
      memory_.is_on();
  if (keep_in_memory) {
    found.blob = Blob::Copy(std::as_bytes(std::span(call.result.inline_bytes)));
  }
  if (replaces) {
    // What it replaces may be in the batch.
    IRENEO_RETURN_IF_ERROR(FlushBatch());
    IRENEO_ASSIGN_OR_RETURN(const bool conflict, parts_.index->Insert(call));
    // Not the new one instead: it may be forgotten just now.
    memory_.Erase(key);
    return conflict;
  }
  bool full = false;
  switch (batch_.Add(call, full)) {
    case CallBatch::Added::kYes:
      if (keep_in_memory) memory_.Insert(found, generation);
      // If it fails, the batch still has it, or counts a fault.
      if (full) (void)FlushBatch();
      return false;
    case CallBatch::Added::kPresent:
      return false;
    case CallBatch::Added::kConflict:
      IRENEO_RETURN_IF_ERROR(parts_.index->AddConflict(key, call.result));
      return true;
    case CallBatch::Added::kNotOpen:
      break;
  }
  const absl::StatusOr<bool> conflict = parts_.index->Insert(call);
  if (keep_in_memory && conflict.ok() && !*conflict) {
    memory_.Insert(found, generation);
  }
  return conflict;
}

absl::Status StoreState::Forget(const Digest& key) {
  IRENEO_RETURN_IF_ERROR(CheckWritable());
  IRENEO_RETURN_IF_ERROR(FlushBatch());
  absl::Status status = parts_.index->Forget({&key, 1});
  memory_.Erase(key);
  return status;
}

absl::Status StoreState::ForgetFunction(const Digest& function_digest) {
  IRENEO_RETURN_IF_ERROR(CheckWritable());
  IRENEO_RETURN_IF_ERROR(FlushBatch());
  absl::Status status = parts_.index->ForgetFunction(function_digest);
  memory_.Clear();
  return status;
}

absl::Status StoreState::ForgetResult(const Digest& key, const Digest& result,
                                      bool lost) {
  // What it lacks another one has.
  if (parts_.archive != nullptr) return absl::OkStatus();
  absl::Status status = parts_.index->ForgetResult(key, result, lost);
  memory_.Erase(key);
  return status;
}

absl::StatusOr<CollectReport> StoreState::Collect(
    const CollectOptions& options) {
  if (!options.dry_run || parts_.archive != nullptr) {
    IRENEO_RETURN_IF_ERROR(CheckWritable());
  }
  IRENEO_ASSIGN_OR_RETURN(CollectReport report,
                          Collect(options, /*thorough=*/true));
  // Costs a copy of the index, which is little next to a collection. An older
  // snapshot refers to what has gone.
  if (!options.dry_run) report.snapshot = Snapshot();
  return report;
}

absl::StatusOr<CollectReport> StoreState::Collect(const CollectOptions& options,
                                                  bool thorough) {
  FlushAll();  // So that it knows when calls were last used.
  const auto forget = [this](std::span<const Digest> keys) {
    absl::StatusOr<std::int64_t> forgotten = parts_.index->ForgetUnpinned(keys);
    for (const Digest& key : keys) memory_.Erase(key);
    return forgotten;
  };
  // A snapshot, about as large as the index, is what a full disk can best do
  // without; the last of them if a new one follows. The log is begun anew in
  // the room that it has.
  const auto make_room = [this, thorough] {
    if (parts_.database == nullptr) return;
    DropSnapshots(directory_, file_system_, thorough ? 0 : 1);
    UseReserve(directory_, file_system_);
    absl::StatusOr<Connection> connection = parts_.database->Acquire();
    if (connection.ok()) {
      (void)connection->Execute("PRAGMA wal_checkpoint(RESTART)");
    }
  };
  absl::StatusOr<CollectReport> report =
      internal::Collect({.directory = directory_,
                         .index = *parts_.index,
                         .blobs = *parts_.blobs,
                         .files = file_system_,
                         .forget = forget,
                         .make_room = make_room},
                        options, thorough);
  if (report.ok() && parts_.database != nullptr && !options.dry_run) {
    KeepReserve(directory_, file_system_);
  }
  return report;
}

// The call that finds the store too large collects, and not a thread of the
// store's own: a child that a program forks while such a thread is in the
// database would inherit its locks. It takes about as long as reading the index
// does, once in so many calls as fill a tenth of the store.
//
// Of all processes one collects; the others go on and find the store smaller.
// But where a collection could not get below its target, because of pins or of
// free room in the database that is not given back to the disk, each would
// begin anew: so the store must have grown since the last.
absl::Status StoreState::KeepWithinLimit(std::uint64_t written) {
  if (!limit_.IsTimeToLook(written)) return absl::OkStatus();
  const Clock::time_point start = Clock::now();
  const absl::StatusOr<std::uint64_t> usage = parts_.index->DiskUsage();
  limit_.Looked(Clock::now() - start);
  if (!usage.ok() || *usage <= limit_.max_bytes()) return absl::OkStatus();
  const std::optional<LastCollection> last = ReadLastCollection(directory_);
  constexpr std::uint64_t kGrowth = 20;  // By one so many-th of the limit.
  if (last.has_value() && last->limit <= limit_.target() &&
      *usage < last->usage + limit_.max_bytes() / kGrowth) {
    return absl::OkStatus();
  }
  const absl::StatusOr<CollectReport> report =
      Collect({.max_bytes = limit_.target()}, /*thorough=*/false);
  if (absl::IsUnavailable(report.status())) return absl::OkStatus();
  if (!report.ok()) return report.status();
  // A program that never collects itself shall have one to go back to.
  if (!HasSnapshotSince(directory_, file_system_, absl::Now() - kSnapshotAge)) {
    (void)Snapshot();
  }
  if (report->limit_reached) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "store ", directory_.native(), " takes ", report->bytes_after,
      " bytes and has a max_bytes of ", limit_.max_bytes(),
      ", and no more can go: the rest is pinned, or the index itself. New "
      "results are forgotten soon: raise the limit, or unpin something"));
}

absl::Status StoreState::CloseBatch() {
  return batch_.Close([this](const Digest& key) { memory_.Erase(key); });
}

absl::Status StoreState::FlushBatchOfUser() {
  absl::Status status = FlushBatch();
  status.Update(batch_.TakeLoss());
  return status;
}

absl::Status StoreState::FlushBatch() {
  // In memory was the second result; the first is kept.
  return batch_.Flush([this](const Digest& key) { memory_.Erase(key); });
}

void StoreState::CountHit(const Digest& key, absl::Duration spent,
                          Clock::time_point now) {
  {
    const std::lock_guard lock(hits_mutex_);
    DropHitsOfParent();
    Hits& hits = hits_[key];
    ++hits.count;
    hits.spent += spent;
    hits.last = now;
    if (now - hits_flushed_ < kHitsInterval &&
        (hits_.size() < kMaxPendingHits || hits_refused_)) {
      return;
    }
    if (hits_.size() > kMostPendingHits) hits_.clear();
  }
  // A hit waits for nobody: whoever has the database, it is tried again later.
  (void)FlushHits(IfBusy::kGiveUp);
}

absl::Status StoreState::FlushHits(IfBusy if_busy) {
  if (parts_.read_only) {
    const std::lock_guard lock(hits_mutex_);
    hits_.clear();
    return absl::OkStatus();
  }
  absl::flat_hash_map<Digest, Hits> taken;
  {
    const std::lock_guard lock(hits_mutex_);
    DropHitsOfParent();
    hits_flushed_ = Clock::now();
    if (if_busy == IfBusy::kWait || hits_.size() <= kMostHitsAtOnce) {
      taken.swap(hits_);
    } else {
      for (auto it = hits_.begin(); taken.size() < kMostHitsAtOnce;) {
        taken.insert(*it);
        hits_.erase(it++);
      }
    }
  }
  if (taken.empty()) return absl::OkStatus();
  std::vector<KeyUse> uses;
  uses.reserve(taken.size());
  const absl::Time now = absl::Now();
  const Clock::time_point ticks = Clock::now();
  for (const auto& [key, hits] : taken) {
    uses.push_back({.key = key,
                    .hits = hits.count,
                    .spent = hits.spent,
                    .last = now - absl::FromChrono(ticks - hits.last)});
  }
  // Neighbours in the index are written together.
  std::sort(uses.begin(), uses.end(),
            [](const KeyUse& a, const KeyUse& b) { return a.key < b.key; });
  absl::Status status = parts_.index->AddUses(uses, if_busy);
  const std::lock_guard lock(hits_mutex_);
  hits_refused_ = !status.ok();
  if (!status.ok()) {
    for (const auto& [key, hits] : taken) {
      Hits& kept = hits_[key];
      kept.count += hits.count;
      kept.spent += hits.spent;
      kept.last = std::max(kept.last, hits.last);
    }
  }
  return status;
}

void StoreState::DropHitsOfParent() {
  if (const pid_t pid = ProcessId(); pid != hits_pid_) {
    hits_.clear();
    hits_pid_ = pid;
  }
}

}  // namespace ireneo::internal
