#include "ireneo/store/directory_blob_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
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
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/sink.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/forwarding_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::FaultyFileSystem;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::FileOperation;
using ::ireneo::testing::ForwardingFileSystem;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DirectoryBlobStoreTest : public ::testing::Test {
 protected:
  const fs::path& path() const { return directory_.path(); }

  Digest MustPut(const std::string& bytes) {
    const absl::StatusOr<PutResult> put = store_->Put(bytes);
    EXPECT_THAT(put, IsOk());
    return put.ok() ? put->digest : Digest();
  }

  void Age(const Digest& digest, std::chrono::minutes age) {
    fs::last_write_time(store_->PathOf(digest),
                        fs::file_time_type::clock::now() - age);
  }

  absl::Time LastPut(const Digest& digest) {
    absl::Time time = absl::InfinitePast();
    EXPECT_THAT(store_->ForEach([&](const BlobInfo& info) {
      if (info.digest == digest) time = info.created_at;
      return true;
    }),
                IsOk());
    return time;
  }

  const TemporaryDirectory directory_;
  FaultyFileSystem files_{FileSystem::Posix()};
  const std::unique_ptr<DirectoryBlobStore> store_ =
      *DirectoryBlobStore::Open(path(), files_);
};

TEST_F(DirectoryBlobStoreTest, EveryBlobIsAFile) {
  for (const std::size_t size : {0, 1, 4096, 4097, 100000}) {
    const std::string bytes = RandomBytes(size, size);
    const Digest digest = MustPut(bytes);
    const std::string hex = digest.ToHex();
    const fs::path file = path() / "blobs" / hex.substr(0, 2) / hex.substr(2);
    EXPECT_EQ(store_->PathOf(digest), file);
    EXPECT_EQ(FileBytes(file), bytes);
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path()), 3u) << "blobs, tmp, quarantine";
}

TEST_F(DirectoryBlobStoreTest, SmallPayloadsAreStagedWithTheirBytes) {
  for (const std::size_t size : {10, 10000}) {
    const std::string bytes = RandomBytes(size, size);
    const absl::StatusOr<StagedBlob> staged = store_->Stage(
        [&](Sink& sink) { sink.Write(std::as_bytes(std::span(bytes))); });
    ASSERT_THAT(staged, IsOk());
    EXPECT_FALSE(staged->present);
    EXPECT_EQ(staged->inline_bytes, size == 10 ? bytes : "");
    EXPECT_TRUE(Text(store_->Load(*staged)->bytes()) == bytes);
    EXPECT_FALSE(store_->HasVanished(*staged));
    EXPECT_THAT(store_->StagePresent(staged->digest, size), IsOk());
    EXPECT_THAT(store_->Remove(staged->digest), IsOk());
    EXPECT_TRUE(store_->HasVanished(*staged));
    EXPECT_THAT(store_->StagePresent(staged->digest, size),
                StatusIs(absl::StatusCode::kNotFound));
  }
}

// A collector there goes by age.
TEST_F(DirectoryBlobStoreTest, WhatIsPutAgainIsNewAgain) {
  for (const std::size_t size : {10, 10000}) {
    const std::string bytes = RandomBytes(size, size);
    const Digest digest = MustPut(bytes);
    Age(digest, std::chrono::hours(24));
    EXPECT_LT(LastPut(digest), absl::Now() - absl::Hours(23));
    EXPECT_FALSE(store_->Put(bytes)->inserted);
    EXPECT_GT(LastPut(digest), absl::Now() - absl::Hours(1));
    EXPECT_TRUE(Text(store_->Get(digest)->bytes()) == bytes);
    // Not each time, as each is another state of the file, to be hashed anew.
    Age(digest, std::chrono::minutes(5));
    files_.Arm({.nth = 1 << 20});
    EXPECT_FALSE(store_->Put(bytes)->inserted);
    EXPECT_EQ(files_.count(FileOperation::kTouch), 0u);
    // What cannot be made new is written anew.
    Age(digest, std::chrono::hours(24));
    files_.Arm({.kind = FileOperation::kTouch,
                .status = absl::PermissionDeniedError("of another user")});
    EXPECT_TRUE(store_->Put(bytes)->inserted);
    EXPECT_GT(LastPut(digest), absl::Now() - absl::Hours(1));
    files_.Disarm();
  }
}

TEST_F(DirectoryBlobStoreTest, DamageIsFoundOutSetAsideAndHeals) {
  for (const std::size_t size : {10, 5000, 600 << 10}) {
    const std::string bytes = RandomBytes(size, size);
    std::string flipped = bytes;
    flipped[size / 2] ^= 1;
    for (const std::string& damaged :
         {flipped, bytes.substr(1), bytes + "x", std::string()}) {
      const Digest digest = MustPut(bytes);
      EXPECT_THAT(store_->Get(digest), IsOk());
      const fs::path fresh = path() / "fresh";
      WriteFileBytes(fresh, damaged);
      fs::rename(fresh, store_->PathOf(digest));
      EXPECT_THAT(store_->Get(digest), StatusIs(absl::StatusCode::kDataLoss,
                                                AllOf(HasSubstr("is damaged"),
                                                      HasSubstr("kept as"))));
      EXPECT_EQ(FileBytes(path() / "quarantine" / digest.ToHex()), damaged);
      EXPECT_THAT(store_->Get(digest), StatusIs(absl::StatusCode::kNotFound));
      EXPECT_TRUE(store_->Put(bytes)->inserted);
      EXPECT_TRUE(Text(store_->Get(digest)->bytes()) == bytes);
      // And by a put that finds it unread.
      WriteFileBytes(fresh, damaged);
      fs::rename(fresh, store_->PathOf(digest));
      EXPECT_TRUE(store_->Put(bytes)->inserted);
      EXPECT_TRUE(Text(store_->Get(digest)->bytes()) == bytes);
    }
  }
}

TEST_F(DirectoryBlobStoreTest, WhatIsNoBlobIsLeftAlone) {
  const Digest digest = MustPut("bytes");
  const fs::path shard = store_->PathOf(digest).parent_path();
  WriteFileBytes(shard / "README", "notes");
  WriteFileBytes(shard / (store_->PathOf(digest).filename().native() + ".bak"),
                 "copy");
  WriteFileBytes(path() / "blobs" / "notes", "x");
  int visited = 0;
  EXPECT_THAT(store_->ForEach([&](const BlobInfo& info) {
    EXPECT_EQ(info.digest, digest);
    ++visited;
    return true;
  }),
              IsOk());
  EXPECT_EQ(visited, 1);
  EXPECT_THAT(store_->Remove(digest), IsOk());
  EXPECT_EQ(CountEntries(shard), 2u);
}

// Each operation fails once: nothing is wrong, nothing stays behind, and the
// same put then succeeds.
TEST_F(DirectoryBlobStoreTest, EveryFailureOfAPutIsReported) {
  for (const Durability durability :
       {Durability::kCache, Durability::kDurable}) {
    const auto store =
        DirectoryBlobStore::Open(path(), files_, {.durability = durability});
    ASSERT_THAT(store, IsOk());
    std::uint64_t n = 1;
    for (;; ++n) {
      const std::string bytes =
          RandomBytes(5000, n + (durability == Durability::kCache ? 0 : 1000));
      const Digest digest = Digest::Of(bytes);
      files_.Arm({.nth = n});
      const absl::Status status = (*store)->Put(bytes).status();
      files_.Disarm();
      if (files_.failed() == 0) break;
      // The state of what was just synced need not be known.
      if (files_.failed(FileOperation::kStat) == 0 || n <= 4) {
        EXPECT_THAT(status,
                    StatusIs(absl::StatusCode::kUnknown, HasSubstr("injected")))
            << n;
      }
      EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
      const absl::StatusOr<Blob> blob = (*store)->Get(digest);
      if (blob.ok()) {
        EXPECT_TRUE(Text(blob->bytes()) == bytes);
      } else {
        EXPECT_THAT(blob, StatusIs(absl::StatusCode::kNotFound));
      }
      ASSERT_THAT((*store)->Put(bytes), IsOk());
      EXPECT_TRUE(Text((*store)->Get(digest)->bytes()) == bytes);
    }
    EXPECT_GE(n, durability == Durability::kCache ? 10u : 13u);
  }
}

TEST_F(DirectoryBlobStoreTest, ProcessesShareADirectory) {
  const auto bytes_of = [](int i) {
    return i % 2 == 0 ? RandomBytes(100 + i, i)
                      : std::string(5000 + i, static_cast<char>(i));
  };
  RunInChildren(3, [&](int process) {
    const auto store = DirectoryBlobStore::Open(path(), FileSystem::Posix());
    ASSERT_THAT(store, IsOk());
    for (int i = 0; i < 100; ++i) {
      ASSERT_THAT((*store)->Put(bytes_of(i)), IsOk());
      const Digest digest = Digest::Of(bytes_of(i));
      if (process == 0 && i % 5 == 0) {
        EXPECT_THAT((*store)->Recompress(digest, Compression::Zlib(1)), IsOk());
      }
      const absl::StatusOr<Blob> blob = (*store)->Get(digest);
      ASSERT_THAT(blob, IsOk());
      EXPECT_TRUE(Text(blob->bytes()) == bytes_of(i));
    }
  });
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
}

// Lets another process put a good file in the place of a damaged one, just
// before that is moved to quarantine/.
class RacingFileSystem final : public ForwardingFileSystem {
 public:
  explicit RacingFileSystem(std::string good)
      : ForwardingFileSystem(FileSystem::Posix()), good_(std::move(good)) {}

  absl::Status Rename(const fs::path& from, const fs::path& to) const override {
    if (to.parent_path().filename() == "quarantine") {
      const fs::path fresh = from.native() + ".fresh";
      WriteFileBytes(fresh, good_);
      fs::rename(fresh, from);
    }
    return ForwardingFileSystem::Rename(from, to);
  }

 private:
  const std::string good_;
};

TEST_F(DirectoryBlobStoreTest, AGoodFileThatReplacedADamagedOneStays) {
  const std::string bytes = RandomBytes(9000, 1);
  const Digest digest = MustPut(bytes);
  std::string bad = bytes;
  bad[5] ^= 1;
  const fs::path file = store_->PathOf(digest);
  fs::remove(file);
  WriteFileBytes(file, bad);
  const RacingFileSystem files(bytes);
  const auto racing = *DirectoryBlobStore::Open(path(), files);
  EXPECT_THAT(racing->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
  const absl::StatusOr<Blob> blob = racing->Get(digest);
  ASSERT_THAT(blob, IsOk());
  EXPECT_EQ(Text(blob->bytes()), bytes);
}

}  // namespace
}  // namespace ireneo
