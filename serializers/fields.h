#ifndef IRENEO_SERIALIZERS_FIELDS_H_
#define IRENEO_SERIALIZERS_FIELDS_H_

// Serializers for plain structs, from a list of their fields:
//
//     struct Params {
//       double tolerance = 1e-9;
//       std::int32_t max_iterations = 100;
//
//       static constexpr char kIreneoType[] = "acme.Params/1";
//       static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
//         visit(self.tolerance, self.max_iterations);
//       };
//     };
//
// The struct is then written as its fields in the order of the list, under the
// name "acme.Params/1{f64,i32}". The types of the fields are in the name, so a
// changed list is a new type, and old bytes are not taken for new ones. What
// the list cannot show is up to you: raise the number after the slash when two
// fields of one type change places or meaning.
//
// Use it for a struct whose fields, each by itself, are its value. One with an
// invariant to check, a pointer or a cache wants its own `Serializer`.
//
// A member that is missing from the list would be missing from keys. For an
// aggregate (no private members, no constructors) the compiler refuses that,
// and so a class that inherits the list of its base. In other classes, and
// behind a member that anything converts to, as std::optional, the first write
// does: of a struct that lists a member twice, or has bytes that no field
// accounts for, is InvalidArgument, and a memoized function computes. Only a
// small member in what would be padding can escape.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/format_name.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

// Converts to the type of any member, but not to a base of `T`, so that the
// members of a base are counted too.
template <typename T>
struct AnyMemberOf {
  // NOLINTBEGIN(google-explicit-constructor)
  template <typename U>
  requires(!std::is_base_of_v<U, T>) operator U() const;
  // NOLINTEND(google-explicit-constructor)
};

template <typename T, std::size_t... kIndex>
constexpr bool HasMembers(std::index_sequence<kIndex...>) {
  return requires { T{(void(kIndex), AnyMemberOf<T>())...}; };
}

// `kListed` is the length of the list of fields.
template <typename T, std::size_t kListed>
constexpr void RequireAllFields() {
  if constexpr (std::is_aggregate_v<T>) {
    static_assert(!HasMembers<T>(std::make_index_sequence<kListed + 1>()),
                  "ireneo: IreneoFields does not list all members of this "
                  "struct, and two values that differ in the missing one would "
                  "be taken for equal. List it, or specialize "
                  "ireneo::Serializer to leave it out");
  }
}

// Where a field is, in bytes.
struct FieldBytes {
  std::uintptr_t begin;
  std::uintptr_t end;
  bool is_empty = false;  // Of a class without members, which may share them.
};

template <typename F>
FieldBytes FieldAt(const F& field) {
  const auto begin = reinterpret_cast<std::uintptr_t>(std::addressof(field));
  return {begin, begin + sizeof(F), std::is_empty_v<F>};
}

// What the compiler cannot see: whether a member is in the list twice, and
// whether so many bytes of the struct are in no field that a member must be
// missing, be it that of a class that inherits the list of its base. Fields
// elsewhere, behind a pointer, say nothing.
absl::Status CheckFieldBytes(std::string_view type, FieldBytes object,
                             std::size_t alignment, bool polymorphic,
                             std::vector<FieldBytes> fields);

template <typename T, typename... Bytes>
absl::Status CheckFieldList(const T& value, Bytes... fields) {
  if constexpr (std::is_empty_v<T>) return absl::OkStatus();
  const auto begin = reinterpret_cast<std::uintptr_t>(std::addressof(value));
  return CheckFieldBytes(T::kIreneoType, {begin, begin + sizeof(T)}, alignof(T),
                         std::is_polymorphic_v<T>, {fields...});
}

struct AnyFields {
  template <typename... F>
  void operator()(F&&...) const {}
};

// At the one place that both the name and `Read` depend on.
template <typename T>
constexpr bool RequireDefault() {
  static_assert(std::default_initializable<T>,
                "ireneo: a struct with IreneoFields needs a default "
                "constructor: reading makes one and fills its fields. Add one, "
                "or specialize ireneo::Serializer instead");
  return std::default_initializable<T>;
}

}  // namespace internal

// Structs with `kIreneoType`, a string of letters, digits, "_" and "." that
// ends in a slash and the number of the format, from 1, and with
// `IreneoFields`, which passes every field of `self` to `visit` in a single
// call.
template <typename T>
concept HasFields = requires(T& value) {
  { T::kIreneoType } -> std::convertible_to<std::string_view>;
  T::IreneoFields(value, internal::AnyFields{});
};

// "acme.Params/1{f64,i32}", "acme.Empty/1{}": the fields in order. A struct
// that contains itself has its bare name there:
// "acme.Tree/1{i32,vector<acme.Tree/1>}".
template <HasFields T>
struct Serializer<T> {
  static std::string TypeName() {
    static thread_local bool inside = false;
    if (inside) return std::string(T::kIreneoType);
    struct Inside {
      Inside() { inside = true; }
      ~Inside() { inside = false; }
    } const naming;
    return FullName();
  }

  static void Write(const T& value, Sink& sink) {
    T::IreneoFields(value, [&](const auto&... field) {
      static const absl::Status list =
          internal::CheckFieldList<T>(value, internal::FieldAt(field)...);
      if (!list.ok()) sink.Fail(list);
      (ireneo::Write(field, sink), ...);
    });
  }

  static absl::StatusOr<T> Read(Source& source) {
    if constexpr (internal::RequireDefault<T>()) {
      T value{};
      T::IreneoFields(value,
                      [&](auto&... field) { (ReadInto(field, source), ...); });
      if (!source.ok()) return source.status();
      return value;
    } else {
      return absl::UnimplementedError("no default constructor");
    }
  }

 private:
  static std::string FullName() {
    static_assert(internal::IsFormatName(T::kIreneoType),
                  "ireneo: kIreneoType must be letters, digits, '.' and '_', a "
                  "slash, and the number of the format, as acme.Params/1");
    std::string name{std::string_view(T::kIreneoType)};
    name += '{';
    if constexpr (internal::RequireDefault<T>()) {
      T value{};
      T::IreneoFields(value, [&]<typename... F>(F&...) {
        // Arrays are refused by their own sentence.
        if constexpr (!(... || std::is_array_v<F>)) {
          internal::RequireAllFields<T, sizeof...(F)>();
        }
        (absl::StrAppend(&name, ireneo::TypeName<F>(), ","), ...);
        if constexpr (sizeof...(F) > 0) name.pop_back();
      });
    }
    return name + '}';
  }

  // Leaves `field` as it is if the source has failed.
  template <typename F>
  static void ReadInto(F& field, Source& source) {
    absl::StatusOr<F> read = ireneo::Read<F>(source);
    if (read.ok()) field = *std::move(read);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_FIELDS_H_
