// Durations and points in time.

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

__extension__ using Int128 = __int128;

struct NamedPeriod {
  std::string_view name;
  std::uint64_t numerator;
  std::uint64_t denominator;
};

constexpr NamedPeriod kPeriods[] = {
    {"ns", 1, 1'000'000'000}, {"us", 1, 1'000'000},
    {"ms", 1, 1000},          {"s", 1, 1},
    {"min", 60, 1},           {"h", 3600, 1},
};

// "1_30", in lowest terms or not.
std::optional<NamedPeriod> ParsePeriod(const ParsedTypeName& type) {
  if (!IsBare(type)) return std::nullopt;
  for (const NamedPeriod& period : kPeriods) {
    if (period.name == type.head) return period;
  }
  const std::size_t bar = type.head.find('_');
  if (bar == std::string::npos) return std::nullopt;
  const auto numerator = ParseNumber({.head = type.head.substr(0, bar)});
  const auto denominator = ParseNumber({.head = type.head.substr(bar + 1)});
  if (numerator.value_or(0) == 0 || denominator.value_or(0) == 0) {
    return std::nullopt;
  }
  return NamedPeriod{type.head, *numerator, *denominator};
}

// The integer at `data`; nullopt if it is a float or has 128 bits.
std::optional<Int128> LoadInteger(const ScalarType& type,
                                  const std::byte* data) {
  if (!type.is_integer() || type.size > 8) return std::nullopt;
  std::uint64_t bits = 0;
  std::memcpy(&bits, data, type.size);
  if (type.kind == ScalarType::Kind::kUnsigned) return bits;
  const int unused = 64 - 8 * static_cast<int>(type.size);
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

// A time since 1970 in RFC 3339; nullopt if that has no form for it or would
// round it.
std::optional<std::string> Rfc3339(const DurationType& unit, Int128 count) {
  // Products stay below 2^127.
  constexpr std::uint64_t kMaxNumerator = 1'000'000'000'000;
  constexpr std::uint64_t kMaxDenominator = 1'000'000'000'000'000'000;
  constexpr Int128 kYear0 = -62'167'219'200, kYear10000 = 253'402'300'800;
  constexpr Int128 kNanoseconds = 1'000'000'000;
  if (unit.numerator > kMaxNumerator || unit.denominator > kMaxDenominator) {
    return std::nullopt;
  }
  const Int128 total = count * static_cast<Int128>(unit.numerator);
  const Int128 denominator = unit.denominator;
  Int128 seconds = total / denominator;
  Int128 rest = total % denominator;
  if (rest < 0) {
    --seconds;
    rest += denominator;
  }
  rest *= kNanoseconds;
  if (rest % denominator != 0 || seconds < kYear0 || seconds >= kYear10000) {
    return std::nullopt;
  }
  const absl::Time time =
      absl::FromUnixSeconds(static_cast<std::int64_t>(seconds)) +
      absl::Nanoseconds(static_cast<std::int64_t>(rest / denominator));
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*S", time, absl::UTCTimeZone());
}

absl::Status BadDuration(const ParsedTypeName& type) {
  return BadName(type,
                 "a number such as 'i64', and 'ns', 'us', 'ms', 's', 'min', "
                 "'h' or a fraction of seconds such as '1_30'");
}

absl::Status VisitDuration(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  const DurationType duration = ParseDuration(type);
  if (duration.scalar == nullptr) return BadDuration(type);
  const std::span<const std::byte> bytes =
      walk.source().ReadBytes(duration.scalar->size);
  if (!walk.source().ok()) return walk.source().status();
  walk.visitor().Duration(*duration.scalar, bytes.data(),
                          type.arguments[1].head);
  return absl::OkStatus();
}

absl::Status VisitTimePoint(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  if (!IsTimePoint(type)) {
    return BadName(type, "'system' or 'local', and a duration");
  }
  const DurationType unit = ParseDuration(type.arguments[1]);
  if (unit.scalar == nullptr) return BadDuration(type.arguments[1]);
  const std::span<const std::byte> bytes =
      walk.source().ReadBytes(unit.scalar->size);
  if (!walk.source().ok()) return walk.source().status();
  std::optional<std::string> text;
  if (const auto count = LoadInteger(*unit.scalar, bytes.data())) {
    text = Rfc3339(unit, *count);
  }
  if (!text.has_value()) {
    walk.visitor().Scalar(*unit.scalar, bytes.data());
  } else {
    const bool system = type.arguments[0].head == "system";
    walk.visitor().String(system ? *text + "Z" : *text);
  }
  return absl::OkStatus();
}

// i64 seconds, u32 quarters of a nanosecond.
absl::StatusOr<absl::Duration> ReadAbslDuration(Source& source) {
  constexpr std::uint32_t kInfinite = ~std::uint32_t{0};
  constexpr std::uint32_t kQuarters = 4'000'000'000;
  const std::uint64_t offset = source.position();
  const auto seconds = source.ReadScalar<std::int64_t>();
  const std::uint32_t quarters = source.ReadU32();
  if (!source.ok()) return source.status();
  if (quarters < kQuarters) {
    return absl::Seconds(seconds) + absl::Nanoseconds(quarters / 4) +
           absl::Nanoseconds(1) / 4 * (quarters % 4);
  }
  if (quarters == kInfinite) {
    if (seconds == std::numeric_limits<std::int64_t>::max()) {
      return absl::InfiniteDuration();
    }
    if (seconds == std::numeric_limits<std::int64_t>::min()) {
      return -absl::InfiniteDuration();
    }
  }
  return absl::DataLossError(
      absl::StrCat("a duration has ", quarters,
                   " quarters of a nanosecond at offset ", offset + 8));
}

absl::Status VisitAbslDuration(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  IRENEO_ASSIGN_OR_RETURN(const absl::Duration duration,
                          ReadAbslDuration(walk.source()));
  walk.visitor().String(absl::FormatDuration(duration));
  return absl::OkStatus();
}

absl::Status VisitAbslTime(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 0));
  IRENEO_ASSIGN_OR_RETURN(const absl::Duration since,
                          ReadAbslDuration(walk.source()));
  if (since == absl::InfiniteDuration() || since == -absl::InfiniteDuration()) {
    walk.visitor().String(absl::FormatDuration(since));
  } else {
    walk.visitor().String(absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ",
                                           absl::UnixEpoch() + since,
                                           absl::UTCTimeZone()));
  }
  return absl::OkStatus();
}

}  // namespace

DurationType ParseDuration(const ParsedTypeName& type) {
  if (type.head != "duration" || type.format != 0 || type.has_fields ||
      type.arguments.size() != 2 || !IsBare(type.arguments[0])) {
    return {};
  }
  const ScalarType* const scalar = FindScalar(type.arguments[0].head);
  const std::optional<NamedPeriod> period = ParsePeriod(type.arguments[1]);
  if (scalar == nullptr || !period.has_value() ||
      !(scalar->is_integer() || scalar->kind == ScalarType::Kind::kFloat)) {
    return {};
  }
  return {.scalar = scalar,
          .numerator = period->numerator,
          .denominator = period->denominator};
}

bool IsTimePoint(const ParsedTypeName& type) {
  if (type.head != "time_point" || type.format != 0 || type.has_fields ||
      type.arguments.size() != 2 || !IsBare(type.arguments[0])) {
    return false;
  }
  const std::string& clock = type.arguments[0].head;
  return (clock == "system" || clock == "local") &&
         type.arguments[1].head == "duration";
}

std::span<const Codec> TimeCodecs() {
  static const std::vector<Codec>& codecs = *new std::vector<Codec>{
      {.name = "duration", .visit = VisitDuration},
      {.name = "time_point", .visit = VisitTimePoint},
      {.name = "absl.Duration/1", .visit = VisitAbslDuration},
      {.name = "absl.Time/1", .visit = VisitAbslTime},
  };
  return codecs;
}

}  // namespace ireneo::internal
