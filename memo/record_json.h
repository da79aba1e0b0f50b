#ifndef IRENEO_MEMO_RECORD_JSON_H_
#define IRENEO_MEMO_RECORD_JSON_H_

// A remembered call as one line of JSON: all that is known of it, so that it
// can be remembered again, in another store too. What the line refers to (the
// result, large arguments) is not in it, nor are its hits. The form is
// specified in store/FORMAT.md, "The index as files". Internal to Ireneo.
//
// A line that was damaged or does not belong to its key is never read as
// another call: it has a checksum, and its key is computed anew.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

struct CallLine {
  // `hits` and `last_used_at` are not written; read, they are those of a call
  // that nobody has hit.
  CallRecord call;
  // Of the arguments: bytes of the value if it is kept, else 0.
  std::vector<std::uint64_t> kept_sizes;
  // When the key was first remembered, if the record has replaced another one;
  // else as `call.created_at`.
  absl::Time first_created;
  // Read and not written: of the function's identity.
  Digest function_digest;
};

// Everything that the key of a call has of its function.
FunctionIdentity IdentityOf(const CallRecord& call);

// With a newline at the end. `function_digest` is not looked at, nor is the key
// checked.
//
// Errors: InvalidArgument if a name, version, type or salt is not UTF-8, or if
// the line would be too long.
absl::StatusOr<std::string> WriteCallLine(const CallLine& line);

// Members that are not known are ignored.
//
// Errors: DataLoss if it is not what WriteCallLine wrote; FailedPrecondition if
// a newer Ireneo did.
absl::StatusOr<CallLine> ReadCallLine(std::string_view text);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_RECORD_JSON_H_
