#include "ireneo/tools/blob_uses.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/record.h"
#include "ireneo/tools/call_view.h"

namespace ireneo::tools {

absl::StatusOr<std::vector<BlobUse>> FindBlobUses(const MemoStore& store,
                                                  const Digest& digest) {
  const absl::StatusOr<std::vector<CallRecord>> records = store.Calls();
  if (!records.ok()) return records.status();
  std::vector<BlobUse> uses;
  for (const CallRecord& record : *records) {
    if (record.result == digest) {
      uses.push_back(
          {record.key, record.function, "result", record.result_type});
    }
    for (std::size_t i = 0; i < record.arguments.size(); ++i) {
      if (record.arguments[i].digest != digest) continue;
      uses.push_back({record.key, record.function,
                      absl::StrCat("argument ", ArgumentName(record, i)),
                      record.arguments[i].type});
    }
  }
  return uses;
}

}  // namespace ireneo::tools
