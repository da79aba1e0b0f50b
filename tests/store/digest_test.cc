#include "ireneo/store/digest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/plain_xxh3.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::PlainXxh3Hex;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Digest MakeDigest(std::string_view text) {
  const absl::StatusOr<Digest> digest = Digest::Parse(text);
  EXPECT_THAT(digest, IsOk());
  return digest.value_or(Digest());
}

// Digests name what is on people's disks: lines are only ever added. Computed
// by the scalar code of xxhash.h 0.8.1; the first two are widely published.
TEST(DigestTest, GoldenDigests) {
  EXPECT_EQ(Digest::Of("").ToString(), "xxh3:99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Digest::Of("a").ToString(),
            "xxh3:a96faf705af16834e6c632b61e964e1f");
  // Lengths on both sides of each branch of the algorithm.
  constexpr std::pair<std::size_t, const char*> kCounting[] = {
      {1, "xxh3:a6cd5e9392000f6ac44bdff4074eecdb"},
      {2, "xxh3:6a4a5274c1b0d3add6645fc3051a9457"},
      {3, "xxh3:e3b55f57945a17cf5f4299fc161c9cbb"},
      {4, "xxh3:eb70bf5fc779e9e6a6111d53e80a3db5"},
      {8, "xxh3:e1e4432a62217fe4cfd50c61c8bb98c1"},
      {9, "xxh3:16c769d83e4aebce907931979dca3746"},
      {16, "xxh3:72950631827607e2842812cc870dcae2"},
      {17, "xxh3:685bc458b37d057fc06e233df7729217"},
      {32, "xxh3:25e7c9b3424ceed2457d9566b6fcd697"},
      {33, "xxh3:02175c3aabb00637e08d84951339de86"},
      {64, "xxh3:9c6e140a465545e590c1971ddb04ce74"},
      {65, "xxh3:ebedf05eeadc28f11aee64a1615de88f"},
      {96, "xxh3:c57556e9ccb97efa6e53ab55b4f5558b"},
      {97, "xxh3:9b09227e063da5a25b3284a61f91e97d"},
      {128, "xxh3:14792fc3af88dc6c05321a0b64d67b41"},
      {129, "xxh3:dd5e74ac6b45f54ebc30b63382b09a3b"},
      {130, "xxh3:6cd2e56a10f1e7073ec5f135d0a7d28f"},
      {144, "xxh3:2615894ae020ac91582a8a72e9d47a4d"},
      {160, "xxh3:4e95c1cd6dc7bb85c67fcd13c31b09f4"},
      {192, "xxh3:10c987dc285c756b050f429c4f52b688"},
      {240, "xxh3:65b5be86da5540e7c92b68e16f83bbb6"},
      {241, "xxh3:1da1cb61bcb8a2a102e8cd95421c6d02"},
      {255, "xxh3:65652759c081c563074191baf9c49567"},
      {256, "xxh3:96c36c85d00e5bc544f5d90dacde463a"},
      {257, "xxh3:8c650dc0594ae28188fc3f7934a6c9be"},
      {300, "xxh3:948c8677fbb606fcfdda6967cf021dbc"},
      {512, "xxh3:5884ea91ad7102d75c021aac13954143"},
      {1024, "xxh3:d0ac1f7b93bf57b9e5d78bafa45b2aa5"},
      {1025, "xxh3:2882ebca04ec915ce95c42288f28186e"},
      {4096, "xxh3:e12cd72144990fe57135ffa504f1bc71"},
      {4097, "xxh3:0f77b4bc73e3337db69d29f17d48293f"},
      {1 << 20, "xxh3:53738d98098cabba6e0d7ac36b8c10ff"},
  };
  for (const auto& [size, text] : kCounting) {
    EXPECT_EQ(Digest::Of(CountingBytes(size)).ToString(), text) << size;
  }
  // Every length from 0 to 300: the digest of the concatenated hex digests.
  std::string all;
  for (std::size_t size = 0; size <= 300; ++size) {
    all += Digest::Of(CountingBytes(size)).ToHex();
  }
  EXPECT_EQ(Digest::Of(all).ToString(),
            "xxh3:49f0eb87c3ff73c1a77c67ae1e09ad5a");
}

TEST(DigestTest, DispatchedHashEqualsPlainHash) {
  const std::string bytes = RandomBytes((1 << 20) + 77, 1);
  for (std::size_t size = 0; size <= 2100; ++size) {
    const std::string_view part = std::string_view(bytes).substr(size, size);
    ASSERT_EQ(Digest::Of(part).ToHex(), PlainXxh3Hex(part)) << size;
  }
  for (std::size_t offset = 0; offset < 65; ++offset) {  // Unaligned.
    const std::string_view part = std::string_view(bytes).substr(offset);
    ASSERT_EQ(Digest::Of(part).ToHex(), PlainXxh3Hex(part)) << offset;
  }
}

TEST(DigestTest, TextAndBytesHaveOneDigest) {
  const std::string text = CountingBytes(1000);
  EXPECT_EQ(Digest::Of(text), Digest::Of(Bytes(text)));
  EXPECT_EQ(Digest::Of(std::span<const std::byte>()), Digest::Of(""));
}

TEST(DigestTest, ParseIsTheInverseOfToString) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Digest digest = Digest::Of(RandomBytes(20, seed));
    EXPECT_EQ(MakeDigest(digest.ToString()), digest);
    EXPECT_EQ(digest.ToString(), "xxh3:" + digest.ToHex());
  }
  const Digest digest = MakeDigest("xxh3:000102030405060708090a0bfcfdfeff");
  EXPECT_EQ(digest.bytes(),
            (std::array<std::uint8_t, Digest::kSize>{
                0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xfc, 0xfd, 0xfe, 0xff}));
  EXPECT_EQ(Digest(digest.bytes()), digest);
  EXPECT_EQ(MakeDigest("xxh3:00000000000000000000000000000000"), Digest());
}

TEST(DigestTest, ParseRefusesAllElseWithASentence) {
  const std::string good = "xxh3:0123456789abcdef0123456789abcdef";
  ASSERT_THAT(Digest::Parse(good), IsOk());
  std::vector<std::string> bad = {
      "",
      "xxh3",
      "xxh3:",
      "0123456789abcdef0123456789abcdef",
      "XXH3:0123456789abcdef0123456789abcdef",
      "sha2:0123456789abcdef0123456789abcdef",
      "xxh3:0123456789ABCDEF0123456789abcdef",
      "xxh3:0x23456789abcdef0123456789abcdef",
      "xxh3:+123456789abcdef0123456789abcdef",
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
      if (static_cast<char>(c) == good[i] || (i >= 5 && digit)) continue;
      bad.push_back(good);
      bad.back()[i] = static_cast<char>(c);
    }
  }
  for (const std::string& text : bad) {
    EXPECT_THAT(Digest::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("is not a digest"),
                               HasSubstr("32 lowercase hex digits"))));
  }
  // What is unprintable does not reach a terminal.
  EXPECT_THAT(Digest::Parse("\x1b[2J\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'\\033[2J\\n' is not a digest")));
}

TEST(DigestTest, OrderIsThatOfTheText) {
  std::vector<Digest> digests;
  std::vector<std::string> texts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    digests.push_back(Digest::Of(RandomBytes(8, seed)));
    texts.push_back(digests.back().ToString());
  }
  std::sort(digests.begin(), digests.end());
  std::sort(texts.begin(), texts.end());
  for (std::size_t i = 0; i < digests.size(); ++i) {
    EXPECT_EQ(digests[i].ToString(), texts[i]);
  }
  EXPECT_LT(Digest(), digests[0]);
  EXPECT_NE(digests[0], digests[1]);
  EXPECT_EQ(digests[0], Digest(digests[0]));
}

TEST(DigestTest, IsAKeyOfHashTables) {
  absl::flat_hash_set<Digest> set;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(set.insert(Digest::Of(RandomBytes(8, i))).second);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(set.contains(Digest::Of(RandomBytes(8, i))));
  }
  EXPECT_FALSE(set.contains(Digest()));
}

TEST(HasherTest, NothingIsTheEmptyDigest) {
  Hasher hasher;
  EXPECT_EQ(hasher.digest(), Digest::Of(""));
  hasher.Update({});
  EXPECT_EQ(hasher.digest(), Digest::Of(""));
}

TEST(HasherTest, EverySplitInTwoEqualsOneShot) {
  const std::string bytes = CountingBytes(600);
  for (std::size_t size = 0; size <= bytes.size(); size += 1 + size / 16) {
    const std::span<const std::byte> all = Bytes(bytes).first(size);
    const Digest expected = Digest::Of(all);
    for (std::size_t split = 0; split <= size; ++split) {
      Hasher hasher;
      hasher.Update(all.first(split));
      hasher.Update(all.subspan(split));
      ASSERT_EQ(hasher.digest(), expected) << size << " at " << split;
    }
  }
}

TEST(HasherTest, ByteByByteEqualsOneShotAtEveryStep) {
  const std::string bytes = CountingBytes(1500);
  Hasher hasher;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    ASSERT_EQ(hasher.digest(), Digest::Of(Bytes(bytes).first(i))) << i;
    hasher.Update(Bytes(bytes).subspan(i, 1));
  }
}

TEST(HasherTest, RandomSplitsOfALargeInputEqualOneShot) {
  const std::string bytes = RandomBytes(3 << 20, 2);
  const Digest expected = Digest::Of(bytes);
  std::mt19937_64 engine(3);
  for (int round = 0; round < 20; ++round) {
    const std::size_t largest = std::size_t{1} << (10 + engine() % 12);
    std::span<const std::byte> rest = Bytes(bytes);
    Hasher hasher;
    while (!rest.empty()) {
      const std::size_t size = std::min(rest.size(), engine() % largest);
      hasher.Update(rest.first(size));
      rest = rest.subspan(size);
    }
    ASSERT_EQ(hasher.digest(), expected) << round;
  }
}

TEST(HasherTest, ACopyHalfWayGoesItsOwnWay) {
  const std::string bytes = CountingBytes(3000);
  for (std::size_t half : {0, 1, 100, 256, 257, 1023, 1024, 1500, 3000}) {
    Hasher original;
    original.Update(Bytes(bytes).first(half));
    Hasher copy(original);
    copy.Update(Bytes("another end"));
    original.Update(Bytes(bytes).subspan(half));
    EXPECT_EQ(original.digest(), Digest::Of(bytes)) << half;
    EXPECT_EQ(copy.digest(), Digest::Of(bytes.substr(0, half) + "another end"))
        << half;
  }
}

}  // namespace
}  // namespace ireneo
