#ifndef IRENEO_MEMO_INDEX_RECOVERY_H_
#define IRENEO_MEMO_INDEX_RECOVERY_H_

// Opens the SQLite index of a store, and replaces it by its newest snapshot if
// it is damaged. The steps are numbered in index_recovery.cc. Internal to
// Ireneo.

#include <cstddef>
#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/database.h"
#include "ireneo/store/durability.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

// Opens `directory`/index.db, made if it does not exist. One that is damaged,
// or lost while snapshots remain, is set aside in quarantine/, and the newest
// snapshot that is whole takes its place, or an empty index. Then `recovered`
// is DataLoss, and tells what was done; else it is left as it is.
//
// Errors: those of Database::Open, but DataLoss only if nothing could be put in
// place.
absl::StatusOr<std::unique_ptr<Database>> OpenIndex(
    const std::filesystem::path& directory, const FileSystem& files,
    Durability durability, absl::Status& recovered);

// Whether the index was replaced and its rows of blobs have not been brought in
// line with the files since; `EndRescan` says that they have.
bool NeedsRescan(const std::filesystem::path& directory,
                 const FileSystem& files);
absl::Status EndRescan(const std::filesystem::path& directory,
                       const FileSystem& files);

// Reads all of the index. Errors: DataLoss if anything in it is not as it must
// be.
absl::Status CheckIndex(Database& database);

// A query met damage: the next opening checks all of the index.
void SuspectIndex(const std::filesystem::path& directory,
                  const FileSystem& files);

// Writes a copy of the index to snapshots/ and removes all but the newest two.
// Others may read and write meanwhile. Errors: those of store/database.h.
absl::Status SnapshotIndex(const std::filesystem::path& directory,
                           Database& database, const FileSystem& files);

// Whether there is a snapshot that was made after `time`.
bool HasSnapshotSince(const std::filesystem::path& directory,
                      const FileSystem& files, absl::Time time);

// Keeps some of the disk for who makes room in a full one, which takes room: a
// file that `UseReserve` removes. That it cannot be made is no error. Returns
// whether there was one to remove.
void KeepReserve(const std::filesystem::path& directory,
                 const FileSystem& files);
bool UseReserve(const std::filesystem::path& directory,
                const FileSystem& files);

// For a full disk: removes all snapshots but the newest `keep`. Returns whether
// there was one to remove.
bool DropSnapshots(const std::filesystem::path& directory,
                   const FileSystem& files, std::size_t keep);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_INDEX_RECOVERY_H_
