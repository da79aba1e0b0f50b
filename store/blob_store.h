#ifndef IRENEO_STORE_BLOB_STORE_H_
#define IRENEO_STORE_BLOB_STORE_H_

// Maps digests to bytes, and keeps equal bytes once. The layer above decides
// what the bytes mean; a blob store never looks inside.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo {

struct PutResult {
  Digest digest;
  std::uint64_t size = 0;  // Bytes.
  // False if the store held these bytes already.
  bool inserted = false;
};

struct BlobInfo {
  Digest digest;
  std::uint64_t size = 0;  // Bytes.
  absl::Time created_at;
  BlobCodec codec = BlobCodec::kRaw;
  std::uint64_t stored = 0;  // Bytes that it takes as it is stored.
};

// A content-addressed store. Thread-safe; implementations say whether several
// processes may share one.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Stores what `write` writes: hashes it, and writes only what is missing.
  // `write` is called once to hash and, if the store lacks the result and it is
  // not small, once more to store; both calls must write the same bytes.
  //
  // Errors: the failure that `write` left in the sink; Internal if the two
  // calls wrote different bytes; AlreadyExists if the store, being asked to
  // compare, has other bytes of the same digest; ResourceExhausted if the disk
  // is full; PermissionDenied if the store may not be written; Unavailable if
  // other processes kept it locked for too long.
  virtual absl::StatusOr<PutResult> Put(
      absl::FunctionRef<void(Sink&)> write) = 0;

  // Stores `bytes`. Errors: as above.
  absl::StatusOr<PutResult> Put(std::span<const std::byte> bytes) {
    return Put([bytes](Sink& sink) { sink.Write(bytes); });
  }
  absl::StatusOr<PutResult> Put(std::string_view bytes) {
    return Put(std::as_bytes(std::span(bytes)));
  }

  // The bytes whose digest is `digest`, aligned to `Blob::kAlignment`.
  //
  // Errors: NotFound if there is no such blob; DataLoss if there was one and
  // its bytes are gone or changed: it is set aside and from then on NotFound,
  // so that a later put makes it whole.
  virtual absl::StatusOr<Blob> Get(const Digest& digest) const = 0;

  // True if the store has a blob of that name, which is not read.
  virtual absl::StatusOr<bool> Contains(const Digest& digest) const = 0;

  // Removing an absent blob is not an error. Blobs in memory stay valid.
  virtual absl::Status Remove(const Digest& digest) = 0;

  // Visits every blob, in no order, until `visit` returns false. What is put
  // or removed meanwhile may be visited or not.
  virtual absl::Status ForEach(
      absl::FunctionRef<bool(const BlobInfo&)> visit) const = 0;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_BLOB_STORE_H_
