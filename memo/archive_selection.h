#ifndef IRENEO_MEMO_ARCHIVE_SELECTION_H_
#define IRENEO_MEMO_ARCHIVE_SELECTION_H_

// Which calls of a store go into an archive. Internal to Ireneo.

#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// What the archives have that `ExportOptions::as_of` names.
struct KnownCalls {
  absl::flat_hash_map<Digest, Digest> results;  // By key.
  absl::flat_hash_set<Digest> blobs;
  std::vector<std::string> archives;  // "sha256:…" of their manifests.
};

// Errors: those of reading archives.
absl::StatusOr<KnownCalls> ReadKnownCalls(
    const std::vector<std::filesystem::path>& archives);

class Selection {
 public:
  // `options` must outlive this. Looks at all calls if there is a limit or
  // lineage.
  static absl::StatusOr<Selection> Make(const ExportOptions& options,
                                        const MemoIndex& index);

  // Visits what is selected in the order of keys until `visit` returns false.
  absl::Status ForEach(const MemoIndex& index,
                       absl::FunctionRef<bool(CallLine&& line)> visit) const;

 private:
  explicit Selection(const ExportOptions& options) : options_(options) {}

  bool Wants(const FunctionIdentity& function) const;
  bool Wants(const CallRecord& call) const;
  absl::Status AddLineage(const MemoIndex& index);

  const ExportOptions& options_;
  absl::flat_hash_set<Digest> keys_;  // `options_.keys`.
  // All that is selected, if it cannot be told from a call itself.
  std::optional<absl::flat_hash_set<Digest>> selected_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_SELECTION_H_
