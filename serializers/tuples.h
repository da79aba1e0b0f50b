#ifndef IRENEO_SERIALIZERS_TUPLES_H_
#define IRENEO_SERIALIZERS_TUPLES_H_

// Serializers for std::pair and std::tuple; std::optional, std::unique_ptr and
// std::shared_ptr; std::variant and std::monostate.
//
// A smart pointer is the value that it points to, or nothing, under the name of
// the optional of that type. What is read is a copy: two pointers to one object
// become two objects, and a cycle cannot be written. One to a class with
// virtual functions does not compile unless the class is final, as it may point
// to an object of which this class is a part.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

// "name<A,B,C>", "name<>".
template <typename... T>
std::string ListName(absl::string_view name) {
  std::string list = absl::StrCat(name, "<");
  (absl::StrAppend(&list, ireneo::TypeName<T>(), ","), ...);
  if constexpr (sizeof...(T) > 0) list.pop_back();
  return list + ">";
}

// For what is a `T` or nothing: a byte 0, or a byte 1 and the value.
template <typename T>
std::string OptionalName() {
  return absl::StrCat("optional<", ireneo::TypeName<T>(), ">");
}

template <typename Optional>
void WriteOptional(const Optional& value, Sink& sink) {
  const bool has_value = static_cast<bool>(value);
  ireneo::Write(has_value, sink);
  if (has_value) ireneo::Write(*value, sink);
}

// `make` turns a `T` into an `Optional` that has it.
template <typename Optional, typename T, typename Make>
absl::StatusOr<Optional> ReadOptional(Source& source, Make make) {
  const absl::StatusOr<bool> has_value = ireneo::Read<bool>(source);
  if (!has_value.ok()) return has_value.status();
  if (!*has_value) return Optional();
  absl::StatusOr<T> value = ireneo::Read<T>(source);
  if (!value.ok()) return value.status();
  return make(*std::move(value));
}

// At the name, which every use of a serializer asks for.
template <typename T>
std::string PointerName() {
  constexpr bool kValue = std::is_object_v<T> && !std::is_array_v<T>;
  static_assert(kValue,
                "ireneo: a smart pointer to an array does not know its size. "
                "Use std::vector");
  if constexpr (kValue) {
    static_assert(!std::is_polymorphic_v<T> || std::is_final_v<T>,
                  "ireneo: a smart pointer to a class with virtual functions "
                  "may point to a derived class, of which only this part would "
                  "be written. Use std::variant of the classes, mark this one "
                  "final, or specialize ireneo::Serializer for the pointer");
    return OptionalName<std::remove_cv_t<T>>();
  } else {
    return std::string();
  }
}

}  // namespace internal

// "pair<A,B>": the first, then the second.
template <typename A, typename B>
struct Serializer<std::pair<A, B>> {
  static std::string TypeName() { return internal::ListName<A, B>("pair"); }
  static void Write(const std::pair<A, B>& value, Sink& sink) {
    ireneo::Write(value.first, sink);
    ireneo::Write(value.second, sink);
  }
  static absl::StatusOr<std::pair<A, B>> Read(Source& source) requires(
      std::is_object_v<A>&& std::is_object_v<B>) {
    absl::StatusOr<std::remove_cv_t<A>> first =
        ireneo::Read<std::remove_cv_t<A>>(source);
    absl::StatusOr<std::remove_cv_t<B>> second =
        ireneo::Read<std::remove_cv_t<B>>(source);
    if (!source.ok()) return source.status();
    return std::pair<A, B>(*std::move(first), *std::move(second));
  }
};

// "tuple<A,B,C>", "tuple<>": the elements in order.
template <typename... T>
struct Serializer<std::tuple<T...>> {
  static std::string TypeName() { return internal::ListName<T...>("tuple"); }
  static void Write(const std::tuple<T...>& value,
                    [[maybe_unused]] Sink& sink) {
    std::apply(
        [&](const auto&... element) { (ireneo::Write(element, sink), ...); },
        value);
  }
  static absl::StatusOr<std::tuple<T...>> Read(Source& source) requires(
      ...&& std::is_object_v<T>) {
    // The braces have the elements read from left to right.
    std::tuple<absl::StatusOr<std::remove_cv_t<T>>...> elements{
        ireneo::Read<std::remove_cv_t<T>>(source)...};
    if (!source.ok()) return source.status();
    return std::apply(
        [](auto&... element) {
          return std::tuple<T...>(*std::move(element)...);
        },
        elements);
  }
};

// "optional<T>": a byte 0, or a byte 1 and the value.
template <typename T>
struct Serializer<std::optional<T>> {
  static std::string TypeName() { return internal::OptionalName<T>(); }
  static void Write(const std::optional<T>& value, Sink& sink) {
    internal::WriteOptional(value, sink);
  }
  static absl::StatusOr<std::optional<T>> Read(Source& source) {
    return internal::ReadOptional<std::optional<T>, std::remove_cv_t<T>>(
        source, [](auto value) { return std::optional<T>(std::move(value)); });
  }
};

// "optional<T>", as the optional of what they point to.
template <typename T>
struct Serializer<std::unique_ptr<T>> {
  static std::string TypeName() { return internal::PointerName<T>(); }
  static void Write(const std::unique_ptr<T>& value, Sink& sink) {
    internal::WriteOptional(value, sink);
  }
  static absl::StatusOr<std::unique_ptr<T>> Read(Source& source) {
    return internal::ReadOptional<std::unique_ptr<T>, std::remove_cv_t<T>>(
        source,
        [](auto value) { return std::make_unique<T>(std::move(value)); });
  }
};

template <typename T>
struct Serializer<std::shared_ptr<T>> {
  static std::string TypeName() { return internal::PointerName<T>(); }
  static void Write(const std::shared_ptr<T>& value, Sink& sink) {
    internal::WriteOptional(value, sink);
  }
  static absl::StatusOr<std::shared_ptr<T>> Read(Source& source) {
    return internal::ReadOptional<std::shared_ptr<T>, std::remove_cv_t<T>>(
        source,
        [](auto value) { return std::make_shared<T>(std::move(value)); });
  }
};

// "monostate": no bytes.
template <>
struct Serializer<std::monostate> {
  static std::string TypeName() { return "monostate"; }
  static void Write(const std::monostate&, Sink&) {}
  static absl::StatusOr<std::monostate> Read(Source&) {
    return std::monostate();
  }
};

// "variant<A,B,C>": the index as u8, then the value.
template <typename... T>
struct Serializer<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static_assert(sizeof...(T) <= 255,
                "ireneo: a variant may have at most 255 alternatives");

  static std::string TypeName() { return internal::ListName<T...>("variant"); }
  static void Write(const Variant& value, Sink& sink) {
    if (value.valueless_by_exception()) {
      sink.Fail(absl::InvalidArgumentError(
          "a variant that lost its value to an exception can not be stored"));
      return;
    }
    sink.WriteU8(static_cast<std::uint8_t>(value.index()));
    std::visit(
        [&](const auto& alternative) { ireneo::Write(alternative, sink); },
        value);
  }
  static absl::StatusOr<Variant> Read(Source& source) {
    return ReadAny(source, std::index_sequence_for<T...>());
  }

 private:
  template <std::size_t kIndex>
  static absl::StatusOr<Variant> ReadOne(Source& source) {
    using Alternative = std::variant_alternative_t<kIndex, Variant>;
    absl::StatusOr<Alternative> value = ireneo::Read<Alternative>(source);
    if (!value.ok()) return value.status();
    return absl::StatusOr<Variant>(absl::in_place, std::in_place_index<kIndex>,
                                   *std::move(value));
  }

  template <std::size_t... kIndex>
  static absl::StatusOr<Variant> ReadAny(Source& source,
                                         std::index_sequence<kIndex...>) {
    using Reader = absl::StatusOr<Variant> (*)(Source&);
    constexpr Reader kReaders[] = {ReadOne<kIndex>...};
    const std::uint8_t index = source.ReadU8();
    if (!source.ok()) return source.status();
    if (index >= sizeof...(kIndex)) {
      return absl::DataLossError(absl::StrCat(
          "variant: expected an index below ", sizeof...(kIndex), " at offset ",
          source.position() - 1, ", found ", index));
    }
    return kReaders[index](source);
  }
};

template <typename T>
inline constexpr bool kMutableView<std::optional<T>> = kMutableView<T>;
// A unique_ptr has no other owner whose data could change.
template <typename T>
inline constexpr bool kMutableView<std::unique_ptr<T>> =
    kMutableView<std::remove_cv_t<T>>;
template <typename T>
inline constexpr bool kMutableView<std::shared_ptr<T>> =
    !std::is_const_v<T> || kMutableView<std::remove_cv_t<T>>;
template <typename... T>
inline constexpr bool kMutableView<std::variant<T...>> = (... ||
                                                          kMutableView<T>);
template <typename... T>
inline constexpr bool kMutableView<std::tuple<T...>> =
    (... || ((std::is_reference_v<T> &&
              !std::is_const_v<std::remove_reference_t<T>>) ||
             kMutableView<std::remove_cvref_t<T>>));
template <typename A, typename B>
inline constexpr bool kMutableView<std::pair<A, B>> =
    kMutableView<std::tuple<A, B>>;

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_TUPLES_H_
