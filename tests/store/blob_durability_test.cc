// A durable LocalBlobStore: what it has acknowledged survives a power cut, and
// a file that could not be synced is not relied on.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/directory_blob_store.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/crash_states.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/journal.h"
#include "tests/store/local_store.h"
#include "tests/store/recording_file_system.h"
#include "tests/store/test_util.h"
#include "tests/store/test_vfs.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::CrashState;
using ::ireneo::testing::CrashStates;
using ::ireneo::testing::DirectoryImage;
using ::ireneo::testing::FaultyFileSystem;
using ::ireneo::testing::FileOperation;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::Journal;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RecordingFileSystem;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TestVfs;
using ::ireneo::testing::Text;
using ::ireneo::testing::VfsCall;
using ::ireneo::testing::WriteImage;
using ::testing::HasSubstr;

const BlobStoreOptions kDurable = {.durability = Durability::kDurable};

class BlobDurabilityTest : public LocalStoreTest {
 protected:
  std::uint64_t Inode(const OpenStore& store, const Digest& digest) const {
    const absl::StatusOr<FileInfo> info =
        FileSystem::Posix().Stat(store->PathOf(digest));
    EXPECT_THAT(info, IsOk());
    return info.ok() ? info->inode : 0;
  }

  // For stores, with all that they open.
  void PowerCuts(
      const std::function<void(const fs::path&, const FileSystem&, Journal&)>&
          use,
      const std::function<void(const fs::path&,
                               const std::vector<std::uint64_t>&)>& check) {
    const fs::path recorded = path() / "recorded";
    fs::create_directory(recorded);
    Journal journal(recorded);
    {
      const TestVfs vfs(&journal);
      const RecordingFileSystem files(journal);
      use(recorded, files, journal);
    }
    const CrashStates states(journal);
    const fs::path replayed = path() / "replayed";
    const CrashStates::Counts counts = states.ForEach(
        400, 1,
        [&](const CrashState& state, const std::vector<std::uint64_t>& marks,
            const DirectoryImage& image) {
          if (marks.empty()) return;
          SCOPED_TRACE(state.Describe());
          WriteImage(image, replayed);
          check(replayed, marks);
          fs::remove_all(replayed);
        });
    std::printf("power cut: %zu states of %zu\n", counts.visited,
                counts.possible);
    EXPECT_GT(counts.visited, 100u);
  }
};

std::string Payload(std::uint64_t n) {
  // Small, large, and one that is compressed.
  return n % 3 == 0   ? RandomBytes(100 + n, n)
         : n % 3 == 1 ? RandomBytes(9000 + n, n)
                      : RandomBytes(100, n) + std::string(20000, 'c');
}

TEST_F(BlobDurabilityTest, WhatWasAcknowledgedSurvivesAPowerCut) {
  PowerCuts(
      [](const fs::path& folder, const FileSystem& files, Journal& journal) {
        std::uint64_t next = 0;
        const OpenStore store(folder, files, kDurable);
        for (; next < 6; ++next) {
          MustPut(store, Payload(next));
          journal.Mark(next);
        }
        {
          // Another process, which syncs nothing, was first.
          const OpenStore other(folder, files,
                                {.durability = Durability::kCache});
          for (std::uint64_t n = next; n < next + 3; ++n) {
            MustPut(other, Payload(n));
          }
          for (std::uint64_t n = 0; n < 3; ++n, ++next) {
            MustPut(store, Payload(next));
            journal.Mark(next);
          }
        }
        // A group.
        std::vector<StagedBlob> staged;
        std::vector<StagedBlob*> pointers;
        for (std::uint64_t n = next; n < next + 4; ++n) {
          staged.push_back(MustStage(store, Payload(n), {.defer_sync = true}));
        }
        for (StagedBlob& blob : staged) pointers.push_back(&blob);
        EXPECT_THAT(store->SyncStaged(pointers), IsOk());
        {
          absl::StatusOr<Connection> connection = store.database().Acquire();
          ASSERT_THAT(connection, IsOk());
          absl::StatusOr<WriteTransaction> transaction =
              WriteTransaction::Begin(*connection);
          ASSERT_THAT(transaction, IsOk());
          for (const StagedBlob& blob : staged) {
            EXPECT_THAT(store->Commit(blob, *connection), IsOk());
          }
          EXPECT_THAT(transaction->Commit(), IsOk());
        }
        for (int n = 0; n < 4; ++n) journal.Mark(next++);
        staged.clear();
        // The others stay where they are, or what they are.
        const Digest gone = MustPut(store, RandomBytes(10000, 999));
        EXPECT_THAT(store->Remove(gone), IsOk());
        EXPECT_THAT(
            store->Recompress(Digest::Of(Payload(5)), Compression::Zlib(1)),
            IsOk());
        EXPECT_THAT(
            store->Recompress(Digest::Of(Payload(2)), Compression::Zstd(9)),
            IsOk());
      },
      [](const fs::path& folder, const std::vector<std::uint64_t>& marks) {
        const OpenStore store(folder);
        for (const std::uint64_t n : marks) {
          SCOPED_TRACE(n);
          ExpectHolds(store, Payload(n));
        }
      });
}

TEST_F(BlobDurabilityTest, ADirectoryStoreLosesNothingEither) {
  PowerCuts(
      [](const fs::path& folder, const FileSystem& files, Journal& journal) {
        const auto store = DirectoryBlobStore::Open(folder, files, kDurable);
        ASSERT_THAT(store, IsOk());
        const auto other = DirectoryBlobStore::Open(folder, files, {});
        ASSERT_THAT(other, IsOk());
        for (std::uint64_t n = 0; n < 12; ++n) {
          if (n % 2 == 1) {
            ASSERT_THAT((*other)->Put(Payload(n)), IsOk());
          }
          ASSERT_THAT((*store)->Put(Payload(n)), IsOk());
          journal.Mark(n);
        }
        EXPECT_THAT(
            (*store)->Recompress(Digest::Of(Payload(5)), Compression::Zlib(1)),
            IsOk());
      },
      [](const fs::path& folder, const std::vector<std::uint64_t>& marks) {
        const auto store =
            DirectoryBlobStore::Open(folder, FileSystem::Posix());
        ASSERT_THAT(store, IsOk());
        for (const std::uint64_t n : marks) {
          const auto blob = (*store)->Get(Digest::Of(Payload(n)));
          ASSERT_THAT(blob, IsOk()) << n;
          EXPECT_TRUE(Text(blob->bytes()) == Payload(n)) << n;
        }
      });
}

TEST_F(BlobDurabilityTest, ACacheSyncsNothing) {
  FaultyFileSystem files(FileSystem::Posix());
  const TestVfs vfs;
  const OpenStore store(path(), files);
  for (std::uint64_t n = 0; n < 10; ++n) MustPut(store, Payload(n));
  EXPECT_EQ(files.count(FileOperation::kSync), 0u);
}

TEST_F(BlobDurabilityTest, WhatIsPresentIsSyncedOncePerProcess) {
  for (std::uint64_t n = 0; n < 3; ++n) MustPut(OpenStore(path()), Payload(n));
  FaultyFileSystem files(FileSystem::Posix());
  TestVfs vfs;
  const OpenStore store(path(), files, kDurable);
  const auto syncs = [&] {
    return files.count(FileOperation::kSync) + vfs.count(VfsCall::kSync);
  };
  for (std::uint64_t n = 0; n < 3; ++n) {
    files.Arm({.nth = 1 << 20});
    vfs.Arm({.nth = 1 << 20});
    EXPECT_FALSE(store->Put(Payload(n))->inserted);
    EXPECT_GE(vfs.count(VfsCall::kSync), 1u) << "the row";
    // The file, its folder and, as it is the first of its shard, blobs/.
    EXPECT_EQ(files.count(FileOperation::kSync), n % 3 == 0 ? 0u : 3u);
    const std::uint64_t before = syncs();
    EXPECT_FALSE(store->Put(Payload(n))->inserted);
    EXPECT_EQ(syncs(), before);
  }
}

TEST_F(BlobDurabilityTest, AFileThatCouldNotBeSyncedIsNotReliedUpon) {
  FaultyFileSystem files(FileSystem::Posix());
  const OpenStore store(path(), files, kDurable);
  const std::string bytes = Payload(1);
  // The file, its folder, blobs/.
  for (std::uint64_t n = 1; n <= 3; ++n) {
    files.Arm({.nth = n, .kind = FileOperation::kSync});
    EXPECT_THAT(store->Put(bytes),
                StatusIs(absl::StatusCode::kUnknown, HasSubstr("injected")));
    files.Disarm();
    EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
    EXPECT_FALSE(store->Contains(Digest::Of(bytes)).value_or(true));
  }
  MustPut(store, bytes);
  ExpectHolds(store, bytes);
}

TEST_F(BlobDurabilityTest, APresentFileThatCouldNotBeSyncedIsReplaced) {
  const std::string bytes = Payload(1);
  const Digest digest = MustPut(OpenStore(path()), bytes);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    FaultyFileSystem files(FileSystem::Posix());
    const OpenStore store(path(), files, kDurable);
    const std::uint64_t before = Inode(store, digest);
    files.Arm({.nth = n, .kind = FileOperation::kSync});
    EXPECT_THAT(store->Put(bytes), IsOk());
    files.Disarm();
    EXPECT_NE(Inode(store, digest), before);
    ExpectHolds(store, bytes);
  }
  // Nor is it after the put has failed: a second sync could not be trusted.
  FaultyFileSystem files(FileSystem::Posix());
  const OpenStore store(path(), files, kDurable);
  const std::uint64_t before = Inode(store, digest);
  files.Arm({.kind = FileOperation::kSync, .for_ever = true});
  EXPECT_THAT(store->Put(bytes), StatusIs(absl::StatusCode::kUnknown));
  files.Disarm();
  EXPECT_EQ(Inode(store, digest), before);
  EXPECT_THAT(store->Put(bytes), IsOk());
  EXPECT_NE(Inode(store, digest), before);
}

TEST_F(BlobDurabilityTest, AGroupIsSyncedAtOnce) {
  FaultyFileSystem files(FileSystem::Posix());
  const OpenStore store(path(), files, kDurable);
  files.Arm({.nth = 1 << 20});
  std::vector<StagedBlob> staged;
  std::vector<StagedBlob*> pointers;
  for (std::uint64_t n = 1; n < 30; n += 3) {
    staged.push_back(MustStage(store, Payload(n), {.defer_sync = true}));
    EXPECT_TRUE(staged.back().unsynced);
  }
  for (StagedBlob& blob : staged) pointers.push_back(&blob);
  EXPECT_EQ(files.count(FileOperation::kSync), 0u);
  EXPECT_THAT(store->SyncStaged(pointers), IsOk());
  EXPECT_EQ(files.count(FileOperation::kSync), 1u);
  for (const StagedBlob& blob : staged) {
    EXPECT_FALSE(blob.unsynced);
    EXPECT_THAT(Commit(store, blob), IsOk());
  }
  // That it was synced is known.
  EXPECT_FALSE(store->Put(Payload(1))->inserted);
  EXPECT_EQ(files.count(FileOperation::kSync), 1u);
}

TEST_F(BlobDurabilityTest, AGroupThatCouldNotBeSyncedIsStagedAnew) {
  FaultyFileSystem files(FileSystem::Posix());
  const OpenStore store(path(), files, kDurable);
  StagedBlob staged = MustStage(store, Payload(1), {.defer_sync = true});
  StagedBlob* const pointer = &staged;
  files.Arm({.kind = FileOperation::kSync});
  EXPECT_THAT(store->SyncStaged({&pointer, 1}),
              StatusIs(absl::StatusCode::kUnknown));
  files.Disarm();
  EXPECT_TRUE(staged.unsynced);
  // The file is no better for a second attempt.
  EXPECT_FALSE(store->SyncStaged({&pointer, 1}).ok());
  EXPECT_FALSE(Commit(store, staged).ok());
  StagedBlob again = MustStage(store, Payload(1), {.defer_sync = true});
  StagedBlob* const second = &again;
  EXPECT_THAT(store->SyncStaged({&second, 1}), IsOk());
  EXPECT_THAT(Commit(store, again), IsOk());
  ExpectHolds(store, Payload(1));
}

TEST_F(BlobDurabilityTest, ABlobCommittedUnsyncedIsSyncedAlone) {
  FaultyFileSystem files(FileSystem::Posix());
  const OpenStore store(path(), files, kDurable);
  const StagedBlob staged = MustStage(store, Payload(1), {.defer_sync = true});
  files.Arm({.nth = 1 << 20});
  EXPECT_THAT(Commit(store, staged), IsOk());
  EXPECT_EQ(files.count(FileOperation::kSync), 3u);
}

TEST_F(BlobDurabilityTest, ItNeedsADurableDatabase) {
  const auto database =
      Database::Open(path() / "index.db", LocalBlobStore::Schema());
  ASSERT_THAT(database, IsOk());
  EXPECT_THAT(
      LocalBlobStore::Open(path(), **database, FileSystem::Posix(), kDurable),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path().native())));
}

}  // namespace
}  // namespace ireneo
