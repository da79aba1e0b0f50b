// Several processes that use one LocalBlobStore.

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

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
using ::ireneo::testing::IsOk;
using ::ireneo::testing::kFileSize;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;

class BlobProcessesTest : public LocalStoreTest {};

TEST_F(BlobProcessesTest, TwoProcessesPutTheSameBlobsAtOnce) {
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
TEST_F(BlobProcessesTest, AStoreIsUsedOnBothSidesOfAFork) {
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
TEST_F(BlobProcessesTest, NoProcessReadsWrongBytesWhileOthersDamageThem) {
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
