// Bytes that are no value: every truncation and every flipped byte of samples.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

struct Sample {
  std::string_view type;
  Bytes bytes;
};

std::vector<Sample> Samples() {
  Bytes numbers = Bytes().U64(9).Zeros(56);
  for (int i = 0; i < 9; ++i) numbers.Raw(1.0 * i);
  return {
      {"f64", Bytes().Raw(1.5)},
      {"c64", Bytes().Raw(1.0f, 2.0f)},
      {"bool", Bytes().Text("\1")},
      {"char32", Bytes().Raw(U'x')},
      {"string", Bytes().String("caf\u00e9")},
      {"vector<f64>", numbers},
      {"vector<bool>", Bytes().U64(2).Text("\1\1")},
      {"vector<tuple<f64,string>>",
       Bytes().U64(2).Raw(1.0).String("a").Raw(kNan).String("b")},
      {"optional<pair<u8,vector<u16>>>",
       Bytes().Text("\1\7").U64(1).Raw(std::uint16_t{9})},
      {"acme.P/1{f64,vector<vector<i32>>}",
       Bytes().Raw(1.0).U64(2).U64(1).Raw(std::int32_t{1}).U64(0)},
      {"eigen<<f8,?,?,F>/1",
       Bytes().Npy("<f8", true, {2, 2}).Raw(1.0, 2.0, 3.0, 4.0)},
      {"map<string,variant<u8,f32>>",
       Bytes().U64(2).String("a").Text("\1").Raw(1.0f).String("b").Zeros(2)},
      {"unordered_set<array<enum<u16>,2>>",
       Bytes().U64(1).Raw(std::uint32_t{7})},
      {"vector<time_point<system,duration<i64,ns>>>",
       Bytes().U64(1).Raw(std::int64_t{1} << 60)},
      {"time_point<local,duration<i32,1_30>>", Bytes().Raw(std::int32_t{61})},
      {"pair<absl.Duration/1,absl.Time/1>",
       Bytes()
           .Raw(std::int64_t{5}, std::uint32_t{7})
           .Raw(std::int64_t{-5}, std::uint32_t{7})},
      {"tuple<json,json<a.B/1>>",
       Bytes().Text("{\"a\":[1,-2,0.5,null,\"\\u00e9\"]}\n[true]\n")},
      {"a.Tree/1{u8,vector<a.Tree/1>}",
       Bytes().Text("\1").U64(1).Text("\2").U64(0)},
      {"eigen.sparse<<f4,<i2,C>/1", Bytes()
                                        .U64(1)
                                        .U64(2)
                                        .U64(1)
                                        .Align(64)
                                        .Raw(std::int16_t{0}, std::int16_t{1})
                                        .Align(64)
                                        .Raw(std::int16_t{1})
                                        .Align(64)
                                        .Raw(1.0f)},
      {"eigen.triplet<<f8,<i4>/1",
       Bytes().Raw(std::int32_t{3}, std::int32_t{4}).Raw(0.5)},
      {"vector<eigen.array<|b1,?,1,F>/1>",
       Bytes().U64(1).Npy("|b1", false, {2}).Text("\1\1")},
  };
}

TEST(DamageTest, SamplesAreWhole) {
  for (const Sample& sample : Samples()) {
    EXPECT_TRUE(ErrorOf(sample.type, sample.bytes).ok())
        << ErrorOf(sample.type, sample.bytes);
  }
}

TEST(DamageTest, EveryTruncationIsDataLoss) {
  for (const Sample& sample : Samples()) {
    const std::string& whole = sample.bytes.text();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const absl::Status status = ErrorOf(
          sample.type, Bytes().Text(std::string_view(whole).substr(0, size)));
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss)
          << sample.type << " cut to " << size << ": " << status;
    }
  }
}

TEST(DamageTest, EveryFlippedByteIsShownOrDataLoss) {
  for (const Sample& sample : Samples()) {
    for (std::size_t at = 0; at < sample.bytes.text().size(); ++at) {
      for (int flip = 1; flip < 256; ++flip) {
        std::string damaged = sample.bytes.text();
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const absl::StatusOr<Description> description =
            Describe(sample.type, Bytes().Text(damaged));
        if (description.ok()) {
          EXPECT_FALSE(ToText(*description).empty());
          if ((flip & (flip - 1)) != 0) continue;
          // What can be shown can be written. (One bit is enough here.)
          const std::string json = Json(sample.type, Bytes().Text(damaged));
          EXPECT_FALSE(json.starts_with("DATA_LOSS")) << json;
        } else {
          EXPECT_EQ(description.status().code(), absl::StatusCode::kDataLoss)
              << sample.type << " at " << at << ": " << description.status();
        }
      }
    }
  }
}

}  // namespace
}  // namespace ireneo
