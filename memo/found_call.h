#ifndef IRENEO_MEMO_FOUND_CALL_H_
#define IRENEO_MEMO_FOUND_CALL_H_

// What a look into a store finds of a call. Internal to Ireneo. Apart from
// memo/memo_index.h, because programs compile this with each memoized function
// and never what the index is made of.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// What the index says of a key.
struct FoundCall {
  Digest key;
  Digest result;
  std::uint64_t result_size = 0;
  absl::Duration elapsed;  // What computing took.
  absl::Time created;
  // The type of the result if that is an older one than the function's; valid
  // as long as its FunctionState.
  const std::string* old_type = nullptr;
  // The result's bytes, or DataLoss if they are damaged. Unset unless asked.
  absl::StatusOr<Blob> blob = absl::UnknownError("not loaded");
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_FOUND_CALL_H_
