#include "tests/crash/fault_actions.h"

#include <cstddef>
#include <iterator>
#include <memory>
#include <ostream>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/memo/verification.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "tests/crash/crash_util.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

// Calls and blobs that are in the store before; those that an action adds have
// higher numbers.
constexpr int kCalls = 6;
constexpr int kBlobs = 2;
constexpr int kNewSmallCall = 6;
constexpr int kNewLargeCall = 8;

// Of another function, for collections: some have results that nobody else has.
constexpr char kDropped[] = "drop.KnownValue";
constexpr int kFirstDropped = 4;
constexpr int kLastDropped = 18;

// By an action, which remembers them again afterwards.
constexpr int kForgotten[] = {0, 5};

void ExpectCleanBlob(const absl::StatusOr<Blob>& blob,
                     const std::string& bytes) {
  ExpectClean(blob.status());
  if (blob.ok()) {
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), bytes));
  }
}

void ExpectRemembered(const MemoStore& store, int n) {
  const auto found = MemoizeKnownValue(store).Lookup(n);
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE(SameBytes(found->value_or("lost"), KnownValue(n))) << n;
}

FaultAction Put(int n) {
  const auto put = std::make_shared<std::optional<Digest>>();
  return {.name = absl::StrCat("PutBlob", n),
          .run =
              [put, n](const MemoStore& store) {
                const auto result = store.blobs().Put(KnownBlob(n));
                ExpectClean(result.status());
                *put =
                    result.ok() ? std::optional(result->digest) : std::nullopt;
              },
          .check =
              [put, n](const MemoStore& store) {
                if (!put->has_value()) return;
                const auto blob = store.blobs().Get(**put);
                ASSERT_THAT(blob, IsOk());
                EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
              }};
}

FaultAction Get() {
  return {.name = "Get", .run = [](const MemoStore& store) {
            for (int n = 0; n < kBlobs; ++n) {
              ExpectCleanBlob(store.Get(DigestOf(KnownBlob(n))), KnownBlob(n));
            }
          }};
}

FaultAction Hit() {
  return {.name = "Hit", .run = [](const MemoStore& store) {
            const auto f = MemoizeKnownValue(store);
            for (const int n : {0, 2}) {
              EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
            }
          }};
}

FaultAction Miss() {
  return {.name = "Miss",
          .run =
              [](const MemoStore& store) {
                const auto f = MemoizeKnownValue(store);
                for (const int n : {kNewSmallCall, kNewLargeCall}) {
                  EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
                }
              },
          .check =
              [](const MemoStore& store) {
                const auto f = MemoizeKnownValue(store);
                for (const int n : {kNewSmallCall, kNewLargeCall}) {
                  const auto found = f.Lookup(n);
                  ASSERT_THAT(found, IsOk());
                  EXPECT_TRUE(
                      SameBytes(found->value_or(KnownValue(n)), KnownValue(n)));
                  EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
                  ExpectRemembered(store, n);
                }
              }};
}

FaultAction RecomputeAndForget() {
  const auto forgot = std::make_shared<std::vector<absl::Status>>();
  return {.name = "RecomputeAndForget",
          .run =
              [forgot](const MemoStore& store) {
                const auto f = MemoizeKnownValue(store);
                EXPECT_TRUE(SameBytes(f.Recompute(2), KnownValue(2)));
                forgot->clear();
                for (const int n : kForgotten) forgot->push_back(f.Forget(n));
                for (const absl::Status& status : *forgot) ExpectClean(status);
              },
          .check =
              [forgot](const MemoStore& store) {
                const auto f = MemoizeKnownValue(store);
                for (std::size_t i = 0; i < std::size(kForgotten); ++i) {
                  const int n = kForgotten[i];
                  const auto found = f.Contains(n);
                  ASSERT_THAT(found, IsOk());
                  EXPECT_EQ(*found, !(*forgot)[i].ok());
                  EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
                }
              }};
}

FaultAction Batch() {
  const auto flushed = std::make_shared<absl::Status>();
  return {.name = "Batch",
          .run =
              [flushed](const MemoStore& store) {
                const auto f = MemoizeKnownValue(store);
                const WriteBatch batch = store.Batch();
                for (int n = kNewSmallCall; n <= kNewLargeCall; ++n) {
                  EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
                }
                *flushed = batch.Flush();
                ExpectClean(*flushed);
              },
          .check =
              [flushed](const MemoStore& store) {
                // A call may not have got into the batch.
                if (!flushed->ok() || store.Stats()->faults > 0) return;
                for (int n = kNewSmallCall; n <= kNewLargeCall; ++n) {
                  ExpectRemembered(store, n);
                }
              }};
}

FaultAction Queries() {
  return {.name = "Queries",
          .run =
              [](const MemoStore& store) {
                ExpectClean(store.Stats().status());
                ExpectClean(store.Functions().status());
                const auto calls = store.Calls();
                ExpectClean(calls.status());
              },
          .check =
              [](const MemoStore& store) {
                EXPECT_EQ(store.Stats()->calls,
                          kCalls + kLastDropped - kFirstDropped);
              }};
}

FaultAction Verify() {
  return {.name = "Verify",
          .run =
              [](const MemoStore& store) {
                const auto part =
                    store.Verify({.repair = true,
                                  .progress = [](const VerifyProgress& so_far) {
                                    return so_far.blobs < 3;
                                  }});
                ExpectClean(part.status());
                const auto report = store.Verify({.repair = true});
                ExpectClean(report.status());
                if (!report.ok()) return;
                // What cannot be read is not bad for that.
                EXPECT_EQ(report->damaged.size(), 0u);
                EXPECT_EQ(report->calls_dropped, 0);
              },
          .check =
              [](const MemoStore& store) {
                const auto report = store.Verify({.restart = true});
                ASSERT_THAT(report, IsOk());
                EXPECT_FALSE(report->found_damage());
              }};
}

FaultAction Recompress() {
  return {
      .name = "Recompress", .run = [](const MemoStore& store) {
        const auto recompress = [&](int n, const Compression& compression) {
          const auto result = ResultOf(store, n);
          ExpectClean(result.status());
          if (!result.ok()) return;
          ExpectClean(store.state().blobs().Recompress(*result, compression));
        };
        recompress(2, Compression::kNone);
        recompress(2, Compression::Zlib());
        recompress(5, Compression::Zstd(9));
      }};
}

FaultAction Collect() {
  return {.name = "Collect",
          .run =
              [](const MemoStore& store) {
                const auto report = store.Collect(
                    {.max_age = absl::ZeroDuration(), .function = "drop."});
                ExpectClean(report.status());
              },
          .check =
              [](const MemoStore& store) {
                // What failed before its end is done by the next one.
                const auto done = store.Collect(
                    {.max_age = absl::ZeroDuration(), .function = "drop."});
                ASSERT_THAT(done, IsOk());
                const auto g = MemoizeKnownValue(store, kDropped);
                for (int n = kFirstDropped; n < kLastDropped; ++n) {
                  const auto found = g.Contains(n);
                  ASSERT_THAT(found, IsOk());
                  EXPECT_FALSE(*found) << n;
                }
                for (int n = 0; n < kCalls; ++n) ExpectRemembered(store, n);
              }};
}

}  // namespace

void ExpectClean(const absl::Status& status) {
  if (status.ok()) return;
  EXPECT_NE(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_FALSE(status.message().empty());
}

void MakeWholeStore(const std::filesystem::path& directory) {
  const auto store = MemoStore::Open(directory);
  ASSERT_THAT(store, IsOk());
  const auto f = MemoizeKnownValue(*store);
  for (int n = 0; n < kCalls; ++n) f(n);
  const auto g = MemoizeKnownValue(*store, kDropped);
  for (int n = kFirstDropped; n < kLastDropped; ++n) g(n);
  for (int n = 0; n < kBlobs; ++n) {
    ASSERT_THAT(store->blobs().Put(KnownBlob(n)), IsOk());
  }
  ASSERT_THAT(store->state().Snapshot(), IsOk());
}

void CheckWholeStore(const std::filesystem::path& directory) {
  const auto store = MemoStore::Open(directory, {.memory_bytes = 0});
  ASSERT_THAT(store, IsOk());
  for (int n = 0; n < kCalls; ++n) ExpectRemembered(*store, n);
  for (int n = 0; n < kBlobs; ++n) {
    const auto blob = store->blobs().Get(DigestOf(KnownBlob(n)));
    ASSERT_THAT(blob, IsOk());
    EXPECT_TRUE(SameBytes(Text(blob->bytes()), KnownBlob(n)));
  }
  // It can be written to, and what a trial may have left half done does not
  // matter.
  const auto f = MemoizeKnownValue(*store);
  for (int n = kCalls; n < kCalls + 4; ++n) {
    EXPECT_TRUE(SameBytes(f(n), KnownValue(n)));
    ExpectRemembered(*store, n);
  }
  // That the index was replaced is one.
  EXPECT_EQ(store->Stats()->faults, store->Recovered().ok() ? 0 : 1);
  const auto report = store->Verify({.restart = true});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->found_damage());
}

void PrintTo(const FaultAction& action, std::ostream* out) {
  *out << action.name;
}

std::vector<FaultAction> FaultActions() {
  return {Put(kBlobs), Put(kBlobs + 1),      Get(),    Hit(),
          Miss(),      RecomputeAndForget(), Batch(),  Queries(),
          Verify(),    Recompress(),         Collect()};
}

}  // namespace ireneo::testing
