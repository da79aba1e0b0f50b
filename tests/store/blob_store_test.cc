// One suite that every blob store passes.

#include "ireneo/store/blob_store.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/directory_blob_store.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/memory_blob_store.h"
#include "ireneo/store/sink.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Around the limits of the buffer, of inlining and of mapping.
constexpr std::size_t kSizes[] = {0,         1,         4095,      4096,   4097,
                                  511 << 10, 512 << 10, 513 << 10, 3 << 20};
constexpr std::size_t kSmall = 4096;

// What a store needs beside itself.
class Fixture {
 public:
  virtual ~Fixture() = default;
  virtual BlobStore& store() = 0;
};

class MemoryFixture final : public Fixture {
 public:
  BlobStore& store() override { return store_; }

 private:
  MemoryBlobStore store_;
};

class LocalFixture final : public Fixture {
 public:
  LocalFixture()
      : database_(*Database::Open(directory_.path() / "index.db",
                                  LocalBlobStore::Schema())),
        store_(*LocalBlobStore::Open(directory_.path(), *database_,
                                     FileSystem::Posix())) {}
  BlobStore& store() override { return *store_; }

 private:
  const TemporaryDirectory directory_;
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<LocalBlobStore> store_;
};

class DirectoryFixture final : public Fixture {
 public:
  DirectoryFixture()
      : store_(*DirectoryBlobStore::Open(directory_.path(),
                                         FileSystem::Posix())) {}
  BlobStore& store() override { return *store_; }

 private:
  const TemporaryDirectory directory_;
  const std::unique_ptr<DirectoryBlobStore> store_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Fixture>()> make;

  friend std::ostream& operator<<(std::ostream& out, const Kind& kind) {
    return out << kind.name;
  }
};

class BlobStoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  // What the store visits, by digest.
  std::map<Digest, BlobInfo> All() const {
    std::map<Digest, BlobInfo> all;
    EXPECT_THAT(store_.ForEach([&all](const BlobInfo& info) {
      EXPECT_TRUE(all.emplace(info.digest, info).second) << "visited twice";
      return true;
    }),
                IsOk());
    return all;
  }

  void ExpectHolds(std::string_view bytes) const {
    const absl::StatusOr<Blob> blob = store_.Get(Digest::Of(bytes));
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(Text(blob->bytes()) == bytes) << bytes.size();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blob->bytes().data()) %
                  Blob::kAlignment,
              0u)
        << bytes.size();
    EXPECT_TRUE(store_.Contains(Digest::Of(bytes)).value_or(false));
  }

  void ExpectLacks(const Digest& digest) const {
    EXPECT_THAT(store_.Get(digest), StatusIs(absl::StatusCode::kNotFound,
                                             HasSubstr(digest.ToString())));
    EXPECT_FALSE(store_.Contains(digest).value_or(true));
  }

  const std::unique_ptr<Fixture> fixture_ = GetParam().make();
  BlobStore& store_ = fixture_->store();
};

INSTANTIATE_TEST_SUITE_P(
    All, BlobStoreTest,
    ::testing::Values(
        Kind{"Memory", [] { return std::make_unique<MemoryFixture>(); }},
        Kind{"Local", [] { return std::make_unique<LocalFixture>(); }},
        Kind{"Directory", [] { return std::make_unique<DirectoryFixture>(); }}),
    [](const ::testing::TestParamInfo<Kind>& info) { return info.param.name; });

TEST_P(BlobStoreTest, WhatIsPutCanBeHadAgain) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    ExpectLacks(Digest::Of(bytes));
    const absl::StatusOr<PutResult> put = store_.Put(bytes);
    ASSERT_THAT(put, IsOk());
    EXPECT_EQ(put->digest, Digest::Of(bytes));
    EXPECT_EQ(put->size, size);
    EXPECT_TRUE(put->inserted);
    ExpectHolds(bytes);
  }
  for (const std::size_t size : kSizes) ExpectHolds(CountingBytes(size));
}

TEST_P(BlobStoreTest, AnEmptyStoreHasNothing) {
  ExpectLacks(Digest());
  ExpectLacks(Digest::Of(""));
  EXPECT_TRUE(All().empty());
  EXPECT_THAT(store_.Remove(Digest()), IsOk());
}

TEST_P(BlobStoreTest, EqualBytesAreKeptOnce) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    ASSERT_THAT(store_.Put(bytes), IsOk());
    for (int i = 0; i < 2; ++i) {
      const absl::StatusOr<PutResult> again = store_.Put(bytes);
      ASSERT_THAT(again, IsOk());
      EXPECT_FALSE(again->inserted);
      EXPECT_EQ(again->digest, Digest::Of(bytes));
      EXPECT_EQ(again->size, size);
    }
  }
  EXPECT_EQ(All().size(), std::size(kSizes));
}

TEST_P(BlobStoreTest, WriteIsCalledTwiceForWhatIsLargeAndNew) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    int calls = 0;
    const auto write = [&](Sink& sink) {
      ++calls;
      sink.Write(std::as_bytes(std::span(bytes)));
    };
    ASSERT_THAT(store_.Put(write), IsOk());
    EXPECT_EQ(calls, size <= kSmall ? 1 : 2) << size;
    calls = 0;
    ASSERT_THAT(store_.Put(write), IsOk());
    EXPECT_EQ(calls, 1) << size;
    ASSERT_THAT(store_.Remove(Digest::Of(bytes)), IsOk());
    calls = 0;
    ASSERT_THAT(store_.Put(write), IsOk());
    EXPECT_EQ(calls, size <= kSmall ? 1 : 2) << size;
  }
}

TEST_P(BlobStoreTest, HowTheBytesAreWrittenDoesNotMatter) {
  for (const std::size_t size : {100, 4096, 10000, 100000}) {
    for (const std::size_t step : {1, 13, 4000, 5000}) {
      for (const bool flush : {false, true}) {
        const std::string bytes = RandomBytes(size, size + step + flush);
        const absl::StatusOr<PutResult> put = store_.Put([&](Sink& sink) {
          const std::span<const std::byte> all =
              std::as_bytes(std::span(bytes));
          for (std::size_t i = 0; i < size; i += step) {
            sink.Write(all.subspan(i, std::min(step, size - i)));
            // A serializer may do so.
            if (flush && i < 10000) sink.Flush();
          }
        });
        ASSERT_THAT(put, IsOk());
        EXPECT_TRUE(put->inserted);
        ExpectHolds(bytes);
      }
    }
  }
}

TEST_P(BlobStoreTest, AFailureOfWriteIsReturnedAndNothingStored) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    for (const int failing_call : {1, 2}) {
      if (failing_call == 2 && size <= kSmall) continue;
      for (const bool at_start : {false, true}) {
        int calls = 0;
        const auto write = [&](Sink& sink) {
          const bool fails = ++calls == failing_call;
          if (fails && at_start) sink.Fail(absl::OutOfRangeError("too odd"));
          sink.Write(std::as_bytes(std::span(bytes)));
          if (fails && !at_start) sink.Fail(absl::OutOfRangeError("too odd"));
        };
        EXPECT_THAT(store_.Put(write),
                    StatusIs(absl::StatusCode::kOutOfRange, "too odd"));
        EXPECT_EQ(calls, failing_call);
        ExpectLacks(Digest::Of(bytes));
      }
    }
  }
  EXPECT_TRUE(All().empty());
  ASSERT_THAT(store_.Put(CountingBytes(10000)), IsOk());
  ExpectHolds(CountingBytes(10000));
}

TEST_P(BlobStoreTest, BytesThatChangeBetweenTheCallsAreInternal) {
  for (const std::size_t size : {4097, 10000, 600 << 10}) {
    const std::string first = CountingBytes(size);
    std::string flipped = first;
    flipped[size / 2] ^= 1;
    const std::string others[] = {
        flipped,
        first.substr(1),
        first.substr(0, size - 1),
        first + "x",
        first + first,
        "",
        first.substr(0, 100),
        std::string(size, 'x'),
    };
    for (const std::string& second : others) {
      int calls = 0;
      const auto write = [&](Sink& sink) {
        sink.Write(std::as_bytes(std::span(++calls == 1 ? first : second)));
      };
      EXPECT_THAT(store_.Put(write),
                  StatusIs(absl::StatusCode::kInternal, HasSubstr("bytes")));
      EXPECT_EQ(calls, 2);
      ExpectLacks(Digest::Of(first));
      ExpectLacks(Digest::Of(second));
    }
  }
  EXPECT_TRUE(All().empty());
}

TEST_P(BlobStoreTest, ForEachVisitsEveryBlobOnce) {
  const absl::Time before = absl::Now() - absl::Seconds(1);
  for (const std::size_t size : kSizes) {
    ASSERT_THAT(store_.Put(CountingBytes(size)), IsOk());
  }
  const absl::Time after = absl::Now() + absl::Seconds(1);
  const std::map<Digest, BlobInfo> all = All();
  EXPECT_EQ(all.size(), std::size(kSizes));
  for (const std::size_t size : kSizes) {
    const auto it = all.find(Digest::Of(CountingBytes(size)));
    ASSERT_NE(it, all.end()) << size;
    EXPECT_EQ(it->second.size, size);
    EXPECT_GE(it->second.created_at, before);
    EXPECT_LE(it->second.created_at, after);
  }
}

TEST_P(BlobStoreTest, ForEachStopsWhenToldTo) {
  for (int i = 0; i < 10; ++i)
    ASSERT_THAT(store_.Put(RandomBytes(9, i)), IsOk());
  int visited = 0;
  EXPECT_THAT(store_.ForEach([&](const BlobInfo&) { return ++visited < 4; }),
              IsOk());
  EXPECT_EQ(visited, 4);
}

TEST_P(BlobStoreTest, TheVisitorMayUseTheStore) {
  for (const std::size_t size : kSizes) {
    ASSERT_THAT(store_.Put(CountingBytes(size)), IsOk());
  }
  EXPECT_THAT(store_.ForEach([this](const BlobInfo& info) {
    EXPECT_THAT(store_.Get(info.digest), IsOk());
    EXPECT_THAT(store_.Remove(info.digest), IsOk());
    return true;
  }),
              IsOk());
  EXPECT_TRUE(All().empty());
}

TEST_P(BlobStoreTest, RemoveRemovesOneBlob) {
  for (const std::size_t size : kSizes) {
    ASSERT_THAT(store_.Put(CountingBytes(size)), IsOk());
  }
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    const std::string bytes = CountingBytes(kSizes[i]);
    EXPECT_THAT(store_.Remove(Digest::Of(bytes)), IsOk());
    ExpectLacks(Digest::Of(bytes));
    EXPECT_THAT(store_.Remove(Digest::Of(bytes)), IsOk()) << "absent";
    EXPECT_EQ(All().size(), std::size(kSizes) - i - 1);
    for (std::size_t j = i + 1; j < std::size(kSizes); ++j) {
      ExpectHolds(CountingBytes(kSizes[j]));
    }
  }
}

TEST_P(BlobStoreTest, ABlobCanBePutAgainAfterItsRemoval) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    for (int round = 0; round < 3; ++round) {
      const absl::StatusOr<PutResult> put = store_.Put(bytes);
      ASSERT_THAT(put, IsOk());
      EXPECT_TRUE(put->inserted);
      ExpectHolds(bytes);
      ASSERT_THAT(store_.Remove(Digest::Of(bytes)), IsOk());
      ExpectLacks(Digest::Of(bytes));
    }
  }
}

TEST_P(BlobStoreTest, BlobsInMemorySurviveTheirRemoval) {
  std::vector<Blob> blobs;
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    ASSERT_THAT(store_.Put(bytes), IsOk());
    absl::StatusOr<Blob> blob = store_.Get(Digest::Of(bytes));
    ASSERT_THAT(blob, IsOk());
    blobs.push_back(*std::move(blob));
    ASSERT_THAT(store_.Remove(Digest::Of(bytes)), IsOk());
  }
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    EXPECT_TRUE(Text(blobs[i].bytes()) == CountingBytes(kSizes[i]));
  }
}

TEST_P(BlobStoreTest, ABlobIsACopyOfWhatWasPut) {
  for (const std::size_t size : kSizes) {
    std::string bytes = CountingBytes(size);
    ASSERT_THAT(store_.Put(bytes), IsOk());
    bytes.assign(size, 'x');
    ExpectHolds(CountingBytes(size));
  }
}

TEST_P(BlobStoreTest, ThreadsPutOverlappingSets) {
  constexpr int kThreads = 8;
  constexpr int kBlobs = 60;
  const auto bytes_of = [](int i) {
    return RandomBytes(i % 2 == 0 ? 50 + i : 5000 + i, i);
  };
  std::atomic<int> inserted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kBlobs; ++i) {
        const std::string bytes = bytes_of((i + 7 * t) % kBlobs);
        const absl::StatusOr<PutResult> put = store_.Put(bytes);
        ASSERT_THAT(put, IsOk());
        inserted += put->inserted ? 1 : 0;
        ExpectHolds(bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Without a database, each of those who put one at once may be the first.
  EXPECT_GE(inserted, kBlobs);
  if (GetParam().name != std::string_view("Directory")) {
    EXPECT_EQ(inserted, kBlobs);
  }
  EXPECT_EQ(All().size(), static_cast<std::size_t>(kBlobs));
  for (int i = 0; i < kBlobs; ++i) ExpectHolds(bytes_of(i));
}

}  // namespace
}  // namespace ireneo
