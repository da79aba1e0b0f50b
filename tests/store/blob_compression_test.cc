// Blobs whose files are compressed.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/directory_blob_store.h"
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
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;

struct Choice {
  Compression compression;
  const char* suffix;
};
const Choice kChoices[] = {{Compression::Zlib(1), ".gz"},
                           {Compression::Zstd(1), ".zst"},
                           {Compression::Blosc(), ".blosc"}};

class BlobCompressionTest : public LocalStoreTest {
 protected:
  static BlobInfo InfoOf(const BlobStore& store, const Digest& digest) {
    BlobInfo info;
    EXPECT_THAT(store.ForEach([&](const BlobInfo& other) {
      if (other.digest == digest) info = other;
      return true;
    }),
                IsOk());
    return info;
  }

  // What `blob_files` has: blobs, size, stored.
  static std::vector<std::int64_t> Sums(const OpenStore& store) {
    absl::StatusOr<Connection> connection = store.database().Acquire();
    absl::StatusOr<Statement> select =
        connection->Prepare("SELECT blobs, size, stored FROM blob_files");
    EXPECT_TRUE(select->Step().value_or(false));
    return {select->ColumnInt64(0), select->ColumnInt64(1),
            select->ColumnInt64(2)};
  }
  // The same, by a scan.
  static std::vector<std::int64_t> Scanned(const OpenStore& store) {
    std::vector<std::int64_t> sums = {0, 0, 0};
    EXPECT_THAT(store->ForEach([&](const BlobInfo& info) {
      if (info.size > LocalBlobStore::kInlineLimit) {
        sums[0] += 1;
        sums[1] += static_cast<std::int64_t>(info.size);
        sums[2] += static_cast<std::int64_t>(info.stored);
      }
      return true;
    }),
                IsOk());
    return sums;
  }
};

TEST_F(BlobCompressionTest, ABlobIsTheSameUnderEveryCodec) {
  for (const Choice& choice : kChoices) {
    const TemporaryDirectory folder;
    const OpenStore store(folder.path(), {.compression = choice.compression});
    for (const std::size_t size : {5000, 100000, 6 << 20}) {
      const std::string bytes = CountingBytes(size);
      const absl::StatusOr<PutResult> put = store->Put(bytes);
      ASSERT_THAT(put, IsOk());
      EXPECT_EQ(put->digest, Digest::Of(bytes));
      EXPECT_EQ(put->size, size);
      EXPECT_TRUE(put->inserted);
      const fs::path file = store->PathOf(put->digest);
      EXPECT_EQ(file.extension(), choice.suffix);
      EXPECT_LT(fs::file_size(file), size);
      const BlobInfo info = InfoOf(*store, put->digest);
      EXPECT_EQ(Suffix(info.codec), choice.suffix);
      EXPECT_EQ(info.size, size);
      EXPECT_EQ(info.stored, fs::file_size(file));
      ExpectHolds(store, bytes);
      ExpectHolds(store, bytes);  // Verified.
      EXPECT_FALSE(store->Put(bytes)->inserted);
      // Under whatever codec others would have it.
      const StagedBlob other =
          MustStage(store, bytes, {.compression = Compression::kNone});
      EXPECT_TRUE(other.present);
      EXPECT_THAT(Commit(store, other), IsOk());
      EXPECT_EQ(store->PathOf(put->digest), file);
      EXPECT_FALSE(fs::exists(file.parent_path() / file.stem()));
    }
    EXPECT_EQ(Sums(store), Scanned(store));
    EXPECT_EQ(CountEntries(folder.path() / "tmp"), 0u);
  }
}

TEST_F(BlobCompressionTest, WhatDoesNotCompressIsRaw) {
  for (const Choice& choice : kChoices) {
    const OpenStore store(path(), {.compression = choice.compression});
    const std::string bytes = RandomBytes(100000, 1);
    const Digest digest = MustPut(store, bytes);
    EXPECT_TRUE(FileBytes(store->PathOf(digest)) == bytes);
    EXPECT_EQ(InfoOf(*store, digest).codec, BlobCodec::kRaw);
    EXPECT_EQ(InfoOf(*store, digest).stored, bytes.size());
  }
}

TEST_F(BlobCompressionTest, SmallBlobsAreNeverCompressed) {
  const OpenStore store(path(), {.compression = Compression::Zstd(1)});
  MustPut(store, std::string(4096, 'x'));
  EXPECT_EQ(CountEntries(path() / "blobs"), 0u);
}

TEST_F(BlobCompressionTest, DamageOfACompressedFileIsFoundOutAndHeals) {
  for (const Choice& choice : kChoices) {
    const TemporaryDirectory folder;
    const OpenStore store(folder.path(), {.compression = choice.compression});
    const std::string bytes =
        RandomBytes(100, 1) + std::string(5000, 'a') + RandomBytes(50, 2);
    const Digest digest = MustPut(store, bytes);
    const std::string good = FileBytes(store->PathOf(digest));
    ASSERT_LT(good.size(), 1000u);
    std::vector<std::string> bad;
    for (std::size_t i = 0; i < good.size(); ++i) {
      bad.push_back(good);
      bad.back()[i] = static_cast<char>(bad.back()[i] ^ (1 << i % 8));
      bad.push_back(good.substr(0, i));
    }
    bad.push_back(good + "x");
    bad.push_back(good + good);
    bad.push_back(bytes);  // Not compressed.
    for (const std::string& damaged : bad) {
      Replace(store->PathOf(digest), damaged);
      const absl::StatusOr<Blob> blob = store->Get(digest);
      if (blob.ok()) {
        // A bit of which nothing depends, as the flags of a header.
        ASSERT_TRUE(Text(blob->bytes()) == bytes);
        continue;
      }
      ASSERT_THAT(blob, StatusIs(absl::StatusCode::kDataLoss));
      ASSERT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
      MustPut(store, bytes);
      ExpectHolds(store, bytes);
    }
    // A put that finds it damaged and unread mends it as well, whatever codec
    // it has itself.
    for (const Compression& compression :
         {choice.compression, Compression::kNone}) {
      MustPut(store, bytes);
      Replace(store->PathOf(digest), good.substr(0, good.size() / 2));
      EXPECT_THAT(
          Commit(store, MustStage(store, bytes, {.compression = compression})),
          IsOk());
      ExpectHolds(store, bytes);
    }
    EXPECT_EQ(Sums(store), Scanned(store));
  }
}

TEST_F(BlobCompressionTest, AChangedRowOfACompressedFileIsFoundOut) {
  const OpenStore store(path(), {.compression = Compression::Zstd(1)});
  const std::string bytes = CountingBytes(100000);
  for (const char* change :
       {"UPDATE blobs SET size = size + 1", "UPDATE blobs SET size = -1",
        "UPDATE blobs SET size = 9223372036854775807",
        "UPDATE blobs SET codec = 'zlib'", "UPDATE blobs SET codec = 'lzw'",
        "UPDATE blobs SET codec = NULL, stored = NULL"}) {
    SCOPED_TRACE(change);
    const Digest digest = MustPut(store, bytes);
    store.Execute(change);
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
    MustPut(store, bytes);
    ExpectHolds(store, bytes);
    EXPECT_EQ(Sums(store), Scanned(store));
  }
}

// Two writers with different settings, one after the other.
TEST_F(BlobCompressionTest, AnotherSizeOfACompressedFileIsNoDamage) {
  const OpenStore store(path(), {.compression = Compression::Zstd(1)});
  const std::string bytes = CountingBytes(100000);
  const Digest digest = MustPut(store, bytes);
  for (const VerifyReads verify : {VerifyReads::kOnce, VerifyReads::kAlways,
                                   VerifyReads::kSize, VerifyReads::kNever}) {
    const OpenStore other(
        path(), {.verify = verify, .compression = Compression::Zstd(1)});
    store.Execute("UPDATE blobs SET stored = stored + 1");
    ExpectHolds(other, bytes);
    EXPECT_FALSE(other->Put(bytes)->inserted);
    EXPECT_TRUE(other->Contains(digest).value_or(false));
  }
}

TEST_F(BlobCompressionTest, RecompressingChangesTheFileAndNothingElse) {
  const OpenStore store(path());
  const std::string bytes = CountingBytes(1 << 20);
  const Digest digest = MustPut(store, bytes);
  const absl::StatusOr<Blob> mapped = store->Get(digest);
  for (const Compression& compression :
       {Compression::Zstd(1), Compression::Zstd(9), Compression::Zlib(6),
        Compression::Blosc(), Compression::kNone, Compression::kSmall,
        Compression::kDefault}) {
    SCOPED_TRACE(compression.ToString());
    EXPECT_THAT(store->Recompress(digest, compression), IsOk());
    EXPECT_EQ(CountEntries(store->PathOf(digest).parent_path()), 1u);
    EXPECT_EQ(InfoOf(*store, digest).stored,
              fs::file_size(store->PathOf(digest)));
    EXPECT_EQ(InfoOf(*store, digest).codec == BlobCodec::kRaw,
              compression == Compression::kNone);
    ExpectHolds(store, bytes);
    ExpectHolds(OpenStore(path()), bytes);
    EXPECT_EQ(Sums(store), Scanned(store));
  }
  EXPECT_TRUE(Text(mapped->bytes()) == bytes);
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_THAT(store->Recompress(Digest(), Compression::kNone),
              StatusIs(absl::StatusCode::kNotFound));
  const Digest small = MustPut(store, "small");
  EXPECT_THAT(store->Recompress(small, Compression::Zstd(1)), IsOk());
  ExpectHolds(store, "small");
}

TEST_F(BlobCompressionTest, ADirectoryStoreCompressesToo) {
  for (const Choice& choice : kChoices) {
    const TemporaryDirectory folder;
    const auto store =
        DirectoryBlobStore::Open(folder.path(), FileSystem::Posix(),
                                 {.compression = choice.compression});
    ASSERT_THAT(store, IsOk());
    const std::string bytes = CountingBytes(100000);
    const Digest digest = Digest::Of(bytes);
    ASSERT_THAT((*store)->Put(bytes), IsOk());
    EXPECT_EQ((*store)->PathOf(digest).extension(), choice.suffix);
    EXPECT_TRUE(Text((*store)->Get(digest)->bytes()) == bytes);
    EXPECT_FALSE((*store)->Put(bytes)->inserted);
    const BlobInfo info = InfoOf(**store, digest);
    EXPECT_EQ(info.size, bytes.size());
    EXPECT_EQ(info.stored, fs::file_size((*store)->PathOf(digest)));
    EXPECT_THAT((*store)->Recompress(digest, Compression::kNone), IsOk());
    EXPECT_TRUE(FileBytes((*store)->PathOf(digest)) == bytes);
    EXPECT_EQ(CountEntries((*store)->PathOf(digest).parent_path()), 1u);
    // Damage.
    EXPECT_THAT((*store)->Recompress(digest, choice.compression), IsOk());
    Replace((*store)->PathOf(digest), "short");
    EXPECT_THAT((*store)->Get(digest), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_THAT((*store)->Get(digest), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_TRUE((*store)->Put(bytes)->inserted);
    EXPECT_TRUE(Text((*store)->Get(digest)->bytes()) == bytes);
  }
}

TEST_F(BlobCompressionTest, TheSumsOfFilesAreKept) {
  const OpenStore store(path(), {.compression = Compression::Zstd(1)});
  EXPECT_EQ(Sums(store), (std::vector<std::int64_t>{0, 0, 0}));
  std::vector<Digest> digests;
  for (int i = 0; i < 30; ++i) {
    digests.push_back(MustPut(
        store, i % 3 == 0   ? RandomBytes(100, i)
               : i % 3 == 1 ? RandomBytes(10000 + i, i)
                            : std::string(10000 + i, static_cast<char>(i))));
    EXPECT_EQ(Sums(store), Scanned(store));
  }
  EXPECT_EQ(Sums(store)[0], 20);
  EXPECT_LT(Sums(store)[2], Sums(store)[1]);
  for (const Digest& digest : digests) {
    EXPECT_THAT(store->Remove(digest), IsOk());
    EXPECT_EQ(Sums(store), Scanned(store));
  }
  EXPECT_EQ(Sums(store), (std::vector<std::int64_t>{0, 0, 0}));
}

TEST_F(BlobCompressionTest, AnOlderDatabaseIsUpgraded) {
  constexpr char kOld[] =
      "CREATE TABLE blobs(digest BLOB PRIMARY KEY, size INTEGER NOT NULL, "
      "created INTEGER NOT NULL, data BLOB) STRICT, WITHOUT ROWID;";
  const std::string bytes = RandomBytes(5000, 1);
  const Digest digest = Digest::Of(bytes);
  fs::path file;
  {
    const TemporaryDirectory folder;
    const OpenStore store(folder.path());
    MustPut(store, bytes);
    file = fs::relative(store->PathOf(digest), folder.path());
  }
  {
    const auto database = Database::Open(path() / "index.db", kOld);
    ASSERT_THAT(database, IsOk());
    absl::StatusOr<Connection> connection = (*database)->Acquire();
    ASSERT_THAT(connection, IsOk());
    absl::StatusOr<Statement> insert = connection->Prepare(
        "INSERT INTO blobs VALUES (?1, 5000, 1, NULL), (?2, 1, 1, ?3)");
    ASSERT_THAT(insert, IsOk());
    const std::byte small[] = {std::byte{'s'}};
    EXPECT_THAT(
        insert->Bind(1, digest).Bind(2, Digest::Of("s")).Bind(3, small).Run(),
        IsOk());
  }
  fs::create_directories((path() / file).parent_path());
  ::ireneo::testing::WriteFileBytes(path() / file, bytes);
  const auto database =
      Database::Open(path() / "index.db", "", {LocalBlobStore::UpgradeTo3()});
  ASSERT_THAT(database, IsOk());
  const auto store =
      LocalBlobStore::Open(path(), **database, FileSystem::Posix());
  ASSERT_THAT(store, IsOk());
  EXPECT_TRUE(Text((*store)->Get(digest)->bytes()) == bytes);
  EXPECT_TRUE(Text((*store)->Get(Digest::Of("s"))->bytes()) == "s");
  ASSERT_THAT((*store)->Put(std::string(100000, 'x')), IsOk());
  absl::StatusOr<Connection> connection = (*database)->Acquire();
  absl::StatusOr<Statement> select =
      connection->Prepare("SELECT blobs, size, stored < 6000 FROM blob_files");
  ASSERT_TRUE(select->Step().value_or(false));
  EXPECT_EQ(select->ColumnInt64(0), 2);
  EXPECT_EQ(select->ColumnInt64(1), 105000);
  EXPECT_EQ(select->ColumnInt64(2), 1);
}

}  // namespace
}  // namespace ireneo
