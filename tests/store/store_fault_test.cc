// Every operation on files is made to fail, one after the other, once or from
// then on. Whatever fails: the call says so, no bytes are wrong, no temporary
// file stays, the store opens again with all that was finished, and the same
// call then succeeds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/blob_store_options.h"
#include "ireneo/store/database.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/sink.h"
#include "tests/store/faulty_file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::CountEntries;
using ::ireneo::testing::Fault;
using ::ireneo::testing::FaultyFileSystem;
using ::ireneo::testing::FileOperation;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunOnSmallFileSystem;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::size_t kSmall = 100;
constexpr std::size_t kLarge = 20000;

struct OpenStore {
  OpenStore(const fs::path& directory, const FileSystem& files,
            const BlobStoreOptions& options = {})
      : database(*Database::Open(directory / "index.db",
                                 LocalBlobStore::Schema(), {},
                                 options.durability)),
        store(*LocalBlobStore::Open(directory, *database, files, options)) {}

  const std::unique_ptr<Database> database;
  const std::unique_ptr<LocalBlobStore> store;
};

absl::Status StatusOfPut(LocalBlobStore& store, std::string_view bytes) {
  return store.Put(bytes).status();
}

class StoreFaultTest : public ::testing::Test {
 protected:
  // One call under test and what it works on.
  struct Scenario {
    // What must be so before; the faults come after.
    std::function<void(LocalBlobStore&, const std::string& bytes)> prepare;
    std::function<absl::Status(LocalBlobStore&, const std::string& bytes)> call;
    // Operations whose failure the call overcomes.
    std::function<bool(FileOperation)> is_overcome = [](FileOperation) {
      return false;
    };
    // The call fails even without a fault.
    absl::StatusCode without_fault = absl::StatusCode::kOk;
    std::size_t size = kLarge;
    // The blob may be found damaged afterwards.
    bool damaged_before = false;
    bool compressible = false;
    BlobStoreOptions options = {};
  };

  // Runs `scenario` with every fault; returns how many operations it has.
  std::uint64_t Run(const Scenario& scenario) {
    std::uint64_t operations = 0;
    for (const absl::StatusCode code :
         {absl::StatusCode::kUnknown, absl::StatusCode::kResourceExhausted,
          absl::StatusCode::kPermissionDenied}) {
      for (const bool for_ever : {false, true}) {
        for (const bool half_append : {false, true}) {
          for (std::uint64_t n = 1;; ++n) {
            SCOPED_TRACE(absl::StrCat(absl::StatusCodeToString(code), " at ", n,
                                      for_ever ? " for ever" : " once",
                                      half_append ? ", half" : ""));
            if (!RunOnce(scenario, {.nth = n,
                                    .for_ever = for_ever,
                                    .status = absl::Status(code, "injected"),
                                    .half_append = half_append})) {
              operations = n - 1;
              break;
            }
            if (HasFatalFailure()) return 0;
          }
        }
      }
    }
    return operations;
  }

  // False if there was no such operation to fail.
  bool RunOnce(const Scenario& scenario, const Fault& fault) {
    std::string bytes = RandomBytes(scenario.size, ++seed_);
    if (scenario.compressible) bytes.append(scenario.size, 'c');
    const Digest digest = Digest::Of(bytes);
    bool failed = false;
    {
      const OpenStore open(directory_.path(), files_, scenario.options);
      LocalBlobStore& store = *open.store;
      fs::remove_all(store.PathOf(digest).parent_path());
      finished_.erase(finished_.lower_bound(FirstOfShard(digest)),
                      finished_.upper_bound(LastOfShard(digest)));
      scenario.prepare(store, bytes);
      files_.Arm(fault);
      const absl::Status status = scenario.call(store, bytes);
      files_.Disarm();
      failed = files_.failed() > 0;
      ExpectStatus(scenario, fault, status);
      if (files_.failed(FileOperation::kRemove) == 0) {
        EXPECT_EQ(CountEntries(directory_.path() / "tmp"), 0u);
      } else {
        fs::remove_all(directory_.path() / "tmp");
      }
      ExpectNeverWrong(scenario, store, bytes);
    }
    const OpenStore open(directory_.path(), files_);
    LocalBlobStore& store = *open.store;
    ExpectNeverWrong(scenario, store, bytes);
    for (const auto& [finished, finished_bytes] : finished_) {
      const absl::StatusOr<Blob> blob = store.Get(finished);
      EXPECT_THAT(blob, IsOk());
      if (blob.ok()) {
        EXPECT_TRUE(Text(blob->bytes()) == finished_bytes);
      }
    }
    // The store works on: a put makes the blob whole.
    EXPECT_THAT(store.Put(bytes), IsOk());
    const absl::StatusOr<Blob> blob = store.Get(digest);
    EXPECT_THAT(blob, IsOk());
    if (blob.ok()) {
      EXPECT_TRUE(Text(blob->bytes()) == bytes);
    }
    EXPECT_EQ(CountEntries(directory_.path() / "tmp"), 0u);
    finished_[digest] = bytes;
    return failed;
  }

  const TemporaryDirectory directory_;
  FaultyFileSystem files_{FileSystem::Posix()};

 private:
  static Digest FirstOfShard(const Digest& digest) {
    return Digest({digest.bytes()[0]});
  }
  static Digest LastOfShard(const Digest& digest) {
    std::array<std::uint8_t, Digest::kSize> bytes;
    bytes.fill(0xff);
    bytes[0] = digest.bytes()[0];
    return Digest(bytes);
  }

  void ExpectStatus(const Scenario& scenario, const Fault& fault,
                    const absl::Status& status) {
    bool overcome = true;
    for (std::size_t i = 0; i < ::ireneo::testing::kFileOperationCount; ++i) {
      const auto kind = static_cast<FileOperation>(i);
      if (files_.failed(kind) > 0 && !scenario.is_overcome(kind)) {
        overcome = false;
      }
    }
    if (overcome) {
      EXPECT_THAT(status, StatusIs(scenario.without_fault));
    } else {
      EXPECT_THAT(status, StatusIs(fault.status.code(), HasSubstr("injected")));
    }
  }

  void ExpectNeverWrong(const Scenario& scenario, LocalBlobStore& store,
                        const std::string& bytes) {
    const absl::StatusOr<Blob> blob = store.Get(Digest::Of(bytes));
    if (blob.ok()) {
      EXPECT_TRUE(Text(blob->bytes()) == bytes);
    } else if (!scenario.damaged_before) {
      EXPECT_THAT(blob, StatusIs(absl::StatusCode::kNotFound));
    } else {
      EXPECT_THAT(blob, AnyOf(StatusIs(absl::StatusCode::kNotFound),
                              StatusIs(absl::StatusCode::kDataLoss)));
    }
  }

  std::uint64_t seed_ = 0;
  // What was put without an error, and must be had for ever.
  std::map<Digest, std::string> finished_;
};

void Nothing(LocalBlobStore&, const std::string&) {}

void MakeShard(LocalBlobStore& store, const std::string& bytes) {
  fs::create_directory(store.PathOf(Digest::Of(bytes)).parent_path());
}

void MustPut(LocalBlobStore& store, const std::string& bytes) {
  ASSERT_THAT(store.Put(bytes), IsOk());
}

// A put looks whether the file is there, and is good; if it cannot tell, it
// writes, and relies on what it wrote.
bool IsLook(FileOperation kind) {
  return kind == FileOperation::kStat || kind == FileOperation::kRead;
}

TEST_F(StoreFaultTest, PutSmall) {
  EXPECT_EQ(Run({.prepare = Nothing, .call = StatusOfPut, .size = kSmall}), 0u)
      << "small blobs need no files";
}

TEST_F(StoreFaultTest, PutLargeIntoANewShard) {
  // Create, append, close, rename, create directory, rename, stat.
  EXPECT_EQ(
      Run({.prepare = Nothing, .call = StatusOfPut, .is_overcome = IsLook}),
      7u);
}

TEST_F(StoreFaultTest, PutLargeIntoAnOldShard) {
  EXPECT_EQ(
      Run({.prepare = MakeShard, .call = StatusOfPut, .is_overcome = IsLook}),
      5u);
}

TEST_F(StoreFaultTest, PutLargeInManyPieces) {
  const auto put_bytewise = [](LocalBlobStore& store,
                               const std::string& bytes) {
    return store
        .Put([&bytes](Sink& sink) {
          for (const char c : bytes) {
            sink.WriteU8(static_cast<std::uint8_t>(c));
          }
        })
        .status();
  };
  EXPECT_EQ(Run({.prepare = MakeShard,
                 .call = put_bytewise,
                 .is_overcome = IsLook,
                 .options = {.compression = Compression::kNone}}),
            9u);
}

TEST_F(StoreFaultTest, PutLargeDurably) {
  // As above; and the sync, the state after it, the folder, blobs/.
  EXPECT_EQ(Run({.prepare = MakeShard,
                 .call = StatusOfPut,
                 .is_overcome = IsLook,
                 .options = {.durability = Durability::kDurable}}),
            9u);
}

TEST_F(StoreFaultTest, PutOfWhatIsPresentDurably) {
  const auto put_elsewhere = [this](LocalBlobStore&, const std::string& bytes) {
    const OpenStore other(directory_.path(), FileSystem::Posix());
    MustPut(*other.store, bytes);
  };
  // One sync that fails is overcome, by another file; all are not.
  const auto put = [](LocalBlobStore& store, const std::string& bytes) {
    const absl::Status status = store.Put(bytes).status();
    return absl::IsUnknown(status) || absl::IsResourceExhausted(status) ||
                   absl::IsPermissionDenied(status)
               ? absl::OkStatus()
               : status;
  };
  EXPECT_GE(Run({.prepare = put_elsewhere,
                 .call = put,
                 .is_overcome = [](FileOperation) { return true; },
                 .options = {.durability = Durability::kDurable}}),
            7u);
}

TEST_F(StoreFaultTest, RecompressLarge) {
  const auto recompress = [](LocalBlobStore& store, const std::string& bytes) {
    return store.Recompress(Digest::Of(bytes), Compression::Zstd(1));
  };
  // Read, create, append, close, rename, remove.
  EXPECT_EQ(Run({.prepare = MustPut,
                 .call = recompress,
                 .compressible = true,
                 .options = {.compression = Compression::kNone}}),
            6u);
}

TEST_F(StoreFaultTest, PutOfWhatIsPresent) {
  // If the file cannot be looked at, it is written anew.
  EXPECT_GE(
      Run({.prepare = MustPut, .call = StatusOfPut, .is_overcome = IsLook}),
      1u);
}

TEST_F(StoreFaultTest, PutOfWhatHasLostItsFile) {
  const auto lose = [](LocalBlobStore& store, const std::string& bytes) {
    MustPut(store, bytes);
    fs::remove(store.PathOf(Digest::Of(bytes)));
  };
  EXPECT_EQ(Run({.prepare = lose,
                 .call = StatusOfPut,
                 .is_overcome = IsLook,
                 .damaged_before = true}),
            6u);
}

TEST_F(StoreFaultTest, GetLarge) {
  const auto get = [](LocalBlobStore& store, const std::string& bytes) {
    const absl::StatusOr<Blob> blob = store.Get(Digest::Of(bytes));
    if (blob.ok()) {
      EXPECT_TRUE(Text(blob->bytes()) == bytes);
    }
    return blob.status();
  };
  EXPECT_EQ(Run({.prepare = MustPut, .call = get}), 1u);
  // A file that could not be read once is not set aside.
  EXPECT_EQ(CountEntries(directory_.path() / "quarantine"), 0u);
  EXPECT_EQ(Run({.prepare = MustPut, .call = get, .size = kSmall}), 0u);
}

TEST_F(StoreFaultTest, GetOfWhatIsDamaged) {
  const auto damage = [](LocalBlobStore& store, const std::string& bytes) {
    MustPut(store, bytes);
    WriteFileBytes(store.PathOf(Digest::Of(bytes)), "damaged");
  };
  const auto get = [](LocalBlobStore& store, const std::string& bytes) {
    return store.Get(Digest::Of(bytes)).status();
  };
  // That the file cannot be looked at again or set aside changes nothing for
  // the caller.
  EXPECT_GE(Run({.prepare = damage,
                 .call = get,
                 .is_overcome =
                     [](FileOperation kind) {
                       return kind == FileOperation::kRename ||
                              kind == FileOperation::kStat;
                     },
                 .without_fault = absl::StatusCode::kDataLoss,
                 .damaged_before = true}),
            2u);
}

TEST_F(StoreFaultTest, Remove) {
  const auto remove = [](LocalBlobStore& store, const std::string& bytes) {
    const absl::Status status = store.Remove(Digest::Of(bytes));
    // The row goes first, so that no row names a missing file.
    EXPECT_FALSE(store.Contains(Digest::Of(bytes)).value_or(true));
    return status;
  };
  EXPECT_EQ(Run({.prepare = MustPut, .call = remove}), 1u);
  // A small blob has no file, but may have left one under an older limit.
  EXPECT_LE(Run({.prepare = MustPut, .call = remove, .size = kSmall}), 1u);
}

TEST_F(StoreFaultTest, AFailedRemoveCanBeRepeated) {
  const OpenStore open(directory_.path(), files_);
  const std::string bytes = RandomBytes(kLarge, 0);
  const Digest digest = Digest::Of(bytes);
  MustPut(*open.store, bytes);
  files_.Arm({.kind = FileOperation::kRemove});
  EXPECT_FALSE(open.store->Remove(digest).ok());
  EXPECT_TRUE(fs::exists(open.store->PathOf(digest)));
  EXPECT_THAT(open.store->Get(digest), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(open.store->Remove(digest), IsOk());
  EXPECT_FALSE(fs::exists(open.store->PathOf(digest)));
}

TEST_F(StoreFaultTest, Open) {
  std::uint64_t n = 1;
  for (;; ++n) {
    for (const bool for_ever : {false, true}) {
      const fs::path folder = directory_.path() / absl::StrCat(n, for_ever);
      fs::create_directory(folder);
      const absl::StatusOr<std::unique_ptr<Database>> database =
          Database::Open(folder / "index.db", LocalBlobStore::Schema());
      ASSERT_THAT(database, IsOk());
      files_.Arm({.nth = n,
                  .for_ever = for_ever,
                  .status = absl::PermissionDeniedError("injected")});
      const absl::Status status =
          LocalBlobStore::Open(folder, **database, files_).status();
      files_.Disarm();
      // Left-overs that cannot be listed stay; without locks/ there are no
      // locks.
      if (n <= 3) {
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied,
                                     HasSubstr("injected")));
      } else {
        EXPECT_THAT(status, IsOk());
      }
      const OpenStore open(folder, files_);
      MustPut(*open.store, RandomBytes(kLarge, n));
      EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(kLarge, n))), IsOk());
    }
    if (files_.failed() == 0) break;
  }
  EXPECT_EQ(n, 6u) << "blobs/, tmp/, quarantine/, what is in tmp/, locks/";
}

// A real one.
TEST_F(StoreFaultTest, AFullDiskIsResourceExhausted) {
  const bool ran = RunOnSmallFileSystem(directory_.path(), 4 << 20, [this] {
    const FileSystem& files = FileSystem::Posix();
    int large = 0;
    int small = 0;
    {
      const OpenStore open(directory_.path(), files);
      absl::Status status;
      while (
          large < 1000 &&
          (status = StatusOfPut(*open.store, RandomBytes(50000, large))).ok()) {
        ++large;
      }
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      EXPECT_GT(large, 20);
      EXPECT_EQ(CountEntries(directory_.path() / "tmp"), 0u);
      while (
          small < 10000 &&
          (status = StatusOfPut(*open.store, RandomBytes(4000, small))).ok()) {
        ++small;
      }
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      for (int i = 0; i < large; ++i) {
        EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(50000, i))), IsOk());
      }
      for (int i = 0; i < small; ++i) {
        EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(4000, i))), IsOk());
      }
    }
    const OpenStore open(directory_.path(), files);
    for (int i = 0; i < large; ++i) {
      EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(50000, i))), IsOk());
    }
    for (int i = 0; i < small; ++i) {
      EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(4000, i))), IsOk());
    }
    // Room is made by hand, as a user would.
    for (int i = 0; i < 10; ++i) {
      fs::remove(open.store->PathOf(Digest::Of(RandomBytes(50000, i))));
    }
    EXPECT_THAT(StatusOfPut(*open.store, RandomBytes(50001, 0)), IsOk());
    EXPECT_THAT(StatusOfPut(*open.store, RandomBytes(4001, 0)), IsOk());
    EXPECT_THAT(open.store->Get(Digest::Of(RandomBytes(50000, 0))),
                StatusIs(absl::StatusCode::kDataLoss));
  });
  if (!ran) GTEST_SKIP() << "this machine lets no test mount a file system";
}

}  // namespace
}  // namespace ireneo
