#include "ireneo/store/compression.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Inner = Compression::Inner;

TEST(CodecNameTest, NamesAndSuffixesAreThoseOfTheFormat) {
  EXPECT_EQ(Name(BlobCodec::kRaw), "raw");
  EXPECT_EQ(Name(BlobCodec::kZlib), "zlib");
  EXPECT_EQ(Name(BlobCodec::kZstd), "zstd");
  EXPECT_EQ(Name(BlobCodec::kBlosc), "blosc");
  EXPECT_EQ(Suffix(BlobCodec::kRaw), "");
  EXPECT_EQ(Suffix(BlobCodec::kZlib), ".gz");
  EXPECT_EQ(Suffix(BlobCodec::kZstd), ".zst");
  EXPECT_EQ(Suffix(BlobCodec::kBlosc), ".blosc");
}

TEST(CodecNameTest, ACodecIsFoundByNameAndBySuffix) {
  for (const BlobCodec codec : kBlobCodecs) {
    EXPECT_EQ(BlobCodecWithName(Name(codec)), codec);
    EXPECT_EQ(BlobCodecWithSuffix(Suffix(codec)), codec);
  }
  for (const char* other :
       {"", "raw", "Zstd", "zst", "zlib ", "lz4", ".gzip"}) {
    EXPECT_EQ(BlobCodecWithName(other), std::nullopt) << other;
    EXPECT_EQ(BlobCodecWithSuffix(other), std::nullopt) << other;
  }
}

TEST(CompressionTest, WhatIsChosenIsKept) {
  EXPECT_EQ(Compression(), Compression::kDefault);
  EXPECT_NE(Compression::kDefault, Compression::kSmall);
  EXPECT_NE(Compression::kDefault, Compression::kNone);
  EXPECT_NE(Compression::Zlib(1), Compression::Zstd(1));
  EXPECT_NE(Compression::Zlib(1), Compression::Zlib(2));
  const Compression blosc = Compression::Blosc(Inner::kZstd, 3, 16);
  EXPECT_EQ(blosc.kind(), Compression::Kind::kBlosc);
  EXPECT_EQ(blosc.inner(), Inner::kZstd);
  EXPECT_EQ(blosc.level(), 3);
  EXPECT_EQ(blosc.element_size(), 16);
}

TEST(CompressionTest, NumbersOutOfRangeAreTheNearest) {
  EXPECT_EQ(Compression::Zlib(-1), Compression::Zlib(0));
  EXPECT_EQ(Compression::Zlib(10), Compression::Zlib(9));
  EXPECT_EQ(Compression::Zstd(0), Compression::Zstd(1));
  EXPECT_EQ(Compression::Zstd(22), Compression::Zstd(19));
  EXPECT_EQ(Compression::Blosc(Inner::kLz4, 0, -3),
            Compression::Blosc(Inner::kLz4, 1, 0));
  EXPECT_EQ(Compression::Blosc(Inner::kLz4, 1000, 256),
            Compression::Blosc(Inner::kLz4, 9, 255));
}

TEST(CompressionTest, TextsAreThoseThatUsersWrote) {
  EXPECT_EQ(Compression::kDefault.ToString(), "default");
  EXPECT_EQ(Compression::kSmall.ToString(), "small");
  EXPECT_EQ(Compression::kNone.ToString(), "none");
  EXPECT_EQ(Compression::Zlib().ToString(), "zlib:6");
  EXPECT_EQ(Compression::Zstd().ToString(), "zstd:1");
  EXPECT_EQ(Compression::Blosc().ToString(), "blosc:lz4:5");
  EXPECT_EQ(Compression::Blosc(Inner::kZstd, 1, 8).ToString(),
            "blosc:zstd:1:8");
}

void ExpectRoundTrip(Compression compression) {
  const absl::StatusOr<Compression> parsed =
      Compression::Parse(compression.ToString());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(*parsed, compression) << compression.ToString();
}

TEST(CompressionTest, ParseReadsWhatToStringWrites) {
  ExpectRoundTrip(Compression::kDefault);
  ExpectRoundTrip(Compression::kSmall);
  ExpectRoundTrip(Compression::kNone);
  for (int level = 0; level <= 19; ++level) {
    ExpectRoundTrip(Compression::Zlib(level));
    ExpectRoundTrip(Compression::Zstd(level));
    for (const Inner inner : {Inner::kLz4, Inner::kZstd}) {
      for (const int element : {0, 1, 8, 255}) {
        ExpectRoundTrip(Compression::Blosc(inner, level, element));
      }
    }
  }
}

TEST(CompressionTest, ParseCompletesShortForms) {
  const auto parse = [](const char* text) {
    return Compression::Parse(text).value();
  };
  EXPECT_EQ(parse("zlib"), Compression::Zlib());
  EXPECT_EQ(parse("zstd"), Compression::Zstd());
  EXPECT_EQ(parse("blosc"), Compression::Blosc());
  EXPECT_EQ(parse("blosc:zstd"), Compression::Blosc(Inner::kZstd));
  EXPECT_EQ(parse("blosc:lz4:9"), Compression::Blosc(Inner::kLz4, 9));
}

TEST(CompressionTest, ParseRefusesEverythingElseAndNamesTheForms) {
  for (const std::string text : {"",
                                 "Default",
                                 "raw",
                                 " zlib",
                                 "zlib:",
                                 "zlib:10",
                                 "zlib:-1",
                                 "zlib:+1",
                                 "zlib:06",
                                 "zlib:6:",
                                 "zlib:6:1",
                                 "zstd:0",
                                 "zstd:20",
                                 "zstd:1.5",
                                 "zstd:99999999999",
                                 "small:1",
                                 "none:",
                                 "blosc:",
                                 "blosc:lz4hc",
                                 "blosc:5",
                                 "blosc:lz4:",
                                 "blosc:lz4:0",
                                 "blosc:lz4:10",
                                 "blosc:lz4:5:",
                                 "blosc:lz4:5:0",
                                 "blosc:lz4:5:256",
                                 "blosc:lz4:5:8:1",
                                 ":",
                                 "lz4\n"}) {
    EXPECT_THAT(Compression::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("no compression is called '"),
                               HasSubstr("default, small, none, zlib[:0-9]"))))
        << text;
  }
}

}  // namespace
}  // namespace ireneo
