#ifndef IRENEO_MEMO_ARCHIVE_PROGRESS_H_
#define IRENEO_MEMO_ARCHIVE_PROGRESS_H_

// How work with an archive, which may take long, is followed and stopped.
// Internal to Ireneo.

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "ireneo/memo/archive_contents.h"

namespace ireneo::internal {

// Calls `progress`, if there is one. Errors: Cancelled if it says so.
absl::Status TellProgress(const ArchiveProgressFn& progress,
                          std::string_view what, std::uint64_t bytes,
                          std::uint64_t total);

// Waits for a pipe, which may take as long as its other end likes: until `fd`
// is ready for `events` of poll(2), has an error, or 200 ms are over. Returns
// false if it is to be called again; in between, ask whether to go on.
bool WaitFor(int fd, short events);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_PROGRESS_H_
