// Archives are imported by a process that may have 256 MB of address space,
// whatever they unpack to: it ends with a success or with an error.
//
// The process is this program, started again:
//   import ARCHIVE STORE     exits with the code of the status

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/json/object.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/memo_store.h"
#include "tests/memo/hostile_archive.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IRENEO_SKIP_WITH_SHADOW_MEMORY() \
  GTEST_SKIP() << "a sanitizer takes terabytes of address space"
#else
#define IRENEO_SKIP_WITH_SHADOW_MEMORY() static_assert(true)
#endif

namespace ireneo::testing {
namespace {

using internal::CallLine;
using internal::LayerContent;
using ::testing::AnyOf;

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr rlim_t kAddressSpace = 256 << 20;

int ImportHere(const char* archive, const char* directory) {
  const absl::StatusOr<MemoStore> store = OpenStore(directory);
  const absl::Status status =
      store.ok() ? ImportArchive(archive, *store).status() : store.status();
  std::printf("%s\n", status.ToString().c_str());
  std::fflush(stdout);
  return static_cast<int>(status.code());
}

class ArchiveMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override { IRENEO_SKIP_WITH_SHADOW_MEMORY(); }

  // Imports in a process of little memory.
  absl::StatusCode Import() const {
    std::string self = "archive_memory_test";
    std::string what = "import";
    std::string archive = File().native();
    std::string store = (dir_.path() / "store").native();
    char* const argv[] = {self.data(), what.data(), archive.data(),
                          store.data(), nullptr};
    const pid_t pid = ::fork();
    if (pid == 0) {
      const rlimit limit{.rlim_cur = kAddressSpace, .rlim_max = kAddressSpace};
      if (::setrlimit(RLIMIT_AS, &limit) == 0) {
        ::execv("/proc/self/exe", argv);
      }
      std::_Exit(99);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status)) << "wait status " << status;
    return static_cast<absl::StatusCode>(WEXITSTATUS(status));
  }

  absl::StatusCode Import(const ArchiveParts& parts) const {
    WriteFileBytes(File(), ToBytes(parts));
    return Import();
  }

  fs::path File() const { return dir_.path() / "a.tar"; }

  static ArchiveParts WithLine(const std::string& line, const Digest& key) {
    ArchiveParts parts;
    parts.layers.push_back(CallsLayer({line}, key, key));
    parts.contents.calls = 1;
    AddFunctions(std::vector{line}, parts.contents);
    return parts;
  }

  const TemporaryDirectory dir_;
};

TEST_F(ArchiveMemoryTest, Bombs) {
  for (const LayerContent content :
       {LayerContent::kCalls, LayerContent::kBlobs}) {
    ArchiveParts parts;
    ArchiveParts::Layer layer;
    const std::uint64_t size = std::uint64_t{2} << 30;
    TarEntry entry{.name = content == LayerContent::kCalls
                               ? "calls-000001.jsonl"
                               : "blobs/00/000000000000000000000000000000",
                   .size = size};
    layer.description.content = content;
    layer.description.size = size + 2048;
    layer.bytes = ZstdBomb(TarHeader(entry), size);
    Describe(layer);
    parts.layers.push_back(layer);
    EXPECT_THAT(Import(parts), AnyOf(absl::StatusCode::kDataLoss,
                                     absl::StatusCode::kInvalidArgument));
  }
}

// What takes many times its size when it is parsed.
TEST_F(ArchiveMemoryTest, HugeJson) {
  const CallLine call = MakeLine("evil.F", 1, "small");
  for (const char* const piece : {"0,", "{},", "\"\",", "{\"a\":0},"}) {
    SCOPED_TRACE(piece);
    const std::string_view element = piece;
    std::string array = "[";
    while (array.size() < 4'000'000) array += element;
    array.back() = ']';
    // In a member that is not known; the checksum is of the other text.
    std::string line = TextOf(call);
    const std::string member = absl::StrCat("\"zzz\":", array, ",");
    const std::size_t from = line.find("\"checksum\":\"");
    const std::size_t size = line.find(',', from) + 1 - from;
    std::string without = line;
    without.replace(from, size, member);
    without.pop_back();
    line.replace(from, size,
                 absl::StrCat(member, "\"checksum\":\"",
                              Digest::Of(without).ToString(), "\","));
    EXPECT_EQ(Import(WithLine(line, call.call.key)), absl::StatusCode::kOk);
    ArchiveParts parts = SomeArchive();
    parts.manifest = array;
    EXPECT_EQ(Import(parts), absl::StatusCode::kDataLoss);
    parts = SomeArchive();
    parts.manifest =
        absl::StrCat(R"({"artifactType":"application/vnd.ireneo.archive.v1",)"
                     R"("layers":)",
                     array, "}");
    EXPECT_THAT(Import(parts), AnyOf(absl::StatusCode::kDataLoss,
                                     absl::StatusCode::kFailedPrecondition));
    parts = SomeArchive();
    parts.config = absl::StrCat(R"({"functions":)", array, "}");
    EXPECT_EQ(Import(parts), absl::StatusCode::kDataLoss);
    if (element != "\"\",") continue;
    parts.config =
        absl::StrCat(R"({"as_of":)", array,
                     R"(,"counts":{"blob_bytes":11000,"blobs":2,"calls":3},)",
                     R"("digest":"xxh3-128","format":1,"functions":[]})");
    EXPECT_EQ(Import(parts), absl::StatusCode::kDataLoss);
  }
}

TEST_F(ArchiveMemoryTest, ALineWithoutANewline) {
  EXPECT_EQ(Import(WithLine(std::string(400 << 20, ' '), Digest::Of("x"))),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ArchiveMemoryTest, ManyBlobs) {
  std::vector<std::string> blobs;
  for (int i = 0; i < 30'000; ++i) blobs.push_back(absl::StrCat(i));
  EXPECT_EQ(Import(MakeArchive({}, blobs)), absl::StatusCode::kOk);
}

// Each of another function, with as long a name as may be.
TEST_F(ArchiveMemoryTest, LargeCalls) {
  std::vector<CallLine> lines;
  for (int i = 0; i < 40; ++i) {
    CallLine line = MakeLine("evil.F", i, "small");
    line.call.salts = {{"large", absl::StrCat(std::string(3'900'000, 'x'), i)}};
    line.call.key = KeyOf(line);
    lines.push_back(line);
  }
  EXPECT_EQ(Import(MakeArchive(lines, {})), absl::StatusCode::kOk);
}

// Values of the store that a call refers to are in memory when it is inserted.
TEST_F(ArchiveMemoryTest, ManyArguments) {
  const std::string blob(4096, 'm');
  std::vector<CallLine> lines;
  for (int i = 0; i < 20; ++i) {
    CallLine line = MakeLine(absl::StrCat("evil.F", i), 1, "small");
    line.call.arguments[0].digest = Digest::Of(blob);
    line.call.arguments[0].small_value.reset();
    line.kept_sizes[0] = blob.size();
    for (int j = 1; j < 4000; ++j) {
      line.call.arguments.push_back(line.call.arguments[0]);
      line.kept_sizes.push_back(blob.size());
    }
    line.call.key = KeyOf(line);
    lines.push_back(line);
  }
  EXPECT_EQ(Import(MakeArchive(lines, {blob})), absl::StatusCode::kOk);
}

// A good one, larger than the address space.
TEST_F(ArchiveMemoryTest, ALargeBlob) {
  std::string blob = RandomBytes(1 << 20, 1);
  while (blob.size() < 300u << 20) blob += blob.substr(0, 1 << 20);
  const std::vector<CallLine> lines = {MakeLine("good.F", 1, blob)};
  const Digest digest = lines[0].call.result;
  WriteFileBytes(File(), ToBytes(MakeArchive(lines, {std::move(blob)})));
  EXPECT_EQ(Import(), absl::StatusCode::kOk);
  // The second time it is compared with what is there, for which that is read.
  EXPECT_THAT(Import(), AnyOf(absl::StatusCode::kOk,
                              absl::StatusCode::kResourceExhausted));
  const absl::StatusOr<MemoStore> store = OpenStore(dir_.path() / "store");
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(store->blobs().Get(digest), IsOk());
}

}  // namespace
}  // namespace ireneo::testing

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "import") {
    return ireneo::testing::ImportHere(argv[2], argv[3]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
