#ifndef IRENEO_MEMO_SIGNATURE_H_
#define IRENEO_MEMO_SIGNATURE_H_

// What `Memoize` must know of a function at compile time, and the sentences in
// which it refuses one whose results could not be remembered rightly. Internal
// to Ireneo.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "ireneo/serializers/serializer.h"

namespace ireneo::internal {

template <typename R, typename... P>
struct FunctionType {
  using Result = R;
  using Parameters = std::tuple<P...>;
};

// The FunctionType of a function pointer, or of a class with one operator().
template <typename F>
struct SignatureOf;
template <typename R, typename... P>
struct SignatureOf<R (*)(P...)> : std::type_identity<FunctionType<R, P...>> {};
template <typename R, typename... P>
struct SignatureOf<R (*)(P...) noexcept>
    : std::type_identity<FunctionType<R, P...>> {};
template <typename C, typename R, typename... P>
struct SignatureOf<R (C::*)(P...) const>
    : std::type_identity<FunctionType<R, P...>> {};
template <typename C, typename R, typename... P>
struct SignatureOf<R (C::*)(P...) const noexcept>
    : std::type_identity<FunctionType<R, P...>> {};
// Of a member function, the object is the first argument.
template <typename F>
requires(std::is_class_v<F>&& requires {
  &F::operator();
}) struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {
};

template <typename F>
concept HasSignature = requires {
  typename SignatureOf<F>::type;
};

// The value that is remembered of a result: that of a StatusOr, if it is one.
template <typename R>
struct ResultTraits {
  using Value = R;
  static constexpr bool kIsStatusOr = false;
  static const R& ValueOf(const R& result) { return result; }
  static R TakeValueOf(R&& result) { return std::move(result); }
};
template <typename V>
struct ResultTraits<absl::StatusOr<V>> {
  using Value = V;
  static constexpr bool kIsStatusOr = true;
  static const V& ValueOf(const absl::StatusOr<V>& result) { return *result; }
  static V TakeValueOf(absl::StatusOr<V>&& result) {
    return *std::move(result);
  }
};

// Whether there is a value to remember.
template <typename R>
bool IsOk(const R& result) {
  if constexpr (ResultTraits<R>::kIsStatusOr) {
    return result.ok();
  } else {
    return true;
  }
}

// The parameters of a callable, the bound ones of `Bind` included, as a tuple,
// and whether it was made by that.
template <typename F>
struct ParametersOf
    : std::type_identity<typename SignatureOf<F>::type::Parameters> {};
template <typename F>
inline constexpr bool kIsBound = false;

// Whether all that a call depends on is among its arguments and bound values.
template <typename F>
inline constexpr bool kIsStateless =
    std::is_pointer_v<F> || std::is_member_function_pointer_v<F> ||
    std::is_empty_v<F>;

template <typename P>
constexpr bool CheckParameter() {
  using T = std::remove_cvref_t<P>;
  constexpr bool kNoPointer = !std::is_pointer_v<T> &&
                              !std::is_member_pointer_v<T> &&
                              !std::is_null_pointer_v<T>;
  static_assert(kNoPointer,
                "ireneo::Memoize: a parameter is a pointer, and its address "
                "would be a bad key. Take the value itself, a container, or "
                "std::string_view, std::span<const T>, Eigen::Ref<const T>");
  constexpr bool kReadOnly =
      !kNoPointer || ((!std::is_reference_v<P> ||
                       (std::is_lvalue_reference_v<P> &&
                        std::is_const_v<std::remove_reference_t<P>>)) &&
                      !kMutableView<T>);
  static_assert(kReadOnly,
                "ireneo::Memoize: a parameter is a non-const reference or a "
                "view that can be written through, and what the function "
                "writes there would not be remembered. Take it by value or "
                "const reference (const T&, std::span<const T>, "
                "Eigen::Ref<const T>) and return the result");
  if constexpr (kNoPointer && kReadOnly) {
    return RequireHashable<T>();
  } else {
    return false;
  }
}

template <typename R>
constexpr bool CheckResult() {
  constexpr bool kValue = !std::is_void_v<R> && !std::is_reference_v<R> &&
                          !std::is_pointer_v<R> && !std::is_const_v<R>;
  static_assert(kValue,
                "ireneo::Memoize: the function must return a value: void, a "
                "reference or a pointer cannot be remembered");
  if constexpr (kValue) {
    return RequireStorable<typename ResultTraits<R>::Value>();
  } else {
    return false;
  }
}

template <typename R, typename... P>
constexpr bool CheckSignature(std::type_identity<std::tuple<P...>>) {
  bool good = CheckResult<R>();
  // Without a short cut: each parameter is checked.
  ((good = CheckParameter<P>() && good), ...);
  return good;
}

// True if `F` can be memoized; if not, one static_assert says why and what to
// do.
template <typename F>
constexpr bool CheckFunction() {
  static_assert(HasSignature<F>,
                "ireneo::Memoize needs a function with one signature: a "
                "function, or a lambda or functor whose operator() is const "
                "and neither overloaded nor a template");
  if constexpr (std::is_member_function_pointer_v<F>) {
    static_assert(!std::is_member_function_pointer_v<F>,
                  "ireneo::Memoize: this is a member function, whose object "
                  "would be missing from the key. Give it with "
                  "ireneo::Bind(&Class::Function, object)");
  } else if constexpr (HasSignature<F>) {
    constexpr bool kStateless = kIsStateless<F>;
    static_assert(kStateless,
                  "ireneo::Memoize: this callable has state (a lambda with "
                  "captures, a functor with members, a std::function), which "
                  "would be missing from the key. Make the captured values "
                  "parameters of the function, and give them with "
                  "ireneo::Bind(function, value...) where they are known");
    if constexpr (kStateless) {
      return CheckSignature<typename SignatureOf<F>::type::Result>(
          std::type_identity<typename ParametersOf<F>::type>());
    }
  }
  return false;
}

// Stands for a function that was refused, so that the refusal is the only
// error that the compiler reports.
struct RefusedFunction {
  struct Anything {
    template <typename T>
    operator T() const;  // NOLINT(google-explicit-constructor)
  };
  template <typename... Args>
  Anything operator()(Args&&...) const;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_SIGNATURE_H_
