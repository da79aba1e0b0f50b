// All of a value as JSON, CSV and .npy.

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

std::string Npy(std::string_view type, const Bytes& bytes) {
  return Exported(ExportFormat::kNpy, type, bytes);
}

const Bytes& Matrix() {  // [[1, 2, 3], [4, 5, 6.5]]
  static const Bytes& bytes = *new auto(
      Bytes().Npy("<f8", true, {2, 3}).Raw(1.0, 4.0, 2.0, 5.0, 3.0, 6.5));
  return bytes;
}

TEST(JsonExportTest, NothingIsCutAndNumbersAreExact) {
  std::string list;
  Bytes bytes = Bytes().U64(1000).Zeros(56);
  for (int i = 0; i < 1000; ++i) {
    bytes.Raw(0.1 * i);
    list += (i == 0 ? "" : ",") + Json("f64", Bytes().Raw(0.1 * i));
  }
  EXPECT_EQ(Json("vector<f64>", bytes), "[" + list + "]");
  EXPECT_EQ(Json("f64", Bytes().Raw(0.1 + 0.2)), "0.30000000000000004");
  EXPECT_EQ(Json("f32", Bytes().Raw(0.1f)), "0.1");
  EXPECT_EQ(Json("f32", Bytes().Raw(1e10f)), "1e+10");
  EXPECT_EQ(Json("f64", Bytes().Raw(1.0)), "1.0");
  EXPECT_EQ(Json("f64", Bytes().Raw(-0.0)), "-0.0");
  EXPECT_EQ(Json("u64", Bytes().U64(~std::uint64_t{0})),
            "18446744073709551615");
  EXPECT_EQ(
      Json("tuple<f64,f64,f32>",
           Bytes().Raw(kNan, -kInfinity).Raw(static_cast<float>(kInfinity))),
      "[\"nan\",\"-inf\",\"inf\"]");
  EXPECT_EQ(Json("c128", Bytes().Raw(1.5, kNan)), "[1.5,\"nan\"]");
}

TEST(JsonExportTest, RandomDoublesReadBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    const std::string text = Json("f64", Bytes().U64(bits));
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    EXPECT_EQ(read, value) << text;
  }
}

TEST(JsonExportTest, Shapes) {
  EXPECT_EQ(Json("eigen<<f8,?,?,F>/1", Matrix()),
            "[[1.0,2.0,3.0],[4.0,5.0,6.5]]");
  EXPECT_EQ(Json("tuple<>", Bytes()), "[]");
  EXPECT_EQ(Json("map<string,vector<optional<u8>>>", Bytes()
                                                         .U64(2)
                                                         .String("a")
                                                         .U64(2)
                                                         .Text("\1\7")
                                                         .Zeros(1)
                                                         .String("b")
                                                         .U64(0)),
            "{\"a\":[7,null],\"b\":[]}");
  EXPECT_EQ(Json("vector<char>", Bytes().U64(2).Text("a\"")),
            "[\"a\",\"\\\"\"]");
}

TEST(JsonExportTest, StringsAreUtf8WhateverTheBytes) {
  EXPECT_EQ(Json("string", Bytes().String("\x01\x7f\xff\"\\\n\u00e9")),
            "\"\\u0001\x7f\\\\xff\\\"\\\\\\n\u00e9\"");
}

TEST(JsonExportTest, WhatHasNoCodecIsItsBytes) {
  EXPECT_EQ(Json("acme.Mesh/1", Bytes().Text("\1\2\3")),
            "{\"type\":\"acme.Mesh/1\",\"base64\":\"AQID\"}");
  // As a whole: where a part of it ends is not known.
  EXPECT_EQ(Json("tuple<u8,acme.Mesh/1>", Bytes().Text("\1\2\3")),
            "{\"type\":\"tuple<u8,acme.Mesh/1>\",\"base64\":\"AQID\"}");
}

TEST(ExportTest, NothingIsWrittenOfADamagedValue) {
  std::string text;
  StringSink sink(text);
  const Bytes bytes = Bytes().U64(2).String("a").U64(99);
  for (const ExportFormat format :
       {ExportFormat::kJson, ExportFormat::kCsv, ExportFormat::kNpy}) {
    const absl::Status status =
        Builtin().Export("vector<string>", BlobOf(bytes.text()), format, sink);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(text, "");
  }
}

TEST(ExportTest, RawIsTheBytesOfAnything) {
  EXPECT_EQ(Exported(ExportFormat::kRaw, "no name", Bytes().Text("abc")),
            "abc");
}

TEST(ExportTest, ArraysOfNothingDoNotFillTheDisk) {
  const Bytes huge = Bytes().Npy("<f8", true, {std::int64_t{1} << 62, 0});
  const char* const type = "eigen<<f8,?,?,F>/1";
  EXPECT_TRUE(Json(type, huge).starts_with("INVALID_ARGUMENT"));
  EXPECT_TRUE(Csv(type, huge).starts_with("INVALID_ARGUMENT"));
  EXPECT_EQ(Npy(type, huge), huge.text());
  const Bytes small = Bytes().Npy("<f8", true, {2, 0});
  EXPECT_EQ(Json(type, small), "[[],[]]");
  EXPECT_EQ(Csv(type, small), "\r\n\r\n");
}

TEST(CsvExportTest, ArraysAreRowsOrAColumn) {
  EXPECT_EQ(Csv("eigen<<f8,?,?,F>/1", Matrix()),
            "1.0,2.0,3.0\r\n4.0,5.0,6.5\r\n");
  EXPECT_EQ(
      Csv("vector<i32>", Bytes().U64(2).Raw(std::int32_t{1}, std::int32_t{2})),
      "1\r\n2\r\n");
  EXPECT_EQ(Csv("vector<c128>", Bytes().U64(2).Raw(1.0, -2.0, 0.5, kNan)),
            "1.0-2.0j\r\n0.5+nanj\r\n");
  EXPECT_EQ(Csv("eigen.tensor<<i4,?,?,?,C>/1",
                Bytes().Npy("<i4", false, {1, 2, 2}).Raw(1, 2, 3, 4)),
            "\"[1,2]\",\"[3,4]\"\r\n");
  EXPECT_EQ(Csv("vector<vector<u8>>",
                Bytes().U64(2).U64(2).Text("\1\2").U64(1).Text("\3")),
            "1,2\r\n3\r\n");
}

TEST(CsvExportTest, TuplesAreRows) {
  EXPECT_EQ(Csv("tuple<f64,string>", Bytes().Raw(1.5).String("x")),
            "1.5,x\r\n");
  EXPECT_EQ(
      Csv("vector<a.B/1{f64,vector<u8>,optional<u8>}>", Bytes()
                                                            .U64(2)
                                                            .Raw(1.5)
                                                            .U64(2)
                                                            .Text("\1\2")
                                                            .Zeros(1)
                                                            .Raw(2.5)
                                                            .U64(0)
                                                            .Text("\1\7")),
      "1.5,\"[1,2]\",\r\n2.5,[],7\r\n");
  EXPECT_EQ(Csv("vector<variant<u8,string>>",
                Bytes().U64(2).Zeros(1).Text("\7\1").String("x")),
            "7\r\nx\r\n");
}

TEST(CsvExportTest, ObjectsAreKeysAndValues) {
  EXPECT_EQ(Csv("map<string,u8>",
                Bytes().U64(2).String("a,b").Text("\1").String("c").Text("\2")),
            "\"a,b\",1\r\nc,2\r\n");
  EXPECT_EQ(Csv("map<string,vector<u8>>",
                Bytes().U64(1).String("a").U64(2).Text("\1\2")),
            "a,\"[1,2]\"\r\n");
  EXPECT_EQ(Csv("map<string,vector<string>>",
                Bytes().U64(1).String("a").U64(1).String("x")),
            "a,\"[\"\"x\"\"]\"\r\n");
  EXPECT_EQ(Csv("map<u8,u8>", Bytes().U64(2).Text("\1\2\3\4")),
            "1,2\r\n3,4\r\n");
  EXPECT_EQ(Csv("vector<map<string,u8>>",
                Bytes().U64(2).U64(1).String("a").Text("\1").U64(0)),
            "\"{\"\"a\"\":1}\"\r\n{}\r\n");
}

TEST(CsvExportTest, Cells) {
  EXPECT_EQ(Csv("string", Bytes().String("a\"b\r\nc")), "\"a\"\"b\r\nc\"\r\n");
  EXPECT_EQ(Csv("vector<optional<string>>",
                Bytes().U64(2).Zeros(1).Text("\1").String("")),
            "\r\n\"\"\r\n");
  EXPECT_EQ(Csv("f64", Bytes().Raw(kNan)), "nan\r\n");
  EXPECT_EQ(Csv("string", Bytes().String("\xff")), "\xff\r\n");
  EXPECT_EQ(Csv("bool", Bytes().Text("\1")), "true\r\n");
}

TEST(CsvExportTest, SparseMatricesHaveAHeader) {
  const Bytes vector =
      Bytes().U64(9).U64(1).Align(64).U64(3).Align(64).Raw(1.5);
  EXPECT_EQ(Csv("eigen.sparse_vector<<f8,<i8,F>/1", vector),
            "index,value\r\n3,1.5\r\n");
  const Bytes matrix = Bytes()
                           .U64(1)
                           .U64(2)
                           .U64(1)
                           .Align(64)
                           .U64(0)
                           .U64(1)
                           .Align(64)
                           .U64(1)
                           .Align(64)
                           .Raw(2.5);
  EXPECT_EQ(Csv("eigen.sparse<<f8,<i8,C>/1", matrix),
            "row,column,value\r\n0,1,2.5\r\n");
  EXPECT_EQ(Json("eigen.sparse<<f8,<i8,C>/1", matrix),
            "{\"shape\":[1,2],\"entries\":[[0,1,2.5]]}");
  EXPECT_EQ(Csv("pair<u8,eigen.sparse_vector<<f8,<i8,F>/1>",
                Bytes().Text("\7").U64(9).U64(0).Align(64)),
            "7,\"{\"\"shape\"\":[9],\"\"entries\"\":[]}\"\r\n");
}

TEST(CsvExportTest, WhatHasNoCodecIsNotFound) {
  EXPECT_TRUE(Csv("acme.Mesh/1", Bytes()).starts_with("NOT_FOUND"));
}

TEST(NpyExportTest, OfAMatrixIsItsBytes) {
  EXPECT_EQ(Npy("eigen<<f8,?,?,F>/1", Matrix()), Matrix().text());
}

TEST(NpyExportTest, OfAForeignArrayIsThatOfItsType) {
  const Bytes foreign =
      Bytes().Npy("<f4", false, {2, 3}).Raw(1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.5f);
  EXPECT_EQ(Npy("eigen<<f8,?,?,F>/1", foreign), Matrix().text());
}

TEST(NpyExportTest, ListsOfNumbers) {
  EXPECT_EQ(Npy("vector<f64>", Bytes().U64(2).Raw(1.0, 2.0)),
            Bytes().Npy("<f8", false, {2}).Raw(1.0, 2.0).text());
  EXPECT_EQ(Npy("f32", Bytes().Raw(1.5f)),
            Bytes().Npy("<f4", false, {}).Raw(1.5f).text());
  EXPECT_EQ(Npy("duration<i64,ms>", Bytes().U64(7)),
            Bytes().Npy("<i8", false, {}).U64(7).text());
  EXPECT_EQ(Npy("vector<pair<u8,u8>>", Bytes().U64(2).Text("\1\2\3\4")),
            Bytes().Npy("|u1", false, {2, 2}).Text("\1\2\3\4").text());
  EXPECT_EQ(Npy("vector<vector<u8>>",
                Bytes().U64(2).U64(1).Text("\1").U64(1).Text("\2")),
            Bytes().Npy("|u1", false, {2, 1}).Text("\1\2").text());
  EXPECT_EQ(Npy("vector<array<i16,2>>",
                Bytes().U64(1).Raw(std::int16_t{1}, std::int16_t{2})),
            Bytes()
                .Npy("<i2", false, {1, 2})
                .Raw(std::int16_t{1}, std::int16_t{2})
                .text());
  EXPECT_EQ(Npy("vector<f64>", Bytes().U64(0)),
            Bytes().Npy("<f8", false, {0}).text());
  // In the order of the indices, whatever that of their storage.
  Bytes matrices = Bytes().U64(1).Text(Matrix().text());
  EXPECT_EQ(Npy("vector<eigen<<f8,?,?,F>/1>", matrices),
            Bytes()
                .Npy("<f8", false, {1, 2, 3})
                .Raw(1.0, 2.0, 3.0, 4.0, 5.0, 6.5)
                .text());
}

TEST(NpyExportTest, RefusesWhatIsNoArray) {
  const auto expect = [](std::string_view type, const Bytes& bytes,
                         std::string_view why) {
    const std::string error = Npy(type, bytes);
    EXPECT_THAT(error, ::testing::StartsWith("INVALID_ARGUMENT")) << type;
    EXPECT_THAT(error, ::testing::HasSubstr(std::string(why))) << type;
    EXPECT_THAT(error, ::testing::HasSubstr("use csv, json or raw")) << type;
  };
  expect("string", Bytes().String("x"), "a string");
  expect("vector<vector<u8>>",
         Bytes().U64(2).U64(1).Text("\1").U64(2).Text("\1\2"),
         "rows of different lengths");
  expect("vector<tuple<u8,u8>>", Bytes().U64(0), "no numbers");
  expect("tuple<u8,i8>", Bytes().Text("\1\2"), "numbers of different types");
  expect("tuple<u8,vector<u8>>", Bytes().Text("\1").U64(1).Text("\2"),
         "lists beside numbers");
  expect("tuple<vector<u8>,u8>", Bytes().U64(1).Text("\1\2"),
         "lists beside numbers");
  expect("tuple<tuple<>,u8>", Bytes().Text("\1"), "lists beside numbers");
  expect("vector<optional<u8>>", Bytes().U64(1).Zeros(1), "an empty optional");
  expect("map<string,u8>", Bytes().U64(0), "a map");
  expect("u128", Bytes().U64(1).U64(0), "u128, which NumPy does not have");
  expect("vector<char>", Bytes().U64(1).Text("x"), "char, which NumPy");
  expect("eigen.sparse_vector<<f8,<i8,F>/1", Bytes().U64(9).U64(0).Align(64),
         "a sparse matrix");
}

}  // namespace
}  // namespace ireneo
