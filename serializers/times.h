#ifndef IRENEO_SERIALIZERS_TIMES_H_
#define IRENEO_SERIALIZERS_TIMES_H_

// Serializers for std::chrono: durations, and points in time of system_clock
// and of local_t.
//
// The unit is part of the name: 1 s and 1000 ms are equal but differ in their
// type, and so as arguments. Points of a steady_clock do not compile: they
// count from when the machine was started.

#include <chrono>
#include <cstdint>
#include <ratio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/scalars.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace internal {

// "ms"; "1_30" for a thirtieth of a second.
template <typename Period>
std::string PeriodName() {
  using P = typename Period::type;  // In lowest terms.
  const auto is = [](std::intmax_t num, std::intmax_t den) {
    return P::num == num && P::den == den;
  };
  if (is(1, 1'000'000'000)) return "ns";
  if (is(1, 1'000'000)) return "us";
  if (is(1, 1000)) return "ms";
  if (is(1, 1)) return "s";
  if (is(60, 1)) return "min";
  if (is(3600, 1)) return "h";
  return absl::StrCat(P::num, "_", P::den);
}

// Empty for a clock whose time means nothing to another process.
template <typename Clock>
inline constexpr const char* kClockName = nullptr;
template <>
inline constexpr const char* kClockName<std::chrono::system_clock> = "system";
template <>
inline constexpr const char* kClockName<std::chrono::local_t> = "local";

template <typename Rep, typename Period>
inline constexpr bool kIsRaw<std::chrono::duration<Rep, Period>> = kIsRaw<Rep>;
template <typename Clock, typename Duration>
inline constexpr bool kIsRaw<std::chrono::time_point<Clock, Duration>> =
    kIsRaw<Duration>;

}  // namespace internal

// "duration<i64,ns>": the count.
template <typename Rep, typename Period>
struct Serializer<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;

  static std::string TypeName() {
    return absl::StrCat("duration<", ireneo::TypeName<Rep>(), ",",
                        internal::PeriodName<Period>(), ">");
  }
  static void Write(const Duration& value, Sink& sink) {
    ireneo::Write<Rep>(value.count(), sink);
  }
  static absl::StatusOr<Duration> Read(Source& source) {
    absl::StatusOr<Rep> count = ireneo::Read<Rep>(source);
    if (!count.ok()) return count.status();
    return Duration(*count);
  }
};

// "time_point<system,duration<i64,ns>>": the time since the clock's epoch,
// 1970.
template <typename Clock, typename Duration>
struct Serializer<std::chrono::time_point<Clock, Duration>> {
  using TimePoint = std::chrono::time_point<Clock, Duration>;

  static std::string TypeName() {
    static_assert(internal::kClockName<Clock> != nullptr,
                  "ireneo: the time of this clock means nothing in another "
                  "process, or on another machine. Use a time_point of "
                  "std::chrono::system_clock, or a duration");
    return absl::StrCat("time_point<", internal::kClockName<Clock>, ",",
                        ireneo::TypeName<Duration>(), ">");
  }
  static void Write(const TimePoint& value, Sink& sink) {
    ireneo::Write<Duration>(value.time_since_epoch(), sink);
  }
  static absl::StatusOr<TimePoint> Read(Source& source) {
    absl::StatusOr<Duration> time = ireneo::Read<Duration>(source);
    if (!time.ok()) return time.status();
    return TimePoint(*time);
  }
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_TIMES_H_
