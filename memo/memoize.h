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
#include "ireneo/memo/bind.h"
#include "ireneo/memo/environment.h"
#include "ireneo/memo/explain.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize_options.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/memo/signature.h"
#include "ireneo/memo/typed_calls.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/digest.h"

namespace ireneo {

// Which records `Calls` lists.
enum class CallScope {
  kThisVersion,  // Those that this memoized function can hit.
  kAllVersions,  // Those of its name, parameter types and result type.
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
      : calls_{
            .state = internal::MakeFunctionState(
                std::move(store), std::move(options), TypeName<Value>(),
                internal::HasOldNames<Value>() ? internal::ReadsStoredAs<Value>
                                               : nullptr,
                internal::TypedCalls<F, R>::TypeNames(
                    std::type_identity<AllParameters>()),
                compilation),
            .function = std::move(function)} {}

  // The result for these arguments, remembered or computed.
  R operator()(Params... args) const {
    return calls_.Call(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...> R
  operator()(Args&&... args) const {
    return calls_.Call(internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The remembered result, or nullopt; never computes. A damaged result counts
  // as not remembered, and one of an older type that cannot be upgraded.
  absl::StatusOr<std::optional<Value>> Lookup(
      const Plain<Params>&... args) const {
    return calls_.LookupCall(
        internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<std::optional<Value>> Lookup(Args&&... args)
  const {
    return calls_.LookupCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Whether a result is remembered; reads no value, and so does not know
  // whether one of an older type can be upgraded.
  absl::StatusOr<bool> Contains(const Plain<Params>&... args) const {
    return calls_.ContainsCall(
        internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<bool> Contains(Args&&... args)
  const {
    return calls_.ContainsCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Computes, whatever is remembered, and replaces that. A result that differs
  // is reported as a conflict (memo/observer.h).
  R Recompute(Params... args) const {
    return calls_.RecomputeCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...> R
  Recompute(Args&&... args)
  const {
    return calls_.RecomputeCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Drops the record of this call, if there is one; the next call computes.
  absl::Status Forget(const Plain<Params>&... args) const {
    return calls_.ForgetCall(
        internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::Status Forget(Args&&... args)
  const {
    return calls_.ForgetCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Forgets every call of this version, of all seeds and bound values.
  absl::Status Clear() const { return internal::ForgetCalls(*calls_.state); }

  // A handle to the result: computes if need be, but loads nothing on a hit. If
  // the store does not take what was computed, the handle holds it in memory.
  //
  // Errors: those that the function itself returned; InvalidArgument if the
  // options of `Memoize` were bad; and whatever a serializer reported.
  absl::StatusOr<Remembered<Value>> Recall(Params... args) const {
    return calls_.RecallCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Remembered<Value>> Recall(Args&&... args)
  const {
    return calls_.RecallCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // As a call, and says how it went. Errors: as of `Recall`.
  absl::StatusOr<Traced<Value>> Trace(Params... args) const {
    return calls_.TraceCall(
        internal::ValueSlot<Params>(std::forward<Params>(args))...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Traced<Value>> Trace(Args&&... args)
  const {
    return calls_.TraceCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The key of this call: equal for equal name, version, callees, salts,
  // environment in the key, types, seed and arguments, and for nothing else.
  absl::StatusOr<Digest> KeyOf(const Plain<Params>&... args) const {
    return calls_.KeyOfCall(internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Digest> KeyOf(Args&&... args)
  const {
    return calls_.KeyOfCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // Why this call would hit or miss: the nearest call that is remembered, and
  // what differs. Looks at all calls of that name.
  absl::StatusOr<Explanation> Explain(const Plain<Params>&... args) const {
    return calls_.ExplainCall(
        internal::ValueSlot<const Plain<Params>&>(args)...);
  }
  template <typename... Args>
  requires internal::kGivenWithHandles<std::tuple<Params...>, Args...>
      absl::StatusOr<Explanation> Explain(Args&&... args)
  const {
    return calls_.ExplainCall(
        internal::MakeSlot<Params>(std::forward<Args>(args))...);
  }

  // The same function with `seed` in its keys. When it computes, the random
  // numbers of memo/random.h come from the seed.
  MemoizedFunction Seeded(std::uint64_t seed) const {
    MemoizedFunction seeded = *this;
    seeded.calls_.seed = seed;
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
        internal::FindRecords(*calls_.state, scope == CallScope::kAllVersions);
    if (!records.ok()) {
      return CallList<CallType>(std::move(records).status());
    }
    std::vector<CallType> calls;
    calls.reserve(records->size());
    for (CallRecord& record : *records) {
      calls.emplace_back(calls_.state->store(), std::move(record));
    }
    return CallList<CallType>(std::move(calls));
  }

  // InvalidArgument if the options of `Memoize` make no sense: then every call
  // computes. Without an observer, `Memoize` says so on stderr.
  const absl::Status& status() const { return calls_.state->status(); }

  const std::string& name() const { return calls_.state->identity().name; }

  // For the `callees` of functions that call this one: the version of the
  // options, and if those have callees, salts or an environment, a digest of
  // them.
  std::string version() const {
    return VersionForCallers(calls_.state->identity());
  }

 private:
  internal::TypedCalls<F, R> calls_;
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
