#ifndef IRENEO_STORE_STAGING_BLOB_STORE_H_
#define IRENEO_STORE_STAGING_BLOB_STORE_H_

// A blob store in a directory, for a caller that keeps records of its own which
// name blobs: it puts in two steps, and reads what a record says is there. What
// others need is a BlobStore.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/shard_locks.h"

namespace ireneo {

struct StageOptions {
  // Instead of the store's.
  std::optional<Compression> compression = std::nullopt;
  PayloadHint hint = {};
  // Leaves syncing, if the store is durable, to `SyncStaged`.
  bool defer_sync = false;
  // Instead of the store's.
  std::optional<DedupCheck> dedup_check = std::nullopt;
};

// A blob whose bytes are safe, to be named by a record. A value; copies keep
// what removes blobs waiting as well, until the last is destroyed: which should
// be soon after the record is written.
struct StagedBlob {
  Digest digest;
  std::uint64_t size = 0;
  // The payload, if it is small.
  std::string inline_bytes = {};
  // A larger blob was in the store when it was staged.
  bool present = false;
  // To be given to `SyncStaged` before the record is written.
  bool unsynced = false;
  // What the store has by then under this digest is compared.
  bool compare = false;
  // Of the file, if the blob has one.
  BlobCodec codec = BlobCodec::kRaw;
  std::uint64_t stored = 0;  // Bytes.
  ShardLocks::Shared lock = {};
};

// Where the payload of a blob is, as a record says.
struct BlobPlace {
  std::uint64_t size = 0;  // Bytes of the payload.
  // The payload, if it is not in a file.
  std::optional<std::span<const std::byte>> inline_bytes = std::nullopt;
  // Of the file. A store without rows looks for itself.
  BlobCodec codec = BlobCodec::kRaw;
  std::uint64_t stored = 0;  // Bytes.
};

// Thread-safe; many processes may use one directory at once.
class StagingBlobStore : public BlobStore {
 public:
  // `StagedBlob::inline_bytes` has payloads of at most this many bytes.
  static constexpr std::uint64_t kInlineLimit = 4096;

  // Does all of a put that is slow. A blob that no record comes to name is
  // left to garbage collection.
  //
  // Errors: as `Put`.
  virtual absl::StatusOr<StagedBlob> Stage(absl::FunctionRef<void(Sink&)> write,
                                           const StageOptions& options) = 0;
  absl::StatusOr<StagedBlob> Stage(absl::FunctionRef<void(Sink&)> write) {
    return Stage(write, StageOptions());
  }

  // `Put` with options; `defer_sync` means nothing to it.
  virtual absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write,
                                        const StageOptions& options) = 0;
  using BlobStore::Put;
  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write) final {
    return Put(write, StageOptions());
  }

  // As `Stage` of a blob that is too large to be inline and was staged or put
  // before, by whomever. It is read at most for its size. Errors: NotFound if
  // it has gone, or does not have that size.
  virtual absl::StatusOr<StagedBlob> StagePresent(const Digest& digest,
                                                  std::uint64_t size) = 0;

  // Syncs, all at once, what was staged with `defer_sync`. Errors: if it fails,
  // none of the blobs may be relied on: stage them again.
  virtual absl::Status SyncStaged(std::span<StagedBlob* const> blobs) = 0;

  // Whether a staged blob was removed meanwhile; not if that cannot be told.
  virtual bool HasVanished(const StagedBlob& blob) const = 0;

  // `Get` of a blob whose place is known. Errors: as `Get`.
  virtual absl::StatusOr<Blob> Load(const Digest& digest,
                                    const BlobPlace& place) const = 0;
  absl::StatusOr<Blob> Load(const StagedBlob& blob) const {
    BlobPlace place = {
        .size = blob.size, .codec = blob.codec, .stored = blob.stored};
    if (blob.size <= kInlineLimit) {
      place.inline_bytes = std::as_bytes(std::span(blob.inline_bytes));
    }
    return Load(blob.digest, place);
  }

  // Reads and hashes a blob, whatever was read before and whatever the options
  // say. Errors: as `Get`.
  virtual absl::Status Check(const Digest& digest) const = 0;

  // Where the file of a blob is; where it would be if it has none.
  virtual std::filesystem::path PathOf(const Digest& digest) const = 0;

  // Writes the file of a blob anew, as `compression` wants it. A blob that is
  // no file, or would have the same one, stays as it is. Who reads meanwhile
  // gets the same bytes. Errors: as `Get` and `Put`; Unavailable if others of
  // its shard were being stored all the time; Aborted if it was changed
  // meanwhile.
  virtual absl::Status Recompress(const Digest& digest,
                                  const Compression& compression,
                                  const PayloadHint& hint) = 0;
  absl::Status Recompress(const Digest& digest,
                          const Compression& compression) {
    return Recompress(digest, compression, PayloadHint());
  }
};

}  // namespace ireneo

#endif  // IRENEO_STORE_STAGING_BLOB_STORE_H_
