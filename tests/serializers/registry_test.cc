// Finding codecs, and names that have none.

#include "ireneo/serializers/registry.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/json/array.hpp"
#include "boost/json/serialize.hpp"
#include "gtest/gtest.h"
#include "ireneo/serializers/codec.h"
#include "ireneo/serializers/type_name.h"
#include "tests/serializers/registry_testing.h"

namespace ireneo {
namespace {

absl::Status VisitMesh(const ParsedTypeName& type, ValueWalk& walk) {
  EXPECT_EQ(type.head, "acme.Mesh");
  const absl::StatusOr<ParsedTypeName> vertices = ParseTypeName("vector<f32>");
  if (!vertices.ok()) return vertices.status();
  return walk.Visit(*vertices);
}

TEST(RegistryTest, CodecsAreFoundByHeadAndFormat) {
  Registry registry;
  ASSERT_TRUE(registry.Add({.name = "acme.Mesh/1", .visit = VisitMesh}).ok());
  const auto found = [&](std::string_view name) {
    return registry.Find(*ParseTypeName(name)) != nullptr;
  };
  EXPECT_TRUE(found("acme.Mesh/1"));
  EXPECT_TRUE(found("acme.Mesh<f32>/1{u8}"));
  EXPECT_FALSE(found("acme.Mesh"));
  EXPECT_FALSE(found("acme.Mesh/2"));
}

TEST(RegistryTest, AddedCodecsServeInsideOfOtherTypes) {
  Registry registry;
  ASSERT_TRUE(AddBuiltinCodecs(registry).ok());
  ASSERT_TRUE(registry.Add({.name = "acme.Mesh/1", .visit = VisitMesh}).ok());
  const Bytes mesh = Bytes().U64(1).U64(1).Raw(0.1f);
  const absl::StatusOr<Description> description =
      registry.Describe("vector<acme.Mesh/1>", BlobOf(mesh.text()));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(boost::json::serialize(description->preview), "[[1E-1]]");
}

TEST(RegistryTest, CodecsThatThrowAreInternalErrors) {
  Registry registry;
  ASSERT_TRUE(
      registry
          .Add({.name = "acme.Error/1",
                .visit = [](const ParsedTypeName&, ValueWalk&) -> absl::Status {
                  throw std::runtime_error("no luck");
                }})
          .ok());
  ASSERT_TRUE(registry
                  .Add({.name = "acme.Number/1",
                        .visit = [](const ParsedTypeName&,
                                    ValueWalk&) -> absl::Status { throw 1; }})
                  .ok());
  const Blob blob = BlobOf("");
  ExpectError(registry.Validate("acme.Error/1", blob),
              absl::StatusCode::kInternal,
              "reading a 'acme.Error/1' threw: no luck");
  ExpectError(registry.Validate("acme.Number/1", blob),
              absl::StatusCode::kInternal, "reading a 'acme.Number/1' threw");
}

TEST(RegistryTest, RefusesUnusableCodecs) {
  Registry registry;
  const auto add = [&](std::string name) {
    return registry.Add({.name = std::move(name), .visit = VisitMesh});
  };
  ExpectError(add(""), absl::StatusCode::kInvalidArgument, "expected a name");
  ExpectError(add("vector<f64>"), absl::StatusCode::kInvalidArgument,
              "codec 'vector<f64>' must be named for all its types: 'vector'");
  ExpectError(add("a.B/1{}"), absl::StatusCode::kInvalidArgument, "'a.B/1'");
  ExpectError(registry.Add({.name = "a.B/1"}),
              absl::StatusCode::kInvalidArgument, "no function");
  ASSERT_TRUE(add("a.B/1").ok());
  EXPECT_TRUE(add("a.B/2").ok());
  ExpectError(add("a.B/1"), absl::StatusCode::kAlreadyExists, "'a.B/1'");
}

TEST(RegistryTest, BuiltinCodecsAreAddedOnce) {
  Registry registry;
  ASSERT_TRUE(AddBuiltinCodecs(registry).ok());
  ExpectError(AddBuiltinCodecs(registry), absl::StatusCode::kAlreadyExists,
              "'i8'");
}

TEST(RegistryTest, UnknownTypesAreNamedFromTheInside) {
  ExpectError(
      ErrorOf("vector<tuple<u8,acme.Mesh/2>>", Bytes().U64(1).Zeros(9)),
      absl::StatusCode::kNotFound,
      "cannot show a 'vector<tuple<u8,acme.Mesh/2>>': there is no codec for "
      "'acme.Mesh/2'");
  ExpectError(ErrorOf("eigen<<f8,?,?,F>/2", Bytes()),
              absl::StatusCode::kNotFound,
              "no codec for 'eigen<<f8,?,?,F>/2', only for eigen/1;");
  ExpectError(ErrorOf("f64/1", Bytes().Raw(1.0)), absl::StatusCode::kNotFound,
              "'f64/1'");
  // What is not there need not be known.
  EXPECT_EQ(Preview("vector<acme.Mesh/2>", Bytes().U64(0)), "[]");
}

TEST(RegistryTest, TypeNamesThatMakeNoSenseAreInvalid) {
  for (const std::string_view type : {"vector",
                                      "vector<f64,f64>",
                                      "pair<f64>",
                                      "optional<>",
                                      "f64<f64>",
                                      "f64{f64}",
                                      "tuple<f64>{f64}",
                                      "string<char>",
                                      "eigen/1",
                                      "eigen<<f8,?,?>/1",
                                      "eigen<<f8,?,?,X>/1",
                                      "eigen<<f3,?,?,F>/1",
                                      "eigen<f64,?,?,F>/1",
                                      "eigen<<f8,x,?,F>/1",
                                      "eigen<<f8,?,3x,F>/1",
                                      "eigen<<f8,?,3<f64>,F>/1",
                                      "eigen<<f8,?,?,F/1>/1",
                                      "eigen<<f8,?99999999999999999999,?,F>/1",
                                      "vector<",
                                      ""}) {
    EXPECT_EQ(ErrorOf(type, Bytes().Zeros(64)).code(),
              absl::StatusCode::kInvalidArgument)
        << type;
  }
}

TEST(RegistryTest, LeftOverBytesAreDataLoss) {
  ExpectDataLoss("f64", Bytes().Raw(1.0).Text("x"),
                 "9 bytes are not a 'f64': 1 bytes left over at offset 8");
}

TEST(RegistryTest, HugeCountsDoNotAllocate) {
  for (const std::uint64_t count :
       {std::uint64_t{1} << 63, ~std::uint64_t{0}, std::uint64_t{1} << 61,
        std::uint64_t{1} << 33}) {
    for (const std::string_view type :
         {"vector<f64>", "vector<c128>", "vector<string>", "vector<bool>",
          "vector<vector<u8>>", "vector<tuple<>>", "string"}) {
      EXPECT_EQ(ErrorOf(type, Bytes().U64(count).Zeros(64)).code(),
                absl::StatusCode::kDataLoss)
          << type << " " << count;
    }
  }
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  for (const std::int64_t columns : {1, 2, 4, 8}) {
    ExpectDataLoss("eigen<<f8,?,?,F>/1",
                   Bytes().Npy("<f8", true, {kHuge, columns}).Zeros(64), "");
  }
}

TEST(RegistryTest, AStructIsDescribedFromItsName) {
  const Registry empty;
  EXPECT_EQ(empty.Describe("acme.Empty/1{}", Blob())->preview,
            boost::json::array());
  EXPECT_EQ(Preview("co2.KernelParams/1{f64,f64}", Bytes().Raw(1e-9, 66.0)),
            "[1e-09, 66]");
  EXPECT_EQ(Preview("vector<acme.A/1{u8,acme.B/2{string}}>",
                    Bytes().U64(1).Text("\3").String("b")),
            "[[3, [\"b\"]]]");
}

}  // namespace
}  // namespace ireneo
