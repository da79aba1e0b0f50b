// Fills a store with a dense matrix of every scalar type in both storage
// orders, vectors, arrays, tensors and a diagonal, for NumPy to read:
// numpy_test.py. For each, prints: file, digest, NumPy's name of the scalar
// type, C or F, rows, columns, and the number of dimensions of the array. A
// tensor has a third dimension of rows + columns.
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
#include "ireneo/serializers/eigen_diagonal.h"
#include "ireneo/serializers/eigen_tensor.h"
#include "ireneo/serializers/standard.h"
#include "unsupported/Eigen/CXX11/Tensor"

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

template <typename T>
T MakeTensor(int rows, int cols) {
  T tensor(rows, cols, rows + cols);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) {
      for (int k = 0; k < rows + cols; ++k) {
        tensor(i, j, k) = ValueAt<typename T::Scalar>(i, j + k);
      }
    }
  }
  return tensor;
}

Eigen::DiagonalMatrix<double, Dynamic> MakeDiagonal(int rows, int cols) {
  return Eigen::DiagonalMatrix<double, Dynamic>(
      MakeArray<Eigen::VectorXd>(rows, cols));
}

class Writer {
 public:
  explicit Writer(ireneo::MemoStore store) : store_(std::move(store)) {}

  template <typename T>
  void Write(const std::string& dtype, const std::string& order, int rows,
             int cols) {
    Write(MakeArray<T>, dtype, order, rows, cols,
          T::IsVectorAtCompileTime ? 1 : 2);
  }

  template <typename T>
  void Write(T (*function)(int, int), const std::string& dtype,
             const std::string& order, int rows, int cols, int dimensions) {
    const auto make = ireneo::Memoize(
        store_, {.name = "numpy." + dtype, .version = "1"}, function);
    const auto handle = make.Recall(rows, cols);
    if (!handle.ok()) {
      std::cerr << handle.status() << '\n';
      std::exit(1);
    }
    std::cout << store_.BlobPath(handle->digest()).native() << ' '
              << handle->digest().ToString() << ' ' << dtype << ' ' << order
              << ' ' << rows << ' ' << cols << ' ' << dimensions << '\n';
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

  template <typename Scalar>
  void WriteTensors(const std::string& dtype) {
    for (const auto& [rows, cols] : {std::pair(20, 15), {3, 2}}) {
      Write(MakeTensor<Eigen::Tensor<Scalar, 3>>, dtype, "F", rows, cols, 3);
      Write(MakeTensor<Eigen::Tensor<Scalar, 3, Eigen::RowMajor>>, dtype, "C",
            rows, cols, 3);
    }
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
  writer.WriteTensors<std::int16_t>("int16");
  writer.WriteTensors<std::complex<double>>("complex128");
  writer.Write(MakeDiagonal, "float64", "C", 5000, 1, 1);
}
