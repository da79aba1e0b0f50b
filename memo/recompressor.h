#ifndef IRENEO_MEMO_RECOMPRESSOR_H_
#define IRENEO_MEMO_RECOMPRESSOR_H_

// Compresses what a store has anew (memo/recompression.h). Internal to Ireneo.

#include "absl/status/statusor.h"
#include "ireneo/memo/recompression.h"

namespace ireneo::internal {

class StoreState;

// Errors: Unavailable if another recompression is running; those of listing
// the calls and the blobs.
absl::StatusOr<RecompressReport> RecompressStore(
    StoreState& store, const RecompressOptions& options);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_RECOMPRESSOR_H_
