// Two payloads of one digest. XXH3 makes no secret of how to find them:
//
// In stripe n of a block (64 bytes; 16 stripes, the last of the input apart),
// lane i adds the product of the two halves of x = data ^ secret[8n + 8i] to
// one accumulator, and data itself to another. Where the low half of the data
// is that of the secret, the product is 0 whatever the high half is; so in two
// such stripes one high half can grow by what the other one loses.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/directory_blob_store.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/store/local_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::LocalStoreTest;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Twins {
  std::string one;
  std::string other;
};

// Of at least 320 bytes each. The constants are the start of kSecret in
// xxhash.h, of which lane 0 of the first two stripes sees bytes 0 and 8.
Twins MakeTwins(std::size_t size, std::uint64_t seed) {
  const std::string low[] = {"\xb8\xfe\x6c\x39", "\x7c\x01\x81\x2c"};
  std::string bytes = RandomBytes(size, seed);
  bytes.replace(0, 4, low[0]);
  bytes.replace(64, 4, low[1]);
  const auto add = [](std::string& to, std::size_t at, std::uint32_t delta) {
    std::uint32_t value = 0;
    std::memcpy(&value, to.data() + at, sizeof(value));
    value += delta;
    std::memcpy(to.data() + at, &value, sizeof(value));
  };
  Twins twins{.one = bytes, .other = bytes};
  add(twins.other, 4, 12345);
  add(twins.other, 68, -std::uint32_t{12345});
  return twins;
}

class BlobCollisionTest : public LocalStoreTest {
 protected:
  static constexpr std::size_t kSizes[] = {400, 10000, 600 << 10};
};

TEST_F(BlobCollisionTest, TwinsHaveOneDigest) {
  for (const std::size_t size : kSizes) {
    const Twins twins = MakeTwins(size, size);
    EXPECT_NE(twins.one, twins.other);
    EXPECT_EQ(Digest::Of(twins.one), Digest::Of(twins.other)) << size;
  }
}

TEST_F(BlobCollisionTest, APutThatComparesRefusesTheOther) {
  for (const Compression& compression :
       {Compression::kNone, Compression::Zstd(3)}) {
    const OpenStore store(path(), {.dedup_check = DedupCheck::kCompareBytes,
                                   .compression = compression});
    for (const std::size_t size : kSizes) {
      Twins twins = MakeTwins(size, size + compression.level());
      twins.one.append(size, 'z');  // To be compressed, if that is wanted.
      twins.other.append(size, 'z');
      MustPut(store, twins.one);
      EXPECT_THAT(store->Put(twins.other),
                  StatusIs(absl::StatusCode::kAlreadyExists,
                           AllOf(HasSubstr(path().native()),
                                 HasSubstr("other bytes"))));
      ExpectHolds(store, twins.one);
      const absl::StatusOr<PutResult> again = store->Put(twins.one);
      ASSERT_THAT(again, IsOk());
      EXPECT_FALSE(again->inserted);
    }
  }
  EXPECT_EQ(CountEntries(path() / "tmp"), 0u);
  EXPECT_EQ(CountEntries(path() / "quarantine"), 0u);
}

TEST_F(BlobCollisionTest, WithoutComparingTheOtherIsTakenForTheOne) {
  const OpenStore store(path());
  const Twins twins = MakeTwins(10000, 1);
  MustPut(store, twins.one);
  EXPECT_FALSE(store->Put(twins.other)->inserted);
  ExpectHolds(store, twins.one);
}

TEST_F(BlobCollisionTest, ADirectoryStoreComparesToo) {
  const auto store = DirectoryBlobStore::Open(
      path(), FileSystem::Posix(), {.dedup_check = DedupCheck::kCompareBytes});
  ASSERT_THAT(store, IsOk());
  for (const std::size_t size : kSizes) {
    const Twins twins = MakeTwins(size, size);
    ASSERT_THAT((*store)->Put(twins.one), IsOk());
    EXPECT_THAT((*store)->Put(twins.other),
                StatusIs(absl::StatusCode::kAlreadyExists));
    EXPECT_THAT((*store)->Put(twins.one), IsOk());
    EXPECT_EQ(Text((*store)->Get(Digest::Of(twins.one))->bytes()), twins.one);
  }
}

// What is there and not of its digest is damaged, and no collision.
TEST_F(BlobCollisionTest, AComparingPutHealsDamage) {
  const OpenStore store(path(), {.dedup_check = DedupCheck::kCompareBytes,
                                 .compression = Compression::kNone});
  for (const std::size_t size : kSizes) {
    const std::string bytes = RandomBytes(size, size);
    const Digest digest = MustPut(store, bytes);
    std::string damaged = bytes;
    damaged[size / 2] ^= 1;
    if (size > LocalBlobStore::kInlineLimit) {
      WriteFileBytes(store->PathOf(digest), damaged);
    } else {
      store.Execute("UPDATE blobs SET data = zeroblob(size)");
    }
    MustPut(store, bytes);
    ExpectHolds(store, bytes);
  }
}

}  // namespace
}  // namespace ireneo
