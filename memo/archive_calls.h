#ifndef IRENEO_MEMO_ARCHIVE_CALLS_H_
#define IRENEO_MEMO_ARCHIVE_CALLS_H_

// Makes of lines of an archive what an index inserts. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/staging_blob_store.h"

namespace ireneo::internal {

// A group of calls, and what they point to. Not thread-safe.
class ArchivedCalls {
 public:
  // A group is inserted when it has so many calls, or so many bytes.
  static constexpr std::size_t kMostCalls = 8192;
  static constexpr std::uint64_t kMostBytes = 8 << 20;

  // Stages a value: its bytes too, if they stand in the line.
  using StageFn = absl::FunctionRef<absl::StatusOr<StagedBlob>(
      const Digest& digest, std::uint64_t size,
      const std::optional<std::string>& bytes)>;

  // Adds one call, computed in `environment`. Errors: those of `stage`; the
  // call is not added then.
  absl::Status Add(CallLine&& line, std::string_view environment,
                   StageFn stage);

  std::span<const NewCall> calls() const { return calls_; }
  std::size_t size() const { return calls_.size(); }
  // Of the strings and values in memory, about.
  std::uint64_t bytes() const { return bytes_; }
  // Whether it is time to insert them.
  bool IsFull() const { return size() >= kMostCalls || bytes() >= kMostBytes; }
  void Clear();

 private:
  struct Function {
    FunctionIdentity identity;
    std::vector<std::string> argument_names;
  };

  std::vector<NewCall> calls_;
  std::uint64_t bytes_ = 0;
  std::uint64_t function_bytes_ = 0;
  absl::flat_hash_map<Digest, std::unique_ptr<Function>> functions_;
  std::vector<std::unique_ptr<std::string>> environments_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_CALLS_H_
