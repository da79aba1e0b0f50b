// A collection:
//
//   1. Lock locks/gc. One at a time, in all processes: step 4 has one list of
//      what is referred to meanwhile.
//   2. Plan (memo/collection_plan.h): which calls go.
//   3. Forget them, in transactions so short, with pauses between them, that
//      writers are not held up. A reader that has found such a call reads its
//      blob, or finds it gone and takes that for a miss.
//   4. Begin the sweep: from here on the index notes each blob that anybody
//      begins to refer to.
//   5. Mark what is referred to: what came before step 4 is found now, what
//      comes later is noted.
//   6. Remove what was neither marked nor, as the transaction that removes it
//      finds, noted: the row first, the file second
//      (store/local_blob_store.cc).
//   7. End the sweep, remove what killed processes left, write down how it
//      ended, unlock.
//
// A disk that is full has no room for the log that steps 3 to 7 write: then
// snapshots go, the log is begun anew, and calls are forgotten in smaller
// groups, down to one.
//
// Killed before 4, some calls are forgotten and their blobs are garbage; after
// it, notes go on to be taken, at the price of a row for each, until the next
// collection begins its own. Either way that one removes what is left. But the
// results of calls that were forgotten wait for their time of grace then, like
// all garbage of which nobody knows where it is from.

#include "ireneo/memo/collector.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/collection_plan.h"
#include "ireneo/memo/index_recovery.h"
#include "ireneo/store/file_lock.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Calls that one transaction forgets: some ten milliseconds.
constexpr std::size_t kForgottenAtOnce = 1024;
// Blobs between two calls of `progress`.
constexpr std::size_t kSweptAtOnce = 8192;
// Nobody writes a file for so long.
constexpr absl::Duration kLeftOverAge = absl::Hours(24);

std::filesystem::path LockPath(const std::filesystem::path& directory) {
  return directory / "locks" / "gc";
}

absl::StatusOr<FileLock> Lock(const std::filesystem::path& directory) {
  absl::StatusOr<FileLock> lock =
      FileLock::Acquire(LockPath(directory), FileLock::Mode::kExclusive);
  if (!absl::IsUnavailable(lock.status())) return lock;
  return absl::UnavailableError(
      absl::StrCat("another collection is running in ", directory.native(),
                   ": let it finish"));
}

// With the lock held. Trouble here costs a collection that was not needed.
void WriteLastCollection(const std::filesystem::path& directory,
                         const std::optional<LastCollection>& last) {
  const int file =
      ::open(LockPath(directory).c_str(),
             O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return;
  if (last.has_value()) {
    const std::string text = absl::StrCat(R"({"limit":)", last->limit,
                                          R"(,"usage":)", last->usage, "}\n");
    (void)!::write(file, text.data(), text.size());
  }
  ::close(file);
}

absl::Status CheckOptions(const CollectOptions& options) {
  if (options.max_age < absl::ZeroDuration() ||
      options.grace < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a collection has a max_age of ", absl::FormatDuration(options.max_age),
        " and a grace of ", absl::FormatDuration(options.grace),
        ": give no negative one"));
  }
  if (options.keep_versions < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a collection has keep_versions = ", options.keep_versions,
                     ": give the number of versions to keep, or 0 for all"));
  }
  return absl::OkStatus();
}

// Ends the sweep in any case.
class Sweep {
 public:
  explicit Sweep(MemoIndex& index) : index_(index) {}
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;
  ~Sweep() {
    if (running_) (void)index_.EndSweep();
  }

  absl::Status Begin() {
    running_ = true;
    return index_.BeginSweep();
  }
  absl::Status End() {
    running_ = false;
    return index_.EndSweep();
  }

 private:
  MemoIndex& index_;
  bool running_ = false;
};

// Does a step, twice if the disk is full: to forget takes room too.
absl::Status WithRoom(const CollectedStore& store,
                      absl::FunctionRef<absl::Status()> step) {
  absl::Status status = step();
  if (absl::IsResourceExhausted(status)) {
    store.make_room();
    status = step();
  }
  return status;
}

// The same for a group, of which parts need less room at a time.
absl::Status WithRoom(
    const CollectedStore& store, std::span<const Digest> group,
    absl::FunctionRef<absl::Status(std::span<const Digest>)> step) {
  absl::Status status = WithRoom(store, [&] { return step(group); });
  if (!absl::IsResourceExhausted(status) || group.size() < 2) return status;
  const std::size_t half = group.size() / 2;
  IRENEO_RETURN_IF_ERROR(WithRoom(store, group.first(half), step));
  return WithRoom(store, group.subspan(half), step);
}

absl::Status ForgetAll(const CollectedStore& store,
                       std::span<const Digest> keys,
                       const CollectOptions& options, std::int64_t& forgotten) {
  const auto total = static_cast<std::int64_t>(keys.size());
  while (!keys.empty()) {
    const auto group = keys.first(std::min(kForgottenAtOnce, keys.size()));
    keys = keys.subspan(group.size());
    const absl::Time start = absl::Now();
    IRENEO_RETURN_IF_ERROR(
        WithRoom(store, group, [&](std::span<const Digest> part) {
          const absl::StatusOr<std::int64_t> dropped = store.forget(part);
          forgotten += dropped.value_or(0);
          return dropped.status();
        }));
    if (options.progress != nullptr) {
      options.progress({.what = "forgetting calls",
                        .done = total - static_cast<std::int64_t>(keys.size()),
                        .total = total});
    }
    // Who waits for the index looks now and then whether it is free.
    if (!keys.empty()) absl::SleepFor((absl::Now() - start) / 2);
  }
  return absl::OkStatus();
}

// Returns what stays, for now or because it is garbage no more.
absl::StatusOr<std::vector<Digest>> RemoveAll(const CollectedStore& store,
                                              std::span<const Digest> garbage,
                                              absl::Time limit,
                                              const CollectOptions& options,
                                              CollectReport& report) {
  const auto total = static_cast<std::int64_t>(garbage.size());
  std::vector<Digest> stays;
  absl::flat_hash_set<Digest> removed;
  while (!garbage.empty()) {
    const auto group = garbage.first(std::min(kSweptAtOnce, garbage.size()));
    garbage = garbage.subspan(group.size());
    IRENEO_RETURN_IF_ERROR(
        WithRoom(store, group, [&](std::span<const Digest> part) {
          return store.index.Sweep(part, limit, [&](const BlobInfo& blob) {
            removed.insert(blob.digest);
            ++report.blobs;
            report.bytes += blob.size;
          });
        }));
    for (const Digest& digest : group) {
      if (!removed.contains(digest)) stays.push_back(digest);
    }
    removed.clear();
    if (options.progress != nullptr) {
      options.progress(
          {.what = "removing blobs",
           .done = total - static_cast<std::int64_t>(garbage.size()),
           .total = total});
    }
  }
  return stays;
}

// Looks at the files in a folder; visits those that were last changed before
// `limit`. Trouble here is none of the caller's: another process may be tidying
// up too.
void ForEachOldFile(
    const std::filesystem::path& folder, const FileSystem& files,
    absl::Time limit,
    absl::FunctionRef<void(const std::filesystem::path&, const FileInfo&)>
        visit) {
  const auto names = files.List(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const absl::StatusOr<FileInfo> info = files.Stat(folder / name);
    if (info.ok() && absl::FromUnixNanos(info->mtime_ns) < limit) {
      visit(folder / name, *info);
    }
  }
}

absl::Status RemoveLeftOvers(const CollectedStore& store, bool dry_run,
                             CollectReport& report) {
  const absl::Time limit = absl::Now() - kLeftOverAge;
  ForEachOldFile(store.directory / "tmp", store.files, limit,
                 [&](const std::filesystem::path& path, const FileInfo& info) {
                   if (!dry_run && !store.files.Remove(path).ok()) return;
                   ++report.left_over_files;
                   report.left_over_bytes += info.size;
                 });
  ForEachOldFile(store.directory / "quarantine", store.files,
                 absl::InfiniteFuture(),
                 [&](const std::filesystem::path&, const FileInfo& info) {
                   report.quarantine_bytes += info.size;
                 });
  // Those of which a restored index does not know yet are no strays.
  if (NeedsRescan(store.directory, store.files)) return absl::OkStatus();
  IRENEO_ASSIGN_OR_RETURN(const StrayFiles strays,
                          store.index.FindStrays(limit, /*remove=*/!dry_run));
  report.left_over_files += strays.files;
  report.left_over_bytes += strays.bytes;
  return absl::OkStatus();
}

}  // namespace

std::optional<LastCollection> ReadLastCollection(
    const std::filesystem::path& directory) {
  // O_NONBLOCK: opening a pipe that someone put there must not wait.
  const int file = ::open(LockPath(directory).c_str(),
                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  std::array<char, 128> text = {};
  const ssize_t size = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  unsigned long long limit = 0;
  unsigned long long usage = 0;
  char end = 0;
  if (size <= 0 ||
      std::sscanf(text.data(), R"({"limit":%llu,"usage":%llu%c)", &limit,
                  &usage, &end) != 3 ||
      end != '}') {
    return std::nullopt;
  }
  return LastCollection{.limit = limit, .usage = usage};
}

absl::StatusOr<CollectReport> Collect(const CollectedStore& store,
                                      const CollectOptions& options,
                                      bool thorough) {
  IRENEO_RETURN_IF_ERROR(CheckOptions(options));
  std::optional<FileLock> lock;
  if (!options.dry_run) {
    IRENEO_ASSIGN_OR_RETURN(FileLock taken, Lock(store.directory));
    lock.emplace(std::move(taken));
  }
  const absl::Time start = absl::Now();
  std::uint64_t usage = 0;
  IRENEO_RETURN_IF_ERROR(WithRoom(store, [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(usage, store.index.DiskUsage());
    return absl::OkStatus();
  }));
  if (options.progress != nullptr) options.progress({.what = "reading"});
  IRENEO_ASSIGN_OR_RETURN(
      CollectionPlan plan,
      CollectionPlan::Make(store.index, store.blobs, options, usage, start));
  CollectReport report = plan.Forecast();
  report.bytes_before = usage;
  if (options.dry_run) {
    if (thorough) {
      IRENEO_RETURN_IF_ERROR(RemoveLeftOvers(store, /*dry_run=*/true, report));
    }
    return report;
  }
  report.calls = 0;
  report.blobs = 0;
  report.bytes = 0;
  IRENEO_RETURN_IF_ERROR(
      ForgetAll(store, plan.Victims(), options, report.calls));
  Sweep sweep(store.index);
  IRENEO_RETURN_IF_ERROR(WithRoom(store, [&] { return sweep.Begin(); }));
  plan.StartMarking();
  IRENEO_RETURN_IF_ERROR(store.index.ForEachReference(
      [&](const Digest& digest) { plan.Mark(digest); }));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins,
                          store.index.Pins());
  for (const PinRecord& pin : pins) plan.Mark(pin.digest);
  // See collection.h. What was put since the start is of somebody who has just
  // been told that it is here.
  IRENEO_ASSIGN_OR_RETURN(
      std::vector<Digest> of_victims,
      RemoveAll(store, plan.GarbageOfVictims(), start, options, report));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<Digest> old,
                          RemoveAll(store, plan.OldGarbage(),
                                    start - options.grace, options, report));
  // Writers who were in the way may have finished. The next collection would
  // not know whose these were, and leave them for their time of grace.
  if (!of_victims.empty()) {
    IRENEO_ASSIGN_OR_RETURN(
        of_victims, RemoveAll(store, of_victims, start, options, report));
  }
  report.spared = static_cast<std::int64_t>(of_victims.size() + old.size());
  IRENEO_RETURN_IF_ERROR(WithRoom(store, [&] { return sweep.End(); }));
  if (thorough) {
    IRENEO_RETURN_IF_ERROR(RemoveLeftOvers(store, /*dry_run=*/false, report));
  }
  IRENEO_ASSIGN_OR_RETURN(report.bytes_after, store.index.DiskUsage());
  std::optional<LastCollection> last;
  if (options.max_bytes.has_value() && options.function.empty()) {
    last = {.limit = *options.max_bytes, .usage = report.bytes_after};
  }
  WriteLastCollection(store.directory, last);
  return report;
}

}  // namespace ireneo::internal
