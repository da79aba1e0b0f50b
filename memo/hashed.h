#ifndef IRENEO_MEMO_HASHED_H_
#define IRENEO_MEMO_HASHED_H_

// A value that goes into many calls and is hashed once:
//
//     const ireneo::Hashed matrix(LoadMatrix());  // 800 MB.
//     for (double shift : shifts) solve(matrix, shift);
//
// A result of a memoized function needs no hashing at all: see `Recall` and
// `Remembered`.

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo {

namespace internal {

// `value` as what owns its data: a std::string for a std::string_view, a matrix
// for an expression.
template <typename T>
StoredType<T> OwnedValue(const T& value) {
  using Owned = StoredType<T>;
  if constexpr (std::constructible_from<Owned, const T&>) {
    return Owned(value);
  } else {
    return Owned(value.begin(), value.end());  // A span.
  }
}

}  // namespace internal

// Memoized functions take it where they take a `T`, or a view of one. Owns the
// value, which must not change: where a `T` has shared pointers, nobody may
// write through others of them. Thread-compatible.
template <typename T>
class Hashed {
  static_assert(std::same_as<T, StoredType<T>>,
                "ireneo::Hashed must own its data, or it could change behind "
                "its digest. Write ireneo::Hashed(view): it makes a copy");

 public:
  explicit Hashed(T value) : value_(std::move(value)) {
    if constexpr (internal::RequireHashable<T>()) {
      const internal::StoredAs own(nullptr);
      DigestSink sink;
      Write(value_, sink);
      status_ = sink.status();
      digest_ = sink.digest();
      size_ = sink.position();
    }
  }

  // A copy of what `view` views.
  template <typename View>
  requires(!std::same_as<View, T> &&
           std::same_as<StoredType<View>, T>) explicit Hashed(const View& view)
      : Hashed(internal::OwnedValue(view)) {}

  const T& value() const { return value_; }
  const Digest& digest() const { return digest_; }
  std::uint64_t size() const { return size_; }  // Of its bytes.

  // Not OK if the value could not be hashed: calls with it compute.
  const absl::Status& status() const { return status_; }

 private:
  T value_;
  Digest digest_;
  std::uint64_t size_ = 0;
  absl::Status status_;
};

template <typename T>
Hashed(T&&) -> Hashed<StoredType<std::remove_cvref_t<T>>>;
Hashed(const char*)->Hashed<std::string>;

}  // namespace ireneo

#endif  // IRENEO_MEMO_HASHED_H_
