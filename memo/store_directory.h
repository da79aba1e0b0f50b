#ifndef IRENEO_MEMO_STORE_DIRECTORY_H_
#define IRENEO_MEMO_STORE_DIRECTORY_H_

// What makes a directory a store: ireneo.json, which says which one (see
// store/FORMAT.md). Internal to Ireneo.

#include <filesystem>

#include "absl/status/statusor.h"
#include "ireneo/memo/index_engine.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

// The name of the database in the directory of a store.
inline constexpr char kIndexFile[] = "index.db";

// Makes sure that `directory` is one of a store that this build can read and
// write; if `create`, makes it one, with its parents. Returns what keeps its
// records, kSqlite or kDirectory: for a new store as `engine` says.
//
// Errors: FailedPrecondition if it has other things in it than a store, a store
// of another format or with features that this build does not know, or one with
// another engine than is asked for, and if SQLite was to be used on a network
// file system; NotFound unless `create`; DataLoss if ireneo.json is damaged;
// those of the file system.
absl::StatusOr<IndexEngine> PrepareStoreDirectory(
    const std::filesystem::path& directory, bool create, IndexEngine engine,
    const FileSystem& files);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_STORE_DIRECTORY_H_
