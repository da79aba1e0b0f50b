// What remembering costs: hits and misses of the smallest function, for which
// it is all of the cost.
//
// Names in the plural are of kCalls calls with as many arguments, one after the
// other; `Miss` is the median of those. EqualResults and TinyResults are no
// times but bytes of disk, after the store was closed.

#include <sys/stat.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <type_traits>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/hand_written_caches.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::FileCache;
using benchmarks::OpenStore;
using benchmarks::Scratch;
using benchmarks::SecondsSince;
using benchmarks::SqliteCache;

constexpr std::int32_t kCalls = 10'000;

// Fewer files, as the next programs pay for making so many.
template <typename Cache>
constexpr std::int32_t kCallsOf =
    std::is_same_v<Cache, FileCache> ? 1'000 : kCalls;

// Takes a nanosecond, so that what a call takes is the memory's.
std::int32_t Next(std::int32_t x) { return x + 1; }

auto Memoized(MemoStore store) {
  return Memoize(std::move(store), {.name = "bench.Next", .version = "1"},
                 Next);
}

// What a program does that keeps its results itself.
template <typename Cache>
auto Remembering(Cache& cache) {
  return [&cache](std::int32_t x) {
    const XXH128_hash_t key = benchmarks::HashOf(x);
    std::int32_t y = 0;
    if (!cache.Get(key, &y, sizeof(y))) {
      y = Next(x);
      cache.Put(key, &y, sizeof(y));
    }
    return y;
  };
}

// Calls f(0) to f(calls - 1).
template <typename F>
void CallAll(const F& f, std::int32_t calls = kCalls) {
  std::int64_t sum = 0;
  for (std::int32_t i = 0; i < calls; ++i) sum += f(i);
  if (sum != std::int64_t{calls} * (calls + 1) / 2) Die("a wrong result");
}

// Tells the time of one call.
template <typename F>
void TimeAll(benchmark::State& state, const F& f, std::int32_t calls = kCalls) {
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    CallAll(f, calls);
    state.SetIterationTime(SecondsSince(start) / calls);
  }
}

template <typename F>
void TimeSame(benchmark::State& state, const F& f) {
  constexpr std::int32_t kX = 500;
  TimeAll(state, [&](std::int32_t x) { return f(kX) + x - kX; });
}

// Also that of the one in the middle.
template <typename F>
void TimeEach(benchmark::State& state, const F& f, bool median,
              std::int32_t calls = kCalls) {
  f(-1);  // Writes the function's row, opens files.
  std::vector<double> each;
  each.reserve(static_cast<std::size_t>(calls));
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    CallAll(
        [&](std::int32_t x) {
          const Clock::time_point begin = Clock::now();
          const std::int32_t y = f(x);
          each.push_back(SecondsSince(begin));
          return y;
        },
        calls);
    const double mean = SecondsSince(start) / calls;
    const auto middle = each.begin() + calls / 2;
    std::nth_element(each.begin(), middle, each.end());
    state.SetIterationTime(median ? *middle : mean);
  }
}

void Misses(benchmark::State& state, bool median) {
  const Scratch scratch;
  TimeEach(state, Memoized(OpenStore(scratch.path())), median);
}

template <typename Cache>
void PeerMisses(benchmark::State& state, bool median) {
  const Scratch scratch;
  Cache cache(scratch.path() / "cache");
  TimeEach(state, Remembering(cache), median, kCallsOf<Cache>);
}

void GroupedMisses(benchmark::State& state) {
  const Scratch scratch;
  const MemoStore store = OpenStore(scratch.path());
  const auto next = Memoized(store);
  next(-1);
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    {
      const WriteBatch batch = store.Batch();
      CallAll(next);
    }
    state.SetIterationTime(SecondsSince(start) / kCalls);
  }
}

void GroupedSqliteMisses(benchmark::State& state) {
  const Scratch scratch;
  SqliteCache cache(scratch.path() / "cache");
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    cache.Run("BEGIN");
    CallAll(Remembering(cache));
    cache.Run("COMMIT");
    state.SetIterationTime(SecondsSince(start) / kCalls);
  }
}

void Hits(benchmark::State& state, bool memory, bool same) {
  const Scratch scratch;
  CallAll(Memoized(OpenStore(scratch.path())));
  MemoStoreOptions options;
  if (!memory) options.memory_bytes = 0;
  const auto next = Memoized(OpenStore(scratch.path(), std::move(options)));
  if (memory) CallAll(next);
  next(0);  // Opens a connection.
  if (same) {
    TimeSame(state, next);
  } else {
    TimeAll(state, next);
  }
}

template <typename Cache>
void PeerHits(benchmark::State& state, bool same) {
  const Scratch scratch;
  {
    Cache cache(scratch.path() / "cache");
    CallAll(Remembering(cache), kCallsOf<Cache>);
  }
  Cache cache(scratch.path() / "cache");
  const auto next = Remembering(cache);
  next(0);
  if (same) {
    TimeSame(state, next);
  } else {
    TimeAll(state, next, kCallsOf<Cache>);
  }
}

// What the files in a directory take of the disk.
double DiskUsage(const std::filesystem::path& directory) {
  double blocks = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(directory)) {
    struct stat st;
    if (::lstat(entry.path().c_str(), &st) != 0) Die("cannot stat");
    if (S_ISREG(st.st_mode)) blocks += static_cast<double>(st.st_blocks);
  }
  return blocks * 512;
}

// Twenty results of 8 MB that are equal.
void EqualResults(benchmark::State& state) {
  const Scratch scratch;
  {
    const auto constant = Memoize(
        OpenStore(scratch.path()), {.name = "bench.Constant", .version = "1"},
        [](std::int32_t) -> Eigen::MatrixXd {
          return Eigen::MatrixXd::NullaryExpr(
              1024, 1024, [](Eigen::Index row, Eigen::Index column) {
                return std::sin(static_cast<double>(row * 1024 + column));
              });
        });
    for (std::int32_t i = 0; i < 20; ++i) constant(i);
  }
  for (auto _ : state) benchmarks::SetSize(state, DiskUsage(scratch.path()));
}

void TinyResults(benchmark::State& state) {
  const Scratch scratch;
  {
    const auto next = Memoized(OpenStore(scratch.path()));
    for (std::int32_t i = 0; i < 1000; ++i) next(i);
  }
  for (auto _ : state) benchmarks::SetSize(state, DiskUsage(scratch.path()));
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::PeerHits;
  using ireneo::PeerMisses;
  using ireneo::benchmarks::FileCache;
  using ireneo::benchmarks::Register;
  using ireneo::benchmarks::SqliteCache;
  Register("Miss", &ireneo::Misses, true);
  Register("Miss/SQLite", &PeerMisses<SqliteCache>, true);
  Register("Miss/files", &PeerMisses<FileCache>, true);
  Register("Misses", &ireneo::Misses, false);
  Register("Misses/SQLite", &PeerMisses<SqliteCache>, false);
  Register("Misses/files", &PeerMisses<FileCache>, false);
  Register("GroupedMisses", &ireneo::GroupedMisses);
  Register("GroupedMisses/SQLite", &ireneo::GroupedSqliteMisses);
  Register("IndexHit", &ireneo::Hits, false, true);
  Register("IndexHit/SQLite", &PeerHits<SqliteCache>, true);
  Register("IndexHit/files", &PeerHits<FileCache>, true);
  Register("IndexHits", &ireneo::Hits, false, false);
  Register("IndexHits/SQLite", &PeerHits<SqliteCache>, false);
  Register("IndexHits/files", &PeerHits<FileCache>, false);
  // Of some tenths of a second, so that they bear their share of what is
  // written once a second.
  Register("MemoryHit", &ireneo::Hits, true, true)->Iterations(50);
  Register("MemoryHits", &ireneo::Hits, true, false)->Iterations(50);
  Register("EqualResults", &ireneo::EqualResults);
  Register("TinyResults", &ireneo::TinyResults);
  return ireneo::benchmarks::RunRegistered(argc, argv);
}
