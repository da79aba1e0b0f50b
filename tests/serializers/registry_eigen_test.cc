// Codecs of Eigen types.

#include <complex>
#include <cstdint>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

TEST(BuiltinCodecsTest, MatricesAreRowsWhateverTheirStorageOrder) {
  const Bytes columns =
      Bytes().Npy("<f8", true, {2, 3}).Raw(1.0, 4.0, 2.0, 5.0, 3.0, 6.0);
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", columns), "[[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(Preview("eigen.array<<f8,2,?4,F>/1", columns),
            "[[1, 2, 3], [4, 5, 6]]");
  EXPECT_EQ(Shape("eigen<<f8,?,?,F>/1", columns), "2x3");
  const Bytes rows =
      Bytes().Npy("<f8", false, {2, 3}).Raw(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
  EXPECT_EQ(Preview("eigen<<f8,?,3,C>/1", rows), "[[1, 2, 3], [4, 5, 6]]");
}

TEST(BuiltinCodecsTest, VectorsHaveOneDimension) {
  const Bytes three = Bytes().Npy("<f8", false, {3}).Raw(1.0, 2.0, 3.0);
  EXPECT_EQ(Preview("eigen<<f8,?,1,F>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Preview("eigen<<f8,1,3,C>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Preview("eigen<<f8,?4,1,F>/1", three), "[1, 2, 3]");
  EXPECT_EQ(Shape("eigen<<f8,?,1,F>/1", three), "3");
  EXPECT_EQ(Preview("eigen<<f8,?,1,F>/1",
                    Bytes().Npy("<f8", true, {3, 1}).Raw(1.0, 2.0, 3.0)),
            "[1, 2, 3]");
  ExpectDataLoss("eigen<<f8,?,4,F>/1", three,
                 "npy: expected eigen<<f8,?,4,F>/1, found <f8 (3,) C order");
  ExpectDataLoss("eigen<<f8,?2,?1,F>/1", three, "found <f8 (3,) C order");
}

TEST(BuiltinCodecsTest, AMatrixOfFewerDimensionsIsAColumnOrAnElement) {
  const Bytes three = Bytes().Npy("<f8", false, {3}).Raw(1.0, 2.0, 3.0);
  for (const std::string_view type :
       {"eigen<<f8,?,?,F>/1", "eigen<<f8,?4,?1,F>/1"}) {
    EXPECT_EQ(Preview(type, three), "[[1], [2], [3]]") << type;
    EXPECT_EQ(Shape(type, three), "3x1") << type;
  }
  const Bytes one = Bytes().Npy("<f8", false, {}).Raw(1.5);
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", one), "[[1.5]]");
  EXPECT_EQ(Preview("eigen<<f8,1,?,C>/1", one), "[1.5]");
}

TEST(BuiltinCodecsTest, ForeignArraysAreConverted) {
  const Bytes swapped = Bytes()
                            .Npy(">i2", false, {2, 2})
                            .Text(std::string("\0\1\0\2\0\3\0\4", 8));
  for (const std::string_view type :
       {"eigen<<i2,?,?,C>/1", "eigen<<i2,?,?,F>/1", "eigen.array<<f8,2,?,F>/1",
        "eigen.tensor<<f4,?,?,C>/1", "eigen.tensor<|i1,2,?,F>/1"}) {
    EXPECT_EQ(Preview(type, swapped), "[[1, 2], [3, 4]]") << type;
  }
  EXPECT_EQ(Describe("eigen<<f8,?,?,F>/1", swapped)->statistics->mean, 2.5);
  EXPECT_EQ(Preview("vector<eigen<<f8,?,?,F>/1>",
                    Bytes().U64(1).Text(swapped.text())),
            "[[[1, 2], [3, 4]]]");
  const Bytes integers =
      Bytes().Npy("<i4", false, {2}).Raw(std::int32_t{1}, std::int32_t{2});
  EXPECT_EQ(Preview("eigen<<f8,?,1,F>/1", integers), "[1, 2]");
  EXPECT_EQ(Preview("eigen.diagonal<<f8,?>/1", integers), "[1, 2]");
  const Bytes affine =
      Bytes().Npy("<f8", false, {2, 2}).Raw(1.0, 2.0, 0.0, 1.0);
  EXPECT_EQ(Preview("eigen.transform<<f4,1,affine,F>/1", affine),
            "[[1, 2], [0, 1]]");
}

TEST(BuiltinCodecsTest, WhatHasNoExactValueIsDataLoss) {
  ExpectDataLoss("eigen<<i4,?,?,F>/1",
                 Bytes().Npy("<f8", false, {1, 2}).Raw(1.0, 0.5),
                 "npy: expected eigen<<i4,?,?,F>/1, found <f8 (1, 2) C order "
                 "with 0.5 at [0, 1], which is no <i4");
  ExpectDataLoss("eigen<<f8,?,?,F>/1",
                 Bytes().Npy("|V2", false, {1, 1}).Raw(std::uint16_t{0x3f80}),
                 "an element type that is not read here");
  ExpectDataLoss("eigen<<f8,?,?,F>/1",
                 Bytes().Npy(">f8", false, {2, 2}).Raw(1.0), "");
}

TEST(BuiltinCodecsTest, EveryElementTypeOfNpy) {
  const auto preview = [](std::string_view descr, auto... values) {
    const std::string type = "eigen<" + std::string(descr) + ",?,1,F>/1";
    const std::int64_t count = sizeof...(values);
    return Preview(type, Bytes().Npy(descr, false, {count}).Raw(values...));
  };
  EXPECT_EQ(preview("|b1", true, false), "[true, false]");
  EXPECT_EQ(preview("|i1", std::int8_t{-1}), "[-1]");
  EXPECT_EQ(preview("|u1", std::uint8_t{200}), "[200]");
  EXPECT_EQ(preview("<i2", std::int16_t{-300}), "[-300]");
  EXPECT_EQ(preview("<i4", std::int32_t{-70000}), "[-70000]");
  EXPECT_EQ(preview("<i8", std::int64_t{-1} << 40), "[-1099511627776]");
  EXPECT_EQ(preview("<u2", std::uint16_t{60000}), "[60000]");
  EXPECT_EQ(preview("<u4", std::uint32_t{4000000000}), "[4000000000]");
  EXPECT_EQ(preview("<u8", ~std::uint64_t{0}), "[18446744073709551615]");
  EXPECT_EQ(preview("<f4", 0.1f), "[0.1]");
  EXPECT_EQ(preview("<f8", 0.1), "[0.1]");
  EXPECT_EQ(preview("<c8", std::complex<float>(1, 2)), "[[1, 2]]");
  EXPECT_EQ(preview("<c16", std::complex<double>(1, kInfinity)), "[[1, inf]]");
}

TEST(BuiltinCodecsTest, HalfPrecision) {
  const auto preview = [](std::uint16_t bits) {
    return Preview("eigen<<f2,?,1,F>/1",
                   Bytes().Npy("<f2", false, {1}).Raw(bits));
  };
  EXPECT_EQ(preview(0x3c00), "[1]");
  EXPECT_EQ(preview(0xc000), "[-2]");
  EXPECT_EQ(preview(0x2e66), "[0.1]");        // As NumPy's float16(0.1).
  EXPECT_EQ(preview(0x3555), "[0.3333]");     // 1 / 3.
  EXPECT_EQ(preview(0x7bff), "[65500]");      // The largest, 65504.
  EXPECT_EQ(preview(0x0001), "[6e-08]");      // The smallest, 2^-24.
  EXPECT_EQ(preview(0x0400), "[6.104e-05]");  // The smallest normal, 2^-14.
  EXPECT_EQ(preview(0x8000), "[-0]");
  EXPECT_EQ(preview(0x7c00), "[inf]");
  EXPECT_EQ(preview(0xfc00), "[-inf]");
  EXPECT_EQ(preview(0x7e00), "[nan]");
}

TEST(BuiltinCodecsTest, AnArrayThatContradictsItsTypeNameIsDataLoss) {
  const Bytes matrix = Bytes().Npy("<f8", true, {2, 2}).Raw(1.0, 2.0, 3.0, 4.5);
  for (const std::string_view type :
       {"eigen<<i4,?,?,F>/1", "eigen<|b1,?,?,C>/1", "eigen<<f8,3,?,F>/1",
        "eigen<<f8,?,?1,F>/1", "eigen<<f8,?,1,F>/1"}) {
    ExpectDataLoss(type, matrix, "found <f8 (2, 2) F order");
  }
  ExpectDataLoss("eigen<<f8,?,?,F>/1",
                 Bytes().Npy("<f8", true, {1, 1, 1}).Raw(1.0),
                 "found <f8 (1, 1, 1) F order");
  ExpectDataLoss("eigen.tensor<<f8,?,?,F>/1",
                 Bytes().Npy("<f8", true, {0, std::int64_t{1} << 61}),
                 "found <f8 (0, 2305843009213693952)");
  // NumPy calls an array with a single row or column C-ordered.
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1",
                    Bytes().Npy("<f8", false, {2, 1}).Raw(1.0, 2.0)),
            "[[1], [2]]");
}

TEST(BuiltinCodecsTest, EmptyMatrices) {
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", Bytes().Npy("<f8", false, {0, 3})),
            "[]");
  EXPECT_EQ(Preview("eigen<<f8,?,?,F>/1", Bytes().Npy("<f8", false, {2, 0})),
            "[[], []]");
  const Bytes huge = Bytes().Npy("<f8", false, {std::int64_t{1} << 62, 0});
  EXPECT_EQ(Shape("eigen<<f8,?,?,F>/1", huge), "4611686018427387904x0");
}

TEST(BuiltinCodecsTest, AMatrixInsideOfAnotherValueNeedsNoAlignment) {
  const Bytes bytes =
      Bytes().Text("\7").Npy("<f8", false, {2}).Raw(1.0, 2.0).String("after");
  EXPECT_EQ(Preview("tuple<u8,eigen<<f8,?,1,F>/1,string>", bytes),
            "[7, [1, 2], \"after\"]");
}

TEST(BuiltinCodecsTest, LargeMatricesAreElidedBothWays) {
  Bytes bytes = Bytes().Npy("<i4", true, {10, 5});
  for (int j = 0; j < 5; ++j) {
    for (int i = 0; i < 10; ++i) bytes.Raw(std::int32_t{10 * i + j});
  }
  EXPECT_EQ(Preview("eigen<<i4,?,?,F>/1", bytes, {.max_elements = 2}),
            "[[0, \u2026, 4], \u2026, [90, \u2026, 94]]");
}

TEST(BuiltinCodecsTest, TensorsNestInTheOrderOfTheirIndices) {
  Bytes fortran = Bytes().Npy("<i4", true, {2, 3, 2});
  Bytes c = Bytes().Npy("<i4", false, {2, 3, 2});
  for (std::int32_t k = 0; k < 2; ++k) {
    for (std::int32_t j = 0; j < 3; ++j) {
      for (std::int32_t i = 0; i < 2; ++i) fortran.Raw(100 * i + 10 * j + k);
    }
  }
  for (std::int32_t i = 0; i < 2; ++i) {
    for (std::int32_t j = 0; j < 3; ++j) {
      for (std::int32_t k = 0; k < 2; ++k) c.Raw(100 * i + 10 * j + k);
    }
  }
  const char* const text =
      "[[[0, 1], [10, 11], [20, 21]], [[100, 101], [110, 111], [120, 121]]]";
  EXPECT_EQ(Preview("eigen.tensor<<i4,?,?,?,F>/1", fortran), text);
  EXPECT_EQ(Preview("eigen.tensor<<i4,2,3,2,C>/1", c), text);
  EXPECT_EQ(Shape("eigen.tensor<<i4,?,?,?,F>/1", fortran), "2x3x2");
  EXPECT_EQ(
      Preview("eigen.tensor<<f8,F>/1", Bytes().Npy("<f8", false, {}).Raw(2.5)),
      "2.5");
  ExpectDataLoss("eigen.tensor<<i4,?,?,F>/1", fortran, "found <i4 (2, 3, 2)");
}

TEST(BuiltinCodecsTest, DiagonalsAndTransforms) {
  const Bytes two = Bytes().Npy("<f8", false, {2}).Raw(1.0, 2.0);
  EXPECT_EQ(Preview("eigen.diagonal<<f8,?>/1", two), "[1, 2]");
  ExpectDataLoss("eigen.diagonal<<f8,3>/1", two, "found <f8 (2,)");
  const Bytes compact = Bytes().Npy("<f4", true, {1, 2}).Raw(2.0f, 3.0f);
  EXPECT_EQ(Preview("eigen.transform<<f4,1,affine_compact,F>/1", compact),
            "[[2, 3]]");
  ExpectDataLoss("eigen.transform<<f4,1,affine,F>/1", compact, "(1, 2)");
  EXPECT_EQ(ErrorOf("eigen.transform<<f4,1,odd,F>/1", compact).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(BuiltinCodecsTest, BFloat16IsTwoRawBytesToNumPy) {
  EXPECT_EQ(Preview("eigen<bf16,?,1,F>/1",
                    Bytes().Npy("|V2", false, {1}).Raw(std::uint16_t{0x3f80})),
            "[1]");
}

TEST(BuiltinCodecsTest, SmallTypes) {
  EXPECT_EQ(Preview("eigen.quaternion<<f8>/1", Bytes().Raw(0.0, 0.0, 0.0, 1.0)),
            "[0, 0, 0, 1]");
  EXPECT_EQ(
      Preview("eigen.angle_axis<<f4>/1", Bytes().Raw(1.5f, 1.0f, 0.0f, 0.0f)),
      "[1.5, 1, 0, 0]");
  EXPECT_EQ(Preview("eigen.triplet<<f8,<i4>/1",
                    Bytes().Raw(std::int32_t{3}, std::int32_t{4}).Raw(0.5)),
            "[3, 4, 0.5]");
  EXPECT_EQ(Preview("eigen.triplet<<f8,<u4>/1",
                    Bytes().Raw(~std::uint32_t{0}, std::uint32_t{4}).Raw(0.5)),
            "[4294967295, 4, 0.5]");
  ExpectError(ErrorOf("eigen.triplet<<f8,<f4>/1", Bytes().Zeros(16)),
              absl::StatusCode::kInvalidArgument, "an index such as '<i4'");
}

// 2 x 3, with 1.5 at (0, 0), 0 at (1, 0) and 2.5 at (0, 2).
Bytes SparseColumns(std::vector<std::int32_t> starts = {0, 2, 2, 3},
                    std::vector<std::int32_t> rows = {0, 1, 0}) {
  Bytes bytes = Bytes().U64(2).U64(3).U64(3).Align(64);
  for (const std::int32_t start : starts) bytes.Raw(start);
  bytes.Align(64);
  for (const std::int32_t row : rows) bytes.Raw(row);
  return bytes.Align(64).Raw(1.5, 0.0, 2.5);
}

TEST(BuiltinCodecsTest, SparseMatricesAreEntries) {
  EXPECT_EQ(Preview("eigen.sparse<<f8,<i4,F>/1", SparseColumns()),
            "{\"shape\": [2, 3], \"entries\": [[0, 0, 1.5], [1, 0, 0], [0, 2, "
            "2.5]]}");
  EXPECT_EQ(Preview("eigen.sparse<<f8,<i4,F>/1", SparseColumns(),
                    {.max_elements = 2}),
            "{\"shape\": [2, 3], \"entries\": [[0, 0, 1.5], \u2026, [0, 2, "
            "2.5]]}");
  EXPECT_EQ(Shape("eigen.sparse<<f8,<i4,F>/1", SparseColumns()), "2x3");
  EXPECT_EQ(
      Describe("eigen.sparse<<f8,<i4,F>/1", SparseColumns())->statistics->max,
      2.5);
  EXPECT_EQ(Preview("eigen.sparse_vector<<f8,<i8,F>/1",
                    Bytes().U64(9).U64(2).Align(64).U64(3).U64(8).Align(64).Raw(
                        1.0, 2.0)),
            "{\"shape\": [9], \"entries\": [[3, 1], [8, 2]]}");
}

TEST(BuiltinCodecsTest, SparseMatricesThatAreNoneAreDataLoss) {
  const char* const type = "eigen.sparse<<f8,<i4,F>/1";
  ExpectDataLoss(type, SparseColumns({1, 2, 2, 3}), "from 0 to the count");
  ExpectDataLoss(type, SparseColumns({0, 2, 2, 2}), "from 0 to the count");
  ExpectDataLoss(type, SparseColumns({0, 2, 1, 3}),
                 "do not ascend in column 1");
  ExpectDataLoss(type, SparseColumns({0, 9, 2, 3}),
                 "do not ascend in column 0");
  ExpectDataLoss(type, SparseColumns({0, 2, 2, 3}, {1, 0, 0}), "in column 0");
  ExpectDataLoss(type, SparseColumns({0, 2, 2, 3}, {0, 0, 0}), "in column 0");
  ExpectDataLoss(type, SparseColumns({0, 2, 2, 3}, {0, 1, 2}), "in column 2");
  ExpectDataLoss(type, SparseColumns({0, 2, 2, 3}, {0, 1, -1}), "in column 2");
  // Sizes that no bytes back.
  const std::uint64_t huge = std::uint64_t{1} << 62;
  for (const std::uint64_t extent : {huge, 2 * huge, ~std::uint64_t{0}}) {
    ExpectDataLoss(type, Bytes().U64(1).U64(extent).U64(0).Align(64), "");
    ExpectDataLoss(type, Bytes().U64(1).U64(1).U64(extent).Zeros(512), "");
  }
  // Rows without end are fine.
  EXPECT_EQ(Shape("eigen.sparse<<f8,<i8,F>/1",
                  Bytes().U64(huge).U64(0).U64(0).Align(64).Zeros(8).Align(64)),
            "4611686018427387904x0");
}

TEST(BuiltinCodecsTest, SparseSizesThatTheIndexTypeCannotCountAreDataLoss) {
  const auto empty = [](std::uint64_t rows) {
    return Bytes().U64(rows).U64(0).U64(0).Align(64).Zeros(4).Align(64);
  };
  const char* const type = "eigen.sparse<<f8,<i4,F>/1";
  EXPECT_EQ(Shape(type, empty(0x7fffffff)), "2147483647x0");
  ExpectDataLoss(type, empty(0x80000000),
                 "an index of 4 bytes counts up to 2147483647 rows or columns, "
                 "found 2147483648");
  ExpectDataLoss(type, empty(std::uint64_t{1} << 41), "found 2199023255552");
  ExpectDataLoss("eigen.sparse_vector<<f8,|i1,F>/1",
                 Bytes().U64(128).U64(0).Align(64), "up to 127 rows");
  // 2 x 64, all there: one more than the index type counts.
  Bytes full = Bytes().U64(2).U64(64).U64(128).Align(64);
  for (int start = 0; start <= 128; start += 2) {
    full.Raw(static_cast<std::uint8_t>(start));
  }
  full.Align(64);
  for (int i = 0; i < 64; ++i) full.Text(std::string_view("\0\1", 2));
  ExpectDataLoss("eigen.sparse<|i1,|i1,F>/1", full.Align(64).Zeros(128),
                 "up to 127 coefficients, found 128");
}

}  // namespace
}  // namespace ireneo
