#include "ireneo/serializers/serializer.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/serializers/testing.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace acme {

// A percentage: 0 to 100.
struct Percent {
  std::uint8_t value = 0;
  friend bool operator==(const Percent&, const Percent&) = default;
};

struct Unknown {};

// Each has a serializer that is wrong in one way.
struct Unsteady {
  int value = 0;
  friend bool operator==(const Unsteady&, const Unsteady&) = default;
};
struct Lossy {
  int value = 0;
  friend bool operator==(const Lossy&, const Lossy&) = default;
};
struct Prefixed {
  std::string value;
  friend bool operator==(const Prefixed&, const Prefixed&) = default;
};
struct Misnamed {
  friend bool operator==(const Misnamed&, const Misnamed&) = default;
};
struct Careless {
  std::uint8_t value = 0;
  friend bool operator==(const Careless&, const Careless&) = default;
};

}  // namespace acme

namespace ireneo {

template <>
struct Serializer<acme::Percent> {
  static std::string TypeName() { return "acme.Percent/1"; }
  static void Write(const acme::Percent& percent, Sink& sink) {
    if (percent.value > 100) {
      sink.Fail(absl::InvalidArgumentError("percent: above 100"));
    }
    sink.WriteU8(percent.value);
  }
  static absl::StatusOr<acme::Percent> Read(Source& source) {
    const std::uint8_t value = source.ReadU8();
    if (value > 100) return absl::DataLossError("percent: above 100");
    return acme::Percent{.value = value};
  }
};

template <>
struct Serializer<acme::Unsteady> {
  static std::string TypeName() { return "acme.Unsteady/1"; }
  static void Write(const acme::Unsteady&, Sink& sink) {
    static std::uint8_t calls = 0;
    sink.WriteU8(++calls);
  }
};

template <>
struct Serializer<acme::Lossy> {
  static std::string TypeName() { return "acme.Lossy/1"; }
  static void Write(const acme::Lossy& value, Sink& sink) {
    sink.WriteU32(value.value / 2);
  }
};

template <>
struct Serializer<acme::Prefixed> {
  static std::string TypeName() { return "acme.Prefixed/1"; }
  static void Write(const acme::Prefixed& value, Sink& sink) {
    for (const char c : value.value) ireneo::Write(c, sink);
  }
};

template <>
struct Serializer<acme::Misnamed> {
  static std::string TypeName() { return "acme::Misnamed/1"; }
  static void Write(const acme::Misnamed&, Sink&) {}
};

// Takes the end of the bytes for a zero.
template <>
struct Serializer<acme::Careless> {
  static std::string TypeName() { return "acme.Careless/1"; }
  static void Write(const acme::Careless& value, Sink& sink) {
    sink.WriteU8(value.value);
  }
  static absl::StatusOr<acme::Careless> Read(Source& source) {
    if (source.remaining() == 0) return acme::Careless{};
    return acme::Careless{.value = source.ReadU8()};
  }
};

namespace {

using ::acme::Percent;
using ::acme::Unknown;
using ::ireneo::testing::BytesOf;
using ::ireneo::testing::FromBytes;
using ::ireneo::testing::VerifySerializer;
using ::testing::HasSubstr;

TEST(SerializerTest, ConceptsLookThroughReferencesAndConst) {
  static_assert(Hashable<Percent> && Storable<Percent>);
  static_assert(Hashable<const Percent&> && Storable<const Percent&>);
  static_assert(Hashable<Percent&&> && Storable<Percent&&>);
  static_assert(Hashable<acme::Lossy> && !Storable<acme::Lossy>);
  static_assert(!Hashable<Unknown> && !Storable<Unknown>);
  static_assert(!Hashable<void>);
  EXPECT_EQ(TypeName<const Percent&>(), "acme.Percent/1");
}

TEST(SerializerTest, ConceptsLookNoDeeperThanTheTypeItself) {
  static_assert(Hashable<std::vector<Unknown>>);
  static_assert(Storable<std::pair<int, std::vector<Unknown>>>);
  static_assert(Storable<std::vector<std::string_view>>);
}

TEST(SerializerTest, ScalarsAndPointersAreNoMutableViews) {
  static_assert(!kMutableView<int>);
  static_assert(!kMutableView<Percent>);
}

TEST(SerializerTest, VerifyTakesASoundSerializer) {
  EXPECT_TRUE(VerifySerializer<Percent>({{0}, {1}, {1}, {100}}));
  EXPECT_TRUE(VerifySerializer(std::vector<Percent>{{0}, {1}}));
  EXPECT_TRUE(VerifySerializer(std::vector<Percent>()));
}

TEST(SerializerTest, VerifyFindsWhatIsWrong) {
  EXPECT_STREQ(VerifySerializer<Percent>({{1}, {101}}).message(),
               "acme.Percent/1, value 1: writing: INVALID_ARGUMENT: percent: "
               "above 100");
  EXPECT_THAT(VerifySerializer<acme::Misnamed>({{}}).message(),
              HasSubstr("the name: INVALID_ARGUMENT"));
  EXPECT_THAT(VerifySerializer<acme::Unsteady>({{1}}).message(),
              HasSubstr("written twice, the bytes differ"));
  EXPECT_THAT(VerifySerializer<acme::Lossy>({{2}, {3}}).message(),
              HasSubstr("value 0: against value 1, different by == but with "
                        "equal bytes"));
  EXPECT_THAT(VerifySerializer<acme::Prefixed>({{"a"}, {"ab"}}).message(),
              HasSubstr("the bytes of the first are the start"));
  EXPECT_THAT(VerifySerializer<acme::Careless>({{1}}).message(),
              HasSubstr("the first 0 of 1 bytes are read without an error"));
  EXPECT_THAT(VerifySerializer<double>({0.0, -0.0}).message(),
              HasSubstr("equal by == but with different bytes"));
}

TEST(SerializerTest, RefIsTheNameAndTheDigestOfTheBytes) {
  const absl::StatusOr<ValueRef> ref = RefOf(Percent{7});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(ref->type, "acme.Percent/1");
  EXPECT_EQ(ref->digest, Digest::Of(std::string_view("\7")));
}

TEST(SerializerTest, RefReportsWhatWriteLeftInTheSink) {
  EXPECT_EQ(RefOf(Percent{101}).status(),
            absl::InvalidArgumentError("percent: above 100"));
}

TEST(SerializerTest, FailedReadFailsTheSource) {
  Source source(Blob::Copy(std::as_bytes(std::span("\x65\x01", 2))));
  EXPECT_FALSE(Read<Percent>(source).ok());
  EXPECT_EQ(source.status(), absl::DataLossError("percent: above 100"));
  // The byte that follows is not read any more.
  EXPECT_EQ(Read<Percent>(source).status(), source.status());
  EXPECT_EQ(source.position(), 1u);
}

TEST(SerializerTest, LeftOverBytesAreDataLoss) {
  EXPECT_TRUE(FromBytes<Percent>("\1").ok());
  EXPECT_EQ(FromBytes<Percent>("\1\1").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(SerializerTest, ErrorsOfElementsReachTheTop) {
  const std::string bytes = *BytesOf(std::vector<Percent>{{1}, {2}});
  std::string damaged = bytes;
  damaged.back() = 101;
  EXPECT_EQ(FromBytes<std::vector<Percent>>(damaged).status(),
            absl::DataLossError("percent: above 100"));
  EXPECT_EQ(RefOf(std::vector<Percent>{{1}, {101}}).status(),
            absl::InvalidArgumentError("percent: above 100"));
}

TEST(SerializerTest, ViewsAreStoredAsWhatTheyView) {
  static_assert(std::is_same_v<StoredType<Percent>, Percent>);
  static_assert(std::is_same_v<StoredType<std::string_view>, std::string>);
  static_assert(
      std::is_same_v<StoredType<std::span<const int>>, std::vector<int>>);
  static_assert(std::is_same_v<StoredType<View<std::string>>, std::string>);
}

}  // namespace
}  // namespace ireneo
