// How fast values become digests, next to XXH3 in one call over the same bytes,
// SHA-256, and memcpy, which reads and writes them.

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/large_sparse.h"
#include "ireneo/memo/key.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_sparse.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sha256.h"
#include "ireneo/store/sink.h"
#include "xxh_x86dispatch.h"

namespace ireneo {
namespace {

using benchmarks::kKb;
using benchmarks::kMb;
using benchmarks::LargeSparse;
using benchmarks::RandomMatrix;
using benchmarks::SparseBytes;

template <typename T>
void DigestOf(benchmark::State& state, const T& value) {
  for (auto _ : state) {
    DigestSink sink;
    Write(value, sink);
    benchmark::DoNotOptimize(sink.digest());
  }
}

void SetBytes(benchmark::State& state, std::int64_t bytes) {
  state.SetBytesProcessed(state.iterations() * bytes);
}

void HashMatrix(benchmark::State& state) {
  const Eigen::MatrixXd matrix = RandomMatrix(state.range(0), 0);
  DigestOf(state, matrix);
  SetBytes(state, state.range(0));
}

void Xxh3(benchmark::State& state) {
  const Eigen::MatrixXd matrix = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(XXH3_128bits(matrix.data(), matrix.size() * 8));
  }
  SetBytes(state, state.range(0));
}

void Sha256OfMatrix(benchmark::State& state) {
  const Eigen::MatrixXd matrix = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    Sha256Hasher hasher;
    hasher.Update(std::as_bytes(std::span(matrix.data(), matrix.size())));
    benchmark::DoNotOptimize(hasher.Finish());
  }
  SetBytes(state, state.range(0));
}

// Into memory that was touched before.
void Memcpy(benchmark::State& state) {
  const Eigen::MatrixXd matrix = RandomMatrix(state.range(0), 0);
  Eigen::MatrixXd copy = matrix;
  for (auto _ : state) {
    std::memcpy(copy.data(), matrix.data(), state.range(0));
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  SetBytes(state, state.range(0));
}

// A block of columns of `range(0)` bytes, with gaps of `range(1)` between them.
struct Block {
  explicit Block(const benchmark::State& state)
      : rows(state.range(0) / 8),
        matrix(Eigen::MatrixXd::Random(rows + state.range(1) / 8,
                                       kBytes / state.range(0))) {}

  static constexpr std::int64_t kBytes = 16 * kMb;
  const Eigen::Index rows;
  const Eigen::MatrixXd matrix;
};

void HashBlock(benchmark::State& state) {
  const Block block(state);
  DigestOf(state, block.matrix.topRows(block.rows));
  SetBytes(state, Block::kBytes);
}

// As many bytes without gaps.
void HashBlockPeer(benchmark::State& state) {
  const Eigen::MatrixXd matrix = RandomMatrix(Block::kBytes, 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(XXH3_128bits(matrix.data(), matrix.size() * 8));
  }
  SetBytes(state, Block::kBytes);
}

// The same bytes where they are, a digest for each column.
void HashBlockColumns(benchmark::State& state) {
  const Block block(state);
  for (auto _ : state) {
    for (Eigen::Index j = 0; j < block.matrix.cols(); ++j) {
      benchmark::DoNotOptimize(
          XXH3_128bits(block.matrix.col(j).data(), block.rows * 8));
    }
  }
  SetBytes(state, Block::kBytes);
}

struct Params {
  double tolerance = 1e-9;
  double damping = 0.5;
  std::int32_t max_iterations = 100;
  std::int32_t restart = 30;
  bool verbose = false;

  static constexpr char kIreneoType[] = "bench.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.damping, self.max_iterations, self.restart,
          self.verbose);
  };
};

// The key of a call with one argument, a struct of five scalars.
void KeyOfStruct(benchmark::State& state) {
  const Digest function = FunctionDigest({.name = "bench.F",
                                          .version = "1",
                                          .result_type = "f64",
                                          .argument_types = {"f64"}});
  Params params;
  for (auto _ : state) {
    benchmark::DoNotOptimize(params);
    DigestSink sink;
    Write(params, sink);
    const Digest argument = sink.digest();
    benchmark::DoNotOptimize(CallKey(function, std::span(&argument, 1)));
  }
}

// The least that it could take: two digests.
void KeyOfStructPeer(benchmark::State& state) {
  Params params;
  std::array<std::byte, 62> call = {};
  for (auto _ : state) {
    benchmark::DoNotOptimize(params);
    const XXH128_hash_t argument = XXH3_128bits(&params, 25);
    std::memcpy(call.data() + 40, &argument, sizeof(argument));
    benchmark::DoNotOptimize(XXH3_128bits(call.data(), call.size()));
  }
}

void HashSparse(benchmark::State& state) {
  DigestOf(state, LargeSparse());
  SetBytes(state, SparseBytes());
}

// Its three arrays.
void HashSparsePeer(benchmark::State& state) {
  const Eigen::SparseMatrix<double>& matrix = LargeSparse();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        XXH3_128bits(matrix.outerIndexPtr(), matrix.outerSize() * 4));
    benchmark::DoNotOptimize(
        XXH3_128bits(matrix.innerIndexPtr(), matrix.nonZeros() * 4));
    benchmark::DoNotOptimize(
        XXH3_128bits(matrix.valuePtr(), matrix.nonZeros() * 8));
  }
  SetBytes(state, SparseBytes());
}

#define SIZES Arg(8 * kKb)->Arg(kMb)->Arg(64 * kMb)
// That often, as to make the matrix takes longer.
#define LARGE Arg(512 * kMb)->Iterations(5)->UseRealTime()
BENCHMARK(HashMatrix)->SIZES;
BENCHMARK(Xxh3)->Name("HashMatrix/XXH3")->SIZES;
BENCHMARK(Sha256OfMatrix)->Name("HashMatrix/SHA-256")->SIZES;
BENCHMARK(Memcpy)->Name("HashMatrix/memcpy")->SIZES;
BENCHMARK(HashMatrix)->LARGE;
BENCHMARK(Xxh3)->Name("HashMatrix/XXH3")->LARGE;
BENCHMARK(Memcpy)->Name("HashMatrix/memcpy")->LARGE;
#define BLOCKS \
  Args({1024, 64})->Args({1024, 1024})->Args({8192, 64})->Args({8192, 8192})
BENCHMARK(HashBlock)->BLOCKS;
BENCHMARK(HashBlockColumns)->Name("HashBlock/XXH3 of each column")->BLOCKS;
BENCHMARK(HashBlockPeer)->Name("HashBlock/XXH3 in one piece")->BLOCKS;
BENCHMARK(KeyOfStruct);
BENCHMARK(KeyOfStructPeer)->Name("KeyOfStruct/XXH3");
BENCHMARK(HashSparse);
BENCHMARK(HashSparsePeer)->Name("HashSparse/XXH3");

}  // namespace
}  // namespace ireneo
