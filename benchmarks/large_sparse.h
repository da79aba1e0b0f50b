#ifndef IRENEO_BENCHMARKS_LARGE_SPARSE_H_
#define IRENEO_BENCHMARKS_LARGE_SPARSE_H_

// A sparse matrix of 124 MB, made once.

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <cstdint>

namespace ireneo::benchmarks {

// 10^6 x 10^6, ten coefficients in each column.
inline const Eigen::SparseMatrix<double>& LargeSparse() {
  static const auto* const matrix = [] {
    constexpr int kSize = 1'000'000;
    auto* const sparse = new Eigen::SparseMatrix<double>(kSize, kSize);
    sparse->reserve(Eigen::VectorXi::Constant(kSize, 10));
    for (int column = 0; column < kSize; ++column) {
      for (int i = 0; i < 10; ++i) {
        sparse->insert(i * (kSize / 10) + column % (kSize / 10), column) = i;
      }
    }
    sparse->makeCompressed();
    return sparse;
  }();
  return *matrix;
}

inline std::int64_t SparseBytes() {
  return LargeSparse().nonZeros() * 12 + LargeSparse().outerSize() * 4;
}

}  // namespace ireneo::benchmarks

#endif  // IRENEO_BENCHMARKS_LARGE_SPARSE_H_
