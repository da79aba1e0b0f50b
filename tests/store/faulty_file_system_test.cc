#include "tests/store/faulty_file_system.h"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/file_system.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

using ::testing::HasSubstr;

class FaultyFileSystemTest : public ::testing::Test {
 protected:
  absl::Status Write(std::string_view name, std::string_view text) {
    absl::StatusOr<std::unique_ptr<WritableFile>> file =
        faulty_.Create(directory_.path() / name);
    if (!file.ok()) return file.status();
    if (absl::Status status = (*file)->Append(std::as_bytes(std::span(text)));
        !status.ok()) {
      return status;
    }
    return (*file)->Close();
  }

  const TemporaryDirectory directory_;
  FaultyFileSystem faulty_{FileSystem::Posix()};
};

TEST_F(FaultyFileSystemTest, ForwardsWhileNotArmed) {
  ASSERT_THAT(Write("a", "text"), IsOk());
  EXPECT_EQ(FileBytes(directory_.path() / "a"), "text");
  EXPECT_THAT(faulty_.Stat(directory_.path() / "a"), IsOk());
  EXPECT_THAT(faulty_.Read(directory_.path() / "a"), IsOk());
  EXPECT_THAT(faulty_.Sync(directory_.path() / "a"), IsOk());
  EXPECT_THAT(faulty_.Touch(directory_.path() / "a"), IsOk());
  EXPECT_THAT(faulty_.Rename(directory_.path() / "a", directory_.path() / "b"),
              IsOk());
  EXPECT_THAT(faulty_.Link(directory_.path() / "b", directory_.path() / "l"),
              IsOk());
  EXPECT_THAT(faulty_.Remove(directory_.path() / "b"), IsOk());
  EXPECT_THAT(faulty_.CreateDirectory(directory_.path() / "c"), IsOk());
  EXPECT_THAT(faulty_.List(directory_.path()), IsOk());
  EXPECT_EQ(faulty_.count(), kFileOperationCount);
  EXPECT_EQ(faulty_.failed(), 0u);
}

TEST_F(FaultyFileSystemTest, FailsTheNthOperationOnce) {
  faulty_.Arm({.nth = 3, .status = absl::ResourceExhaustedError("full")});
  EXPECT_THAT(Write("a", "text"),
              StatusIs(absl::StatusCode::kResourceExhausted, "close: full"));
  EXPECT_EQ(FileBytes(directory_.path() / "a"), "text");
  EXPECT_THAT(Write("b", "text"), IsOk());
  EXPECT_EQ(faulty_.count(), 6u);
  EXPECT_EQ(faulty_.failed(), 1u);
  EXPECT_EQ(faulty_.failed(FileOperation::kClose), 1u);
}

TEST_F(FaultyFileSystemTest, FailsForEver) {
  faulty_.Arm({.nth = 2, .for_ever = true});
  EXPECT_THAT(Write("a", "text"),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("append")));
  EXPECT_THAT(Write("b", "text"),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("create")));
  faulty_.Disarm();
  EXPECT_THAT(Write("b", "text"), IsOk());
  EXPECT_EQ(faulty_.failed(), 2u);
}

TEST_F(FaultyFileSystemTest, FailsOneKindOnly) {
  faulty_.Arm({.nth = 2, .kind = FileOperation::kCreate});
  EXPECT_THAT(Write("a", "text"), IsOk());
  EXPECT_THAT(faulty_.Stat(directory_.path() / "a"), IsOk());
  EXPECT_THAT(Write("b", "text"), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_EQ(faulty_.count(FileOperation::kCreate), 2u);
  EXPECT_EQ(faulty_.failed(FileOperation::kCreate), 1u);
}

TEST_F(FaultyFileSystemTest, WritesHalfOfAnAppend) {
  faulty_.Arm({.kind = FileOperation::kAppend, .half_append = true});
  EXPECT_THAT(Write("a", "text"), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_EQ(FileBytes(directory_.path() / "a"), "te");
}

}  // namespace
}  // namespace ireneo::testing
