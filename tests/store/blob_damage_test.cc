// Files and rows that were changed behind the back of a LocalBlobStore: found
// out when they are read, and healed by the next put.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <functional>
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
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/local_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kFileSize;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;

class BlobDamageTest : public LocalStoreTest {};

// `store` reads each state of the file once only, so that it never relies on
// an earlier verification; `other` checks what the put made whole.
TEST_F(BlobDamageTest, EveryFlippedByteOfAFileIsFoundOut) {
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

TEST_F(BlobDamageTest, EveryTruncationOfAFileIsFoundOut) {
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

TEST_F(BlobDamageTest, OtherDamageOfAFileIsFoundOut) {
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

TEST_F(BlobDamageTest, WhatIsLeftOfABadFileIsKept) {
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

TEST_F(BlobDamageTest, AChangedInlinePayloadIsFoundOut) {
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

TEST_F(BlobDamageTest, AChangedRowIsFoundOut) {
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
TEST_F(BlobDamageTest, PutMendsAFileThatIsMissingOrShort) {
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

TEST_F(BlobDamageTest, AFileThatMayNotBeReadStays) {
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

TEST_F(BlobDamageTest, AStoreThatMayNotBeWrittenIsPermissionDenied) {
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

// A damaged file must not swallow the good bytes of a put.
TEST_F(BlobDamageTest, APutMendsWhatIsDamagedUnread) {
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

}  // namespace
}  // namespace ireneo
