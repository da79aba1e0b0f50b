#include "ireneo/store/codec.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/encoder.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::HasSubstr;
using Inner = Compression::Inner;

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<Encoding> Encodings() {
  std::vector<Encoding> all = {{.codec = BlobCodec::kRaw}};
  for (const int level : {0, 1, 6, 9}) {
    all.push_back({.codec = BlobCodec::kZlib, .level = level});
  }
  for (const int level : {1, 3, 19}) {
    all.push_back({.codec = BlobCodec::kZstd, .level = level});
  }
  for (const Inner inner : {Inner::kLz4, Inner::kZstd}) {
    for (const int level : {1, 5, 9}) {
      for (const int element : {1, 3, 8, 255}) {
        all.push_back({BlobCodec::kBlosc, level, inner, element});
      }
    }
  }
  return all;
}

// One of each kind.
std::vector<Encoding> SomeEncodings() {
  return {{.codec = BlobCodec::kZlib, .level = 2},
          {.codec = BlobCodec::kZstd, .level = 1},
          {BlobCodec::kBlosc, 5, Inner::kLz4, 8},
          {BlobCodec::kBlosc, 1, Inner::kZstd, 8}};
}

std::string Describe(const Encoding& encoding) {
  return absl::StrCat(
      std::string(Name(encoding.codec)), ":", encoding.level, ":",
      encoding.inner == Inner::kLz4 ? "lz4:" : "zstd:", encoding.element_size);
}

// `payload` in pieces of at most `step` bytes.
std::string FileOf(const Encoding& encoding, std::string_view payload,
                   std::size_t step = std::string::npos) {
  std::string file;
  const auto encoder = NewEncoder(encoding, payload.size(), [&](auto bytes) {
    file.append(Text(bytes));
    return absl::OkStatus();
  });
  for (std::string_view rest = payload; !rest.empty();) {
    const std::string_view piece = rest.substr(0, step);
    EXPECT_THAT(encoder->Append(Bytes(piece)), IsOk());
    rest.remove_prefix(piece.size());
  }
  EXPECT_THAT(encoder->Finish(), IsOk());
  return file;
}

std::string SmoothBytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const double value = std::sin(1e-4 * static_cast<double>(i));
    std::memcpy(bytes.data() + i, &value, 8);
  }
  return bytes;
}

std::vector<std::string> Payloads(std::size_t size) {
  return {std::string(size, '\0'), CountingBytes(size), RandomBytes(size, 1),
          SmoothBytes(size)};
}

void ExpectRoundTrip(const Encoding& encoding, const std::string& payload,
                     std::size_t step = std::string::npos) {
  SCOPED_TRACE(absl::StrCat(Describe(encoding), " ", payload.size()));
  const std::string file = FileOf(encoding, payload, step);
  EXPECT_LE(file.size(), payload.size() + payload.size() / 1000 + 50);
  const absl::StatusOr<std::uint64_t> size =
      DeclaredSize(encoding.codec, Bytes(file));
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(*size, payload.size());
  const absl::StatusOr<Blob> blob =
      Decompress(encoding.codec, Bytes(file), payload.size());
  ASSERT_THAT(blob, IsOk());
  EXPECT_TRUE(Text(blob->bytes()) == payload);
}

class CodecSizeTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(CodecSizeTest, EveryEncodingKeepsThePayload) {
  const bool is_large = GetParam() > 100000;
  for (const Encoding& encoding : Encodings()) {
    if (is_large && encoding.codec == BlobCodec::kZstd && encoding.level > 3) {
      continue;  // Takes seconds.
    }
    for (const std::string& payload : Payloads(GetParam())) {
      ExpectRoundTrip(encoding, payload);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, CodecSizeTest,
                         ::testing::Values(0, 1, 7, 16, 4096, 4097,
                                           (1 << 20) + 3));

// More than two chunks of Blosc.
TEST(CodecTest, LargePayloadsAreKept) {
  for (const Encoding& encoding : SomeEncodings()) {
    for (const std::string& payload : Payloads(9 << 20)) {
      ExpectRoundTrip(encoding, payload);
    }
  }
}

TEST(CodecTest, TheFileDoesNotDependOnThePieces) {
  const std::string payload = SmoothBytes((9 << 20) + 5);
  const Encoding blosc = {BlobCodec::kBlosc, 5, Inner::kLz4, 8};
  const std::string file = FileOf(blosc, payload);
  for (const std::size_t step : {1000, 128 << 10, 4 << 20, 5 << 20}) {
    EXPECT_TRUE(FileOf(blosc, payload, step) == file) << step;
  }
  for (const Encoding& encoding : SomeEncodings()) {
    ExpectRoundTrip(encoding, payload.substr(0, 20000), 1);
    ExpectRoundTrip(encoding, payload.substr(0, 300000), 4099);
  }
}

TEST(CodecTest, AFailureOfTheOutputIsReturned) {
  const std::string payload = RandomBytes(6 << 20, 3);
  for (const Encoding& encoding : SomeEncodings()) {
    const auto encoder = NewEncoder(encoding, payload.size(), [](auto) {
      return absl::ResourceExhaustedError("disk full");
    });
    EXPECT_THAT(encoder->Append(Bytes(payload)),
                StatusIs(absl::StatusCode::kResourceExhausted, "disk full"));
  }
}

// What the tools of the formats make of our files.
std::string Unpacked(const std::string& command, const std::string& suffix,
                     const std::string& file) {
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / ("file" + suffix)).string();
  WriteFileBytes(path, file);
  const std::string line =
      absl::StrCat(command, " -dc '", path, "' > '", path, ".out'");
  EXPECT_EQ(std::system(line.c_str()), 0) << line;
  return FileBytes(path + ".out");
}

TEST(CodecTest, UsualToolsUnpackTheFiles) {
  for (const std::string& payload : Payloads(300001)) {
    EXPECT_TRUE(Unpacked("gzip", ".gz",
                         FileOf({.codec = BlobCodec::kZlib, .level = 6},
                                payload)) == payload);
    EXPECT_TRUE(Unpacked("zstd -q", ".zst",
                         FileOf({.codec = BlobCodec::kZstd, .level = 1},
                                payload)) == payload);
  }
}

// ---- Damage -----------------------------------------------------------------

// Of a size and content of which every part of a file is made.
std::string SmallPayload() { return SmoothBytes(1200) + CountingBytes(301); }

// DataLoss, or the right size; and what has a checksum, the right bytes.
void ExpectLossOrPayload(BlobCodec codec, std::string_view file,
                         std::string_view payload) {
  // Without the zero behind a string, so that AddressSanitizer guards the end.
  const std::vector<char> exact(file.begin(), file.end());
  const auto bytes = std::as_bytes(std::span(exact));
  if (const auto size = DeclaredSize(codec, bytes); !size.ok()) {
    EXPECT_THAT(size, StatusIs(kDataLoss));
  }
  const absl::StatusOr<Blob> blob = Decompress(codec, bytes, payload.size());
  if (!blob.ok()) {
    EXPECT_THAT(blob, StatusIs(kDataLoss));
  } else if (codec == BlobCodec::kBlosc) {
    EXPECT_EQ(blob->size(), payload.size());
  } else {
    EXPECT_TRUE(Text(blob->bytes()) == payload);
  }
}

TEST(CodecDamageTest, EveryTruncationIsDataLoss) {
  const std::string payload = SmallPayload();
  for (const Encoding& encoding : SomeEncodings()) {
    const std::string file = FileOf(encoding, payload);
    for (std::size_t size = 0; size < file.size(); ++size) {
      const std::vector<char> cut(file.begin(), file.begin() + size);
      EXPECT_THAT(Decompress(encoding.codec, std::as_bytes(std::span(cut)),
                             payload.size()),
                  StatusIs(kDataLoss))
          << Describe(encoding) << " " << size;
    }
  }
}

TEST(CodecDamageTest, EveryFlippedBitIsDataLossOrHarmless) {
  const std::string payload = SmallPayload();
  for (const Encoding& encoding : SomeEncodings()) {
    std::string file = FileOf(encoding, payload);
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
      SCOPED_TRACE(absl::StrCat(Describe(encoding), " ", bit));
      char& byte = file[bit / 8];
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      ExpectLossOrPayload(encoding.codec, file, payload);
      byte = static_cast<char>(byte ^ (1 << bit % 8));
    }
  }
}

TEST(CodecDamageTest, EveryByteOfTheFirstHundredMayBeAnything) {
  const std::string payload = SmallPayload();
  for (const Encoding& encoding : SomeEncodings()) {
    const std::string file = FileOf(encoding, payload);
    for (std::size_t i = 0; i < 100; ++i) {
      for (int value = 0; value < 256; ++value) {
        SCOPED_TRACE(absl::StrCat(Describe(encoding), " ", i, " ", value));
        std::string changed = file;
        changed[i] = static_cast<char>(value);
        ExpectLossOrPayload(encoding.codec, changed, payload);
      }
    }
  }
}

TEST(CodecDamageTest, WhatFollowsTheFileIsDataLoss) {
  const std::string payload = SmallPayload();
  for (const Encoding& encoding : SomeEncodings()) {
    const std::string file = FileOf(encoding, payload);
    for (const std::string& more : {std::string(1, '\0'), std::string(40, '\0'),
                                    file, FileOf(encoding, "")}) {
      if (more.empty()) continue;  // No payload is no chunk.
      EXPECT_THAT(
          Decompress(encoding.codec, Bytes(file + more), payload.size()),
          StatusIs(kDataLoss))
          << Describe(encoding) << " " << more.size();
    }
    // Not even if the sizes would add up.
    EXPECT_THAT(
        Decompress(encoding.codec, Bytes(file + file), 2 * payload.size()),
        StatusIs(kDataLoss))
        << Describe(encoding);
  }
}

TEST(CodecDamageTest, AnotherSizeThanTheExpectedIsDataLoss) {
  const std::string payload = SmallPayload();
  std::vector<Encoding> encodings = SomeEncodings();
  encodings.push_back({.codec = BlobCodec::kRaw});
  for (const Encoding& encoding : encodings) {
    const std::string file = FileOf(encoding, payload);
    for (const std::uint64_t size :
         {std::uint64_t{0}, payload.size() - 1, payload.size() + 1,
          payload.size() + (std::uint64_t{1} << 32), std::uint64_t{1} << 60,
          std::numeric_limits<std::uint64_t>::max()}) {
      EXPECT_THAT(Decompress(encoding.codec, Bytes(file), size),
                  StatusIs(kDataLoss, HasSubstr("are expected")))
          << Describe(encoding) << " " << size;
    }
  }
}

template <typename T>
void Put(std::string& file, std::size_t at, T value) {
  std::memcpy(file.data() + at, &value, sizeof(value));
}

// Were one of these believed, the test would run out of memory.
TEST(CodecDamageTest, HugeDeclaredSizesAreRefusedBeforeAnythingIsAllocated) {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 60;
  std::string gzip = FileOf({.codec = BlobCodec::kZlib, .level = 1}, "payload");
  Put(gzip, 16, kHuge);
  EXPECT_THAT(Decompress(BlobCodec::kZlib, Bytes(gzip), kHuge),
              StatusIs(kDataLoss, HasSubstr("cannot hold")));

  // Magic, a descriptor that says 8 bytes of size, no single segment; a window
  // of 1 KiB; the size; an empty last block.
  std::string zstd = {'\x28', '\xb5', '\x2f', '\xfd', '\xc0', 0};
  zstd.append(8, '\0');
  Put(zstd, 6, kHuge);
  zstd.append({1, 0, 0});
  EXPECT_THAT(Decompress(BlobCodec::kZstd, Bytes(zstd), kHuge),
              StatusIs(kDataLoss, HasSubstr("cannot hold")));

  const std::string chunk =
      FileOf({BlobCodec::kBlosc, 5, Inner::kLz4, 8}, SmallPayload());
  for (const std::uint32_t size : {0x7fffffffu, 0xffffffffu, 5u << 20}) {
    std::string blosc = chunk;
    Put(blosc, 4, size);
    EXPECT_THAT(Decompress(BlobCodec::kBlosc, Bytes(blosc), size),
                StatusIs(kDataLoss));
    Put(blosc, 8, size);  // Blocks of that size.
    EXPECT_THAT(Decompress(BlobCodec::kBlosc, Bytes(blosc), size),
                StatusIs(kDataLoss));
  }
}

TEST(CodecDamageTest, ASizeThatOnlyTheHeaderHasIsDataLoss) {
  const std::string payload = SmallPayload();
  std::string gzip = FileOf({.codec = BlobCodec::kZlib, .level = 6}, payload);
  for (const std::uint64_t size : {std::uint64_t{0}, payload.size() - 1,
                                   payload.size() + 1, 2 * payload.size()}) {
    Put(gzip, 16, size);
    EXPECT_THAT(Decompress(BlobCodec::kZlib, Bytes(gzip), size),
                StatusIs(kDataLoss))
        << size;
  }
}

TEST(CodecDamageTest, FramesToBeSkippedAreDataLoss) {
  std::string skippable = {'\x50', '\x2a', '\x4d', '\x18', 4, 0, 0, 0};
  skippable.append(4, 'x');
  EXPECT_THAT(Decompress(BlobCodec::kZstd, Bytes(skippable), 0),
              StatusIs(kDataLoss));
  EXPECT_THAT(
      Decompress(BlobCodec::kZstd,
                 Bytes(skippable +
                       FileOf({.codec = BlobCodec::kZstd, .level = 1}, "abc")),
                 3),
      StatusIs(kDataLoss));
}

// Only the last chunk may be short, so that a payload has one file.
TEST(CodecDamageTest, ShortChunksInFrontAreDataLoss) {
  const Encoding blosc = {BlobCodec::kBlosc, 5, Inner::kLz4, 8};
  const std::string half = FileOf(blosc, SmoothBytes(1 << 20));
  EXPECT_THAT(DeclaredSize(BlobCodec::kBlosc, Bytes(half + half)),
              StatusIs(kDataLoss, HasSubstr("not the last")));
}

}  // namespace
}  // namespace ireneo
