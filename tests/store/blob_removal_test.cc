// Removing blobs of a LocalBlobStore, and what that is to those who store or
// read them meanwhile.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_files.h"
#include "ireneo/store/blob_store.h"
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

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::ForwardingFileSystem;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kFileSize;
using ::ireneo::testing::kRawFiles;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::testing::HasSubstr;

absl::StatusOr<bool> Always(const Digest&, Connection&) { return true; }

void Ignore(const BlobInfo&) {}

class BlobRemovalTest : public LocalStoreTest {
 protected:
  // Payloads of one shard, by digest.
  static std::map<Digest, std::string> OfOneShard(std::size_t count,
                                                  std::size_t size) {
    std::map<Digest, std::string> found;
    for (std::uint64_t seed = 0; found.size() < count; ++seed) {
      std::string bytes(size, 'x');
      for (std::size_t i = 0; i < sizeof(seed); ++i) {
        bytes[i] = static_cast<char>(seed >> 8 * i);
      }
      const Digest digest = Digest::Of(bytes);
      if (digest.bytes()[0] == 7) found.emplace(digest, std::move(bytes));
    }
    return found;
  }
};

// Does something, once, when the next file is read or looked at.
class InterruptedFileSystem final : public ForwardingFileSystem {
 public:
  InterruptedFileSystem() : ForwardingFileSystem(FileSystem::Posix()) {}

  void set_before_read(std::function<void()> action) {
    before_read_ = std::move(action);
  }
  void set_before_stat(std::function<void()> action) {
    before_stat_ = std::move(action);
  }

  absl::StatusOr<FileContents> Read(const fs::path& path) const override {
    if (before_read_ != nullptr) std::exchange(before_read_, nullptr)();
    return ForwardingFileSystem::Read(path);
  }
  absl::StatusOr<FileInfo> Stat(const fs::path& path) const override {
    if (before_stat_ != nullptr) std::exchange(before_stat_, nullptr)();
    return ForwardingFileSystem::Stat(path);
  }

 private:
  mutable std::function<void()> before_read_;
  mutable std::function<void()> before_stat_;
};

TEST_F(BlobRemovalTest, GarbageOfAShardIsRemovedInGroups) {
  const OpenStore store(path());
  std::vector<Digest> digests;
  for (const std::size_t size : {std::size_t{100}, kFileSize}) {
    for (const auto& [digest, bytes] : OfOneShard(100, size)) {
      MustPut(store, bytes);
      digests.push_back(digest);
    }
  }
  std::map<Digest, BlobInfo> removed;
  int asked = 0;
  const auto removal = store->RemoveGarbage(
      7, digests,
      [&](const Digest& digest,
          Connection& connection) -> absl::StatusOr<bool> {
        ++asked;
        // In the transaction that deletes the rows.
        EXPECT_THAT(WriteTransaction::Begin(connection),
                    StatusIs(absl::StatusCode::kInternal));
        return digest.bytes()[15] % 2 == 0;
      },
      [&](const BlobInfo& info) { removed.emplace(info.digest, info); });
  ASSERT_THAT(removal, IsOk());
  EXPECT_FALSE(removal->busy);
  EXPECT_THAT(removal->files, IsOk());
  EXPECT_EQ(asked, 200);
  EXPECT_GT(removed.size(), 50u);
  std::size_t files = 0;
  for (const Digest& digest : digests) {
    const bool gone = digest.bytes()[15] % 2 == 0;
    EXPECT_EQ(removed.contains(digest), gone);
    EXPECT_EQ(store->Contains(digest).value_or(gone), !gone);
    if (gone) {
      EXPECT_FALSE(fs::exists(store->PathOf(digest)));
      EXPECT_EQ(removed[digest].size, removed[digest].stored);
      EXPECT_GT(removed[digest].created_at, absl::Now() - absl::Hours(1));
    } else {
      EXPECT_THAT(store->Get(digest), IsOk());
      files += fs::exists(store->PathOf(digest)) ? 1 : 0;
    }
  }
  EXPECT_EQ(CountEntries(path() / "blobs" / "07"), files);
}

TEST_F(BlobRemovalTest, AFailingQuestionRemovesNothingOfItsGroup) {
  const OpenStore store(path());
  std::vector<Digest> digests;
  for (const auto& [digest, bytes] : OfOneShard(3, kFileSize)) {
    MustPut(store, bytes);
    digests.push_back(digest);
  }
  int asked = 0;
  EXPECT_THAT(store->RemoveGarbage(
                  7, digests,
                  [&](const Digest&, Connection&) -> absl::StatusOr<bool> {
                    if (++asked == 3) return absl::DataLossError("bad row");
                    return true;
                  },
                  Ignore),
              StatusIs(absl::StatusCode::kDataLoss, "bad row"));
  for (const Digest& digest : digests) EXPECT_THAT(store->Get(digest), IsOk());
}

TEST_F(BlobRemovalTest, AnotherShardsDigestIsRefused) {
  const OpenStore store(path());
  const Digest digest({8});
  EXPECT_THAT(store->RemoveGarbage(7, {&digest, 1}, Always, Ignore),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(digest.ToString())));
}

// What a crash has left.
TEST_F(BlobRemovalTest, FilesWithoutARowAreRemovedUnderAllNames) {
  const OpenStore store(path());
  const auto [digest, bytes] = *OfOneShard(1, kFileSize).begin();
  (void)MustStage(store, bytes);
  (void)MustStage(store, bytes, {.compression = Compression::Zstd(1)});
  ASSERT_EQ(CountEntries(path() / "blobs" / "07"), 2u);
  int removed = 0;
  EXPECT_THAT(store->RemoveGarbage(7, {&digest, 1}, Always,
                                   [&](const BlobInfo&) { ++removed; }),
              IsOk());
  EXPECT_EQ(removed, 0);
  EXPECT_EQ(CountEntries(path() / "blobs" / "07"), 0u);
}

// It finds the file there, and has not written the row yet.
TEST_F(BlobRemovalTest, WhatAWriterReliesOnIsNotRemoved) {
  const OpenStore store(path());
  const OpenStore collector(path());
  const auto payloads = OfOneShard(2, kFileSize);
  const auto& [digest, bytes] = *payloads.begin();
  MustPut(store, bytes);
  std::optional<StagedBlob> staged = MustStage(store, bytes);
  ASSERT_TRUE(staged->present);
  EXPECT_TRUE(staged->lock.held());
  const auto removal = collector->RemoveGarbage(7, {&digest, 1}, Always, Ignore,
                                                absl::Milliseconds(100));
  ASSERT_THAT(removal, IsOk());
  EXPECT_TRUE(removal->busy);
  EXPECT_THAT(
      collector->Remove(digest),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(digest.ToString())));
  EXPECT_THAT(Commit(store, *staged), IsOk());
  ExpectHolds(store, bytes);
  staged.reset();
  EXPECT_THAT(collector->Remove(digest), IsOk());
}

TEST_F(BlobRemovalTest, WithoutLocksAWriterFindsOutWhenItCommits) {
  const OpenStore store(path());
  fs::remove_all(path() / "locks");
  const std::string bytes = RandomBytes(kFileSize, 1);
  MustPut(store, bytes);
  const StagedBlob staged = MustStage(store, bytes);
  EXPECT_TRUE(staged.present);
  EXPECT_FALSE(staged.lock.held());
  EXPECT_FALSE(store->HasVanished(staged));
  EXPECT_THAT(store->Remove(staged.digest), IsOk());
  EXPECT_TRUE(store->HasVanished(staged));
  EXPECT_THAT(Commit(store, staged), StatusIs(absl::StatusCode::kAborted));
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
}

TEST_F(BlobRemovalTest, ABlobThatGoesWhileItIsReadIsNotDamaged) {
  InterruptedFileSystem files;
  const OpenStore store(path(), files, kRawFiles);
  const OpenStore other(path());
  const std::string bytes = RandomBytes(kFileSize, 1);
  const Digest digest = MustPut(store, bytes);
  files.set_before_read([&] { EXPECT_THAT(other->Remove(digest), IsOk()); });
  EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
  // And one that comes back under another name is read.
  MustPut(store, bytes);
  files.set_before_read([&] {
    EXPECT_THAT(other->Remove(digest), IsOk());
    EXPECT_THAT(Commit(other, MustStage(other, bytes,
                                        {.compression = Compression::Zlib(1)})),
                IsOk());
  });
  ExpectHolds(store, bytes);
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
}

TEST_F(BlobRemovalTest, AFileThatIsMendedWhileItIsFoundBadStays) {
  InterruptedFileSystem files;
  const OpenStore store(path(), files, kRawFiles);
  const std::string bytes = RandomBytes(kFileSize, 1);
  const Digest digest = MustPut(store, bytes);
  const fs::path file = store->PathOf(digest);
  for (const bool missing : {false, true}) {
    Replace(file, "short");
    if (missing) fs::remove(file);
    // After it was read, and before it is set aside.
    files.set_before_stat([&] { Replace(file, bytes); });
    ExpectHolds(store, bytes);
    EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
  }
}

// Whatever comes between, a reader that keeps asking gets the right bytes or is
// told that there are none.
TEST_F(BlobRemovalTest, WritersReadersAndACollectorAgree) {
  const auto payloads = OfOneShard(6, kFileSize);
  RunInChildren(4, [&](int process) {
    const OpenStore store(path());
    for (int round = 0; round < 60; ++round) {
      for (const auto& [digest, bytes] : payloads) {
        switch (process) {
          case 0:
            EXPECT_THAT(store->RemoveGarbage(7, {&digest, 1}, Always, Ignore),
                        IsOk());
            break;
          case 1: {
            const absl::Status status =
                store->Recompress(digest, round % 2 == 0 ? Compression::Zstd(1)
                                                         : Compression::kNone);
            EXPECT_TRUE(status.ok() || absl::IsNotFound(status) ||
                        absl::IsAborted(status) || absl::IsUnavailable(status))
                << status;
            break;
          }
          default: {
            EXPECT_THAT(store->Put(bytes), IsOk());
            const absl::StatusOr<Blob> blob = store->Get(digest);
            if (blob.ok()) {
              EXPECT_TRUE(Text(blob->bytes()) == bytes);
            } else {
              EXPECT_THAT(blob, StatusIs(absl::StatusCode::kNotFound));
            }
          }
        }
      }
    }
  });
  // No row without its file, and nothing was taken for damaged.
  const OpenStore store(path());
  EXPECT_THAT(store->ForEach([&](const BlobInfo& info) {
    EXPECT_THAT(store->Check(info.digest), IsOk());
    return true;
  }),
              IsOk());
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
}

TEST_F(BlobRemovalTest, FilesThatNoRowNamesAreStrays) {
  const OpenStore store(path());
  const std::string bytes = RandomBytes(kFileSize, 1);
  const Digest digest = MustPut(store, bytes);
  const fs::path named = store->PathOf(digest);
  // As a recompression leaves it that is killed; and a blob that was never
  // committed.
  const fs::path beside = named.native() + ".zst";
  fs::copy_file(named, beside);
  const fs::path alone = store->PathOf(Digest({1, 2, 3}));
  fs::create_directories(alone.parent_path());
  fs::copy_file(named, alone);
  const auto find = [&](absl::Time limit, bool remove) {
    std::size_t found = 0;
    EXPECT_THAT(store->FindStrays(
                    limit, remove, [&](const BlobFiles::Found&) { ++found; },
                    absl::Milliseconds(100)),
                IsOk());
    return found;
  };
  EXPECT_EQ(find(absl::Now() - absl::Hours(1), true), 0u) << "too new";
  const absl::Time limit = absl::Now() + absl::Hours(1);
  EXPECT_EQ(find(limit, false), 2u);
  EXPECT_TRUE(fs::exists(beside));
  {
    const StagedBlob writing = MustStage(store, bytes);
    EXPECT_EQ(find(limit, true), 1u) << "the shard of the other is in use";
    EXPECT_TRUE(fs::exists(beside));
  }
  EXPECT_EQ(find(limit, true), 1u);
  EXPECT_FALSE(fs::exists(beside));
  EXPECT_FALSE(fs::exists(alone));
  EXPECT_EQ(find(limit, true), 0u);
  ExpectHolds(store, bytes);
}

}  // namespace
}  // namespace ireneo
