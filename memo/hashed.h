#ifndef IRENEO_MEMO_HASHED_H_
#define IRENEO_MEMO_HASHED_H_

// A value that goes into many calls and is hashed once:
//
//     const ireneo::Hashed matrix(LoadMatrix());  // 800 MB.
//     for (double shift : shifts) solve(matrix, shift);
//
// A result of a memoized function needs no hashing at all: see `Recall` and
// `Remembered`.

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"

namespace ireneo {

// Memoized functions take it where they take a `T`, or a view of one. Owns the
// value. Thread-compatible.
template <typename T>
class Hashed {
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
Hashed(T) -> Hashed<T>;
Hashed(const char*)->Hashed<std::string>;

}  // namespace ireneo

#endif  // IRENEO_MEMO_HASHED_H_
