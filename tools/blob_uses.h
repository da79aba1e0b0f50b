#ifndef IRENEO_TOOLS_BLOB_USES_H_
#define IRENEO_TOOLS_BLOB_USES_H_

// What calls have a blob as: the only way to know the type of its bytes.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/digest.h"

namespace ireneo::tools {

struct BlobUse {
  Digest key;
  std::string function;
  std::string role;  // "result", "argument years".
  std::string type;
};

// All uses of that blob; none if no call has it. Errors: those of the store.
absl::StatusOr<std::vector<BlobUse>> FindBlobUses(const MemoStore& store,
                                                  const Digest& digest);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_BLOB_USES_H_
