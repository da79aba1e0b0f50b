#ifndef IRENEO_MEMO_READ_ONLY_INDEX_H_
#define IRENEO_MEMO_READ_ONLY_INDEX_H_

// The SQLite index of a store that this process may not write to: on a medium
// that is read-only, or someone else's. Internal to Ireneo.

#include <filesystem>
#include <memory>

#include "absl/status/statusor.h"
#include "ireneo/memo/scratch_directory.h"
#include "ireneo/store/database.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

struct ReadOnlyIndex {
  // Of the copy, if there is one; outlives the database.
  std::unique_ptr<ScratchDirectory> scratch;
  std::unique_ptr<Database> database;
};

// Opens `directory`/index.db in place if SQLite can: while others write to it,
// say. Else a copy of it and of its log, in the state of now, upgraded if it is
// of an older version.
//
// Errors: those of Database::Open; Unavailable if it is written to all the time
// and cannot be read in place.
absl::StatusOr<ReadOnlyIndex> OpenReadOnlyIndex(
    const std::filesystem::path& directory, const FileSystem& files);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_READ_ONLY_INDEX_H_
