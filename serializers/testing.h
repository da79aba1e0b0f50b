#ifndef IRENEO_SERIALIZERS_TESTING_H_
#define IRENEO_SERIALIZERS_TESTING_H_

// A check for serializers, yours as well as Ireneo's, to be used in a test:
//
//     TEST(MeshTest, Serializer) {
//       EXPECT_TRUE(ireneo::testing::VerifySerializer({Mesh(),
//       Tetrahedron()}));
//     }
//
// It finds what is wrong with the values it is given. Give it values that are
// nearly alike: empty, one element more, two fields exchanged, the largest and
// the smallest number. It proves nothing about other values, and it does not
// see a format that was changed without a new name: pin `RefOf(value)` of a few
// values in a test of your own for that.

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo::testing {

// The bytes of `value`, for comparison with golden ones.
template <typename T>
absl::StatusOr<std::string> BytesOf(const T& value) {
  std::string bytes;
  StringSink sink(bytes);
  ireneo::Write(value, sink);
  sink.Flush();
  if (!sink.ok()) return sink.status();
  return bytes;
}

// The `T` that fills `bytes`, read from memory aligned as a store's, right
// behind which nothing may be touched.
//
// Errors: what `Read` returns; DataLoss if bytes are left over.
template <typename T>
absl::StatusOr<T> FromBytes(std::string_view bytes) {
  Source source(Blob::Copy(std::as_bytes(std::span(bytes))));
  absl::StatusOr<T> value = ireneo::Read<T>(source);
  if (!value.ok()) return value;
  if (absl::Status end = source.Finish(); !end.ok()) return end;
  return value;
}

namespace internal {

template <typename T>
bool Writes(const T& value, const std::string& bytes) {
  const absl::StatusOr<std::string> written = BytesOf(value);
  return written.ok() && *written == bytes;
}

inline ::testing::AssertionResult Failure(std::string_view type,
                                          std::size_t index) {
  return ::testing::AssertionFailure() << type << ", value " << index << ": ";
}

// Up to this many bytes every truncation and every bit is tried; of longer
// encodings as many at either end, which is where the sizes are.
inline constexpr std::size_t kThorough = 2048;

template <typename F>
bool AllPositions(std::size_t size, F ok) {
  for (std::size_t i = 0; i < size; ++i) {
    if (i == kThorough && size > 2 * kThorough) i = size - kThorough;
    if (!ok(i)) return false;
  }
  return true;
}

// Reads `bytes`, which may be damaged: an error, or a value that can be written
// and read again.
template <typename T>
bool ReadsSafely(std::string_view bytes) {
  const absl::StatusOr<T> value = FromBytes<T>(bytes);
  if (!value.ok()) return true;
  const absl::StatusOr<std::string> written = BytesOf(*value);
  if (!written.ok()) return false;
  const absl::StatusOr<T> again = FromBytes<T>(*written);
  return again.ok() && Writes(*again, *written);
}

template <typename T>
bool ViewsSafely(std::string_view bytes, bool expect_error) {
  if constexpr (Viewable<T>) {
    const absl::StatusOr<View<T>> view =
        View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
    if (!view.ok()) return true;
    return !expect_error && BytesOf(*view).ok();
  } else {
    return true;
  }
}

template <typename T, typename Equal>
::testing::AssertionResult VerifyReading(const T& value,
                                         const std::string& bytes,
                                         const Equal& equal) {
  const absl::StatusOr<T> read = FromBytes<T>(bytes);
  if (!read.ok()) {
    return ::testing::AssertionFailure()
           << "reading what was written: " << read.status();
  }
  if (!Writes(*read, bytes)) {
    return ::testing::AssertionFailure()
           << "the value that was read writes other bytes";
  }
  if (!equal(value, *read)) {
    return ::testing::AssertionFailure()
           << "the value that was read differs by ==";
  }
  if constexpr (Viewable<T>) {
    const absl::StatusOr<View<T>> view =
        View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
    if (!view.ok() || !Writes(*view, bytes)) {
      return ::testing::AssertionFailure()
             << "the view differs: " << view.status();
    }
  }
  std::size_t at = 0;
  if (!AllPositions(bytes.size(), [&](std::size_t size) {
        at = size;
        const std::string_view start = std::string_view(bytes).substr(0, size);
        return !FromBytes<T>(start).ok() &&
               ViewsSafely<T>(start, /*expect_error=*/true);
      })) {
    return ::testing::AssertionFailure()
           << "the first " << at << " of " << bytes.size()
           << " bytes are read without an error";
  }
  if (!AllPositions(bytes.size(), [&](std::size_t flipped) {
        at = flipped;
        bool safe = true;
        for (int bit = 0; bit < 8 && safe; ++bit) {
          std::string damaged = bytes;
          damaged[flipped] = static_cast<char>(damaged[flipped] ^ (1 << bit));
          safe = ReadsSafely<T>(damaged) &&
                 ViewsSafely<T>(damaged, /*expect_error=*/false);
        }
        return safe;
      })) {
    return ::testing::AssertionFailure()
           << "with a bit of byte " << at
           << " flipped, a value is read that can not be written and read "
              "again";
  }
  return ::testing::AssertionSuccess();
}

template <typename T, typename Equal>
::testing::AssertionResult VerifyPair(const T& a, const std::string& a_bytes,
                                      const T& b, const std::string& b_bytes,
                                      const Equal& equal) {
  const bool same_bytes = a_bytes == b_bytes;
  if (static_cast<bool>(equal(a, b)) != same_bytes) {
    return ::testing::AssertionFailure()
           << (same_bytes ? "different by == but with equal bytes"
                          : "equal by == but with different bytes");
  }
  if (!same_bytes && b_bytes.starts_with(a_bytes)) {
    return ::testing::AssertionFailure()
           << "the bytes of the first are the start of the second's";
  }
  return ::testing::AssertionSuccess();
}

}  // namespace internal

// Checks `Serializer<T>` on `values`:
//
// - the name is one that tools can read (serializers/type_name.h);
// - writing a value twice gives the same bytes, and hashing it gives the digest
//   of these bytes;
// - `equal(a, b)` holds exactly if the bytes are equal, and no encoding is the
//   start of another;
// - reading the bytes gives a value that is equal and writes the same bytes;
//   so does the view if there is one;
// - every truncation of the bytes is an error;
// - with any one bit flipped they are an error or another value, which can be
//   written and read. Never a crash: run it with -fsanitize=address.
//
// The last three are left out for a type that is not `Storable`. Encodings over
// 4 KiB are truncated and flipped near their ends only. Takes time in
// proportion to the square of the number of values and of their sizes.
//
// `equal`: by default `==`. Pass another where that is not what your program
// tells apart, as for NaN, for -0.0 and 0.0, and for Eigen types of different
// sizes. Returns a failure that names the type, the value by its index, and
// what is wrong with it.
template <typename T, typename Equal = std::equal_to<>>
::testing::AssertionResult VerifySerializer(const std::vector<T>& values,
                                            const Equal& equal = Equal()) {
  const std::string type = ireneo::TypeName<T>();
  if (const auto parsed = ParseTypeName(type); !parsed.ok()) {
    return ::testing::AssertionFailure() << "the name: " << parsed.status();
  }
  std::vector<std::string> bytes;
  for (const T& value : values) {
    absl::StatusOr<std::string> written = BytesOf(value);
    if (!written.ok()) {
      return internal::Failure(type, bytes.size())
             << "writing: " << written.status();
    }
    if (!internal::Writes(value, *written)) {
      return internal::Failure(type, bytes.size())
             << "written twice, the bytes differ";
    }
    const absl::StatusOr<ValueRef> ref = RefOf(value);
    if (!ref.ok() ||
        *ref != ValueRef{.type = type,
                         .digest = Digest::Of(std::string_view(*written))}) {
      return internal::Failure(type, bytes.size())
             << "hashing does not give the digest of the bytes";
    }
    bytes.push_back(*std::move(written));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (std::size_t j = 0; j < bytes.size(); ++j) {
      if (::testing::AssertionResult result = internal::VerifyPair<T>(
              values[i], bytes[i], values[j], bytes[j], equal);
          !result) {
        return internal::Failure(type, i)
               << "against value " << j << ", " << result.message();
      }
    }
    if constexpr (Storable<T>) {
      if (::testing::AssertionResult result =
              internal::VerifyReading<T>(values[i], bytes[i], equal);
          !result) {
        return internal::Failure(type, i) << result.message();
      }
    }
  }
  return ::testing::AssertionSuccess();
}

template <typename T, typename Equal = std::equal_to<>>
::testing::AssertionResult VerifySerializer(std::initializer_list<T> values,
                                            const Equal& equal = Equal()) {
  return VerifySerializer(std::vector<T>(values), equal);
}

}  // namespace ireneo::testing

#endif  // IRENEO_SERIALIZERS_TESTING_H_
