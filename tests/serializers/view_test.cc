// Views of stored values in place: `ireneo::View` of serializers/serializer.h.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"

namespace ireneo {
namespace {

using ::ireneo::testing::BytesOf;

Blob BlobOf(std::string_view bytes) {
  return Blob::Copy(std::as_bytes(std::span(bytes)));
}

template <typename T>
Blob BlobOfValue(const T& value) {
  return BlobOf(*BytesOf(value));
}

// A blob `misalignment` bytes behind a multiple of 64.
Blob Misaligned(std::string_view bytes, std::size_t misalignment) {
  BlobBuffer buffer(bytes.size() + misalignment);
  std::memcpy(buffer.bytes().data() + misalignment, bytes.data(), bytes.size());
  auto whole = std::make_shared<Blob>(std::move(buffer).Share());
  return Blob(whole->bytes().subspan(misalignment), whole);
}

const double* DataOf(const Eigen::Ref<const Eigen::MatrixXd>& a) {
  return a.data();
}

TEST(ViewTest, WhatCanBeViewed) {
  static_assert(Viewable<std::string>);
  static_assert(Viewable<std::vector<double>>);
  static_assert(Viewable<std::vector<std::byte>>);
  static_assert(Viewable<Eigen::MatrixXd>);
  static_assert(Viewable<Eigen::Vector3f>);
  static_assert(!Viewable<double>);
  static_assert(!Viewable<std::vector<bool>>);
  static_assert(!Viewable<std::vector<std::string>>);
  static_assert(!Viewable<Eigen::Ref<Eigen::MatrixXd>>);
}

TEST(ViewTest, MatrixIsAMapOfTheBlob) {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Random(5, 7);
  const Blob blob = BlobOfValue(a);
  const absl::StatusOr<View<Eigen::MatrixXd>> view =
      View<Eigen::MatrixXd>::Of(blob);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->rows(), 5);
  EXPECT_EQ(*view, a);
  EXPECT_EQ(DataOf(*view), view->data());  // No copy for a Ref.
  EXPECT_EQ(reinterpret_cast<const std::byte*>(view->data()),
            blob.bytes().data() + 128);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data()) % 64, 0u);
  EXPECT_EQ(view->blob().bytes().data(), blob.bytes().data());
  const Eigen::Map<const Eigen::MatrixXd, Eigen::Aligned64>& map = *view;
  EXPECT_EQ((2 * map).eval(), 2 * a);
}

TEST(ViewTest, VectorIsASpanOfTheBlob) {
  const std::vector<double> value(100, 1.5);
  const absl::StatusOr<View<std::vector<double>>> view =
      View<std::vector<double>>::Of(BlobOfValue(value));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(std::vector<double>(view->begin(), view->end()), value);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view->data()) % 64, 0u);
  const std::span<const double> span = *view;
  EXPECT_EQ(span.size(), 100u);
}

TEST(ViewTest, StringIsAStringViewOfTheBlob) {
  const absl::StatusOr<View<std::string>> view =
      View<std::string>::Of(BlobOfValue(std::string("some text")));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(*view, "some text");
  EXPECT_TRUE(view->starts_with("some"));
}

TEST(ViewTest, EmptyValues) {
  EXPECT_EQ(View<std::string>::Of(BlobOfValue(std::string()))->size(), 0u);
  EXPECT_EQ(View<std::vector<int>>::Of(BlobOfValue(std::vector<int>()))->size(),
            0u);
  EXPECT_EQ(
      View<Eigen::MatrixXd>::Of(BlobOfValue(Eigen::MatrixXd(0, 3)))->cols(), 3);
}

TEST(ViewTest, KeepsTheBlobWhileAnyCopyLives) {
  auto owner = std::make_shared<Blob>(BlobOfValue(std::string("some text")));
  const std::weak_ptr<Blob> watch = owner;
  Blob blob(owner->bytes(), owner);
  owner.reset();
  {
    absl::StatusOr<View<std::string>> view =
        View<std::string>::Of(std::move(blob));
    ASSERT_TRUE(view.ok());
    const View<std::string> copy = *view;
    view = absl::UnknownError("dropped");
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(copy, "some text");
  }
  EXPECT_TRUE(watch.expired());
}

TEST(ViewTest, IsCopiedButNotAssigned) {
  static_assert(std::is_copy_constructible_v<View<Eigen::MatrixXd>>);
  static_assert(!std::is_copy_assignable_v<View<Eigen::MatrixXd>>);
  static_assert(!std::is_copy_assignable_v<View<std::vector<double>>>);
  static_assert(!std::is_assignable_v<View<Eigen::MatrixXd>&, double>);
  static_assert(!std::is_assignable_v<View<Eigen::MatrixXd>&, Eigen::MatrixXd>);
  std::vector<View<std::string>> views;
  for (int i = 0; i < 10; ++i) {
    views.push_back(*View<std::string>::Of(BlobOfValue(std::string(i, 'x'))));
  }
  EXPECT_EQ(views[3], "xxx");
}

TEST(ViewTest, MakesTheKeyOfWhatItViews) {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Random(5, 7);
  EXPECT_EQ(*RefOf(*View<Eigen::MatrixXd>::Of(BlobOfValue(a))), *RefOf(a));
  const std::string text = "some text";
  EXPECT_EQ(*RefOf(*View<std::string>::Of(BlobOfValue(text))), *RefOf(text));
}

TEST(ViewTest, WhatIsNotOneValueIsDataLoss) {
  const std::string text = *BytesOf(std::string("text"));
  const std::string matrix = *BytesOf(Eigen::MatrixXd::Ones(2, 2).eval());
  EXPECT_EQ(View<std::string>::Of(BlobOf(text + "x")).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(View<Eigen::MatrixXd>::Of(BlobOf(matrix + "x")).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(View<Eigen::MatrixXd>::Of(BlobOf(text)).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(View<Eigen::MatrixXd>::Of(Blob()).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ViewTest, MemoryThatIsNotAlignedIsAFailedPrecondition) {
  const std::string matrix = *BytesOf(Eigen::MatrixXd::Ones(2, 2).eval());
  EXPECT_EQ(View<Eigen::MatrixXd>::Of(Misaligned(matrix, 32)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const std::string array = *BytesOf(std::vector<double>{1, 2});
  EXPECT_TRUE(View<std::vector<double>>::Of(Misaligned(array, 8)).ok());
  EXPECT_EQ(View<std::vector<double>>::Of(Misaligned(array, 4)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace ireneo
