#include "ireneo/store/source.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Source SourceOf(std::string_view bytes) {
  return Source(Blob::Copy(std::as_bytes(std::span(bytes))));
}

std::string U64(std::uint64_t value) {
  std::string bytes;
  StringSink sink(bytes);
  sink.WriteU64(value);
  sink.Flush();
  return bytes;
}

struct Sample {
  std::uint8_t u8 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  double f64 = 0;
  std::string text = {};
  std::vector<std::uint32_t> list = {};

  friend bool operator==(const Sample&, const Sample&) = default;
};

std::string Write(const Sample& sample) {
  std::string bytes;
  StringSink sink(bytes);
  sink.WriteU8(sample.u8);
  sink.WriteU32(sample.u32);
  sink.WriteU64(sample.u64);
  sink.Write(std::as_bytes(std::span(&sample.f64, 1)));
  sink.WriteString(sample.text);
  sink.WriteU64(sample.list.size());
  sink.AlignTo(64);
  for (const std::uint32_t value : sample.list) sink.WriteU32(value);
  sink.Flush();
  return bytes;
}

absl::StatusOr<Sample> Read(std::string_view bytes) {
  Source source = SourceOf(bytes);
  Sample sample;
  sample.u8 = source.ReadU8();
  sample.u32 = source.ReadU32();
  sample.u64 = source.ReadU64();
  sample.f64 = source.ReadScalar<double>();
  sample.text = source.ReadString();
  const std::size_t size = source.ReadCount(4);
  source.SkipTo(64);
  // Bounded although the source may have failed: 4 bytes each.
  EXPECT_LE(size, bytes.size() / 4);
  for (std::size_t i = 0; i < size; ++i) {
    sample.list.push_back(source.ReadU32());
  }
  if (absl::Status status = source.Finish(); !status.ok()) return status;
  return sample;
}

const Sample kSample = {.u8 = 0x81,
                        .u32 = 0x82838485,
                        .u64 = 0x8687888990919293,
                        .f64 = -0.1,
                        .text = "Funes el memorioso",
                        .list = {1, 2, 3}};

TEST(SourceTest, ReadsWhatASinkWrote) {
  const absl::StatusOr<Sample> read = Read(Write(kSample));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, kSample);
}

TEST(SourceTest, EveryTruncationIsDataLoss) {
  const std::string bytes = Write(kSample);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(Read(std::string_view(bytes).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(SourceTest, LeftOverBytesAreDataLoss) {
  EXPECT_THAT(
      Read(Write(kSample) + std::string(1, '\0')),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("1 bytes left over")));
}

TEST(SourceTest, EverySingleByteFlipIsReadOrRefused) {
  const std::string bytes = Write(kSample);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const absl::StatusOr<Sample> read = Read(flipped);
      if (read.ok()) {
        // One value has one encoding. (NaNs are not equal to themselves.)
        EXPECT_EQ(Write(*read), flipped) << i;
      } else {
        EXPECT_THAT(read, StatusIs(absl::StatusCode::kDataLoss)) << i;
      }
    }
  }
}

TEST(SourceTest, PositionAndRemainingFollow) {
  Source source = SourceOf(CountingBytes(100));
  EXPECT_EQ(source.position(), 0u);
  EXPECT_EQ(source.remaining(), 100u);
  source.ReadU8();
  EXPECT_EQ(source.position(), 1u);
  source.ReadU32();
  EXPECT_EQ(source.position(), 5u);
  source.ReadU64();
  EXPECT_EQ(source.position(), 13u);
  EXPECT_EQ(source.ReadBytes(7).size(), 7u);
  EXPECT_EQ(source.position(), 20u);
  EXPECT_EQ(source.remaining(), 80u);
  EXPECT_EQ(source.ReadBytes(0).size(), 0u);
  EXPECT_EQ(source.ReadBytes(80).size(), 80u);
  EXPECT_EQ(source.remaining(), 0u);
  EXPECT_THAT(source.Finish(), IsOk());
}

TEST(SourceTest, ReadBytesIsAViewOfTheBlob) {
  const std::string bytes = CountingBytes(100);
  std::span<const std::byte> view;
  std::optional<Blob> kept;
  {
    Source source = SourceOf(bytes);
    source.ReadU32();
    view = source.ReadBytes(50);
    EXPECT_EQ(view.data(), source.blob().bytes().data() + 4);
    kept = source.blob();
  }
  EXPECT_EQ(Text(view), bytes.substr(4, 50));
}

TEST(SourceTest, ASizePastTheEndIsRefused) {
  for (const std::uint64_t size : {std::uint64_t{9}, std::uint64_t{1} << 32,
                                   std::uint64_t{1} << 63, kMax - 7, kMax}) {
    Source source = SourceOf("12345678");
    EXPECT_TRUE(source.ReadBytes(size).empty());
    EXPECT_THAT(
        source.status(),
        StatusIs(absl::StatusCode::kDataLoss,
                 AllOf(HasSubstr("truncated"), HasSubstr(std::to_string(size)),
                       HasSubstr("offset 0"), HasSubstr("8 remain"))));
    EXPECT_EQ(source.position(), 0u);

    Source text = SourceOf(U64(size) + "12345678");
    EXPECT_EQ(text.ReadString(), "");
    EXPECT_THAT(text.status(), StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(SourceTest, ReadStringTakesExactlyItsSize) {
  Source source = SourceOf(U64(3) + "abc" + U64(0) + U64(2) + "de");
  EXPECT_EQ(source.ReadString(), "abc");
  EXPECT_EQ(source.ReadString(), "");
  EXPECT_EQ(source.ReadString(), "de");
  EXPECT_THAT(source.Finish(), IsOk());
}

TEST(SourceTest, ReadCountIsBoundedByWhatRemains) {
  // 24 bytes remain after the count.
  constexpr struct {
    std::uint64_t count;
    std::size_t element_size;
    bool ok;
  } kCases[] = {
      {0, 1, true},
      {0, 100, true},
      {24, 1, true},
      {25, 1, false},
      {24, 0, true},  // Counts as 1: an element of no bytes has no bound.
      {25, 0, false},
      {12, 2, true},
      {13, 2, false},
      {3, 8, true},
      {4, 8, false},
      {3, 7, true},
      {4, 7, false},
      {1, 24, true},
      {1, 25, false},
      {1, std::numeric_limits<std::size_t>::max(), false},
      {std::uint64_t{1} << 61, 8, false},  // Times 8 is 0.
      {(std::uint64_t{1} << 61) + 1, 8, false},
      {std::uint64_t{1} << 63, 1, false},
      {std::uint64_t{1} << 63, 2, false},
      {std::uint64_t{1} << 63, 8, false},
      {kMax, 1, false},
      {kMax, 8, false},
      {kMax / 3 + 1, 3, false},
  };
  for (const auto& [count, element_size, ok] : kCases) {
    Source source = SourceOf(U64(count) + CountingBytes(24));
    const std::size_t read = source.ReadCount(element_size);
    EXPECT_EQ(source.ok(), ok) << count << " of " << element_size;
    EXPECT_EQ(read, ok ? count : 0);
    if (!ok) {
      EXPECT_THAT(source.status(),
                  StatusIs(absl::StatusCode::kDataLoss,
                           AllOf(HasSubstr(std::to_string(count)),
                                 HasSubstr("24 bytes remain"))));
    }
  }
  Source source = SourceOf("1234567");
  EXPECT_EQ(source.ReadCount(1), 0u);
  EXPECT_THAT(source.status(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(SourceTest, SkipToWantsZeros) {
  const std::string good = "x" + std::string(63, '\0') + "y";
  {
    Source source = SourceOf(good);
    source.SkipTo(64);
    EXPECT_EQ(source.position(), 0u) << "already aligned";
    source.ReadU8();
    source.SkipTo(64);
    EXPECT_EQ(source.position(), 64u);
    EXPECT_EQ(source.ReadU8(), 'y');
    source.SkipTo(1);
    EXPECT_THAT(source.Finish(), IsOk());
  }
  for (std::size_t i = 1; i < 64; ++i) {
    std::string bad = good;
    bad[i] = '\x80';
    Source source = SourceOf(bad);
    source.ReadU8();
    source.SkipTo(64);
    EXPECT_THAT(source.status(),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("padding at offset 1 is not zero")));
  }
  for (std::size_t size = 1; size < 64; ++size) {
    Source source = SourceOf(good.substr(0, size));
    source.ReadU8();
    source.SkipTo(64);
    EXPECT_THAT(source.status(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("truncated")));
  }
}

TEST(SourceTest, TheFirstFailureIsKept) {
  Source source = SourceOf("12345678");
  source.Fail(absl::InvalidArgumentError("first"));
  source.Fail(absl::InternalError("second"));
  source.ReadBytes(100);
  EXPECT_FALSE(source.ok());
  EXPECT_THAT(source.status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "first"));
  EXPECT_EQ(source.Finish(), source.status());
}

TEST(SourceTest, NothingIsReadAfterAFailure) {
  Source source = SourceOf(std::string(100, '\x01'));
  source.ReadU32();
  source.Fail(absl::InvalidArgumentError("no"));
  EXPECT_EQ(source.ReadU8(), 0u);
  EXPECT_EQ(source.ReadU32(), 0u);
  EXPECT_EQ(source.ReadU64(), 0u);
  EXPECT_EQ(source.ReadScalar<double>(), 0.0);
  EXPECT_TRUE(source.ReadBytes(1).empty());
  EXPECT_EQ(source.ReadString(), "");
  EXPECT_EQ(source.ReadCount(1), 0u);
  source.SkipTo(64);
  EXPECT_EQ(source.position(), 4u);
  EXPECT_THAT(source.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, "no"));
}

TEST(SourceTest, NothingIsLeftOfAnEmptyBlob) {
  Source source{Blob()};
  EXPECT_EQ(source.remaining(), 0u);
  EXPECT_THAT(source.Finish(), IsOk());
  EXPECT_EQ(source.ReadU8(), 0u);
  EXPECT_THAT(source.Finish(), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace ireneo
