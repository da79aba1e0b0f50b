// Codecs of sequences, sets, maps, and what is made of a fixed number of parts.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

TEST(BuiltinCodecsTest, ShortVectorsAreAlignedForTheirElements) {
  EXPECT_EQ(Preview("vector<f64>", Bytes().U64(2).Raw(1.5, 2.0)), "[1.5, 2]");
  EXPECT_EQ(Shape("vector<f64>", Bytes().U64(2).Raw(1.5, 2.0)), "2");
  EXPECT_EQ(Preview("vector<f64>", Bytes().U64(0)), "[]");
  EXPECT_EQ(Preview("tuple<u8,vector<u16>>",
                    Bytes().Text("\7").U64(1).Zeros(1).Raw(std::uint16_t{9})),
            "[7, [9]]");
  EXPECT_EQ(Preview("tuple<u8,vector<c64>>",
                    Bytes().Text("\7").U64(1).Zeros(3).Raw(1.0f, 2.0f)),
            "[7, [[1, 2]]]");
  EXPECT_EQ(
      Preview("tuple<u8,vector<c128>,u8>",
              Bytes().Text("\7").U64(1).Zeros(7).Raw(1.0, 2.0).Text("\5")),
      "[7, [[1, 2]], 5]");
  // Nothing follows an empty vector, padding least of all.
  EXPECT_EQ(
      Preview("tuple<u8,vector<f64>,u8>", Bytes().Text("\7").U64(0).Text("\5")),
      "[7, [], 5]");
}

TEST(BuiltinCodecsTest, LongVectorsAreAlignedForViews) {
  Bytes seven = Bytes().U64(7);
  for (int i = 0; i < 7; ++i) seven.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", seven), "[0, 1, 2, 3, 4, 5, 6]");
  Bytes eight = Bytes().U64(8).Zeros(56);
  for (int i = 0; i < 8; ++i) eight.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", eight), "[0, 1, 2, 3, 4, 5, 6, 7]");
  EXPECT_EQ(Preview("vector<char>",
                    Bytes().U64(64).Zeros(56).Text(std::string(64, 'x'))),
            "[\"x\", \"x\", \"x\", \"x\", \u2026, \"x\", \"x\", \"x\", "
            "\"x\"]");
  ExpectDataLoss("vector<f64>", Bytes().U64(8).Text("x").Zeros(55 + 64),
                 "padding at offset 8 is not zero");
}

TEST(BuiltinCodecsTest, VectorsOfBoolAreNotAligned) {
  const Bytes bools = Bytes().U64(3).Text(std::string_view("\1\0\1", 3));
  EXPECT_EQ(Preview("vector<bool>", bools), "[true, false, true]");
  Bytes many = Bytes().U64(100);
  for (int i = 0; i < 100; ++i) many.Raw(std::uint8_t{1});
  EXPECT_EQ(Describe("vector<bool>", many)->statistics->mean, 1);
  ExpectDataLoss("vector<bool>", Bytes().U64(2).Text("\1\3"),
                 "found 3 at offset 9");
}

TEST(BuiltinCodecsTest, VectorsOfOtherThings) {
  EXPECT_EQ(Preview("vector<string>", Bytes().U64(2).String("a").String("")),
            "[\"a\", \"\"]");
  EXPECT_EQ(Preview("vector<tuple<f64,string>>",
                    Bytes().U64(2).Raw(1.0).String("a").Raw(kNan).String("b")),
            "[[1, \"a\"], [nan, \"b\"]]");
  EXPECT_EQ(Preview("vector<vector<i32>>",
                    Bytes().U64(3).U64(0).U64(1).Raw(std::int32_t{5}).U64(0)),
            "[[], [5], []]");
  EXPECT_FALSE(Describe("vector<string>", Bytes().U64(0))->statistics);
}

TEST(BuiltinCodecsTest, LongArraysAreElided) {
  Bytes numbers = Bytes().U64(9).Zeros(56);
  for (int i = 0; i < 9; ++i) numbers.Raw(1.0 * i);
  EXPECT_EQ(Preview("vector<f64>", numbers),
            "[0, 1, 2, 3, \u2026, 5, 6, 7, 8]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 3}),
            "[0, 1, \u2026, 8]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 1}),
            "[0, \u2026]");
  EXPECT_EQ(Preview("vector<f64>", numbers, {.max_elements = 0}), "[\u2026]");
  EXPECT_EQ(Preview("vector<f64>", numbers,
                    {.max_elements = std::numeric_limits<std::size_t>::max()}),
            "[0, 1, 2, 3, 4, 5, 6, 7, 8]");

  Bytes strings = Bytes().U64(100);
  for (int i = 0; i < 100; ++i) strings.String(std::to_string(i));
  EXPECT_EQ(Preview("vector<string>", strings, {.max_elements = 4}),
            "[\"0\", \"1\", \u2026, \"98\", \"99\"]");
  EXPECT_EQ(Shape("vector<string>", strings), "100");
}

TEST(BuiltinCodecsTest, NestedArraysShowHalfAsMany) {
  Bytes bytes = Bytes().U64(5);
  for (int i = 0; i < 5; ++i) {
    bytes.U64(5).Text("abcde");
  }
  EXPECT_EQ(Preview("vector<vector<char>>", bytes, {.max_elements = 4}),
            "[[\"a\", \u2026, \"e\"], [\"a\", \u2026, \"e\"], \u2026, "
            "[\"a\", \u2026, \"e\"], [\"a\", \u2026, \"e\"]]");
}

TEST(BuiltinCodecsTest, PairsTuplesAndOptionals) {
  EXPECT_EQ(Preview("pair<u8,string>", Bytes().Text("\1").String("x")),
            "[1, \"x\"]");
  EXPECT_EQ(Preview("tuple<>", Bytes()), "[]");
  EXPECT_EQ(Preview("optional<f64>", Bytes().Zeros(1)), "null");
  EXPECT_EQ(Preview("optional<f64>", Bytes().Text("\1").Raw(2.5)), "2.5");
  ExpectDataLoss("optional<f64>", Bytes().Text("\2").Raw(2.5),
                 "an optional starts with 0 or 1, found 2 at offset 0");
  // What an optional holds is described as if it stood alone.
  const Bytes held = Bytes().Text("\1").U64(1).Zeros(7).Raw(2.5);
  EXPECT_EQ(Shape("optional<vector<f64>>", held), "1");
  EXPECT_TRUE(Describe("optional<vector<f64>>", held)->statistics);
}

TEST(BuiltinCodecsTest, ArraysHaveNoCountAndNoPadding) {
  EXPECT_EQ(Preview("array<f64,2>", Bytes().Raw(1.5, 2.0)), "[1.5, 2]");
  EXPECT_EQ(Preview("array<string,2>", Bytes().String("a").String("b")),
            "[\"a\", \"b\"]");
  EXPECT_EQ(Preview("array<f64,0>", Bytes()), "[]");
  EXPECT_EQ(Preview("tuple<u8,array<u32,1>>",
                    Bytes().Text("\7").Raw(std::uint32_t{9})),
            "[7, [9]]");
  // Of arrays, raw as they are, vectors are aligned as of their elements.
  EXPECT_EQ(Preview("tuple<u8,vector<array<u16,2>>>",
                    Bytes().Text("\7").U64(1).Zeros(1).Raw(std::uint16_t{1},
                                                           std::uint16_t{2})),
            "[7, [[1, 2]]]");
  Bytes many = Bytes().U64(5).Zeros(56);
  for (int i = 0; i < 10; ++i) many.Raw(1.0 * i);
  EXPECT_EQ(Shape("vector<array<f64,2>>", many), "5x2");
  EXPECT_EQ(Shape("vector<array<bool,2>>", Bytes().U64(1).Text("\1\1")), "1x2");
  ExpectDataLoss("array<f64,3>", Bytes().Raw(1.0, 2.0), "16 bytes remain");
  ExpectError(ErrorOf("array<f64,x>", Bytes()),
              absl::StatusCode::kInvalidArgument, "a number of elements");
}

TEST(BuiltinCodecsTest, SetsAreLists) {
  for (const char* head :
       {"set", "multiset", "unordered_set", "unordered_multiset"}) {
    // Numbers are not aligned.
    Bytes numbers = Bytes().U64(9);
    for (int i = 0; i < 9; ++i) numbers.Raw(1.0 * i);
    EXPECT_EQ(Shape(std::string(head) + "<f64>", numbers), "9") << head;
    EXPECT_EQ(Preview(std::string(head) + "<string>",
                      Bytes().U64(2).String("a").String("b")),
              "[\"a\", \"b\"]")
        << head;
  }
}

TEST(BuiltinCodecsTest, MapsOfStringsAreObjects) {
  const Bytes bytes = Bytes().U64(2).String("a").Raw(1.5).String("b").Raw(2.0);
  for (const char* type : {"map<string,f64>", "unordered_map<path,f64>"}) {
    EXPECT_EQ(Preview(type, bytes), "{\"a\": 1.5, \"b\": 2}");
  }
  for (const char* type :
       {"multimap<string,f64>", "unordered_multimap<string,f64>"}) {
    EXPECT_EQ(Preview(type, bytes), "[[\"a\", 1.5], [\"b\", 2]]");
  }
  EXPECT_EQ(Preview("map<u8,string>", Bytes().U64(1).Text("\7").String("x")),
            "[[7, \"x\"]]");
}

TEST(BuiltinCodecsTest, LongObjectsAreElided) {
  Bytes bytes = Bytes().U64(5);
  for (const char* key : {"a", "b", "c", "d", "e"}) bytes.String(key).U64(1);
  EXPECT_EQ(Preview("map<string,u64>", bytes, {.max_elements = 2}),
            "{\"a\": 1, \u2026, \"e\": 1}");
  // Keys that are equal when cut stay apart.
  const Bytes cut = Bytes().U64(2).String("abc").U64(1).String("abd").U64(2);
  EXPECT_EQ(Preview("map<string,u64>", cut, {.max_string = 2}),
            "{\"ab\u2026\": 1, \"ab\u2026\u2026\": 2}");
}

TEST(BuiltinCodecsTest, VariantsAreTheirValue) {
  const char* const type = "variant<monostate,f64,string>";
  EXPECT_EQ(Preview(type, Bytes().Zeros(1)), "null");
  EXPECT_EQ(Preview(type, Bytes().Text("\1").Raw(2.5)), "2.5");
  EXPECT_EQ(Preview(type, Bytes().Text("\2").String("x")), "\"x\"");
  EXPECT_EQ(Json(type, Bytes().Text("\2").String("x")),
            "{\"index\":2,\"value\":\"x\"}");
  ExpectDataLoss(type, Bytes().Text("\3"),
                 "a variant starts with 0 to 2, found 3 at offset 0");
}

TEST(BuiltinCodecsTest, ATreeContainsItself) {
  const char* const type = "acme.Tree/1{i32,vector<acme.Tree/1>}";
  const Bytes bytes = Bytes()
                          .Raw(std::int32_t{1})
                          .U64(2)
                          .Raw(std::int32_t{2})
                          .U64(0)
                          .Raw(std::int32_t{3})
                          .U64(0);
  EXPECT_EQ(Preview(type, bytes), "[1, [[2, []], [3, []]]]");
  // A bare word means what encloses it, not what it once was inside of.
  EXPECT_EQ(ErrorOf("tuple<a.A/1{u8},a.A/1>", Bytes().Zeros(2)).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(
      ErrorOf("a.A/1{a.B/1{optional<a.A/1>},a.B/1}", Bytes().Zeros(2)).code(),
      absl::StatusCode::kNotFound);
}

TEST(BuiltinCodecsTest, NestingIsBounded) {
  const auto nested = [](int depth) {
    Bytes bytes;
    for (int i = 0; i < depth; ++i) bytes.Text("\1");
    return bytes.Zeros(1);
  };
  const char* const type = "a.List/1{optional<a.List/1>}";
  EXPECT_TRUE(ErrorOf(type, nested(250)).ok()) << ErrorOf(type, nested(250));
  ExpectDataLoss(type, nested(1000), "nested deeper than 512");
  ExpectDataLoss("a.A/1{a.A/1,a.A/1}", Bytes(), "nested deeper than 512");
}

TEST(BuiltinCodecsTest, ElementsWithoutBytesDoNotKeepItBusy) {
  EXPECT_EQ(Preview("array<monostate,3>", Bytes()), "[null, null, null]");
  ExpectDataLoss("tuple<vector<monostate>,u64>", Bytes().U64(3).U64(1),
                 "3 elements without bytes");
  ExpectError(ErrorOf("array<array<monostate,1000000000>,1000000000>", Bytes()),
              absl::StatusCode::kInvalidArgument, "more parts");
}

}  // namespace
}  // namespace ireneo
