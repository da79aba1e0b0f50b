#ifndef IRENEO_MEMO_FUNCTION_STATE_H_
#define IRENEO_MEMO_FUNCTION_STATE_H_

// The part of a memoized function that does not depend on its types. Internal
// to Ireneo: memo/memoize.h adds the types.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

struct HashedArgument {
  Digest digest;
  std::uint64_t size = 0;  // Bytes.
};

// A result that is in memory only.
struct HeldResult {
  CallRecord record;
  Blob blob;
};

// Runs code of the user's serializers, or that allocates for them: an exception
// becomes an Internal error.
absl::Status NoThrow(absl::FunctionRef<absl::Status()> run);

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
  // `reads_old` is null if the result type has no older names.
  FunctionState(MemoStore store, MemoizeOptions options,
                std::string result_type, ReadsType reads_old,
                std::vector<std::string> argument_types);

  // InvalidArgument if the options make no sense; such a function computes
  // every call.
  const absl::Status& status() const { return status_; }

  const MemoStore& store() const { return store_; }
  const MemoizeOptions& options() const { return options_; }
  const FunctionIdentity& identity() const { return identity_; }
  const Digest& digest() const { return digest_; }

  // The key of a call whose arguments have those digests.
  Digest KeyOf(std::span<const HashedArgument> arguments) const;

  // The functions that were remembered in the store before the result type got
  // its present name and whose results can be read. Empty as a rule. Looked up
  // once; valid as long as this is.
  absl::StatusOr<std::span<const OldFunction>> OldFunctions() const;

  // Whether a result of that type, the function's or an older one, can be read.
  bool Reads(const std::string& result_type) const;

  // True the first time that it is asked.
  bool TakeFirstTime() const {
    return first_time_.exchange(false, std::memory_order_relaxed);
  }

  // Whether an argument of that many bytes is kept.
  bool Keeps(std::uint64_t size) const;

 private:
  const MemoStore store_;
  const MemoizeOptions options_;
  const FunctionIdentity identity_;
  const Digest digest_;
  const absl::Status status_;
  const ReadsType reads_old_;
  mutable std::atomic<bool> first_time_ = true;
  mutable std::mutex mutex_;
  mutable std::optional<std::vector<OldFunction>> old_functions_;
};

// The key of a call of the function that has the digest `function`.
Digest KeyOf(const Digest& function, std::span<const HashedArgument> arguments);

// One call of a memoized function, from its arguments to the observer. What
// the store cannot do becomes a fault of the event; nothing here fails.
//
// Use in this order: Find; then Hit, or else StageArgument for each argument,
// StartComputing, StopComputing, Remember. Not thread-safe.
class OngoingCall {
 public:
  // `arguments` must outlive the call.
  OngoingCall(const FunctionState& function, const absl::Status& hashing_status,
              std::span<const HashedArgument> arguments);
  // Tells the observer.
  ~OngoingCall();
  OngoingCall(const OngoingCall&) = delete;
  OngoingCall& operator=(const OngoingCall&) = delete;

  // What is remembered of the call, if anything; with `load`, the result's
  // bytes are in it.
  std::optional<FoundCall> Find(bool load);

  // The result that was found is what the call returns.
  void Hit(const FoundCall& found);

  // The result that was found cannot be read: `why`. Its record is dropped.
  void Damaged(const FoundCall& found, absl::Status why);

  // Keeps the value of the next argument, if it is to be kept.
  void StageArgument(absl::FunctionRef<void(Sink&)> write);

  void StartComputing();
  void StopComputing();

  // Stores the result. The status is that of the store, and a fault already.
  absl::Status Remember(absl::FunctionRef<void(Sink&)> write);

  // False if the options are bad or the arguments could not be hashed; `fault`
  // says which.
  bool usable() const { return usable_; }

  const Digest& key() const { return key_; }

  // What the call computed, as it would have been remembered, for when the
  // store did not take it. Errors: what `write` left in the sink.
  absl::StatusOr<HeldResult> Hold(absl::FunctionRef<void(Sink&)> write) const;

  // The first thing that went wrong with the store.
  const absl::Status& fault() const { return fault_; }

 private:
  using Clock = std::chrono::steady_clock;

  void Fault(absl::Status status);

  const FunctionState& function_;
  const std::span<const HashedArgument> arguments_;
  const Clock::time_point started_ = Clock::now();
  Digest key_;
  bool usable_ = true;  // The call has a key and the store may be asked.
  bool hit_ = false;
  Clock::time_point computing_;
  absl::Duration compute_;
  std::uint64_t result_bytes_ = 0;
  std::vector<NewCall::Argument> staged_;
  absl::Status fault_;
};

// The record and, with `load`, the bytes of a result, outside of a call; a
// damaged one is dropped and counts as absent.
absl::StatusOr<std::optional<FoundCall>> FindResult(
    const FunctionState& function, std::span<const HashedArgument> arguments,
    bool load);

// Drops what is remembered of a call, if anything.
absl::Status ForgetCall(const FunctionState& function,
                        std::span<const HashedArgument> arguments);

// Errors: NotFound.
absl::StatusOr<CallRecord> FindRecord(const FunctionState& function,
                                      const Digest& key);

// Those that `function` itself can hit, or those of all its versions: of the
// same name and parameter types, and of a result type that can be read. Newest
// first.
absl::StatusOr<std::vector<CallRecord>> FindRecords(
    const FunctionState& function, bool all_versions);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_FUNCTION_STATE_H_
