#ifndef IRENEO_TESTS_SERIALIZERS_REGISTRY_TESTING_H_
#define IRENEO_TESTS_SERIALIZERS_REGISTRY_TESTING_H_

// What the tests of the registry share: bytes put together by hand and short
// names for what becomes of them.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"

namespace ireneo {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Bytes put together by hand, to be independent of our serializers.
class Bytes {
 public:
  template <typename... T>
  Bytes& Raw(T... values) {
    (text_.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
    return *this;
  }
  Bytes& U64(std::uint64_t value) { return Raw(value); }
  Bytes& Zeros(std::size_t count) {
    text_.append(count, '\0');
    return *this;
  }
  Bytes& Align(std::size_t alignment) {
    return Zeros(-text_.size() % alignment);
  }
  Bytes& Text(std::string_view text) {
    text_ += text;
    return *this;
  }
  Bytes& String(std::string_view text) { return U64(text.size()).Text(text); }
  Bytes& Npy(std::string_view descr, bool fortran_order,
             std::vector<std::int64_t> shape) {
    StringSink sink(text_);
    WriteNpyHeader({.descr = std::string(descr),
                    .fortran_order = fortran_order,
                    .shape = std::move(shape)},
                   sink);
    sink.Flush();
    return *this;
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

inline Blob BlobOf(std::string_view text) {
  return Blob::Copy(std::as_bytes(std::span(text)));
}

inline const Registry& Builtin() {
  static const Registry& registry = *[] {
    auto* registry = new Registry;
    EXPECT_TRUE(AddBuiltinCodecs(*registry).ok());
    return registry;
  }();
  return registry;
}

inline absl::StatusOr<Description> Describe(
    std::string_view type, const Bytes& bytes,
    const DescribeOptions& options = {}) {
  return Builtin().Describe(type, BlobOf(bytes.text()), options);
}

// The preview alone, as text.
inline std::string Preview(std::string_view type, const Bytes& bytes,
                           const DescribeOptions& options = {}) {
  const absl::StatusOr<Description> description =
      Describe(type, bytes, options);
  if (!description.ok()) return description.status().ToString();
  return ToText({.preview = description->preview});
}

inline std::string Shape(std::string_view type, const Bytes& bytes) {
  const absl::StatusOr<Description> description = Describe(type, bytes);
  return description.ok() ? description->shape
                          : description.status().ToString();
}

inline absl::Status ErrorOf(std::string_view type, const Bytes& bytes) {
  return Describe(type, bytes).status();
}

inline void ExpectError(const absl::Status& status, absl::StatusCode code,
                        std::string_view part) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(part));
}

inline void ExpectDataLoss(std::string_view type, const Bytes& bytes,
                           std::string_view part) {
  ExpectError(ErrorOf(type, bytes), absl::StatusCode::kDataLoss, part);
}

// What `Export` writes, or the error.
inline std::string Exported(ExportFormat format, std::string_view type,
                            const Bytes& bytes) {
  std::string text;
  StringSink sink(text);
  const absl::Status status =
      Builtin().Export(type, BlobOf(bytes.text()), format, sink);
  return status.ok() ? text : status.ToString();
}

// JSON without the end of its line.
inline std::string Json(std::string_view type, const Bytes& bytes) {
  std::string text = Exported(ExportFormat::kJson, type, bytes);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

inline std::string Csv(std::string_view type, const Bytes& bytes) {
  return Exported(ExportFormat::kCsv, type, bytes);
}

}  // namespace ireneo

#endif  // IRENEO_TESTS_SERIALIZERS_REGISTRY_TESTING_H_
