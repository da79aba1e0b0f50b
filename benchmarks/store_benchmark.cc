// What the store costs next to the memory and the file system that it is made
// of. One run is one repetition: tools/benchmark takes the medians of several.
//
//   store_benchmark DIRECTORY FILE [REGEX]
//
// Works in DIRECTORY, which must exist, and writes to FILE what is measured of
// the names that match. A peer is a part of the name, and the limit to compare
// with: PutNew/write/8388608 writes the same bytes to new files.
//
// "Fresh" rows are of a store that was opened anew, so that nothing has been
// verified yet; the bytes are in the page cache.

#include <fcntl.h>
#include <unistd.h>

#include <Eigen/Core>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/report.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/remembered.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::Median;
using benchmarks::Nanoseconds;
using benchmarks::OpenStore;
using benchmarks::Report;
using Eigen::MatrixXd;

MatrixXd Random(std::int64_t bytes, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  MatrixXd matrix(bytes / 8 / 1024, 1024);
  for (double& value : matrix.reshaped()) {
    value = static_cast<double>(engine());
  }
  return matrix;
}

std::string_view Bytes(const MatrixXd& matrix) {
  return {reinterpret_cast<const char*>(matrix.data()),
          static_cast<std::size_t>(matrix.size()) * sizeof(double)};
}

// Runs `step` with 0, 1, ..., and returns the median of their times.
template <typename F>
double TimeEach(int steps, const F& step) {
  std::vector<double> each;
  for (int i = 0; i < steps; ++i) {
    const Clock::time_point start = Clock::now();
    step(i);
    each.push_back(Nanoseconds(Clock::now() - start));
  }
  return Median(each);
}

void Puts(const fs::path& directory, std::int64_t size, Report& report) {
  const std::string suffix = "/" + std::to_string(size);
  const auto bytes = static_cast<double>(size);
  const int count = static_cast<int>((std::int64_t{256} << 20) / size);
  std::vector<MatrixXd> matrices;
  for (int i = 0; i < count; ++i) {
    matrices.push_back(Random(size, static_cast<std::uint64_t>(i)));
  }
  const fs::path plain = directory / "plain";
  fs::create_directory(plain);
  // In turn, so that a busy moment does not fall on one side.
  const MemoStore store = OpenStore(directory / "store");
  std::vector<double> puts;
  std::vector<double> writes;
  for (int i = 0; i < count; ++i) {
    const std::string_view data = Bytes(matrices[i]);
    Clock::time_point start = Clock::now();
    const auto put = store.blobs().Put(data);
    puts.push_back(Nanoseconds(Clock::now() - start));
    if (!put.ok() || !put->inserted) Die("not put");
    start = Clock::now();
    const int file = ::open((plain / std::to_string(i)).c_str(),
                            O_WRONLY | O_CREAT | O_EXCL, 0444);
    if (::write(file, data.data(), data.size()) !=
        static_cast<ssize_t>(data.size())) {
      Die("not written");
    }
    ::close(file);
    writes.push_back(Nanoseconds(Clock::now() - start));
  }
  report.Add("PutNew" + suffix, Median(puts), Median(writes) / 0.6, false,
             bytes);
  report.Add("PutNew/write" + suffix, Median(writes), 0, false, bytes);

  Digest digest;
  report.Add("PutPresent" + suffix,
             TimeEach(100,
                      [&](int) {
                        const auto put = store.blobs().Put(Bytes(matrices[0]));
                        if (!put.ok() || put->inserted) {
                          Die("not present");
                        }
                      }),
             bytes / 10, false, bytes);
  report.Add(
      "PutPresent/XXH3" + suffix,
      TimeEach(100, [&](int) { digest = Digest::Of(Bytes(matrices[0])); }), 0,
      false, bytes);
  if (digest == Digest()) Die("no digest");
}

MatrixXd Make(std::int32_t seed, std::int64_t size) {
  return Random(size, static_cast<std::uint64_t>(seed));
}

void Reads(const fs::path& directory, std::int64_t size, Report& report) {
  const std::string suffix = "/" + std::to_string(size);
  const auto bytes = static_cast<double>(size);
  const auto memoized = [&] {
    return Memoize(OpenStore(directory),
                   {.name = "bench.Make",
                    .version = "1",
                    .keep_arguments = KeepArguments::kNone},
                   Make);
  };
  memoized()(1, size);
  // What a process does that comes to a result for the first time.
  std::vector<double> fresh;
  for (int i = 0; i < 9; ++i) {
    const auto make = memoized();
    const auto handle = make.Recall(1, size);
    const Clock::time_point start = Clock::now();
    const auto view = handle->View();
    if (!view.ok() || (*view)(1, 1) == 0.5) Die("no view");
    fresh.push_back(Nanoseconds(Clock::now() - start));
  }
  report.Add("FreshView" + suffix, Median(fresh), bytes / 15, false, bytes);
  const auto make = memoized();
  const auto handle = make.Recall(1, size);
  const MatrixXd matrix = make(1, size);
  report.Add("FreshView/XXH3" + suffix,
             TimeEach(9,
                      [&](int) {
                        if (Digest::Of(Bytes(matrix)) == Digest()) {
                          Die("no digest");
                        }
                      }),
             0, false, bytes);
  report.Add("View" + suffix, TimeEach(99, [&](int) {
               const auto view = handle->View();
               if (!view.ok() || (*view)(1, 1) == 0.5) Die("no view");
             }));
  std::vector<double> values;
  std::vector<double> copies;
  for (int i = 0; i < 15; ++i) {
    {
      const Clock::time_point start = Clock::now();
      const MatrixXd value = make(1, size);
      values.push_back(Nanoseconds(Clock::now() - start));
      if (value(1, 1) == 0.5) Die("a wrong result");
    }
    const Clock::time_point start = Clock::now();
    const std::unique_ptr<char, decltype(&std::free)> copy(
        static_cast<char*>(std::malloc(static_cast<std::size_t>(size))),
        &std::free);
    std::memcpy(copy.get(), matrix.data(), static_cast<std::size_t>(size));
    copies.push_back(Nanoseconds(Clock::now() - start));
    if (copy.get()[9] == 1 && copy.get()[10] == 2) Die("cannot be");
  }
  report.Add("ReadValue" + suffix, Median(values), Median(copies) / 0.8, false,
             bytes);
  report.Add("ReadValue/memcpy" + suffix, Median(copies), 0, false, bytes);
}

std::int32_t Next(std::int32_t x) { return x + 1; }

// Of a store of so many calls.
void Scale(const fs::path& directory, std::int32_t calls, Report& report) {
  const std::string suffix =
      calls == 1'000'000 ? " of a million" : " of " + std::to_string(calls);
  {
    const MemoStore store = OpenStore(directory);
    const WriteBatch batch = store.Batch();
    const auto next =
        Memoize(store, {.name = "bench.Next", .version = "1"}, Next);
    for (std::int32_t i = 0; i < calls; ++i) next(i);
  }
  report.Add("Open" + suffix, TimeEach(5, [&](int) { OpenStore(directory); }),
             10e6);
  const MemoStore store = OpenStore(directory, {.memory_bytes = 0});
  const auto next =
      Memoize(store, {.name = "bench.Next", .version = "1"}, Next);
  constexpr int kLookups = 20000;
  std::mt19937 engine(1);
  const auto look_up = [&](int) {
    const auto x =
        static_cast<std::int32_t>(engine() % static_cast<std::uint32_t>(calls));
    if (next(x) != x + 1) Die("a wrong result");
  };
  TimeEach(kLookups, look_up);
  report.Add("LookUp" + suffix, TimeEach(kLookups, look_up));
  report.Add("Functions" + suffix,
             TimeEach(3,
                      [&](int) {
                        if (!store.Functions().ok()) {
                          Die("no functions");
                        }
                      }),
             1e9);
  report.Add("Stats" + suffix,
             TimeEach(3,
                      [&](int) {
                        if (!store.Stats().ok()) {
                          Die("no stats");
                        }
                      }),
             1e9);
}

int Main(int argc, char** argv) {
  if (argc < 3 || argc > 4) Die("expected DIRECTORY FILE [REGEX]");
  const fs::path directory = argv[1];
  Report report(argc > 3 ? argv[3] : ".");
  constexpr std::int64_t kMatrix = 8 << 20;
  constexpr std::int64_t kLargeMatrix = 64 << 20;
  if (report.WantsAny({"PutNew", "PutPresent"})) {
    fs::create_directory(directory / "puts");
    Puts(directory / "puts", kMatrix, report);
  }
  if (report.WantsAny({"FreshView", "View", "ReadValue"})) {
    for (const std::int64_t size : {kMatrix, kLargeMatrix}) {
      Reads(directory / ("reads" + std::to_string(size)), size, report);
    }
  }
  if (report.WantsAny({"Open", "LookUp", "Functions", "Stats"})) {
    for (const std::int32_t calls : {10'000, 1'000'000}) {
      Scale(directory / ("scale" + std::to_string(calls)), calls, report);
    }
  }
  report.Write(argv[2]);
  return 0;
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) { return ireneo::Main(argc, argv); }
