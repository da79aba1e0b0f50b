#ifndef IRENEO_TESTS_GOLDEN_GOLDEN_H_
#define IRENEO_TESTS_GOLDEN_GOLDEN_H_

// Pins the names and the bytes of values, for ever: what is here may only be
// added to. A test that fails says that stored results would no longer be
// found.

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/digest.h"

namespace ireneo::testing {

// The bytes of `value` in hex, or the digest of more than 100.
template <typename T>
std::string Pinned(const T& value) {
  const absl::StatusOr<std::string> bytes = BytesOf(value);
  if (!bytes.ok()) return bytes.status().ToString();
  if (bytes->size() > 100) return Digest::Of(*bytes).ToString();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : *bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

// Expects that name and those bytes, which may have spaces between them, of
// `value` and, if it can be read, of what is read from its bytes.
template <typename T>
void ExpectPinned(const T& value, std::string_view name,
                  std::string_view bytes) {
  std::string expected(bytes);
  std::erase(expected, ' ');
  EXPECT_EQ(TypeName<T>(), name);
  EXPECT_EQ(Pinned(value), expected) << name;
  if constexpr (Storable<T>) {
    const absl::StatusOr<T> read = FromBytes<T>(BytesOf(value).value_or(""));
    ASSERT_TRUE(read.ok()) << name << ": " << read.status();
    EXPECT_EQ(Pinned(*read), expected) << name << ", read";
  }
}

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_GOLDEN_GOLDEN_H_
