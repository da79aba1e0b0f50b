#ifndef IRENEO_TOOLS_RESOLVE_H_
#define IRENEO_TOOLS_RESOLVE_H_

// From what people type, "xxh3:3fa2b1..." or the first digits, to the key of a
// call or the digest of a blob.

#include <string>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"

namespace ireneo::tools {

// What is wrong with `text` as the start of a key or digest, four hex digits
// or more with or without "xxh3:"; empty if nothing is. A check for CLI11.
std::string CheckPrefix(const std::string& text);

// The one call or blob that starts with `text`, for which `CheckPrefix` has
// nothing to say.
//
// Errors: NotFound, also if there is only a record of such a value;
// FailedPrecondition, naming the candidates, if there are several.
absl::StatusOr<PrefixMatch> Resolve(const MemoStore& store,
                                    const std::string& text);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_RESOLVE_H_
