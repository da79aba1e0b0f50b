#include "ireneo/serializers/raw_bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/sequences.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::VerifySerializer;

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Rgb&) const = default;
};

enum class Kind : std::uint32_t { kGas, kDust };

struct Cell {
  double density = 0;
  std::array<float, 2> velocity = {};
  Kind kind = Kind::kGas;
  Rgb color = {};
  std::byte flags = {};
  bool operator==(const Cell&) const = default;
};

struct WithPadding {
  double a;
  std::int32_t b;
};
struct WithPointer {
  const char* text;
};
struct WithBool {
  bool on;
};
struct WithPrivate {
  int a() const { return a_; }

 private:
  int a_ = 0;
};
struct NotCopiedAsBytes {
  std::string text;
};

}  // namespace

template <>
struct RawBytes<Rgb> : Raw<"test.Rgb/1"> {};
template <>
struct RawBytes<Cell> : Raw<"test.Cell/3"> {};

namespace {

TEST(RawBytesTest, Serializers) {
  EXPECT_TRUE(
      VerifySerializer<Rgb>({{}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 2, 3}}));
  EXPECT_TRUE(VerifySerializer<Cell>(
      {{}, {.density = 1}, {.kind = Kind::kDust}, {.color = {1, 2, 3}}}));
  EXPECT_EQ(TypeName<Rgb>(), "test.Rgb/1");
  EXPECT_EQ(*BytesOf(Rgb{1, 2, 3}), "\1\2\3");
}

TEST(RawBytesTest, VectorsAreBulk) {
  EXPECT_TRUE(VerifySerializer<std::vector<Rgb>>(
      {{}, {{}}, {{1, 2, 3}}, {{1, 2, 3}, {}}, std::vector<Rgb>(100)}));
  const std::vector<Cell> cells(10, Cell{.density = 2});
  const std::string bytes = *BytesOf(cells);
  EXPECT_EQ(bytes.size(), 64 + 10 * sizeof(Cell));
  const absl::StatusOr<View<std::vector<Cell>>> view =
      View<std::vector<Cell>>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)[9], cells[9]);
  EXPECT_EQ(TypeName<std::vector<Cell>>(), "vector<test.Cell/3>");
}

TEST(RawBytesTest, MembersAreChecked) {
  using internal::IsBytes;
  EXPECT_TRUE(IsBytes<Rgb>());
  EXPECT_TRUE(IsBytes<Cell>());
  EXPECT_TRUE(IsBytes<Kind>());
  EXPECT_TRUE((IsBytes<std::array<Rgb, 3>>()));
  EXPECT_FALSE(IsBytes<WithPadding>());
  EXPECT_FALSE(IsBytes<WithPointer>());
  EXPECT_FALSE(IsBytes<WithBool>());
  EXPECT_FALSE(IsBytes<WithPrivate>());
  EXPECT_FALSE(IsBytes<NotCopiedAsBytes>());
  EXPECT_FALSE(IsBytes<bool>());
  EXPECT_FALSE(IsBytes<long double>());
}

}  // namespace
}  // namespace ireneo
