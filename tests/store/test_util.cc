#include "tests/store/test_util.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ireneo::testing {

namespace {

// The failed expectations of the current test.
int CountFailures() {
  const ::testing::TestResult& result =
      *::testing::UnitTest::GetInstance()->current_test_info()->result();
  int count = 0;
  for (int i = 0; i < result.total_part_count(); ++i) {
    count += result.GetTestPartResult(i).failed() ? 1 : 0;
  }
  return count;
}

bool WriteProc(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// In namespaces of its own, where root is whoever runs the tests.
bool MountTmpfs(const std::filesystem::path& folder, std::uint64_t size) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0) {
    return false;
  }
  if (uid != 0 &&
      !(WriteProc("/proc/self/setgroups", "deny") &&
        WriteProc("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")) &&
        WriteProc("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1")))) {
    return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0,
                 absl::StrCat("size=", size).c_str()) == 0;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = ::testing::TempDir() + "/ireneo_XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror(name.c_str());
    std::abort();
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string CountingBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

std::string RandomBytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(engine());
  return bytes;
}

std::string_view Text(std::span<const std::byte> span) {
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

std::string FileBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFileBytes(const std::filesystem::path& path, std::string_view bytes) {
  namespace fs = std::filesystem;
  std::error_code absent;
  const fs::perms before = fs::status(path, absent).permissions();
  const bool restore = !absent && fs::exists(path);
  if (restore) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  EXPECT_TRUE(file.good()) << path;
  if (restore) fs::permissions(path, before);
}

std::size_t CountEntries(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

Signal::Signal() { EXPECT_EQ(::pipe(pipe_), 0); }

Signal::~Signal() {
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

void Signal::Give() { EXPECT_EQ(::write(pipe_[1], "x", 1), 1); }

void Signal::Await() {
  char byte;
  ssize_t n;
  do {
    n = ::read(pipe_[0], &byte, 1);
  } while (n < 0 && errno == EINTR);
  EXPECT_EQ(n, 1);
}

ChildProcess::ChildProcess(absl::FunctionRef<void()> body) {
  const int before = CountFailures();
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    body();
    std::fflush(nullptr);
    ::_exit(CountFailures() > before ? 1 : 0);
  }
  EXPECT_GT(pid_, 0);
}

void ChildProcess::Join() {
  if (pid_ <= 0) return;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "child " << pid_ << " ended with wait status " << status;
  pid_ = 0;
}

void RunInChildren(int count, absl::FunctionRef<void(int)> body) {
  Signal start;
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < count; ++i) {
    children.push_back(std::make_unique<ChildProcess>([&start, body, i] {
      start.Await();
      body(i);
    }));
  }
  for (int i = 0; i < count; ++i) start.Give();
}

void RunUnprivileged(absl::FunctionRef<void()> body) {
  const ChildProcess child([body] {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3,
                                    .pid = 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(),
                                 std::filesystem::perms(0555));
    ASSERT_NE(::mkdir((directory.path() / "x").c_str(), 0777), 0)
        << "permissions do not bind this process";
    body();
  });
}

bool RunOnSmallFileSystem(const std::filesystem::path& folder,
                          std::uint64_t size, absl::FunctionRef<void()> body) {
  int answer[2];
  EXPECT_EQ(::pipe(answer), 0);
  bool mounted = false;
  {
    const ChildProcess child([&] {
      const bool ok = MountTmpfs(folder, size);
      EXPECT_EQ(::write(answer[1], &ok, 1), 1);
      if (ok) body();
    });
    ::close(answer[1]);
    EXPECT_EQ(::read(answer[0], &mounted, 1), 1);
    ::close(answer[0]);
  }
  return mounted;
}

}  // namespace ireneo::testing
