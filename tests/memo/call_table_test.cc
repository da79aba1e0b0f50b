#include "ireneo/memo/call_table.h"

#include <complex>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/sink.h"
#include "tests/memo/insert_call.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

namespace json = boost::json;

using ::ireneo::testing::InsertCall;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::TestCall;
using ::ireneo::testing::TestValue;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <typename T>
TestValue ValueOf(const std::string& name, const T& value) {
  TestValue stored{.name = name, .type = TypeName<T>()};
  StringSink sink(stored.bytes);
  Write(value, sink);
  sink.Flush();
  return stored;
}

struct Params {
  double tolerance = 1e-9;
  std::string solver = "cg, \"fast\"";

  static constexpr char kIreneoType[] = "test.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.solver);
  };
};

class CallTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<MemoStore> store = testing::OpenStore(dir_.path() / "store");
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
    ASSERT_THAT(AddBuiltinCodecs(registry_), IsOk());
  }

  std::vector<CallRecord> Calls(const CallFilter& filter = {}) {
    absl::StatusOr<std::vector<CallRecord>> calls = store_->Calls(filter);
    EXPECT_THAT(calls, IsOk());
    return *std::move(calls);
  }

  std::string Csv(absl::StatusCode code = absl::StatusCode::kOk) {
    std::string text;
    StringSink sink(text);
    EXPECT_THAT(WriteCallsCsv(*store_, Calls(), registry_, sink),
                StatusIs(code));
    return text;
  }

  // The lines of the table, without their ends.
  std::vector<std::string> Lines() {
    std::vector<std::string> lines = absl::StrSplit(Csv(), "\r\n");
    EXPECT_EQ(lines.back(), "");
    lines.pop_back();
    return lines;
  }

  // The cell of the result of a call.
  template <typename T>
  std::string ResultCell(const T& value) {
    const Digest key =
        InsertCall(*store_, {.function = "f", .result = ValueOf("", value)});
    const std::string start = key.ToString() + ",f,1,,";
    const std::string end = ",0.001,0,1970-01-01T00:00:00.000000Z\r\n";
    const std::string text = Csv();
    EXPECT_THAT(store_->Forget(key), IsOk());
    const std::size_t from = text.find(start);
    EXPECT_NE(from, text.npos) << text;
    if (from == text.npos) return text;
    const std::size_t first = from + start.size();
    return text.substr(first, text.rfind(end) - first);
  }

  json::array Json(absl::StatusCode code = absl::StatusCode::kOk) {
    std::string text;
    StringSink sink(text);
    EXPECT_THAT(WriteCallsJson(*store_, Calls(), registry_, sink),
                StatusIs(code));
    const absl::StatusOr<json::value> value = ParseJson(text);
    EXPECT_THAT(value, IsOk()) << text;
    return value.ok() && value->is_array() ? value->get_array() : json::array();
  }

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
  Registry registry_;
};

TEST_F(CallTableTest, OfNoCallsIsAHeader) {
  EXPECT_EQ(Csv(), "key,function,version,seed,result,seconds,hits,created\r\n");
  EXPECT_TRUE(Json().empty());
}

TEST_F(CallTableTest, ARowHasAllOfACall) {
  const Digest key = InsertCall(
      *store_, {.function = "acme.Solve",
                .arguments = {ValueOf("a", std::vector<double>(741, 0.1)),
                              ValueOf("tolerance", 1e-6),
                              ValueOf("title", std::string("x,\"y\"\n"))},
                .result = ValueOf("", std::int64_t{-7}),
                .created = absl::FromUnixMicros(1795398707260574),
                .elapsed = absl::Microseconds(15),
                .seed = std::numeric_limits<std::uint64_t>::max(),
                .version = "src:ab12"});
  testing::InsertHit(*store_, key, absl::Now());
  EXPECT_EQ(
      Csv(),
      "key,function,version,seed,a,tolerance,title,result,seconds,hits,created"
      "\r\n" +
          key.ToString() +
          ",acme.Solve,src:ab12,18446744073709551615,f64[741] " +
          Digest::Of(ValueOf("", std::vector<double>(741, 0.1)).bytes)
              .ToString() +
          ",1e-06,\"x,\"\"y\"\"\n\",-7,1.5e-05,1,"
          "2026-11-23T01:51:47.260574Z\r\n");
}

TEST_F(CallTableTest, CellsOfValues) {
  EXPECT_EQ(ResultCell(0.1), "0.1");
  EXPECT_EQ(ResultCell(2.0), "2.0");
  EXPECT_EQ(ResultCell(0.1f), "0.1");
  EXPECT_EQ(ResultCell(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(ResultCell(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(ResultCell(~std::uint64_t{0}), "18446744073709551615");
  EXPECT_EQ(ResultCell(true), "true");
  EXPECT_EQ(ResultCell(std::complex<double>(1.5, -2)), "1.5-2.0j");
  EXPECT_EQ(ResultCell(std::string("gr\u00fc\u00df")), "gr\u00fc\u00df");
  EXPECT_EQ(ResultCell(std::string()), "\"\"");
  EXPECT_EQ(ResultCell(std::optional<double>()), "");
  EXPECT_EQ(ResultCell(std::optional<double>(2.5)), "2.5");
  EXPECT_EQ(ResultCell(std::variant<int, std::string>("a")), "a");
  EXPECT_EQ(ResultCell(std::pair(1, 2.5)), "\"[1,2.5]\"");
  EXPECT_EQ(ResultCell(Params()), R"cell("[1e-09,""cg, \""fast\""""]")cell");
  EXPECT_EQ(ResultCell(std::map<std::string, int>{{"a", 1}}),
            R"cell("{""a"":1}")cell");
}

TEST_F(CallTableTest, WhatIsNoCellIsTypeShapeAndDigest) {
  const auto expect = [&](const auto& value, const std::string& label) {
    EXPECT_EQ(ResultCell(value),
              label + " " + Digest::Of(ValueOf("", value).bytes).ToString());
  };
  expect(std::vector<double>{1, 2}, "f64[2]");
  expect(std::vector<double>(10000), "f64[10000]");
  expect(std::vector<std::string>{"a"}, "string[1]");
  expect(std::string(5000, 'x'), "string");
  expect(std::optional(std::vector<double>{1}), "optional<vector<f64>>[1]");
  expect(std::set<int>{7}, "set<i32>[1]");
}

TEST_F(CallTableTest, IsUtf8WhateverTheBytes) {
  EXPECT_EQ(ResultCell(std::string("a\xff")), "a\\xff");
}

TEST_F(CallTableTest, WhatWasNotKeptIsTypeAndDigest) {
  TestValue secret = ValueOf("password", std::string("hunter2"));
  secret.kept = false;
  InsertCall(
      *store_,
      {.function = "f", .arguments = {secret}, .result = ValueOf("", 1.0)});
  EXPECT_THAT(Lines()[1],
              AllOf(HasSubstr(",string " + Digest::Of(secret.bytes).ToString()),
                    ::testing::Not(HasSubstr("hunter2"))));
  const json::array calls = Json();
  const json::object& argument = calls[0].at("arguments").at(0).get_object();
  EXPECT_EQ(argument.at("kept"), false);
  EXPECT_TRUE(argument.at("value").is_null());
}

TEST_F(CallTableTest, ColumnsOfSeveralFunctionsAreUnitedByName) {
  InsertCall(*store_, {.function = "f",
                       .arguments = {ValueOf("x", 1.0), ValueOf("y", 2.0)},
                       .result = ValueOf("", 0.0),
                       .created = absl::FromUnixSeconds(2)});
  InsertCall(*store_,
             {.function = "g",
              .arguments = {ValueOf("z", 4.0), ValueOf("x", std::string("s"))},
              .result = ValueOf("", 0.0),
              .created = absl::FromUnixSeconds(1)});
  const std::vector<std::string> lines = Lines();
  ASSERT_EQ(lines.size(), 3);
  EXPECT_EQ(lines[0],
            "key,function,version,seed,x,y,z,result,seconds,hits,created");
  EXPECT_THAT(lines[1], HasSubstr(",f,1,,1.0,2.0,,0.0,"));
  EXPECT_THAT(lines[2], HasSubstr(",g,1,,s,,4.0,0.0,"));
}

TEST_F(CallTableTest, NoTwoColumnsHaveOneName) {
  InsertCall(*store_,
             {.function = "f",
              .arguments = {ValueOf("", 1.0), ValueOf("key", 2.0),
                            ValueOf("argument_1", 3.0), ValueOf("x", 4.0),
                            ValueOf("x", 5.0), ValueOf("a,b", 6.0)},
              .result = ValueOf("", 0.0)});
  const std::vector<std::string> lines = Lines();
  EXPECT_EQ(lines[0],
            "key,function,version,seed,argument_1,argument_key,argument_1_2,x,"
            "x_2,\"a,b\",result,seconds,hits,created");
  EXPECT_THAT(lines[1], HasSubstr(",1.0,2.0,3.0,4.0,5.0,6.0,0.0,"));
}

TEST_F(CallTableTest, CodecsOfTheRegistryAreUsed) {
  TestValue mesh = ValueOf("", std::string("triangle"));
  mesh.type = "test.Mesh/1";
  InsertCall(*store_, {.function = "f", .result = mesh});
  EXPECT_THAT(Lines()[1], HasSubstr(",test.Mesh/1 xxh3:"));
  EXPECT_THAT(std::string(Json()[0].at("result").at("error").get_string()),
              HasSubstr("no codec"));
  ASSERT_THAT(
      registry_.Add({.name = "test.Mesh/1",
                     .visit =
                         [](const ParsedTypeName&, ValueWalk& walk) {
                           walk.visitor().String(walk.source().ReadString());
                           return absl::OkStatus();
                         }}),
      IsOk());
  EXPECT_THAT(Lines()[1], HasSubstr(",triangle,"));
  EXPECT_EQ(Json()[0].at("result").at("value"), "triangle");
}

TEST_F(CallTableTest, JsonHasEverythingOnRecord) {
  const Digest inner =
      InsertCall(*store_, {.function = "g", .result = ValueOf("", 1.0)});
  ASSERT_THAT(store_->Forget(inner), IsOk());
  const Digest key =
      InsertCall(*store_, {.function = "f",
                           .arguments = {ValueOf("x", 0.1), ValueOf("", 7)},
                           .result = ValueOf("", std::pair(1, true)),
                           .callees = {inner},
                           .seed = 42});
  const json::array calls = Json();
  ASSERT_EQ(calls.size(), 1);
  const json::object& call = calls[0].get_object();
  std::vector<std::string> names;
  for (const auto& [name, member] : call) names.emplace_back(name);
  EXPECT_THAT(names,
              ElementsAre("key", "function", "version", "callee_versions",
                          "salts", "environment_in_key", "seed", "arguments",
                          "result", "elapsed_seconds", "spent_seconds",
                          "created_at", "last_used_at", "hits", "callees",
                          "environment", "imported_from"));
  EXPECT_EQ(call.at("key"), key.ToString().c_str());
  EXPECT_EQ(call.at("seed"), 42);
  EXPECT_EQ(call.at("elapsed_seconds"), 0.001);
  EXPECT_EQ(call.at("spent_seconds"), 3e-5);
  EXPECT_EQ(call.at("callees").at(0).at("key"), inner.ToString().c_str());
  EXPECT_EQ(call.at("environment").at("host"), "ada");
  EXPECT_EQ(call.at("arguments").at(0).at("name"), "x");
  EXPECT_EQ(call.at("arguments").at(0).at("value"), 0.1);
  EXPECT_TRUE(call.at("arguments").at(1).at("name").is_null());
  EXPECT_EQ(call.at("result").at("value"), json::value({1, true}));
}

TEST_F(CallTableTest, JsonHasValuesInFullUpToALimit) {
  // Eight bytes of size, 56 of padding.
  constexpr std::size_t kFits = (kFullValueSize - 64) / 8;
  for (const std::size_t size : {kFits, kFits + 1}) {
    const Digest key = InsertCall(
        *store_, {.function = "f",
                  .result = ValueOf("", std::vector<double>(size, 1.0 / 3))});
    const json::array calls = Json();
    const json::object& result = calls[0].at("result").get_object();
    EXPECT_EQ(result.at("shape"), json::value(json::array{size}));
    EXPECT_LT(result.at("preview").get_array().size(), 10);
    if (size == kFits) {
      EXPECT_EQ(result.at("value"),
                json::value(json::array(size, json::value(1.0 / 3))));
    } else {
      EXPECT_TRUE(result.at("value").is_null());
    }
    ASSERT_THAT(store_->Forget(key), IsOk());
  }
}

TEST_F(CallTableTest, JsonIsALineForEachCall) {
  for (int i = 0; i < 3; ++i) {
    InsertCall(*store_, {.function = "f\n",
                         .arguments = {ValueOf("x", i)},
                         .result = ValueOf("", std::string("\n"))});
  }
  std::string text;
  StringSink sink(text);
  ASSERT_THAT(WriteCallsJson(*store_, Calls(), registry_, sink), IsOk());
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_EQ(lines.size(), 6);
  EXPECT_EQ(lines[0], "[");
  EXPECT_THAT(lines[1], AllOf(StartsWith("{"), ::testing::EndsWith("},")));
  EXPECT_THAT(lines[3], AllOf(StartsWith("{"), ::testing::EndsWith("}")));
  EXPECT_EQ(lines[4], "]");
  EXPECT_EQ(lines[5], "");
}

TEST_F(CallTableTest, DamageIsAnErrorBehindACompleteTable) {
  const TestValue large = ValueOf("", std::vector<double>(1000, 1.0));
  const Digest key = InsertCall(*store_, {.function = "f", .result = large});
  InsertCall(*store_, {.function = "g", .result = ValueOf("", 2.5)});
  const Digest digest = Digest::Of(large.bytes);
  std::filesystem::remove(store_->BlobPath(digest));
  std::string text;
  StringSink sink(text);
  EXPECT_THAT(WriteCallsCsv(*store_, Calls(), registry_, sink),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(key.ToHex().substr(0, 12)),
                             HasSubstr(digest.ToString()))));
  EXPECT_THAT(text, AllOf(HasSubstr("f64[?] " + digest.ToString()),
                          HasSubstr(",2.5,")));
  const json::array calls = Json(absl::StatusCode::kDataLoss);
  EXPECT_EQ(calls.size(), 2);
}

// The lists of typed calls.

TEST_F(CallTableTest, OfAFunction) {
  const auto power = Memoize(
      *store_,
      {.name = "power", .version = "1", .argument_names = {"base", "to"}},
      [](double base, const Params& to) { return base + to.tolerance; });
  std::ostringstream none;
  EXPECT_THAT(power.Calls().WriteCsv(none), IsOk());
  EXPECT_EQ(none.str(),
            "key,function,version,seed,result,seconds,hits,created\r\n");
  power(1.5, {});
  power.Seeded(3)(2.5, {});
  Memoize(*store_, {.name = "power", .version = "2"},
          [](double x) { return x; })(0);
  std::ostringstream out;
  EXPECT_THAT(power.Calls().WriteCsv(out), IsOk());
  const std::vector<std::string> lines = absl::StrSplit(out.str(), "\r\n");
  ASSERT_EQ(lines.size(), 4);
  EXPECT_EQ(lines[0],
            "key,function,version,seed,base,to,result,seconds,hits,created");
  EXPECT_THAT(lines[1], HasSubstr(",power,1,3,2.5,"));
  EXPECT_THAT(lines[2], HasSubstr(",power,1,,1.5,"));
  std::ostringstream text;
  EXPECT_THAT(power.Calls().WriteJson(text, &registry_), IsOk());
  const absl::StatusOr<json::value> calls = ParseJson(text.str());
  ASSERT_THAT(calls, IsOk());
  EXPECT_EQ(calls->get_array().size(), 2);
  EXPECT_EQ(calls->at(0).at("result").at("value"), 2.500000001);
}

TEST_F(CallTableTest, ToAStreamThatFails) {
  const auto square = Memoize(*store_, {.name = "square", .version = "1"},
                              [](double x) { return x * x; });
  square(2);
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THAT(square.Calls().WriteCsv(out),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stream")));
  EXPECT_THAT(square.Calls().WriteJson(out),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST(Rfc3339Test, IsUtcWithMicroseconds) {
  EXPECT_EQ(Rfc3339(absl::FromUnixMicros(1795398707260574)),
            "2026-11-23T01:51:47.260574Z");
  EXPECT_EQ(Rfc3339(absl::UnixEpoch()), "1970-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace ireneo
