#include "ireneo/store/local_blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/sink.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;

// The shortest payload that is a file.
constexpr std::size_t kFileSize = LocalBlobStore::kInlineLimit + 1;

// A store as a program opens it: database and blobs in one folder.
class OpenStore {
 public:
  explicit OpenStore(const fs::path& directory,
                     const FileSystem& file_system = FileSystem::Posix())
      : database_(
            *Database::Open(directory / "index.db", LocalBlobStore::Schema())),
        store_(*LocalBlobStore::Open(directory, *database_, file_system)) {}

  LocalBlobStore* operator->() const { return store_.get(); }
  Database& database() const { return *database_; }

 private:
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<LocalBlobStore> store_;
};

class LocalBlobStoreTest : public ::testing::Test {
 protected:
  const fs::path& path() const { return directory_.path(); }

  Digest MustPut(const OpenStore& store, std::string_view bytes) const {
    const absl::StatusOr<PutResult> put = store->Put(bytes);
    EXPECT_THAT(put, IsOk());
    return put.ok() ? put->digest : Digest();
  }

  void ExpectHolds(const OpenStore& store, std::string_view bytes) const {
    const absl::StatusOr<Blob> blob = store->Get(Digest::Of(bytes));
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(Text(blob->bytes()) == bytes);
  }

  // That the blob of `bytes`, which a test has damaged, is found out, is gone
  // from then on, and comes back with the next put.
  void ExpectFoundOutAndHealed(const OpenStore& store, std::string_view bytes) {
    const Digest digest = Digest::Of(bytes);
    const bool small = bytes.size() <= LocalBlobStore::kInlineLimit;
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss,
                                             AllOf(HasSubstr(digest.ToString()),
                                                   HasSubstr(path().native()),
                                                   HasSubstr("is damaged"))));
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_FALSE(store->Contains(digest).value_or(true));
    // A good file may stay, without its row.
    EXPECT_TRUE(!fs::exists(fs::symlink_status(store->PathOf(digest))) ||
                FileBytes(store->PathOf(digest)) == bytes);
    const absl::StatusOr<PutResult> put = store->Put(bytes);
    ASSERT_THAT(put, IsOk());
    EXPECT_TRUE(put->inserted);
    ExpectHolds(store, bytes);
    if (!small) {
      EXPECT_TRUE(FileBytes(store->PathOf(digest)) == bytes);
    }
  }

  // Gives the name another file, as a program would that does not know better.
  // A new inode: an edit in place could keep the change time of the file,
  // whose clock is coarse on old kernels.
  void Replace(const fs::path& file, std::string_view bytes) const {
    const fs::path fresh = path() / "fresh";
    WriteFileBytes(fresh, bytes);
    fs::rename(fresh, file);
  }

  const TemporaryDirectory directory_;
};

// --------------------------------------------------------------------- Layout

TEST_F(LocalBlobStoreTest, AFileIsExactlyThePayload) {
  const mode_t umask = ::umask(022);
  const OpenStore store(path());
  for (const std::size_t size : {kFileSize, std::size_t{3 << 20}}) {
    const std::string bytes = CountingBytes(size);
    const Digest digest = MustPut(store, bytes);
    const std::string hex = digest.ToString().substr(5);
    const fs::path file =
        path() / "blobs" / hex.substr(0, 2) / hex.substr(2, 30);
    EXPECT_EQ(store->PathOf(digest), file);
    EXPECT_TRUE(FileBytes(file) == bytes);
    struct stat st;
    ASSERT_EQ(::stat(file.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode, S_IFREG | 0444u);
    EXPECT_EQ(st.st_nlink, 1u);
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
  ::umask(umask);
}

TEST_F(LocalBlobStoreTest, TheFileNameIsPinned) {
  const OpenStore store(path());
  MustPut(store, CountingBytes(4097));
  EXPECT_TRUE(
      fs::exists(path() / "blobs" / "0f" / "77b4bc73e3337db69d29f17d48293f"));
}

TEST_F(LocalBlobStoreTest, SmallPayloadsAreNotFiles) {
  const OpenStore store(path());
  for (const std::size_t size : {0, 1, 4095, 4096}) {
    const Digest digest = MustPut(store, CountingBytes(size));
    EXPECT_FALSE(fs::exists(store->PathOf(digest))) << size;
  }
  EXPECT_EQ(CountEntries(path() / "blobs"), 0u);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
}

TEST_F(LocalBlobStoreTest, RemoveRemovesTheFile) {
  const OpenStore store(path());
  const Digest digest = MustPut(store, CountingBytes(kFileSize));
  EXPECT_THAT(store->Remove(digest), IsOk());
  EXPECT_FALSE(fs::exists(store->PathOf(digest)));
}

TEST_F(LocalBlobStoreTest, ADatabaseAndAStoreOpenedAnewFindAll) {
  std::vector<std::string> payloads;
  for (int i = 0; i < 20; ++i) {
    payloads.push_back(RandomBytes(i % 2 == 0 ? 100 : 10000, i));
  }
  {
    const OpenStore store(path());
    for (const std::string& bytes : payloads) MustPut(store, bytes);
  }
  for (int round = 0; round < 2; ++round) {
    const OpenStore store(path());
    for (const std::string& bytes : payloads) {
      ExpectHolds(store, bytes);
      const absl::StatusOr<PutResult> again = store->Put(bytes);
      ASSERT_THAT(again, IsOk());
      EXPECT_FALSE(again->inserted);
    }
  }
}

TEST_F(LocalBlobStoreTest, ASecondDatabaseObjectSeesWhatTheFirstPuts) {
  const OpenStore one(path());
  const OpenStore two(path());
  const std::string small = CountingBytes(10);
  const std::string large = CountingBytes(10000);
  MustPut(one, small);
  MustPut(one, large);
  ExpectHolds(two, small);
  ExpectHolds(two, large);
  ASSERT_THAT(two->Remove(Digest::Of(large)), IsOk());
  EXPECT_THAT(one->Get(Digest::Of(large)),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LocalBlobStoreTest, LeftOverTemporaryFilesAreHarmless) {
  const std::string bytes = CountingBytes(10000);
  {
    const OpenStore store(path());
    WriteFileBytes(path() / "tmp" / "1-0123456789abcdef-0", "left over");
    MustPut(store, bytes);
  }
  const OpenStore store(path());
  ExpectHolds(store, bytes);
  MustPut(store, CountingBytes(20000));
  EXPECT_EQ(CountEntries(path() / "tmp"), 1u);
}

// A crash between the rename and the row leaves such a file.
TEST_F(LocalBlobStoreTest, AFileWithoutARowIsNoBlobAndIsReplaced) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const Digest digest = Digest::Of(bytes);
  for (const std::string_view left :
       {std::string_view(bytes), std::string_view("torn")}) {
    fs::create_directories(store->PathOf(digest).parent_path());
    Replace(store->PathOf(digest), left);
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
    const absl::StatusOr<PutResult> put = store->Put(bytes);
    ASSERT_THAT(put, IsOk());
    EXPECT_TRUE(put->inserted);
    ExpectHolds(store, bytes);
    ASSERT_THAT(store->Remove(digest), IsOk());
  }
}

TEST_F(LocalBlobStoreTest, StageAndCommitWithinATransaction) {
  const OpenStore store(path());
  for (const std::size_t size : {std::size_t{10}, kFileSize}) {
    const std::string bytes = CountingBytes(size);
    const auto write = [&bytes](Sink& sink) {
      sink.Write(std::as_bytes(std::span(bytes)));
    };
    for (const bool commit : {false, true}) {
      const absl::StatusOr<StagedBlob> staged = store->Stage(write);
      ASSERT_THAT(staged, IsOk());
      EXPECT_EQ(staged->digest, Digest::Of(bytes));
      EXPECT_EQ(staged->size, size);
      EXPECT_FALSE(staged->present);
      EXPECT_THAT(store->Get(staged->digest),
                  StatusIs(absl::StatusCode::kNotFound));
      absl::StatusOr<Connection> connection = store.database().Acquire();
      ASSERT_THAT(connection, IsOk());
      absl::StatusOr<WriteTransaction> transaction =
          WriteTransaction::Begin(*connection);
      ASSERT_THAT(transaction, IsOk());
      const absl::StatusOr<bool> inserted = store->Commit(*staged, *connection);
      ASSERT_THAT(inserted, IsOk());
      EXPECT_TRUE(*inserted);
      const absl::StatusOr<bool> again = store->Commit(*staged, *connection);
      ASSERT_THAT(again, IsOk());
      EXPECT_FALSE(*again);
      if (commit) {
        ASSERT_THAT(transaction->Commit(), IsOk());
      }
    }
    ExpectHolds(store, bytes);
    const absl::StatusOr<StagedBlob> staged = store->Stage(write);
    ASSERT_THAT(staged, IsOk());
    // Whether a small one is there, only its commit asks.
    EXPECT_EQ(staged->present, size > LocalBlobStore::kInlineLimit);
  }
}

TEST_F(LocalBlobStoreTest, OpenRemovesOldLeftOvers) {
  { const OpenStore store(path()); }
  WriteFileBytes(path() / "tmp/old", "half");
  WriteFileBytes(path() / "tmp/new", "half");
  const auto now = fs::last_write_time(path() / "tmp/old");
  fs::last_write_time(path() / "tmp/old", now - std::chrono::hours(25));
  const OpenStore store(path());
  EXPECT_FALSE(fs::exists(path() / "tmp/old"));
  EXPECT_TRUE(fs::exists(path() / "tmp/new"));
}

// A damaged file must not swallow the good bytes of a put.
TEST_F(LocalBlobStoreTest, APutMendsWhatIsDamagedUnread) {
  for (const std::size_t size : {100, 10000}) {
    const OpenStore store(path());
    const std::string bytes = RandomBytes(size, 5);
    const Digest digest = MustPut(store, bytes);
    std::string damaged = bytes;
    damaged[50] ^= 1;
    if (size > LocalBlobStore::kInlineLimit) {
      WriteFileBytes(store->PathOf(digest), damaged);
    } else {
      absl::StatusOr<Connection> connection = store.database().Acquire();
      ASSERT_THAT(connection, IsOk());
      absl::StatusOr<Statement> update =
          connection->Prepare("UPDATE blobs SET data = ? WHERE digest = ?");
      ASSERT_THAT(update, IsOk());
      ASSERT_THAT(update->Bind(1, std::as_bytes(std::span(damaged)))
                      .Bind(2, digest)
                      .Run(),
                  IsOk());
    }
    ASSERT_THAT(store->Put(bytes), IsOk());
    ExpectHolds(store, bytes);
  }
}

// --------------------------------------------------------------------- Damage

// `store` reads each state of the file once only, so that it never relies on
// an earlier verification; `other` checks what the put made whole.
TEST_F(LocalBlobStoreTest, EveryFlippedByteOfAFileIsFoundOut) {
  const OpenStore store(path());
  const OpenStore other(path());
  const std::string bytes = RandomBytes(kFileSize, 1);
  const Digest digest = MustPut(store, bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    fs::permissions(store->PathOf(digest), fs::perms(0644));
    const int fd = ::open(store->PathOf(digest).c_str(), O_WRONLY);
    const char flipped = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    ASSERT_EQ(::pwrite(fd, &flipped, 1, static_cast<off_t>(i)), 1);
    ASSERT_EQ(::close(fd), 0);
    ASSERT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss)) << i;
    ASSERT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound)) << i;
    ASSERT_TRUE(store->Put(bytes)->inserted) << i;
    ExpectHolds(other, bytes);
  }
}

TEST_F(LocalBlobStoreTest, EveryTruncationOfAFileIsFoundOut) {
  const OpenStore store(path());
  const OpenStore other(path());
  const std::string bytes = RandomBytes(kFileSize, 2);
  const Digest digest = MustPut(store, bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    fs::permissions(store->PathOf(digest), fs::perms(0644));
    fs::resize_file(store->PathOf(digest), size);
    ASSERT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss))
        << size;
    ASSERT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound))
        << size;
    ASSERT_TRUE(store->Put(bytes)->inserted) << size;
    ExpectHolds(other, bytes);
  }
}

TEST_F(LocalBlobStoreTest, OtherDamageOfAFileIsFoundOut) {
  const OpenStore store(path());
  for (const std::size_t size : {kFileSize, std::size_t{600 << 10}}) {
    const std::string bytes = RandomBytes(size, size);
    const std::string same_size = RandomBytes(size, size + 1);
    const std::string another = RandomBytes(size + 10, size + 2);
    const fs::path file = store->PathOf(MustPut(store, bytes));
    const fs::path same_size_file = store->PathOf(MustPut(store, same_size));
    const fs::path another_file = store->PathOf(MustPut(store, another));
    const std::pair<const char*, std::function<void()>> damages[] = {
        {"deleted", [&] { fs::remove(file); }},
        {"shard deleted", [&] { fs::remove_all(file.parent_path()); }},
        {"grown", [&] { Replace(file, bytes + "x"); }},
        {"grown to twice", [&] { Replace(file, bytes + bytes); }},
        {"emptied", [&] { Replace(file, ""); }},
        {"zeros", [&] { Replace(file, std::string(size, '\0')); }},
        {"last byte",
         [&] { Replace(file, bytes.substr(0, size - 1) + "\x7f"); }},
        {"a directory",
         [&] {
           fs::remove(file);
           fs::create_directory(file);
         }},
        {"a directory with files",
         [&] {
           fs::remove(file);
           fs::create_directory(file);
           WriteFileBytes(file / "x", "x");
         }},
        {"a symlink to another blob",
         [&] {
           fs::remove(file);
           fs::create_symlink(another_file, file);
         }},
        {"a symlink to another blob of its size",
         [&] {
           fs::remove(file);
           fs::create_symlink(same_size_file, file);
         }},
        {"a dangling symlink",
         [&] {
           fs::remove(file);
           fs::create_symlink("nowhere", file);
         }},
        {"another blob under its name", [&] { Replace(file, same_size); }},
        {"a pipe",
         [&] {
           fs::remove(file);
           ASSERT_EQ(::mkfifo(file.c_str(), 0666), 0);
         }},
    };
    for (const auto& [name, damage] : damages) {
      for (const bool known : {false, true}) {  // Verified before.
        SCOPED_TRACE(name);
        const OpenStore reader(path());
        if (known) ExpectHolds(reader, bytes);
        damage();
        ExpectFoundOutAndHealed(reader, bytes);
      }
    }
    ExpectHolds(store, same_size);
    ExpectHolds(store, another);
  }
}

TEST_F(LocalBlobStoreTest, WhatIsLeftOfABadFileIsKept) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const Digest digest = MustPut(store, bytes);
  Replace(store->PathOf(digest), "what is left");
  const absl::StatusOr<Blob> blob = store->Get(digest);
  ASSERT_THAT(blob, StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_EQ(CountEntries(path() / "quarantine"), 1u);
  const fs::path kept = fs::directory_iterator(path() / "quarantine")->path();
  EXPECT_EQ(FileBytes(kept), "what is left");
  EXPECT_THAT(std::string(blob.status().message()), HasSubstr(kept.native()));
}

TEST_F(LocalBlobStoreTest, AChangedInlinePayloadIsFoundOut) {
  const OpenStore store(path());
  for (const std::size_t size : {0, 1, 100, 4096}) {
    const std::string bytes = RandomBytes(size, size);
    const Digest digest = MustPut(store, bytes);
    std::vector<std::string> others = {bytes + "x", bytes + bytes + "y"};
    if (size > 0) {
      others.push_back("");
      others.push_back(bytes.substr(1));
      for (std::size_t i = 0; i < size; i += 1 + size / 100) {
        others.push_back(bytes);
        others.back()[i] = static_cast<char>(others.back()[i] ^ 0x10);
      }
    }
    for (const std::string& other : others) {
      {
        absl::StatusOr<Connection> connection = store.database().Acquire();
        ASSERT_THAT(connection, IsOk());
        absl::StatusOr<Statement> update =
            connection->Prepare("UPDATE blobs SET data = ? WHERE digest = ?");
        ASSERT_THAT(update, IsOk());
        ASSERT_THAT(update->Bind(1, std::as_bytes(std::span(other)))
                        .Bind(2, digest)
                        .Run(),
                    IsOk());
      }
      ExpectFoundOutAndHealed(store, bytes);
    }
  }
}

TEST_F(LocalBlobStoreTest, AChangedRowIsFoundOut) {
  const OpenStore store(path());
  constexpr const char* kChanges[] = {
      "UPDATE blobs SET size = size + 1",
      "UPDATE blobs SET size = size - 1",
      "UPDATE blobs SET size = -1",
      "UPDATE blobs SET size = 0",
      "UPDATE blobs SET data = NULL",
      "UPDATE blobs SET data = x'00'",
      "UPDATE blobs SET size = 9223372036854775807",
  };
  for (const std::size_t size : {std::size_t{100}, kFileSize}) {
    const std::string bytes = RandomBytes(size, size);
    for (const char* change : kChanges) {
      SCOPED_TRACE(change);
      if (size == kFileSize &&
          std::string_view(change).find("NULL") != std::string_view::npos) {
        continue;  // It is NULL.
      }
      MustPut(store, bytes);
      {
        absl::StatusOr<Connection> connection = store.database().Acquire();
        ASSERT_THAT(connection, IsOk());
        ASSERT_THAT(connection->Execute(change), IsOk());
      }
      ExpectFoundOutAndHealed(store, bytes);
    }
    ASSERT_THAT(store->Remove(Digest::Of(bytes)), IsOk());
  }
}

// A put does not read the file, but sees that it is missing or short.
TEST_F(LocalBlobStoreTest, PutMendsAFileThatIsMissingOrShort) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(10000);
  const fs::path file = store->PathOf(MustPut(store, bytes));
  fs::remove(file);
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
  Replace(file, "short");
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
  fs::remove_all(file.parent_path());
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
}

TEST_F(LocalBlobStoreTest, AFileThatMayNotBeReadStays) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const fs::path file = store->PathOf(MustPut(store, bytes));
  fs::permissions(file, fs::perms::none);
  RunUnprivileged([&] {
    EXPECT_THAT(store->Get(Digest::Of(bytes)),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr(file.native())));
  });
  fs::permissions(file, fs::perms(0444));
  ExpectHolds(store, bytes);
}

TEST_F(LocalBlobStoreTest, AStoreThatMayNotBeWrittenIsPermissionDenied) {
  const std::string bytes = CountingBytes(kFileSize);
  {
    const OpenStore store(path());
    MustPut(store, bytes);
    fs::permissions(path() / "tmp", fs::perms(0555));
    RunUnprivileged([&] {
      ExpectHolds(store, bytes);
      EXPECT_THAT(store->Put(CountingBytes(kFileSize + 1)),
                  StatusIs(absl::StatusCode::kPermissionDenied,
                           HasSubstr((path() / "tmp").native())));
    });
    fs::permissions(path() / "tmp", fs::perms(0755));
    for (const fs::directory_entry& shard :
         fs::directory_iterator(path() / "blobs")) {
      fs::permissions(shard, fs::perms(0555));
    }
    fs::permissions(path() / "blobs", fs::perms(0555));
    RunUnprivileged([&] {
      EXPECT_THAT(store->Put(CountingBytes(kFileSize + 1)),
                  StatusIs(absl::StatusCode::kPermissionDenied));
      EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
    });
    fs::permissions(path() / "blobs", fs::perms(0755));
    for (const fs::directory_entry& shard :
         fs::directory_iterator(path() / "blobs")) {
      fs::permissions(shard, fs::perms(0755));
    }
  }
  fs::remove_all(path() / "tmp");
  fs::permissions(path(), fs::perms(0555));
  RunUnprivileged([&] {
    const absl::StatusOr<std::unique_ptr<Database>> database =
        Database::Open(path() / "index.db", LocalBlobStore::Schema());
    ASSERT_THAT(database, IsOk());
    EXPECT_THAT(LocalBlobStore::Open(path(), **database, FileSystem::Posix()),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr(path().native())));
  });
  fs::permissions(path(), fs::perms(0755));
}

// --------------------------------------------------------------- Verification

// Reads other bytes than the file has, and says that it is in the same state,
// last changed at a time of the test's choice.
class LyingFileSystem final : public FileSystem {
 public:
  explicit LyingFileSystem(absl::Time changed_at) : changed_at_(changed_at) {}

  void set_lie(std::string lie) { lie_ = std::move(lie); }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const fs::path& path) const override {
    return base_.Create(path);
  }
  absl::StatusOr<FileContents> Read(const fs::path& path) const override {
    absl::StatusOr<FileContents> contents = base_.Read(path);
    if (!contents.ok()) return contents;
    contents->info.ctime_ns = absl::ToUnixNanos(changed_at_);
    if (!lie_.empty()) {
      contents->blob = Blob::Copy(std::as_bytes(std::span(lie_)));
    }
    return contents;
  }
  absl::StatusOr<FileInfo> Stat(const fs::path& path) const override {
    return base_.Stat(path);
  }
  absl::Status Rename(const fs::path& from, const fs::path& to) const override {
    return base_.Rename(from, to);
  }
  absl::Status Remove(const fs::path& path) const override {
    return base_.Remove(path);
  }
  absl::StatusOr<std::vector<std::string>> List(
      const fs::path& path) const override {
    return base_.List(path);
  }
  absl::Status CreateDirectory(const fs::path& path) const override {
    return base_.CreateDirectory(path);
  }

 private:
  const FileSystem& base_ = FileSystem::Posix();
  const absl::Time changed_at_;
  std::string lie_;
};

TEST_F(LocalBlobStoreTest, AFileIsVerifiedOncePerState) {
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
TEST_F(LocalBlobStoreTest, AFileThatIsNewIsVerifiedAgain) {
  const std::string bytes = CountingBytes(kFileSize);
  LyingFileSystem files(absl::Now() + absl::Minutes(1));
  const Digest digest = MustPut(OpenStore(path()), bytes);
  const OpenStore store(path(), files);
  ExpectHolds(store, bytes);
  files.set_lie(std::string(kFileSize, 'x'));
  EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(LocalBlobStoreTest, AChangeThatKeepsSizeAndTimeIsFoundOut) {
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

TEST_F(LocalBlobStoreTest, AFileTouchedButNotChangedIsGood) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(kFileSize);
  const fs::path file = store->PathOf(MustPut(store, bytes));
  ExpectHolds(store, bytes);
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), nullptr, 0), 0);
  ExpectHolds(store, bytes);
  Replace(file, bytes);
  ExpectHolds(store, bytes);
}

// ------------------------------------------------------------------ Processes

TEST_F(LocalBlobStoreTest, TwoProcessesPutTheSameBlobsAtOnce) {
  constexpr int kBlobs = 200;
  const auto bytes_of = [](int i) {
    return RandomBytes(i % 2 == 0 ? 100 + i : 5000 + i, i);
  };
  RunInChildren(2, [&](int) {
    const OpenStore store(path());
    for (int i = 0; i < kBlobs; ++i) {
      MustPut(store, bytes_of(i));
      ExpectHolds(store, bytes_of(i));
    }
  });
  const OpenStore store(path());
  for (int i = 0; i < kBlobs; ++i) ExpectHolds(store, bytes_of(i));
  int visited = 0;
  EXPECT_THAT(store->ForEach([&visited](const BlobInfo&) {
    ++visited;
    return true;
  }),
              IsOk());
  EXPECT_EQ(visited, kBlobs);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
}

// A store that was opened before the fork: parent and children must not choose
// the same names for their temporary files.
TEST_F(LocalBlobStoreTest, AStoreIsUsedOnBothSidesOfAFork) {
  const OpenStore store(path());
  constexpr int kBlobs = 100;
  const auto bytes_of = [](int process, int i) {
    return RandomBytes(5000, 1000 * process + i);
  };
  MustPut(store, bytes_of(9, 0));
  RunInChildren(4, [&](int process) {
    ExpectHolds(store, bytes_of(9, 0));
    for (int i = 0; i < kBlobs; ++i) {
      ASSERT_THAT(store->Put(bytes_of(process, i)), IsOk());
    }
  });
  for (int process = 0; process < 4; ++process) {
    for (int i = 0; i < kBlobs; ++i) {
      ASSERT_THAT(store->Get(Digest::Of(bytes_of(process, i))), IsOk());
    }
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
}

// One process damages and reads while another reads and puts: whatever is had
// is right.
TEST_F(LocalBlobStoreTest, NoProcessReadsWrongBytesWhileOthersDamageThem) {
  const std::string bytes = RandomBytes(kFileSize, 5);
  const Digest digest = Digest::Of(bytes);
  MustPut(OpenStore(path()), bytes);
  RunInChildren(3, [&](int process) {
    const OpenStore store(path());
    for (int i = 0; i < 300; ++i) {
      if (process == 0) {
        std::string damaged = bytes;
        damaged[static_cast<std::size_t>(i)] ^= 1;
        const fs::path fresh = path() / "fresh";
        WriteFileBytes(fresh, damaged);
        std::error_code shard_may_be_missing;
        fs::rename(fresh, store->PathOf(digest), shard_may_be_missing);
      } else {
        MustPut(store, bytes);
      }
      const absl::StatusOr<Blob> blob = store->Get(digest);
      if (blob.ok()) {
        ASSERT_TRUE(Text(blob->bytes()) == bytes);
      } else {
        ASSERT_TRUE(absl::IsDataLoss(blob.status()) ||
                    absl::IsNotFound(blob.status()))
            << blob.status();
      }
    }
  });
  const OpenStore store(path());
  (void)store->Get(digest);
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
}

}  // namespace
}  // namespace ireneo
