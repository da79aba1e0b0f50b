#ifndef IRENEO_MEMO_OBSERVER_H_
#define IRENEO_MEMO_OBSERVER_H_

// What a program can be told of each memoized call, as it ends: to count hits,
// to log, to notice that the store does not work.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ireneo/store/digest.h"

namespace ireneo {

// Where the time of one call went.
struct CallTimes {
  absl::Duration hashing = {};  // The arguments.
  absl::Duration lookup = {};   // In memory and in the index.
  absl::Duration compute = {};  // The function itself; zero on a hit.
  absl::Duration store = {};    // Writing arguments and result.
  absl::Duration load = {};     // Reading the result.
  absl::Duration wait = {};     // For others that computed the same.
};

struct CallEvent {
  std::string_view function = {};
  std::string_view version = {};
  // The key of the call; all zero if the arguments could not be hashed.
  Digest key = {};
  // True if the result was remembered, false if it was computed.
  bool hit = false;
  absl::Duration elapsed = {};  // This call in all, as its caller saw it.
  // What computing the result took: in this call, or when it was remembered.
  absl::Duration compute = {};
  std::uint64_t result_bytes = 0;
  CallTimes times = {};
  std::optional<std::uint64_t> seed = {};
  // Set if the function was computed, by chance, in an audit or by `Recompute`,
  // and its result was not the one that was remembered: this is the digest of
  // what was computed. Then the function is no function of its arguments.
  std::optional<Digest> conflict = {};
  // Not OK if the store could not do its part. The call returned its value all
  // the same.
  absl::Status fault = {};
};

// Called at the end of each memoized call, in the caller's thread and so from
// many threads at once. Must not throw. The views are valid during the call.
using CallObserver = std::function<void(const CallEvent&)>;

}  // namespace ireneo

#endif  // IRENEO_MEMO_OBSERVER_H_
