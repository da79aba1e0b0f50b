// What remembering costs: hits and misses of the smallest function, for which
// it is all of the cost. One run is one repetition: tools/benchmark runs this
// and benchmarks/memo_peers.py in turn and compares their medians.
//
//   memo_benchmark DIRECTORY FILE [REGEX]
//
// Works in DIRECTORY, which must exist, and writes to FILE what is measured of
// the names that match, as Google Benchmark would. Names in the plural are of
// kCalls calls with as many arguments, one after the other; what is told is the
// time of one, from the first to the end of the last. `Miss` is the median of
// those. A stage of a chain is one of kStages calls that return a matrix of
// 100 MB, each a function of the one before. EqualResults and TinyResults are
// no times but bytes of disk, after the store was closed.
//
// Not Google Benchmark itself, as a miss is one only once: what is measured is
// a given number of calls into a new store.

#include <sys/stat.h>

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/report.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::Median;
using benchmarks::Nanoseconds;
using benchmarks::OpenStore;
using benchmarks::Report;

constexpr std::int32_t kCalls = 10'000;
constexpr int kStages = 5;
constexpr Eigen::Index kRows = 3536;  // 100 MB of doubles.

// Takes a nanosecond, so that what a call takes is the memory's.
std::int32_t Next(std::int32_t x) { return x + 1; }

auto Memoized(MemoStore store) {
  return Memoize(std::move(store), {.name = "bench.Next", .version = "1"},
                 Next);
}

// Calls f(0) to f(kCalls - 1) and returns the time of one.
template <typename F>
double TimeDistinct(const F& f) {
  std::int64_t sum = 0;
  const Clock::time_point start = Clock::now();
  for (std::int32_t i = 0; i < kCalls; ++i) sum += f(i);
  const double elapsed = Nanoseconds(Clock::now() - start);
  if (sum != std::int64_t{kCalls} * (kCalls + 1) / 2) Die("a wrong result");
  return elapsed / kCalls;
}

void Misses(const std::filesystem::path& directory, Report& report) {
  const auto next = Memoized(OpenStore(directory));
  next(-1);  // Writes the function's row.
  std::vector<double> each;
  each.reserve(kCalls);
  const double mean = TimeDistinct([&](std::int32_t x) {
    const Clock::time_point start = Clock::now();
    const std::int32_t y = next(x);
    each.push_back(Nanoseconds(Clock::now() - start));
    return y;
  });
  report.Add("Miss", Median(each), 40e3);
  report.AddRate("Misses", mean, 25e3);
}

void GroupedMisses(const std::filesystem::path& directory, Report& report) {
  const MemoStore store = OpenStore(directory);
  const auto next = Memoized(store);
  next(-1);
  const Clock::time_point start = Clock::now();
  {
    const WriteBatch batch = store.Batch();
    TimeDistinct(next);
  }
  report.AddRate("GroupedMisses", Nanoseconds(Clock::now() - start) / kCalls,
                 100e3);
}

// These are of what `Misses` has left in `directory`.
template <typename F>
double TimeSame(const F& next) {
  return TimeDistinct(
      [&](std::int32_t x) { return next(kCalls / 2) + x - kCalls / 2; });
}

void IndexHits(const std::filesystem::path& directory, Report& report) {
  const auto next = Memoized(OpenStore(directory, {.memory_bytes = 0}));
  next(-1);  // Opens a connection.
  report.AddRate("IndexHits", TimeDistinct(next), 150e3);
  report.Add("IndexHit", TimeSame(next), 8e3);
}

void MemoryHits(const std::filesystem::path& directory, Report& report) {
  const auto next = Memoized(OpenStore(directory));
  TimeDistinct(next);  // From the index.
  // Of some tenths of a second, so that they bear their share of what is
  // written once a second.
  constexpr int kPasses = 50;
  double distinct = 0;
  double same = 0;
  for (int i = 0; i < kPasses; ++i) distinct += TimeDistinct(next);
  for (int i = 0; i < kPasses; ++i) same += TimeSame(next);
  report.AddRate("MemoryHits", distinct / kPasses, 1e6);
  report.Add("MemoryHit", same / kPasses, 500);
}

Eigen::MatrixXd Make(std::int32_t seed) {
  std::srand(static_cast<unsigned>(seed));
  return Eigen::MatrixXd::Random(kRows, kRows);
}

Eigen::MatrixXd Add(const Eigen::MatrixXd& a, double x) {
  return a.array() + x;
}

void Chain(const std::filesystem::path& directory, Report& report) {
  const MemoStore store = OpenStore(directory);
  const auto make =
      Memoize(store, {.name = "bench.Make", .version = "1"}, Make);
  const auto add = Memoize(store, {.name = "bench.Add", .version = "1"}, Add);
  const auto time_stage = [&] {
    const Clock::time_point start = Clock::now();
    absl::StatusOr<Remembered<Eigen::MatrixXd>> a = make.Recall(1);
    for (int i = 1; i < kStages && a.ok(); ++i) a = add.Recall(*a, i);
    if (!a.ok()) Die(a.status().ToString());
    return Nanoseconds(Clock::now() - start) / kStages;
  };
  report.Add("ColdChainStage", time_stage());
  std::vector<double> each(5);
  for (double& time : each) time = time_stage();
  report.Add("ChainStage", Median(each), 100e3);
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
void EqualResults(const std::filesystem::path& directory, Report& report) {
  {
    const MemoStore store = OpenStore(directory);
    const auto constant = Memoize(
        store, {.name = "bench.Constant", .version = "1"},
        [](std::int32_t) -> Eigen::MatrixXd {
          return Eigen::MatrixXd::NullaryExpr(
              1024, 1024, [](Eigen::Index row, Eigen::Index column) {
                return std::sin(static_cast<double>(row * 1024 + column));
              });
        });
    for (std::int32_t i = 0; i < 20; ++i) constant(i);
  }
  report.AddSize("EqualResults", DiskUsage(directory), 1.1 * 8 * (1 << 20));
}

void TinyResults(const std::filesystem::path& directory, Report& report) {
  {
    const auto next = Memoized(OpenStore(directory));
    for (std::int32_t i = 0; i < 1000; ++i) next(i);
  }
  report.AddSize("TinyResults", DiskUsage(directory), 0.5e6);
}

int Main(int argc, char** argv) {
  if (argc < 3 || argc > 4) Die("expected DIRECTORY FILE [REGEX]");
  const std::filesystem::path directory = argv[1];
  Report report(argc > 3 ? argv[3] : ".");
  if (report.WantsAny({"Miss", "Misses", "IndexHit", "IndexHits", "MemoryHit",
                       "MemoryHits"})) {
    Misses(directory / "ireneo", report);
    IndexHits(directory / "ireneo", report);
    MemoryHits(directory / "ireneo", report);
  }
  if (report.Wants("GroupedMisses")) {
    GroupedMisses(directory / "ireneo.groups", report);
  }
  if (report.WantsAny({"ColdChainStage", "ChainStage"})) {
    Chain(directory / "ChainStage ireneo", report);
  }
  if (report.Wants("EqualResults")) {
    EqualResults(directory / "equal ireneo", report);
  }
  if (report.Wants("TinyResults")) {
    TinyResults(directory / "tiny ireneo", report);
  }
  report.Write(argv[2]);
  return 0;
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) { return ireneo::Main(argc, argv); }
