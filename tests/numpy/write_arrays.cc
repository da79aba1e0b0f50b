// Fills a store with a dense matrix of every scalar type in both storage
// orders, and vectors and arrays, for NumPy to read: numpy_test.py. For each,
// prints: file, NumPy's name of the scalar type, C or F, rows, columns, and
// the number of dimensions of the array.
//
// usage: write_arrays STORE

#include <Eigen/Core>
#include <complex>
#include <cstdint>
#include <iostream>
#include <string>
#include <type_traits>

#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace {

using Eigen::Dynamic;

constexpr int kRows = 80;
constexpr int kCols = 60;

// The value at row i, column j, as numpy_test.py computes it too: exact in
// every type.
template <typename Scalar>
Scalar ValueAt(int i, int j) {
  const int n = (7 * i + 3 * j) % 100;
  if constexpr (std::is_same_v<Scalar, bool>) {
    return n % 2 == 1;
  } else if constexpr (Eigen::NumTraits<Scalar>::IsComplex) {
    return Scalar(n - 50, j - i);
  } else if constexpr (Eigen::NumTraits<Scalar>::IsSigned) {
    return Scalar(n - 50);
  } else {
    return Scalar(n);
  }
}

template <typename T>
T MakeArray(int rows, int cols) {
  T array(rows, cols);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) {
      array(i, j) = ValueAt<typename T::Scalar>(i, j);
    }
  }
  return array;
}

class Writer {
 public:
  explicit Writer(ireneo::MemoStore store) : store_(std::move(store)) {}

  template <typename T>
  void Write(const std::string& dtype, const std::string& order, int rows,
             int cols) {
    const auto make = ireneo::Memoize(
        store_, {.name = "numpy." + dtype, .version = "1"}, MakeArray<T>);
    const auto handle = make.Recall(rows, cols);
    if (!handle.ok()) {
      std::cerr << handle.status() << '\n';
      std::exit(1);
    }
    constexpr int kDimensions = T::IsVectorAtCompileTime ? 1 : 2;
    std::cout << store_.BlobPath(handle->digest()).native() << ' '
              << handle->digest().ToString() << ' ' << dtype << ' ' << order
              << ' ' << rows << ' ' << cols << ' ' << kDimensions << '\n';
  }

  template <typename Scalar>
  void WriteAll(const std::string& dtype) {
    using Eigen::Array;
    using Eigen::Matrix;
    for (const auto& [rows, cols] : {std::pair(kRows, kCols), {3, 2}}) {
      Write<Matrix<Scalar, Dynamic, Dynamic>>(dtype, "F", rows, cols);
      Write<Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>>(dtype, "C", rows,
                                                               cols);
      Write<Array<Scalar, Dynamic, Dynamic>>(dtype, "F", rows, cols);
    }
    Write<Matrix<Scalar, kRows, Dynamic>>(dtype, "F", kRows, kCols);
    Write<Matrix<Scalar, Dynamic, 1>>(dtype, "C", 5000, 1);
    Write<Matrix<Scalar, 1, Dynamic>>(dtype, "C", 1, 5000);
  }

 private:
  ireneo::MemoStore store_;
};

}  // namespace

int main(int, char** argv) {
  absl::StatusOr<ireneo::MemoStore> store = ireneo::MemoStore::Open(argv[1]);
  if (!store.ok()) {
    std::cerr << store.status() << '\n';
    return 1;
  }
  Writer writer(*store);
  writer.WriteAll<bool>("bool");
  writer.WriteAll<std::int8_t>("int8");
  writer.WriteAll<std::int16_t>("int16");
  writer.WriteAll<std::int32_t>("int32");
  writer.WriteAll<std::int64_t>("int64");
  writer.WriteAll<std::uint8_t>("uint8");
  writer.WriteAll<std::uint16_t>("uint16");
  writer.WriteAll<std::uint32_t>("uint32");
  writer.WriteAll<std::uint64_t>("uint64");
  writer.WriteAll<Eigen::half>("float16");
  writer.WriteAll<float>("float32");
  writer.WriteAll<double>("float64");
  writer.WriteAll<std::complex<float>>("complex64");
  writer.WriteAll<std::complex<double>>("complex128");
}
