#ifndef IRENEO_MEMO_COLLECTION_H_
#define IRENEO_MEMO_COLLECTION_H_

// What MemoStore::Collect is told and tells: which calls to forget, so that a
// store stays small, and what that freed.
//
// A collection forgets the calls that its criteria name, and removes garbage:
// blobs that nothing refers to any more. Without criteria it does the latter
// alone. What is pinned stays: a pinned blob, a call that is pinned or whose
// result is, and the blobs that such a call refers to (but not the calls that
// its function made).
//
// How long a blob is safe that nothing refers to:
//
// - The result of a call that this collection forgets goes at once, or a limit
//   could not be held against results of the last hour. But what was put again
//   after the collection began stays.
//   (In a store with an index of files, whose writers no lock tells of, it
//   stays for an hour since it was put, whatever `grace` is.)
// - Any other, for example one that was put by its bytes, stays for `grace`
//   since it was last put: whoever put it may be about to refer to it.
//
// Neither can take a blob away from a call that is being remembered: what comes
// to be referred to while the collection runs stays, in all processes.
//
// It does not promise to reach a limit to the byte: sizes of records are
// estimates, and the database keeps the room of what is deleted from it for
// what comes next.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace ireneo {

// Which calls go first if not all can stay. Those that share a large result go
// together, for only the last of them frees it.
enum class CollectBy {
  kLeastRecentlyUsed,
  // Those that are computed again at the least cost for the room they take.
  kLeastSecondsPerByte,
};

struct CollectProgress {
  std::string_view what;  // "forgetting calls", ...
  std::int64_t done = 0;
  std::int64_t total = 0;
};

// A call goes if one of the criteria says so.
struct CollectOptions {
  // How many bytes of disk the store may use; calls go in the order `order`
  // until it does. With `function`, how many the results and kept arguments of
  // those calls may. A call whose result alone is larger goes first. Write
  // `std::uint64_t{10} << 30` for 10 GiB: an int has no room for it, and what
  // it makes of it is a limit that no store exceeds.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
  // Since a call was last used.
  absl::Duration max_age = absl::InfiniteDuration();
  // Of each function, keep the so many versions that had the newest calls; 0:
  // all.
  int keep_versions = 0;
  // The criteria are for functions whose name starts so.
  std::string function = {};
  CollectBy order = CollectBy::kLeastRecentlyUsed;
  // See above.
  absl::Duration grace = absl::Hours(1);
  // Only say what would go.
  bool dry_run = false;
  // Called now and then.
  std::function<void(const CollectProgress&)> progress = nullptr;
};

struct CollectReport {
  // What went; or, in a dry run, would go.
  std::int64_t calls = 0;
  std::int64_t blobs = 0;
  std::uint64_t bytes = 0;  // Of these blobs.
  // Of the disk, used by the store; in a dry run, `bytes_after` is an estimate.
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  // False if `max_bytes` is less than what must stay.
  bool limit_reached = true;
  // Garbage that stayed, because it was put or referred to meanwhile, or
  // because writers were at work around it all the time.
  std::int64_t spared = 0;
  // Garbage that stays until its time of grace is over, and its bytes of disk.
  std::int64_t waiting = 0;
  std::uint64_t waiting_bytes = 0;
  // Files that killed processes left.
  std::int64_t left_over_files = 0;
  std::uint64_t left_over_bytes = 0;
  // In quarantine/. They stay, for people to look at.
  std::uint64_t quarantine_bytes = 0;

  struct Function {
    std::string name;
    std::int64_t calls = 0;   // That go,
    std::int64_t kept = 0;    // and that stay.
    std::uint64_t bytes = 0;  // Of the values that go with them.
  };
  // Those that lose calls, by name.
  std::vector<Function> functions = {};

  // Why no copy of the index could be made; OK in a dry run.
  absl::Status snapshot = absl::OkStatus();
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_COLLECTION_H_
