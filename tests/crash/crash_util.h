#ifndef IRENEO_TESTS_CRASH_CRASH_UTIL_H_
#define IRENEO_TESTS_CRASH_CRASH_UTIL_H_

// What the tests that break stores share: a function whose values are known, a
// fast folder, and a guard against tests that hang.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/digest.h"

namespace ireneo::testing {

// The value of the function that is memoized: for n divisible by 3 some bytes,
// for the next n 3000 bytes, which still go into the index, and for the one
// after 10,000, which are a file. No two are equal.
std::string KnownValue(int n);

// KnownValue with a memory in `store`. Two names are two functions, whose
// results are the same blobs.
inline auto MemoizeKnownValue(const MemoStore& store,
                              const char* name = "test.KnownValue") {
  return Memoize(store, {.name = name, .version = "1", .argument_names = {"n"}},
                 KnownValue);
}

// The digest of what the store remembers of KnownValue(n).
absl::StatusOr<Digest> ResultOf(const MemoStore& store, int n);

// Bytes that nobody memoizes: small ones for even n, else a file.
std::string KnownBlob(int n);

Digest DigestOf(const std::string& bytes);

// Overwrites the header of the index, so that it is no database any more; or
// all pages but the first, so that it opens and nothing can be read.
enum class IndexDamage { kHeader, kPages };
void DamageIndex(const std::filesystem::path& directory, IndexDamage damage);

// A folder in memory if the machine lets us have one, removed with all that is
// in it.
class FastDirectory {
 public:
  FastDirectory();
  ~FastDirectory();
  FastDirectory(const FastDirectory&) = delete;
  FastDirectory& operator=(const FastDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// How long tools/stress wants a test to run: the number in an environment
// variable, or `otherwise`.
std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise);

// Says where they differ, not what all of them are.
::testing::AssertionResult SameBytes(std::string_view actual,
                                     std::string_view expected);

// The failed expectations of the current test.
int CountFailures();

// Says what the test is at, for the case that the process dies of it; and sees
// to it that it does, by SIGALRM, if it takes longer than a minute.
void StartTrial(const std::string& description);
void EndTrials();

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_CRASH_CRASH_UTIL_H_
