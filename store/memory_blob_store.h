#ifndef IRENEO_STORE_MEMORY_BLOB_STORE_H_
#define IRENEO_STORE_MEMORY_BLOB_STORE_H_

// A blob store for tests and short-lived programs. Nothing outlives it.

#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "ireneo/store/blob_store.h"

namespace ireneo {

// Thread-safe; of one process.
class MemoryBlobStore final : public BlobStore {
 public:
  using BlobStore::Put;
  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)> write) override;
  absl::StatusOr<Blob> Get(const Digest& digest) const override;
  absl::StatusOr<bool> Contains(const Digest& digest) const override;
  absl::Status Remove(const Digest& digest) override;
  absl::Status ForEach(
      absl::FunctionRef<bool(const BlobInfo&)> visit) const override;

 private:
  struct Entry {
    Blob blob;
    absl::Time created_at;
  };

  mutable std::mutex mutex_;
  absl::flat_hash_map<Digest, Entry> blobs_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_MEMORY_BLOB_STORE_H_
