#include "ireneo/memo/record_json.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "boost/json.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/call_line_text.h"
#include "ireneo/memo/sealed_json.h"
#include "tests/store/test_util.h"

namespace ireneo::internal {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Digest KeyOf(const CallRecord& call) {
  std::vector<Digest> arguments;
  for (const ArgumentRecord& argument : call.arguments) {
    arguments.push_back(argument.digest);
  }
  return CallKey(FunctionDigest(IdentityOf(call)), arguments, call.seed);
}

// With something in every member.
CallLine Rich() {
  CallLine line;
  CallRecord& call = line.call;
  call.function = "acme.Solve \"é\"";
  call.version = "2";
  call.callee_versions = {"1+ab", "3"};
  call.salts = {{"blas", "openblas-0.3.21"}, {"a\nb", ""}};
  call.environment_in_key = {{"simd", "avx2"}};
  const std::string small("\0\xff 8 bytes", 10);
  call.arguments = {{.name = "a",
                     .type = "eigen<<f8,?,?,F>/1",
                     .digest = Digest::Of("large"),
                     .kept = true},
                    {.name = "tolerance",
                     .type = "string",
                     .digest = Digest::Of(small),
                     .kept = true,
                     .small_value = small},
                    {.name = "", .type = "bool", .digest = Digest::Of("t")}};
  line.kept_sizes = {8'000'128, 10, 0};
  call.seed = 0xfedcba9876543210;
  call.result_type = "f64";
  call.result = Digest::Of("result");
  call.result_size = 8;
  call.elapsed = absl::Nanoseconds(1'234'567'891);
  call.created_at = absl::FromUnixMicros(1'795'400'000'123'456);
  call.spent = absl::Nanoseconds(4321);
  call.environment = R"({"compiler":"gcc 12.2","host":"ada"})";
  call.callees = {Digest::Of("c1"), Digest::Of("c2")};
  line.first_created = absl::FromUnixMicros(1'795'300'000'000'000);
  call.key = KeyOf(call);
  return line;
}

// A call without anything that can be left out.
CallLine Plain() {
  CallLine line;
  line.call.function = "acme.Seven";
  line.call.version = "1";
  line.call.result_type = "i32";
  line.call.result = Digest::Of("7");
  line.call.result_size = 4;
  line.call.created_at = absl::UnixEpoch();
  line.call.environment = "{}";
  line.call.key = KeyOf(line.call);
  line.first_created = absl::UnixEpoch();
  return line;
}

// The parts of a call that decide what is returned for which key.
void ExpectSameCall(const CallLine& a, const CallLine& b) {
  EXPECT_EQ(a.call.key, b.call.key);
  EXPECT_EQ(a.call.result, b.call.result);
  EXPECT_EQ(a.call.result_size, b.call.result_size);
  EXPECT_EQ(a.call.result_type, b.call.result_type);
  EXPECT_EQ(a.call.created_at, b.call.created_at);
}

TEST(RecordJsonTest, WhatIsWrittenIsRead) {
  const CallLine line = Rich();
  const absl::StatusOr<std::string> text = WriteCallLine(line);
  ASSERT_THAT(text, IsOk());
  const absl::StatusOr<CallLine> read = ReadCallLine(*text);
  ASSERT_THAT(read, IsOk());
  ExpectSameCall(*read, line);
  const CallRecord& call = read->call;
  EXPECT_EQ(call.function, line.call.function);
  EXPECT_EQ(call.version, line.call.version);
  EXPECT_EQ(call.callee_versions, line.call.callee_versions);
  EXPECT_EQ(call.salts, line.call.salts);
  EXPECT_EQ(call.environment_in_key, line.call.environment_in_key);
  ASSERT_EQ(call.arguments.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const ArgumentRecord& expected = line.call.arguments[i];
    EXPECT_EQ(call.arguments[i].name, expected.name);
    EXPECT_EQ(call.arguments[i].type, expected.type);
    EXPECT_EQ(call.arguments[i].digest, expected.digest);
    EXPECT_EQ(call.arguments[i].kept, expected.kept);
    EXPECT_EQ(call.arguments[i].small_value, expected.small_value);
  }
  EXPECT_EQ(read->kept_sizes, line.kept_sizes);
  EXPECT_EQ(call.seed, line.call.seed);
  EXPECT_EQ(call.elapsed, line.call.elapsed);
  EXPECT_EQ(call.spent, line.call.spent);
  EXPECT_EQ(call.environment, line.call.environment);
  EXPECT_EQ(call.callees, line.call.callees);
  EXPECT_EQ(call.last_used_at, call.created_at);
  EXPECT_EQ(read->first_created, line.first_created);
  EXPECT_EQ(read->function_digest, FunctionDigest(IdentityOf(line.call)));
}

TEST(RecordJsonTest, TheBytesArePinned) {
  EXPECT_EQ(
      WriteCallLine(Plain()).value_or("") + WriteCallLine(Rich()).value_or(""),
      testing::FileBytes("tests/golden/calls_1.jsonl"));
}

TEST(RecordJsonTest, NoDamagedByteIsReadAsAnotherCall) {
  for (const CallLine& line : {Plain(), Rich()}) {
    const std::string good = *WriteCallLine(line);
    int read_well = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ flip);
        const absl::StatusOr<CallLine> read = ReadCallLine(bad);
        if (!read.ok()) {
          EXPECT_THAT(read, StatusIs(absl::StatusCode::kDataLoss)) << i;
          continue;
        }
        // White space for a newline.
        ++read_well;
        ExpectSameCall(*read, line);
      }
    }
    EXPECT_LE(read_well, 3);
  }
}

TEST(RecordJsonTest, NoTruncatedLineIsRead) {
  const std::string good = *WriteCallLine(Rich());
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    EXPECT_THAT(ReadCallLine(good.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(ReadCallLine(good + good), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordJsonTest, AKeyOfSomethingElseIsDataLoss) {
  // With a checksum that holds.
  CallLine line = Rich();
  line.call.salts["blas"] = "mkl";
  EXPECT_THAT(ReadCallLine(*WriteCallLine(line)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("its key is")));
  line = Rich();
  line.call.seed = std::nullopt;
  EXPECT_THAT(ReadCallLine(*WriteCallLine(line)),
              StatusIs(absl::StatusCode::kDataLoss));
  line = Rich();
  line.call.arguments[1].small_value = "other byte";
  EXPECT_THAT(ReadCallLine(*WriteCallLine(line)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("\"value\"")));
}

TEST(RecordJsonTest, OrderAndWhiteSpaceAreFree) {
  std::string text = *WriteCallLine(Plain());
  text.insert(1, "  ");
  const absl::StatusOr<CallLine> read = ReadCallLine(text);
  ASSERT_THAT(read, IsOk());
  ExpectSameCall(*read, Plain());
}

TEST(RecordJsonTest, MembersThatAreNotKnownAreIgnoredAndChecked) {
  boost::json::object object = *OpenSealedJson(*WriteCallLine(Plain()));
  object["zebra"] = {1, 2};
  const std::string text = *SealJson(object);
  const absl::StatusOr<CallLine> read = ReadCallLine(text);
  ASSERT_THAT(read, IsOk());
  ExpectSameCall(*read, Plain());
  std::string bad = text;
  bad[bad.find("zebra")] = 'y';
  EXPECT_THAT(ReadCallLine(bad), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordJsonTest, EveryMemberHasItsType) {
  const boost::json::object good = *OpenSealedJson(*WriteCallLine(Rich()));
  for (const auto& [name, value] : good) {
    boost::json::object bad = good;
    bad[name] = nullptr;
    EXPECT_THAT(ReadCallLine(*SealJson(bad)),
                StatusIs(absl::StatusCode::kDataLoss))
        << name;
  }
}

TEST(RecordJsonTest, ANewerFormatIsNotTakenForDamage) {
  boost::json::object object = *OpenSealedJson(*WriteCallLine(Plain()));
  object["format"] = 2;
  EXPECT_THAT(ReadCallLine(*SealJson(object)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("use a newer Ireneo")));
}

TEST(RecordJsonTest, DeepAndOtherJsonIsDataLoss) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("7"),
        std::string(100'000, '['), std::string(R"({"checksum":"xxh3:00"})")}) {
    EXPECT_THAT(ReadCallLine(text), StatusIs(absl::StatusCode::kDataLoss));
  }
}

// The short way takes what is written as a rule, and nothing else.
TEST(RecordJsonTest, PlainLinesAreReadTheShortWay) {
  CallLine line = Rich();
  line.call.function = "acme.Solve";
  line.call.salts = {{"blas", "openblas-0.3.21"}, {"os", ""}};
  line.call.small_result = "8 bytes.";
  line.call.result = Digest::Of(*line.call.small_result);
  line.call.key = KeyOf(line.call);
  const std::string text = *WriteCallLine(line);
  const std::optional<CallLine> plain = ReadPlainCallLine(text);
  ASSERT_TRUE(plain.has_value());
  // The long way reads the same.
  const std::string spaced = " " + text;
  ASSERT_FALSE(ReadPlainCallLine(spaced).has_value());
  const absl::StatusOr<CallLine> read = ReadCallLine(spaced);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*WriteCallLine(*plain), text);
  EXPECT_EQ(*WriteCallLine(*read), text);
  EXPECT_EQ(read->call.small_result, line.call.small_result);
  EXPECT_EQ(plain->call.small_result, line.call.small_result);
  EXPECT_TRUE(ReadPlainCallLine(*WriteCallLine(Plain())).has_value());
  EXPECT_FALSE(ReadPlainCallLine(*WriteCallLine(Rich())).has_value());
  // An environment that is not in its canonical form is given that.
  line.call.environment = R"({ "b": "2", "a": "1" })";
  EXPECT_THAT(*WriteCallLine(line), HasSubstr(R"({"a":"1","b":"2"})"));
}

TEST(RecordJsonTest, WhatIsNotUtf8IsRefused) {
  CallLine line = Plain();
  line.call.version = "\xff";
  EXPECT_THAT(WriteCallLine(line), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("acme.Seven")));
}

}  // namespace
}  // namespace ireneo::internal
