#ifndef IRENEO_TESTS_MEMO_COLLECTION_FIXTURE_H_
#define IRENEO_TESTS_MEMO_COLLECTION_FIXTURE_H_

// A store with calls of any age and results of any size, and what a collection
// left of them.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/local_blob_store.h"
#include "tests/memo/insert_call.h"
#include "tests/memo/memo_fixture.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {

inline constexpr std::uint64_t kLarge = 100'000;

inline std::string Large(int i, std::size_t size = kLarge) {
  return RandomBytes(size, i);
}

class CollectionFixture : public MemoFixture {
 protected:
  // A call of `function` on argument `i`, last used `age` ago.
  Digest Insert(const std::string& function, int i, const std::string& result,
                absl::Duration age = absl::ZeroDuration(),
                absl::Duration elapsed = absl::Milliseconds(1),
                const std::string& version = "1") {
    return InsertCall(store(), {.function = function,
                                .arguments = {{.bytes = std::to_string(i)}},
                                .result = {.bytes = result},
                                .created = absl::Now() - age,
                                .elapsed = elapsed,
                                .version = version});
  }

  CollectReport Collect(const CollectOptions& options = {}) {
    absl::StatusOr<CollectReport> report = store().Collect(options);
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *std::move(report) : CollectReport();
  }

  bool Has(const Digest& key) { return store().FindCall(key).ok(); }
  bool HasBlob(const std::string& bytes) {
    return *store().blobs().Contains(Digest::Of(bytes));
  }

  void Execute(const char* sql) {
    const auto database =
        Database::Open(store().directory() / "index.db",
                       LocalBlobStore::Schema() + internal::IndexSchema(),
                       internal::IndexUpgrades());
    ASSERT_THAT(database, IsOk());
    auto connection = (*database)->Acquire();
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT(connection->Execute(sql), IsOk());
  }
  // As if all blobs had been put two hours ago.
  void AgeBlobs() {
    Execute("UPDATE blobs SET created = created - 7200000000");
  }

  std::size_t CountFiles() {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             store().directory() / "blobs")) {
      files += entry.is_regular_file();
    }
    return files;
  }
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_MEMO_COLLECTION_FIXTURE_H_
