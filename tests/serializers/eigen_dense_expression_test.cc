// Expressions as arguments: they make the key of what they evaluate to.

#include "Eigen/Core"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/serializer.h"

namespace ireneo {
namespace {

using ::Eigen::Dynamic;
using ::Eigen::InnerStride;
using ::Eigen::Map;
using ::Eigen::MatrixXd;
using ::Eigen::OuterStride;
using ::Eigen::Ref;
using ::Eigen::Stride;
using ::Eigen::VectorXd;
using RowMajorXd = Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>;

// Whether `value` has the key of its own `PlainObject`.
template <typename T>
::testing::AssertionResult KeyIsThatOfThePlainObject(const T& value) {
  const typename T::PlainObject plain = value;
  const absl::StatusOr<ValueRef> expected = RefOf(plain);
  const absl::StatusOr<ValueRef> actual = RefOf(value);
  if (!expected.ok() || !actual.ok()) return ::testing::AssertionFailure();
  if (*expected == *actual) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << actual->type << " " << actual->digest.ToString() << " instead of "
         << expected->type << " " << expected->digest.ToString();
}

// 1, 2, 3, ... in storage order.
MatrixXd Counting(Eigen::Index rows, Eigen::Index cols) {
  return VectorXd::LinSpaced(rows * cols, 1, rows * cols).reshaped(rows, cols);
}

TEST(EigenDenseExpressionTest, MapsAndRefs) {
  const MatrixXd a = Counting(5, 7);
  const ValueRef key = *RefOf(a);
  EXPECT_EQ(*RefOf(Map<const MatrixXd>(a.data(), 5, 7)), key);
  EXPECT_EQ(*RefOf(Ref<const MatrixXd>(a)), key);
  MatrixXd b = a;
  EXPECT_EQ(*RefOf(Map<MatrixXd>(b.data(), 5, 7)), key);
  EXPECT_EQ(*RefOf(Ref<MatrixXd>(b)), key);
  EXPECT_EQ(*RefOf(Map<const MatrixXd, Eigen::Unaligned, Stride<0, 0>>(a.data(),
                                                                       5, 7)),
            key);
  const VectorXd v = VectorXd::LinSpaced(9, 0, 1);
  EXPECT_EQ(*RefOf(Ref<const VectorXd>(v)), *RefOf(v));
}

TEST(EigenDenseExpressionTest, MapsWithStrides) {
  const MatrixXd all = Counting(40, 40);
  const double* data = all.data();
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const MatrixXd, 0, OuterStride<>>(data, 5, 7, OuterStride<>(9))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const MatrixXd, 0, OuterStride<>>(data, 5, 7, OuterStride<>(2))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const MatrixXd, 0, OuterStride<>>(data, 5, 7, OuterStride<>(0))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const MatrixXd, 0, Stride<Dynamic, Dynamic>>(
          data, 5, 7, Stride<Dynamic, Dynamic>(30, 3))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const RowMajorXd, 0, Stride<Dynamic, Dynamic>>(
          data, 5, 7, Stride<Dynamic, Dynamic>(30, 3))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const MatrixXd, 0, Stride<Dynamic, Dynamic>>(
          data + 1000, 5, 7, Stride<Dynamic, Dynamic>(-30, -3))));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(
      Map<const VectorXd, 0, InnerStride<2>>(data, 700)));
  EXPECT_TRUE(
      KeyIsThatOfThePlainObject(Map<const Eigen::RowVectorXd, 0, InnerStride<>>(
          data, 10, InnerStride<>(7))));
}

TEST(EigenDenseExpressionTest, Blocks) {
  const MatrixXd a = Counting(40, 30);
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(2, 3, 7, 5)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block<4, 4>(2, 3)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(2, 3, 0, 5)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(2, 3, 1, 5)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(2, 3, 5, 1)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.leftCols(3)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.topRows(3)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.col(2)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.col(2).segment(3, 9)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.row(2).segment(3, 9)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(2, 3, 7, 5).row(1)));
  const RowMajorXd r = a;
  EXPECT_TRUE(KeyIsThatOfThePlainObject(r.block(2, 3, 7, 5)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(r.col(2)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(r.row(2)));
}

TEST(EigenDenseExpressionTest, ARowOfAMatrixIsARowVector) {
  const MatrixXd a = Counting(40, 1300);
  EXPECT_EQ(RefOf(a.row(2))->type, "eigen<<f8,1,?,C>/1");
  EXPECT_EQ(*RefOf(a.row(2)), *RefOf(Eigen::RowVectorXd(a.row(2))));
  EXPECT_EQ(*RefOf(Ref<const Eigen::RowVectorXd, 0, InnerStride<>>(a.row(2))),
            *RefOf(Eigen::RowVectorXd(a.row(2))));
}

TEST(EigenDenseExpressionTest, ATransposeHasTheOtherOrder) {
  const MatrixXd a = Counting(5, 7);
  EXPECT_EQ(RefOf(a.transpose())->type, "eigen<<f8,?,?,C>/1");
  EXPECT_EQ(*RefOf(a.transpose()), *RefOf(RowMajorXd(a.transpose())));
  EXPECT_NE(*RefOf(a.transpose()), *RefOf(MatrixXd(a.transpose())));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.transpose().transpose()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(1, 1, 3, 2).transpose()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.col(1).transpose()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.row(1).transpose()));
}

TEST(EigenDenseExpressionTest, ArraysAreAnotherType) {
  const MatrixXd a = Counting(5, 7);
  EXPECT_EQ(*RefOf(a.array()), *RefOf(Eigen::ArrayXXd(a)));
  EXPECT_NE(*RefOf(a.array()), *RefOf(a));
  EXPECT_EQ(*RefOf(a.array().matrix()), *RefOf(a));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(1, 1, 3, 2).array()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.array() > 3));
}

TEST(EigenDenseExpressionTest, ExpressionsWithoutMemory) {
  const MatrixXd a = Counting(5, 5);
  EXPECT_TRUE(KeyIsThatOfThePlainObject(2 * a + a));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a * a));
  EXPECT_TRUE(KeyIsThatOfThePlainObject((a * a).block(1, 1, 2, 2)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(MatrixXd::Identity(3, 4)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.diagonal()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.diagonal(1)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.reverse()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.colwise().sum()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a(Eigen::seq(1, 3), Eigen::all)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.reshaped(25, 1)));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.cast<float>()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(MatrixXd(0, 0).diagonal()));
}

TEST(EigenDenseExpressionTest, PartsOfComplexNumbers) {
  Eigen::MatrixXcd a(2, 3);
  a.real() = Counting(2, 3);
  a.imag() = -Counting(2, 3);
  const Eigen::MatrixXcd& c = a;
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.real()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(c.imag()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(0, 1, 2, 2).real()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.imag().transpose()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.conjugate()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.adjoint()));
  EXPECT_TRUE(KeyIsThatOfThePlainObject(a.block(0, 1, 2, 2)));
}

TEST(EigenDenseExpressionTest, ExpressionsCanNotBeResults) {
  static_assert(!Storable<Ref<MatrixXd>>);
  static_assert(!Storable<Map<const MatrixXd>>);
  static_assert(!Storable<Eigen::Transpose<MatrixXd>>);
  static_assert(Storable<MatrixXd>);
}

TEST(EigenDenseExpressionTest, MutableViewsAreKnown) {
  static_assert(kMutableView<Ref<MatrixXd>>);
  static_assert(!kMutableView<Ref<const MatrixXd>>);
  static_assert(kMutableView<Map<MatrixXd>>);
  static_assert(!kMutableView<Map<const MatrixXd>>);
  static_assert(!kMutableView<Map<const MatrixXd, Eigen::Aligned64>>);
  static_assert(kMutableView<Eigen::Block<MatrixXd>>);
  static_assert(!kMutableView<Eigen::Block<const MatrixXd>>);
  static_assert(
      !kMutableView<Eigen::Block<const Eigen::Block<const MatrixXd>>>);
  static_assert(kMutableView<Eigen::VectorBlock<VectorXd>>);
  static_assert(!kMutableView<Eigen::VectorBlock<const VectorXd>>);
  static_assert(kMutableView<Eigen::Transpose<MatrixXd>>);
  static_assert(!kMutableView<Eigen::Transpose<const MatrixXd>>);
  static_assert(!kMutableView<MatrixXd>);
  static_assert(!kMutableView<Eigen::ArrayXXd>);
}

}  // namespace
}  // namespace ireneo
