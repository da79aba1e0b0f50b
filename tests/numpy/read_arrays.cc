// Reads .npy files that numpy_test.py wrote as C++ types and prints what they
// hold, for it to compare. For each argument pair, one line: the digest of the
// value, or its error.
//
// usage: read_arrays TYPE FILE [TYPE FILE]...

#include <Eigen/Core>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <span>
#include <string>

#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_tensor.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/source.h"
#include "unsupported/Eigen/CXX11/Tensor"

namespace {

using Eigen::Dynamic;

// The file that Ireneo writes of the value has that digest.
template <typename T>
std::string ReadArray(const ireneo::Blob& blob) {
  ireneo::Source source(blob);
  const absl::StatusOr<T> value = ireneo::Read<T>(source);
  if (!value.ok()) return value.status().ToString();
  if (!source.Finish().ok()) return source.Finish().ToString();
  const absl::StatusOr<ireneo::ValueRef> ref = ireneo::RefOf(*value);
  return ref.ok() ? ref->digest.ToString() : ref.status().ToString();
}

using Reader = std::function<std::string(const ireneo::Blob&)>;
using Readers = std::map<std::string, Reader>;

template <typename Scalar>
void AddReaders(const std::string& dtype, Readers& readers) {
  readers[dtype + "_vector"] = ReadArray<Eigen::Matrix<Scalar, Dynamic, 1>>;
  readers[dtype + "_matrix"] =
      ReadArray<Eigen::Matrix<Scalar, Dynamic, Dynamic>>;
  readers[dtype + "_tensor0"] = ReadArray<Eigen::Tensor<Scalar, 0>>;
  readers[dtype + "_tensor3"] = ReadArray<Eigen::Tensor<Scalar, 3>>;
  readers[dtype + "_tensor4"] =
      ReadArray<Eigen::Tensor<Scalar, 4, Eigen::RowMajor>>;
}

}  // namespace

int main(int argc, char** argv) {
  Readers readers;
  AddReaders<bool>("bool", readers);
  AddReaders<std::int8_t>("int8", readers);
  AddReaders<std::int64_t>("int64", readers);
  AddReaders<std::uint16_t>("uint16", readers);
  AddReaders<Eigen::half>("float16", readers);
  AddReaders<float>("float32", readers);
  AddReaders<double>("float64", readers);
  AddReaders<std::complex<double>>("complex128", readers);
  for (int i = 1; i + 1 < argc; i += 2) {
    std::ifstream file(argv[i + 1], std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::cout << readers.at(argv[i])(
                     ireneo::Blob::Copy(std::as_bytes(std::span(bytes))))
              << '\n';
  }
}
