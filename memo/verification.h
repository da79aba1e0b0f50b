#ifndef IRENEO_MEMO_VERIFICATION_H_
#define IRENEO_MEMO_VERIFICATION_H_

// What MemoStore::Verify is told and tells: whether all that a store has is
// what was stored.
//
// It reads every blob and checks the whole index. A blob whose bytes are not
// those of its digest is moved to quarantine/; nothing is thrown away. Trouble
// that may pass, as a file that cannot be read just now, is reported and
// changes nothing. A run that is interrupted is continued by the next one.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct VerifyProgress {
  std::int64_t blobs = 0;  // So far, those of an interrupted run included.
  std::int64_t total_blobs = 0;
  std::uint64_t bytes = 0;  // Of their payloads.
  std::uint64_t total_bytes = 0;
};

struct VerifyOptions {
  // Also drops the records whose results are lost for certain: their calls are
  // misses in any case, and computed anew.
  bool repair = false;
  // Starts with the first blob, even if a run was interrupted.
  bool restart = false;
  // Called after each blob. Returns false to stop, for the next run to
  // continue.
  std::function<bool(const VerifyProgress&)> progress = nullptr;
};

struct VerifyReport {
  // What was read; in the interrupted run as well, if this one continued it.
  std::int64_t blobs = 0;
  std::uint64_t bytes = 0;
  bool continued = false;
  bool complete = true;  // False if `progress` stopped it.

  struct Blob {
    Digest digest;
    std::string why;
  };
  // How many the interrupted run had found and set aside.
  std::int64_t damaged_before = 0;
  // Bad for certain, and set aside by this run.
  std::vector<Blob> damaged = {};
  // Could not be read, for a reason that may pass.
  std::vector<Blob> unreadable = {};

  std::int64_t calls = 0;
  // Those whose result is not in the store.
  std::vector<Digest> calls_without_result = {};
  std::int64_t calls_dropped = 0;  // Of these, by `repair`.

  // Damage of the index: of a database, which the next opening of the store
  // mends from a snapshot; or of records, which are in quarantine/ now.
  absl::Status index = absl::OkStatus();

  bool found_damage() const {
    return damaged_before > 0 || !damaged.empty() || !unreadable.empty() ||
           calls_without_result.size() >
               static_cast<std::size_t>(calls_dropped) ||
           !index.ok();
  }
};

}  // namespace ireneo

#endif  // IRENEO_MEMO_VERIFICATION_H_
