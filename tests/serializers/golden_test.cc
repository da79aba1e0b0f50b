// The bytes and names of values, for ever: what is here may only be added to.
// A test that fails says that stored results would no longer be found.
//
// The digests of Eigen types are also those of the files that NumPy 1.24.2
// wrote of the same arrays.

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/digest.h"

namespace ireneo {
namespace {

using ::Eigen::Dynamic;
using ::Eigen::Matrix;

struct Params {
  double tolerance = 1e-9;
  std::int32_t max_iterations = 100;

  static constexpr char kIreneoType[] = "acme.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.max_iterations);
  };
};

struct Empty {
  static constexpr char kIreneoType[] = "acme.Empty/1";
  static constexpr auto IreneoFields = [](auto&, auto&& visit) { visit(); };
};

// The bytes in hex, or the digest of more than 100.
template <typename T>
std::string Pinned(const T& value) {
  const absl::StatusOr<std::string> bytes = testing::BytesOf(value);
  if (!bytes.ok()) return bytes.status().ToString();
  if (bytes->size() > 100) return Digest::Of(*bytes).ToString();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : *bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

template <typename T>
void ExpectPinned(const T& value, const char* name, const char* bytes) {
  EXPECT_EQ(TypeName<T>(), name);
  EXPECT_EQ(Pinned(value), bytes) << name;
}

TEST(GoldenTest, Scalars) {
  ExpectPinned(std::int8_t{-2}, "i8", "fe");
  ExpectPinned(std::int16_t{-2}, "i16", "feff");
  ExpectPinned(std::int32_t{-2}, "i32", "feffffff");
  ExpectPinned(std::int64_t{-2}, "i64", "feffffffffffffff");
  ExpectPinned(std::uint8_t{0x12}, "u8", "12");
  ExpectPinned(std::uint16_t{0x1234}, "u16", "3412");
  ExpectPinned(std::uint32_t{0x12345678}, "u32", "78563412");
  ExpectPinned(std::uint64_t{0x123456789abcdef0}, "u64", "f0debc9a78563412");
  ExpectPinned(1.0f, "f32", "0000803f");
  ExpectPinned(-0.0, "f64", "0000000000000080");
  ExpectPinned(0.1, "f64", "9a9999999999b93f");
  ExpectPinned(true, "bool", "01");
  ExpectPinned('a', "char", "61");
  ExpectPinned(u8'a', "char8", "61");
  ExpectPinned(u'\u20ac', "char16", "ac20");
  ExpectPinned(U'\U0001f600', "char32", "00f60100");
  ExpectPinned(std::byte{0xab}, "byte", "ab");
  ExpectPinned(std::complex<float>(1, 2), "c64", "0000803f00000040");
  ExpectPinned(std::complex<double>(1, 2), "c128",
               "000000000000f03f0000000000000040");
}

TEST(GoldenTest, Strings) {
  ExpectPinned(std::string(), "string", "0000000000000000");
  ExpectPinned(std::string("abc"), "string", "0300000000000000616263");
  ExpectPinned(std::string_view("abc"), "string", "0300000000000000616263");
}

TEST(GoldenTest, Vectors) {
  ExpectPinned(std::vector<double>(), "vector<f64>", "0000000000000000");
  ExpectPinned(std::vector<double>{1, 2}, "vector<f64>",
               "0200000000000000000000000000f03f0000000000000040");
  ExpectPinned(std::vector<std::uint8_t>{1, 2, 3}, "vector<u8>",
               "0300000000000000010203");
  ExpectPinned(std::vector<std::complex<float>>{{1, 2}}, "vector<c64>",
               "01000000000000000000803f00000040");
  ExpectPinned(std::vector<double>(8, 1.0), "vector<f64>",
               "xxh3:086ecc137bd61cdd28b21c8cc9c8cf27");
  ExpectPinned(std::vector<bool>{true, false}, "vector<bool>",
               "02000000000000000100");
  ExpectPinned(std::vector<std::string>{"a", ""}, "vector<string>",
               "02000000000000000100000000000000610000000000000000");
  ExpectPinned(std::vector<std::vector<std::int16_t>>{{1}, {}},
               "vector<vector<i16>>",
               "0200000000000000010000000000000001000000000000000000");
}

TEST(GoldenTest, PairsTuplesOptionals) {
  ExpectPinned(std::pair<bool, std::int16_t>(true, 2), "pair<bool,i16>",
               "010200");
  ExpectPinned(std::tuple<>(), "tuple<>", "");
  ExpectPinned(std::tuple<std::int8_t, std::string, bool>(1, "a", true),
               "tuple<i8,string,bool>", "0101000000000000006101");
  // The array after the bool is padded to the size of a double.
  ExpectPinned(std::tuple<bool, std::vector<double>>(true, {1}),
               "tuple<bool,vector<f64>>",
               "01010000000000000000000000000000000000000000f03f");
  ExpectPinned(std::optional<std::int16_t>(), "optional<i16>", "00");
  ExpectPinned(std::optional<std::int16_t>(2), "optional<i16>", "010200");
}

TEST(GoldenTest, Fields) {
  ExpectPinned(Params{.tolerance = 0.5, .max_iterations = 3},
               "acme.Params/1{f64,i32}", "000000000000e03f03000000");
  ExpectPinned(Empty(), "acme.Empty/1{}", "");
  ExpectPinned(std::vector<Params>{Params{.tolerance = 0.5}},
               "vector<acme.Params/1{f64,i32}>",
               "0100000000000000000000000000e03f64000000");
}

template <typename Scalar>
void ExpectPinnedMatrix(const char* name, const char* bytes) {
  Matrix<Scalar, Dynamic, Dynamic> a(2, 2);
  a << Scalar(1), Scalar(0), Scalar(1), Scalar(1);
  ExpectPinned(a, name, bytes);
}

TEST(GoldenTest, EigenScalars) {
  ExpectPinnedMatrix<bool>("eigen<|b1,?,?,F>/1",
                           "xxh3:260e5c1b8741a3fe8a53e0899a955b5b");
  ExpectPinnedMatrix<std::int8_t>("eigen<|i1,?,?,F>/1",
                                  "xxh3:413332f38f2712c06ab9d0e366b8dfbb");
  ExpectPinnedMatrix<std::int16_t>("eigen<<i2,?,?,F>/1",
                                   "xxh3:31e2494e02de038dd9dbd079a1e4397b");
  ExpectPinnedMatrix<std::int32_t>("eigen<<i4,?,?,F>/1",
                                   "xxh3:1e50e15c223d685306692fdb4c4e012e");
  ExpectPinnedMatrix<std::int64_t>("eigen<<i8,?,?,F>/1",
                                   "xxh3:39d84d5ee3f76bff7612d36202e442f7");
  ExpectPinnedMatrix<std::uint8_t>("eigen<|u1,?,?,F>/1",
                                   "xxh3:9e5458383ef2e50474beea8348e88361");
  ExpectPinnedMatrix<std::uint16_t>("eigen<<u2,?,?,F>/1",
                                    "xxh3:e2a6ab0e58f914c5207a46fd6546bf05");
  ExpectPinnedMatrix<std::uint32_t>("eigen<<u4,?,?,F>/1",
                                    "xxh3:cd4225928e6301462d5ab3472a0f6ec5");
  ExpectPinnedMatrix<std::uint64_t>("eigen<<u8,?,?,F>/1",
                                    "xxh3:f7be463994b86fed860dcb4735c240a1");
  ExpectPinnedMatrix<Eigen::half>("eigen<<f2,?,?,F>/1",
                                  "xxh3:1f853c4d35738c41493d507224d659b6");
  ExpectPinnedMatrix<float>("eigen<<f4,?,?,F>/1",
                            "xxh3:0f9680f80342d8d803454bcb8792e0d3");
  ExpectPinnedMatrix<double>("eigen<<f8,?,?,F>/1",
                             "xxh3:c99d4129d53138c87f68bc76db976801");
  ExpectPinnedMatrix<std::complex<float>>(
      "eigen<<c8,?,?,F>/1", "xxh3:1ffe3c894370c48a78dbcc517d15b29d");
  ExpectPinnedMatrix<std::complex<double>>(
      "eigen<<c16,?,?,F>/1", "xxh3:14ec808e97e5ea9608a15e718ac6ae18");
}

TEST(GoldenTest, EigenShapes) {
  Eigen::MatrixXd a(2, 3);
  a << 1, 2, 3, 4, 5, 6;
  ExpectPinned(a, "eigen<<f8,?,?,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>(a),
               "eigen<<f8,?,?,C>/1", "xxh3:a6563a20e9de0576f7b6ea857ba6329b");
  ExpectPinned(Matrix<double, 2, 3>(a), "eigen<<f8,2,3,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Matrix<double, Dynamic, Dynamic, Eigen::ColMajor, 3, 4>(a),
               "eigen<<f8,?3,?4,F>/1", "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Eigen::VectorXd(a.col(1)), "eigen<<f8,?,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(Eigen::RowVectorXd(a.row(1)), "eigen<<f8,1,?,C>/1",
               "xxh3:46cd3ce647ca71f6f5484c76d9fefd0b");
  ExpectPinned(Eigen::Vector2d(a.col(1)), "eigen<<f8,2,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(Eigen::MatrixXd(0, 3), "eigen<<f8,?,?,F>/1",
               "xxh3:8dbf98fa8dc3428e44f10acc1932838c");
  ExpectPinned(Eigen::ArrayXXd(a), "eigen.array<<f8,?,?,F>/1",
               "xxh3:dd82699e4de0854f34621f779728b122");
  ExpectPinned(Eigen::ArrayXd(a.col(1)), "eigen.array<<f8,?,1,F>/1",
               "xxh3:2f512335724b1f43ca8bd8472c9dfd48");
  ExpectPinned(a.row(1), "eigen<<f8,1,?,C>/1",
               "xxh3:46cd3ce647ca71f6f5484c76d9fefd0b");
  ExpectPinned(a.transpose(), "eigen<<f8,?,?,C>/1",
               "xxh3:96c7cdc5ca6f983fe2e838ec5dadd448");
}

}  // namespace
}  // namespace ireneo
