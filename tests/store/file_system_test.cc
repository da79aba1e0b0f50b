#include "ireneo/store/file_system.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class PosixFileSystemTest : public ::testing::Test {
 protected:
  std::filesystem::path Path(std::string_view name) const {
    return directory_.path() / name;
  }

  void WriteNew(const std::filesystem::path& path, std::string_view bytes) {
    absl::StatusOr<std::unique_ptr<WritableFile>> file = files_.Create(path);
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT((*file)->Append(Bytes(bytes)), IsOk());
    ASSERT_THAT((*file)->Close(), IsOk());
  }

  const TemporaryDirectory directory_;
  const FileSystem& files_ = FileSystem::Posix();
};

// The code, with the path in the message.
auto FailsWith(absl::StatusCode code, const std::filesystem::path& path) {
  return StatusIs(code, HasSubstr(path.native()));
}

TEST_F(PosixFileSystemTest, CreateMakesAReadOnlyFile) {
  const mode_t umask = ::umask(022);
  WriteNew(Path("new"), "bytes");
  ::umask(umask);
  EXPECT_EQ(FileBytes(Path("new")), "bytes");
  struct stat st;
  ASSERT_EQ(::stat(Path("new").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode, S_IFREG | 0444u);
}

TEST_F(PosixFileSystemTest, CreateRespectsTheUmask) {
  const mode_t umask = ::umask(077);
  WriteNew(Path("new"), "bytes");
  ::umask(umask);
  struct stat st;
  ASSERT_EQ(::stat(Path("new").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode, S_IFREG | 0400u);
}

TEST_F(PosixFileSystemTest, CreateRefusesWhatExists) {
  WriteNew(Path("file"), "old");
  EXPECT_THAT(files_.Create(Path("file")),
              FailsWith(absl::StatusCode::kAlreadyExists, Path("file")));
  EXPECT_EQ(FileBytes(Path("file")), "old");
  EXPECT_THAT(files_.Create(directory_.path()),
              FailsWith(absl::StatusCode::kAlreadyExists, directory_.path()));
  std::filesystem::create_symlink(Path("nowhere"), Path("dangling"));
  EXPECT_THAT(files_.Create(Path("dangling")),
              FailsWith(absl::StatusCode::kAlreadyExists, Path("dangling")));
  EXPECT_FALSE(std::filesystem::exists(Path("nowhere")));
}

TEST_F(PosixFileSystemTest, AppendsInOrder) {
  const std::string large = CountingBytes(3 << 20);
  absl::StatusOr<std::unique_ptr<WritableFile>> file =
      files_.Create(Path("file"));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Append(Bytes("one ")), IsOk());
  ASSERT_THAT((*file)->Append({}), IsOk());
  ASSERT_THAT((*file)->Append(Bytes(large)), IsOk());
  ASSERT_THAT((*file)->Append(Bytes(" two")), IsOk());
  ASSERT_THAT((*file)->Close(), IsOk());
  EXPECT_TRUE(FileBytes(Path("file")) == "one " + large + " two");
}

TEST_F(PosixFileSystemTest, TheDestructorClosesTheFile) {
  for (int i = 0; i < 5000; ++i) {  // More than there are descriptors.
    ASSERT_THAT(files_.Create(Path("file")), IsOk()) << i;
    ASSERT_THAT(files_.Remove(Path("file")), IsOk());
  }
}

TEST_F(PosixFileSystemTest, ReadsEverySizeReadOrMapped) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
        std::size_t{4097}, std::size_t{(512 << 10) - 1}, std::size_t{512 << 10},
        std::size_t{(512 << 10) + 1}, std::size_t{3 << 20}}) {
    const std::filesystem::path path = Path(std::to_string(size));
    const std::string bytes = CountingBytes(size);
    WriteFileBytes(path, bytes);
    const absl::StatusOr<FileContents> contents = files_.Read(path);
    ASSERT_THAT(contents, IsOk());
    EXPECT_EQ(contents->info.size, size);
    EXPECT_EQ(contents->blob.size(), size);
    EXPECT_TRUE(Text(contents->blob.bytes()) == bytes) << size;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(contents->blob.bytes().data()) %
                  Blob::kAlignment,
              0u);
    const absl::StatusOr<FileInfo> info = files_.Stat(path);
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(*info, contents->info);
  }
}

TEST_F(PosixFileSystemTest, BytesReadOutliveTheFile) {
  for (const std::size_t size : {1000, 1 << 20}) {
    const std::string bytes = CountingBytes(size);
    WriteFileBytes(Path("removed"), bytes);
    WriteFileBytes(Path("replaced"), bytes);
    WriteFileBytes(Path("other"), std::string(size, 'x'));
    const absl::StatusOr<FileContents> removed = files_.Read(Path("removed"));
    const absl::StatusOr<FileContents> replaced = files_.Read(Path("replaced"));
    ASSERT_THAT(removed, IsOk());
    ASSERT_THAT(replaced, IsOk());
    ASSERT_THAT(files_.Remove(Path("removed")), IsOk());
    ASSERT_THAT(files_.Rename(Path("other"), Path("replaced")), IsOk());
    EXPECT_TRUE(Text(removed->blob.bytes()) == bytes);
    EXPECT_TRUE(Text(replaced->blob.bytes()) == bytes);
  }
}

TEST_F(PosixFileSystemTest, InfoTellsOneStateFromAnother) {
  WriteFileBytes(Path("file"), "one");
  const absl::StatusOr<FileInfo> before = files_.Stat(Path("file"));
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->size, 3u);
  EXPECT_GT(before->mtime_ns, std::int64_t{1'500'000'000} * 1'000'000'000);
  // Another file with the same bytes under the same name.
  WriteFileBytes(Path("other"), "one");
  ASSERT_THAT(files_.Rename(Path("other"), Path("file")), IsOk());
  const absl::StatusOr<FileInfo> after = files_.Stat(Path("file"));
  ASSERT_THAT(after, IsOk());
  EXPECT_NE(*before, *after);
  EXPECT_NE(before->inode, after->inode);
  EXPECT_EQ(before->device, after->device);
}

TEST_F(PosixFileSystemTest, AMissingFileIsNotFound) {
  const std::filesystem::path path = Path("missing");
  EXPECT_THAT(files_.Read(path), FailsWith(absl::StatusCode::kNotFound, path));
  EXPECT_THAT(files_.Stat(path), FailsWith(absl::StatusCode::kNotFound, path));
  EXPECT_THAT(files_.Remove(path),
              FailsWith(absl::StatusCode::kNotFound, path));
  const std::filesystem::path deeper = path / "file";
  EXPECT_THAT(files_.Create(deeper),
              FailsWith(absl::StatusCode::kNotFound, deeper));
  EXPECT_THAT(files_.CreateDirectory(deeper),
              FailsWith(absl::StatusCode::kNotFound, deeper));
  EXPECT_THAT(files_.Rename(path, Path("to")),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(path.native()),
                             HasSubstr(Path("to").native()))));
}

TEST_F(PosixFileSystemTest, AnUnfitNameIsAnErrorWithThePath) {
  WriteFileBytes(Path("file"), "bytes");
  const std::filesystem::path below = Path("file") / "below";
  const absl::StatusCode not_a_folder = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(files_.Create(below), FailsWith(not_a_folder, below));
  EXPECT_THAT(files_.Read(below), FailsWith(not_a_folder, below));
  EXPECT_THAT(files_.Stat(below), FailsWith(not_a_folder, below));
  EXPECT_THAT(files_.Remove(below), FailsWith(not_a_folder, below));
  EXPECT_THAT(files_.CreateDirectory(below), FailsWith(not_a_folder, below));
  const std::filesystem::path long_name = Path(std::string(300, 'x'));
  EXPECT_THAT(files_.Create(long_name),
              FailsWith(absl::StatusCode::kInvalidArgument, long_name));
}

TEST_F(PosixFileSystemTest, OnlyRegularFilesAreRead) {
  EXPECT_THAT(
      files_.Read(directory_.path()),
      FailsWith(absl::StatusCode::kFailedPrecondition, directory_.path()));
  // Must not wait for a writer.
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0666), 0);
  EXPECT_THAT(files_.Read(Path("pipe")),
              FailsWith(absl::StatusCode::kFailedPrecondition, Path("pipe")));
  EXPECT_THAT(files_.Read("/dev/zero"),
              FailsWith(absl::StatusCode::kFailedPrecondition, "/dev/zero"));
  std::filesystem::create_symlink(Path("loop"), Path("loop"));
  EXPECT_FALSE(files_.Read(Path("loop")).ok());
}

TEST_F(PosixFileSystemTest, RenameReplacesAFile) {
  WriteFileBytes(Path("from"), "new");
  WriteNew(Path("to"), "old");
  ASSERT_THAT(files_.Rename(Path("from"), Path("to")), IsOk());
  EXPECT_EQ(FileBytes(Path("to")), "new");
  EXPECT_FALSE(std::filesystem::exists(Path("from")));
}

TEST_F(PosixFileSystemTest, RenameDoesNotReplaceADirectory) {
  WriteFileBytes(Path("from"), "new");
  std::filesystem::create_directory(Path("to"));
  EXPECT_THAT(files_.Rename(Path("from"), Path("to")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(Path("from").native()),
                             HasSubstr(Path("to").native()))));
  EXPECT_EQ(FileBytes(Path("from")), "new");
}

TEST_F(PosixFileSystemTest, LinkReplacesNothing) {
  WriteFileBytes(Path("from"), "new");
  ASSERT_THAT(files_.Link(Path("from"), Path("to")), IsOk());
  EXPECT_EQ(FileBytes(Path("to")), "new");
  EXPECT_EQ(FileBytes(Path("from")), "new");
  WriteFileBytes(Path("other"), "other");
  EXPECT_THAT(files_.Link(Path("other"), Path("to")),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr(Path("other").native()),
                             HasSubstr(Path("to").native()))));
  EXPECT_EQ(FileBytes(Path("to")), "new");
}

TEST_F(PosixFileSystemTest, RemoveTakesFilesOnly) {
  WriteNew(Path("file"), "read-only");
  EXPECT_THAT(files_.Remove(Path("file")), IsOk());
  EXPECT_FALSE(std::filesystem::exists(Path("file")));
  EXPECT_FALSE(files_.Remove(directory_.path()).ok());
  EXPECT_TRUE(std::filesystem::exists(directory_.path()));
  // The link, not what it points to.
  WriteNew(Path("target"), "stays");
  std::filesystem::create_symlink(Path("target"), Path("link"));
  EXPECT_THAT(files_.Remove(Path("link")), IsOk());
  EXPECT_EQ(FileBytes(Path("target")), "stays");
}

TEST_F(PosixFileSystemTest, CreateDirectoryAcceptsOneThatExists) {
  EXPECT_THAT(files_.CreateDirectory(Path("folder")), IsOk());
  EXPECT_TRUE(std::filesystem::is_directory(Path("folder")));
  EXPECT_THAT(files_.CreateDirectory(Path("folder")), IsOk());
  std::filesystem::create_directory_symlink(Path("folder"), Path("link"));
  EXPECT_THAT(files_.CreateDirectory(Path("link")), IsOk());
  WriteFileBytes(Path("file"), "");
  EXPECT_THAT(files_.CreateDirectory(Path("file")),
              FailsWith(absl::StatusCode::kAlreadyExists, Path("file")));
}

TEST_F(PosixFileSystemTest, ListNamesWhatAFolderHolds) {
  const absl::StatusOr<std::vector<std::string>> none =
      files_.List(directory_.path());
  ASSERT_THAT(none, IsOk());
  EXPECT_THAT(*none, IsEmpty());
  WriteFileBytes(Path("file"), "bytes");
  WriteFileBytes(Path(".hidden"), "bytes");
  std::filesystem::create_directories(Path("folder") / "below");
  std::filesystem::create_symlink(Path("nowhere"), Path("dangling"));
  const absl::StatusOr<std::vector<std::string>> names =
      files_.List(directory_.path());
  ASSERT_THAT(names, IsOk());
  EXPECT_THAT(*names,
              UnorderedElementsAre("file", ".hidden", "folder", "dangling"));
  EXPECT_THAT(files_.List(Path("missing")),
              FailsWith(absl::StatusCode::kNotFound, Path("missing")));
  EXPECT_THAT(files_.List(Path("file")),
              FailsWith(absl::StatusCode::kFailedPrecondition, Path("file")));
}

TEST_F(PosixFileSystemTest, WithoutPermissionIsPermissionDenied) {
  WriteNew(Path("file"), "bytes");
  WriteNew(Path("secret"), "bytes");
  namespace fs = std::filesystem;
  fs::permissions(Path("secret"), fs::perms::none);
  fs::permissions(directory_.path(), fs::perms(0555));
  RunUnprivileged([this] {
    const absl::StatusCode denied = absl::StatusCode::kPermissionDenied;
    EXPECT_THAT(files_.Create(Path("new")), FailsWith(denied, Path("new")));
    EXPECT_THAT(files_.CreateDirectory(Path("new")),
                FailsWith(denied, Path("new")));
    EXPECT_THAT(files_.Remove(Path("file")), FailsWith(denied, Path("file")));
    EXPECT_THAT(files_.Rename(Path("file"), Path("to")),
                FailsWith(denied, Path("file")));
    EXPECT_THAT(files_.Read(Path("secret")), FailsWith(denied, Path("secret")));
    EXPECT_THAT(files_.Read(Path("file")), IsOk());
  });
  fs::permissions(directory_.path(), fs::perms(0755));
}

}  // namespace
}  // namespace ireneo
