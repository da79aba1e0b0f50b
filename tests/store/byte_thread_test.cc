#include "ireneo/store/byte_thread.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/sha256.h"
#include "tests/store/test_util.h"

namespace ireneo::internal {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::Text;

// Gives a text in pieces of 1, 2, 3, ... bytes, and then fails or ends.
class Pieces final : public ByteInput {
 public:
  explicit Pieces(std::string_view text, absl::Status end = absl::OkStatus())
      : rest_(text), end_(std::move(end)) {}

  absl::StatusOr<std::span<const std::byte>> Read() override {
    if (rest_.empty() && !end_.ok()) return end_;
    const std::string_view piece = rest_.substr(0, ++size_);
    rest_.remove_prefix(piece.size());
    return std::as_bytes(std::span(piece));
  }

 private:
  std::string_view rest_;
  const absl::Status end_;
  std::size_t size_ = 0;
};

TEST(ReadAheadTest, ReadsAllInOrderAndHashesIt) {
  const std::string text = RandomBytes(100'000, 1);
  Pieces pieces(text);
  ReadAhead ahead(pieces);
  std::string read;
  while (true) {
    const absl::StatusOr<std::span<const std::byte>> piece = ahead.Read();
    ASSERT_THAT(piece, IsOk());
    if (piece->empty()) break;
    read += Text(*piece);
  }
  EXPECT_EQ(read, text);
  EXPECT_EQ(ahead.Finish(), Sha256::Of(text));
}

TEST(ReadAheadTest, AFailureComesBehindWhatWasRead) {
  Pieces pieces("abcd", absl::DataLossError("torn"));
  ReadAhead ahead(pieces);
  std::string read;
  absl::StatusOr<std::span<const std::byte>> piece = ahead.Read();
  for (; piece.ok() && !piece->empty(); piece = ahead.Read()) {
    read += Text(*piece);
  }
  EXPECT_EQ(read, "abcd");
  EXPECT_THAT(piece.status(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ahead.Read().status(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ReadAheadTest, NeedNotBeReadToTheEnd) {
  const std::string text = RandomBytes(1 << 20, 2);
  for (int reads = 0; reads < 20; ++reads) {
    Pieces pieces(text);
    ReadAhead ahead(pieces);
    for (int i = 0; i < reads; ++i) ASSERT_THAT(ahead.Read(), IsOk());
  }
}

TEST(WriteBehindTest, WritesAllInOrderAndHashesIt) {
  const std::string text = RandomBytes(100'000, 3);
  std::string written;
  WriteBehind behind([&](std::span<const std::byte> bytes) {
    written += Text(bytes);
    return absl::OkStatus();
  });
  std::size_t size = 0;
  for (std::string_view rest = text; !rest.empty(); ++size) {
    const std::string_view piece = rest.substr(0, size);  // First none.
    ASSERT_THAT(behind.Append(std::as_bytes(std::span(piece))), IsOk());
    rest.remove_prefix(piece.size());
  }
  const absl::StatusOr<Sha256> digest = behind.Finish();
  ASSERT_THAT(digest, IsOk());
  EXPECT_EQ(*digest, Sha256::Of(text));
  EXPECT_EQ(written, text);
}

TEST(WriteBehindTest, AFailureEndsIt) {
  WriteBehind behind([](std::span<const std::byte>) {
    return absl::ResourceExhaustedError("full");
  });
  const std::string piece(1000, 'x');
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    status = behind.Append(std::as_bytes(std::span(piece)));
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(behind.Finish().status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(WriteBehindTest, AFailureOfTheLastPieceIsToldAtTheEnd) {
  WriteBehind behind([](std::span<const std::byte>) {
    return absl::ResourceExhaustedError("full");
  });
  (void)behind.Append(std::as_bytes(std::span("x", 1)));
  EXPECT_THAT(behind.Finish().status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(WriteBehindTest, NeedNotBeFinished) {
  for (int pieces = 0; pieces < 20; ++pieces) {
    WriteBehind behind(
        [](std::span<const std::byte>) { return absl::OkStatus(); });
    for (int i = 0; i < pieces; ++i) {
      ASSERT_THAT(behind.Append(std::as_bytes(std::span("x", 1))), IsOk());
    }
  }
}

}  // namespace
}  // namespace ireneo::internal
