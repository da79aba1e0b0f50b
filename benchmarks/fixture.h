#ifndef IRENEO_BENCHMARKS_FIXTURE_H_
#define IRENEO_BENCHMARKS_FIXTURE_H_

// What the benchmarks share: a directory for what they store, a clock for steps
// that can be taken only once, and matrices.
//
// A benchmark is named What/SIZE, and a peer, which does the same work by other
// means, What/PEER/SIZE. Most run a given number of iterations and time a part
// of each, as a miss is one only once; benchmarks/run.py repeats the programs.

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Eigen/Core>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "ireneo/memo/memo_store.h"

namespace ireneo::benchmarks {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kKb = 1 << 10;
constexpr std::int64_t kMb = 1 << 20;

[[noreturn]] inline void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

inline void CheckOk(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Runs a program, found as a shell finds it, to its end.
inline void Run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t pid = 0;
  int status = 0;
  if (::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(),
                     environ) != 0 ||
      ::waitpid(pid, &status, 0) != pid || status != 0) {
    Die(command[0] + " failed");
  }
}

// Takes `work` for all of an iteration of a benchmark with manual time.
template <typename F>
void TimeIteration(benchmark::State& state, const F& work) {
  const Clock::time_point start = Clock::now();
  work();
  state.SetIterationTime(SecondsSince(start));
}

// Registers a benchmark whose iterations tell their times themselves.
template <typename... Args>
benchmark::internal::Benchmark* Register(const char* name,
                                         void (*function)(benchmark::State&,
                                                          Args...),
                                         std::type_identity_t<Args>... args) {
  return benchmark::RegisterBenchmark(name, function, args...)
      ->UseManualTime()
      ->Iterations(1);
}

inline int RunRegistered(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// A new directory in $TMPDIR. Large files in it are removed at the end; small
// ones are left to whoever made $TMPDIR, as on ext4 files are slow to make for
// minutes after many others have been removed.
class Scratch {
 public:
  Scratch() {
    const char* const parent = std::getenv("TMPDIR");
    std::string path = std::filesystem::path(parent == nullptr ? "." : parent) /
                       "bench.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) Die("cannot create " + path);
    path_ = std::filesystem::absolute(path);
  }
  ~Scratch() {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             path_, std::filesystem::directory_options::skip_permission_denied,
             ignored)) {
      if (entry.is_regular_file(ignored) && entry.file_size(ignored) >= kMb) {
        std::filesystem::remove(entry.path(), ignored);
      }
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline MemoStore OpenStore(const std::filesystem::path& directory,
                           MemoStoreOptions options = {}) {
  absl::StatusOr<MemoStore> store =
      MemoStore::Open(directory, std::move(options));
  CheckOk(store.status());
  return *std::move(store);
}

// Files that were just written are checked each time that they are read, as
// their time stamps could not tell whether they were written again.
inline void LetFilesAge() {
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

// A virtual machine may give memory that was free for seconds back to its host,
// and pages of it then take several times as long to be had again. So that
// this is on nobody's clock: takes `bytes` of memory, and lets them go.
inline void TakeMemory(std::int64_t bytes) {
  const auto size = static_cast<std::size_t>(bytes);
  void* const taken = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (taken != MAP_FAILED) ::munmap(taken, size);
}

// Tells bytes of disk or of memory instead of a time.
inline void SetSize(benchmark::State& state, double bytes) {
  state.SetIterationTime(1);
  state.counters["size"] = bytes;
}

// Of `bytes` in all, from 8 KB. No two seeds give an equal column.
inline Eigen::MatrixXd RandomMatrix(std::int64_t bytes, std::uint64_t seed) {
  const Eigen::Index rows = bytes < kMb ? 32 : 1024;
  Eigen::MatrixXd matrix(rows, bytes / 8 / rows);
  std::uint64_t bits = (seed + 1) * 0x9E3779B97F4A7C15;
  double* const data = matrix.data();
  for (Eigen::Index i = 0; i < matrix.size(); ++i) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    data[i] = static_cast<double>(bits >> 11) * 0x1p-53;
  }
  return matrix;
}

inline std::string_view Bytes(const Eigen::MatrixXd& matrix) {
  return {reinterpret_cast<const char*>(matrix.data()),
          static_cast<std::size_t>(matrix.size()) * sizeof(double)};
}

}  // namespace ireneo::benchmarks

#endif  // IRENEO_BENCHMARKS_FIXTURE_H_
