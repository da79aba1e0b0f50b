// Sparse matrices that can not be written, and bytes that are none.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "Eigen/SparseCore"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/eigen_sparse.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace {

using ::Eigen::Map;
using ::Eigen::SparseMatrix;
using ::Eigen::SparseVector;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::testing::HasSubstr;
using Sparse = SparseMatrix<double>;

template <typename T>
std::string ErrorOf(std::string_view bytes) {
  const absl::Status read = FromBytes<T>(bytes).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
  if constexpr (Viewable<T>) {
    EXPECT_EQ(View<T>::Of(Blob::Copy(std::as_bytes(std::span(bytes)))).status(),
              read);
  }
  return std::string(read.message());
}

// The encoding, whatever is in it.
template <typename Scalar = double, typename Index = std::int32_t>
std::string Encoded(const std::vector<std::uint64_t>& sizes,
                    const std::vector<Index>& starts,
                    const std::vector<Index>& indices, std::size_t values) {
  std::string bytes;
  StringSink sink(bytes);
  for (const std::uint64_t size : sizes) sink.WriteU64(size);
  sink.AlignTo(64);
  if (!starts.empty()) {
    sink.Write(std::as_bytes(std::span(starts)));
    sink.AlignTo(64);
  }
  sink.Write(std::as_bytes(std::span(indices)));
  sink.AlignTo(64);
  const std::vector<std::byte> zeros(values * sizeof(Scalar));
  sink.Write(zeros);
  sink.Flush();
  return bytes;
}

TEST(EigenSparseErrorTest, AGoodEncodingIsRead) {
  EXPECT_TRUE(
      FromBytes<Sparse>(Encoded({3, 2, 3}, {0, 2, 3}, {0, 2, 1}, 3)).ok());
}

TEST(EigenSparseErrorTest, StartsAscendFromZeroToTheCount) {
  EXPECT_EQ(ErrorOf<Sparse>(Encoded({3, 2, 3}, {1, 2, 3}, {0, 2, 1}, 3)),
            "eigen.sparse<<f8,<i4,F>/1: expected the first start to be 0, "
            "found 1");
  EXPECT_EQ(ErrorOf<Sparse>(Encoded({3, 2, 3}, {0, 2, 2}, {0, 2, 1}, 3)),
            "eigen.sparse<<f8,<i4,F>/1: expected a start from 3 to 3, found 2 "
            "at 2");
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 3, 3}, {0, 2, 1, 3}, {0, 2, 1}, 3)),
              HasSubstr("expected a start from 2 to 3, found 1 at 2"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 3, 3}, {0, 4, 3, 3}, {0, 1, 2}, 3)),
              HasSubstr("expected a start from 0 to 3, found 4 at 1"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 3, 3}, {0, -1, 3, 3}, {0, 1, 2}, 3)),
              HasSubstr("found -1 at 1"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 0, 1}, {0}, {0}, 1)),
              HasSubstr("expected no coefficients, found 1"));
}

TEST(EigenSparseErrorTest, IndicesAscendInRange) {
  EXPECT_EQ(ErrorOf<Sparse>(Encoded({3, 2, 3}, {0, 2, 3}, {2, 0, 1}, 3)),
            "eigen.sparse<<f8,<i4,F>/1: expected an index above 2 and below 3, "
            "found 0 at coefficient 1");
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 2, 3}, {0, 2, 3}, {1, 1, 1}, 3)),
              HasSubstr("above 1 and below 3, found 1"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 2, 3}, {0, 2, 3}, {0, 3, 1}, 3)),
              HasSubstr("found 3"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 2, 3}, {0, 2, 3}, {-1, 2, 1}, 3)),
              HasSubstr("found -1"));
  using V = SparseVector<double>;
  EXPECT_TRUE(FromBytes<V>(Encoded({3, 2}, {}, {0, 2}, 2)).ok());
  EXPECT_THAT(ErrorOf<V>(Encoded({3, 2}, {}, {2, 0}, 2)), HasSubstr("found 0"));
  EXPECT_THAT(ErrorOf<V>(Encoded({3, 2}, {}, {0, 3}, 2)), HasSubstr("found 3"));
}

TEST(EigenSparseErrorTest, SizesAreBoundedBeforeAnyUse) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kMaxI64 = kMax >> 1;
  for (const std::uint64_t size :
       {kMax, kMaxI64, std::uint64_t{1} << 31, std::uint64_t{1} << 62}) {
    for (const std::vector<std::uint64_t>& sizes :
         std::vector<std::vector<std::uint64_t>>{
             {size, 2, 3}, {3, size, 3}, {3, 2, size}, {size, size, size}}) {
      EXPECT_THAT(ErrorOf<Sparse>(Encoded(sizes, {0, 2, 3}, {0, 2, 1}, 3)),
                  HasSubstr("expected sizes up to 2147483647"));
    }
  }
  using Wide = SparseMatrix<double, 0, std::int64_t>;
  const std::vector<std::int64_t> starts = {0, 2, 3};
  const std::vector<std::int64_t> indices = {0, 2, 1};
  const auto encoded = [&](const std::vector<std::uint64_t>& sizes) {
    return Encoded<double, std::int64_t>(sizes, starts, indices, 3);
  };
  EXPECT_TRUE(FromBytes<Wide>(encoded({3, 2, 3})).ok());
  EXPECT_TRUE(FromBytes<Wide>(encoded({kMaxI64, 2, 3})).ok());
  EXPECT_THAT(ErrorOf<Wide>(encoded({3, kMaxI64, 3})), HasSubstr("truncated"));
  EXPECT_THAT(ErrorOf<Wide>(encoded({3, 2, kMaxI64})), HasSubstr("truncated"));
  EXPECT_THAT(ErrorOf<Wide>(encoded({3, std::uint64_t{1} << 61, 3})),
              HasSubstr("truncated"));
  EXPECT_THAT(ErrorOf<Wide>(encoded({3, 2, std::uint64_t{1} << 61})),
              HasSubstr("truncated"));
  EXPECT_THAT(ErrorOf<Sparse>(Encoded({3, 2147483647, 0}, {0}, {}, 0)),
              HasSubstr("truncated"));
}

TEST(EigenSparseErrorTest, PaddingIsZeroAndNothingIsLeftOver) {
  const std::string good = Encoded({3, 2, 3}, {0, 2, 3}, {0, 2, 1}, 3);
  for (const std::size_t at : {24, 63, 76, 127, 140, 191}) {
    std::string bad = good;
    bad[at] = 1;
    EXPECT_THAT(ErrorOf<Sparse>(bad), HasSubstr("padding"));
  }
  EXPECT_THAT(ErrorOf<Sparse>(good + '\0'), HasSubstr("left over"));
}

TEST(EigenSparseErrorTest, BooleansAreZeroOrOne) {
  using Booleans = SparseMatrix<bool>;
  std::string bytes = Encoded<bool>({3, 2, 3}, {0, 2, 3}, {0, 2, 1}, 3);
  EXPECT_TRUE(FromBytes<Booleans>(bytes).ok());
  bytes.back() = 2;
  EXPECT_THAT(ErrorOf<Booleans>(bytes), HasSubstr("found a byte above 1"));
}

TEST(EigenSparseErrorTest, AViewNeedsAlignedMemory) {
  const std::string bytes = Encoded({3, 2, 3}, {0, 2, 3}, {0, 2, 1}, 3);
  for (const std::size_t shift : {8, 4, 1}) {
    BlobBuffer buffer(bytes.size() + shift);
    std::memcpy(buffer.bytes().data() + shift, bytes.data(), bytes.size());
    const auto whole = std::make_shared<Blob>(std::move(buffer).Share());
    const Blob blob(whole->bytes().subspan(shift), whole);
    const absl::Status status = View<Sparse>::Of(blob).status();
    EXPECT_EQ(status.code(), shift == 8
                                 ? absl::StatusCode::kOk
                                 : absl::StatusCode::kFailedPrecondition);
    Source source(blob);
    EXPECT_TRUE(Read<Sparse>(source).ok());
  }
}

template <typename T>
absl::Status WriteError(const T& value) {
  const absl::Status status = BytesOf(value).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return status;
}

TEST(EigenSparseErrorTest, TwoCoefficientsInOnePlaceAreNotWritten) {
  const int starts[] = {0, 0, 3};
  const double values[] = {1, 2, 3};
  for (const std::vector<int>& indices :
       std::vector<std::vector<int>>{{0, 1, 1}, {1, 0, 1}}) {
    EXPECT_EQ(
        WriteError(Map<const Sparse>(4, 2, 3, starts, indices.data(), values)),
        absl::InvalidArgumentError(
            "a sparse matrix has two coefficients at inner index 1 of "
            "vector 1; add them up, as setFromTriplets does"));
  }
}

TEST(EigenSparseErrorTest, IndicesOutOfRangeAreNotWritten) {
  const int starts[] = {0, 0, 2};
  const double values[] = {1, 2};
  for (const std::vector<int>& indices :
       std::vector<std::vector<int>>{{0, 4}, {4, 0}, {0, -1}, {-1, 0}}) {
    EXPECT_THAT(
        WriteError(Map<const Sparse>(4, 2, 2, starts, indices.data(), values))
            .ToString(),
        HasSubstr(" in vector 1, where there are 4"));
  }
  const int backwards[] = {0, 2, 1};
  const int indices[] = {0, 1};
  EXPECT_THAT(WriteError(Map<const Sparse>(4, 2, 2, backwards, indices, values))
                  .ToString(),
              HasSubstr("a column that ends before it starts"));
}

TEST(EigenSparseErrorTest, MoreThanTheIndexCountsIsNotWritten) {
  EXPECT_THAT(
      WriteError(SparseMatrix<double, 0, std::int8_t>(128, 3)).ToString(),
      HasSubstr("eigen.sparse<<f8,|i1,F>/1: 128 rows, 3 columns and 0 "
                "coefficients, more than the index type can count"));
  WriteError(SparseMatrix<double, 0, std::int8_t>(3, 128)).IgnoreError();
  WriteError(SparseVector<double, 0, std::int8_t>(128)).IgnoreError();
}

}  // namespace
}  // namespace ireneo
