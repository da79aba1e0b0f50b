#include "ireneo/serializers/npy.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kMaxExtent = std::numeric_limits<std::int64_t>::max();

std::string Written(const NpyHeader& header) {
  std::string bytes;
  StringSink sink(bytes);
  WriteNpyHeader(header, sink);
  sink.Flush();
  EXPECT_TRUE(sink.ok()) << sink.status();
  return bytes;
}

Source SourceOf(std::string_view bytes) {
  return Source(Blob::Copy(std::as_bytes(std::span(bytes))));
}

absl::StatusOr<NpyHeader> Parsed(std::string_view bytes) {
  Source source = SourceOf(bytes);
  absl::StatusOr<NpyHeader> header = ReadNpyHeader(source);
  EXPECT_EQ(header.ok(), source.ok());
  if (!header.ok()) {
    EXPECT_EQ(header.status(), source.status());
    EXPECT_EQ(header.status().code(), absl::StatusCode::kDataLoss);
  }
  return header;
}

// A file of version 1.0 with the header text `dict` as it stands.
std::string File(std::string_view dict) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.push_back(static_cast<char>(dict.size() & 0xff));
  bytes.push_back(static_cast<char>(dict.size() >> 8));
  return bytes.append(dict);
}

absl::Status ErrorOf(std::string_view dict) {
  return Parsed(File(dict)).status();
}

// What numpy.lib.format.write_array_header_1_0 of NumPy 1.24.2 wrote.
std::string NumPyHeader(std::string_view dict) {
  std::string text(dict);
  text.resize(117, ' ');
  return File(text + "\n");
}

TEST(NpyTest, HeaderIsByteEqualToNumPys) {
  EXPECT_EQ(
      Written({.descr = "<f8", .shape = {3}}),
      std::string(
          "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
          "'shape': (3,), }                                                 "
          "           \n",
          128));
  EXPECT_EQ(Written({.descr = "<f8", .fortran_order = true, .shape = {2, 3}}),
            NumPyHeader(
                "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }"));
  EXPECT_EQ(
      Written({.descr = "<c16", .shape = {0, 5}}),
      NumPyHeader(
          "{'descr': '<c16', 'fortran_order': False, 'shape': (0, 5), }"));
  EXPECT_EQ(
      Written({.descr = "|b1"}),
      NumPyHeader("{'descr': '|b1', 'fortran_order': False, 'shape': (), }"));
}

TEST(NpyTest, UpToTwoDimensionsTake128Bytes) {
  for (const char* descr : {"|u1", "<c16"}) {
    for (const bool fortran_order : {false, true}) {
      for (const std::vector<std::int64_t>& shape :
           std::vector<std::vector<std::int64_t>>{
               {}, {0}, {kMaxExtent}, {0, 0}, {kMaxExtent, kMaxExtent}}) {
        EXPECT_EQ(Written({descr, fortran_order, shape}).size(), 128u);
      }
    }
  }
}

TEST(NpyTest, MoreDimensionsTakeAMultipleOf64Bytes) {
  for (std::size_t n = 3; n <= NpyHeader::kMaxDimensions; ++n) {
    for (const std::int64_t extent : {std::int64_t{1}, kMaxExtent}) {
      const NpyHeader header{.descr = "<f8",
                             .shape = std::vector<std::int64_t>(n, extent)};
      const std::string bytes = Written(header);
      EXPECT_EQ(bytes.size() % 64, 0u);
      const absl::StatusOr<NpyHeader> parsed = Parsed(bytes);
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(*parsed, header);
    }
  }
}

TEST(NpyTest, WriteRefusesWhatNumPyCouldNotRead) {
  const std::vector<NpyHeader> bad = {
      {.descr = "", .shape = {1}},
      {.descr = "'", .shape = {1}},
      {.descr = "<f8\n", .shape = {1}},
      {.descr = std::string(33, 'a'), .shape = {1}},
      {.descr = "<f8", .shape = {-1}},
      {.descr = "<f8", .shape = std::vector<std::int64_t>(33, 1)},
  };
  for (const NpyHeader& header : bad) {
    DigestSink sink;
    WriteNpyHeader(header, sink);
    EXPECT_EQ(sink.status().code(), absl::StatusCode::kInvalidArgument)
        << header.ToString();
  }
}

TEST(NpyTest, ReadStopsAtTheData) {
  Source source = SourceOf(Written({.descr = "<f8", .shape = {3}}) + "data");
  ASSERT_TRUE(ReadNpyHeader(source).ok());
  EXPECT_EQ(source.position(), 128u);
  EXPECT_EQ(source.remaining(), 4u);
}

TEST(NpyTest, ReadsVersions2And3) {
  const std::string dict =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
  for (const char version : {'\2', '\3'}) {
    std::string bytes = "\x93NUMPY";
    bytes.push_back(version);
    bytes.push_back('\0');
    bytes.push_back(static_cast<char>(dict.size()));
    bytes.append(3, '\0');
    const absl::StatusOr<NpyHeader> header = Parsed(bytes + dict);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(*header, (NpyHeader{.descr = "<f4", .shape = {2}}));
  }
}

TEST(NpyTest, ReadsOtherSpellingsOfTheSameDictionary) {
  const NpyHeader expected{
      .descr = "<f8", .fortran_order = true, .shape = {2, 3}};
  for (const char* dict : {
           "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }",
           "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}",
           "{'shape':(2,3,),'fortran_order':True,'descr':'<f8'}\n",
           " {\t\"shape\" : ( 2 , 3 ) , 'descr' : \"<f8\" ,\r\n"
           "'fortran_order' : True } \f\n\n",
       }) {
    const absl::StatusOr<NpyHeader> header = Parsed(File(dict));
    ASSERT_TRUE(header.ok()) << dict << header.status();
    EXPECT_EQ(*header, expected);
  }
}

TEST(NpyTest, ReadRejectsAnotherFormat) {
  const std::string good = Written({.descr = "<f8", .shape = {3}});
  std::string bad = good;
  bad[1] = 'M';
  EXPECT_THAT(Parsed(bad).status().ToString(), HasSubstr("another format"));
  bad = good;
  bad[6] = 4;
  EXPECT_THAT(Parsed(bad).status().ToString(), HasSubstr("found 4.0"));
  bad = good;
  bad[7] = 1;
  EXPECT_THAT(Parsed(bad).status().ToString(), HasSubstr("found 1.1"));
}

TEST(NpyTest, ErrorsNameWhatWasExpectedAndWhatWasFound) {
  EXPECT_THAT(
      ErrorOf("{'descr': [('a', '<f8')], 'fortran_order': False, "
              "'shape': (3,), }")
          .ToString(),
      HasSubstr("expected the string of a plain element type at character 10 "
                "of the header, found '['"));
  EXPECT_THAT(
      ErrorOf("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }")
          .ToString(),
      AllOf(HasSubstr("expected an extent"), HasSubstr("found '-'")));
  EXPECT_THAT(ErrorOf("{'descr': '<f8', 'fortran_order': False}").ToString(),
              HasSubstr("expected the key 'shape', found none"));
  EXPECT_THAT(ErrorOf("{'descr': '<f8', 'fortran_order': False, 'x': (3,), }")
                  .ToString(),
              HasSubstr("found another 'x'"));
  EXPECT_THAT(ErrorOf("{'descr': '<f8', 'descr': '<f8'}").ToString(),
              HasSubstr("found another 'descr'"));
  EXPECT_THAT(
      ErrorOf("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }")
          .ToString(),
      HasSubstr("expected an element type such as '<f8' at character 14 of the "
                "header, found '|O'"));
  EXPECT_THAT(ErrorOf("{\x01").ToString(), HasSubstr("found byte 0x1"));
  EXPECT_THAT(ErrorOf("{").ToString(), HasSubstr("found the end"));
}

TEST(NpyTest, ReadRejectsWhatIsNotThisDictionary) {
  const std::string before = "{'descr': '<f8', 'fortran_order': False, ";
  for (const char* end : {
           "'shape': 3}",
           "'shape': (3)}",
           "'shape': (,)}",
           "'shape': (3,,)}",
           "'shape': (3 4)}",
           "'shape': (03,)}",
           "'shape': (+3,)}",
           "'shape': (3.0,)}",
           "'shape': (3L,)}",
           "'shape': (True,)}",
           "'shape': [3]}",
           "'shape': (9223372036854775808,)}",
           "'shape': (99999999999999999999999999,)}",
           "'shape': (3,)",
           "'shape': (3,)}}",
           "'shape': (3,)} x",
           "'shape': (3,),,}",
           "'shape' (3,)}",
           "'sha\\x70e': (3,)}",
           "shape: (3,)}",
       }) {
    EXPECT_FALSE(ErrorOf(before + end).ok()) << end;
  }
  for (const char* dict : {
           "",
           "()",
           "{,'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
           "{'descr': '', 'fortran_order': False, 'shape': (3,)}",
           "{'descr': '<f8\", 'fortran_order': False, 'shape': (3,)}",
           "{'descr': '<f8', 'fortran_order': Falsehood, 'shape': (3,)}",
           "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
       }) {
    EXPECT_FALSE(ErrorOf(dict).ok()) << dict;
  }
}

TEST(NpyTest, ReadRejectsMoreThan32Dimensions) {
  std::string dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 33; ++i) dict += "1, ";
  EXPECT_THAT(ErrorOf(dict + ")}").ToString(), HasSubstr("at most 32 extents"));
}

TEST(NpyTest, EveryTruncationIsAnError) {
  const std::string bytes = Written({.descr = "<f8", .shape = {2, 3}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Parsed(bytes.substr(0, size)).ok()) << size;
  }
}

TEST(NpyTest, EveryFlippedByteIsAnErrorOrAValidHeader) {
  const std::string bytes = Written({.descr = "<f8", .shape = {2, 3}});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string bad = bytes;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      const absl::StatusOr<NpyHeader> header = Parsed(bad);
      if (header.ok()) {
        EXPECT_EQ(*Parsed(Written(*header)), *header);
      }
    }
  }
}

TEST(NpyTest, DataSizeIsTheProductOfTheExtents) {
  EXPECT_EQ(*NpyDataSize({.descr = "<f8"}, 8), 8u);
  EXPECT_EQ(*NpyDataSize({.descr = "<f8", .shape = {2, 3}}, 8), 48u);
  EXPECT_EQ(*NpyDataSize({.descr = "<f8", .shape = {0, kMaxExtent}}, 8), 0u);
  EXPECT_EQ(
      *NpyDataSize({.descr = "<f8", .shape = {kMaxExtent, kMaxExtent, 0}}, 8),
      0u);
  EXPECT_EQ(*NpyDataSize({.descr = "|u1", .shape = {kMaxExtent}}, 1),
            static_cast<std::uint64_t>(kMaxExtent));
}

TEST(NpyTest, DataSizeNoticesOverflow) {
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{
           {kMaxExtent},
           {std::int64_t{1} << 32, std::int64_t{1} << 32},
           {std::int64_t{1} << 60, 16},
           {std::int64_t{1} << 60, 1}}) {
    EXPECT_EQ(NpyDataSize({.descr = "<f8", .shape = shape}, 8).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(NpyTest, ToStringIsShort) {
  EXPECT_EQ((NpyHeader{.descr = "<f4", .shape = {3, 4}}.ToString()),
            "<f4 (3, 4) C order");
  EXPECT_EQ((NpyHeader{.descr = "<f8", .fortran_order = true, .shape = {3}}
                 .ToString()),
            "<f8 (3,) F order");
}

}  // namespace
}  // namespace ireneo
