#ifndef IRENEO_TOOLS_RESOLVE_H_
#define IRENEO_TOOLS_RESOLVE_H_

// From what people type, "xxh3:3fa2b1..." or the first digits, to the key of a
// call or the digest of a blob.

#include <string>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo::tools {

// What is wrong with `text` as the start of a key or digest, four hex digits
// or more with or without "xxh3:"; empty if nothing is. A check for CLI11.
std::string CheckPrefix(const std::string& text);

// The hex digits of such a `text`, in lower case.
std::string PrefixDigits(const std::string& text);

// The one call or blob that starts with `text`, for which `CheckPrefix` has
// nothing to say.
//
// Errors: NotFound, also if there is only a record of such a value;
// FailedPrecondition, naming the candidates, if there are several.
absl::StatusOr<PrefixMatch> Resolve(const MemoStore& store,
                                    const std::string& text);

// The same for those who want a call; blobs that start so do not matter.
// Errors: as of `Resolve`; FailedPrecondition also if there are only blobs.
absl::StatusOr<CallRecord> ResolveCall(const MemoStore& store,
                                       const std::string& text);

// A value that was named by its digest, or by the key of the call whose result
// it is.
struct NamedBlob {
  Digest digest;
  std::string type;  // Of the result; empty if it was named by its digest.
};

// The same for those who want a blob. Errors: as of `Resolve`.
absl::StatusOr<NamedBlob> ResolveBlob(const MemoStore& store,
                                      const std::string& text);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_RESOLVE_H_
