// Stores of many calls: opening them, finding a call, summing up, the bytes of
// a record, and collections.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/hand_written_caches.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using benchmarks::CheckOk;
using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::HashOf;
using benchmarks::kKb;
using benchmarks::OpenStore;
using benchmarks::Scratch;
using benchmarks::SecondsSince;
using benchmarks::SqliteCache;
using benchmarks::TimeIteration;

std::int32_t Next(std::int32_t x) { return x + 1; }

auto Memoized(const MemoStore& store) {
  return Memoize(store, {.name = "bench.Next", .version = "1"}, Next);
}

void Fill(const fs::path& directory, std::int64_t calls) {
  const MemoStore store = OpenStore(directory);
  const WriteBatch batch = store.Batch();
  const auto next = Memoized(store);
  for (std::int64_t i = 0; i < calls; ++i) next(static_cast<std::int32_t>(i));
}

void FillSqlite(const fs::path& directory, std::int64_t calls) {
  SqliteCache cache(directory / "cache");
  cache.Run("BEGIN");
  for (std::int64_t i = 0; i < calls; ++i) {
    const auto x = static_cast<std::int32_t>(i);
    const std::int32_t y = Next(x);
    cache.Put(HashOf(x), &y, sizeof(y));
  }
  cache.Run("COMMIT");
}

// A directory that `fill` has filled, for all benchmarks of that many calls.
const fs::path& Filled(void (*fill)(const fs::path&, std::int64_t),
                       std::int64_t calls) {
  static std::map<
      std::pair<void (*)(const fs::path&, std::int64_t), std::int64_t>,
      std::unique_ptr<Scratch>>
      scratches;
  std::unique_ptr<Scratch>& scratch = scratches[{fill, calls}];
  if (scratch == nullptr) {
    scratch = std::make_unique<Scratch>();
    fill(scratch->path(), calls);
  }
  return scratch->path();
}

// To the end of the first hit; closing does not count.
void Open(benchmark::State& state) {
  const fs::path& directory = Filled(&Fill, state.range(0));
  for (auto _ : state) {
    std::optional<MemoStore> store;
    TimeIteration(state, [&] {
      store = OpenStore(directory);
      if (Memoized(*store)(1) != 2) Die("a wrong result");
    });
  }
}

void OpenSqlite(benchmark::State& state) {
  const fs::path& directory = Filled(&FillSqlite, state.range(0));
  for (auto _ : state) {
    std::optional<SqliteCache> cache;
    TimeIteration(state, [&] {
      cache.emplace(directory / "cache");
      std::int32_t y = 0;
      if (!cache->Get(HashOf(1), &y, sizeof(y))) Die("no result");
    });
  }
}

// The median of look-ups of random calls.
template <typename F>
void TimeLookUps(benchmark::State& state, const F& f) {
  constexpr int kLookUps = 20'000;
  std::mt19937 engine(1);
  std::vector<double> each(kLookUps);
  const auto run = [&] {
    for (double& time : each) {
      const auto x = static_cast<std::int32_t>(
          engine() % static_cast<std::uint32_t>(state.range(0)));
      const Clock::time_point start = Clock::now();
      if (f(x) != x + 1) Die("a wrong result");
      time = SecondsSince(start);
    }
  };
  run();
  for (auto _ : state) {
    run();
    std::nth_element(each.begin(), each.begin() + kLookUps / 2, each.end());
    state.SetIterationTime(each[kLookUps / 2]);
  }
}

void LookUp(benchmark::State& state) {
  const MemoStore store =
      OpenStore(Filled(&Fill, state.range(0)), {.memory_bytes = 0});
  TimeLookUps(state, Memoized(store));
}

void LookUpSqlite(benchmark::State& state) {
  SqliteCache cache(Filled(&FillSqlite, state.range(0)) / "cache");
  TimeLookUps(state, [&](std::int32_t x) {
    std::int32_t y = 0;
    return cache.Get(HashOf(x), &y, sizeof(y)) ? y : 0;
  });
}

void Functions(benchmark::State& state) {
  const MemoStore store = OpenStore(Filled(&Fill, state.range(0)));
  for (auto _ : state) {
    TimeIteration(state, [&] { CheckOk(store.Functions().status()); });
  }
}

void Stats(benchmark::State& state) {
  const MemoStore store = OpenStore(Filled(&Fill, state.range(0)));
  for (auto _ : state) {
    TimeIteration(state, [&] { CheckOk(store.Stats().status()); });
  }
}

void SetRecordSize(benchmark::State& state, const fs::path& directory) {
  double bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file())
      bytes += static_cast<double>(entry.file_size());
  }
  for (auto _ : state) {
    benchmarks::SetSize(state, bytes / static_cast<double>(state.range(0)));
  }
}

void RecordSize(benchmark::State& state) {
  SetRecordSize(state, Filled(&Fill, state.range(0)));
}

void RecordSizeSqlite(benchmark::State& state) {
  SetRecordSize(state, Filled(&FillSqlite, state.range(0)));
}

void CheckHalf(std::int64_t removed, std::int64_t calls) {
  if (removed < calls * 4 / 10 || removed > calls * 6 / 10) {
    Die("removed " + std::to_string(removed) + " of " + std::to_string(calls) +
        " and not half");
  }
}

constexpr std::size_t kResult = 64 * kKb;

std::string Large(std::int32_t x) {
  std::string bytes(kResult, 'x');
  std::mt19937_64 engine(static_cast<std::uint64_t>(x));
  for (std::size_t i = 0; i < kResult; i += 8) {
    const std::uint64_t word = engine();
    std::memcpy(bytes.data() + i, &word, sizeof(word));
  }
  return bytes;
}

// Forgets the half of the calls that was used least recently, with results in
// files of 64 KB; tells the time of one that went.
void CollectFiles(benchmark::State& state) {
  for (auto _ : state) {
    const Scratch scratch;
    {
      const MemoStore store = OpenStore(scratch.path());
      const auto large =
          Memoize(store, {.name = "bench.Large", .version = "1"}, Large);
      for (std::int32_t i = 0; i < state.range(0); ++i) large(i);
    }
    const MemoStore store = OpenStore(scratch.path());
    CollectOptions options;
    options.function = "bench.Large";
    options.max_bytes =
        static_cast<std::uint64_t>(state.range(0)) * kResult / 2;
    ::sync();  // Files that are still to be written are slow to remove.
    const Clock::time_point start = Clock::now();
    const auto report = store.Collect(options);
    const double elapsed = SecondsSince(start);
    CheckOk(report.status());
    CheckHalf(report->blobs, state.range(0));
    state.SetIterationTime(elapsed / static_cast<double>(report->blobs));
  }
}

void RemoveFiles(benchmark::State& state) {
  for (auto _ : state) {
    const Scratch scratch;
    benchmarks::FileCache cache(scratch.path());
    for (std::int32_t i = 0; i < state.range(0); ++i) {
      const std::string bytes = Large(i);
      cache.Put(HashOf(i), bytes.data(), bytes.size());
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(scratch.path())) {
      files.push_back(entry.path());
    }
    files.resize(files.size() / 2);
    ::sync();
    const Clock::time_point start = Clock::now();
    for (const fs::path& file : files) ::unlink(file.c_str());
    state.SetIterationTime(SecondsSince(start) /
                           static_cast<double>(files.size()));
  }
}

// Forgets half of the calls whose results are in the index.
void CollectRecords(benchmark::State& state) {
  for (auto _ : state) {
    const Scratch scratch;
    Fill(scratch.path(), state.range(0));
    const MemoStore store = OpenStore(scratch.path());
    CollectOptions options;
    options.max_bytes = static_cast<std::uint64_t>(state.range(0)) * 80;
    ::sync();  // Files that are still to be written are slow to remove.
    const Clock::time_point start = Clock::now();
    const auto report = store.Collect(options);
    const double elapsed = SecondsSince(start);
    CheckOk(report.status());
    CheckHalf(report->calls, state.range(0));
    state.SetIterationTime(elapsed / static_cast<double>(report->calls));
  }
}

void DeleteRows(benchmark::State& state) {
  for (auto _ : state) {
    const Scratch scratch;
    FillSqlite(scratch.path(), state.range(0));
    SqliteCache cache(scratch.path() / "cache");
    ::sync();
    const Clock::time_point start = Clock::now();
    cache.Run("DELETE FROM results WHERE hex(key) < '8'");
    const double elapsed = SecondsSince(start);
    CheckHalf(cache.Changes(), state.range(0));
    state.SetIterationTime(elapsed / static_cast<double>(cache.Changes()));
  }
}

#define SIZES Arg(10'000)->Arg(100'000)->Arg(1'000'000)->UseManualTime()
BENCHMARK(Open)->SIZES->Iterations(5);
BENCHMARK(OpenSqlite)->Name("Open/SQLite")->SIZES->Iterations(5);
BENCHMARK(LookUp)->SIZES->Iterations(1);
BENCHMARK(LookUpSqlite)->Name("LookUp/SQLite")->SIZES->Iterations(1);
BENCHMARK(Functions)->SIZES->Iterations(3);
BENCHMARK(Stats)->SIZES->Iterations(3);
BENCHMARK(RecordSize)->SIZES->Iterations(1);
BENCHMARK(RecordSizeSqlite)->Name("RecordSize/SQLite")->SIZES->Iterations(1);
BENCHMARK(CollectFiles)->Arg(1000)->UseManualTime()->Iterations(1);
BENCHMARK(RemoveFiles)
    ->Name("CollectFiles/unlink")
    ->Arg(1000)
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(CollectRecords)->Arg(100'000)->UseManualTime()->Iterations(1);
BENCHMARK(DeleteRows)
    ->Name("CollectRecords/SQLite DELETE")
    ->Arg(100'000)
    ->UseManualTime()
    ->Iterations(1);

}  // namespace
}  // namespace ireneo
