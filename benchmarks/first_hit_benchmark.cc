// A fresh process that comes to its first hit: from its start to its end.
//
// Those in Python are run by benchmarks/peers/first_hit.py.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"

namespace {

namespace fs = std::filesystem;

using ireneo::benchmarks::Clock;
using ireneo::benchmarks::Run;
using ireneo::benchmarks::Scratch;
using ireneo::benchmarks::SecondsSince;

constexpr char kPython[] = "/usr/bin/python3";

// Beside this program.
fs::path Program(const char* name) {
  return fs::read_symlink("/proc/self/exe").parent_path() / name;
}

fs::path PeerScript() {
  const char* const peers = std::getenv("BENCHMARK_PEERS");
  return fs::path(peers == nullptr ? "benchmarks/peers" : peers) /
         "first_hit.py";
}

// The median of `times`.
void TimeRuns(benchmark::State& state, const std::vector<std::string>& command,
              int times) {
  std::vector<double> each;
  for (auto _ : state) {
    for (int i = 0; i < times; ++i) {
      const Clock::time_point start = Clock::now();
      Run(command);
      each.push_back(SecondsSince(start));
    }
    std::nth_element(each.begin(), each.begin() + times / 2, each.end());
    state.SetIterationTime(each[times / 2]);
  }
}

void FirstHit(benchmark::State& state) {
  const Scratch scratch;
  const std::vector<std::string> command = {Program("first_hit"),
                                            scratch.path() / "store"};
  Run(command);  // The miss.
  TimeRuns(state, command, 50);
}

void EmptyProgram(benchmark::State& state) {
  TimeRuns(state, {Program("empty_program")}, 50);
}

void EmptyPython(benchmark::State& state) {
  TimeRuns(state, {kPython, "-c", "pass"}, 9);
}

void PythonPeer(benchmark::State& state, const std::string& peer) {
  const Scratch scratch;
  std::vector<std::string> command = {kPython, PeerScript(), peer,
                                      scratch.path() / "cache", "fill"};
  Run(command);
  command.back() = "hit";
  TimeRuns(state, command, 5);
}

}  // namespace

#define ONCE UseManualTime()->Iterations(1)
BENCHMARK(FirstHit)->ONCE;
BENCHMARK(EmptyProgram)->Name("FirstHit/empty program")->ONCE;
BENCHMARK(EmptyPython)->Name("FirstHit/empty Python")->ONCE;
BENCHMARK_CAPTURE(PythonPeer, _, "joblib")->Name("FirstHit/joblib")->ONCE;
BENCHMARK_CAPTURE(PythonPeer, _, "diskcache")->Name("FirstHit/diskcache")->ONCE;
