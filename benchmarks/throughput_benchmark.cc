// Calls per second of several threads, or processes, that share a store: each
// makes its part of the calls, with arguments of its own, and what is told is
// the time of all of them divided by their number. SQLite's have a connection
// each.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/hand_written_caches.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::HashOf;
using benchmarks::OpenStore;
using benchmarks::Scratch;
using benchmarks::SecondsSince;
using benchmarks::SqliteCache;

constexpr std::int32_t kMemoryHits = 200'000;
constexpr std::int32_t kHits = 10'000;
constexpr std::int32_t kMisses = 4'000;
constexpr std::uint64_t kMemory = 64 << 20;

std::int32_t Next(std::int32_t x) { return x + 1; }

// What makes the calls: opened by whoever makes them, from `directory`.
struct Ours {
  explicit Ours(const fs::path& directory, std::uint64_t memory_bytes = 0)
      : store(OpenStore(directory, {.memory_bytes = memory_bytes})) {}
  std::int32_t operator()(std::int32_t x) const { return next(x); }

  MemoStore store;
  decltype(Memoize(store, {}, Next)) next =
      Memoize(store, {.name = "bench.Next", .version = "1"}, Next);
};

struct Sqlite {
  explicit Sqlite(const fs::path& directory) : cache(directory / "cache") {}
  std::int32_t operator()(std::int32_t x) {
    const XXH128_hash_t key = HashOf(x);
    std::int32_t y = 0;
    if (!cache.Get(key, &y, sizeof(y))) {
      y = Next(x);
      cache.Put(key, &y, sizeof(y));
    }
    return y;
  }

  SqliteCache cache;
};

// The part of worker `i` of `workers`.
template <typename F>
void CallPart(F& f, int i, int workers, std::int32_t calls) {
  for (std::int32_t n = i; n < calls; n += workers) {
    const std::int32_t x = n % kHits;
    if (f(x) != x + 1) Die("a wrong result");
  }
}

template <typename F>
double TimeThreads(int workers, std::int32_t calls, const F& open) {
  std::latch ready(workers);
  std::latch go(1);
  std::latch done(workers);
  std::vector<std::jthread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] {
      auto&& f = open();
      f(-1 - i);  // Opens a connection.
      ready.count_down();
      go.wait();
      CallPart(f, i, workers, calls);
      done.count_down();  // Closing does not count.
    });
  }
  ready.wait();
  const Clock::time_point start = Clock::now();
  go.count_down();
  done.wait();
  return SecondsSince(start);
}

template <typename F>
double TimeProcesses(int workers, std::int32_t calls, const F& open) {
  int go[2];
  if (::pipe(go) != 0) Die("no pipe");
  std::vector<pid_t> processes;
  std::vector<int> from;  // Each process; at an end if it is gone.
  for (int i = 0; i < workers; ++i) {
    int ready[2];
    if (::pipe(ready) != 0) Die("no pipe");
    const pid_t process = ::fork();
    if (process < 0) Die("cannot fork");
    if (process == 0) {
      ::close(go[1]);
      {
        auto&& f = open();
        f(-1 - i);
        char byte = 0;
        // The parent closes its end.
        if (::write(ready[1], &byte, 1) != 1 || ::read(go[0], &byte, 1) != 0) {
          ::_exit(1);
        }
        CallPart(f, i, workers, calls);
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      }
      ::_exit(0);
    }
    processes.push_back(process);
    from.push_back(ready[0]);
    ::close(ready[1]);
  }
  const auto wait_for_all = [&] {
    for (const int end : from) {
      char byte;
      if (::read(end, &byte, 1) != 1) Die("a process is gone");
    }
  };
  wait_for_all();
  const Clock::time_point start = Clock::now();
  ::close(go[1]);
  wait_for_all();
  const double elapsed = SecondsSince(start);  // Closing does not count.
  for (const pid_t process : processes) {
    int status = 0;
    if (::waitpid(process, &status, 0) != process || status != 0) {
      Die("a process failed");
    }
  }
  for (const int end : from) ::close(end);
  ::close(go[0]);
  return elapsed;
}

// Each thread has its own `F`.
template <typename F>
void Threads(benchmark::State& state, bool hits) {
  const Scratch scratch;
  const auto open = [&] { return F(scratch.path()); };
  open();  // Or SQLite's would be in each other's way when they begin.
  const std::int32_t calls = hits ? kHits : kMisses;
  if (hits) TimeThreads(1, kHits, open);
  for (auto _ : state) {
    state.SetIterationTime(
        TimeThreads(static_cast<int>(state.range(0)), calls, open) / calls);
  }
}

// All threads have one store.
void OurThreads(benchmark::State& state, bool hits, bool memory) {
  const Scratch scratch;
  const Ours ours(scratch.path(), memory ? kMemory : 0);
  const auto open = [&]() -> const Ours& { return ours; };
  const std::int32_t calls = memory ? kMemoryHits : hits ? kHits : kMisses;
  if (hits) TimeThreads(1, kHits, open);
  for (auto _ : state) {
    state.SetIterationTime(
        TimeThreads(static_cast<int>(state.range(0)), calls, open) / calls);
  }
}

template <typename F>
void Processes(benchmark::State& state, bool hits) {
  const Scratch scratch;
  const auto open = [&] { return F(scratch.path()); };
  open();  // Or SQLite's would be in each other's way when they begin.
  const std::int32_t calls = hits ? kHits : kMisses;
  if (hits) TimeProcesses(1, kHits, open);
  for (auto _ : state) {
    state.SetIterationTime(
        TimeProcesses(static_cast<int>(state.range(0)), calls, open) / calls);
  }
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::Processes;
  using ireneo::Threads;
  using ireneo::benchmarks::Register;
  for (const int workers : {1, 2, 4}) {
    Register("ThreadMemoryHits", &ireneo::OurThreads, true, true)->Arg(workers);
    Register("ThreadHits", &ireneo::OurThreads, true, false)->Arg(workers);
    Register("ThreadHits/SQLite", &Threads<ireneo::Sqlite>, true)->Arg(workers);
    Register("ThreadMisses", &ireneo::OurThreads, false, false)->Arg(workers);
    Register("ThreadMisses/SQLite", &Threads<ireneo::Sqlite>, false)
        ->Arg(workers);
    Register("ProcessHits", &Processes<ireneo::Ours>, true)->Arg(workers);
    Register("ProcessHits/SQLite", &Processes<ireneo::Sqlite>, true)
        ->Arg(workers);
    Register("ProcessMisses", &Processes<ireneo::Ours>, false)->Arg(workers);
    Register("ProcessMisses/SQLite", &Processes<ireneo::Sqlite>, false)
        ->Arg(workers);
  }
  return ireneo::benchmarks::RunRegistered(argc, argv);
}
