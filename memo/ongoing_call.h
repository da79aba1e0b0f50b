#ifndef IRENEO_MEMO_ONGOING_CALL_H_
#define IRENEO_MEMO_ONGOING_CALL_H_

// One call of a memoized function, from its arguments to the observer, without
// its types. Internal to Ireneo: memo/memoize.h adds the types.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/flight.h"
#include "ireneo/memo/found_call.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/random.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

// What a call returned, as it was remembered; with its bytes if it was not.
struct CallResult {
  CallRecord record;
  std::optional<Blob> held;
};

// What the store cannot do becomes a fault of the event; nothing here fails.
//
// Use in this order: SetArguments; Find; then Hit, or else StageArgument for
// each argument, a Computing around the function, Remember. Not thread-safe,
// and of one thread.
class OngoingCall {
 public:
  // With `timed`, `times` is measured even if nobody observes the store.
  OngoingCall(std::shared_ptr<const FunctionState> function,
              std::optional<std::uint64_t> seed, bool timed = false);
  // Tells the observer.
  ~OngoingCall();
  OngoingCall(const OngoingCall&) = delete;
  OngoingCall& operator=(const OngoingCall&) = delete;

  // The arguments have been hashed, or not. They must outlive the call.
  void SetArguments(std::span<const HashedArgument> arguments,
                    const absl::Status& hashing);

  // What is remembered of the call, if anything; with `load`, the result's
  // bytes are in it. If nothing is, and another thread or process computes the
  // same, waits for it.
  std::optional<FoundCall> Find(bool load);

  // The result that was found is what the call returns.
  void Hit(const FoundCall& found);

  // The result that was found cannot be read: `why`. Its record is dropped.
  void Damaged(const FoundCall& found, absl::Status why);

  // The values of the arguments must be had to compute, and one cannot.
  void ArgumentLost(const absl::Status& why) { Fault(why); }

  // What is computed replaces what is remembered.
  void Replace() { replace_before_ = absl::InfiniteFuture(); }

  // Keeps the value of the next argument, if it is to be kept. `stored` says
  // that it is a blob of this store.
  void StageArgument(bool stored, absl::FunctionRef<void(Sink&)> write);

  // Around the function: takes the time, seeds random numbers, and makes this
  // call the caller of the calls inside.
  class Computing {
   public:
    explicit Computing(OngoingCall& call);
    ~Computing();
    Computing(const Computing&) = delete;
    Computing& operator=(const Computing&) = delete;

   private:
    OngoingCall& call_;
    OngoingCall* const outer_;
    RandomScope random_;
  };

  // Stores the result. False if it is not remembered: because of the store, and
  // then a fault tells why, or of the options.
  bool Remember(absl::FunctionRef<void(Sink&)> write);

  // Whether this hit shall be computed all the same. Then: a Computing, and
  // Differed if the result is another one.
  bool TakeAudit() const { return function_->TakeAudit(); }
  void Differed(const FoundCall& found, absl::FunctionRef<void(Sink&)> write);
  // The function failed in the audit, which the first time it did not.
  void FailedInAudit(const absl::Status& why) { Fault(why); }

  // False if the options are bad or the arguments could not be hashed; `fault`
  // says which.
  bool usable() const { return usable_; }

  // What the call returned, after `Hit` or the computing. `write` is asked for
  // the bytes of what was not remembered. Errors: those of the index, and what
  // `write` left in the sink.
  absl::StatusOr<CallResult> ResultOf(const FoundCall& found) const;
  absl::StatusOr<CallResult> ResultOf(
      absl::FunctionRef<void(Sink&)> write) const;

  // The first thing that went wrong with the store.
  const absl::Status& fault() const { return fault_; }

  // Ends a stretch of the call: the time since the last one is `into`'s.
  void Lap(absl::Duration CallTimes::*into);
  const CallTimes& times() const { return times_; }

 private:
  using Clock = std::chrono::steady_clock;

  // What only a call that computes has.
  struct Making;

  void Fault(absl::Status status);
  std::optional<FoundCall> Look(bool load);
  Making& making();
  void AddCallee(const Digest& key);

  const std::shared_ptr<const FunctionState> function_;
  const std::optional<std::uint64_t> seed_;
  const bool timed_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point lap_ = started_;
  CallTimes times_;

  std::span<const HashedArgument> arguments_;
  Digest key_;
  bool usable_ = true;  // The call has a key and the store may be asked.
  bool looked_ = true;  // The store has not failed to look.
  Flight flight_;
  bool joined_ = false;
  absl::Time replace_before_ = absl::InfinitePast();

  std::optional<Digest> remembered_;  // The key of the record, if there is one.
  bool hit_ = false;
  bool random_misused_ = false;
  absl::Duration compute_;
  // Waiting for others, and audits: no cost of remembering.
  absl::Duration not_spent_;
  Clock::time_point computing_since_;
  RandomScope* random_ = nullptr;  // Of the computing.
  std::uint64_t result_bytes_ = 0;
  std::optional<Digest> conflict_;
  std::unique_ptr<Making> making_;  // Null if there is nothing in it.
  absl::Status fault_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ONGOING_CALL_H_
