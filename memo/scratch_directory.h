#ifndef IRENEO_MEMO_SCRATCH_DIRECTORY_H_
#define IRENEO_MEMO_SCRATCH_DIRECTORY_H_

// Where a process keeps what it needs while it reads a store that it may not
// write to. Internal to Ireneo.

#include <sys/types.h>

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"

namespace ireneo::internal {

// A directory that is removed, with all that is in it, at the end.
class ScratchDirectory {
 public:
  // Made where temporary files go. Errors: those of the file system.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Make();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path);

  const std::filesystem::path path_;
  const pid_t pid_;  // Whose it is: a forked child leaves it alone.
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SCRATCH_DIRECTORY_H_
