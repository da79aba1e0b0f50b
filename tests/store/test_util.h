#ifndef IRENEO_TESTS_STORE_TEST_UTIL_H_
#define IRENEO_TESTS_STORE_TEST_UTIL_H_

// What the tests of several layers share: matchers for absl::Status, folders
// that vanish, byte patterns, and child processes whose failures count.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace ireneo::testing {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// For an absl::Status or an absl::StatusOr.
MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// `message` is a matcher of, or a string equal to, the message.
MATCHER_P2(StatusIs, code, message, "") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         ::testing::Matches(message)(std::string(StatusOf(arg).message()));
}

MATCHER_P(StatusIs, code, "") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// A folder of its own, removed with all that is in it. Not copyable.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// `size` bytes that count 0, 1, ..., 250, 0, ...: no power of two is a period.
std::string CountingBytes(std::size_t size);

// `size` pseudo-random bytes, the same on every run.
std::string RandomBytes(std::size_t size, std::uint64_t seed);

// The bytes of `span` as text, to be compared by EXPECT_EQ.
std::string_view Text(std::span<const std::byte> span);

// The whole file, read without Ireneo; a test failure if it cannot be.
std::string FileBytes(const std::filesystem::path& path);

// Makes or overwrites a file, whatever its mode, without Ireneo.
void WriteFileBytes(const std::filesystem::path& path, std::string_view bytes);

// How many entries a folder has.
std::size_t CountEntries(const std::filesystem::path& folder);

// A signal that one process gives and one waits for, made before the fork.
class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void Give();
  void Await();

 private:
  int pipe_[2];
};

// A child process that runs `body`, without the destructors of what it
// inherited. A failed expectation, an abort or a crash in it is a test failure
// here, at `Join` or in the destructor.
class ChildProcess {
 public:
  explicit ChildProcess(absl::FunctionRef<void()> body);
  ~ChildProcess() { Join(); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void Join();

 private:
  int pid_;
};

// Runs `body(0)` to `body(count - 1)`, each in a child process, all set off at
// once; waits for them.
void RunInChildren(int count, absl::FunctionRef<void(int)> body);

// Runs `body` in a child process that file permissions bind, even if the tests
// run as root: the child has given up all capabilities.
void RunUnprivileged(absl::FunctionRef<void()> body);

// Runs `body` in a child process for which a fresh file system of `size` bytes
// is mounted on `folder`. False, and `body` did not run, where the machine does
// not let a test mount one.
bool RunOnSmallFileSystem(const std::filesystem::path& folder,
                          std::uint64_t size, absl::FunctionRef<void()> body);

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_TEST_UTIL_H_
