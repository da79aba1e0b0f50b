#include "ireneo/memo/ongoing_call.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/staging_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr absl::Duration kLongestWaitForIndex = absl::Minutes(10);

// After so long an argument that was put before may have been collected.
constexpr absl::Duration kLongForArguments = absl::Minutes(10);

// The call that this thread computes.
thread_local OngoingCall* computing = nullptr;

// A value that stands in the record of its call: it needs no blob.
absl::StatusOr<StagedBlob> InRecord(absl::FunctionRef<void(Sink&)> write) {
  StagedBlob value;
  StringSink sink(value.inline_bytes);
  write(sink);
  sink.Flush();
  IRENEO_RETURN_IF_ERROR(sink.status());
  value.digest = Digest::Of(value.inline_bytes);
  value.size = value.inline_bytes.size();
  return value;
}

}  // namespace

struct OngoingCall::Making {
  std::vector<NewCall::Argument> staged;
  std::vector<Digest> callees;
  absl::flat_hash_set<Digest> callee_set;
};

OngoingCall::Making& OngoingCall::making() {
  if (making_ == nullptr) making_ = std::make_unique<Making>();
  return *making_;
}

OngoingCall::OngoingCall(std::shared_ptr<const FunctionState> function,
                         std::optional<std::uint64_t> seed, bool timed)
    : function_(std::move(function)),
      seed_(seed),
      timed_(timed || function_->store().state().observer() != nullptr) {
  if (!function_->status().ok()) {
    usable_ = false;
    Fault(function_->status());
  }
  if (absl::Status recovered = function_->store().state().TakeRecovered();
      !recovered.ok()) {
    Fault(std::move(recovered));
  }
}

void OngoingCall::SetArguments(std::span<const HashedArgument> arguments,
                               const absl::Status& hashing) {
  if (!hashing.ok()) {
    usable_ = false;
    Fault(hashing);
  }
  arguments_ = arguments;
  if (usable_) key_ = function_->KeyOf(arguments, seed_);
  Lap(&CallTimes::hashing);
}

OngoingCall::~OngoingCall() {
  flight_.Land(remembered_.has_value());
  StoreState& store = function_->store().state();
  if (computing != nullptr) {
    computing->random_->EndOfInnerCall();
    if (remembered_.has_value() &&
        &computing->function_->store().state() == &store) {
      computing->AddCallee(*remembered_);
    }
  }
  const Clock::time_point now = Clock::now();
  const absl::Duration elapsed = absl::FromChrono(now - started_);
  if (hit_) store.CountHit(*remembered_, elapsed - not_spent_, now);
  const CallObserver& observer = store.observer();
  if (observer == nullptr) return;
  observer({.function = function_->identity().name,
            .version = function_->identity().version,
            .key = key_,
            .hit = hit_,
            .elapsed = elapsed,
            .compute = compute_,
            .result_bytes = result_bytes_,
            .times = times_,
            .seed = seed_,
            .conflict = conflict_,
            .fault = fault_});
}

void OngoingCall::Fault(absl::Status status) {
  if (!fault_.ok()) return;
  function_->store().state().CountFault();
  fault_ = std::move(status);
}

void OngoingCall::Lap(absl::Duration CallTimes::*into) {
  if (!timed_) return;
  const Clock::time_point now = Clock::now();
  times_.*into += absl::FromChrono(now - lap_);
  lap_ = now;
}

std::optional<FoundCall> OngoingCall::Look(bool load) {
  absl::StatusOr<std::optional<FoundCall>> found =
      FindCall(*function_, key_, arguments_, seed_, load);
  if (!found.ok()) {
    Fault(std::move(found).status());
    looked_ = false;
    return std::nullopt;
  }
  if (found->has_value() && !(*found)->blob.ok()) {
    Damaged(**found, (*found)->blob.status());
    return std::nullopt;
  }
  return *std::move(found);
}

std::optional<FoundCall> OngoingCall::Find(bool load) {
  if (!usable_) return std::nullopt;
  StoreState& store = function_->store().state();
  const std::optional<std::uint64_t> landings = store.flights().Landings(key_);
  std::optional<FoundCall> found = Look(load);
  if (!found.has_value() && looked_ && !joined_) {
    joined_ = true;
    const MemoizeOptions& options = function_->options();
    Lap(&CallTimes::lookup);
    const Clock::time_point before = Clock::now();
    const FlightTable::Outcome outcome = store.flights().Join(
        key_, options.wait, options.wait_timeout,
        /*alone=*/store.has_open_batch(), landings, flight_);
    not_spent_ += absl::FromChrono(Clock::now() - before);
    Lap(&CallTimes::wait);
    if (outcome == FlightTable::Outcome::kLookAgain) found = Look(load);
  }
  Lap(&CallTimes::lookup);
  return found;
}

void OngoingCall::Hit(const FoundCall& found) {
  flight_.Land(true);
  Lap(&CallTimes::load);
  hit_ = true;
  remembered_ = found.key;
  compute_ = found.elapsed;
  result_bytes_ = found.result_size;
}

void OngoingCall::Damaged(const FoundCall& found, absl::Status why) {
  // Trouble that may pass is no reason to drop what may be good.
  const bool may_pass = absl::IsResourceExhausted(why) ||
                        absl::IsUnavailable(why) ||
                        absl::IsPermissionDenied(why) || absl::IsUnknown(why);
  Fault(std::move(why));
  // Nor is an upgrade that fails, which may be mended.
  if (may_pass || (found.old_type != nullptr && found.blob.ok())) return;
  absl::Status forgotten = function_->store().state().ForgetResult(
      found.key, found.result, /*lost=*/!found.blob.ok());
  if (!forgotten.ok()) Fault(std::move(forgotten));
}

void OngoingCall::StageArgument(bool stored,
                                absl::FunctionRef<void(Sink&)> write) {
  if (!usable_) return;
  std::vector<NewCall::Argument>& staged = making().staged;
  const HashedArgument& hashed = arguments_[staged.size()];
  NewCall::Argument& argument =
      staged.emplace_back(NewCall::Argument{.digest = hashed.digest});
  if (!function_->Keeps(hashed.size)) return;
  if (stored && hashed.size > StagingBlobStore::kInlineLimit) {
    absl::StatusOr<StagedBlob> present =
        function_->store().state().blobs().StagePresent(hashed.digest,
                                                        hashed.size);
    // One that was removed is not kept.
    if (present.ok()) argument.kept = *std::move(present);
    if (argument.kept.has_value()) argument.kept->lock = {};
    return;
  }
  absl::Status status = NoThrow([&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(
        argument.kept,
        hashed.size <= MemoIndex::kSmallValue
            ? InRecord(write)
            : function_->store().state().blobs().Stage(
                  write, function_->ArgumentStaging(staged.size() - 1)));
    if (argument.kept->digest != hashed.digest) {
      argument.kept.reset();
      return absl::InternalError(
          "an argument changed between hashing and storing");
    }
    // No collection shall wait while this computes. An argument that one
    // removes meanwhile is not kept.
    argument.kept->lock = {};
    return absl::OkStatus();
  });
  if (!status.ok()) Fault(std::move(status));
}

OngoingCall::Computing::Computing(OngoingCall& call)
    : call_(call), outer_(computing), random_(call.seed_) {
  call.Lap(&CallTimes::store);  // Of arguments.
  computing = &call;
  call.random_ = &random_;
  call.computing_since_ = Clock::now();
}

OngoingCall::Computing::~Computing() {
  call_.compute_ = absl::FromChrono(Clock::now() - call_.computing_since_);
  if (call_.hit_) call_.not_spent_ += call_.compute_;  // An audit.
  call_.Lap(&CallTimes::compute);
  call_.random_misused_ = random_.misused();
  call_.random_ = nullptr;
  computing = outer_;
}

void OngoingCall::AddCallee(const Digest& key) {
  Making& making = this->making();
  if (making.callee_set.insert(key).second) making.callees.push_back(key);
}

bool OngoingCall::Remember(absl::FunctionRef<void(Sink&)> write) {
  if (!usable_ || compute_ < function_->options().min_compute_time) {
    return false;
  }
  if (random_misused_) {
    Fault(absl::FailedPreconditionError(absl::StrCat(
        "memoized function ", function_->identity().name,
        " drew from ireneo::Random() in a call without a seed, or called one "
        "that did, so its result is not remembered: call that as "
        "f.Seeded(seed)(...)")));
    return false;
  }
  StoreState& store = function_->store().state();
  if (absl::Status writable = store.CheckWritable(); !writable.ok()) {
    Fault(std::move(writable));
    return false;
  }
  Digest result;
  absl::Status status = NoThrow([&]() -> absl::Status {
    NewCall call{.key = key_,
                 .function_digest = function_->digest(),
                 .function = &function_->identity(),
                 .argument_names = &function_->options().argument_names,
                 .arguments = std::move(making().staged),
                 .result = {},
                 .seed = seed_,
                 .elapsed = compute_,
                 .spent = absl::ZeroDuration(),
                 .created = absl::Now(),
                 .environment = function_->environment(),
                 .callees = making().callees,
                 .replace_before = replace_before_,
                 .describe_function = function_->TakeFirstTime(),
                 .owner = function_};
    if (replace_before_ == absl::InfinitePast()) {
      call.replace_before = function_->OldestUsable();
    }
    // What took long to compute is worth a long wait for the index.
    const absl::Time deadline =
        absl::Now() + std::min(compute_, kLongestWaitForIndex);
    if (compute_ >= kLongForArguments) DropVanished(call, store.blobs());
    for (bool vanished = false;;) {
      StageOptions staging = function_->ResultStaging();
      staging.defer_sync = store.has_open_batch();
      IRENEO_ASSIGN_OR_RETURN(call.result, store.blobs().Stage(write, staging));
      result = call.result.digest;
      result_bytes_ = call.result.size;
      // What is still to come is not much.
      call.spent =
          absl::FromChrono(Clock::now() - started_) - compute_ - not_spent_;
      const absl::StatusOr<bool> conflict = store.Insert(call);
      if (conflict.ok()) {
        if (*conflict) conflict_ = result;
        return absl::OkStatus();
      }
      if (absl::IsAborted(conflict.status()) && !vanished) {
        // A file was removed after it had been staged.
        DropVanished(call, store.blobs());
        vanished = true;
      } else if (!absl::IsUnavailable(conflict.status()) ||
                 absl::Now() >= deadline) {
        return conflict.status();
      }
    }
  });
  Lap(&CallTimes::store);
  if (!status.ok()) {
    Fault(std::move(status));
    return false;
  }
  remembered_ = key_;
  flight_.Land(true);
  if (absl::Status status = store.KeepWithinLimit(result_bytes_);
      !status.ok()) {
    Fault(std::move(status));
  }
  return true;
}

void OngoingCall::Differed(const FoundCall& found,
                           absl::FunctionRef<void(Sink&)> write) {
  StoreState& store = function_->store().state();
  absl::Status status = NoThrow([&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(
        const StagedBlob other,
        store.blobs().Stage(write, function_->ResultStaging()));
    conflict_ = other.digest;
    return store.index().AddConflict(found.key, other);
  });
  if (!status.ok()) Fault(std::move(status));
}

absl::StatusOr<CallResult> OngoingCall::ResultOf(const FoundCall& found) const {
  IRENEO_ASSIGN_OR_RETURN(CallRecord record, FindRecord(*function_, found.key));
  return CallResult{.record = std::move(record), .held = std::nullopt};
}

absl::StatusOr<CallResult> OngoingCall::ResultOf(
    absl::FunctionRef<void(Sink&)> write) const {
  // If the first result was kept, this one is in memory only.
  if (remembered_.has_value() &&
      (!conflict_.has_value() || replace_before_ == absl::InfiniteFuture())) {
    absl::StatusOr<CallRecord> record = FindRecord(*function_, *remembered_);
    if (record.ok()) {
      return CallResult{.record = *std::move(record), .held = std::nullopt};
    }
  }
  std::string bytes;
  IRENEO_RETURN_IF_ERROR(NoThrow([&]() -> absl::Status {
    StringSink sink(bytes);
    write(sink);
    sink.Flush();
    return sink.status();
  }));
  CallRecord record = function_->RecordOf(key_, arguments_, seed_);
  record.result = Digest::Of(bytes);
  record.result_size = bytes.size();
  record.elapsed = compute_;
  record.created_at = absl::Now();
  record.last_used_at = record.created_at;
  record.environment = function_->environment();
  if (making_ != nullptr) record.callees = making_->callees;
  return CallResult{.record = std::move(record),
                    .held = Blob::Copy(std::as_bytes(std::span(bytes)))};
}

}  // namespace ireneo::internal
