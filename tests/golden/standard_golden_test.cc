// Names and bytes of the types of the standard library, of Abseil's, and of
// structs. Most bytes can be checked by hand against store/FORMAT.md.

#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ratio>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/abseil.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/raw_bytes.h"
#include "ireneo/serializers/standard.h"
#include "tests/golden/golden.h"

namespace ireneo {
namespace {

using ::ireneo::testing::ExpectPinned;

struct Params {
  double tolerance = 1e-9;
  std::int32_t max_iterations = 100;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.max_iterations);
  };
};

struct Empty {
  static constexpr char kIreneoType[] = "acme.Empty/1";
  static constexpr auto IreneoFields = [](auto&, auto&& visit) { visit(); };
};

struct Tree {
  std::int32_t value = 0;
  std::vector<Tree> children = {};

  static constexpr char kIreneoType[] = "acme.Tree/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value, self.children);
  };
};

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};

enum class Color : std::uint8_t { kGreen = 7 };
enum class Level : std::int32_t { kLow = -1 };

}  // namespace

template <>
struct RawBytes<Rgb> : Raw<"acme.Rgb/1"> {};

namespace {

TEST(GoldenTest, Scalars) {
  ExpectPinned(std::int8_t{-2}, "i8", "fe");
  ExpectPinned(std::int16_t{-2}, "i16", "feff");
  ExpectPinned(std::int32_t{-2}, "i32", "feffffff");
  ExpectPinned(std::int64_t{-2}, "i64", "feffffffffffffff");
  ExpectPinned(std::uint8_t{0x12}, "u8", "12");
  ExpectPinned(std::uint16_t{0x1234}, "u16", "3412");
  ExpectPinned(std::uint32_t{0x12345678}, "u32", "78563412");
  ExpectPinned(std::uint64_t{0x123456789abcdef0}, "u64", "f0debc9a78563412");
  ExpectPinned(1.0f, "f32", "0000803f");
  ExpectPinned(-0.0, "f64", "0000000000000080");
  ExpectPinned(0.1, "f64", "9a9999999999b93f");
  ExpectPinned(true, "bool", "01");
  ExpectPinned('a', "char", "61");
  ExpectPinned(u8'a', "char8", "61");
  ExpectPinned(u'\u20ac', "char16", "ac20");
  ExpectPinned(U'\U0001f600', "char32", "00f60100");
  ExpectPinned(std::byte{0xab}, "byte", "ab");
  ExpectPinned(std::complex<float>(1, 2), "c64", "0000803f00000040");
  ExpectPinned(std::complex<double>(1, 2), "c128",
               "000000000000f03f0000000000000040");
}

TEST(GoldenTest, Strings) {
  ExpectPinned(std::string(), "string", "0000000000000000");
  ExpectPinned(std::string("abc"), "string", "0300000000000000616263");
  ExpectPinned(std::string_view("abc"), "string", "0300000000000000616263");
}

TEST(GoldenTest, Vectors) {
  ExpectPinned(std::vector<double>(), "vector<f64>", "0000000000000000");
  ExpectPinned(std::vector<double>{1, 2}, "vector<f64>",
               "0200000000000000000000000000f03f0000000000000040");
  ExpectPinned(std::vector<std::uint8_t>{1, 2, 3}, "vector<u8>",
               "0300000000000000010203");
  ExpectPinned(std::vector<std::complex<float>>{{1, 2}}, "vector<c64>",
               "01000000000000000000803f00000040");
  ExpectPinned(std::vector<double>(8, 1.0), "vector<f64>",
               "xxh3:086ecc137bd61cdd28b21c8cc9c8cf27");
  ExpectPinned(std::vector<bool>{true, false}, "vector<bool>",
               "02000000000000000100");
  ExpectPinned(std::vector<std::string>{"a", ""}, "vector<string>",
               "02000000000000000100000000000000610000000000000000");
  ExpectPinned(std::vector<std::vector<std::int16_t>>{{1}, {}},
               "vector<vector<i16>>",
               "0200000000000000010000000000000001000000000000000000");
}

TEST(GoldenTest, PairsTuplesOptionals) {
  ExpectPinned(std::pair<bool, std::int16_t>(true, 2), "pair<bool,i16>",
               "010200");
  ExpectPinned(std::tuple<>(), "tuple<>", "");
  ExpectPinned(std::tuple<std::int8_t, std::string, bool>(1, "a", true),
               "tuple<i8,string,bool>", "0101000000000000006101");
  // The array after the bool is padded to the size of a double.
  ExpectPinned(std::tuple<bool, std::vector<double>>(true, {1}),
               "tuple<bool,vector<f64>>",
               "01010000000000000000000000000000000000000000f03f");
  ExpectPinned(std::optional<std::int16_t>(), "optional<i16>", "00");
  ExpectPinned(std::optional<std::int16_t>(2), "optional<i16>", "010200");
}

TEST(GoldenTest, Fields) {
  ExpectPinned(Params{.tolerance = 0.5, .max_iterations = 3},
               "acme.Params/1{f64,i32}", "000000000000e03f03000000");
  ExpectPinned(Empty(), "acme.Empty/1{}", "");
  ExpectPinned(std::vector<Params>{Params{.tolerance = 0.5}},
               "vector<acme.Params/1{f64,i32}>",
               "0100000000000000000000000000e03f64000000");
}

TEST(GoldenTest, Enums) {
  ExpectPinned(Color::kGreen, "enum<u8>", "07");
  ExpectPinned(Level::kLow, "enum<i32>", "ffffffff");
  ExpectPinned(std::vector<Color>{Color::kGreen}, "vector<enum<u8>>",
               "0100000000000000 07");
}

TEST(GoldenTest, RawBytes) {
  ExpectPinned(Rgb{1, 2, 3}, "acme.Rgb/1", "010203");
  ExpectPinned(std::vector<Rgb>{{1, 2, 3}, {4, 5, 6}}, "vector<acme.Rgb/1>",
               "0200000000000000 010203040506");
  ExpectPinned(std::tuple<std::vector<Rgb>>({Rgb{1, 2, 3}}),
               "tuple<vector<acme.Rgb/1>>", "0100000000000000 010203");
}

TEST(GoldenTest, TypesThatContainThemselves) {
  ExpectPinned(Tree{1, {Tree{2, {}}}}, "acme.Tree/1{i32,vector<acme.Tree/1>}",
               "01000000 0100000000000000 02000000 0000000000000000");
}

TEST(GoldenTest, Sequences) {
  ExpectPinned(std::deque<std::int16_t>{1, 2}, "vector<i16>",
               "0200000000000000 0100 0200");
  ExpectPinned(std::list<std::string>{"a"}, "vector<string>",
               "0100000000000000 0100000000000000 61");
  ExpectPinned(std::forward_list<std::uint8_t>{3, 4}, "vector<u8>",
               "0200000000000000 03 04");
  // From 64 bytes on, aligned to 64.
  ExpectPinned(std::deque<std::uint8_t>(64, 1), "vector<u8>",
               "xxh3:abb9cca33f9a4eca62a9ac4f516828ac");
}

TEST(GoldenTest, Arrays) {
  ExpectPinned(std::array<double, 2>{1, 2}, "array<f64,2>",
               "000000000000f03f 0000000000000040");
  ExpectPinned(std::array<std::int32_t, 0>{}, "array<i32,0>", "");
  ExpectPinned(std::array<std::string, 2>{"a", ""}, "array<string,2>",
               "0100000000000000 61 0000000000000000");
  // In a tuple, no padding before an array; before a vector of them, as before
  // a vector of their elements.
  ExpectPinned(std::tuple<bool, std::array<std::int16_t, 2>>(true, {1, 2}),
               "tuple<bool,array<i16,2>>", "01 0100 0200");
  ExpectPinned(std::tuple<bool, std::vector<std::array<std::int16_t, 2>>>(
                   true, {{1, 2}}),
               "tuple<bool,vector<array<i16,2>>>",
               "01 0100000000000000 00 0100 0200");
}

TEST(GoldenTest, VariantsAndPointers) {
  using Variant = std::variant<std::monostate, std::int16_t, std::string>;
  ExpectPinned(Variant(), "variant<monostate,i16,string>", "00");
  ExpectPinned(Variant(std::int16_t{2}), "variant<monostate,i16,string>",
               "01 0200");
  ExpectPinned(Variant("a"), "variant<monostate,i16,string>",
               "02 0100000000000000 61");
  ExpectPinned(std::monostate(), "monostate", "");
  ExpectPinned(std::unique_ptr<std::int16_t>(), "optional<i16>", "00");
  ExpectPinned(std::make_shared<const std::int16_t>(std::int16_t{2}),
               "optional<i16>", "01 0200");
}

TEST(GoldenTest, SetsAndMaps) {
  ExpectPinned(std::set<std::int16_t>{256, 1}, "set<i16>",
               "0200000000000000 0100 0001");
  ExpectPinned(std::multiset<std::int16_t>{1, 1}, "multiset<i16>",
               "0200000000000000 0100 0100");
  ExpectPinned(std::map<std::string, std::vector<double>>{{"a", {1}}},
               "map<string,vector<f64>>",
               "0100000000000000 0100000000000000 61 0100000000000000 "
               "00000000000000 000000000000f03f");
  ExpectPinned(std::multimap<std::int8_t, bool>{{1, true}, {1, false}},
               "multimap<i8,bool>", "0200000000000000 01 01 01 00");
  // By bytes: 256 is 0001, 1 is 0100.
  ExpectPinned(std::unordered_set<std::int16_t>{256, 1}, "unordered_set<i16>",
               "0200000000000000 0001 0100");
  ExpectPinned(std::unordered_map<std::int16_t, bool>{{256, true}, {1, false}},
               "unordered_map<i16,bool>", "0200000000000000 0001 01 0100 00");
  ExpectPinned(std::unordered_multiset<std::int16_t>{1, 1},
               "unordered_multiset<i16>", "0200000000000000 0100 0100");
  ExpectPinned(
      std::unordered_multimap<std::int8_t, bool>{{1, true}, {1, false}},
      "unordered_multimap<i8,bool>", "0200000000000000 01 00 01 01");
}

// An element of an unordered container is padded as a blob of its own, here the
// array behind the i8 and its count.
TEST(GoldenTest, ElementsOfUnorderedContainers) {
  ExpectPinned(
      std::tuple<bool,
                 std::unordered_map<std::int8_t, std::vector<std::int32_t>>>(
          true, {{1, {2}}}),
      "tuple<bool,unordered_map<i8,vector<i32>>>",
      "01 0100000000000000 01 0100000000000000 000000 02000000");
}

TEST(GoldenTest, Times) {
  using std::chrono::system_clock;
  ExpectPinned(std::chrono::milliseconds(3), "duration<i64,ms>",
               "0300000000000000");
  ExpectPinned(std::chrono::duration<float, std::ratio<1, 30>>(1),
               "duration<f32,1_30>", "0000803f");
  ExpectPinned(system_clock::time_point(std::chrono::nanoseconds(-1)),
               "time_point<system,duration<i64,ns>>", "ffffffffffffffff");
  ExpectPinned(std::chrono::local_seconds(std::chrono::seconds(5)),
               "time_point<local,duration<i64,s>>", "0500000000000000");
  ExpectPinned(std::filesystem::path("a/b"), "path", "0300000000000000 612f62");
}

TEST(GoldenTest, Abseil) {
  ExpectPinned(absl::Milliseconds(1500), "absl.Duration/1",
               "0100000000000000 00943577");
  ExpectPinned(absl::Nanoseconds(-1), "absl.Duration/1",
               "ffffffffffffffff fc276bee");
  ExpectPinned(-absl::InfiniteDuration(), "absl.Duration/1",
               "0000000000000080 ffffffff");
  ExpectPinned(absl::FromUnixSeconds(2), "absl.Time/1",
               "0200000000000000 00000000");
  ExpectPinned(absl::InfiniteFuture(), "absl.Time/1",
               "ffffffffffffff7f ffffffff");
  ExpectPinned(absl::int128(-2), "i128", "feffffffffffffff ffffffffffffffff");
  ExpectPinned(absl::MakeUint128(1, 2), "u128",
               "0200000000000000 0100000000000000");
  ExpectPinned(std::vector<absl::int128>{-2}, "vector<i128>",
               "0100000000000000 0000000000000000"
               "feffffffffffffff ffffffffffffffff");
  ExpectPinned(absl::flat_hash_map<std::int8_t, bool>{{1, true}},
               "unordered_map<i8,bool>", "0100000000000000 01 01");
  ExpectPinned(absl::btree_set<std::int8_t>{1}, "set<i8>",
               "0100000000000000 01");
  ExpectPinned(absl::InlinedVector<std::int8_t, 4>{1}, "vector<i8>",
               "0100000000000000 01");
}

}  // namespace
}  // namespace ireneo
