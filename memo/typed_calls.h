#ifndef IRENEO_MEMO_TYPED_CALLS_H_
#define IRENEO_MEMO_TYPED_CALLS_H_

// What the calls of a memoized function do, with its types: from arguments in
// slots (memo/argument_slot.h) to values. Internal to Ireneo: memo/memoize.h
// has what users see, memo/ongoing_call.h what does not depend on types.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/argument_slot.h"
#include "ireneo/memo/audit.h"
#include "ireneo/memo/explain.h"
#include "ireneo/memo/found_call.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/ongoing_call.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/memo/signature.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo {

// What `Trace` returns: a result and how it came about.
template <typename R>
struct Traced {
  R value;
  CallRecord record;
  bool hit = false;
  CallTimes times;
};

namespace internal {

// The members that are named after those of MemoizedFunction do what these do.
template <typename F, typename R>
struct TypedCalls {
  using Value = typename ResultTraits<R>::Value;
  using AllParameters = typename ParametersOf<F>::type;

  std::shared_ptr<const FunctionState> state;
  [[no_unique_address]] F function;
  std::optional<std::uint64_t> seed = std::nullopt;

  using Arguments =
      std::array<HashedArgument, std::tuple_size_v<AllParameters>>;

  template <typename... All>
  static std::vector<std::string> TypeNames(
      std::type_identity<std::tuple<All...>>) {
    return {TypeName<std::remove_cvref_t<All>>()...};
  }

  // Calls `use` with slots for all parameters, bound ones first.
  template <typename Use, typename... Slots>
  decltype(auto) WithAll(Use use, Slots&... slots) const {
    if constexpr (kIsBound<F>) {
      return function.WithSlots(use, slots...);
    } else {
      return use(slots...);
    }
  }

  // Slots are taken by non-const reference from here on, also bound ones.
  template <typename... Slots>
  static absl::Status Hash(Arguments& hashed, Slots&... slots) {
    absl::Status status;
    [[maybe_unused]] std::size_t i = 0;
    (status.Update(slots.Hash(hashed[i++])), ...);
    return status;
  }

  template <typename... Slots>
  R Call(Slots&&... given) const {
    return WithAll([&](auto&&... slots) -> R { return Run(slots...); },
                   given...);
  }

  template <typename... Slots>
  R Run(Slots&... slots) const {
    OngoingCall call(state, seed);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    std::optional<FoundCall> found;
    if (absl::StatusOr<Value> value = Find(call, found); value.ok()) {
      call.Hit(*found);
      if (call.TakeAudit()) Audit(call, *found, *value, slots...);
      return *std::move(value);
    }
    return ComputeAndRemember(call, slots...);
  }

  template <typename... Slots>
  R RecomputeCall(Slots&&... given) const {
    return WithAll(
        [&](auto&&... slots) -> R {
          OngoingCall call(state, seed);
          Arguments hashed;
          call.SetArguments(hashed, Hash(hashed, slots...));
          call.Replace();
          return ComputeAndRemember(call, slots...);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<Remembered<Value>> RecallCall(Slots&&... given) const {
    return WithAll([&](auto&&... slots) { return RunRecall(slots...); },
                   given...);
  }

  template <typename... Slots>
  absl::StatusOr<Remembered<Value>> RunRecall(Slots&... slots) const {
    using Handle = Remembered<Value>;
    OngoingCall call(state, seed);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    if (!call.usable()) return call.fault();
    if (std::optional<FoundCall> found = call.Find(/*load=*/false)) {
      absl::StatusOr<CallResult> result = call.ResultOf(*found);
      // One of an older type is a hit only if it can be upgraded.
      if (result.ok() && (found->old_type == nullptr ||
                          Handle(state->store(), result->record).Load().ok())) {
        call.Hit(*found);
        return Handle(state->store(), std::move(result->record));
      }
    }
    return ComputeAndTell<Handle>(
        call,
        [&](R&&, CallResult told) {
          return Handle(state->store(), std::move(told.record),
                        std::move(told.held));
        },
        slots...);
  }

  template <typename... Slots>
  absl::StatusOr<Traced<Value>> TraceCall(Slots&&... given) const {
    return WithAll([&](auto&&... slots) { return RunTrace(slots...); },
                   given...);
  }

  template <typename... Slots>
  absl::StatusOr<Traced<Value>> RunTrace(Slots&... slots) const {
    OngoingCall call(state, seed, /*timed=*/true);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    if (!call.usable()) return call.fault();
    std::optional<FoundCall> found;
    if (absl::StatusOr<Value> value = Find(call, found); value.ok()) {
      absl::StatusOr<CallResult> result = call.ResultOf(*found);
      if (result.ok()) {
        call.Hit(*found);
        if (call.TakeAudit()) Audit(call, *found, *value, slots...);
        return Traced<Value>{.value = *std::move(value),
                             .record = std::move(result->record),
                             .hit = true,
                             .times = call.times()};
      }
    }
    return ComputeAndTell<Traced<Value>>(
        call,
        [&](R&& result, CallResult told) {
          return Traced<Value>{
              .value = ResultTraits<R>::TakeValueOf(std::move(result)),
              .record = std::move(told.record),
              .hit = false,
              .times = call.times()};
        },
        slots...);
  }

  template <typename... Slots>
  absl::StatusOr<std::optional<Value>> LookupCall(Slots&&... given) const {
    using Result = absl::StatusOr<std::optional<Value>>;
    return WithHashed<Result>(
        [&](const Arguments& hashed, auto&...) -> Result {
          absl::StatusOr<std::optional<FoundCall>> found =
              FindResult(*state, hashed, seed, /*load=*/true);
          if (!found.ok()) return std::move(found).status();
          if (!found->has_value()) return std::nullopt;
          absl::StatusOr<Value> value = DecodeResult(**found);
          // So is one that cannot be upgraded.
          if (absl::IsDataLoss(value.status()) ||
              (!value.ok() && (*found)->old_type != nullptr)) {
            return std::nullopt;
          }
          if (!value.ok()) return std::move(value).status();
          return *std::move(value);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<bool> ContainsCall(Slots&&... given) const {
    return WithHashed<absl::StatusOr<bool>>(
        [&](const Arguments& hashed, auto&...) -> absl::StatusOr<bool> {
          absl::StatusOr<std::optional<FoundCall>> found =
              FindResult(*state, hashed, seed, /*load=*/false);
          if (!found.ok()) return std::move(found).status();
          return found->has_value();
        },
        given...);
  }

  template <typename... Slots>
  absl::Status ForgetCall(Slots&&... given) const {
    return WithHashed<absl::Status>(
        [&](const Arguments& hashed, auto&...) {
          return internal::ForgetCall(*state, hashed, seed);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<Digest> KeyOfCall(Slots&&... given) const {
    return WithHashed<absl::StatusOr<Digest>>(
        [&](const Arguments& hashed, auto&...) {
          return state->KeyOf(hashed, seed);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<Explanation> ExplainCall(Slots&&... given) const {
    return WithHashed<absl::StatusOr<Explanation>>(
        [&](const Arguments& hashed, auto&... slots) {
          return internal::ExplainCall(
              *state, hashed, seed,
              std::array<absl::FunctionRef<absl::StatusOr<Blob>()>,
                         sizeof...(slots)>{[&] { return slots.Bytes(); }...});
        },
        given...);
  }

  // For members that need good options and do not call the function: what
  // `use(hashed, slots...)` returns, or why the arguments could not be hashed.
  template <typename Result, typename Use, typename... Slots>
  Result WithHashed(Use use, Slots&... given) const {
    if (!state->status().ok()) return state->status();
    return WithAll(
        [&](auto&&... slots) -> Result {
          Arguments hashed;
          absl::Status hashing = Hash(hashed, slots...);
          if (!hashing.ok()) return hashing;
          return use(hashed, slots...);
        },
        given...);
  }

  // What is remembered, decoded, with what is known of it; NotFound, of which
  // nobody is told, if nothing is. No std::optional: programs compile that for
  // each type.
  static absl::StatusOr<Value> Find(OngoingCall& call,
                                    std::optional<FoundCall>& found) {
    // What is damaged is dropped, and somebody else may compute it already.
    constexpr int kAttempts = 2;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      found = call.Find(/*load=*/true);
      if (!found.has_value()) break;
      absl::StatusOr<Value> value = DecodeResult(*found);
      if (value.ok()) return value;
      call.Damaged(*found, std::move(value).status());
    }
    return absl::Status(absl::StatusCode::kNotFound, "");
  }

  static absl::StatusOr<Value> DecodeResult(const FoundCall& found) {
    absl::StatusOr<Value> value = absl::UnknownError("not read");
    absl::Status status = NoThrow([&] {
      value = Decode<Value>(*found.blob, found.old_type);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return value;
  }

  template <typename... Slots>
  static absl::Status Load(OngoingCall& call, Slots&... slots) {
    absl::Status status;
    ((status.ok() ? status.Update(slots.Load()) : void()), ...);
    if (!status.ok()) call.ArgumentLost(status);
    return status;
  }

  // The arguments are given away.
  template <typename... Slots>
  R Compute(OngoingCall& call, Slots&... slots) const {
    const OngoingCall::Computing computing(call);
    if constexpr (kIsBound<F>) {
      return function.Invoke(slots.Pass()...);
    } else {
      return function(slots.Pass()...);
    }
  }

  // Before the call, which may move from its arguments.
  template <typename... Slots>
  void Stage(OngoingCall& call, Slots&... slots) const {
    (call.StageArgument(slots.IsIn(state->store()),
                        [&](Sink& sink) { slots.Write(sink); }),
     ...);
  }

  template <typename... Slots>
  R ComputeAndRemember(OngoingCall& call, Slots&... slots) const {
    if (absl::Status lost = Load(call, slots...); !lost.ok()) {
      if constexpr (ResultTraits<R>::kIsStatusOr) {
        return lost;
      } else {
        return absl::StatusOr<R>(std::move(lost)).value();  // Throws.
      }
    }
    Stage(call, slots...);
    R result = Compute(call, slots...);
    // A failure is told to the observer and is no concern of the caller.
    if (IsOk(result)) call.Remember(WriterOf(result));
    return result;
  }

  // Computes, and makes what `tell` returns.
  template <typename Told, typename Tell, typename... Slots>
  absl::StatusOr<Told> ComputeAndTell(OngoingCall& call, Tell tell,
                                      Slots&... slots) const {
    if (absl::Status lost = Load(call, slots...); !lost.ok()) return lost;
    Stage(call, slots...);
    R result = Compute(call, slots...);
    if constexpr (ResultTraits<R>::kIsStatusOr) {
      if (!result.ok()) return std::move(result).status();
    }
    call.Remember(WriterOf(result));
    absl::StatusOr<CallResult> told = call.ResultOf(WriterOf(result));
    if (!told.ok()) return std::move(told).status();
    return tell(std::move(result), *std::move(told));
  }

  static auto WriterOf(const R& result) {
    return [&result](Sink& sink) {
      Write(ResultTraits<R>::ValueOf(result), sink);
    };
  }

  // Computes what was remembered as `value`, and compares.
  template <typename... Slots>
  void Audit(OngoingCall& call, const FoundCall& found, const Value& value,
             Slots&... slots) const {
    absl::Status status = NoThrow(
        [&]() -> absl::Status {
          absl::Status loaded = Load(call, slots...);
          if (!loaded.ok()) return loaded;
          const R result = Compute(call, slots...);
          if constexpr (ResultTraits<R>::kIsStatusOr) {
            if (!result.ok()) return result.status();
          }
          const Value& again = ResultTraits<R>::ValueOf(result);
          HashedArgument first;
          HashedArgument second;
          absl::Status hashed = HashValue(value, first);
          hashed.Update(HashValue(again, second));
          if (!hashed.ok()) return hashed;
          const double tolerance = state->options().audit_tolerance;
          if (first.digest != second.digest &&
              !(tolerance > 0 && NearlyEqual(value, again, tolerance))) {
            call.Differed(found, WriterOf(result));
          }
          return absl::OkStatus();
        },
        "audit: the function");
    if (!status.ok()) call.FailedInAudit(status);
  }
};

}  // namespace internal
}  // namespace ireneo

#endif  // IRENEO_MEMO_TYPED_CALLS_H_
