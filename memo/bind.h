#ifndef IRENEO_MEMO_BIND_H_
#define IRENEO_MEMO_BIND_H_

// Gives a function its first arguments, so that it can be memoized where a
// lambda with captures could not:
//
//     double Energy(const Model& model, double time);
//
//     auto energy = ireneo::Memoize(
//         *store, {.name = "acme.Energy", .version = "1"},
//         ireneo::Bind(Energy, model));
//     double e = energy(2.5);
//
// What is bound is hashed into the key, once, like any other argument: the call
// above and `Energy` memoized as it is, called with (model, 2.5), are the same
// call. A member function takes its object as the first argument:
// `ireneo::Bind(&Model::Energy, model)`.

#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ireneo/memo/argument_slot.h"
#include "ireneo/memo/hashed.h"
#include "ireneo/memo/signature.h"
#include "ireneo/serializers/serializer.h"

namespace ireneo {
namespace internal {

// The result and all parameters of what `Bind` takes.
template <typename F>
struct Unbound : SignatureOf<F>::type {};
template <typename C, typename R, typename... P>
struct Unbound<R (C::*)(P...) const> : FunctionType<R, const C&, P...> {};
template <typename C, typename R, typename... P>
struct Unbound<R (C::*)(P...) const noexcept>
    : FunctionType<R, const C&, P...> {};

// The parameters from number `kFirst` on.
template <typename R, std::size_t kFirst, typename Parameters,
          typename Indices =
              std::make_index_sequence<std::tuple_size_v<Parameters> - kFirst>>
struct RestOf;
template <typename R, std::size_t kFirst, typename Parameters,
          std::size_t... kIndex>
struct RestOf<R, kFirst, Parameters, std::index_sequence<kIndex...>>
    : std::type_identity<FunctionType<
          R, std::tuple_element_t<kFirst + kIndex, Parameters>...>> {};

}  // namespace internal

// A function with its first arguments. `Bound` are the types that own them.
template <typename F, typename... Bound>
class BoundFunction {
 public:
  using Parameters = typename internal::Unbound<F>::Parameters;
  using Signature =
      typename internal::RestOf<typename internal::Unbound<F>::Result,
                                sizeof...(Bound), Parameters>::type;

  explicit BoundFunction(F function, Bound... values)
      : function_(std::move(function)),
        bound_(std::make_shared<const std::tuple<Hashed<Bound>...>>(
            Hashed<Bound>(std::move(values))...)) {}

  // Calls the function with all its arguments.
  template <typename... Args>
  decltype(auto) Invoke(Args&&... args) const {
    return std::invoke(function_, std::forward<Args>(args)...);
  }

  // Calls `use` with slots for the bound values and for the others.
  template <typename Use, typename... Slots>
  decltype(auto) WithSlots(Use use, Slots&&... slots) const {
    return [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>)
        ->decltype(auto) {
      return use(
          internal::HashedSlot<std::tuple_element_t<kIndex, Parameters>, Bound>(
              std::get<kIndex>(*bound_))...,
          std::forward<Slots>(slots)...);
    }
    (std::index_sequence_for<Bound...>());
  }

 private:
  [[no_unique_address]] F function_;
  // Copies of a memoized function share them.
  std::shared_ptr<const std::tuple<Hashed<Bound>...>> bound_;
};

namespace internal {

template <typename F, typename... Bound>
struct SignatureOf<BoundFunction<F, Bound...>>
    : std::type_identity<typename BoundFunction<F, Bound...>::Signature> {};
template <typename F, typename... Bound>
struct ParametersOf<BoundFunction<F, Bound...>>
    : std::type_identity<typename Unbound<F>::Parameters> {};
template <typename F, typename... Bound>
inline constexpr bool kIsBound<BoundFunction<F, Bound...>> = true;
template <typename F, typename... Bound>
inline constexpr bool kIsStateless<BoundFunction<F, Bound...>> =
    kIsStateless<F>;

// A value for a parameter of type `P`, converted as for a call, that owns its
// data.
template <typename P, typename Value>
auto BoundValue(const Value& value) {
  const std::remove_cvref_t<P> converted = value;
  return OwnedValue(converted);
}

template <typename F, std::size_t... kIndex, typename... Values>
auto BindValues(F function, std::index_sequence<kIndex...>,
                const Values&... values) {
  using Parameters = typename Unbound<F>::Parameters;
  return BoundFunction<
      F, decltype(BoundValue<std::tuple_element_t<kIndex, Parameters>>(
             values))...>(
      std::move(function),
      BoundValue<std::tuple_element_t<kIndex, Parameters>>(values)...);
}

}  // namespace internal

// `function` with `values` for its first parameters, converted to what those
// are; views are bound as the values that own what they view. The function must
// have no state of its own.
template <typename F, typename... Values>
auto Bind(F function, const Values&... values) {
  constexpr bool kKnown = internal::HasSignature<F>;
  static_assert(kKnown,
                "ireneo::Bind needs a function with one signature: a function, "
                "a const member function, or a lambda or functor whose "
                "operator() is const and neither overloaded nor a template");
  if constexpr (kKnown) {
    static_assert(
        sizeof...(Values) <=
            std::tuple_size_v<typename internal::Unbound<F>::Parameters>,
        "ireneo::Bind: there are more values than the function has parameters");
    return internal::BindValues(
        std::move(function), std::index_sequence_for<Values...>(), values...);
  } else {
    return internal::RefusedFunction();
  }
}

}  // namespace ireneo

#endif  // IRENEO_MEMO_BIND_H_
