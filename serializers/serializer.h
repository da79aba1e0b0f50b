#ifndef IRENEO_SERIALIZERS_SERIALIZER_H_
#define IRENEO_SERIALIZERS_SERIALIZER_H_

// How a C++ value becomes bytes, and bytes become a value again.
//
// Include this to write a serializer; include serializers/standard.h,
// serializers/eigen_dense.h and the like to have those that exist. A plain
// struct needs only the list of its fields: see serializers/fields.h. For any
// other type, specialize `Serializer` in the header that defines the type:
//
//     template <>
//     struct ireneo::Serializer<acme::Mesh> {
//       static std::string TypeName() { return "acme.Mesh/1"; }
//       static void Write(const acme::Mesh& mesh, ireneo::Sink& sink);
//       static absl::StatusOr<acme::Mesh> Read(ireneo::Source& source);
//     };
//
// `TypeName` is part of every key and stays on disk for ever. Its last part is
// the number of the format: raise it whenever `Write` changes. Nothing is
// migrated in place; bytes of an old format are simply not found any more.
//
// `Write` serves hashing and storing. It must be a pure function of the value:
// no addresses, no padding, no iteration over an unordered container in its own
// order, no time, no locale. Values that your program tells apart need
// different bytes; values that it does not need the same bytes. No encoding may
// be the start of another: write a size before what varies in length.
//
// `Read` is left out for a type that can be an argument but not a result, such
// as a view. It reads what `Write` wrote and nothing more, and trusts none of
// it: bytes that are not a value are DataLoss, returned or left in the source.
//
// `ireneo::testing::VerifySerializer` (serializers/testing.h) checks all this.
//
// Not promised: that a changed `Write` under an unchanged name is noticed. It
// would read what the old one wrote; pin the bytes of a few values in a test.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/serializers/upgrade.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {

// Left undefined: a type has a serializer only if someone wrote one.
template <typename T>
struct Serializer;

// Types that have a name and can be written: enough for an argument.
//
// Looks at `Serializer<T>` alone and not inside it: `std::vector<Mesh>` is
// hashable even if `Mesh` is not. Using it is then a compile-time error that
// names `Mesh`, which is more than a failed concept could say.
template <typename T>
concept Hashable = requires(const std::remove_cvref_t<T>& value, Sink& sink) {
  {
    Serializer<std::remove_cvref_t<T>>::TypeName()
    } -> std::convertible_to<std::string>;
  {
    Serializer<std::remove_cvref_t<T>>::Write(value, sink)
    } -> std::same_as<void>;
};

// Hashable types that can be read as well, so that they can be results. Looks
// no deeper than `Hashable` does.
template <typename T>
concept Storable = Hashable<T> && requires(Source& source) {
  {
    Serializer<std::remove_cvref_t<T>>::Read(source)
    } -> std::same_as<absl::StatusOr<std::remove_cvref_t<T>>>;
};

namespace internal {

template <typename T>
struct StoredTypeOf : std::type_identity<T> {};
template <typename T>
requires requires { typename Serializer<T>::Stored; }
struct StoredTypeOf<T> : std::type_identity<typename Serializer<T>::Stored> {};

}  // namespace internal

// The type as which the stored bytes of a `T` are read: `T` itself, or what its
// serializer names `Stored`, as that of std::string_view names std::string.
template <typename T>
using StoredType = typename internal::StoredTypeOf<T>::type;

// Whether a function that takes a `T` by value could change the caller's data
// through it, as with `Eigen::Ref<Eigen::MatrixXd>` or `std::span<double>`. A
// call of such a function is not replaced by its result, so it is not memoized.
template <typename T>
inline constexpr bool kMutableView = false;

namespace internal {

// Variables, because clang names the type of a variable that is false, but not
// that of a concept.
template <typename T>
inline constexpr bool kNever = false;
template <typename T>
inline constexpr bool kHasSerializer = Hashable<T>;
template <typename T>
inline constexpr bool kCanBeRead = Storable<T>;
template <typename T>
inline constexpr bool kIsError = std::same_as<T, absl::Status>;
template <typename T>
inline constexpr bool kIsError<absl::StatusOr<T>> = true;

// Counts, for as long as it lives, one more value around those that are written
// or read. Only classes can contain themselves.
template <typename T, typename Stream>
class Nesting {
 public:
  explicit Nesting(Stream& stream) : stream_(stream) { stream_.Enter(kDepth); }
  ~Nesting() { stream_.Leave(kDepth); }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  // Large ones count for more: reading has several of them on the stack.
  static constexpr int kDepth =
      1 + static_cast<int>(std::min<std::size_t>(sizeof(T) / 1024, 15));

  Stream& stream_;
};
template <typename T, typename Stream>
requires(!std::is_class_v<T>) class Nesting<T, Stream> {
 public:
  explicit Nesting(Stream&) {}
};

// Every use of a serializer passes here first and goes on only if it is there.
// A missing one therefore makes a single error, however deep it sits in other
// types. Returns whether `T`, less references and const, is `Hashable`.
template <typename T>
constexpr bool RequireHashable() {
  if constexpr (!std::same_as<T, std::remove_cvref_t<T>>) {
    return RequireHashable<std::remove_cvref_t<T>>();
  } else if constexpr (std::same_as<T, long double>) {
    static_assert(kNever<T>,
                  "ireneo: long double differs from platform to platform and "
                  "has padding bits. Use double");
  } else if constexpr (std::same_as<T, wchar_t>) {
    static_assert(kNever<T>,
                  "ireneo: wchar_t differs from platform to platform. Use "
                  "char8_t, char16_t or char32_t");
  } else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> ||
                       std::is_null_pointer_v<T>) {
    static_assert(kNever<T>,
                  "ireneo: a pointer is an address, which means nothing in "
                  "another process. Use the value itself, std::optional, a "
                  "container or std::unique_ptr");
  } else if constexpr (std::is_array_v<T>) {
    static_assert(kNever<T>,
                  "ireneo: C arrays can not be copied. Use std::array");
  } else if constexpr (kIsError<T>) {
    static_assert(kNever<T>,
                  "ireneo: an absl::Status or StatusOr is not a value: an "
                  "error may be gone at the next try. Store the value, or let "
                  "the memoized function return the StatusOr");
  } else {
    static_assert(kHasSerializer<T>,
                  "ireneo: this type has no ireneo::Serializer with TypeName() "
                  "and Write(). Include the header that has it "
                  "(ireneo/serializers/standard.h, eigen_dense.h, ...), list "
                  "the fields of a struct (fields.h), or specialize it "
                  "(serializer.h)");
  }
  return Hashable<T>;
}

// The same for results: returns whether `T` is `Storable`.
template <typename T>
constexpr bool RequireStorable() {
  if constexpr (!std::same_as<T, std::remove_cvref_t<T>>) {
    return RequireStorable<std::remove_cvref_t<T>>();
  } else if constexpr (RequireHashable<T>()) {
    static_assert(kCanBeRead<T>,
                  "ireneo: this type can be an argument but not a result: its "
                  "ireneo::Serializer has no Read(), as for a view, which "
                  "owns nothing. Return a type that owns its data "
                  "(std::string, std::vector, Eigen::MatrixXd)");
    return Storable<T>;
  } else {
    return false;
  }
}

}  // namespace internal

namespace internal {

// Whether the value that this thread reads was stored before `T` was what it is
// (serializers/upgrade.h).
template <HasUpgrade T>
bool ReadsOld() {
  if (stored_as == nullptr) return false;
  const StoredAs own(nullptr);
  const std::string name = Serializer<T>::TypeName();
  const std::string_view word =
      std::string_view(name).substr(0, name.find('{'));
  return !NamesType(*own.before(), word);
}

}  // namespace internal

// The permanent name of `T`, less references and const: "vector<f64>",
// "acme.Mesh/1".
template <typename T>
std::string TypeName() {
  if constexpr (internal::RequireHashable<T>()) {
    using Value = std::remove_cvref_t<T>;
    if constexpr (internal::HasUpgrade<Value>) {
      if (internal::ReadsOld<Value>()) {
        return ireneo::TypeName<typename Upgrade<Value>::Old>();
      }
    }
    return Serializer<Value>::TypeName();
  } else {
    return std::string();
  }
}

// Writes the bytes of `value`. A value that cannot be written fails the sink:
// InvalidArgument as a rule, as for one that nests deeper than
// `kMaxValueDepth`.
template <typename T>
void Write(const T& value, Sink& sink) {
  if constexpr (internal::RequireHashable<T>()) {
    const internal::Nesting<T, Sink> nesting(sink);
    if (std::is_class_v<T> && !sink.ok()) return;
    Serializer<T>::Write(value, sink);
  }
}

namespace internal {

// A `T`, or what it was when it was stored.
template <typename T>
absl::StatusOr<T> ReadAny(Source& source);

}  // namespace internal

// Reads one `T` and leaves the source behind it. Whatever fails, fails the
// source too, so that several values may be read before the first check.
//
// Errors: the source's if it has failed before; DataLoss if the bytes are not a
// `T`; and what else `Serializer<T>::Read` returns.
template <typename T>
absl::StatusOr<T> Read(Source& source) {
  if constexpr (internal::RequireStorable<T>()) {
    const internal::Nesting<T, Source> nesting(source);
    // One variable, so that nothing is moved on the way up.
    absl::StatusOr<T> value =
        source.ok() ? internal::ReadAny<T>(source) : source.status();
    if (!value.ok()) {
      source.Fail(value.status());
    } else if (!source.ok()) {
      value = source.status();
    }
    return value;
  } else {
    return absl::UnimplementedError("no serializer");
  }
}

namespace internal {

template <typename T>
absl::StatusOr<T> ReadAny(Source& source) {
  if constexpr (HasUpgrade<T>) {
    if (ReadsOld<T>()) {
      absl::StatusOr<typename Upgrade<T>::Old> old =
          ireneo::Read<typename Upgrade<T>::Old>(source);
      if (!old.ok()) return old.status();
      const StoredAs own(nullptr);  // What runs in there has its own names.
      return Upgrade<T>::From(*std::move(old));
    }
  }
  return Serializer<T>::Read(source);
}

// Whether values that were stored under the name `type` can be read as a `T`.
template <typename T>
bool ReadsStoredAs(std::string_view type) {
  const StoredAs old(&type);
  return ireneo::TypeName<T>() == type;
}

// Whether there is any older name under which a `T` can be read.
template <typename T>
bool HasOldNames() {
  const std::string_view none;
  const std::string name = ireneo::TypeName<T>();
  const StoredAs old(&none);
  return ireneo::TypeName<T>() != name;
}

}  // namespace internal

// What a value is: its type's permanent name and the digest of its bytes. The
// digest alone finds the blob; both together enter keys, so that equal bytes of
// different types are different arguments.
struct ValueRef {
  std::string type = {};
  Digest digest = {};

  friend bool operator==(const ValueRef&, const ValueRef&) = default;
};

// Hashes `value` without storing it.
//
// Errors: what `Write` left in the sink, InvalidArgument as a rule.
template <typename T>
absl::StatusOr<ValueRef> RefOf(const T& value) {
  const internal::StoredAs own(nullptr);
  DigestSink sink;
  ireneo::Write(value, sink);
  if (!sink.ok()) return sink.status();
  return ValueRef{.type = ireneo::TypeName<T>(), .digest = sink.digest()};
}

// Types that can be looked at in place, without a copy. Their serializer has
//
//     using ViewType = ...;  // Copyable, refers to the blob's memory.
//     static absl::StatusOr<ViewType> ReadView(Source& source);
//
// where `ReadView` makes all the checks of `Read`, and fails with
// FailedPrecondition if the bytes are a value but not aligned for the view.
template <typename T>
concept Viewable = Storable<T> && requires(Source& source) {
  typename Serializer<T>::ViewType;
  {
    Serializer<T>::ReadView(source)
    } -> std::same_as<absl::StatusOr<typename Serializer<T>::ViewType>>;
};

// A stored `T` in place, together with the blob that holds it: for dense Eigen
// types an `Eigen::Map<const T, Eigen::Aligned64>`, for vectors of scalars a
// `std::span`, for strings a `std::string_view`. It is its view type by
// inheritance, so it goes wherever that goes.
//
// Use it for a result that is large or of which a part is needed. Copies share
// the blob. A plain view type that was copied out of a `View` (a slice) does
// not keep the blob: it is valid while any copy of this `View` lives.
//
// Not assignable: an assignment to a map would mean its elements, to a span the
// range, and neither would keep the right blob. Thread-safe for reading.
template <Viewable T>
class View : public Serializer<T>::ViewType {
 public:
  using ViewType = typename Serializer<T>::ViewType;

  // A view of the `T` that fills `blob`.
  //
  // Errors: DataLoss if the bytes are not one `T` and nothing else;
  // FailedPrecondition if they are, but lie in memory that is not aligned for
  // the view, as those of a foreign file may: use `Read`, which copies.
  static absl::StatusOr<View> Of(Blob blob) {
    Source source(blob);
    absl::StatusOr<ViewType> view = Serializer<T>::ReadView(source);
    if (!view.ok()) return view.status();
    if (absl::Status end = source.Finish(); !end.ok()) return end;
    return View(*view, std::move(blob));
  }

  View(const View&) = default;
  View& operator=(const View&) = delete;

  const Blob& blob() const { return blob_; }

 private:
  View(const ViewType& view, Blob blob)
      : ViewType(view), blob_(std::move(blob)) {}

  Blob blob_;
};

// A view has the name and the bytes of what it views.
template <typename T>
struct Serializer<View<T>> {
  using Stored = T;

  static std::string TypeName() { return ireneo::TypeName<T>(); }
  static void Write(const View<T>& value, Sink& sink) {
    ireneo::Write<typename View<T>::ViewType>(value, sink);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_SERIALIZER_H_
