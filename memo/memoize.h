#ifndef IRENEO_MEMO_MEMOIZE_H_
#define IRENEO_MEMO_MEMOIZE_H_

// Makes a function remember its results in a store, across processes, builds
// and machines:
//
//     auto spectrum = ireneo::Memoize(
//         *store, {.name = "acme.Spectrum", .version = "1"}, Spectrum);
//     Eigen::VectorXd s = spectrum(a);  // computed and remembered
//     Eigen::VectorXd t = spectrum(a);  // remembered
//
// Prefer it for functions that are pure and take longer than a look into the
// store, some ten microseconds and the time to hash the arguments. It is not
// for functions whose results depend on anything but their arguments, version,
// salts and seed, or that matter for what they do besides returning.
//
// Of the threads and processes that call it with the same arguments at the same
// time one computes, and the others wait for it. That is no promise: a call
// that cannot wait, or must not, computes.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/argument_slot.h"
#include "ireneo/memo/audit.h"
#include "ireneo/memo/bind.h"
#include "ireneo/memo/environment.h"
#include "ireneo/memo/explain.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/memo/observer.h"
#include "ireneo/memo/ongoing_call.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/memo/signature.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo {

// Which records `Calls` lists.
enum class CallScope {
  kThisVersion,  // Those that this memoized function can hit.
  kAllVersions,  // Those of its name, parameter types and result type.
};

// What `Trace` returns: a result and how it came about.
template <typename R>
struct Traced {
  R value;
  CallRecord record;
  bool hit = false;
  CallTimes times;
};

template <typename F, typename Signature>
class MemoizedFunction;

// What `Memoize` returns: a function with the signature and the return type of
// the one that it was made from. If that returns an `absl::StatusOr<R>`, only
// OK results are remembered, and `Value` is R; an exception passes through and
// nothing is remembered.
//
// Wherever it takes a T, or a view of one, it takes a `Remembered<T>` or a
// `Hashed<T>` too: that is not hashed, and a Remembered is not even loaded
// unless the function must be computed. If it cannot be loaded then,
// `operator()` fails as `f(handle.Load().value())` would: with its status, or,
// if the function does not return a StatusOr, with absl::BadStatusOrAccess.
//
// A failing store never fails a call: it is computed, and the store's fault is
// counted (`MemoStore::Stats`) and told to its observer. The members that
// return a StatusOr have its errors (memo/memo_store.h), InvalidArgument if the
// options of `Memoize` were bad, and whatever a serializer reported.
//
// Cheap to copy; keeps its store open. Thread-safe if the function is.
template <typename F, typename R, typename... Params>
class MemoizedFunction<F, internal::FunctionType<R, Params...>> {
  using AllParameters = typename internal::ParametersOf<F>::type;
  template <typename T>
  using Plain = std::remove_cvref_t<T>;

 public:
  // What is remembered.
  using Value = typename internal::ResultTraits<R>::Value;

  MemoizedFunction(MemoStore store, MemoizeOptions options, F function,
                   const internal::Compilation& compilation)
      : state_(std::make_shared<const internal::FunctionState>(
            std::move(store), std::move(options), TypeName<Value>(),
            internal::HasOldNames<Value>() ? internal::ReadsStoredAs<Value>
                                           : nullptr,
            TypeNames(std::type_identity<AllParameters>()), compilation)),
        function_(std::move(function)) {}

  // The result for these arguments, remembered or computed.
  R operator()(Params... args) const {
    return Call(internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...> R
  operator()(Args&&... args) const {
    return Call(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The remembered result, or nullopt; never computes. A damaged result counts
  // as not remembered, and one of an older type that cannot be upgraded.
  absl::StatusOr<std::optional<Value>> Lookup(
      const Plain<Params>&... args) const {
    return LookupCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<std::optional<Value>> Lookup(Args&&... args)
  const {
    return LookupCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Whether a result is remembered; reads no value, and so does not know
  // whether one of an older type can be upgraded.
  absl::StatusOr<bool> Contains(const Plain<Params>&... args) const {
    return ContainsCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<bool> Contains(Args&&... args)
  const {
    return ContainsCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Computes, whatever is remembered, and replaces that. A result that differs
  // is reported as a conflict (memo/observer.h).
  R Recompute(Params... args) const {
    return RecomputeCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...> R
  Recompute(Args&&... args)
  const {
    return RecomputeCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Drops the record of this call, if there is one; the next call computes.
  absl::Status Forget(const Plain<Params>&... args) const {
    return ForgetCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::Status Forget(Args&&... args)
  const {
    return ForgetCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Forgets every call of this version, of all seeds and bound values.
  absl::Status Clear() const { return internal::ForgetCalls(*state_); }

  // A handle to the result: computes if need be, but loads nothing on a hit. If
  // the store does not take what was computed, the handle holds it in memory.
  //
  // Errors: those that the function itself returned; InvalidArgument if the
  // options of `Memoize` were bad; and whatever a serializer reported.
  absl::StatusOr<Remembered<Value>> Recall(Params... args) const {
    return RecallCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Remembered<Value>> Recall(Args&&... args)
  const {
    return RecallCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // As a call, and says how it went. Errors: as of `Recall`.
  absl::StatusOr<Traced<Value>> Trace(Params... args) const {
    return TraceCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Traced<Value>> Trace(Args&&... args)
  const {
    return TraceCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The key of this call: equal for equal name, version, callees, salts,
  // environment in the key, types, seed and arguments, and for nothing else.
  absl::StatusOr<Digest> KeyOf(const Plain<Params>&... args) const {
    return KeyOfCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Digest> KeyOf(Args&&... args)
  const {
    return KeyOfCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Why this call would hit or miss: the nearest call that is remembered, and
  // what differs. Looks at all calls of that name.
  absl::StatusOr<Explanation> Explain(const Plain<Params>&... args) const {
    return ExplainCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Explanation> Explain(Args&&... args)
  const {
    return ExplainCall(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The same function with `seed` in its keys. When it computes, the random
  // numbers of memo/random.h come from the seed.
  MemoizedFunction Seeded(std::uint64_t seed) const {
    MemoizedFunction seeded = *this;
    seeded.seed_ = seed;
    return seeded;
  }

 private:
  template <typename Tuple>
  struct TypedCallOf;
  template <typename... All>
  struct TypedCallOf<std::tuple<All...>>
      : std::type_identity<TypedCall<Value, All...>> {};

 public:
  // A record of this function: its arguments, those of `Bind` included, its
  // result, time and seed.
  using CallType = typename TypedCallOf<AllParameters>::type;

  // The remembered calls of this function, newest first; of all seeds.
  CallList<CallType> Calls(CallScope scope = CallScope::kThisVersion) const {
    absl::StatusOr<std::vector<CallRecord>> records =
        internal::FindRecords(*state_, scope == CallScope::kAllVersions);
    if (!records.ok()) {
      return CallList<CallType>(std::move(records).status());
    }
    std::vector<CallType> calls;
    calls.reserve(records->size());
    for (CallRecord& record : *records) {
      calls.emplace_back(state_->store(), std::move(record));
    }
    return CallList<CallType>(std::move(calls));
  }

  // InvalidArgument if the options of `Memoize` make no sense: then every call
  // computes. Without an observer, `Memoize` says so on stderr.
  const absl::Status& status() const { return state_->status(); }

  const std::string& name() const { return state_->identity().name; }

  // For the `callees` of functions that call this one: the version of the
  // options, and if those have callees, salts or an environment, a digest of
  // them.
  std::string version() const { return VersionForCallers(state_->identity()); }

 private:
  using Arguments =
      std::array<internal::HashedArgument, std::tuple_size_v<AllParameters>>;

  template <typename... All>
  static std::vector<std::string> TypeNames(
      std::type_identity<std::tuple<All...>>) {
    return {TypeName<Plain<All>>()...};
  }

  // Calls `use` with slots for all parameters, bound ones first.
  template <typename Use, typename... Slots>
  decltype(auto) WithAll(Use use, Slots&... slots) const {
    if constexpr (internal::kIsBound<F>) {
      return function_.WithSlots(use, slots...);
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
    internal::OngoingCall call(state_, seed_);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    std::optional<internal::FoundCall> found;
    if (std::optional<Value> value = Find(call, found)) {
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
          internal::OngoingCall call(state_, seed_);
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
    internal::OngoingCall call(state_, seed_);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    if (!call.usable()) return call.fault();
    if (std::optional<internal::FoundCall> found = call.Find(/*load=*/false)) {
      absl::StatusOr<internal::CallResult> result = call.ResultOf(*found);
      // One of an older type is a hit only if it can be upgraded.
      if (result.ok() &&
          (found->old_type == nullptr ||
           Handle(state_->store(), result->record).Load().ok())) {
        call.Hit(*found);
        return Handle(state_->store(), std::move(result->record));
      }
    }
    return ComputeAndTell<Handle>(
        call,
        [&](R&&, internal::CallResult told) {
          return Handle(state_->store(), std::move(told.record),
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
    internal::OngoingCall call(state_, seed_, /*timed=*/true);
    Arguments hashed;
    call.SetArguments(hashed, Hash(hashed, slots...));
    if (!call.usable()) return call.fault();
    std::optional<internal::FoundCall> found;
    if (std::optional<Value> value = Find(call, found)) {
      absl::StatusOr<internal::CallResult> result = call.ResultOf(*found);
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
        [&](R&& result, internal::CallResult told) {
          return Traced<Value>{.value = internal::ResultTraits<R>::TakeValueOf(
                                   std::move(result)),
                               .record = std::move(told.record),
                               .hit = false,
                               .times = call.times()};
        },
        slots...);
  }

  template <typename... Slots>
  absl::StatusOr<std::optional<Value>> LookupCall(Slots&&... given) const {
    return WithAll(
        [&](auto&&... slots) -> absl::StatusOr<std::optional<Value>> {
          const absl::StatusOr<Arguments> hashed = Hashed(slots...);
          if (!hashed.ok()) return hashed.status();
          absl::StatusOr<std::optional<internal::FoundCall>> found =
              internal::FindResult(*state_, *hashed, seed_, /*load=*/true);
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
    return WithAll(
        [&](auto&&... slots) -> absl::StatusOr<bool> {
          const absl::StatusOr<Arguments> hashed = Hashed(slots...);
          if (!hashed.ok()) return hashed.status();
          absl::StatusOr<std::optional<internal::FoundCall>> found =
              internal::FindResult(*state_, *hashed, seed_, /*load=*/false);
          if (!found.ok()) return std::move(found).status();
          return found->has_value();
        },
        given...);
  }

  template <typename... Slots>
  absl::Status ForgetCall(Slots&&... given) const {
    return WithAll(
        [&](auto&&... slots) -> absl::Status {
          const absl::StatusOr<Arguments> hashed = Hashed(slots...);
          if (!hashed.ok()) return hashed.status();
          return internal::ForgetCall(*state_, *hashed, seed_);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<Digest> KeyOfCall(Slots&&... given) const {
    return WithAll(
        [&](auto&&... slots) -> absl::StatusOr<Digest> {
          const absl::StatusOr<Arguments> hashed = Hashed(slots...);
          if (!hashed.ok()) return hashed.status();
          return state_->KeyOf(*hashed, seed_);
        },
        given...);
  }

  template <typename... Slots>
  absl::StatusOr<Explanation> ExplainCall(Slots&&... given) const {
    return WithAll(
        [&](auto&&... slots) -> absl::StatusOr<Explanation> {
          const absl::StatusOr<Arguments> hashed = Hashed(slots...);
          if (!hashed.ok()) return hashed.status();
          return internal::ExplainCall(
              *state_, *hashed, seed_,
              std::array<absl::FunctionRef<absl::StatusOr<Blob>()>,
                         sizeof...(slots)>{[&] { return slots.Bytes(); }...});
        },
        given...);
  }

  // For members that need good options.
  template <typename... Slots>
  absl::StatusOr<Arguments> Hashed(Slots&... slots) const {
    if (!state_->status().ok()) return state_->status();
    Arguments hashed;
    absl::Status hashing = Hash(hashed, slots...);
    if (!hashing.ok()) return hashing;
    return hashed;
  }

  // What is remembered, decoded, with what is known of it.
  static std::optional<Value> Find(internal::OngoingCall& call,
                                   std::optional<internal::FoundCall>& found) {
    // What is damaged is dropped, and somebody else may compute it already.
    constexpr int kAttempts = 2;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      found = call.Find(/*load=*/true);
      if (!found.has_value()) break;
      absl::StatusOr<Value> value = DecodeResult(*found);
      if (value.ok()) return *std::move(value);
      call.Damaged(*found, std::move(value).status());
    }
    return std::nullopt;
  }

  static absl::StatusOr<Value> DecodeResult(const internal::FoundCall& found) {
    absl::StatusOr<Value> value = absl::UnknownError("not read");
    absl::Status status = internal::NoThrow([&] {
      value = internal::Decode<Value>(*found.blob, found.old_type);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return value;
  }

  template <typename... Slots>
  static absl::Status Load(internal::OngoingCall& call, Slots&... slots) {
    absl::Status status;
    ((status.ok() ? status.Update(slots.Load()) : void()), ...);
    if (!status.ok()) call.ArgumentLost(status);
    return status;
  }

  // The arguments are given away.
  template <typename... Slots>
  R Compute(internal::OngoingCall& call, Slots&... slots) const {
    const internal::OngoingCall::Computing computing(call);
    if constexpr (internal::kIsBound<F>) {
      return function_.Invoke(slots.Pass()...);
    } else {
      return function_(slots.Pass()...);
    }
  }

  // Before the call, which may move from its arguments.
  template <typename... Slots>
  void Stage(internal::OngoingCall& call, Slots&... slots) const {
    (call.StageArgument(slots.IsIn(state_->store()),
                        [&](Sink& sink) { slots.Write(sink); }),
     ...);
  }

  template <typename... Slots>
  R ComputeAndRemember(internal::OngoingCall& call, Slots&... slots) const {
    if (absl::Status lost = Load(call, slots...); !lost.ok()) {
      if constexpr (internal::ResultTraits<R>::kIsStatusOr) {
        return lost;
      } else {
        return absl::StatusOr<R>(std::move(lost)).value();  // Throws.
      }
    }
    Stage(call, slots...);
    R result = Compute(call, slots...);
    // A failure is told to the observer and is no concern of the caller.
    if (internal::IsOk(result)) call.Remember(WriterOf(result));
    return result;
  }

  // Computes, and makes what `tell` returns.
  template <typename Told, typename Tell, typename... Slots>
  absl::StatusOr<Told> ComputeAndTell(internal::OngoingCall& call, Tell tell,
                                      Slots&... slots) const {
    if (absl::Status lost = Load(call, slots...); !lost.ok()) return lost;
    Stage(call, slots...);
    R result = Compute(call, slots...);
    if constexpr (internal::ResultTraits<R>::kIsStatusOr) {
      if (!result.ok()) return std::move(result).status();
    }
    call.Remember(WriterOf(result));
    absl::StatusOr<internal::CallResult> told = call.ResultOf(WriterOf(result));
    if (!told.ok()) return std::move(told).status();
    return tell(std::move(result), *std::move(told));
  }

  static auto WriterOf(const R& result) {
    return [&result](Sink& sink) {
      Write(internal::ResultTraits<R>::ValueOf(result), sink);
    };
  }

  // Computes what was remembered as `value`, and compares.
  template <typename... Slots>
  void Audit(internal::OngoingCall& call, const internal::FoundCall& found,
             const Value& value, Slots&... slots) const {
    absl::Status status = internal::NoThrow(
        [&]() -> absl::Status {
          absl::Status loaded = Load(call, slots...);
          if (!loaded.ok()) return loaded;
          const R result = Compute(call, slots...);
          if constexpr (internal::ResultTraits<R>::kIsStatusOr) {
            if (!result.ok()) return result.status();
          }
          const Value& again = internal::ResultTraits<R>::ValueOf(result);
          internal::HashedArgument first;
          internal::HashedArgument second;
          absl::Status hashed = internal::HashValue(value, first);
          hashed.Update(internal::HashValue(again, second));
          if (!hashed.ok()) return hashed;
          const double tolerance = state_->options().audit_tolerance;
          if (first.digest != second.digest &&
              !(tolerance > 0 &&
                internal::NearlyEqual(value, again, tolerance))) {
            call.Differed(found, WriterOf(result));
          }
          return absl::OkStatus();
        },
        "audit: the function");
    if (!status.ok()) call.FailedInAudit(status);
  }

  std::shared_ptr<const internal::FunctionState> state_;
  [[no_unique_address]] F function_;
  std::optional<std::uint64_t> seed_;
};

// `function` with a memory in `store`. It must be a function, or a lambda or
// functor without state, or one that was given its state by `Bind`
// (memo/bind.h); its parameters must be hashable and its result storable
// (serializers/serializer.h). What is refused, is refused by the compiler in
// one sentence.
//
// `compilation` is for EnvironmentScope: how the calling file is compiled.
template <typename F>
auto Memoize(
    MemoStore store, MemoizeOptions options, F function,
    const internal::Compilation& compilation = internal::kThisCompilation) {
  // It may be called while a value of an older type is read.
  const internal::StoredAs own(nullptr);
  if constexpr (internal::CheckFunction<F>()) {
    return MemoizedFunction<F, typename internal::SignatureOf<F>::type>(
        std::move(store), std::move(options), std::move(function), compilation);
  } else {
    return internal::RefusedFunction();
  }
}

}  // namespace ireneo

#endif  // IRENEO_MEMO_MEMOIZE_H_
