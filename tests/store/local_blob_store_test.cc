#include "ireneo/store/local_blob_store.h"

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/sink.h"
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
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::WriteFileBytes;

class LocalBlobStoreTest : public LocalStoreTest {};

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

}  // namespace
}  // namespace ireneo
