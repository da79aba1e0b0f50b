// The blocks of serializers/README.md, in its order.

#include <Eigen/Core>
#include <array>
#include <boost/json.hpp>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "ireneo/ireneo.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/testing.h"
#include "tests/readme/fields.inc"
#include "tests/store/test_util.h"
//
#include "tests/readme/specialization.inc"
//
#include "tests/readme/raw_bytes.inc"
//
#include "tests/readme/json.inc"
//
#include "tests/readme/upgrade.inc"
//
#include "tests/readme/verify.inc"
//
#include "tests/readme/plugin.inc"
//
#include "tests/readme/numpy.inc"

namespace {

using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;

template <typename T>
void ExpectRoundTrip(const T& value) {
  const auto bytes = BytesOf(value);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = FromBytes<T>(*bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(BytesOf(*read), bytes);
}

TEST(SerializersReadmeTest, TypesAreStorable) {
  ExpectRoundTrip(acme::Params{.tolerance = 0.5, .outputs = {"a", "b"}});
  ExpectRoundTrip(acme::Mesh(Eigen::MatrixX3d::Ones(2, 3), {{0, 1, 0}}));
  ExpectRoundTrip(std::vector<acme::Rgb>{{1, 2, 3}});
  ExpectRoundTrip(acme::Config{.solver = "lu", .threads = 2});
  EXPECT_EQ(BytesOf(acme::Config{}).value(),
            "{\"solver\":\"ldlt\",\"threads\":1}\n");
}

TEST(SerializersReadmeTest, OldParamsAreRead) {
  const auto upgraded =
      ireneo::Upgrade<acme::Params>::From({.tolerance = 0.25});
  EXPECT_EQ(upgraded.tolerance, 0.25);
  EXPECT_TRUE(ireneo::internal::ReadsStoredAs<std::vector<acme::Params>>(
      "vector<acme.Params/1{f64}>"));
}

TEST(SerializersReadmeTest, FilesOfNumPyAreRead) {
  const ireneo::testing::TemporaryDirectory directory;
  const auto store = ireneo::MemoStore::Open(directory.path() / "store");
  ASSERT_TRUE(store.ok()) << store.status();
  std::string npy;
  ireneo::StringSink sink(npy);
  ireneo::WriteNpyHeader({.descr = ">i2", .shape = {1, 2}}, sink);
  sink.Flush();
  npy += std::string("\0\7\1\0", 4);
  const auto put = store->blobs().Put(std::as_bytes(std::span(npy)));
  ASSERT_TRUE(put.ok()) << put.status();
  const auto read = ReadStored(*store, put->digest.ToString());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Eigen::RowVector2d(7, 256));
}

}  // namespace
