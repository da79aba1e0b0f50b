// Hits and misses of a function that takes a matrix of some size and returns
// one of that size, and chains of such functions.
//
// The function itself takes nothing: what it returns was made before. By value:
// the argument is hashed and the result copied; by view: the argument is hashed
// and the result mapped; by handle: both are handles. Where joblib maps results
// it is a peer of the latter two.

#include <Eigen/Core>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/hand_written_caches.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

using benchmarks::Bytes;
using benchmarks::CheckOk;
using benchmarks::Die;
using benchmarks::FileCache;
using benchmarks::HashOf;
using benchmarks::kKb;
using benchmarks::kMb;
using benchmarks::OpenStore;
using benchmarks::RandomMatrix;
using benchmarks::Scratch;
using benchmarks::SqliteCache;
using benchmarks::TimeIteration;
using Eigen::MatrixXd;

// What `Prepared` returns next.
MatrixXd& Result() {
  static MatrixXd& result = *new MatrixXd;
  return result;
}

MatrixXd Prepared(const MatrixXd&) { return std::move(Result()); }

auto Memoized(MemoStore store) {
  return Memoize(std::move(store),
                 {.name = "bench.Prepared",
                  .version = "1",
                  .keep_arguments = KeepArguments::kNone},
                 Prepared);
}

// A store that knows the result for one argument, made by a call whose argument
// is a result itself.
struct Known {
  explicit Known(std::int64_t bytes) {
    Result() = RandomMatrix(bytes, 0);
    const auto make = Memoize(store, {.name = "bench.Make", .version = "1"},
                              [](std::int32_t) { return std::move(Result()); });
    absl::StatusOr<Remembered<MatrixXd>> made = make.Recall(0);
    CheckOk(made.status());
    handle.emplace(*std::move(made));
    absl::StatusOr<MatrixXd> value = handle->Load();
    CheckOk(value.status());
    argument = *std::move(value);
    Result() = RandomMatrix(bytes, 1);
    expected = Result()(1, 1);
    prepared(argument);
    benchmarks::LetFilesAge();
    prepared(argument);  // Checks the file.
  }

  const Scratch scratch;
  const MemoStore store = OpenStore(scratch.path());
  const decltype(Memoized(store)) prepared = Memoized(store);
  std::optional<Remembered<MatrixXd>> handle;
  MatrixXd argument;
  double expected = 0;
};

void HitByValue(benchmark::State& state) {
  const Known known(state.range(0));
  for (auto _ : state) {
    TimeIteration(state, [&] {
      const MatrixXd result = known.prepared(known.argument);
      if (result(1, 1) != known.expected) Die("a wrong result");
    });
  }
}

// The least that it can take.
void HashAndCopy(benchmark::State& state) {
  const MatrixXd argument = RandomMatrix(state.range(0), 0);
  const MatrixXd result = RandomMatrix(state.range(0), 1);
  for (auto _ : state) {
    TimeIteration(state, [&] {
      if (HashOf(Bytes(argument)).low64 == 0) Die("no hash");
      MatrixXd copy(result.rows(), result.cols());
      std::memcpy(copy.data(), result.data(), Bytes(result).size());
      benchmark::DoNotOptimize(copy.data());
      benchmark::ClobberMemory();
    });
  }
}

// Changes `matrix` to one of another digest, in a time that does not count.
void Change(MatrixXd& matrix) { matrix(1, 1) += 1; }

template <typename Cache>
void PeerHit(benchmark::State& state) {
  const Scratch scratch;
  Cache cache(scratch.path() / "cache");
  const MatrixXd argument = RandomMatrix(state.range(0), 0);
  const MatrixXd stored = RandomMatrix(state.range(0), 1);
  cache.Put(HashOf(Bytes(argument)), stored.data(), Bytes(stored).size());
  for (auto _ : state) {
    TimeIteration(state, [&] {
      MatrixXd result(stored.rows(), stored.cols());
      if (!cache.Get(HashOf(Bytes(argument)), result.data(),
                     Bytes(result).size()) ||
          result(1, 1) != stored(1, 1)) {
        Die("a wrong result");
      }
    });
  }
}

void HitByView(benchmark::State& state) {
  const Known known(state.range(0));
  for (auto _ : state) {
    TimeIteration(state, [&] {
      const auto handle = known.prepared.Recall(known.argument);
      CheckOk(handle.status());
      const auto view = handle->View();
      if (!view.ok() || (*view)(1, 1) != known.expected) Die("a wrong result");
    });
  }
}

void Hash(benchmark::State& state) {
  const MatrixXd argument = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    TimeIteration(state, [&] {
      if (HashOf(Bytes(argument)).low64 == 0) Die("no hash");
    });
  }
}

void HitByHandle(benchmark::State& state) {
  const Known known(state.range(0));
  known.prepared.Recall(*known.handle)->View().IgnoreError();
  for (auto _ : state) {
    TimeIteration(state, [&] {
      const auto handle = known.prepared.Recall(*known.handle);
      CheckOk(handle.status());
      const auto view = handle->View();
      if (!view.ok() || (*view)(1, 1) != known.expected) Die("a wrong result");
    });
  }
}

void MatrixMiss(benchmark::State& state) {
  const Scratch scratch;
  const auto prepared = Memoized(OpenStore(scratch.path()));
  MatrixXd argument = RandomMatrix(state.range(0), 0);
  MatrixXd result = RandomMatrix(state.range(0), 1);
  Result() = result;
  prepared(argument);
  for (auto _ : state) {
    Change(argument);
    Change(result);
    Result() = result;
    benchmarks::TakeMemory(2 * state.range(0));
    TimeIteration(state, [&] {
      const MatrixXd computed = prepared(argument);
      if (computed(1, 1) != result(1, 1)) Die("a wrong result");
    });
  }
}

template <typename Cache>
void PeerMiss(benchmark::State& state) {
  const Scratch scratch;
  Cache cache(scratch.path() / "cache");
  MatrixXd argument = RandomMatrix(state.range(0), 0);
  MatrixXd result = RandomMatrix(state.range(0), 1);
  cache.Put(HashOf(Bytes(argument)), result.data(), Bytes(result).size());
  double found = 0;
  for (auto _ : state) {
    Change(argument);
    Change(result);
    benchmarks::TakeMemory(2 * state.range(0));
    TimeIteration(state, [&] {
      const XXH128_hash_t key = HashOf(Bytes(argument));
      if (cache.Get(key, &found, sizeof(found))) Die("is there already");
      cache.Put(key, result.data(), Bytes(result).size());
    });
  }
}

constexpr std::int64_t kChained = 100 * kMb;
constexpr int kStages = 5;

MatrixXd Make(std::int32_t seed) {
  return RandomMatrix(kChained, static_cast<std::uint64_t>(seed));
}

MatrixXd Add(const MatrixXd& a, double x) { return a.array() + x; }

auto MemoizedMake(const MemoStore& store) {
  return Memoize(store, {.name = "bench.Make", .version = "1"}, Make);
}

auto MemoizedAdd(const MemoStore& store) {
  return Memoize(store, {.name = "bench.Add", .version = "1"}, Add);
}

// A chain of kStages calls, each of the result of the one before; tells the
// time of a stage.
class Chain {
 public:
  void Run() const {
    absl::StatusOr<Remembered<MatrixXd>> a = make_.Recall(1);
    for (int i = 1; i < kStages && a.ok(); ++i) a = add_.Recall(*a, i);
    CheckOk(a.status());
  }
  void Time(benchmark::State& state) const {
    const benchmarks::Clock::time_point start = benchmarks::Clock::now();
    Run();
    state.SetIterationTime(benchmarks::SecondsSince(start) / kStages);
  }

 private:
  const Scratch scratch_;
  const MemoStore store_ = OpenStore(scratch_.path());
  const decltype(MemoizedMake(store_)) make_ = MemoizedMake(store_);
  const decltype(MemoizedAdd(store_)) add_ = MemoizedAdd(store_);
};

void ColdChainStage(benchmark::State& state) {
  const Chain chain;
  for (auto _ : state) chain.Time(state);
}

void ChainStage(benchmark::State& state) {
  const Chain chain;
  chain.Run();
  for (auto _ : state) chain.Time(state);
}

void RegisterAll(std::int64_t bytes, int misses, int hits) {
  const auto add = [&](const char* name, void (*function)(benchmark::State&),
                       int iterations) {
    auto* const registered = benchmarks::Register(name, function)
                                 ->Arg(bytes)
                                 ->Iterations(iterations);
    // What takes this long varies more than calls that are averaged.
    if (iterations == 1) registered->Repetitions(3);
  };
  add("MatrixMiss", &MatrixMiss, misses);
  add("MatrixMiss/files", &PeerMiss<FileCache>, misses);
  if (bytes <= 64 * kMb)
    add("MatrixMiss/SQLite", &PeerMiss<SqliteCache>, misses);
  add("HitByValue", &HitByValue, hits);
  add("HitByValue/files", &PeerHit<FileCache>, hits);
  if (bytes <= 64 * kMb) add("HitByValue/SQLite", &PeerHit<SqliteCache>, hits);
  add("HitByValue/XXH3, memcpy", &HashAndCopy, hits);
  add("HitByView", &HitByView, hits);
  add("HitByView/XXH3", &Hash, hits);
  add("HitByHandle", &HitByHandle, 1000);
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::kKb;
  using ireneo::kMb;
  ireneo::RegisterAll(8 * kKb, 200, 2000);
  ireneo::RegisterAll(kMb, 30, 300);
  ireneo::RegisterAll(64 * kMb, 3, 7);
  ireneo::RegisterAll(512 * kMb, 1, 3);
  ireneo::benchmarks::Register("ColdChainStage", &ireneo::ColdChainStage);
  ireneo::benchmarks::Register("ChainStage", &ireneo::ChainStage)
      ->Iterations(50);
  return ireneo::benchmarks::RunRegistered(argc, argv);
}
