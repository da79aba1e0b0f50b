#include "ireneo/serializers/eigen_diagonal.h"

#include <complex>
#include <cstdint>
#include <string>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::Eigen::DiagonalMatrix;
using ::Eigen::Dynamic;
using ::Eigen::VectorXd;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using DiagonalXd = DiagonalMatrix<double, Dynamic>;

struct SameDiagonal {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a.rows() == b.rows() && a.diagonal() == b.diagonal();
  }
};

TEST(EigenDiagonalTest, Serializers) {
  EXPECT_TRUE(VerifySerializer<DiagonalXd>(
      {DiagonalXd(0), DiagonalXd(VectorXd::Ones(1)),
       DiagonalXd(VectorXd::Ones(2)), DiagonalXd(VectorXd::Zero(2))},
      SameDiagonal()));
  using Fixed = DiagonalMatrix<std::complex<float>, 2>;
  EXPECT_TRUE(
      VerifySerializer<Fixed>({Fixed(1, 2), Fixed(2, 1)}, SameDiagonal()));
  using Bounded = DiagonalMatrix<bool, Dynamic, 4>;
  Bounded three(3);
  three.diagonal().setConstant(true);
  EXPECT_TRUE(VerifySerializer<Bounded>({Bounded(0), three}, SameDiagonal()));
}

TEST(EigenDiagonalTest, Names) {
  EXPECT_EQ(TypeName<DiagonalXd>(), "eigen.diagonal<<f8,?>/1");
  EXPECT_EQ((TypeName<DiagonalMatrix<float, 3>>()), "eigen.diagonal<<f4,3>/1");
  EXPECT_EQ((TypeName<DiagonalMatrix<Eigen::bfloat16, Dynamic, 4>>()),
            "eigen.diagonal<bf16,?4>/1");
  static_assert(!Hashable<DiagonalMatrix<long double, 3>>);
}

TEST(EigenDiagonalTest, BytesAreThoseOfTheVector) {
  const VectorXd v = VectorXd::LinSpaced(5, 0, 1);
  EXPECT_EQ(*BytesOf(DiagonalXd(v)), *BytesOf(v));
  EXPECT_NE(RefOf(DiagonalXd(v))->type, RefOf(v)->type);
}

TEST(EigenDiagonalTest, ExpressionsMakeTheKeyOfTheMatrix) {
  const VectorXd v = VectorXd::LinSpaced(5, 0, 1);
  const DiagonalXd d(v);
  EXPECT_EQ(*RefOf(v.asDiagonal()), *RefOf(d));
  EXPECT_EQ(*RefOf(d * 2.0), *RefOf(DiagonalXd(2 * v)));
  EXPECT_EQ(*RefOf(d + d), *RefOf(DiagonalXd(2 * v)));
  static_assert(!Storable<Eigen::DiagonalWrapper<const VectorXd>>);
}

TEST(EigenDiagonalTest, ErrorsNameTheDiagonalMatrix) {
  const absl::StatusOr<DiagonalMatrix<double, 3>> read =
      FromBytes<DiagonalMatrix<double, 3>>(*BytesOf(Eigen::Vector2d(1, 2)));
  EXPECT_EQ(read.status(),
            absl::DataLossError("npy: expected eigen.diagonal<<f8,3>/1, found "
                                "<f8 (2,) C order"));
}

}  // namespace
}  // namespace ireneo
