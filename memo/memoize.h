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
// for functions whose results depend on anything but their arguments, version
// and salts, or that matter for what they do besides returning.
//
// It does not promise that a function is computed once: threads or processes
// that call it with the same arguments at the same time may each compute.

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize_options.h"
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

template <typename F, typename Signature>
class MemoizedFunction;

// What `Memoize` returns: a function with the signature and the return type of
// the one that it was made from. If that returns an `absl::StatusOr<R>`, only
// OK results are remembered, and `Value` is R; an exception passes through and
// nothing is remembered.
//
// A failing store never fails a call: it is computed, and the store's fault is
// counted (`MemoStore::Stats`) and told to its observer. The members that
// return a StatusOr have its errors (memo/memo_store.h), InvalidArgument if the
// options of `Memoize` were bad, and whatever a serializer reported.
//
// Cheap to copy; keeps its store open. Thread-safe if the function is.
template <typename F, typename R, typename... Params>
class MemoizedFunction<F, internal::FunctionType<R, Params...>> {
 public:
  // What is remembered.
  using Value = typename internal::ResultTraits<R>::Value;

  MemoizedFunction(MemoStore store, MemoizeOptions options, F function)
      : state_(std::make_shared<const internal::FunctionState>(
            std::move(store), std::move(options), TypeName<Value>(),
            internal::HasOldNames<Value>() ? internal::ReadsStoredAs<Value>
                                           : nullptr,
            std::vector<std::string>{
                TypeName<std::remove_cvref_t<Params>>()...})),
        function_(std::move(function)) {}

  // The result for these arguments, remembered or computed.
  R operator()(Params... args) const {
    Arguments hashed;
    const absl::Status hashing = Hash(hashed, args...);
    internal::OngoingCall call(*state_, hashing, hashed);
    if (std::optional<internal::FoundCall> found = call.Find(/*load=*/true)) {
      absl::StatusOr<Value> value = DecodeResult(*found);
      if (value.ok()) {
        call.Hit(*found);
        return *std::move(value);
      }
      call.Damaged(*found, std::move(value).status());
    }
    R result = Compute(call, std::forward<Params>(args)...);
    // A failure is told to the observer and is no concern of the caller.
    if (internal::IsOk(result)) (void)RememberResult(call, result);
    return result;
  }

  // The remembered result, or nullopt; never computes. A damaged result counts
  // as not remembered, and one of an older type that cannot be upgraded.
  absl::StatusOr<std::optional<Value>> Lookup(
      const std::remove_cvref_t<Params>&... args) const {
    const absl::StatusOr<Arguments> hashed = Hashed(args...);
    if (!hashed.ok()) return hashed.status();
    absl::StatusOr<std::optional<internal::FoundCall>> found =
        internal::FindResult(*state_, *hashed, /*load=*/true);
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
  }

  // Whether a result is remembered; reads no value, and so does not know
  // whether one of an older type can be upgraded.
  absl::StatusOr<bool> Contains(
      const std::remove_cvref_t<Params>&... args) const {
    const absl::StatusOr<Arguments> hashed = Hashed(args...);
    if (!hashed.ok()) return hashed.status();
    absl::StatusOr<std::optional<internal::FoundCall>> found =
        internal::FindResult(*state_, *hashed, /*load=*/false);
    if (!found.ok()) return std::move(found).status();
    return found->has_value();
  }

  // Drops the record of this call, if there is one; the next call computes.
  absl::Status Forget(const std::remove_cvref_t<Params>&... args) const {
    const absl::StatusOr<Arguments> hashed = Hashed(args...);
    if (!hashed.ok()) return hashed.status();
    return internal::ForgetCall(*state_, *hashed);
  }

  // A handle to the result: computes if need be, but loads nothing on a hit. If
  // the store does not take what was computed, the handle holds it in memory.
  //
  // Errors: those that the function itself returned; InvalidArgument if the
  // options of `Memoize` were bad; and whatever a serializer reported.
  absl::StatusOr<Remembered<Value>> Recall(Params... args) const {
    Arguments hashed;
    const absl::Status hashing = Hash(hashed, args...);
    internal::OngoingCall call(*state_, hashing, hashed);
    if (!call.usable()) return call.fault();
    if (std::optional<internal::FoundCall> found = call.Find(/*load=*/false)) {
      absl::StatusOr<CallRecord> record =
          internal::FindRecord(*state_, found->key);
      // One of an older type is a hit only if it can be upgraded.
      if (record.ok() &&
          (found->old_type == nullptr ||
           Remembered<Value>(state_->store(), *record).Load().ok())) {
        call.Hit(*found);
        return Remembered<Value>(state_->store(), *std::move(record));
      }
    }
    R result = Compute(call, std::forward<Params>(args)...);
    if constexpr (internal::ResultTraits<R>::kIsStatusOr) {
      if (!result.ok()) return std::move(result).status();
    }
    if (RememberResult(call, result).ok()) {
      absl::StatusOr<CallRecord> record =
          internal::FindRecord(*state_, call.key());
      if (record.ok()) {
        return Remembered<Value>(state_->store(), *std::move(record));
      }
    }
    absl::StatusOr<internal::HeldResult> held = call.Hold([&](Sink& sink) {
      Write(internal::ResultTraits<R>::ValueOf(result), sink);
    });
    if (!held.ok()) return std::move(held).status();
    return Remembered<Value>(state_->store(), std::move(held->record),
                             std::move(held->blob));
  }

  // The key of this call: equal for equal name, version, callees, salts, types
  // and arguments, and for nothing else.
  absl::StatusOr<Digest> KeyOf(
      const std::remove_cvref_t<Params>&... args) const {
    const absl::StatusOr<Arguments> hashed = Hashed(args...);
    if (!hashed.ok()) return hashed.status();
    return state_->KeyOf(*hashed);
  }

  // The remembered calls of this function, newest first.
  CallList<TypedCall<Value, Params...>> Calls(
      CallScope scope = CallScope::kThisVersion) const {
    using List = CallList<TypedCall<Value, Params...>>;
    absl::StatusOr<std::vector<CallRecord>> records =
        internal::FindRecords(*state_, scope == CallScope::kAllVersions);
    if (!records.ok()) return List(std::move(records).status());
    std::vector<TypedCall<Value, Params...>> calls;
    calls.reserve(records->size());
    for (CallRecord& record : *records) {
      calls.emplace_back(state_->store(), std::move(record));
    }
    return List(std::move(calls));
  }

  // InvalidArgument if the options of `Memoize` make no sense: then every call
  // computes.
  const absl::Status& status() const { return state_->status(); }

  const std::string& name() const { return state_->identity().name; }

  // For the `callees` of functions that call this one: the version of the
  // options, and if those have callees or salts, a digest of them.
  std::string version() const { return VersionForCallers(state_->identity()); }

 private:
  using Arguments = std::array<internal::HashedArgument, sizeof...(Params)>;

  // For members that need good options.
  absl::StatusOr<Arguments> Hashed(
      const std::remove_cvref_t<Params>&... args) const {
    if (!state_->status().ok()) return state_->status();
    Arguments hashed;
    absl::Status hashing = Hash(hashed, args...);
    if (!hashing.ok()) return hashing;
    return hashed;
  }

  // Takes the arguments as they are, so that nothing is converted or copied.
  static absl::Status Hash(Arguments& hashed,
                           const std::remove_cvref_t<Params>&... args) {
    return internal::NoThrow([&]() -> absl::Status {
      absl::Status status;
      [[maybe_unused]] std::size_t i = 0;
      [[maybe_unused]] const auto hash_one = [&](const auto& arg) {
        DigestSink sink;
        Write(arg, sink);
        if (!sink.ok()) status.Update(sink.status());
        hashed[i++] = {.digest = sink.digest(), .size = sink.position()};
      };
      (hash_one(args), ...);
      return status;
    });
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

  R Compute(internal::OngoingCall& call, Params&&... args) const {
    // Before the call, which may move from its arguments.
    (call.StageArgument([&](Sink& sink) { Write(args, sink); }), ...);
    call.StartComputing();
    R result = function_(std::forward<Params>(args)...);
    call.StopComputing();
    return result;
  }

  static absl::Status RememberResult(internal::OngoingCall& call,
                                     const R& result) {
    return call.Remember([&](Sink& sink) {
      Write(internal::ResultTraits<R>::ValueOf(result), sink);
    });
  }

  std::shared_ptr<const internal::FunctionState> state_;
  [[no_unique_address]] F function_;
};

// `function` with a memory in `store`. It must be a function, or a lambda or
// functor without state; its parameters must be hashable and its result
// storable (serializers/serializer.h). What is refused, is refused by the
// compiler in one sentence.
template <typename F>
auto Memoize(MemoStore store, MemoizeOptions options, F function) {
  // It may be called while a value of an older type is read.
  const internal::StoredAs own(nullptr);
  if constexpr (internal::CheckFunction<F>()) {
    return MemoizedFunction<F, typename internal::SignatureOf<F>::type>(
        std::move(store), std::move(options), std::move(function));
  } else {
    return internal::RefusedFunction();
  }
}

}  // namespace ireneo

#endif  // IRENEO_MEMO_MEMOIZE_H_
