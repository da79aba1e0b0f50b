#include "tests/crash/crash_util.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/status_macros.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

constexpr unsigned kTrialSeconds = 60;

std::string Repeated(const std::string& text, std::size_t size) {
  std::string bytes = text;
  while (bytes.size() < size) bytes.append(bytes);
  bytes.resize(size);
  return bytes;
}

// For the signal handler, which may not allocate.
char trial[512];

void SayTrial(int signal) {
  const auto say = [](const char* text) {
    (void)!::write(STDERR_FILENO, text, std::strlen(text));
  };
  say("died of signal ");
  const char digits[] = {static_cast<char>('0' + signal / 10),
                         static_cast<char>('0' + signal % 10), '\0'};
  say(digits);
  say(" at: ");
  say(trial);
  say("\n");
  // The default action, which the handler was set to give way to, follows.
  ::raise(signal);
}

void SayTrialWhenDying() {
  struct sigaction action = {};
  action.sa_handler = SayTrial;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

std::string KnownValue(int n) {
  constexpr std::size_t kSizes[] = {20, 3000, 10'000};
  return Repeated(absl::StrCat("value ", n, ";"), kSizes[n % 3]);
}

std::string KnownBlob(int n) {
  return Repeated(absl::StrCat("blob ", n, ";"), n % 2 == 0 ? 100 : 20'000);
}

absl::StatusOr<Digest> ResultOf(const MemoStore& store, int n) {
  IRENEO_ASSIGN_OR_RETURN(const Digest key, MemoizeKnownValue(store).KeyOf(n));
  IRENEO_ASSIGN_OR_RETURN(const CallRecord call, store.FindCall(key));
  return call.result;
}

Digest DigestOf(const std::string& bytes) {
  return Digest::Of(std::as_bytes(std::span(bytes)));
}

void DamageIndex(const std::filesystem::path& directory, IndexDamage damage) {
  constexpr std::size_t kPage = 4096;
  const std::filesystem::path path = directory / "index.db";
  std::string bytes = FileBytes(path);
  ASSERT_GT(bytes.size(), kPage) << "the log was not copied into the database";
  const std::size_t from = damage == IndexDamage::kHeader ? 0 : kPage;
  const std::size_t size =
      damage == IndexDamage::kHeader ? 100 : bytes.size() - kPage;
  bytes.replace(from, size, size, '\xa5');
  WriteFileBytes(path, bytes);
}

FastDirectory::FastDirectory() {
  std::string name = "/dev/shm/ireneo_XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    name = ::testing::TempDir() + "/ireneo_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      std::perror(name.c_str());
      std::abort();
    }
  }
  path_ = name;
}

FastDirectory::~FastDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  std::uint64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << name << "=" << text;
  return number;
}

::testing::AssertionResult SameBytes(std::string_view actual,
                                     std::string_view expected) {
  if (actual == expected) return ::testing::AssertionSuccess();
  const auto [at, other] = std::mismatch(actual.begin(), actual.end(),
                                         expected.begin(), expected.end());
  const auto show = [](std::string_view bytes, std::size_t from) {
    constexpr std::size_t kShown = 20;
    bytes.remove_prefix(from);
    return ::testing::PrintToString(std::string(bytes.substr(0, kShown)));
  };
  const auto from = static_cast<std::size_t>(at - actual.begin());
  return ::testing::AssertionFailure()
         << actual.size() << " bytes, expected " << expected.size()
         << ", and from byte " << from << " on " << show(actual, from)
         << ", expected " << show(expected, from);
}

int CountFailures() {
  const ::testing::TestResult& result =
      *::testing::UnitTest::GetInstance()->current_test_info()->result();
  int count = 0;
  for (int i = 0; i < result.total_part_count(); ++i) {
    count += result.GetTestPartResult(i).failed() ? 1 : 0;
  }
  return count;
}

void StartTrial(const std::string& description) {
  if (trial[0] == '\0') SayTrialWhenDying();
  std::snprintf(trial, sizeof trial, "%s", description.c_str());
  ::alarm(kTrialSeconds);
}

void EndTrials() { ::alarm(0); }

}  // namespace ireneo::testing
