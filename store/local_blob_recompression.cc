// Compressing the file of a blob anew, while others read and store blobs.

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// How long it waits for writers.
constexpr absl::Duration kPatience = absl::Seconds(5);

}  // namespace

// A file with another suffix stands beside the old one until the row names it;
// one with the same replaces it, which the row's `stored` may tell late:
// whoever reads a compressed file is content with any size of it, if the
// payload is right.
absl::Status LocalBlobStore::Recompress(const Digest& digest,
                                        const Compression& compression,
                                        const PayloadHint& hint) {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row, RowOf(digest));
  if (!row.has_value()) return NoBlob(digest);
  if (!row->file.has_value()) return absl::OkStatus();
  IRENEO_ASSIGN_OR_RETURN(const Blob blob, Get(digest));
  if (row->file->codec == BlobCodec::kRaw &&
      StaysRaw(compression, hint, blob.bytes())) {
    return absl::OkStatus();
  }
  IRENEO_ASSIGN_OR_RETURN(
      BlobFiles::Unpublished file,
      files_->Write(digest, blob.size(),
                    [&](Sink& sink) { sink.Write(blob.bytes()); },
                    {.compression = compression, .hint = hint}));
  const BlobFile& old = *row->file;
  if (file.file() == old) return absl::OkStatus();
  const std::optional<ShardLocks::Exclusive> lock =
      locks_.TryExclusive(BlobFiles::ShardOf(digest), kPatience);
  if (!lock.has_value()) return BusyError(digest, "recompressed");
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  {
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> now,
                            RowOf(digest, connection));
    if (!now.has_value() || now->file != old) {
      return absl::AbortedError(absl::StrCat(
          "blob ", digest.ToString(), " in ", files_->directory().native(),
          " was changed while it was being recompressed"));
    }
    IRENEO_RETURN_IF_ERROR(files_->Publish(file));
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare(
            "UPDATE blobs SET codec = ?2, stored = ?3 WHERE digest = ?1"));
    update.Bind(1, digest);
    BindCodec(file.file().codec, file.file().stored, 2, update);
    IRENEO_RETURN_IF_ERROR(update.Run());
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
  }
  if (file.file().codec == old.codec) return absl::OkStatus();
  return files_->Remove(digest, old.codec);
}

}  // namespace ireneo
