#ifndef IRENEO_MEMO_COLLECTOR_H_
#define IRENEO_MEMO_COLLECTOR_H_

// Collecting garbage in a store, what MemoStore::Collect does. Internal to
// Ireneo.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {

// The parts of an open store.
struct CollectedStore {
  const std::filesystem::path& directory;
  MemoIndex& index;
  const BlobStore& blobs;
  const FileSystem& files;
  // As MemoIndex::ForgetUnpinned, for whoever keeps calls beside the index.
  absl::FunctionRef<absl::StatusOr<std::int64_t>(std::span<const Digest>)>
      forget;
  // Frees some of a full disk, for what a collection itself writes.
  absl::FunctionRef<void()> make_room;
};

// `thorough` also looks for files that killed processes left.
//
// Errors: Unavailable if another collection is running; InvalidArgument; those
// of the index and the blobs.
absl::StatusOr<CollectReport> Collect(const CollectedStore& store,
                                      const CollectOptions& options,
                                      bool thorough);

// How the last collection ended that had a limit.
struct LastCollection {
  std::uint64_t limit = 0;  // Bytes.
  std::uint64_t usage = 0;  // Of the disk, afterwards.
};
std::optional<LastCollection> ReadLastCollection(
    const std::filesystem::path& directory);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_COLLECTOR_H_
