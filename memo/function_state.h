#ifndef IRENEO_MEMO_FUNCTION_STATE_H_
#define IRENEO_MEMO_FUNCTION_STATE_H_

// The part of a memoized function that does not depend on its types. Internal
// to Ireneo: memo/memoize.h adds the types, memo/ongoing_call.h what one call
// needs.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/environment.h"
#include "ireneo/memo/found_call.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct StageOptions;  // store/staging_blob_store.h

namespace internal {

struct HashedArgument {
  Digest digest;
  std::uint64_t size = 0;  // Bytes.
};

// Runs code of the user's serializers, or that allocates for them: an exception
// becomes an Internal error. `who` throws, if someone does.
absl::Status NoThrow(absl::FunctionRef<absl::Status()> run,
                     const char* who = "a serializer");

// Whether results that were stored under the name `type` can be read as the
// function's (serializers/upgrade.h).
using ReadsType = bool (*)(std::string_view type);

// What the function was when its result had an older type.
struct OldFunction {
  std::string result_type;
  Digest digest;
};

// Thread-safe.
class FunctionState {
 public:
  // `reads_old` is null if the result type has no older names; `compilation` is
  // that of the function (memo/environment.h).
  FunctionState(MemoStore store, MemoizeOptions options,
                std::string result_type, ReadsType reads_old,
                std::vector<std::string> argument_types,
                const Compilation& compilation);
  ~FunctionState();
  FunctionState(const FunctionState&) = delete;
  FunctionState& operator=(const FunctionState&) = delete;

  // InvalidArgument if the options make no sense; such a function computes
  // every call.
  const absl::Status& status() const { return status_; }

  const MemoStore& store() const { return store_; }
  const MemoizeOptions& options() const { return options_; }
  const FunctionIdentity& identity() const { return identity_; }
  const Digest& digest() const { return digest_; }
  // Where it is computed, as JSON.
  const std::string& environment() const { return environment_json_; }

  // The key of a call whose arguments have those digests.
  Digest KeyOf(std::span<const HashedArgument> arguments,
               std::optional<std::uint64_t> seed) const;

  // What is known of a call before it is computed.
  CallRecord RecordOf(const Digest& key,
                      std::span<const HashedArgument> arguments,
                      std::optional<std::uint64_t> seed) const;

  // The functions that were remembered in the store before the result type got
  // its present name and whose results can be read. Empty as a rule. Looked up
  // once; valid as long as this is.
  absl::StatusOr<std::span<const OldFunction>> OldFunctions() const;

  // Whether a result of that type, the function's or an older one, can be read.
  bool Reads(const std::string& result_type) const;

  // True the first time that it is asked.
  bool TakeFirstTime() const;

  // How a result, or argument number `i`, is staged.
  StageOptions ResultStaging() const;
  StageOptions ArgumentStaging(std::size_t i) const;

  // Whether an argument of that many bytes is kept.
  bool Keeps(std::uint64_t size) const;

  // Results that are older are too old.
  absl::Time OldestUsable() const;

  // Whether the next hit is one of those that are audited: each time, so that
  // over many the share is `audit_rate`.
  bool TakeAudit() const;

 private:
  struct Rest;  // What costs programs time to compile.

  const MemoStore store_;
  const MemoizeOptions options_;
  const std::map<std::string, std::string> environment_;
  const std::string environment_json_;
  const FunctionIdentity identity_;
  const Digest digest_;
  const absl::Status status_;
  const ReadsType reads_old_;
  const std::unique_ptr<Rest> rest_;
};

// As the constructor.
std::shared_ptr<const FunctionState> MakeFunctionState(
    MemoStore store, MemoizeOptions options, std::string result_type,
    ReadsType reads_old, std::vector<std::string> argument_types,
    const Compilation& compilation);

// The key of a call of the function that has the digest `function`.
Digest KeyOf(const Digest& function, std::span<const HashedArgument> arguments,
             std::optional<std::uint64_t> seed);

// What is remembered of the call of `key`, or of the same call of a time when
// the result's type had an older name; nothing if it is too old.
absl::StatusOr<std::optional<FoundCall>> FindCall(
    const FunctionState& function, const Digest& key,
    std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed, bool load);

// The same for one outside of a call: a damaged one is dropped and counts as
// absent.
absl::StatusOr<std::optional<FoundCall>> FindResult(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    std::optional<std::uint64_t> seed, bool load);

// Drops what is remembered of a call, if anything.
absl::Status ForgetCall(const FunctionState& function,
                        std::span<const HashedArgument> arguments,
                        std::optional<std::uint64_t> seed);

// Drops all calls that `function` can hit.
absl::Status ForgetCalls(const FunctionState& function);

// Errors: NotFound.
absl::StatusOr<CallRecord> FindRecord(const FunctionState& function,
                                      const Digest& key);

// Those that `function` itself can hit, or those of all its versions: of the
// same name and parameter types, and of a result type that can be read. Newest
// first.
absl::StatusOr<std::vector<CallRecord>> FindRecords(
    const FunctionState& function, bool all_versions);

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_MEMO_FUNCTION_STATE_H_
