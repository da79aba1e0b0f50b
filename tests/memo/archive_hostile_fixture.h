#ifndef IRENEO_TESTS_MEMO_ARCHIVE_HOSTILE_FIXTURE_H_
#define IRENEO_TESTS_MEMO_ARCHIVE_HOSTILE_FIXTURE_H_

// For tests of archives that somebody made to do harm. Whatever is in them, an
// import says in one sentence what is wrong with which file, leaves the store
// as it was and touches nothing else.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/hostile_archive.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {

class HostileArchiveTest : public ::testing::Test {
 protected:
  static constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  static constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  static constexpr auto kTooLarge = absl::StatusCode::kResourceExhausted;
  static constexpr auto kForeign = absl::StatusCode::kFailedPrecondition;

  HostileArchiveTest() : store_(*OpenStore(dir_.path() / "store")) {
    auto twice = Memoize(store_, {.name = "acme.Twice", .version = "1"},
                         [](int n) { return absl::StrCat(n, " and ", n); });
    for (int n = 0; n < 3; ++n) twice(n);
    EXPECT_THAT(store_.blobs().Put(std::string(5000, 'o')), IsOk());
  }

  std::filesystem::path File() const {
    return dir_.path() / "from_mallory.tar";
  }

  // All that a store knows.
  static std::vector<std::string> ContentsOf(const MemoStore& store) {
    std::vector<std::string> all;
    const auto calls = store.Calls({});
    EXPECT_THAT(calls, IsOk());
    for (const CallRecord& call : *calls) {
      all.push_back(absl::StrCat(
          "call ", call.key.ToString(), " of ", call.function, " is ",
          call.result.ToString(), " ", call.result_size, " ",
          call.small_result.value_or("-"), " by ", call.environment, " at ",
          absl::ToUnixMicros(call.created_at), " ",
          absl::ToInt64Nanoseconds(call.elapsed)));
      const auto conflicts = store.Conflicts(call.key);
      EXPECT_THAT(conflicts, IsOk());
      for (const ConflictRecord& conflict : *conflicts) {
        all.push_back(absl::StrCat("other result of ", call.key.ToString(),
                                   ": ", conflict.result.ToString()));
      }
    }
    EXPECT_THAT(store.blobs().ForEach([&](const BlobInfo& blob) {
      all.push_back(
          absl::StrCat("blob ", blob.digest.ToString(), " ", blob.size));
      return true;
    }),
                IsOk());
    std::sort(all.begin(), all.end());
    return all;
  }

  // All files but those that a database writes as it likes.
  std::vector<std::string> FilesAround() const {
    std::vector<std::string> files;
    for (const std::filesystem::directory_entry& entry :
         std::filesystem::recursive_directory_iterator(dir_.path())) {
      const std::string name = entry.path().native();
      if (name.find("/store/index.db") != name.npos) continue;
      files.push_back(entry.is_regular_file()
                          ? absl::StrCat(name, " ", entry.file_size())
                          : name);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  void ExpectAsBefore() const {
    EXPECT_EQ(ContentsOf(store_), contents_);
    EXPECT_EQ(FilesAround(), files_);
    EXPECT_EQ(CountEntries(dir_.path() / "store" / "tmp"), 0u);
  }

  void Remember() {
    contents_ = ContentsOf(store_);
    files_ = FilesAround();
  }

  using Code = ::testing::Matcher<absl::StatusCode>;
  using Reason = ::testing::Matcher<const std::string&>;

  void ExpectStatus(const absl::Status& status, const Code& code,
                    const Reason& reason) const {
    EXPECT_THAT(status.code(), code) << status;
    EXPECT_THAT(
        std::string(status.message()),
        ::testing::AllOf(::testing::HasSubstr(File().native()), reason));
    EXPECT_LT(status.message().size(), 1000u);
  }

  void ExpectRefused(const std::string& bytes, const Code& code,
                     const Reason& reason) {
    WriteFileBytes(File(), bytes);
    Remember();
    ExpectStatus(ImportArchive(File(), store_).status(), code, reason);
    ExpectAsBefore();
    ExpectStatus(ImportArchive(File(), store_, {.dry_run = true}).status(),
                 code, reason);
    ExpectAsBefore();
  }
  // What is wrong shows without a store as well.
  void ExpectBad(const std::string& bytes, const Code& code,
                 const Reason& reason) {
    ExpectRefused(bytes, code, reason);
    ExpectStatus(CheckArchive(File()).status(), code, reason);
  }
  void ExpectBad(const std::string& bytes, const Code& code,
                 const char* reason) {
    ExpectBad(bytes, code, Reason(::testing::HasSubstr(reason)));
  }
  void ExpectBad(const ArchiveParts& parts, const Code& code,
                 const char* reason) {
    ExpectBad(ToBytes(parts), code, reason);
  }

  const TemporaryDirectory dir_;
  const MemoStore store_;
  std::vector<std::string> contents_;
  std::vector<std::string> files_;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_MEMO_ARCHIVE_HOSTILE_FIXTURE_H_
