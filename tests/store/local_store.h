#ifndef IRENEO_TESTS_STORE_LOCAL_STORE_H_
#define IRENEO_TESTS_STORE_LOCAL_STORE_H_

// What the tests of LocalBlobStore share.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/sink.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {

// The shortest payload that is a file.
inline constexpr std::size_t kFileSize = LocalBlobStore::kInlineLimit + 1;

// Files that are exactly the payload.
inline const BlobStoreOptions kRawFiles = {.compression = Compression::kNone};

// A store as a program opens it: database and blobs in one folder.
class OpenStore {
 public:
  explicit OpenStore(const std::filesystem::path& directory,
                     const FileSystem& file_system = FileSystem::Posix(),
                     const BlobStoreOptions& options = kRawFiles)
      : database_(*Database::Open(directory / "index.db",
                                  LocalBlobStore::Schema(), {},
                                  options.durability)),
        store_(*LocalBlobStore::Open(directory, *database_, file_system,
                                     options)) {}
  OpenStore(const std::filesystem::path& directory,
            const BlobStoreOptions& options)
      : OpenStore(directory, FileSystem::Posix(), options) {}

  LocalBlobStore* operator->() const { return store_.get(); }
  LocalBlobStore& operator*() const { return *store_; }
  Database& database() const { return *database_; }

  // Runs SQL behind the store's back.
  void Execute(const char* sql) const {
    absl::StatusOr<Connection> connection = database_->Acquire();
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT(connection->Execute(sql), IsOk());
  }

 private:
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<LocalBlobStore> store_;
};

class LocalStoreTest : public ::testing::Test {
 protected:
  const std::filesystem::path& path() const { return directory_.path(); }

  static Digest MustPut(const OpenStore& store, std::string_view bytes) {
    const absl::StatusOr<PutResult> put = store->Put(bytes);
    EXPECT_THAT(put, IsOk());
    return put.ok() ? put->digest : Digest();
  }

  static StagedBlob MustStage(const OpenStore& store, std::string_view bytes,
                              const StageOptions& options = {}) {
    absl::StatusOr<StagedBlob> staged = store->Stage(
        [bytes](Sink& sink) { sink.Write(std::as_bytes(std::span(bytes))); },
        options);
    EXPECT_THAT(staged, IsOk());
    return staged.ok() ? *std::move(staged) : StagedBlob();
  }

  // In a transaction of its own.
  static absl::StatusOr<bool> Commit(const OpenStore& store,
                                     const StagedBlob& blob) {
    absl::StatusOr<Connection> connection = store.database().Acquire();
    if (!connection.ok()) return connection.status();
    absl::StatusOr<WriteTransaction> transaction =
        WriteTransaction::Begin(*connection);
    if (!transaction.ok()) return transaction.status();
    absl::StatusOr<bool> inserted = store->Commit(blob, *connection);
    if (!inserted.ok()) return inserted;
    if (absl::Status status = transaction->Commit(); !status.ok()) {
      return status;
    }
    return inserted;
  }

  static void ExpectHolds(const OpenStore& store, std::string_view bytes) {
    const absl::StatusOr<Blob> blob = store->Get(Digest::Of(bytes));
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(Text(blob->bytes()) == bytes);
  }

  // That the blob of `bytes`, which a test has damaged, is found out, is gone
  // from then on, and comes back with the next put.
  void ExpectFoundOutAndHealed(const OpenStore& store,
                               std::string_view bytes) const {
    using ::testing::AllOf;
    using ::testing::HasSubstr;
    const Digest digest = Digest::Of(bytes);
    const bool small = bytes.size() <= LocalBlobStore::kInlineLimit;
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kDataLoss,
                                             AllOf(HasSubstr(digest.ToString()),
                                                   HasSubstr(path().native()),
                                                   HasSubstr("is damaged"))));
    EXPECT_THAT(store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_FALSE(store->Contains(digest).value_or(true));
    // A good file may stay, without its row.
    EXPECT_TRUE(!std::filesystem::exists(
                    std::filesystem::symlink_status(store->PathOf(digest))) ||
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
  void Replace(const std::filesystem::path& file,
               std::string_view bytes) const {
    const std::filesystem::path fresh = path() / "fresh";
    WriteFileBytes(fresh, bytes);
    std::filesystem::rename(fresh, file);
  }

 private:
  const TemporaryDirectory directory_;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_LOCAL_STORE_H_
