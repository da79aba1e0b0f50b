// Matrices, vectors and arrays: names, scalars, extents, round trips.

#include "ireneo/serializers/eigen_dense.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "Eigen/Core"
#include "gtest/gtest.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"

namespace ireneo {
namespace {

using ::Eigen::Dynamic;
using ::Eigen::Matrix;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::VerifySerializer;

template <typename Scalar>
using MatrixX = Matrix<Scalar, Dynamic, Dynamic>;

// Equal in shape and in every bit.
struct SameBits {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           (a.size() == 0 || std::memcmp(a.data(), b.data(),
                                         a.size() * sizeof(a.data()[0])) == 0);
  }
};

template <typename Scalar>
class EigenScalarTest : public ::testing::Test {};

using Scalars =
    ::testing::Types<bool, std::int8_t, std::int16_t, std::int32_t,
                     std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                     std::uint64_t, Eigen::half, Eigen::bfloat16, float, double,
                     std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(EigenScalarTest, Scalars);

TYPED_TEST(EigenScalarTest, Serializer) {
  using M = MatrixX<TypeParam>;
  M ones = M::Ones(2, 3);
  M changed = ones;
  changed(1, 2) = TypeParam(0);
  EXPECT_TRUE(
      VerifySerializer<M>({M(), ones, M::Ones(3, 2), changed}, SameBits()));
}

TEST(EigenDenseTest, NamesOfScalars) {
  EXPECT_EQ(TypeName<MatrixX<bool>>(), "eigen<|b1,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::int8_t>>(), "eigen<|i1,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::int16_t>>(), "eigen<<i2,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::int32_t>>(), "eigen<<i4,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::int64_t>>(), "eigen<<i8,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<long long>>(), "eigen<<i8,?,?,F>/1");  // NOLINT
  EXPECT_EQ(TypeName<MatrixX<std::uint8_t>>(), "eigen<|u1,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::uint16_t>>(), "eigen<<u2,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::uint32_t>>(), "eigen<<u4,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::uint64_t>>(), "eigen<<u8,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<Eigen::half>>(), "eigen<<f2,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<Eigen::bfloat16>>(), "eigen<bf16,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<float>>(), "eigen<<f4,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<double>>(), "eigen<<f8,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::complex<float>>>(), "eigen<<c8,?,?,F>/1");
  EXPECT_EQ(TypeName<MatrixX<std::complex<double>>>(), "eigen<<c16,?,?,F>/1");
}

TEST(EigenDenseTest, OtherScalarsAreLeftOut) {
  static_assert(!Hashable<MatrixX<char>>);
  static_assert(!Hashable<MatrixX<long double>>);
  static_assert(!Hashable<MatrixX<std::complex<long double>>>);
  static_assert(!Hashable<MatrixX<std::string>>);
}

TEST(EigenDenseTest, NamesOfExtentsAndOrders) {
  EXPECT_EQ(TypeName<Eigen::VectorXd>(), "eigen<<f8,?,1,F>/1");
  EXPECT_EQ(TypeName<Eigen::RowVectorXd>(), "eigen<<f8,1,?,C>/1");
  EXPECT_EQ(TypeName<Eigen::Matrix3f>(), "eigen<<f4,3,3,F>/1");
  EXPECT_EQ((TypeName<Matrix<float, 3, 3, Eigen::RowMajor>>()),
            "eigen<<f4,3,3,C>/1");
  EXPECT_EQ((TypeName<Matrix<double, Dynamic, 3>>()), "eigen<<f8,?,3,F>/1");
  EXPECT_EQ((TypeName<Matrix<double, 1, 1>>()), "eigen<<f8,1,1,F>/1");
  EXPECT_EQ((TypeName<Matrix<double, Dynamic, 1, Eigen::ColMajor, 4, 1>>()),
            "eigen<<f8,?4,1,F>/1");
  EXPECT_EQ(
      (TypeName<Matrix<double, Dynamic, Dynamic, Eigen::RowMajor, 4, 5>>()),
      "eigen<<f8,?4,?5,C>/1");
  EXPECT_EQ((TypeName<Matrix<double, 0, Dynamic>>()), "eigen<<f8,0,?,F>/1");
  EXPECT_EQ(TypeName<Eigen::ArrayXXd>(), "eigen.array<<f8,?,?,F>/1");
  EXPECT_EQ(TypeName<Eigen::ArrayXd>(), "eigen.array<<f8,?,1,F>/1");
}

TEST(EigenDenseTest, AlignmentIsNotInTheName) {
  using Packed = Matrix<double, 4, 1, Eigen::DontAlign>;
  EXPECT_EQ(TypeName<Packed>(), TypeName<Eigen::Vector4d>());
  EXPECT_EQ(*RefOf(Packed(1, 2, 3, 4)), *RefOf(Eigen::Vector4d(1, 2, 3, 4)));
  EXPECT_TRUE(VerifySerializer<Packed>({Packed::Zero(), Packed::Ones()}));
}

TEST(EigenDenseTest, VectorSerializers) {
  EXPECT_TRUE(VerifySerializer<Eigen::VectorXd>(
      {Eigen::VectorXd(), Eigen::VectorXd::Zero(1), Eigen::VectorXd::Zero(2),
       Eigen::VectorXd::Ones(2), Eigen::VectorXd::Zero(1000)},
      SameBits()));
  EXPECT_TRUE(VerifySerializer<Eigen::RowVectorXf>(
      {Eigen::RowVectorXf(), Eigen::RowVectorXf::Zero(3)}, SameBits()));
  EXPECT_TRUE(VerifySerializer<Eigen::Vector2d>(
      {Eigen::Vector2d(0, 1), Eigen::Vector2d(1, 0)}));
}

TEST(EigenDenseTest, FixedAndBoundedMatrixSerializers) {
  EXPECT_TRUE(VerifySerializer<Eigen::Matrix4f>(
      {Eigen::Matrix4f::Zero(), Eigen::Matrix4f::Identity()}));
  using RowMajor = Matrix<double, Dynamic, 3, Eigen::RowMajor>;
  EXPECT_TRUE(VerifySerializer<RowMajor>(
      {RowMajor(0, 3), RowMajor::Zero(1, 3), RowMajor::Zero(2, 3)},
      SameBits()));
  using Bounded = Matrix<double, Dynamic, Dynamic, Eigen::ColMajor, 3, 4>;
  EXPECT_TRUE(VerifySerializer<Bounded>(
      {Bounded(), Bounded::Zero(3, 4), Bounded::Zero(2, 4), Bounded::Zero(2, 0),
       Bounded::Zero(0, 2)},
      SameBits()));
  using Nothing = Matrix<double, 0, 0>;
  EXPECT_TRUE(VerifySerializer<Nothing>({Nothing()}, SameBits()));
}

TEST(EigenDenseTest, ArraySerializers) {
  EXPECT_TRUE(VerifySerializer<Eigen::ArrayXXd>(
      {Eigen::ArrayXXd(), Eigen::ArrayXXd::Zero(2, 3),
       Eigen::ArrayXXd::Zero(3, 2)},
      SameBits()));
  EXPECT_TRUE(VerifySerializer<Eigen::Array3i>(
      {Eigen::Array3i(1, 2, 3), Eigen::Array3i(3, 2, 1)}, SameBits()));
}

TEST(EigenDenseTest, NumbersCompareBitForBit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(VerifySerializer<Eigen::VectorXd>(
      {Eigen::VectorXd::Constant(1, 0.0), Eigen::VectorXd::Constant(1, -0.0),
       Eigen::VectorXd::Constant(1, nan), Eigen::VectorXd::Constant(1, -nan)},
      SameBits()));
}

TEST(EigenDenseTest, ShapeScalarOrderAndAlgebraAreInTheKey) {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Zero(2, 3);
  const std::vector<ValueRef> refs = {
      *RefOf(a),
      *RefOf(Eigen::MatrixXd(Eigen::MatrixXd::Zero(3, 2))),
      *RefOf(Eigen::MatrixXd(Eigen::MatrixXd::Zero(6, 1))),
      *RefOf(Eigen::VectorXd(Eigen::VectorXd::Zero(6))),
      *RefOf(Eigen::RowVectorXd(Eigen::RowVectorXd::Zero(6))),
      *RefOf(Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>(a)),
      *RefOf(Matrix<double, 2, 3>(a)),
      *RefOf(Eigen::ArrayXXd(a)),
      *RefOf(MatrixX<std::int64_t>(a.cast<std::int64_t>())),
      *RefOf(MatrixX<float>(a.cast<float>())),
      *RefOf(Eigen::MatrixXd(0, 0)),
      *RefOf(Eigen::MatrixXd(0, 3)),
      *RefOf(Eigen::MatrixXd(3, 0)),
  };
  for (std::size_t i = 0; i < refs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(refs[i], refs[j]);
  }
}

TEST(EigenDenseTest, BytesAreAHeaderOf128BytesAndTheCoefficients) {
  Eigen::Matrix2f a;
  a << 1, 2, 3, 4;
  const std::string bytes = *BytesOf(a);
  static constexpr char kStart[] =
      "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': True, "
      "'shape': (2, 2), }  ";
  EXPECT_TRUE(bytes.starts_with(std::string_view(kStart, sizeof(kStart) - 1)));
  const float stored[] = {1, 3, 2, 4};
  EXPECT_EQ(bytes.substr(128),
            std::string(reinterpret_cast<const char*>(stored), 16));
}

}  // namespace
}  // namespace ireneo
