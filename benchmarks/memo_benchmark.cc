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
// those.
//
// Not Google Benchmark itself, as a miss is one only once: what is measured is
// a given number of calls into a new store.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"

namespace ireneo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int32_t kCalls = 10'000;

double Nanoseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

// Takes a nanosecond, so that what a call takes is the memory's.
std::int32_t Next(std::int32_t x) { return x + 1; }

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "memo_benchmark: %s\n", why.c_str());
  std::exit(1);
}

auto Open(const std::filesystem::path& directory) {
  absl::StatusOr<MemoStore> store = MemoStore::Open(directory);
  if (!store.ok()) Die(store.status().ToString());
  return Memoize(*std::move(store), {.name = "bench.Next", .version = "1"},
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

// What a run has measured, and its targets.
class Report {
 public:
  explicit Report(const std::string& regex) : regex_(regex) {}

  bool Wants(const std::string& name) const {
    return std::regex_search(name, regex_);
  }

  // `target` is the most that the time may be.
  void Add(const std::string& name, double nanoseconds, double target,
           bool is_rate = false) {
    if (!Wants(name)) return;
    char line[256];
    std::snprintf(line, sizeof(line),
                  "%s\n  {\"name\": \"%s\", \"run_name\": \"%s\", "
                  "\"run_type\": \"iteration\", \"real_time\": %.1f, "
                  "\"time_unit\": \"ns\", \"target\": %.1f%s}",
                  runs_.empty() ? "" : ",", name.c_str(), name.c_str(),
                  nanoseconds, target, is_rate ? ", \"is_rate\": true" : "");
    runs_ += line;
  }

  void AddRate(const std::string& name, double nanoseconds,
               double target_per_second) {
    Add(name, nanoseconds, 1e9 / target_per_second, /*is_rate=*/true);
  }

  void Write(const std::filesystem::path& path) const {
    std::ofstream file(path);
    file << "{\"benchmarks\": [" << runs_ << "\n]}\n";
    if (!file.flush()) Die("cannot write " + path.string());
  }

 private:
  const std::regex regex_;
  std::string runs_;
};

void Misses(const std::filesystem::path& directory, Report& report) {
  const auto next = Open(directory);
  next(-1);  // Writes the function's row.
  std::vector<double> each;
  each.reserve(kCalls);
  const double mean = TimeDistinct([&](std::int32_t x) {
    const Clock::time_point start = Clock::now();
    const std::int32_t y = next(x);
    each.push_back(Nanoseconds(Clock::now() - start));
    return y;
  });
  std::nth_element(each.begin(), each.begin() + kCalls / 2, each.end());
  report.Add("Miss", each[kCalls / 2], 40e3);
  report.AddRate("Misses", mean, 25e3);
}

// Of what `Misses` has left in `directory`.
void IndexHits(const std::filesystem::path& directory, Report& report) {
  const auto next = Open(directory);
  next(-1);  // Opens a connection.
  report.AddRate("IndexHits", TimeDistinct(next), 150e3);
  report.Add("IndexHit", TimeDistinct([&](std::int32_t x) {
               return next(kCalls / 2) + x - kCalls / 2;
             }),
             8e3);
}

int Main(int argc, char** argv) {
  if (argc < 3 || argc > 4) Die("expected DIRECTORY FILE [REGEX]");
  const std::filesystem::path directory = argv[1];
  Report report(argc > 3 ? argv[3] : ".");
  Misses(directory / "ireneo", report);
  IndexHits(directory / "ireneo", report);
  report.Write(argv[2]);
  return 0;
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) { return ireneo::Main(argc, argv); }
