#include "ireneo/store/sink.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/digest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::ResultOf;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Keeps what reaches it and where that lay; fails from a given append on.
class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(
      std::size_t good_appends = std::numeric_limits<std::size_t>::max())
      : good_appends_(good_appends) {}

  const std::vector<const void*>& pointers() const { return pointers_; }
  const std::vector<std::size_t>& sizes() const { return sizes_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void Append(std::span<const std::byte> bytes) override {
    pointers_.push_back(bytes.data());
    sizes_.push_back(bytes.size());
    bytes_.append(Text(bytes));
    if (sizes_.size() > good_appends_)
      Fail(absl::DataLossError("disk on fire"));
  }

  const std::size_t good_appends_;
  std::vector<const void*> pointers_;
  std::vector<std::size_t> sizes_;
  std::string bytes_;
};

TEST(SinkTest, ScalarsAreLittleEndian) {
  std::string dest;
  StringSink sink(dest);
  sink.WriteU8(0x01);
  EXPECT_EQ(sink.position(), 1u);
  sink.WriteU32(0x05040302);
  EXPECT_EQ(sink.position(), 5u);
  sink.WriteU64(0x0d0c0b0a09080706);
  EXPECT_EQ(sink.position(), 13u);
  sink.WriteU8(0xff);
  sink.WriteU64(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(sink.position(), 22u);
  sink.Flush();
  EXPECT_TRUE(sink.ok());
  EXPECT_EQ(dest, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d" +
                      std::string(9, '\xff'));
}

TEST(SinkTest, StringsAreFramedByTheirSize) {
  std::string dest;
  StringSink sink(dest);
  sink.WriteString("");
  EXPECT_EQ(sink.position(), 8u);
  sink.WriteString(std::string_view("a\0b", 3));
  EXPECT_EQ(sink.position(), 19u);
  sink.WriteString(std::string_view());
  sink.Flush();
  EXPECT_EQ(dest, std::string(8, '\0') + "\x03" + std::string(7, '\0') + "a" +
                      std::string(1, '\0') + "b" + std::string(8, '\0'));
}

TEST(SinkTest, BytesComeOutAsTheyWentIn) {
  for (const std::size_t first : {0, 1, 4095, 4096, 4097, 10000}) {
    for (const std::size_t second : {0, 1, 4095, 4096, 4097, 10000}) {
      for (const std::size_t third : {0, 1, 4095, 4096, 4097, 10000}) {
        const std::string all = CountingBytes(first + second + third);
        std::string dest = "before ";
        StringSink sink(dest);
        sink.Write(Bytes(all).first(first));
        ASSERT_EQ(sink.position(), first);
        sink.Write(Bytes(all).subspan(first, second));
        ASSERT_EQ(sink.position(), first + second);
        sink.Write(Bytes(all).subspan(first + second));
        ASSERT_EQ(sink.position(), all.size());
        sink.Flush();
        ASSERT_TRUE(sink.ok());
        ASSERT_EQ(sink.position(), all.size());
        ASSERT_EQ(dest, "before " + all) << first << " " << second;
      }
    }
  }
}

TEST(SinkTest, AlignToWritesZerosUpToTheNextMultiple) {
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    for (const std::size_t start : {0, 1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 127,
                                    4095, 4096, 4097, 8191, 10000}) {
      std::string dest;
      StringSink sink(dest);
      const std::string bytes(start, 'x');
      sink.Write(Bytes(bytes));
      sink.AlignTo(alignment);
      const std::size_t end = (start + alignment - 1) / alignment * alignment;
      ASSERT_EQ(sink.position(), end) << start << " to " << alignment;
      sink.AlignTo(alignment);
      ASSERT_EQ(sink.position(), end);
      sink.Flush();
      ASSERT_EQ(dest, bytes + std::string(end - start, '\0'));
    }
  }
}

TEST(SinkTest, SmallWritesAreGathered) {
  RecordingSink sink;
  for (int i = 0; i < 10000; ++i) sink.WriteU8(static_cast<std::uint8_t>(i));
  EXPECT_THAT(sink.sizes(), ElementsAre(4096, 4096));
  sink.Flush();
  EXPECT_THAT(sink.sizes(), ElementsAre(4096, 4096, 10000 - 2 * 4096));
  sink.Flush();
  EXPECT_EQ(sink.sizes().size(), 3u) << "there was nothing to flush";
  EXPECT_EQ(sink.bytes().size(), 10000u);
}

TEST(SinkTest, LargeSpansPassThroughWithoutACopy) {
  const std::string large = CountingBytes(10000);
  {
    RecordingSink sink;
    sink.Write(Bytes(large));
    EXPECT_THAT(sink.pointers(), ElementsAre(large.data()));
    EXPECT_THAT(sink.sizes(), ElementsAre(large.size()));
  }
  {
    RecordingSink sink;
    sink.WriteU32(0);
    sink.Write(Bytes(large).first(4097));
    sink.WriteU32(0);
    sink.Write(Bytes(large).first(4096));
    ASSERT_THAT(sink.sizes(), ElementsAre(4, 4097, 4, 4096));
    EXPECT_EQ(sink.pointers()[1], large.data());
    EXPECT_EQ(sink.pointers()[3], large.data());
  }
  {
    RecordingSink sink;
    sink.WriteString(large);
    ASSERT_THAT(sink.sizes(), ElementsAre(8, 10000));
    EXPECT_EQ(sink.pointers()[1], large.data());
  }
}

TEST(SinkTest, TheFirstFailureIsKept) {
  RecordingSink sink;
  sink.Fail(absl::InvalidArgumentError("first"));
  EXPECT_FALSE(sink.ok());
  sink.Fail(absl::InternalError("second"));
  EXPECT_THAT(sink.status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "first"));
}

TEST(SinkTest, NothingIsWrittenAfterAFailure) {
  const std::string large = CountingBytes(10000);
  RecordingSink sink;
  sink.WriteU32(7);
  sink.Fail(absl::InvalidArgumentError("no"));
  sink.WriteU8(1);
  sink.WriteU64(1);
  sink.WriteString("text");
  sink.Write(Bytes(large));
  sink.Write({});
  sink.AlignTo(4096);
  sink.Flush();
  EXPECT_EQ(sink.position(), 4u);
  EXPECT_THAT(sink.sizes(), IsEmpty());
}

TEST(SinkTest, AFailureOfTheDestinationIsKept) {
  const std::string large = CountingBytes(5000);
  // While a large span passes, while the buffer makes room, and at the end.
  for (const std::size_t good : {0, 1, 2}) {
    RecordingSink sink(good);
    sink.WriteU32(1);
    sink.Write(Bytes(large));
    sink.WriteU32(2);
    sink.Flush();
    EXPECT_EQ(sink.sizes().size(), good + 1);
    EXPECT_THAT(sink.status(),
                StatusIs(absl::StatusCode::kDataLoss, "disk on fire"));
    sink.WriteU32(3);
    sink.Write(Bytes(large));
    sink.Flush();
    EXPECT_EQ(sink.sizes().size(), good + 1);
  }
}

TEST(SinkTest, TheDestructorDoesNotFlush) {
  std::string dest;
  {
    StringSink sink(dest);
    sink.WriteString("lost");
  }
  EXPECT_EQ(dest, "");
}

TEST(DigestSinkTest, EqualsDigestOfForEveryMixOfWrites) {
  constexpr std::size_t kSizes[] = {0, 1, 4095, 4096, 4097, 10000};
  const std::string bytes = RandomBytes(10000, 1);
  std::mt19937_64 engine(2);
  for (int round = 0; round < 500; ++round) {
    DigestSink sink;
    std::string all;
    const std::size_t writes = engine() % 12;
    for (std::size_t i = 0; i < writes; ++i) {
      const std::size_t size =
          engine() % 2 == 0 ? kSizes[engine() % 6] : engine() % 50;
      const std::size_t offset = engine() % (bytes.size() - size + 1);
      sink.Write(Bytes(bytes).subspan(offset, size));
      all.append(bytes, offset, size);
      if (engine() % 8 == 0) sink.Flush();
      ASSERT_EQ(sink.digest(), Digest::Of(all)) << round << " " << i;
    }
    ASSERT_EQ(sink.position(), all.size());
    ASSERT_EQ(sink.digest(), Digest::Of(all)) << round;
    ASSERT_TRUE(sink.ok());
  }
}

TEST(DigestSinkTest, NothingIsTheEmptyDigest) {
  EXPECT_EQ(DigestSink().digest(), Digest::Of(""));
}

TEST(DigestSinkTest, SmallBytesAreAllBytesUpToTheBufferSize) {
  const std::string bytes = CountingBytes(Sink::kBufferSize + 1);
  for (const std::size_t step : {1, 7, 64, 4096}) {
    DigestSink sink;
    EXPECT_THAT(sink.small_bytes(), Optional(ResultOf(Text, "")));
    while (sink.position() < Sink::kBufferSize) {
      const std::size_t size =
          std::min<std::size_t>(step, Sink::kBufferSize - sink.position());
      sink.Write(Bytes(bytes).subspan(sink.position(), size));
      ASSERT_THAT(sink.small_bytes(),
                  Optional(ResultOf(Text, bytes.substr(0, sink.position()))));
    }
    sink.WriteU8(0);
    EXPECT_EQ(sink.small_bytes(), std::nullopt);
  }
  DigestSink sink;
  sink.Write(Bytes(bytes));
  EXPECT_EQ(sink.small_bytes(), std::nullopt);
}

// A serializer may flush; what it wrote is small all the same.
TEST(DigestSinkTest, SmallBytesOutliveAFlush) {
  DigestSink sink;
  sink.WriteU8('a');
  sink.Flush();
  EXPECT_THAT(sink.small_bytes(), Optional(ResultOf(Text, "a")));
  sink.WriteU8('b');
  sink.Flush();
  EXPECT_THAT(sink.small_bytes(), Optional(ResultOf(Text, "ab")));
  EXPECT_EQ(sink.digest(), Digest::Of("ab"));
  EXPECT_EQ(sink.position(), 2u);
}

}  // namespace
}  // namespace ireneo
