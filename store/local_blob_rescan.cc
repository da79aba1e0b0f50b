// Bringing the rows of blobs in line with their files, after the database was
// replaced by an older copy of itself or by none.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {

absl::Status LocalBlobStore::Rescan() {
  IRENEO_RETURN_IF_ERROR(DropRowsWithoutFile());
  for (int shard = 0; shard < BlobFiles::kShards; ++shard) {
    std::vector<BlobFiles::Found> files;
    IRENEO_RETURN_IF_ERROR(files_->ForEach(static_cast<std::uint8_t>(shard),
                                           [&](const BlobFiles::Found& found) {
                                             files.push_back(found);
                                             return true;
                                           }));
    for (const BlobFiles::Found& found : files) {
      IRENEO_RETURN_IF_ERROR(AddRowOf(found));
    }
  }
  return absl::OkStatus();
}

absl::Status LocalBlobStore::AddRowOf(const BlobFiles::Found& found) {
  IRENEO_ASSIGN_OR_RETURN(const bool has_row, Contains(found.file.digest));
  if (has_row) return absl::OkStatus();
  const ShardLocks::Shared lock =
      locks_.Share(BlobFiles::ShardOf(found.file.digest));
  // Whether it is good is found out when it is read first: to read all files
  // now would take hours in a large store.
  const absl::StatusOr<std::uint64_t> size = files_->SizeOf(found.file);
  if (!size.ok()) {
    // Bad for certain, or nothing that can be told now: a file without a row
    // harms no one.
    if (absl::IsDataLoss(size.status())) {
      (void)files_->SetAside(found.file, found.info);
    }
    return absl::OkStatus();
  }
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_RETURN_IF_ERROR(Commit({.digest = found.file.digest,
                                 .size = *size,
                                 .codec = found.file.codec,
                                 .stored = found.info.size},
                                connection)
                             .status());
  return transaction.Commit();
}

absl::Status LocalBlobStore::DropRowsWithoutFile() {
  std::vector<Digest> gone;
  {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT digest, size, data, codec, stored "
                           "FROM blobs WHERE data IS NULL"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      IRENEO_ASSIGN_OR_RETURN(const Digest digest, select.ColumnDigest(0));
      const absl::StatusOr<BlobPlace> place = PlaceAt(select, 1);
      if (!place.ok() || !files_
                              ->Exists({.digest = digest,
                                        .size = place->size,
                                        .codec = place->codec,
                                        .stored = place->stored})
                              .value_or(true)) {
        gone.push_back(digest);
      }
    }
  }
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  for (const Digest& digest : gone) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare(
            "DELETE FROM blobs WHERE digest = ? AND data IS NULL"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, digest).Run());
  }
  return transaction.Commit();
}

}  // namespace ireneo
