// Small values of the standard library: variants, smart pointers, times, paths,
// enumerations.

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <ratio>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using ::std::chrono::system_clock;

TEST(VariantTest, Serializers) {
  using V = std::variant<std::monostate, int, std::string, int>;
  EXPECT_TRUE(VerifySerializer<V>({V(), V(std::in_place_index<1>, 7),
                                   V(std::in_place_index<3>, 7), V("a"), V(""),
                                   V(std::in_place_index<1>, 8)}));
  EXPECT_EQ(TypeName<V>(), "variant<monostate,i32,string,i32>");
  EXPECT_TRUE((VerifySerializer<std::variant<std::vector<double>>>(
      {{std::vector<double>{}}, {std::vector<double>{1, 2}}})));
}

TEST(VariantTest, UnknownAlternativeIsDataLoss) {
  using V = std::variant<bool, std::monostate>;
  EXPECT_TRUE(FromBytes<V>(std::string("\1", 1)).ok());
  EXPECT_EQ(FromBytes<V>(std::string("\2", 1)).status().code(),
            absl::StatusCode::kDataLoss);
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw 1; }
  ThrowsWhenCopied& operator=(const ThrowsWhenCopied&) = default;
};

}  // namespace

template <>
struct Serializer<ThrowsWhenCopied> {
  static std::string TypeName() { return "test.Throws/1"; }
  static void Write(const ThrowsWhenCopied&, Sink&) {}
};

namespace {

TEST(VariantTest, WithoutAValueIsRefused) {
  std::variant<int, ThrowsWhenCopied> variant;
  EXPECT_THROW(variant.emplace<1>(ThrowsWhenCopied()), int);
  ASSERT_TRUE(variant.valueless_by_exception());
  EXPECT_EQ(RefOf(variant).status().code(), absl::StatusCode::kInvalidArgument);
}

const auto kSameValue = [](const auto& a, const auto& b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
};

TEST(PointersTest, AreOptionalValues) {
  std::vector<std::unique_ptr<std::string>> unique;
  unique.push_back(nullptr);
  unique.push_back(std::make_unique<std::string>());
  unique.push_back(std::make_unique<std::string>("a"));
  EXPECT_TRUE(VerifySerializer(unique, kSameValue));
  using Shared = std::shared_ptr<const std::vector<double>>;
  EXPECT_TRUE(VerifySerializer<Shared>(
      {nullptr, std::make_shared<std::vector<double>>(),
       std::make_shared<std::vector<double>>(20, 1.0)},
      kSameValue));
  EXPECT_EQ(TypeName<Shared>(), "optional<vector<f64>>");
  EXPECT_EQ(RefOf(std::make_unique<int>(1)), RefOf(std::optional<int>(1)));
  EXPECT_EQ(RefOf(std::shared_ptr<int>()), RefOf(std::optional<int>()));
}

TEST(PointersTest, SharedAndReferencedValuesCanBeWrittenThrough) {
  EXPECT_TRUE(kMutableView<std::shared_ptr<int>>);
  EXPECT_FALSE(kMutableView<std::shared_ptr<const int>>);
  EXPECT_FALSE(kMutableView<std::unique_ptr<int>>);
  EXPECT_TRUE(kMutableView<std::reference_wrapper<int>>);
  EXPECT_FALSE(kMutableView<std::reference_wrapper<const int>>);
}

TEST(PointersTest, ReferenceIsWhatItRefersTo) {
  const std::string text = "abc";
  EXPECT_EQ(RefOf(std::cref(text)), RefOf(text));
  EXPECT_FALSE(Storable<std::reference_wrapper<const std::string>>);
}

TEST(TimesTest, Serializers) {
  using std::chrono::milliseconds;
  EXPECT_TRUE(
      VerifySerializer<milliseconds>({milliseconds(0), milliseconds(1),
                                      milliseconds(-1), milliseconds::max()}));
  using Seconds = std::chrono::duration<double>;
  EXPECT_TRUE(VerifySerializer<Seconds>({Seconds(0.5), Seconds(-1)}));
  using Time = system_clock::time_point;
  EXPECT_TRUE(VerifySerializer<Time>(
      {Time(), Time(system_clock::duration(1)), Time::max(), Time::min()}));
  EXPECT_TRUE(VerifySerializer<std::vector<milliseconds>>(
      {{}, {milliseconds(1)}, std::vector<milliseconds>(10)}));
}

TEST(TimesTest, NamesHaveTheUnit) {
  namespace c = std::chrono;
  EXPECT_EQ(TypeName<c::nanoseconds>(), "duration<i64,ns>");
  EXPECT_EQ(TypeName<c::microseconds>(), "duration<i64,us>");
  EXPECT_EQ(TypeName<c::milliseconds>(), "duration<i64,ms>");
  EXPECT_EQ(TypeName<c::seconds>(), "duration<i64,s>");
  EXPECT_EQ(TypeName<c::minutes>(), "duration<i64,min>");
  EXPECT_EQ(TypeName<c::hours>(), "duration<i64,h>");
  EXPECT_EQ((TypeName<c::duration<float, std::ratio<2, 60>>>()),
            "duration<f32,1_30>");
  EXPECT_EQ(TypeName<c::weeks>(), "duration<i64,604800_1>");
  EXPECT_EQ(TypeName<system_clock::time_point>(),
            "time_point<system,duration<i64,ns>>");
  EXPECT_EQ((TypeName<c::time_point<c::local_t, c::seconds>>()),
            "time_point<local,duration<i64,s>>");
}

TEST(PathTest, Serializer) {
  using std::filesystem::path;
  EXPECT_TRUE(VerifySerializer<path>(
      {"", "a", "/a", "a/b", "a/", "../a", "a/../b", "\xff"}));
  EXPECT_EQ(TypeName<path>(), "path");
  EXPECT_NE(RefOf(path("a")), RefOf(std::string("a")));
}

enum class Color : std::uint8_t { kRed, kGreen = 200 };
enum class Sign : std::int64_t { kMinus = -1, kPlus = 1 };
enum class Switch : bool { kOff, kOn };
enum Plain { kOne = 1, kTwo };
enum class Named : std::int16_t { kA, kB };

}  // namespace

template <>
struct RawBytes<Named> : Raw<"test.Named/2"> {};

namespace {

TEST(EnumsTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<Color>({Color::kRed, Color::kGreen}));
  EXPECT_TRUE(VerifySerializer<Sign>({Sign::kMinus, Sign::kPlus}));
  EXPECT_TRUE(VerifySerializer<Switch>({Switch::kOff, Switch::kOn}));
  EXPECT_TRUE(VerifySerializer<Named>({Named::kA, Named::kB}));
  EXPECT_EQ(*BytesOf(kTwo), std::string("\2\0\0\0", 4));
  EXPECT_TRUE(VerifySerializer<std::vector<Color>>(
      {{}, {Color::kRed}, std::vector<Color>(70)}));
  EXPECT_TRUE(VerifySerializer<std::vector<Switch>>({{}, {Switch::kOn}}));
}

TEST(EnumsTest, NamesHaveTheInteger) {
  EXPECT_EQ(TypeName<Color>(), "enum<u8>");
  EXPECT_EQ(TypeName<Sign>(), "enum<i64>");
  EXPECT_EQ(TypeName<Switch>(), "enum<bool>");
  EXPECT_EQ(TypeName<Plain>(), "enum<u32>");
  EXPECT_EQ(TypeName<Named>(), "test.Named/2");
  EXPECT_EQ(TypeName<std::byte>(), "byte");
}

TEST(EnumsTest, VectorIsBulk) {
  EXPECT_EQ(BytesOf(std::vector<Color>(64))->size(), 128);
  EXPECT_TRUE(Viewable<std::vector<Color>>);
  EXPECT_FALSE(Viewable<std::vector<Switch>>);
}

}  // namespace
}  // namespace ireneo
