#ifndef IRENEO_TOOLS_BLOB_USES_H_
#define IRENEO_TOOLS_BLOB_USES_H_

// What calls have a value as: the only way to know the type of its bytes.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/digest.h"

namespace ireneo::tools {

struct BlobUse {
  Digest key;
  std::string function;
  std::string role;  // "result", "other result", "argument years".
  std::string type;
};

// All uses of that blob or small argument; none if no call has it. An "other
// result" is one that a call had besides the one that is remembered. Errors:
// those of the store.
absl::StatusOr<std::vector<BlobUse>> FindBlobUses(const MemoStore& store,
                                                  const Digest& digest);

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_BLOB_USES_H_
