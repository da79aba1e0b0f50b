// Processes that use one store are killed at random moments: what they had told
// that they finished is there, unless it was there to be collected, and nothing
// wrong is ever read.
//
// There are two functions, whose results are the same blobs. Collections are
// told to forget calls of the second alone, so that each of them finds results
// that are garbage but for a call of the first that comes just now. A call of
// the first that was acknowledged must be there; of the second, one that was
// pinned; and no call may be there without its result.
//
// The processes are this program, started again with what they are to do:
//   write DIRECTORY SEED FIRST LAST ACKNOWLEDGED   calls; the argument of each
//       that must stay is appended to the file ACKNOWLEDGED, negative for the
//       second function
//   read DIRECTORY SEED FIRST LAST                 looks results up
//   collect DIRECTORY SEED                         by size, by age, garbage
//       alone; and verifies
// They run until they are killed, and exit by themselves only if something is
// wrong.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/observer.h"
#include "tests/crash/crash_util.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kWriters = 3;
constexpr int kReaders = 1;
constexpr int kCollectors = 1;
// Writers and readers of one time work on the same arguments.
constexpr int kWindow = 60;

constexpr char kKept[] = "test.KnownValue";
constexpr char kDropped[] = "drop.KnownValue";
// A call of the second function, as a number; none is its own.
int Dropped(int n) { return -1 - n; }

// ------------------------------------------------------- of the child
// processes

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(3);
}

MemoStore OpenOrDie(const fs::path& directory) {
  auto store = MemoStore::Open(
      directory, {.observer =
                      [](const CallEvent& event) {
                        if (event.fault.ok()) return;
                        Die(absl::StrCat("the store had a fault: ",
                                         event.fault.ToString()));
                      },
                  // Half of the processes look into the index each time.
                  .memory_bytes = ::getpid() % 2 == 0 ? 0u : 1u << 20});
  if (!store.ok())
    Die(absl::StrCat("cannot open: ", store.status().ToString()));
  return *std::move(store);
}

[[noreturn]] void WriteUntilKilled(const fs::path& directory,
                                   std::uint64_t seed, int first, int last,
                                   const char* acknowledged) {
  const int file =
      ::open(acknowledged, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) Die("cannot open the file of acknowledgements");
  const MemoStore store = OpenOrDie(directory);
  const auto f = MemoizeKnownValue(store, kKept);
  const auto g = MemoizeKnownValue(store, kDropped);
  std::mt19937_64 random(seed);
  const auto acknowledge = [&](int n) {
    // In one call, and after the kill it is in the page cache: there or not.
    if (::write(file, &n, sizeof n) != sizeof n) Die("cannot acknowledge");
  };
  while (true) {
    const auto any = [&] {
      return first + static_cast<int>(random() % (last - first));
    };
    const std::uint64_t what = random() % 20;
    if (what == 0) {
      std::vector<int> group;
      {
        const WriteBatch batch = store.Batch();
        for (int i = 0; i < 5; ++i) {
          group.push_back(any());
          if (f(group.back()) != KnownValue(group.back())) Die("wrong value");
        }
        const absl::Status status = batch.Flush();
        if (!status.ok()) Die(status.ToString());
      }
      for (const int n : group) acknowledge(n);
      continue;
    }
    const int n = any();
    if (what <= 8) {
      if (g(n) != KnownValue(n)) Die(absl::StrCat("wrong value of ", n));
      if (what > 2) continue;
      // It may have been collected since.
      const absl::Status pinned = store.Pin(*g.KeyOf(n), "kept");
      if (pinned.ok()) acknowledge(Dropped(n));
      if (!pinned.ok() && !absl::IsNotFound(pinned)) Die(pinned.ToString());
      continue;
    }
    if ((what == 9 ? f.Recompute(n) : f(n)) != KnownValue(n)) {
      Die(absl::StrCat("wrong value of ", n));
    }
    acknowledge(n);
  }
}

[[noreturn]] void CollectUntilKilled(const fs::path& directory,
                                     std::uint64_t seed) {
  const MemoStore store = OpenOrDie(directory);
  std::mt19937_64 random(seed);
  while (true) {
    CollectOptions options{.function = "drop.", .grace = absl::ZeroDuration()};
    switch (random() % 5) {
      case 0:
        options.max_bytes = random() % 100'000;
        break;
      case 1:
        options.max_age = absl::ZeroDuration();
        break;
      case 2:
        options.max_age = absl::Milliseconds(30);
        break;
      case 3:
        break;  // Garbage alone.
      case 4:
        const auto report = store.Verify({.restart = random() % 2 == 0});
        if (!report.ok()) Die(report.status().ToString());
        if (report->found_damage()) Die("damage was found");
        continue;
    }
    const auto report = store.Collect(options);
    // One that was killed lets go of its lock.
    if (!report.ok()) Die(report.status().ToString());
  }
}

[[noreturn]] void ReadUntilKilled(const fs::path& directory, std::uint64_t seed,
                                  int first, int last) {
  const MemoStore store = OpenOrDie(directory);
  const auto f = MemoizeKnownValue(store, kKept);
  const auto g = MemoizeKnownValue(store, kDropped);
  std::mt19937_64 random(seed);
  while (true) {
    const int n = first + static_cast<int>(random() % (last - first));
    const auto found = (random() % 2 == 0 ? f : g).Lookup(n);
    if (!found.ok()) Die(found.status().ToString());
    if (found->value_or(KnownValue(n)) != KnownValue(n)) {
      Die(absl::StrCat("wrong value of ", n));
    }
  }
}

// ---------------------------------------------------------- of the test itself

// This program with other arguments.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    std::string self = "kill_loop_test";
    argv.push_back(self.data());
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execv("/proc/self/exe", argv.data());
      std::_Exit(4);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills it. A process that ended before by itself is a test failure.
  ~Process() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "a process ended by itself: see what it said";
  }

 private:
  pid_t pid_;
};

std::unique_ptr<Process> Start(std::vector<std::string> arguments) {
  return std::make_unique<Process>(std::move(arguments));
}

std::vector<int> Acknowledged(const fs::path& path) {
  const std::string bytes = fs::exists(path) ? FileBytes(path) : "";
  std::vector<int> numbers(bytes.size() / sizeof(int));
  bytes.copy(reinterpret_cast<char*>(numbers.data()),
             numbers.size() * sizeof(int));
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

TEST(KillLoopTest, NothingAcknowledgedIsLostAndNothingWrongIsRead) {
  const std::uint64_t kills = NumberFromEnvironment("IRENEO_KILLS", 60);
  const FastDirectory folder;
  const fs::path directory = folder.path() / "store";
  std::mt19937_64 random(NumberFromEnvironment("IRENEO_SEED", 1));
  std::uint64_t killed = 0;
  std::uint64_t checked = 0;
  std::uint64_t pinned = 0;
  std::uint64_t rounds = 0;
  for (int first = 0; killed < kills && !HasFailure(); ++rounds) {
    SCOPED_TRACE(absl::StrCat("round ", rounds));
    StartTrial(absl::StrCat("round ", rounds));
    const int last = first + kWindow;
    std::vector<fs::path> files;
    std::vector<std::unique_ptr<Process>> processes;
    for (int i = 0; i < kWriters; ++i) {
      files.push_back(folder.path() / absl::StrCat("acknowledged_", i));
      fs::remove(files.back());
      processes.push_back(
          Start({"write", directory, absl::StrCat(random()),
                 absl::StrCat(first), absl::StrCat(last), files.back()}));
    }
    for (int i = 0; i < kReaders; ++i) {
      processes.push_back(Start({"read", directory, absl::StrCat(random()),
                                 absl::StrCat(first), absl::StrCat(last)}));
    }
    for (int i = 0; i < kCollectors; ++i) {
      processes.push_back(
          Start({"collect", directory, absl::StrCat(random())}));
    }
    // Some die while they open the store, which the first of them makes.
    std::shuffle(processes.begin(), processes.end(), random);
    // But however slow the machine is, most rounds finish something.
    if (random() % 4 != 0) {
      const auto deadline =
          std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (std::all_of(files.begin(), files.end(),
                         [](const fs::path& file) {
                           return Acknowledged(file).empty();
                         }) &&
             std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 160));
    while (!processes.empty()) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
      processes.pop_back();
      ++killed;
    }
    const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
    ASSERT_THAT(store, IsOk());
    const auto f = MemoizeKnownValue(*store, kKept);
    const auto g = MemoizeKnownValue(*store, kDropped);
    for (const fs::path& file : files) {
      for (const int number : Acknowledged(file)) {
        const bool is_pinned = number < 0;
        const int n = is_pinned ? Dropped(number) : number;
        const auto found = is_pinned ? g.Lookup(n) : f.Lookup(n);
        ASSERT_THAT(found, IsOk());
        EXPECT_TRUE(SameBytes(found->value_or("lost"), KnownValue(n)))
            << n << (is_pinned ? ", pinned" : "");
        ++checked;
        pinned += is_pinned ? 1 : 0;
      }
    }
    const auto report = store->Verify({.restart = true});
    ASSERT_THAT(report, IsOk());
    EXPECT_THAT(report->index, IsOk());
    EXPECT_EQ(report->damaged.size() + report->unreadable.size(), 0u);
    EXPECT_EQ(report->calls_without_result.size(), 0u);
    // Of all earlier ones some, and what was not finished is right or absent.
    for (int i = 0; i < 20; ++i) {
      const int n = static_cast<int>(random() % last);
      const auto found = (i % 2 == 0 ? f : g).Lookup(n);
      ASSERT_THAT(found, IsOk());
      EXPECT_TRUE(SameBytes(found->value_or(KnownValue(n)), KnownValue(n)))
          << n;
    }
    first += static_cast<int>(random() % kWindow);
  }
  EndTrials();
  std::printf(
      "kill loop: %d kills in %d rounds, %d acknowledged calls, %d of them "
      "pinned\n",
      static_cast<int>(killed), static_cast<int>(rounds),
      static_cast<int>(checked), static_cast<int>(pinned));
  EXPECT_GT(checked, rounds);
}

}  // namespace
}  // namespace ireneo::testing

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "write" && argc == 7) {
    ireneo::testing::WriteUntilKilled(
        argv[2], std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4]),
        std::atoi(argv[5]), argv[6]);
  }
  if (what == "read" && argc == 6) {
    ireneo::testing::ReadUntilKilled(argv[2],
                                     std::strtoull(argv[3], nullptr, 10),
                                     std::atoi(argv[4]), std::atoi(argv[5]));
  }
  if (what == "collect" && argc == 4) {
    ireneo::testing::CollectUntilKilled(argv[2],
                                        std::strtoull(argv[3], nullptr, 10));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
