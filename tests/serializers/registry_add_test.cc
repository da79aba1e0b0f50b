// Types with a serializer, added to a registry.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/value.hpp"
#include "boost/json/value_from.hpp"
#include "gtest/gtest.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/raw_bytes.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"
#include "tests/serializers/registry_testing.h"

namespace acme {

// Even numbers, shown as nothing but bytes.
struct Even {
  std::uint8_t number = 0;
};
struct WithToJson : Even {};
struct WithBoost : Even {};
struct Throws : Even {};

// The library's hook, found by the name of its tag.
// NOLINTNEXTLINE(readability-identifier-naming)
void tag_invoke(boost::json::value_from_tag, boost::json::value& json,
                const WithBoost& value) {
  json = {{"half", value.number / 2}};
}

struct Place {
  std::int16_t row, column;
};

struct Pixel {
  Place place;  // Has no name of its own.
  std::array<float, 2> depth;
};

struct Rgb {
  std::uint16_t red, green, blue;
};

struct Params {
  double tolerance = 0;
  std::uint8_t count = 0;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.count);
  };
};

template <typename T>
absl::StatusOr<T> ReadEven(ireneo::Source& source) {
  const std::uint8_t number = source.ReadU8();
  if (number % 2 != 0) return absl::DataLossError("odd");
  T value;
  value.number = number;
  return value;
}

}  // namespace acme

namespace ireneo {

template <>
struct Serializer<acme::Even> {
  static std::string TypeName() { return "acme.Even/1"; }
  static void Write(const acme::Even& value, Sink& sink) {
    sink.WriteU8(value.number);
  }
  static absl::StatusOr<acme::Even> Read(Source& source) {
    return acme::ReadEven<acme::Even>(source);
  }
};

template <>
struct Serializer<acme::WithToJson> {
  static std::string TypeName() { return "acme.WithToJson/1"; }
  static void Write(const acme::WithToJson& value, Sink& sink) {
    sink.WriteU8(value.number);
  }
  static absl::StatusOr<acme::WithToJson> Read(Source& source) {
    return acme::ReadEven<acme::WithToJson>(source);
  }
  static boost::json::value ToJson(const acme::WithToJson& value) {
    return value.number;
  }
};

template <>
struct Serializer<acme::WithBoost> {
  static std::string TypeName() { return "acme.WithBoost/1"; }
  static void Write(const acme::WithBoost& value, Sink& sink) {
    sink.WriteU8(value.number);
  }
  static absl::StatusOr<acme::WithBoost> Read(Source& source) {
    return acme::ReadEven<acme::WithBoost>(source);
  }
};

template <>
struct Serializer<acme::Throws> {
  static std::string TypeName() { return "acme.Throws/1"; }
  static void Write(const acme::Throws&, Sink&) {}
  static absl::StatusOr<acme::Throws> Read(Source&) {
    throw std::runtime_error("no luck");
  }
};

template <>
struct RawBytes<acme::Rgb> : Raw<"acme.Rgb/1"> {};
template <>
struct RawBytes<acme::Pixel> : Raw<"acme.Pixel/1"> {};

namespace {

class AddTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(AddBuiltinCodecs(registry_).ok()); }

  // JSON, or the error.
  std::string Export(std::string_view type, const Bytes& bytes) {
    std::string text;
    StringSink sink(text);
    const absl::Status status =
        registry_.Export(type, BlobOf(bytes.text()), ExportFormat::kJson, sink);
    return status.ok() ? text.substr(0, text.size() - 1) : status.ToString();
  }

  Registry registry_;
};

TEST_F(AddTest, IsShownByItsOwnFunction) {
  ASSERT_TRUE(registry_.Add<acme::WithToJson>().ok());
  EXPECT_EQ(Export("acme.WithToJson/1", Bytes().Text("\4")), "4");
}

TEST_F(AddTest, OrAsBoostConvertsIt) {
  ASSERT_TRUE(registry_.Add<acme::WithBoost>().ok());
  EXPECT_EQ(Export("acme.WithBoost/1", Bytes().Text("\4")), "{\"half\":2}");
}

TEST_F(AddTest, OrAsItsFields) {
  ASSERT_TRUE(registry_.Add<acme::Params>().ok());
  EXPECT_EQ(Export(TypeName<acme::Params>(), Bytes().Raw(0.5).Text("\7")),
            "[0.5,7]");
  // Which another version of the program may have listed otherwise.
  EXPECT_EQ(Export("acme.Params/1{u8}", Bytes().Text("\7")), "[7]");
}

TEST_F(AddTest, OrAsBytesThatAreChecked) {
  ASSERT_TRUE(registry_.Add<acme::Even>().ok());
  EXPECT_EQ(Export("acme.Even/1", Bytes().Text("\4")),
            "{\"type\":\"acme.Even/1\",\"base64\":\"BA==\"}");
  EXPECT_EQ(Export("tuple<acme.Even/1,u8>", Bytes().Text("\4\5")),
            "[{\"type\":\"acme.Even/1\",\"base64\":\"BA==\"},5]");
  const absl::Status odd =
      registry_.Validate("acme.Even/1", BlobOf(Bytes().Text("\5").text()));
  ExpectError(odd, absl::StatusCode::kDataLoss, "odd");
  const absl::StatusOr<Description> description =
      registry_.Describe("acme.Even/1", BlobOf("\4"));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(ToText(*description),
            "{\"type\": \"acme.Even/1\", \"base64\": \"BA==\"}");
}

TEST_F(AddTest, BytesAreNeitherCsvNorNpy) {
  ASSERT_TRUE(registry_.Add<acme::Even>().ok());
  for (const auto& [type, bytes] :
       {std::pair("acme.Even/1", Bytes().Text("\4")),
        std::pair("vector<pair<u8,acme.Even/1>>", Bytes().U64(1).Text("\4\4")),
        std::pair("vector<vector<vector<acme.Even/1>>>",
                  Bytes().U64(1).U64(1).U64(1).Text("\4"))}) {
    for (const ExportFormat format : {ExportFormat::kCsv, ExportFormat::kNpy}) {
      std::string text;
      StringSink sink(text);
      ExpectError(registry_.Export(type, BlobOf(bytes.text()), format, sink),
                  absl::StatusCode::kInvalidArgument,
                  "of a 'acme.Even/1' only the bytes are known");
      EXPECT_EQ(text, "");
    }
  }
}

TEST_F(AddTest, WhatIsComposedOfItIsKnown) {
  ASSERT_TRUE(registry_.Add<acme::WithToJson>().ok());
  EXPECT_EQ(Export("vector<acme.WithToJson/1>", Bytes().U64(2).Text("\2\4")),
            "[2,4]");
  EXPECT_EQ(Export("map<string,optional<acme.WithToJson/1>>",
                   Bytes().U64(1).String("a").Text("\1\2")),
            "{\"a\":2}");
}

TEST_F(AddTest, VectorsOfRawTypesAreAligned) {
  ASSERT_TRUE(registry_.Add<acme::Rgb>().ok());
  const std::uint16_t one = 1;
  EXPECT_EQ(Export("tuple<u8,vector<array<acme.Rgb/1,1>>>",
                   Bytes().Text("\7").U64(1).Zeros(1).Raw(one, one, one)),
            "[7,[[[1,1,1]]]]");
  Bytes many = Bytes().U64(11).Zeros(56);
  for (int i = 0; i < 33; ++i) many.Raw(one);
  EXPECT_TRUE(
      registry_.Validate("vector<acme.Rgb/1>", BlobOf(many.text())).ok());
}

TEST_F(AddTest, RawBytesAreShownByTheirMembers) {
  ASSERT_TRUE(registry_.Add<acme::Pixel>().ok());
  Bytes bytes;
  bytes.U64(2);
  for (const std::int16_t i : {1, 2}) {
    bytes.Raw(i).Raw(std::int16_t{-3}).Raw(0.5f).Raw(1.0f);
  }
  EXPECT_EQ(Export("vector<acme.Pixel/1>", bytes),
            "[[1,-3,[0.5,1.0]],[2,-3,[0.5,1.0]]]");
}

TEST_F(AddTest, OnlyTypesWithANameOfTheirOwn) {
  ExpectError(registry_.Add<std::vector<double>>(),
              absl::StatusCode::kInvalidArgument,
              "'vector<f64>' cannot be added as a type");
  ExpectError(registry_.Add<double>(), absl::StatusCode::kInvalidArgument,
              "'f64' cannot be added as a type");
  ASSERT_TRUE(registry_.Add<acme::Even>().ok());
  ExpectError(registry_.Add<acme::Even>(), absl::StatusCode::kAlreadyExists,
              "this program adds a codec 'acme.Even/1' that it has added");
  registry_.SetOrigin("plugin acme 1.2");
  ExpectError(registry_.Add<acme::Even>(), absl::StatusCode::kAlreadyExists,
              "plugin acme 1.2 adds a codec 'acme.Even/1' that this program "
              "has added");
}

TEST_F(AddTest, AnotherTypeOfTheSameHeadIsNotReadAsIt) {
  ASSERT_TRUE(registry_.Add<acme::WithToJson>().ok());
  ExpectError(registry_.Validate("acme.WithToJson<f64>/1", BlobOf("\2")),
              absl::StatusCode::kInvalidArgument, "is not 'acme.WithToJson/1'");
}

TEST_F(AddTest, ExceptionsAreErrors) {
  ASSERT_TRUE(registry_.Add<acme::Throws>().ok());
  ExpectError(registry_.Validate("acme.Throws/1", Blob()),
              absl::StatusCode::kInternal, "no luck");
}

}  // namespace
}  // namespace ireneo
