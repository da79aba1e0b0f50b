// What a LocalBlobStore checks when it reads, and when it need not.

#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/forwarding_file_system.h"
#include "tests/store/local_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::ForwardingFileSystem;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kFileSize;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;

class BlobVerificationTest : public LocalStoreTest {};

// Reads other bytes than the file has, and says that it is in the same state,
// last changed at a time of the test's choice.
class LyingFileSystem final : public ForwardingFileSystem {
 public:
  explicit LyingFileSystem(absl::Time changed_at)
      : ForwardingFileSystem(FileSystem::Posix()), changed_at_(changed_at) {}

  void set_lie(std::string lie) { lie_ = std::move(lie); }

  absl::StatusOr<FileContents> Read(const fs::path& path) const override {
    absl::StatusOr<FileContents> contents = ForwardingFileSystem::Read(path);
    if (!contents.ok()) return contents;
    contents->info.ctime_ns = absl::ToUnixNanos(changed_at_);
    if (!lie_.empty()) {
      contents->blob = Blob::Copy(std::as_bytes(std::span(lie_)));
    }
    return contents;
  }

 private:
  const absl::Time changed_at_;
  std::string lie_;
};

TEST_F(BlobVerificationTest, AFileIsVerifiedOncePerState) {
  const std::string bytes = CountingBytes(kFileSize);
  const std::string lie(kFileSize, 'x');
  LyingFileSystem files(absl::Now() - absl::Minutes(1));
  const Digest digest = MustPut(OpenStore(path()), bytes);
  {
    files.set_lie(lie);
    const OpenStore store(path(), files);
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss))
        << "the first read of a process is verified";
    files.set_lie("");
    MustPut(store, bytes);
  }
  const OpenStore store(path(), files);
  ExpectHolds(store, bytes);
  // Only a file system that lies shows it: the second read is not hashed.
  files.set_lie(lie);
  absl::StatusOr<Blob> blob = store->Get(digest);
  ASSERT_THAT(blob, IsOk());
  EXPECT_EQ(Text(blob->bytes()), lie);
  // A new state is.
  Replace(store->PathOf(digest), bytes);
  EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
}

// Its time may not change with the next change of its contents.
TEST_F(BlobVerificationTest, AFileThatIsNewIsVerifiedAgain) {
  const std::string bytes = CountingBytes(kFileSize);
  LyingFileSystem files(absl::Now() + absl::Minutes(1));
  const Digest digest = MustPut(OpenStore(path()), bytes);
  const OpenStore store(path(), files);
  ExpectHolds(store, bytes);
  files.set_lie(std::string(kFileSize, 'x'));
  EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(BlobVerificationTest, AChangeThatKeepsSizeAndTimeIsFoundOut) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const Digest digest = MustPut(store, bytes);
  ExpectHolds(store, bytes);
  const fs::path file = store->PathOf(digest);
  struct stat before;
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  // In place, with the time of change of the contents set back: nobody can set
  // that of the inode. Its clock may be coarse, so until it has moved on.
  std::string damaged = bytes;
  damaged[1000] ^= 1;
  struct stat after = before;
  while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
         after.st_ctim.tv_nsec == before.st_ctim.tv_nsec) {
    WriteFileBytes(file, damaged);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    ASSERT_EQ(::stat(file.c_str(), &after), 0);
  }
  ASSERT_EQ(after.st_size, before.st_size);
  ASSERT_EQ(after.st_ino, before.st_ino);
  ASSERT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  ExpectFoundOutAndHealed(store, bytes);
}

TEST_F(BlobVerificationTest, AFileTouchedButNotChangedIsGood) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const fs::path file = store->PathOf(MustPut(store, bytes));
  ExpectHolds(store, bytes);
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), nullptr, 0), 0);
  ExpectHolds(store, bytes);
  Replace(file, bytes);
  ExpectHolds(store, bytes);
}

// Other bytes of the same size, of another size, and a good file.
TEST_F(BlobVerificationTest, WhatIsCheckedCanBeChosen) {
  struct Choice {
    VerifyReads verify;
    bool finds_bytes;
    bool finds_size;
  };
  for (const Choice& choice : {Choice{VerifyReads::kOnce, true, true},
                               Choice{VerifyReads::kAlways, true, true},
                               Choice{VerifyReads::kSize, false, true},
                               Choice{VerifyReads::kNever, false, false}}) {
    for (const std::size_t size : {std::size_t{100}, kFileSize}) {
      const std::string bytes = RandomBytes(size, size);
      const Digest digest = Digest::Of(bytes);
      for (const std::string& damaged :
           {std::string(size, 'x'), std::string(size - 1, 'x')}) {
        MustPut(OpenStore(path()), bytes);
        const OpenStore store(path(), {.verify = choice.verify,
                                       .compression = Compression::kNone});
        ExpectHolds(store, bytes);
        if (size > LocalBlobStore::kInlineLimit) {
          Replace(store->PathOf(digest), damaged);
        } else {
          store.Execute(damaged.size() == size
                            ? "UPDATE blobs SET data = zeroblob(size)"
                            : "UPDATE blobs SET data = zeroblob(size - 1)");
        }
        const bool found =
            damaged.size() == size ? choice.finds_bytes : choice.finds_size;
        const absl::StatusOr<Blob> blob = store->Get(digest);
        if (found) {
          EXPECT_THAT(blob, StatusIs(absl::StatusCode::kDataLoss));
        } else {
          ASSERT_THAT(blob, IsOk());
          EXPECT_EQ(blob->size(), damaged.size());
          // Who asks for it is told in any case.
          EXPECT_THAT(store->Check(digest),
                      StatusIs(absl::StatusCode::kDataLoss));
        }
        EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
      }
    }
  }
}

TEST_F(BlobVerificationTest, AlwaysMeansEachTime) {
  const std::string bytes = CountingBytes(kFileSize);
  LyingFileSystem files(absl::Now() - absl::Minutes(1));
  const Digest digest = MustPut(OpenStore(path()), bytes);
  const OpenStore store(
      path(), files,
      {.verify = VerifyReads::kAlways, .compression = Compression::kNone});
  ExpectHolds(store, bytes);
  files.set_lie(std::string(kFileSize, 'x'));
  EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(BlobVerificationTest, ACheckReadsWhatWasVerified) {
  const std::string bytes = CountingBytes(kFileSize);
  LyingFileSystem files(absl::Now() - absl::Minutes(1));
  const Digest digest = MustPut(OpenStore(path()), bytes);
  const OpenStore store(path(), files);
  ExpectHolds(store, bytes);
  files.set_lie(std::string(kFileSize, 'x'));
  EXPECT_THAT(store->Get(digest), IsOk());
  EXPECT_THAT(store->Check(digest), StatusIs(absl::StatusCode::kDataLoss));
}

// Cuts files off once they are mapped.
class CuttingFileSystem final : public ForwardingFileSystem {
 public:
  CuttingFileSystem() : ForwardingFileSystem(FileSystem::Posix()) {}

  void set_cut(bool cut) { cut_ = cut; }

  absl::StatusOr<FileContents> Read(const fs::path& path) const override {
    absl::StatusOr<FileContents> contents = ForwardingFileSystem::Read(path);
    if (cut_) fs::resize_file(path, 1000);
    return contents;
  }

 private:
  bool cut_ = false;
};

TEST_F(BlobVerificationTest, AFileThatBecomesShorterUnderItsReaderKillsNobody) {
  for (const Compression& compression :
       {Compression::kNone, Compression::kSmall}) {
    CuttingFileSystem files;
    // Compressed, it is still mapped.
    std::string bytes = RandomBytes(4 << 20, 1);
    for (std::size_t i = 0; i < bytes.size(); i += 2) bytes[i] = 'x';
    const Digest digest =
        MustPut(OpenStore(path(), files, {.compression = compression}), bytes);
    const OpenStore store(path(), files, {.compression = compression});
    files.set_cut(true);
    EXPECT_THAT(store->Get(digest),
                StatusIs(absl::StatusCode::kUnknown, HasSubstr("cannot read")));
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
    files.set_cut(false);
    MustPut(store, bytes);
    ExpectHolds(store, bytes);
  }
}

}  // namespace
}  // namespace ireneo
