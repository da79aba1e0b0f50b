// Names and bytes of Eigen's types beyond dense ones.
//
// All were computed a second time without this library: those of .npy files
// from what NumPy 1.24.2 wrote (for bfloat16 as elements '|V2'; for tensors of
// no elements with the order of the type), the others from the tables of
// store/FORMAT.md.

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "Eigen/Core"
#include "Eigen/Geometry"
#include "Eigen/SparseCore"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_diagonal.h"
#include "ireneo/serializers/eigen_geometry.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/eigen_sparse.h"
#include "ireneo/serializers/eigen_tensor.h"
#include "ireneo/serializers/standard.h"
#include "tests/golden/golden.h"
#include "unsupported/Eigen/CXX11/Tensor"

namespace ireneo {
namespace {

using ::Eigen::bfloat16;
using ::Eigen::DiagonalMatrix;
using ::Eigen::Dynamic;
using ::Eigen::half;
using ::Eigen::RowMajor;
using ::Eigen::Sizes;
using ::Eigen::SparseMatrix;
using ::Eigen::SparseVector;
using ::Eigen::Tensor;
using ::Eigen::TensorFixedSize;
using ::Eigen::TensorMap;
using ::Eigen::Transform;
using ::ireneo::testing::ExpectPinned;

TEST(EigenGoldenTest, Scalars) {
  ExpectPinned(half(1.0f), "f16", "003c");
  ExpectPinned(bfloat16(1.0f), "bf16", "803f");
  ExpectPinned(std::vector<half>{half(1.0f), half(2.0f)}, "vector<f16>",
               "0200000000000000003c0040");
  ExpectPinned(std::vector<bfloat16>(32, bfloat16(1.0f)), "vector<bf16>",
               "xxh3:931aa2682caff2e8f3d436c5d4864bbe");
  Eigen::Matrix<bfloat16, Dynamic, Dynamic> a(2, 2);
  a << bfloat16(1), bfloat16(2), bfloat16(3), bfloat16(4);
  ExpectPinned(a, "eigen<bf16,?,?,F>/1",
               "xxh3:570663e0995e6e68559438a225a333d1");
}

// 1, 2, 3, ... in storage order.
template <typename T>
T Counting(T tensor) {
  for (Eigen::Index i = 0; i < tensor.size(); ++i) {
    tensor.data()[i] = static_cast<typename T::Scalar>(i + 1);
  }
  return tensor;
}

TEST(EigenGoldenTest, Tensors) {
  const auto tensor = Counting(Tensor<double, 3>(2, 3, 4));
  ExpectPinned(tensor, "eigen.tensor<<f8,?,?,?,F>/1",
               "xxh3:4712777da244341c673ff50d59e97248");
  ExpectPinned(TensorMap<const Tensor<double, 3>>(tensor.data(), 2, 3, 4),
               "eigen.tensor<<f8,?,?,?,F>/1",
               "xxh3:4712777da244341c673ff50d59e97248");
  ExpectPinned(Counting(Tensor<double, 3, RowMajor>(2, 3, 4)),
               "eigen.tensor<<f8,?,?,?,C>/1",
               "xxh3:a566fcf9b74825760691bc022f47ffcb");
  ExpectPinned(Counting(TensorFixedSize<double, Sizes<2, 3>>()),
               "eigen.tensor<<f8,2,3,F>/1",
               "xxh3:fc6e752ba7da21ef142ac8ddebefbc2a");
  ExpectPinned(Counting(Tensor<float, 1>(3)), "eigen.tensor<<f4,?,F>/1",
               "xxh3:924ae4ca285ae334437cbf1ebeceac4a");
  ExpectPinned(Counting(Tensor<double, 0>()), "eigen.tensor<<f8,F>/1",
               "xxh3:65c5c0411fa9d9741058c9a868805789");
  ExpectPinned(Tensor<double, 3>(0, 2, 3), "eigen.tensor<<f8,?,?,?,F>/1",
               "xxh3:17f35c8053befb69d925a383b09f6393");
  Tensor<bool, 2> bools(2, 2);
  bools.setValues({{true, false}, {true, true}});
  ExpectPinned(bools, "eigen.tensor<|b1,?,?,F>/1",
               "xxh3:260e5c1b8741a3fe8a53e0899a955b5b");
}

TEST(EigenGoldenTest, Diagonals) {
  const Eigen::Vector2d v(1, 2);
  ExpectPinned(DiagonalMatrix<double, Dynamic>(v), "eigen.diagonal<<f8,?>/1",
               "xxh3:1b16185414b8c63b7e2bd225cc4786ea");
  ExpectPinned(DiagonalMatrix<double, 2>(v), "eigen.diagonal<<f8,2>/1",
               "xxh3:1b16185414b8c63b7e2bd225cc4786ea");
  ExpectPinned(DiagonalMatrix<double, Dynamic, 3>(v),
               "eigen.diagonal<<f8,?3>/1",
               "xxh3:1b16185414b8c63b7e2bd225cc4786ea");
  ExpectPinned(v.asDiagonal(), "eigen.diagonal<<f8,2>/1",
               "xxh3:1b16185414b8c63b7e2bd225cc4786ea");
}

TEST(EigenGoldenTest, Rotations) {
  ExpectPinned(
      Eigen::Quaterniond(/*w=*/1, 2, 3, 4), "eigen.quaternion<<f8>/1",
      "000000000000004000000000000008400000000000001040000000000000f03f");
  ExpectPinned(Eigen::Quaternionf(/*w=*/1, 2, 3, 4), "eigen.quaternion<<f4>/1",
               "0000004000004040000080400000803f");
  ExpectPinned(
      Eigen::AngleAxisd(0.5, Eigen::Vector3d::UnitY()),
      "eigen.angle_axis<<f8>/1",
      "000000000000e03f0000000000000000000000000000f03f0000000000000000");
}

TEST(EigenGoldenTest, Transforms) {
  const Eigen::Translation3d shift(1, 2, 3);
  ExpectPinned(Eigen::Affine3d(shift), "eigen.transform<<f8,3,affine,F>/1",
               "xxh3:e9ff179f0cbac481082683e23e765b14");
  ExpectPinned(Transform<double, 3, Eigen::Affine, RowMajor>(shift),
               "eigen.transform<<f8,3,affine,C>/1",
               "xxh3:65639800745888d7b6bbde7c6e5054a0");
  ExpectPinned(Eigen::AffineCompact3d(shift),
               "eigen.transform<<f8,3,affine_compact,F>/1",
               "xxh3:4fbc343b5d99b69dd18fc59616b74e6d");
  ExpectPinned(Eigen::Projective2d(Eigen::Projective2d::Identity()),
               "eigen.transform<<f8,2,projective,F>/1",
               "xxh3:1c1968ca4df7652fe7b783f7157eb199");
  ExpectPinned(Eigen::Isometry2f(Eigen::Isometry2f::Identity()),
               "eigen.transform<<f4,2,isometry,F>/1",
               "xxh3:e8dd8af1ccfaf6538686f85442699c03");
}

// 1 . 2 .
// . . . .    with an explicit zero at the lower right.
// . 3 . 0
template <typename T>
T Example() {
  T a(3, 4);
  a.insert(0, 0) = 1;
  a.insert(0, 2) = 2;
  a.insert(2, 1) = 3;
  a.insert(2, 3) = 0;
  return a;
}

TEST(EigenGoldenTest, SparseMatrices) {
  using Sparse = SparseMatrix<double>;
  using RowMajor64 = SparseMatrix<float, RowMajor, std::int64_t>;
  Sparse a = Example<Sparse>();
  EXPECT_FALSE(a.isCompressed());
  const char* const digest = "xxh3:d848f5ec0add467b3294bd85397db897";
  ExpectPinned(a, "eigen.sparse<<f8,<i4,F>/1", digest);
  a.makeCompressed();
  ExpectPinned(a, "eigen.sparse<<f8,<i4,F>/1", digest);
  ExpectPinned(Eigen::Ref<const Sparse>(a), "eigen.sparse<<f8,<i4,F>/1",
               digest);
  ExpectPinned(Example<RowMajor64>(), "eigen.sparse<<f4,<i8,C>/1",
               "xxh3:0efbcd0c18521d6a3c6ba82fd863b50e");
  ExpectPinned(Sparse(), "eigen.sparse<<f8,<i4,F>/1",
               "xxh3:d3c4f706d8fc547f093c29f27ecfcf21");
  ExpectPinned(Sparse(2, 3), "eigen.sparse<<f8,<i4,F>/1",
               "xxh3:6ae9f84b97ca12e700b6697565ae69d7");
  SparseMatrix<bool, 0, std::int8_t> bools(2, 1);
  bools.insert(0, 0) = true;
  bools.insert(1, 0) = false;
  ExpectPinned(bools, "eigen.sparse<|b1,|i1,F>/1",
               "xxh3:9516c03d85664439cd8368a88d33a79a");
}

TEST(EigenGoldenTest, SparseVectorsAndTriplets) {
  SparseVector<double> v(7);
  v.insert(2) = 1;
  v.insert(6) = -2;
  ExpectPinned(v, "eigen.sparse_vector<<f8,<i4,F>/1",
               "xxh3:f1d6192518da9b66f429fe09adfc91be");
  SparseVector<std::complex<float>, RowMajor, std::int64_t> row(7);
  row.insert(2) = {1, 2};
  row.insert(6) = -2;
  ExpectPinned(row, "eigen.sparse_vector<<c8,<i8,C>/1",
               "xxh3:37c95b6e37feb879d8dc089a1e834aee");
  ExpectPinned(Eigen::Triplet<double>(1, 2, 3), "eigen.triplet<<f8,<i4>/1",
               "01000000020000000000000000000840");
  ExpectPinned(Eigen::Triplet<bool, std::int64_t>(1, -2, true),
               "eigen.triplet<|b1,<i8>/1",
               "0100000000000000feffffffffffffff01");
}

}  // namespace
}  // namespace ireneo
