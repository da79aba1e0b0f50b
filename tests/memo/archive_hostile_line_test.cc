// Archives that somebody made to do harm: by the lines of their calls, and by
// what those say, which must do no harm when it is imported either.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "boost/json/value.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/memo/verification.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "tests/memo/archive_hostile_fixture.h"
#include "tests/memo/hostile_archive.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

using ::testing::HasSubstr;

using internal::CallLine;

namespace json = boost::json;

// --------------------------------------------------------------------- Lines

class HostileLineTest : public HostileArchiveTest {
 protected:
  // An archive of one line, which says that it has the key of `call_`.
  ArchiveParts WithLine(const std::string& text) const {
    ArchiveParts parts;
    parts.layers.push_back(CallsLayer({text}, call_.call.key, call_.call.key));
    parts.contents.calls = 1;
    AddFunctions(std::vector{text}, parts.contents);
    return parts;
  }
  ArchiveParts WithObject(json::object object) const {
    return WithLine(Sealed(std::move(object)));
  }

  const CallLine call_ = MakeLine("evil.F", 1, "small");
};

TEST_F(HostileLineTest, AGoodOneIsTaken) {
  WriteFileBytes(File(), ToBytes(WithObject(ObjectOf(call_))));
  EXPECT_THAT(CheckArchive(File()), IsOk());
}

TEST_F(HostileLineTest, AKeyThatIsNotItsOwn) {
  json::object object = ObjectOf(call_);
  object["key"] = Digest::Of("another").ToString();
  ExpectBad(WithObject(object), kDataLoss, "its key is");
  object = ObjectOf(call_);
  object["function"].get_object()["name"] = "acme.Twice";
  ExpectBad(WithObject(object), kDataLoss, "its key is");
  object = ObjectOf(call_);
  object["seed"] = 7;
  ExpectBad(WithObject(object), kDataLoss, "its key is");
}

TEST_F(HostileLineTest, AWrongChecksum) {
  std::string text = TextOf(call_);
  const std::size_t at = text.find("\"elapsed_ns\":5");
  ASSERT_NE(at, text.npos);
  text[at + 13] = '6';
  ExpectBad(WithLine(text), kDataLoss, "checksum");
  ExpectBad(WithLine("{}\n"), kDataLoss, "checksum");
  ExpectBad(WithLine("\n"), kDataLoss, "not a record");
  ExpectBad(WithLine("null\n"), kDataLoss, "not a record");
  ExpectBad(WithLine("\"checksum\":\"x\"\n"), kDataLoss, "not a record");
}

TEST_F(HostileLineTest, ResultsInTheWrongPlace) {
  json::object object = ObjectOf(call_);
  object["result"].get_object().erase("value");
  ExpectBad(WithObject(object), kInvalid, "its result in the wrong place");
  CallLine large = MakeLine("evil.F", 1, std::string(1000, 'm'));
  large.call.small_result = std::string(1000, 'm');
  ExpectBad(WithLine(TextOf(large)), kInvalid, "its result in the wrong place");
  CallLine lying = call_;
  lying.call.result_size = 6;
  ExpectBad(WithLine(TextOf(lying)), kDataLoss, "\"value\"");
  lying.call.result_size = ~std::uint64_t{0};
  ExpectBad(WithLine(TextOf(lying)), kDataLoss, "\"value\"");
}

TEST_F(HostileLineTest, ArgumentsInTheWrongPlace) {
  CallLine line = call_;
  line.call.arguments[0].small_value.reset();
  ExpectBad(WithLine(TextOf(line)), kInvalid, "argument in the wrong place");
  const std::string large(1000, 'm');
  line = call_;
  line.call.arguments[0].digest = Digest::Of(large);
  line.call.arguments[0].small_value = large;
  line.kept_sizes[0] = 1000;
  json::object object = ObjectOf(line);
  SetKey(object);
  ExpectBad(WithObject(object), kInvalid, "argument in the wrong place");
}

TEST_F(HostileLineTest, NumbersThatAreNone) {
  for (const char* const name :
       {"elapsed_ns", "spent_ns", "created_us", "format"}) {
    for (const json::value& value :
         {json::value(1.5), json::value("1"), json::value(nullptr),
          json::value(~std::uint64_t{0})}) {
      SCOPED_TRACE(name);
      json::object object = ObjectOf(call_);
      object[name] = value;
      ExpectBad(WithObject(object), kDataLoss, name);
    }
  }
  for (const char* const name : {"elapsed_ns", "spent_ns"}) {
    json::object object = ObjectOf(call_);
    object[name] = -1;
    ExpectBad(WithObject(object), kInvalid, "time below zero");
  }
  json::object object = ObjectOf(call_);
  object["format"] = 2;
  ExpectBad(WithObject(object), kForeign, "newer Ireneo");
}

TEST_F(HostileLineTest, MembersOfOtherTypes) {
  const json::object good = ObjectOf(call_);
  for (const auto& [name, value] : good) {
    SCOPED_TRACE(std::string(name));
    for (const json::value& other :
         {json::value(nullptr), json::value(7), json::value("x"),
          json::value(json::array{json::array()}),
          json::value(json::object{{"x", 1}})}) {
      if (other.kind() == value.kind() || name == "environment") continue;
      json::object object = good;
      object[name] = other;
      ExpectBad(ToBytes(WithObject(object)), kDataLoss, ::testing::_);
    }
    json::object object = good;
    object.erase(name);
    ExpectBad(ToBytes(WithObject(object)), kDataLoss, ::testing::_);
  }
}

TEST_F(HostileLineTest, TextThatIsNotUtf8) {
  std::string text = TextOf(call_);
  text.replace(text.find("mallory"), 7, "\xff\xfe\xfd\xfc\xed\xa0\x80");
  ExpectBad(WithLine(text), kDataLoss, "not a record");
}

TEST_F(HostileLineTest, DeepNesting) {
  const std::string deep =
      std::string(10'000, '[') + std::string(10'000, ']') + "\n";
  ExpectBad(WithLine(deep), kDataLoss, "not a record");
  ExpectBad(WithLine(std::string(3 << 20, '[') + "\n"), kDataLoss,
            "not a record");
  ArchiveParts parts = SomeArchive();
  parts.manifest = deep;
  ExpectBad(parts, kDataLoss, "its manifest");
  parts = SomeArchive();
  parts.config = deep;
  ExpectBad(parts, kDataLoss, "its description");
  parts = SomeArchive();
  parts.index = deep;
  ExpectBad(parts, kDataLoss, "index.json");
  parts = SomeArchive();
  parts.layout = deep;
  ExpectBad(parts, kDataLoss, "oci-layout");
}

TEST_F(HostileLineTest, AHundredMegabytesWithoutANewline) {
  ArchiveParts parts = WithLine(std::string(100 << 20, ' '));
  ExpectBad(parts, kInvalid, "has a line of over");
  parts = WithLine(std::string(100, ' '));
  ExpectBad(parts, kDataLoss, "without a newline");
}

// ---------------------------------------------------- What follows an import

// What was taken does no harm later: the store can be looked at, collected and
// exported.
class HostileCallTest : public HostileLineTest {
 protected:
  void ExpectUsable(const ArchiveParts& parts) {
    WriteFileBytes(File(), ToBytes(parts));
    const absl::Status imported = ImportArchive(File(), store_).status();
    if (!imported.ok()) {
      EXPECT_THAT(imported,
                  StatusIs(imported.code(), HasSubstr(File().native())));
      ADD_FAILURE() << imported;
      return;
    }
    EXPECT_THAT(store_.Stats(), IsOk());
    EXPECT_THAT(store_.Functions(), IsOk());
    EXPECT_THAT(store_.Calls({}), IsOk());
    const absl::StatusOr<VerifyReport> report = store_.Verify();
    ASSERT_THAT(report, IsOk());
    EXPECT_FALSE(report->found_damage());
    EXPECT_THAT(ExportArchive(store_, dir_.path() / "out.tar"), IsOk());
    EXPECT_THAT(CheckArchive(dir_.path() / "out.tar"), IsOk());
    EXPECT_THAT(store_.Collect({.max_age = absl::Hours(1)}), IsOk());
  }
};

TEST_F(HostileCallTest, ExtremeNumbers) {
  std::vector<CallLine> lines;
  for (int i = 0; i < 4; ++i) {
    CallLine line = MakeLine("evil.F", i, "small");
    line.call.elapsed = absl::Nanoseconds(INT64_MAX);
    line.call.spent = absl::Nanoseconds(INT64_MAX);
    line.call.created_at = absl::FromUnixMicros(i % 2 ? INT64_MAX : INT64_MIN);
    line.first_created = line.call.created_at;
    lines.push_back(line);
  }
  ExpectUsable(MakeArchive(lines, {}));
}

TEST_F(HostileCallTest, CallsThatCallEachOther) {
  CallLine a = MakeLine("evil.F", 1, "small");
  CallLine b = MakeLine("evil.F", 2, "small");
  a.call.callees = {a.call.key, b.call.key, b.call.key};
  b.call.callees = {a.call.key};
  ExpectUsable(MakeArchive({a, b}, {}));
  WriteFileBytes(File(), ToBytes(MakeArchive({a, b}, {})));
  ASSERT_THAT(ImportArchive(File(), store_), IsOk());
  EXPECT_THAT(ExportArchive(store_, dir_.path() / "out.tar",
                            {.keys = {a.call.key}, .lineage = true}),
              IsOk());
}

TEST_F(HostileCallTest, StrangeNames) {
  std::vector<CallLine> lines;
  for (const std::string& name :
       {std::string(), std::string("\0", 1), std::string("\x1b[2J"),
        std::string("../../x"), std::string("'; DROP TABLE calls; --"),
        std::string(1 << 20, 'x')}) {
    lines.push_back(MakeLine(name, 1, "small"));
    lines.back().call.environment = "{}";
  }
  ExpectUsable(MakeArchive(lines, {}));
}

// A description that is a text, of an object that would be too deep in a
// record.
TEST_F(HostileCallTest, ADescriptionAtTheLimitOfNesting) {
  std::string deep = "{}";
  for (int i = 1; i < 256; ++i) deep = "{\"a\":" + deep + "}";
  json::object object = ObjectOf(call_);
  object["environment"] = json::string(deep);
  ExpectUsable(WithObject(object));
}

// A line of numbers whose canonical text is longer.
TEST_F(HostileCallTest, ADescriptionThatGrows) {
  std::string text = TextOf(call_);
  std::string numbers = "[1e9";
  while (numbers.size() < 3'900'000) numbers += ",1e9";
  numbers += "]";
  const std::size_t at = text.find("\"mallory\"");
  text.replace(at, 9, numbers);
  // The checksum is of the text without it.
  const std::size_t from = text.find("\"checksum\":\"");
  const std::size_t size = text.find(',', from) + 1 - from;
  std::string without = text;
  without.erase(from, size);
  without.pop_back();
  text.replace(
      from, size,
      absl::StrCat("\"checksum\":\"", Digest::Of(without).ToString(), "\","));
  ExpectBad(WithLine(text), kInvalid, "too long a record");
}

TEST_F(HostileCallTest, ThousandsOfArguments) {
  CallLine line = call_;
  for (int i = 0; i < 5000; ++i) {
    line.call.arguments.push_back(line.call.arguments[0]);
    line.kept_sizes.push_back(line.kept_sizes[0]);
  }
  json::object object = ObjectOf(line);
  SetKey(object);
  ExpectBad(WithObject(object), kInvalid, "more arguments than any function");
}

// A record cannot make the store lose a blob that it has, by a lie about its
// size.
TEST_F(HostileCallTest, ALieAboutTheSizeOfABlobThatIsThere) {
  for (const Compression& compression :
       {Compression::kNone, Compression::Zstd(3)}) {
    const MemoStore store = *OpenStore(
        dir_.path() /
            (compression == Compression::kNone ? "plain" : "compressed"),
        {.memory_bytes = 0, .compression = compression});
    std::vector<CallLine> lines;
    int n = 0;
    for (const std::size_t size : {300u, 5000u, 100'000u}) {
      const std::string blob(size, 'b');
      ASSERT_THAT(store.blobs().Put(blob), IsOk());
      for (const std::uint64_t lie :
           {std::uint64_t{256}, std::uint64_t{4097}, std::uint64_t{50'000},
            std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
        lines.push_back(MakeLine("evil.F", ++n, blob));
        lines.back().call.result_size = lie;
        lines.push_back(MakeLine("evil.F", ++n, "small"));
        CallLine& line = lines.back();
        line.call.arguments[0].digest = Digest::Of(blob);
        line.call.arguments[0].small_value.reset();
        line.kept_sizes[0] = lie;
        line.call.key =
            CallKey(line.function_digest, std::vector<Digest>{Digest::Of(blob)},
                    std::nullopt);
        // One of each key.
        line.call.seed = n;
        line.call.key = CallKey(line.function_digest,
                                std::vector<Digest>{Digest::Of(blob)}, n);
      }
    }
    WriteFileBytes(File(), ToBytes(MakeArchive(lines, {})));
    ASSERT_THAT(ImportArchive(File(), store), IsOk());
    const auto calls = store.Calls({});
    ASSERT_THAT(calls, IsOk());
    for (const CallRecord& call : *calls) {
      (void)store.ResultBytes(call);
      for (const ArgumentRecord& argument : call.arguments) {
        (void)store.ArgumentBytes(argument);
      }
    }
    for (const std::size_t size : {300u, 5000u, 100'000u}) {
      EXPECT_THAT(store.blobs().Get(Digest::Of(std::string(size, 'b'))),
                  IsOk());
    }
    const absl::StatusOr<VerifyReport> report = store.Verify();
    ASSERT_THAT(report, IsOk());
    EXPECT_FALSE(report->found_damage());
    EXPECT_THAT(ExportArchive(store, dir_.path() / "out.tar"), IsOk());
    EXPECT_THAT(CheckArchive(dir_.path() / "out.tar"), IsOk());
  }
}

}  // namespace
}  // namespace ireneo::testing
