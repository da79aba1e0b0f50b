#ifndef IRENEO_MEMO_STORE_DIRECTORY_H_
#define IRENEO_MEMO_STORE_DIRECTORY_H_

// What makes a directory a store: ireneo.json, which says which one (see
// store/FORMAT.md). Internal to Ireneo.

#include <filesystem>

#include "absl/status/status.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

// The name of the database in the directory of a store.
inline constexpr char kIndexFile[] = "index.db";

// Makes sure that `directory` is one of a store that this build can read; if
// `create`, makes it one, with its parents.
//
// Errors: FailedPrecondition if it has other things in it than a store, or a
// store of another format; NotFound unless `create`; DataLoss if ireneo.json is
// damaged; those of the file system.
absl::Status PrepareStoreDirectory(const std::filesystem::path& directory,
                                   bool create, const FileSystem& files);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_STORE_DIRECTORY_H_
