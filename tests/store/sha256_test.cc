#include "ireneo/store/sha256.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Sha256 MakeSha256(std::string_view hex) {
  const absl::StatusOr<Sha256> sha256 = Sha256::FromHex(hex);
  EXPECT_THAT(sha256, IsOk());
  return sha256.value_or(Sha256());
}

// The examples of FIPS 180-4 and some of NIST's SHA256ShortMsg.rsp.
TEST(Sha256Test, VectorsOfNist) {
  const std::pair<std::string, const char*> vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
       "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      {"\xd3",
       "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
      {"\x11\xaf",
       "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
      {"\x74\xba\x25\x21",
       "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"},
  };
  for (const auto& [message, hex] : vectors) {
    EXPECT_EQ(Sha256::Of(message).ToHex(), hex) << message.size();
    EXPECT_EQ(Sha256::Of(Bytes(message)).ToHex(), hex) << message.size();
  }
}

TEST(Sha256Test, ParseIsTheInverseOfToString) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Sha256 sha256 = Sha256::Of(RandomBytes(20, seed));
    EXPECT_EQ(Sha256::Parse(sha256.ToString()).value_or(Sha256()), sha256);
    EXPECT_EQ(MakeSha256(sha256.ToHex()), sha256);
    EXPECT_EQ(sha256.ToString(), "sha256:" + sha256.ToHex());
    std::ostringstream stream;
    stream << sha256;
    EXPECT_EQ(stream.str(), sha256.ToString());
  }
  const Sha256 counting = MakeSha256(
      "000102030405060708090a0b0c0d0e0ff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  std::array<std::byte, Sha256::kSize> bytes;
  for (std::size_t i = 0; i < 16; ++i) {
    bytes[i] = static_cast<std::byte>(i);
    bytes[16 + i] = static_cast<std::byte>(0xf0 + i);
  }
  EXPECT_EQ(counting.bytes(), bytes);
  EXPECT_EQ(Sha256(bytes), counting);
  EXPECT_EQ(MakeSha256(std::string(64, '0')), Sha256());
}

TEST(Sha256Test, ParseRefusesAllElseWithASentence) {
  const std::string hex =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const std::string good = "sha256:" + hex;
  ASSERT_THAT(Sha256::Parse(good), IsOk());
  ASSERT_THAT(Sha256::FromHex(hex), IsOk());
  std::vector<std::string> bad = {
      hex,
      "SHA256:" + hex,
      "sha512:" + hex,
      "sha256-" + hex,
      "sha256::" + hex,
      " " + good,
      good + " ",
      good + "\n",
      good + "0",
      good + good,
      good + std::string(1, '\0'),
  };
  for (std::size_t size = 0; size < good.size(); ++size) {
    bad.push_back(good.substr(0, size));
  }
  // Every byte at every place, but for the digits.
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int c = 0; c < 256; ++c) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const bool digit = kDigits.find(static_cast<char>(c)) != kDigits.npos;
      if (static_cast<char>(c) == good[i] || (i >= 7 && digit)) continue;
      bad.push_back(good);
      bad.back()[i] = static_cast<char>(c);
    }
  }
  for (const std::string& text : bad) {
    EXPECT_THAT(Sha256::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("is not a SHA-256"),
                               HasSubstr("'sha256:' and 64 lowercase hex"))));
    if (text == hex || !text.starts_with("sha256:")) continue;
    EXPECT_THAT(Sha256::FromHex(std::string_view(text).substr(7)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("expected 64 lowercase hex digits")));
  }
  EXPECT_THAT(Sha256::FromHex(good),
              StatusIs(absl::StatusCode::kInvalidArgument));
  // What is unprintable does not reach a terminal.
  EXPECT_THAT(Sha256::Parse("\x1b[2J\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'\\033[2J\\n' is not a SHA-256")));
}

TEST(Sha256Test, OrderIsThatOfTheText) {
  std::vector<Sha256> values;
  std::vector<std::string> texts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    values.push_back(Sha256::Of(RandomBytes(8, seed)));
    texts.push_back(values.back().ToString());
  }
  std::sort(values.begin(), values.end());
  std::sort(texts.begin(), texts.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i].ToString(), texts[i]);
  }
  EXPECT_LT(Sha256(), values[0]);
  EXPECT_NE(values[0], values[1]);
}

TEST(Sha256Test, IsAKeyOfHashTables) {
  absl::flat_hash_set<Sha256> set;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(set.insert(Sha256::Of(RandomBytes(8, i))).second);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(set.contains(Sha256::Of(RandomBytes(8, i))));
  }
  EXPECT_FALSE(set.contains(Sha256()));
}

TEST(Sha256HasherTest, NothingIsTheSha256OfNothing) {
  EXPECT_EQ(Sha256Hasher().Finish(), Sha256::Of(""));
  Sha256Hasher hasher;
  hasher.Update({});
  EXPECT_EQ(hasher.Finish(), Sha256::Of(""));
}

TEST(Sha256HasherTest, EverySplitInTwoEqualsOneShot) {
  const std::string bytes = CountingBytes(300);
  const std::span<const std::byte> all = Bytes(bytes);
  const Sha256 expected = Sha256::Of(all);
  for (std::size_t split = 0; split <= all.size(); ++split) {
    Sha256Hasher hasher;
    hasher.Update(all.first(split));
    hasher.Update(all.subspan(split));
    ASSERT_EQ(hasher.Finish(), expected) << split;
  }
}

TEST(Sha256HasherTest, ByteByByteEqualsOneShot) {
  const std::string bytes = RandomBytes(5000, 1);
  Sha256Hasher hasher;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    hasher.Update(Bytes(bytes).subspan(i, 1));
  }
  EXPECT_EQ(hasher.Finish(), Sha256::Of(bytes));
}

TEST(Sha256HasherTest, GoesOnWhereItIsMovedTo) {
  const std::string bytes = CountingBytes(1000);
  Sha256Hasher first;
  first.Update(Bytes(bytes).first(333));
  Sha256Hasher second(std::move(first));
  second.Update(Bytes(bytes).subspan(333, 100));
  Sha256Hasher third;
  third.Update(Bytes("forgotten"));
  third = std::move(second);
  third.Update(Bytes(bytes).subspan(433));
  EXPECT_EQ(third.Finish(), Sha256::Of(bytes));
}

TEST(Sha256HasherTest, GoesOnInAChildProcess) {
  const std::string bytes = CountingBytes(1000);
  Sha256Hasher hasher;
  hasher.Update(Bytes(bytes).first(500));
  RunInChildren(2, [&](int) {
    hasher.Update(Bytes(bytes).subspan(500));
    EXPECT_EQ(hasher.Finish(), Sha256::Of(bytes));
  });
}

}  // namespace
}  // namespace ireneo
