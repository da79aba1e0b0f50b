#ifndef IRENEO_MEMO_DIRECTORY_USES_H_
#define IRENEO_MEMO_DIRECTORY_USES_H_

// The hits of a store whose index is a directory. Each process writes those
// that it counts to a file of its own, and a sum is over all files: so that a
// hit costs no request to the server, and a second's hits cost a few.
//
// Counts are approximate: those of the last second are lost with a crash, and
// some may be when old files are merged. Internal to Ireneo.

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/record_files.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

struct CallUses {
  std::int64_t hits = 0;
  absl::Duration spent;
  absl::Time last = absl::InfinitePast();

  void Add(const CallUses& other);
};

using UsesMap = absl::flat_hash_map<Digest, CallUses>;

// Thread-safe.
class DirectoryUses {
 public:
  // `files` must outlive this.
  explicit DirectoryUses(const RecordFiles& files) : files_(files) {}

  // Errors: if it fails, nothing was added.
  absl::Status Add(std::span<const KeyUse> uses);

  // Those of one call; of other processes, as of at most a second ago.
  CallUses Of(const Digest& key);

  // Those of all calls. Files that cannot be read are left out.
  UsesMap All();

 private:
  struct File {
    FileInfo info;
    UsesMap uses;
  };

  // With `mutex_` held.
  void ForgetThatOfParent();
  absl::Status Write(const std::string& name, const UsesMap& uses) const;
  // Reads what is new or has changed.
  void Refresh();
  // Sums up files that nobody seems to write any more.
  void Merge();

  const RecordFiles& files_;
  std::mutex mutex_;
  // The file that this process writes; empty if it has none yet.
  std::string own_name_;
  FileInfo own_info_;
  UsesMap own_;
  std::uint64_t fork_count_ = 0;
  std::map<std::string, File> others_;
  absl::Time refreshed_ = absl::InfinitePast();
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_DIRECTORY_USES_H_
