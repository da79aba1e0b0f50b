// Names and bytes of dense Eigen types. The digests are also those of the files
// that NumPy 1.24.2 wrote of the same arrays.

#include <complex>
#include <cstdint>

#include "Eigen/Core"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "tests/golden/golden.h"

namespace ireneo {
namespace {

using ::Eigen::Dynamic;
using ::Eigen::Matrix;
using ::ireneo::testing::ExpectPinned;

template <typename Scalar>
void ExpectPinnedMatrix(const char* name, const char* bytes) {
  Matrix<Scalar, Dynamic, Dynamic> a(2, 2);
  a << Scalar(1), Scalar(0), Scalar(1), Scalar(1);
  ExpectPinned(a, name, bytes);
}

TEST(GoldenTest, EigenScalars) {
  ExpectPinnedMatrix<bool>("eigen<|b1,?,?,F>/1",
                           "xxh3:260e5c1b8741a3fe8a53e0899a955b5b");
  ExpectPinnedMatrix<std::int8_t>("eigen<|i1,?,?,F>/1",
                                  "xxh3:413332f38f2712c06ab9d0e366b8dfbb");
  ExpectPinnedMatrix<std::int16_t>("eigen<<i2,?,?,F>/1",
                                   "xxh3:31e2494e02de038dd9dbd079a1e4397b");
  ExpectPinnedMatrix<std::int32_t>("eigen<<i4,?,?,F>/1",
                                   "xxh3:1e50e15c223d685306692fdb4c4e012e");
  ExpectPinnedMatrix<std::int64_t>("eigen<<i8,?,?,F>/1",
                                   "xxh3:39d84d5ee3f76bff7612d36202e442f7");
  ExpectPinnedMatrix<std::uint8_t>("eigen<|u1,?,?,F>/1",
                                   "xxh3:9e5458383ef2e50474beea8348e88361");
  ExpectPinnedMatrix<std::uint16_t>("eigen<<u2,?,?,F>/1",
                                    "xxh3:e2a6ab0e58f914c5207a46fd6546bf05");
  ExpectPinnedMatrix<std::uint32_t>("eigen<<u4,?,?,F>/1",
                                    "xxh3:cd4225928e6301462d5ab3472a0f6ec5");
  ExpectPinnedMatrix<std::uint64_t>("eigen<<u8,?,?,F>/1",
                                    "xxh3:f7be463994b86fed860dcb4735c240a1");
  ExpectPinnedMatrix<Eigen::half>("eigen<<f2,?,?,F>/1",
                                  "xxh3:1f853c4d35738c41493d507224d659b6");
  ExpectPinnedMatrix<float>("eigen<<f4,?,?,F>/1",
                            "xxh3:0f9680f80342d8d803454bcb8792e0d3");
  ExpectPinnedMatrix<double>("eigen<<f8,?,?,F>/1",
                             "xxh3:c99d4129d53138c87f68bc76db976801");
  ExpectPinnedMatrix<std::complex<float>>(
      "eigen<<c8,?,?,F>/1", "xxh3:1ffe3c894370c48a78dbcc517d15b29d");
  ExpectPinnedMatrix<std::complex<double>>(
      "eigen<<c16,?,?,F>/1", "xxh3:14ec808e97e5ea9608a15e718ac6ae18");
}

TEST(GoldenTest, EigenShapes) {
  Eigen::MatrixXd a(2, 3);
  a << 1, 2, 3, 4, 5, 6;
  ExpectPinned(a, "eigen<<f8,?,?,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>(a),
               "eigen<<f8,?,?,C>/1", "xxh3:a6563a20e9de0576f7b6ea857ba6329b");
  ExpectPinned(Matrix<double, 2, 3>(a), "eigen<<f8,2,3,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Matrix<double, Dynamic, Dynamic, Eigen::ColMajor, 3, 4>(a),
               "eigen<<f8,?3,?4,F>/1", "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Eigen::VectorXd(a.col(1)), "eigen<<f8,?,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(Eigen::RowVectorXd(a.row(1)), "eigen<<f8,1,?,C>/1",
               "xxh3:46cd3ce647ca71f6f5484c76d9fefd0b");
  ExpectPinned(Eigen::Vector2d(a.col(1)), "eigen<<f8,2,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(Eigen::MatrixXd(0, 3), "eigen<<f8,?,?,F>/1",
               "xxh3:8dbf98fa8dc3428e44f10acc1932838c");
  ExpectPinned(Eigen::ArrayXXd(a), "eigen.array<<f8,?,?,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Eigen::ArrayXd(a.col(1)), "eigen.array<<f8,?,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(a.row(1), "eigen<<f8,1,?,C>/1",
               "xxh3:46cd3ce647ca71f6f5484c76d9fefd0b");
  ExpectPinned(a.transpose(), "eigen<<f8,?,?,C>/1",
               "xxh3:96c7cdc5ca6f983fe2e838ec5dadd448");
}

}  // namespace
}  // namespace ireneo
