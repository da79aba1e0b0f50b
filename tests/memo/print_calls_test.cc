// What people are told of calls.

#include "ireneo/memo/print_calls.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::HasSubstr;

std::string Printed(const CallEvent& event) {
  const TemporaryDirectory dir;
  std::FILE* const file = std::fopen((dir.path() / "log").c_str(), "w");
  PrintCalls(file)(event);
  std::fclose(file);
  return FileBytes(dir.path() / "log");
}

TEST(PrintCallsTest, OneLineForEachCall) {
  CallEvent event{.function = "acme.Solve",
                  .version = "1",
                  .hit = false,
                  .elapsed = absl::Milliseconds(1301),
                  .compute = absl::Milliseconds(1300)};
  event.times = {.hashing = absl::Microseconds(21),
                 .lookup = absl::Nanoseconds(8500),
                 .compute = absl::Milliseconds(1300),
                 .store = absl::Microseconds(140)};
  EXPECT_EQ(Printed(event),
            "ireneo: acme.Solve computed in 1.3 s (hashing 21 us, lookup 8.5 "
            "us, storing 140 us)\n");
  event.hit = true;
  event.seed = 42;
  event.elapsed = absl::Nanoseconds(300);
  EXPECT_EQ(Printed(event),
            "ireneo: acme.Solve seed 42 hit, 300 ns instead of 1.3 s\n");
}

TEST(PrintCallsTest, WaitingForOthersIsNoCost) {
  CallEvent event{.function = "f",
                  .version = "1",
                  .hit = true,
                  .elapsed = absl::Milliseconds(501),
                  .compute = absl::Milliseconds(500)};
  event.times.wait = absl::Milliseconds(500);
  EXPECT_EQ(
      Printed(event),
      "ireneo: f hit, 501 ms instead of 500 ms; waited 500 ms for another "
      "that computed it\n");
}

TEST(PrintCallsTest, WhatIsWrongIsSaid) {
  CallEvent event{.function = "f",
                  .version = "1",
                  .hit = false,
                  .elapsed = absl::Microseconds(50),
                  .compute = absl::Microseconds(1)};
  event.conflict = Digest::Of(std::string_view("other"));
  event.fault = absl::ResourceExhaustedError("disk full");
  const std::string line = Printed(event);
  EXPECT_THAT(line, HasSubstr("remembering costs more than computing"));
  EXPECT_THAT(line, HasSubstr("NOT the same result as before: xxh3:"));
  EXPECT_THAT(line, HasSubstr("fault: RESOURCE_EXHAUSTED: disk full"));
}

TEST(PrintCallsTest, AnEnvironmentVariableTurnsItOn) {
  int observed = 0;
  const auto output = [&](const char* verbose) {
    const TemporaryDirectory dir;
    ::setenv("IRENEO_VERBOSE", verbose, 1);
    ::testing::internal::CaptureStderr();
    const auto store = MemoStore::Open(
        dir.path(), {.observer = [&](const CallEvent&) { ++observed; }});
    EXPECT_THAT(store, IsOk());
    Memoize(*store, {.name = "acme.F", .version = "1"},
            [](int n) { return n; })(1);
    ::unsetenv("IRENEO_VERBOSE");
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(output("1"), HasSubstr("ireneo: acme.F computed in "));
  EXPECT_EQ(output("0"), "");
  EXPECT_EQ(output(""), "");
  EXPECT_EQ(observed, 3);
}

}  // namespace
}  // namespace ireneo
