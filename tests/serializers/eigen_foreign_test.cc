// Dense Eigen types from .npy files that something else wrote: other byte and
// storage orders, other scalars, other numbers of dimensions.

#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

using ::Eigen::Dynamic;
using ::Eigen::Matrix;
using ::Eigen::MatrixXd;
using ::Eigen::MatrixXi;
using ::Eigen::VectorXd;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::testing::HasSubstr;

// A file of `values` in their order.
template <typename T>
std::string Npy(const NpyHeader& header, const std::vector<T>& values) {
  std::string bytes;
  StringSink sink(bytes);
  WriteNpyHeader(header, sink);
  sink.Write(std::as_bytes(std::span(values)));
  sink.Flush();
  EXPECT_TRUE(sink.ok()) << sink.status();
  return bytes;
}

template <typename T>
std::string BigEndian(std::string descr, std::vector<std::int64_t> shape,
                      std::vector<T> values) {
  for (T& value : values) {
    auto* const bytes = reinterpret_cast<std::byte*>(&value);
    std::reverse(bytes, bytes + sizeof(T));
  }
  return Npy({.descr = descr, .shape = shape}, values);
}

template <typename T>
absl::Status ViewStatus(std::string_view bytes) {
  return View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes)))).status();
}

// Reads a value that has to be converted, so that there is no view.
template <typename T>
T Converted(std::string_view bytes) {
  const absl::StatusOr<T> value = FromBytes<T>(bytes);
  EXPECT_TRUE(value.ok()) << value.status();
  const absl::Status view = ViewStatus<T>(bytes);
  EXPECT_EQ(view.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(view.ToString(), HasSubstr("read a copy"));
  return value.ok() ? *value : T();
}

// Reads a value that has the memory of a `T`, so that there is a view.
template <typename T>
T Viewed(std::string_view bytes) {
  const absl::StatusOr<T> value = FromBytes<T>(bytes);
  EXPECT_TRUE(value.ok()) << value.status();
  const absl::StatusOr<View<T>> view =
      View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes))));
  EXPECT_TRUE(view.ok()) << view.status();
  if (!value.ok() || !view.ok()) return T();
  EXPECT_EQ(*view, *value);
  return *value;
}

template <typename T>
std::string ErrorOf(std::string_view bytes) {
  const absl::Status read = FromBytes<T>(bytes).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ViewStatus<T>(bytes), read);
  return std::string(read.message());
}

TEST(EigenForeignTest, TheOtherStorageOrder) {
  MatrixXd a(2, 3);
  a << 1, 2, 3, 4, 5, 6;
  const std::string c_order =
      Npy<double>({.descr = "<f8", .shape = {2, 3}}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(Converted<MatrixXd>(c_order), a);
  EXPECT_EQ(
      (Viewed<Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>>(c_order)), a);
  const std::string f_order =
      Npy<double>({.descr = "<f8", .fortran_order = true, .shape = {2, 3}},
                  {1, 4, 2, 5, 3, 6});
  EXPECT_EQ(
      (Converted<Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>>(f_order)),
      a);
}

TEST(EigenForeignTest, AReadValueHasTheCanonicalBytes) {
  MatrixXd a(2, 3);
  a << 1, 2, 3, 4, 5, 6;
  const std::string bytes =
      Npy<double>({.descr = "<f8", .shape = {2, 3}}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(*BytesOf(*FromBytes<MatrixXd>(bytes)), *BytesOf(a));
}

TEST(EigenForeignTest, LargeTransposesInTiles) {
  for (const auto& [rows, cols] : std::vector<std::pair<int, int>>{
           {64, 64}, {65, 63}, {129, 200}, {1000, 2}, {2, 1000}}) {
    Matrix<float, Dynamic, Dynamic, Eigen::RowMajor> a(rows, cols);
    for (int i = 0; i < a.size(); ++i) a.data()[i] = static_cast<float>(i);
    const std::string bytes = *BytesOf(a);
    EXPECT_EQ(Converted<Eigen::MatrixXf>(bytes), a);
    EXPECT_EQ(Converted<MatrixXi>(bytes), a.cast<int>());
  }
}

TEST(EigenForeignTest, BigEndianFiles) {
  EXPECT_EQ(Converted<VectorXd>(BigEndian<double>(">f8", {2}, {1.5, -2})),
            Eigen::Vector2d(1.5, -2));
  EXPECT_EQ(Converted<VectorXd>(BigEndian<float>(">f4", {2}, {1.5f, -2})),
            Eigen::Vector2d(1.5, -2));
  EXPECT_EQ(
      Converted<MatrixXi>(BigEndian<std::int32_t>(">i4", {1, 2}, {7, -7})),
      Eigen::RowVector2i(7, -7));
  EXPECT_EQ(Viewed<VectorXd>(Npy<double>({.descr = "=f8", .shape = {1}}, {3})),
            VectorXd::Constant(1, 3));
}

TEST(EigenForeignTest, OtherNumbersOfDimensions) {
  const auto doubles = [](std::vector<std::int64_t> shape, std::size_t count) {
    return Npy({.descr = "<f8", .shape = shape},
               std::vector<double>(count, 2.0));
  };
  EXPECT_EQ(Viewed<MatrixXd>(doubles({3}, 3)), MatrixXd::Constant(3, 1, 2));
  EXPECT_EQ(Viewed<MatrixXd>(doubles({}, 1)), MatrixXd::Constant(1, 1, 2));
  EXPECT_EQ(Viewed<MatrixXd>(doubles({3, 1}, 3)), MatrixXd::Constant(3, 1, 2));
  EXPECT_EQ(Viewed<VectorXd>(doubles({3, 1}, 3)), VectorXd::Constant(3, 2));
  EXPECT_EQ(Viewed<VectorXd>(doubles({}, 1)), VectorXd::Constant(1, 2));
  EXPECT_EQ(Viewed<Eigen::RowVectorXd>(doubles({1, 3}, 3)),
            Eigen::RowVectorXd::Constant(3, 2));
  EXPECT_EQ((Viewed<Matrix<double, 1, Dynamic>>(doubles({3}, 3))),
            Eigen::RowVectorXd::Constant(3, 2));
  EXPECT_EQ((Viewed<Matrix<double, 1, 1>>(doubles({1}, 1)))(0), 2);
  EXPECT_THAT(ErrorOf<VectorXd>(doubles({1, 3}, 3)),
              HasSubstr("expected eigen<<f8,?,1,F>/1, found <f8 (1, 3)"));
  EXPECT_THAT(ErrorOf<Eigen::RowVectorXd>(doubles({3, 1}, 3)),
              HasSubstr("found <f8 (3, 1)"));
  EXPECT_THAT(ErrorOf<MatrixXd>(doubles({3, 1, 1}, 3)),
              HasSubstr("found <f8 (3, 1, 1)"));
  EXPECT_THAT(ErrorOf<Eigen::Matrix3d>(doubles({3}, 3)),
              HasSubstr("expected eigen<<f8,3,3,F>/1, found <f8 (3,)"));
}

TEST(EigenForeignTest, OtherScalars) {
  const auto row = [](auto... x) {
    return Eigen::RowVectorXd{{static_cast<double>(x)...}};
  };
  const NpyHeader i8{.descr = "<i8", .shape = {1, 2}};
  EXPECT_EQ(Converted<MatrixXd>(Npy<std::int64_t>(i8, {-1, 1l << 53})),
            row(-1, 0x1p53));
  const NpyHeader u1{.descr = "|u1", .shape = {1, 2}};
  EXPECT_EQ(Converted<MatrixXd>(Npy<std::uint8_t>(u1, {0, 255})), row(0, 255));
  const NpyHeader b1{.descr = "|b1", .shape = {1, 2}};
  EXPECT_EQ(Converted<MatrixXd>(Npy<std::uint8_t>(b1, {0, 1})), row(0, 1));
  const NpyHeader c16{.descr = "<c16", .shape = {1, 1}};
  EXPECT_EQ(Converted<MatrixXd>(Npy<std::complex<double>>(c16, {{0.1, 0}})),
            row(0.1));
  const NpyHeader f8{.descr = "<f8", .shape = {1, 2}};
  EXPECT_EQ(Converted<MatrixXi>(Npy<double>(f8, {3, -4})),
            Eigen::RowVector2i(3, -4));
  using Brains = Matrix<Eigen::bfloat16, Dynamic, Dynamic>;
  EXPECT_EQ(Converted<Brains>(Npy<double>(f8, {3, -4})).cast<double>(),
            row(3, -4));
  const NpyHeader v2{.descr = "<V2", .shape = {1, 1}};
  EXPECT_EQ(Viewed<Brains>(Npy<Eigen::bfloat16>(v2, {Eigen::bfloat16(3)}))
                .cast<double>(),
            row(3));
}

TEST(EigenForeignTest, AValueThatDoesNotFitIsNamedWithItsIndex) {
  const NpyHeader f8{.descr = "<f8", .shape = {2, 3}};
  EXPECT_EQ(ErrorOf<MatrixXi>(Npy<double>(f8, {1, 2, 3, 4, 5, 0.5})),
            "npy: expected eigen<<i4,?,?,F>/1, found <f8 (2, 3) C order with "
            "0.5 at [1, 2], which is no <i4");
  NpyHeader f_order = f8;
  f_order.fortran_order = true;
  EXPECT_THAT(ErrorOf<MatrixXi>(Npy<double>(f_order, {1, 2, 3, 1e30, 5, 6})),
              HasSubstr("with 1e+30 at [1, 1]"));
  EXPECT_THAT(
      ErrorOf<VectorXd>(Npy<std::int64_t>({.descr = "<i8", .shape = {2}},
                                          {0, (std::int64_t{1} << 53) + 1})),
      HasSubstr("with 9007199254740993 at [1], which is no <f8"));
  EXPECT_THAT(ErrorOf<MatrixXd>(Npy<std::complex<double>>(
                  {.descr = "<c16", .shape = {}}, {{1, 2}})),
              HasSubstr("with (1,2) at [], which is no <f8"));
  EXPECT_THAT(ErrorOf<MatrixXd>(
                  Npy<std::uint8_t>({.descr = "|b1", .shape = {2}}, {1, 2})),
              HasSubstr("with 2 at [1]"));
  using Brains = Matrix<Eigen::bfloat16, Dynamic, 1>;
  EXPECT_THAT(
      ErrorOf<Brains>(Npy<double>({.descr = "<f8", .shape = {1}}, {0.1})),
      HasSubstr("expected eigen<bf16,?,1,F>/1, found <f8 (1,) C order with "
                "0.1 at [0], which is no bf16"));
}

TEST(EigenForeignTest, OtherElementTypesAreNamed) {
  for (const char* descr :
       {"<f16", "<c32", "|S3", "<U5", "<M8[ns]", "|V8", "|V2", "|f8", "<i16"}) {
    EXPECT_EQ(ErrorOf<MatrixXd>(Npy({.descr = descr, .shape = {1, 1}},
                                    std::vector<char>(160))),
              std::string("npy: expected eigen<<f8,?,?,F>/1, found ") + descr +
                  " (1, 1) C order, an element type that is not read here");
  }
}

TEST(EigenForeignTest, ConversionAllocatesNothingForAClaim) {
  for (const std::int64_t extent :
       {std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::max(),
        std::int64_t{11}}) {
    for (const char* descr : {"|u1", ">f8", "<f4", "<c16"}) {
      ErrorOf<MatrixXd>(
          Npy({.descr = descr, .shape = {extent, 1}}, std::vector<char>(10)));
      ErrorOf<MatrixXd>(Npy({.descr = descr, .shape = {extent, extent}},
                            std::vector<char>(10)));
    }
  }
}

TEST(EigenForeignTest, EmptyFilesOfAnyScalarAndOrder) {
  EXPECT_EQ(
      Converted<MatrixXd>(Npy<char>({.descr = ">i2", .shape = {0, 3}}, {}))
          .cols(),
      3);
  EXPECT_EQ(
      Viewed<MatrixXd>(Npy<char>({.descr = "<f8", .shape = {0, 3}}, {})).cols(),
      3);
}

TEST(EigenForeignTest, TruncatedForeignFilesAreDataLoss) {
  const std::string bytes = BigEndian<float>(">f4", {2, 2}, {1.5f, -2, 3, 4});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(FromBytes<MatrixXd>(bytes.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_FALSE(FromBytes<MatrixXd>(bytes + "x").ok());
}

}  // namespace
}  // namespace ireneo
