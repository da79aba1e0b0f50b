// Bringing the rows of blobs in line with their files, after the database was
// replaced by an older copy of itself or by none.

#include <cstddef>
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
  for (int i = 0; i < BlobFiles::kShards; ++i) {
    const auto shard = static_cast<std::uint8_t>(i);
    std::vector<BlobFiles::Found> files;
    IRENEO_RETURN_IF_ERROR(
        files_->ForEach(shard, [&](const BlobFiles::Found& found) {
          files.push_back(found);
          return true;
        }));
    IRENEO_RETURN_IF_ERROR(AddRowsOf(shard, files));
  }
  return absl::OkStatus();
}

absl::Status LocalBlobStore::AddRowsOf(
    std::uint8_t shard, std::span<const BlobFiles::Found> files) {
  const ShardLocks::Shared lock = locks_.Share(shard);
  std::vector<StagedBlob> good;
  for (const BlobFiles::Found& found : files) {
    IRENEO_ASSIGN_OR_RETURN(const bool has_row, Contains(found.file.digest));
    if (has_row) continue;
    std::optional<FileInfo> observed;
    const absl::StatusOr<Blob> payload =
        files_->Read(found.file, VerifyReads::kAlways, observed);
    if (payload.ok()) {
      StagedBlob& blob = good.emplace_back();
      blob.digest = found.file.digest;
      blob.size = payload->size();
      blob.codec = found.file.codec;
      blob.stored = found.info.size;
      if (blob.size <= kInlineLimit) {
        // Somebody else put it there: this store has none so small.
        const std::span<const std::byte> bytes = payload->bytes();
        blob.inline_bytes.assign(reinterpret_cast<const char*>(bytes.data()),
                                 bytes.size());
        blob.codec = BlobCodec::kRaw;
      }
    } else if (absl::IsDataLoss(payload.status())) {
      (void)files_->SetAside(found.file, observed);
    }
    // Else nothing can be told now: a file without a row harms no one.
  }
  if (good.empty()) return absl::OkStatus();
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  for (const StagedBlob& blob : good) {
    IRENEO_RETURN_IF_ERROR(Commit(blob, connection).status());
  }
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
