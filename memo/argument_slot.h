#ifndef IRENEO_MEMO_ARGUMENT_SLOT_H_
#define IRENEO_MEMO_ARGUMENT_SLOT_H_

// What a memoized call does with one argument, whatever it was given as: a
// value, a `Remembered` or a `Hashed`. Internal to Ireneo.
//
// A slot has
//   absl::Status Hash(HashedArgument&)   its digest and size
//   void Write(Sink&)                    its bytes; after `Load`
//   absl::StatusOr<Blob> Bytes()         its bytes, to be shown
//   bool IsIn(const MemoStore&)          whether it is a blob of that store
//   absl::Status Load()                  before the function is called
//   Pass()                               what the function is called with

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/function_state.h"
#include "ireneo/memo/hashed.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

template <typename T>
absl::Status HashValue(const T& value, HashedArgument& hashed) {
  return NoThrow([&]() -> absl::Status {
    DigestSink sink;
    ireneo::Write(value, sink);
    hashed = {.digest = sink.digest(), .size = sink.position()};
    return sink.status();
  });
}

template <typename T>
absl::StatusOr<Blob> BytesOf(const T& value) {
  std::string bytes;
  absl::Status status = NoThrow([&]() -> absl::Status {
    StringSink sink(bytes);
    ireneo::Write(value, sink);
    sink.Flush();
    return sink.status();
  });
  if (!status.ok()) return status;
  return Blob::Copy(std::as_bytes(std::span(bytes)));
}

// A value for a parameter of type `P`. Held as `P&&`, it is one already, and
// nothing is copied.
template <typename P, typename Held = P&&>
class ValueSlot {
 public:
  template <typename A>
  explicit ValueSlot(A&& value) : value_(std::forward<A>(value)) {}

  absl::Status Hash(HashedArgument& hashed) {
    return HashValue(value_, hashed);
  }
  void Write(Sink& sink) const { ireneo::Write(value_, sink); }
  absl::StatusOr<Blob> Bytes() const { return BytesOf(value_); }
  bool IsIn(const MemoStore&) const { return false; }
  absl::Status Load() { return absl::OkStatus(); }
  P&& Pass() { return std::forward<P>(value_); }

 private:
  Held value_;
};

// How an argument of type `A` is held that may have to be converted first.
template <typename P, typename A>
using HeldFor = std::conditional_t<
    std::is_reference_v<P> &&
        !std::same_as<std::remove_cvref_t<A>, std::remove_cvref_t<P>>,
    std::remove_cvref_t<P>, P>;

template <typename P, typename T>
class HashedSlot {
 public:
  explicit HashedSlot(const Hashed<T>& value) : value_(value) {}

  absl::Status Hash(HashedArgument& hashed) {
    hashed = {.digest = value_.digest(), .size = value_.size()};
    return value_.status();
  }
  void Write(Sink& sink) const { ireneo::Write(value_.value(), sink); }
  absl::StatusOr<Blob> Bytes() const { return BytesOf(value_.value()); }
  bool IsIn(const MemoStore&) const { return false; }
  absl::Status Load() { return absl::OkStatus(); }
  const T& Pass() { return value_.value(); }

 private:
  const Hashed<T>& value_;
};

template <typename P, typename T>
class RememberedSlot {
 public:
  explicit RememberedSlot(const Remembered<T>& handle) : handle_(handle) {}

  absl::Status Hash(HashedArgument& hashed) {
    const CallRecord& record = handle_.record();
    if (record.result_type == TypeName<T>()) {
      hashed = {.digest = record.result, .size = record.result_size};
      return absl::OkStatus();
    }
    // Stored when the type had another name: its bytes are not those of today.
    absl::Status loaded = Load();
    return loaded.ok() ? HashValue(*value_, hashed) : loaded;
  }
  void Write(Sink& sink) const { ireneo::Write(*value_, sink); }
  absl::StatusOr<Blob> Bytes() const { return handle_.Bytes(); }
  bool IsIn(const MemoStore& store) const { return handle_.IsIn(store); }
  absl::Status Load() {
    if (value_.has_value()) return absl::OkStatus();
    return NoThrow([&]() -> absl::Status {
      absl::StatusOr<T> value = handle_.Load();
      if (!value.ok()) return std::move(value).status();
      value_.emplace(*std::move(value));
      return absl::OkStatus();
    });
  }
  // By value: the function gets it for good.
  std::conditional_t<std::same_as<P, T>, T&&, const T&> Pass() {
    if constexpr (std::same_as<P, T>) {
      return *std::move(value_);
    } else {
      return *value_;
    }
  }

 private:
  const Remembered<T>& handle_;
  std::optional<T> value_;
};

// What a handle is a handle to; void for what is none.
template <typename A>
struct HandleTo : std::type_identity<void> {};
template <typename T>
struct HandleTo<Remembered<T>> : std::type_identity<T> {};
template <typename T>
struct HandleTo<Hashed<T>> : std::type_identity<T> {};

template <typename A>
concept IsHandle =
    !std::is_void_v<typename HandleTo<std::remove_cvref_t<A>>::type>;

// Whether an argument of type `A` can be given for a parameter of type `P`. A
// handle must be to the very type: converting would need the value.
template <typename P, typename A>
constexpr bool CanBeGivenFor() {
  if constexpr (IsHandle<A>) {
    using T = typename HandleTo<std::remove_cvref_t<A>>::type;
    return std::same_as<StoredType<T>, StoredType<std::remove_cvref_t<P>>> &&
           std::convertible_to<const T&, P>;
  } else {
    return std::convertible_to<A, P>;
  }
}

// Whether the arguments of types `Args` fit the parameters, and one of them is
// a handle: then the memoized function's own signature would not do.
template <typename Parameters, typename... Args>
inline constexpr bool kGivenWithHandles = false;
template <typename... P, typename... Args>
requires(
    sizeof...(P) ==
    sizeof...(Args)) inline constexpr bool kGivenWithHandles<std::tuple<P...>,
                                                             Args...> =
    (IsHandle<Args> || ...) && (CanBeGivenFor<P, Args>() && ...);

template <typename P, typename A>
auto MakeSlot(A&& argument) {
  using Handle = std::remove_cvref_t<A>;
  using T = typename HandleTo<Handle>::type;
  if constexpr (std::same_as<Handle, Remembered<T>>) {
    return RememberedSlot<P, T>(argument);
  } else if constexpr (std::same_as<Handle, Hashed<T>>) {
    return HashedSlot<P, T>(argument);
  } else {
    return ValueSlot<P, HeldFor<P, A>>(std::forward<A>(argument));
  }
}

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARGUMENT_SLOT_H_
