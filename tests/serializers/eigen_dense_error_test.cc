// Files that are not the matrix expected, and foreign ones that are.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

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
using ::Eigen::MatrixXd;
using ::Eigen::VectorXd;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::testing::HasSubstr;

constexpr std::int64_t kMaxExtent = std::numeric_limits<std::int64_t>::max();

// A header and `size` zero bytes.
std::string Npy(const NpyHeader& header, std::size_t size) {
  std::string bytes;
  StringSink sink(bytes);
  WriteNpyHeader(header, sink);
  sink.Flush();
  EXPECT_TRUE(sink.ok()) << sink.status();
  return bytes.append(size, '\0');
}

// The same for a matrix of doubles in column-major order.
std::string Npy(std::int64_t rows, std::int64_t cols, std::size_t size) {
  return Npy({.descr = "<f8", .fortran_order = true, .shape = {rows, cols}},
             size);
}

template <typename T>
absl::Status ErrorOf(std::string_view bytes) {
  const absl::Status read = FromBytes<T>(bytes).status();
  EXPECT_FALSE(read.ok());
  if (!read.ok()) {
    EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes)))).status(),
              read);
  }
  return read;
}

template <typename T>
void ExpectDataLoss(std::string_view bytes) {
  ErrorOf<T>(bytes).IgnoreError();
}

TEST(EigenDenseErrorTest, AnotherTypeIsNamedOnBothSides) {
  EXPECT_EQ(ErrorOf<MatrixXd>(Npy({.descr = "<f4", .shape = {3, 4, 1}}, 48)),
            absl::DataLossError("npy: expected eigen<<f8,?,?,F>/1, found <f4 "
                                "(3, 4, 1) C order"));
  EXPECT_EQ(ErrorOf<VectorXd>(Npy({.descr = "<f8", .shape = {1, 3}}, 24)),
            absl::DataLossError("npy: expected eigen<<f8,?,1,F>/1, found <f8 "
                                "(1, 3) C order"));
}

TEST(EigenDenseErrorTest, EveryPartOfTheTypeIsChecked) {
  ExpectDataLoss<MatrixXd>(
      Npy({.descr = "<f8", .fortran_order = true, .shape = {1, 1, 1}}, 8));
  ExpectDataLoss<Eigen::Matrix2d>(Npy(2, 3, 48));
  ExpectDataLoss<Eigen::Matrix2d>(Npy(3, 2, 48));
  ExpectDataLoss<Eigen::Vector3d>(Npy({.descr = "<f8", .shape = {2}}, 16));
}

TEST(EigenDenseErrorTest, MaximumExtentsAreChecked) {
  using Bounded =
      Eigen::Matrix<double, Dynamic, Dynamic, Eigen::ColMajor, 2, 3>;
  EXPECT_TRUE(FromBytes<Bounded>(Npy(2, 3, 48)).ok());
  EXPECT_THAT(ErrorOf<Bounded>(Npy(3, 2, 48)).ToString(),
              HasSubstr("expected eigen<<f8,?2,?3,F>/1, found <f8 (3, 2)"));
  ExpectDataLoss<Bounded>(Npy(2, 4, 64));
  ExpectDataLoss<Bounded>(Npy(kMaxExtent, 0, 0));
}

TEST(EigenDenseErrorTest, NothingIsAllocatedForAClaim) {
  ExpectDataLoss<MatrixXd>(Npy(1 << 20, 1 << 20, 64));
  ExpectDataLoss<MatrixXd>(Npy(kMaxExtent, kMaxExtent, 64));
  ExpectDataLoss<MatrixXd>(Npy(std::int64_t{1} << 61, 1, 64));
  ExpectDataLoss<MatrixXd>(
      Npy(std::int64_t{1} << 32, std::int64_t{1} << 32, 64));
  ExpectDataLoss<VectorXd>(Npy({.descr = "<f8", .shape = {kMaxExtent}}, 64));
  ExpectDataLoss<VectorXd>(Npy({.descr = "<f8", .shape = {9}}, 64));
}

TEST(EigenDenseErrorTest, AVastExtentOfNothingIsAMatrix) {
  const absl::StatusOr<MatrixXd> value =
      FromBytes<MatrixXd>(Npy(kMaxExtent, 0, 0));
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->rows(), kMaxExtent);
  EXPECT_EQ(value->size(), 0);
}

TEST(EigenDenseErrorTest, BooleansAreZeroOrOne) {
  using Booleans = Eigen::Matrix<bool, Dynamic, 1>;
  std::string bytes = *BytesOf(Booleans(Booleans::Constant(3, true)));
  EXPECT_TRUE(FromBytes<Booleans>(bytes).ok());
  bytes.back() = 2;
  EXPECT_THAT(ErrorOf<Booleans>(bytes).ToString(),
              HasSubstr("found a byte above 1"));
}

// What NumPy before 1.14 wrote: padded to a multiple of 16 only.
TEST(EigenDenseErrorTest, AForeignHeaderIsReadButNotViewedOutOfAlignment) {
  const std::string dict =
      "{'descr': '<f8', 'fortran_order': True, 'shape': (1, 2), }          "
      " \n";
  ASSERT_EQ(dict.size(), 70u);
  const double values[] = {1, 2};
  std::string bytes("\x93NUMPY\1\0\x46\0", 10);
  bytes += dict;
  bytes.append(reinterpret_cast<const char*>(values), sizeof(values));
  const absl::StatusOr<MatrixXd> value = FromBytes<MatrixXd>(bytes);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*value, Eigen::RowVector2d(1, 2));
  EXPECT_EQ(View<MatrixXd>::Of(Blob::Copy(std::as_bytes(std::span(bytes))))
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace ireneo
