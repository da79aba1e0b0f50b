#include "ireneo/store/compressor.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
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
#include "ireneo/store/codec.h"
#include "ireneo/store/compression.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::testing::HasSubstr;
using Inner = Compression::Inner;

constexpr std::size_t kLarge = 3 << 20;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return std::string(Text(bytes));
}

std::string Smooth(std::size_t size) {
  std::vector<double> values(size / 8);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(1e-4 * static_cast<double>(i));
  }
  return BytesOf(values);
}

// One in twenty is not zero.
std::string Sparse(std::size_t size) {
  std::mt19937_64 engine(1);
  std::vector<double> values(size / 8);
  for (double& value : values) {
    if (engine() % 20 == 0) value = 1 / static_cast<double>(engine());
  }
  return BytesOf(values);
}

std::string Words(std::size_t size) {
  std::mt19937_64 engine(1);
  std::string text;
  while (text.size() < size) {
    absl::StrAppend(&text, "{\"station\": ", engine() % 1000,
                    ", \"height\": ", engine() % 10000, "},\n");
  }
  text.resize(size);
  return text;
}

std::string Npy(std::string_view descr, const std::string& data) {
  std::string header = absl::StrCat(
      std::string("\x93NUMPY\x01\x00\x76\x00", 10), "{'descr': '",
      std::string(descr), "', 'fortran_order': False, 'shape': (8,), }");
  header.resize(127, ' ');
  return header + "\n" + data;
}

struct Written {
  BlobCodec codec;
  std::string file;
};

// Appends `payload` in pieces of at most `step` bytes; checks that its file
// gives it back.
Written Write(Compression wish, const std::string& payload,
              PayloadHint hint = {}, std::size_t step = std::string::npos) {
  Written written;
  Compressor compressor(wish, payload.size(), hint, [&](auto bytes) {
    written.file.append(Text(bytes));
    return absl::OkStatus();
  });
  for (std::string_view rest = payload; !rest.empty();) {
    const std::string_view piece = rest.substr(0, step);
    EXPECT_THAT(compressor.Append(Bytes(piece)), IsOk());
    rest.remove_prefix(piece.size());
  }
  EXPECT_THAT(compressor.Finish(), IsOk());
  written.codec = compressor.codec();
  const absl::StatusOr<Blob> blob =
      Decompress(written.codec, Bytes(written.file), payload.size());
  EXPECT_THAT(blob, IsOk());
  EXPECT_TRUE(blob.ok() && Text(blob->bytes()) == payload);
  return written;
}

constexpr PayloadHint kDoubles = {.element_size = 8};

std::vector<Compression> AllWishes() {
  return {Compression::kDefault,
          Compression::kSmall,
          Compression::kNone,
          Compression::Zlib(0),
          Compression::Zlib(6),
          Compression::Zstd(1),
          Compression::Zstd(9),
          Compression::Blosc(),
          Compression::Blosc(Inner::kZstd, 1, 4)};
}

TEST(CompressorTest, TheDefaultLeavesArraysAsTheyAre) {
  const std::string zeros(kLarge, '\0');
  EXPECT_EQ(Write(Compression::kDefault, zeros, kDoubles).codec,
            BlobCodec::kRaw);
  EXPECT_EQ(Write(Compression::kDefault, Npy("<f8", zeros)).codec,
            BlobCodec::kRaw);
  // Whose header comes first, and a large piece after it.
  EXPECT_EQ(Write(Compression::kDefault, Npy("|V24", zeros), {}, 128).codec,
            BlobCodec::kRaw);
  EXPECT_EQ(Write(Compression::kDefault, zeros).codec, BlobCodec::kZstd);
}

TEST(CompressorTest, TheDefaultCompressesWhatLosesAFifth) {
  const Written words = Write(Compression::kDefault, Words(kLarge));
  EXPECT_EQ(words.codec, BlobCodec::kZstd);
  EXPECT_LT(words.file.size(), kLarge / 2);
  EXPECT_EQ(Write(Compression::kDefault, Words(5000)).codec, BlobCodec::kZstd);
  // An eighth of zeros is too little, and taken where that is wanted.
  std::string eighth = RandomBytes(kLarge, 1);
  for (std::size_t i = 0; i < eighth.size(); i += 512) {
    std::fill_n(eighth.begin() + static_cast<std::ptrdiff_t>(i), 64, '\0');
  }
  EXPECT_EQ(Write(Compression::kDefault, eighth).codec, BlobCodec::kRaw);
  EXPECT_EQ(Write(Compression::Zstd(1), eighth).codec, BlobCodec::kZstd);
}

TEST(CompressorTest, SmallShufflesArraysThatAreSmooth) {
  const std::string field = Smooth(kLarge);
  const Written small = Write(Compression::kSmall, field, kDoubles);
  EXPECT_EQ(small.codec, BlobCodec::kBlosc);
  EXPECT_LT(small.file.size(), Write(Compression::Zlib(2), field).file.size());
  EXPECT_EQ(Write(Compression::kSmall, Npy("<f8", field)).codec,
            BlobCodec::kBlosc);
  EXPECT_EQ(Write(Compression::kSmall, Npy("<f8", field), {}, 4096).codec,
            BlobCodec::kBlosc);
}

TEST(CompressorTest, SmallDoesNotShuffleWhatRepeatsItself) {
  const std::string sparse = Sparse(kLarge);
  const Written small = Write(Compression::kSmall, sparse, kDoubles);
  EXPECT_EQ(small.codec, BlobCodec::kZstd);
  EXPECT_LT(small.file.size(),
            Write(Compression::Blosc(), sparse, kDoubles).file.size());
  EXPECT_EQ(Write(Compression::kSmall, Words(kLarge)).codec, BlobCodec::kZstd);
  EXPECT_EQ(Write(Compression::kSmall, Npy("|u1", Words(kLarge))).codec,
            BlobCodec::kZstd);
}

TEST(CompressorTest, SmallFindsNumbersThatNobodyTold) {
  EXPECT_EQ(Write(Compression::kSmall, Smooth(kLarge)).codec,
            BlobCodec::kBlosc);
}

TEST(CompressorTest, WhatIsAskedForIsDone) {
  const std::string words = Words(kLarge);
  EXPECT_EQ(Write(Compression::Zlib(1), words).codec, BlobCodec::kZlib);
  EXPECT_EQ(Write(Compression::Zstd(3), words).codec, BlobCodec::kZstd);
  EXPECT_EQ(Write(Compression::Blosc(), words).codec, BlobCodec::kBlosc);
  // Arrays too.
  const std::string sparse = Sparse(kLarge);
  EXPECT_EQ(Write(Compression::Zlib(1), sparse, kDoubles).codec,
            BlobCodec::kZlib);
  EXPECT_EQ(Write(Compression::Zstd(3), Npy("<f8", sparse)).codec,
            BlobCodec::kZstd);
  EXPECT_EQ(Write(Compression::kNone, words).codec, BlobCodec::kRaw);
}

TEST(CompressorTest, LevelsAndElementSizesMatter) {
  const std::string words = Words(kLarge);
  EXPECT_LT(Write(Compression::Zlib(9), words).file.size(),
            Write(Compression::Zlib(1), words).file.size());
  EXPECT_LT(Write(Compression::Zstd(9), words).file.size(),
            Write(Compression::Zstd(1), words).file.size());
  const std::string field = Smooth(kLarge);
  const std::size_t by_8 =
      Write(Compression::Blosc(Inner::kLz4, 5, 8), field).file.size();
  EXPECT_LT(by_8,
            Write(Compression::Blosc(Inner::kLz4, 5, 3), field).file.size());
  // Told by the header, by the writer, and guessed.
  const std::size_t npy =
      Write(Compression::Blosc(), Npy("<f8", field)).file.size();
  EXPECT_NEAR(static_cast<double>(npy), static_cast<double>(by_8), 5000);
  EXPECT_EQ(Write(Compression::Blosc(), field, kDoubles).file.size(), by_8);
  EXPECT_EQ(Write(Compression::Blosc(), field).file.size(), by_8);
}

TEST(CompressorTest, NoiseIsRawWhateverIsAskedFor) {
  for (const std::size_t size : {1, 4097, 20000, 300000, 2000003}) {
    const std::string noise = RandomBytes(size, size);
    for (const Compression wish : AllWishes()) {
      for (const PayloadHint hint : {PayloadHint(), kDoubles}) {
        EXPECT_EQ(Write(wish, noise, hint).codec, BlobCodec::kRaw)
            << wish.ToString() << " " << size;
      }
    }
  }
}

// Bytes of a random generator, again and again.
TEST(CompressorTest, NoiseThatRepeatsItselfIsCompressed) {
  std::string noise;
  while (noise.size() < kLarge) noise += RandomBytes(1000, 1);
  EXPECT_EQ(Write(Compression::kDefault, noise).codec, BlobCodec::kZstd);
}

TEST(CompressorTest, EverySizeAndPieceIsKept) {
  for (const std::size_t size :
       {0, 1, 4096, 4097, 65535, 65536, 262145, 1000001}) {
    const std::string words = Words(size);
    for (const Compression wish : AllWishes()) {
      const Written whole = Write(wish, words);
      for (const std::size_t step : {1000, 4096, 65536, 100000}) {
        Write(wish, words, {}, step);
      }
      if (size == 0) {
        EXPECT_EQ(whole.codec, BlobCodec::kRaw);
      }
    }
  }
}

// A large array goes through without being gathered.
TEST(CompressorTest, RawPiecesPassWithoutACopy) {
  const std::string payload = Npy("<f8", Smooth(kLarge));
  std::vector<const void*> pointers;
  Compressor compressor(Compression::kDefault, payload.size(), {},
                        [&](auto bytes) {
                          pointers.push_back(bytes.data());
                          return absl::OkStatus();
                        });
  ASSERT_THAT(compressor.Append(Bytes(payload).first(128)), IsOk());
  ASSERT_THAT(compressor.Append(Bytes(payload).subspan(128)), IsOk());
  ASSERT_THAT(compressor.Finish(), IsOk());
  ASSERT_EQ(pointers.size(), 2u);
  EXPECT_EQ(pointers[1], payload.data() + 128);
}

TEST(CompressorTest, APayloadOfAnotherSizeIsRefused) {
  const auto ignore = [](auto) { return absl::OkStatus(); };
  for (const std::size_t size : {10, 100000}) {
    const std::string words = Words(size);
    Compressor longer(Compression::kDefault, size - 1, {}, ignore);
    EXPECT_THAT(
        longer.Append(Bytes(words)),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has more")));
    EXPECT_THAT(longer.Finish(), StatusIs(absl::StatusCode::kInvalidArgument));
    Compressor shorter(Compression::kDefault, size + 1, {}, ignore);
    EXPECT_THAT(shorter.Append(Bytes(words)), IsOk());
    EXPECT_THAT(shorter.Finish(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("only ", size))));
  }
}

TEST(CompressorTest, AFailureOfTheOutputIsKept) {
  const std::string words = Words(kLarge);
  for (const Compression wish : AllWishes()) {
    // At the first call, the second and the last.
    for (int good = 0; good < 3; ++good) {
      int calls = 0;
      Compressor compressor(wish, words.size(), {}, [&](auto) {
        return calls++ < good ? absl::OkStatus()
                              : absl::UnavailableError("disk gone");
      });
      for (std::size_t at = 0; at < words.size(); at += 1 << 20) {
        compressor.Append(Bytes(words).subspan(at, 1 << 20)).IgnoreError();
      }
      const absl::Status status = compressor.Finish();
      if (calls <= good) continue;  // One chunk, which was good.
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "disk gone"))
          << wish.ToString() << " " << good;
      EXPECT_EQ(calls, good + 1) << wish.ToString();
    }
  }
}

}  // namespace
}  // namespace ireneo
