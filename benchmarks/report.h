#ifndef IRENEO_BENCHMARKS_REPORT_H_
#define IRENEO_BENCHMARKS_REPORT_H_

// What the benchmarks share that time a given number of steps once, instead of
// one step until its time is known: those that change a store.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/memo_store.h"

namespace ireneo::benchmarks {

using Clock = std::chrono::steady_clock;

inline double Nanoseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

inline double Median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

[[noreturn]] inline void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

inline MemoStore OpenStore(const std::filesystem::path& directory,
                           MemoStoreOptions options = {}) {
  absl::StatusOr<MemoStore> store =
      MemoStore::Open(directory, std::move(options));
  if (!store.ok()) Die(store.status().ToString());
  return *std::move(store);
}

// What a run has measured, and its targets.
class Report {
 public:
  explicit Report(const std::string& regex) : regex_(regex) {}

  bool Wants(const std::string& name) const {
    return std::regex_search(name, regex_);
  }

  bool WantsAny(std::initializer_list<const char*> names) const {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return Wants(name); });
  }

  // `target` is the most that the time may be; 0 if there is none. `bytes` are
  // what was moved in that time.
  void Add(const std::string& name, double nanoseconds, double target = 0,
           bool is_rate = false, double bytes = 0) {
    AddRun(name, nanoseconds, target, bytes,
           is_rate ? ", \"is_rate\": true" : "");
  }

  void AddRate(const std::string& name, double nanoseconds,
               double target_per_second) {
    Add(name, nanoseconds, 1e9 / target_per_second, /*is_rate=*/true);
  }

  // Bytes of disk, and at most how many they may be.
  void AddSize(const std::string& name, double size, double target = 0) {
    AddRun(name, size, target, 0, ", \"is_size\": true");
  }

  void Write(const std::filesystem::path& path) const {
    std::ofstream file(path);
    file << "{\"benchmarks\": [" << runs_ << "\n]}\n";
    if (!file.flush()) Die("cannot write " + path.string());
  }

 private:
  void AddRun(const std::string& name, double value, double target,
              double bytes, const char* kind) {
    if (!Wants(name)) return;
    char line[320];
    std::snprintf(line, sizeof(line),
                  "%s\n  {\"name\": \"%s\", \"run_name\": \"%s\", "
                  "\"run_type\": \"iteration\", \"real_time\": %.1f, "
                  "\"time_unit\": \"ns\", \"target\": %.1f, "
                  "\"bytes_per_second\": %.0f%s}",
                  runs_.empty() ? "" : ",", name.c_str(), name.c_str(), value,
                  target, bytes / value * 1e9, kind);
    runs_ += line;
  }

  const std::regex regex_;
  std::string runs_;
};

}  // namespace ireneo::benchmarks

#endif  // IRENEO_BENCHMARKS_REPORT_H_
