#include "ireneo/serializers/standard.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using ::testing::HasSubstr;

// A u64 as it is written.
std::string U64(std::uint64_t value) { return *BytesOf(value); }

template <typename T>
void ExpectDataLoss(std::string_view bytes) {
  EXPECT_EQ(FromBytes<T>(bytes).status().code(), absl::StatusCode::kDataLoss)
      << TypeName<T>();
}

TEST(StandardTest, StringSerializer) {
  EXPECT_TRUE(VerifySerializer<std::string>(
      {"", "a", "b", "ab", std::string(1, '\0'), std::string(2, '\0'),
       std::string(1000, 'x'), std::string(10000, 'x')}));
}

TEST(StandardTest, VectorSerializers) {
  EXPECT_TRUE(VerifySerializer<std::vector<double>>(
      {{}, {0}, {1}, {0, 0}, {1, 2, 3}, {3, 2, 1}, std::vector<double>(20)}));
  EXPECT_TRUE(VerifySerializer<std::vector<std::uint8_t>>(
      {{},
       {0},
       {1},
       {0, 0},
       std::vector<std::uint8_t>(63),
       std::vector<std::uint8_t>(64),
       std::vector<std::uint8_t>(5000)}));
  EXPECT_TRUE(VerifySerializer<std::vector<std::complex<float>>>(
      {{}, {{1, 2}}, {{2, 1}}, std::vector<std::complex<float>>(8)}));
  EXPECT_TRUE(VerifySerializer<std::vector<bool>>(
      {{}, {false}, {true}, {false, false}, std::vector<bool>(100)}));
  EXPECT_TRUE(VerifySerializer<std::vector<std::string>>(
      {{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}}));
  EXPECT_TRUE(VerifySerializer<std::vector<std::vector<double>>>(
      {{},
       {{}},
       {{}, {}},
       {{1}},
       {{1, 2}},
       {{1}, {2}},
       {std::vector<double>(9), {1}, std::vector<double>(8)}}));
}

TEST(StandardTest, PairAndTupleSerializers) {
  using Pair = std::pair<int, std::string>;
  EXPECT_TRUE(VerifySerializer<Pair>({{0, ""}, {1, ""}, {0, "a"}}));
  using Entry = std::pair<const std::string, bool>;
  EXPECT_TRUE(VerifySerializer<Entry>({{"", false}, {"", true}, {"a", false}}));
  EXPECT_TRUE(VerifySerializer<std::tuple<>>({{}}));
  EXPECT_TRUE(VerifySerializer<std::tuple<std::int8_t>>({{0}, {1}}));
  using Tuple = std::tuple<std::string, double, std::vector<float>>;
  EXPECT_TRUE(VerifySerializer<Tuple>(
      {{"", 0, {}}, {"a", 0, {}}, {"", 1, {}}, {"", 0, {1}}}));
}

TEST(StandardTest, OptionalSerializers) {
  EXPECT_TRUE(VerifySerializer<std::optional<int>>({std::nullopt, 0, 1}));
  EXPECT_TRUE(VerifySerializer<std::optional<std::optional<bool>>>(
      {std::nullopt, std::optional<bool>(), std::optional<bool>(false),
       std::optional<bool>(true)}));
}

TEST(StandardTest, NamesAreComposed) {
  EXPECT_EQ(TypeName<std::string>(), "string");
  EXPECT_EQ(TypeName<std::vector<long>>(), "vector<i64>");  // NOLINT
  EXPECT_EQ(TypeName<std::vector<bool>>(), "vector<bool>");
  EXPECT_EQ((TypeName<std::pair<const std::string, std::vector<double>>>()),
            "pair<string,vector<f64>>");
  EXPECT_EQ(TypeName<std::tuple<>>(), "tuple<>");
  EXPECT_EQ(TypeName<std::tuple<int>>(), "tuple<i32>");
  EXPECT_EQ((TypeName<std::tuple<int, std::tuple<>, bool>>()),
            "tuple<i32,tuple<>,bool>");
  EXPECT_EQ(TypeName<std::optional<std::vector<std::string>>>(),
            "optional<vector<string>>");
}

TEST(StandardTest, ViewsMakeTheKeyOfWhatTheyView) {
  const std::string text = "some text";
  EXPECT_EQ(*RefOf(std::string_view(text)), *RefOf(text));
  std::vector<double> numbers = {1, 2, 3};
  EXPECT_EQ(*RefOf(std::span<double>(numbers)), *RefOf(numbers));
  EXPECT_EQ(*RefOf(std::span<const double>(numbers)), *RefOf(numbers));
  EXPECT_EQ(*RefOf(std::span<double, 3>(numbers)), *RefOf(numbers));
  const std::vector<std::string> words = {"a", "b"};
  EXPECT_EQ(*RefOf(std::span(words)), *RefOf(words));
  const bool flags[] = {true, false};
  EXPECT_EQ(*RefOf(std::span(flags)), *RefOf(std::vector<bool>{true, false}));
  const double x = 2;
  EXPECT_EQ((*RefOf(std::tuple<const double&, std::string_view>(x, text))),
            (*RefOf(std::tuple<double, std::string>(x, text))));
}

TEST(StandardTest, ViewsCanNotBeResults) {
  static_assert(Hashable<std::string_view> && !Storable<std::string_view>);
  static_assert(Hashable<std::span<int>> && !Storable<std::span<int>>);
  static_assert(Hashable<std::tuple<int&>> && !Storable<std::tuple<int&>>);
  static_assert(Storable<std::tuple<const int>>);
}

TEST(StandardTest, MutableViewsAreKnown) {
  static_assert(kMutableView<std::span<int>>);
  static_assert(kMutableView<std::span<int, 3>>);
  static_assert(!kMutableView<std::span<const int>>);
  static_assert(kMutableView<std::span<const std::span<int>>>);
  static_assert(kMutableView<std::vector<std::span<int>>>);
  static_assert(kMutableView<std::optional<std::span<int>>>);
  static_assert(kMutableView<std::tuple<int, int&>>);
  static_assert(kMutableView<std::pair<int, std::span<int>>>);
  static_assert(!kMutableView<std::tuple<int, const int&>>);
  static_assert(!kMutableView<std::vector<int>>);
  static_assert(!kMutableView<std::string_view>);
}

TEST(StandardTest, LargeArraysAreAlignedFromTheStartOfTheBlob) {
  EXPECT_EQ(BytesOf(std::vector<double>(7))->size(), 8u + 56u);
  EXPECT_EQ(BytesOf(std::vector<double>(8))->size(), 64u + 64u);
  EXPECT_EQ(BytesOf(std::vector<std::uint8_t>(63))->size(), 8u + 63u);
  EXPECT_EQ(BytesOf(std::vector<double>())->size(), 8u);
  // After 9 bytes, the count takes 8, and 7 more align a double.
  EXPECT_EQ(BytesOf(std::pair(std::tuple<std::uint64_t, bool>(),
                              std::vector<double>{1}))
                ->size(),
            9u + 8u + 7u + 8u);
  EXPECT_EQ(
      BytesOf(std::pair(true, std::vector<std::complex<float>>(1)))->size(),
      1u + 8u + 3u + 8u);
  EXPECT_EQ(BytesOf(std::pair(std::vector<double>(8), std::vector<double>(8)))
                ->size(),
            64u + 64u + 64u + 64u);
}

TEST(StandardTest, BytesOfArraysAreReadWhereverTheyLie) {
  const std::vector<double> value = {1, 2, 3};
  for (const std::size_t offset : {0, 1}) {
    // No owner: `bytes` outlives the blob.
    std::string moved(offset, 'x');
    moved += *BytesOf(value);
    Source source(
        Blob(std::as_bytes(std::span(moved)).subspan(offset), nullptr));
    EXPECT_EQ(*Read<std::vector<double>>(source), value);
  }
}

TEST(StandardTest, CountsAreBoundedByTheBytesThatRemain) {
  for (const std::uint64_t count :
       {std::uint64_t{1} << 61, std::uint64_t{1} << 40, ~std::uint64_t{0},
        std::uint64_t{2}}) {
    ExpectDataLoss<std::string>(U64(count) + "x");
    ExpectDataLoss<std::vector<double>>(U64(count) + "12345678");
    ExpectDataLoss<std::vector<std::string>>(U64(count) + U64(0));
    ExpectDataLoss<std::vector<bool>>(U64(count) + std::string(1, '\0'));
    ExpectDataLoss<std::vector<std::vector<double>>>(U64(count) + U64(0));
    ExpectDataLoss<std::vector<std::tuple<>>>(U64(count));
  }
}

TEST(StandardTest, OtherEncodingsOfTheSameValueAreDataLoss) {
  std::string bytes = *BytesOf(std::vector<double>(8));
  ExpectDataLoss<std::vector<double>>(bytes + "x");
  bytes[20] = 1;  // In the padding.
  ExpectDataLoss<std::vector<double>>(bytes);
  ExpectDataLoss<std::vector<bool>>(U64(1) + "\2");
  ExpectDataLoss<std::optional<bool>>("\2\1");
  ExpectDataLoss<std::optional<bool>>(std::string("\0\0", 2));
}

TEST(StandardTest, SequencesOfElementsWithoutBytesAreRefused) {
  EXPECT_TRUE(VerifySerializer<std::vector<std::tuple<>>>({{}}));
  const std::vector<std::tuple<>> value(3);
  EXPECT_EQ(RefOf(value).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(RefOf(value).status().ToString(), HasSubstr("3 elements"));
}

}  // namespace
}  // namespace ireneo
