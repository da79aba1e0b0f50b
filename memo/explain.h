#ifndef IRENEO_MEMO_EXPLAIN_H_
#define IRENEO_MEMO_EXPLAIN_H_

// Why a call hits or misses: what `f.Explain(...)` and `ireneo explain` say. A
// key is a digest, so of two keys that differ nothing can be told; but the
// records keep every part that went into theirs.

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"

namespace ireneo {

class Registry;  // serializers/registry.h

// One part of the key that differs between two calls.
struct Difference {
  // "version", "callee 1", "salt `blas`", "environment `simd`", "seed",
  // "argument `tolerance`", "argument 2" (counted from 1), "type of argument
  // 2", "result type", "number of arguments", "function".
  std::string part;
  // For people: a value if it was kept, else its digest; "none" for what is
  // only in the other call.
  std::string before;
  std::string now;

  // "argument `tolerance`: 1e-6 before, 1e-8 now".
  std::string ToString() const;
};

struct Explanation {
  Digest key;
  std::string function;
  bool hit = false;
  // The call itself if it is remembered, even if that is of no use; else the
  // one of that function from which it differs in the fewest parts, the newest
  // of these. None if no call of the function is remembered.
  std::optional<CallRecord> nearest = {};
  // From `nearest`, in the order of the key's parts.
  std::vector<Difference> differences = {};
  // What there is to say besides, as that the result is too old: a sentence
  // without its period. May be empty.
  std::string note = {};

  // A line that says whether the call hits and why, and one for each
  // difference; without a newline at the end.
  std::string ToString() const;
  friend std::ostream& operator<<(std::ostream& stream,
                                  const Explanation& explanation) {
    return stream << explanation.ToString();
  }
};

// What differs between two remembered calls. `registry` shows the values of
// arguments that were kept.
std::vector<Difference> FindDifferences(const MemoStore& store,
                                        const Registry& registry,
                                        const CallRecord& before,
                                        const CallRecord& now);

// The remembered call of the same function that differs from `call` in the
// fewest parts, `call` itself left out; of equals, the newest. Looks at all
// calls of the function. Errors: those of the store.
absl::StatusOr<std::optional<CallRecord>> FindNearestCall(
    const MemoStore& store, const CallRecord& call);

namespace internal {

// `bytes` are asked for the values of arguments that differ.
absl::StatusOr<Explanation> ExplainCall(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed,
    std::span<const absl::FunctionRef<absl::StatusOr<Blob>()>> bytes);

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_MEMO_EXPLAIN_H_
