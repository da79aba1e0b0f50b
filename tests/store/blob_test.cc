#include "ireneo/store/blob.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/file_system.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;

constexpr std::size_t kSizes[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 1 << 20};

bool IsAligned(const Blob& blob) {
  return reinterpret_cast<std::uintptr_t>(blob.bytes().data()) %
             Blob::kAlignment ==
         0;
}

TEST(BlobTest, DefaultIsEmpty) {
  const Blob blob;
  EXPECT_EQ(blob.size(), 0u);
  EXPECT_TRUE(blob.bytes().empty());
}

TEST(BlobTest, CopyIsAnAlignedCopy) {
  for (const std::size_t size : kSizes) {
    std::string bytes = CountingBytes(size);
    const Blob blob = Blob::Copy(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(blob.size(), size);
    EXPECT_TRUE(IsAligned(blob)) << size;
    const std::string expected = bytes;
    bytes.assign(size, 'x');
    EXPECT_EQ(Text(blob.bytes()), expected);
  }
  EXPECT_EQ(Blob::Copy({}).size(), 0u);
}

TEST(BlobTest, BufferBecomesABlobWithoutACopy) {
  for (const std::size_t size : kSizes) {
    const std::string bytes = CountingBytes(size);
    BlobBuffer buffer(size);
    ASSERT_EQ(buffer.bytes().size(), size);
    if (size > 0) std::memcpy(buffer.bytes().data(), bytes.data(), size);
    const void* data = buffer.bytes().data();
    const Blob blob = std::move(buffer).Share();
    EXPECT_EQ(blob.bytes().data(), data);
    EXPECT_EQ(Text(blob.bytes()), bytes);
    EXPECT_TRUE(IsAligned(blob)) << size;
  }
}

TEST(BlobTest, ViewsAreValidWhileAnyCopyLives) {
  const std::string bytes = CountingBytes(10000);
  std::optional<Blob> first = Blob::Copy(std::as_bytes(std::span(bytes)));
  const std::span<const std::byte> view = first->bytes();
  std::optional<Blob> second = first;
  EXPECT_EQ(second->bytes().data(), view.data()) << "copies share the memory";
  first.reset();
  EXPECT_EQ(Text(view), bytes);
  const Blob third = *std::move(second);
  second.reset();
  EXPECT_EQ(Text(view), bytes);
}

TEST(BlobTest, OwnerLivesAsLongAsTheLastCopy) {
  const auto owner = std::make_shared<std::string>("Ireneo");
  const std::weak_ptr<std::string> watch = owner;
  std::optional<Blob> blob = Blob(std::as_bytes(std::span(*owner)),
                                  std::shared_ptr<const void>(owner));
  EXPECT_EQ(owner.use_count(), 2);
  std::optional<Blob> copy = blob;
  EXPECT_EQ(owner.use_count(), 3);
  blob.reset();
  copy = Blob();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(BlobTest, ANullOwnerLeavesLifetimeToTheCaller) {
  const std::string bytes = "Funes";
  const Blob blob(std::as_bytes(std::span(bytes)), nullptr);
  EXPECT_EQ(Text(blob.bytes()), "Funes");
  EXPECT_EQ(static_cast<const void*>(blob.bytes().data()), bytes.data());
}

TEST(BlobTest, DistinctCopiesMayBeUsedAtOnce) {
  const std::string bytes = CountingBytes(1000);
  std::optional<Blob> blob = Blob::Copy(std::as_bytes(std::span(bytes)));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = *blob, &bytes] {
      for (int j = 0; j < 1000; ++j) {
        const Blob another = copy;
        EXPECT_EQ(Text(another.bytes()), bytes);
      }
    });
  }
  blob.reset();
  for (std::thread& thread : threads) thread.join();
}

TEST(BlobTest, MemoryOnTheHeapCanBeBroughtIn) {
  for (const std::size_t size : kSizes) {
    EXPECT_TRUE(BringIn(Blob::Copy(std::vector<std::byte>(size)).bytes()));
  }
  // In the middle of a page.
  const std::vector<std::byte> memory(100000);
  EXPECT_TRUE(BringIn(std::span(memory).subspan(5000, 7)));
}

TEST(BlobTest, AFileThatBecameShorterCannotBeBroughtIn) {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "file";
  WriteFileBytes(path, std::string(1 << 20, 'x'));
  const absl::StatusOr<FileContents> file = FileSystem::Posix().Read(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(BringIn(file->blob.bytes()));
  std::filesystem::resize_file(path, 1 << 19);
  EXPECT_FALSE(BringIn(file->blob.bytes()));
  EXPECT_TRUE(BringIn(file->blob.bytes().first(1 << 19)));
}

}  // namespace
}  // namespace ireneo
