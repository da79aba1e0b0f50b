// How results are compressed: by the store, by a function, and anew.

#include "ireneo/store/compression.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/recompression.h"
#include "ireneo/serializers/element_size.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/file_lock.h"
#include "tests/memo/memo_fixture.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::IsOk;
using ::ireneo::testing::MemoFixture;
using ::ireneo::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

constexpr std::int64_t kLines = 5000;

std::string Text(std::int64_t n) {
  std::string text;
  for (std::int64_t i = 0; i < n; ++i) text += std::to_string(i * i) + "\n";
  return text;
}

std::vector<double> Ramp(std::int64_t n) {
  std::vector<double> ramp(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < ramp.size(); ++i) {
    ramp[i] = static_cast<double>(i);
  }
  return ramp;
}

class CompressionTest : public MemoFixture {
 protected:
  auto MemoizedText(std::optional<Compression> compression = std::nullopt,
                    const std::string& name = "test.Text") {
    return Memoize(store(),
                   {.name = name, .version = "1", .compression = compression},
                   Text);
  }
  auto MemoizedRamp(std::optional<Compression> compression = std::nullopt) {
    return Memoize(
        store(),
        {.name = "test.Ramp", .version = "1", .compression = compression},
        Ramp);
  }

  fs::path ResultPath(const std::string& function) {
    const auto calls = store().Calls({.function = function});
    EXPECT_THAT(calls, IsOk());
    EXPECT_EQ(calls->size(), 1u);
    return store().BlobPath(calls->front().result);
  }
  std::string Extension(const std::string& function) {
    const fs::path path = ResultPath(function);
    EXPECT_TRUE(fs::exists(path)) << path;
    return path.extension().native();
  }

  RecompressReport Recompress(const RecompressOptions& options) {
    absl::StatusOr<RecompressReport> report = store().Recompress(options);
    EXPECT_THAT(report, IsOk());
    if (!report.ok()) return {};
    EXPECT_THAT(report->skipped, IsEmpty());
    EXPECT_THAT(report->failed, IsEmpty());
    return *std::move(report);
  }
};

TEST(ElementSizeTest, OfArraysOfNumbers) {
  EXPECT_EQ(ElementSizeOf("vector<f64>"), 8);
  EXPECT_EQ(ElementSizeOf("vector<c64>"), 8);
  EXPECT_EQ(ElementSizeOf("vector<u8>"), 1);
  EXPECT_EQ(ElementSizeOf("array<f32,16>"), 4);
  EXPECT_EQ(ElementSizeOf("vector<array<f32,3>>"), 4);
  for (const char* type :
       {"vector<bool>", "vector<string>", "vector<vector<f64>>",
        "vector<acme.Rgb/1>", "vector<tuple<f64,f64>>", "f64", "string",
        "eigen<<f8,?,?,F>/1", "vector<", "vector<f64>x", "vector<>", ""}) {
    EXPECT_EQ(ElementSizeOf(type), 0) << type;
  }
}

TEST_F(CompressionTest, ByDefaultArraysStayRaw) {
  MemoizedText()(kLines);
  MemoizedRamp()(kLines);
  EXPECT_EQ(Extension("test.Text"), ".zst");
  EXPECT_EQ(Extension("test.Ramp"), "");
}

TEST_F(CompressionTest, AFunctionOverrulesTheStore) {
  Open({.compression = Compression::kNone});
  MemoizedText()(kLines);
  MemoizedRamp(Compression::kSmall)(kLines);
  EXPECT_EQ(Extension("test.Text"), "");
  EXPECT_EQ(Extension("test.Ramp"), ".blosc");
  Open({.compression = Compression::Zlib()});
  EXPECT_EQ(MemoizedRamp()(kLines), Ramp(kLines));
  EXPECT_TRUE(LastHit());
  MemoizedText(std::nullopt, "test.Other")(kLines + 1);
  EXPECT_EQ(Extension("test.Other"), ".gz");
}

TEST_F(CompressionTest, KeptArgumentsAreCompressedToo) {
  const auto size = Memoize(
      store(),
      {.name = "test.Size", .version = "1", .compression = Compression::Zlib()},
      [](const std::string& text) { return text.size(); });
  size(Text(kLines));
  const auto calls = store().Calls();
  ASSERT_THAT(calls, IsOk());
  EXPECT_EQ(store().BlobPath(calls->front().arguments[0].digest).extension(),
            ".gz");
}

TEST_F(CompressionTest, EqualResultsUnderTwoCodecsAreOneBlob) {
  MemoizedText(Compression::Zlib(), "test.A")(kLines);
  MemoizedText(Compression::Blosc(), "test.B")(kLines);
  EXPECT_EQ(ResultPath("test.A"), ResultPath("test.B"));
  EXPECT_EQ(Extension("test.A"), ".gz");
  const auto stats = store().Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->blobs, 1);
  EXPECT_EQ(stats->bytes, Text(kLines).size() + 8);
  EXPECT_EQ(stats->bytes_stored, fs::file_size(ResultPath("test.A")));
  EXPECT_LT(stats->bytes_stored, stats->bytes);
}

TEST_F(CompressionTest, RecompressingBackAndForthChangesNoResult) {
  const auto text = MemoizedText();
  const auto ramp = MemoizedRamp();
  text(kLines);
  ramp(kLines);
  struct Step {
    Compression compression;
    const char* text;
    const char* ramp;
  };
  for (const Step& step : {Step{Compression::kNone, "", ""},
                           Step{Compression::Zlib(), ".gz", ".gz"},
                           Step{Compression::Zstd(3), ".zst", ".zst"},
                           Step{Compression::kSmall, nullptr, ".blosc"},
                           Step{Compression::kDefault, ".zst", ""}}) {
    const RecompressReport report =
        Recompress({.compression = step.compression});
    EXPECT_EQ(report.blobs, 2);
    // kSmall takes what is best for a sample.
    if (step.text != nullptr) {
      EXPECT_EQ(Extension("test.Text"), step.text);
    }
    EXPECT_EQ(Extension("test.Ramp"), step.ramp);
    EXPECT_EQ(report.bytes_after, store().Stats()->bytes_stored);
    // A second run finds all done.
    EXPECT_EQ(Recompress({.compression = step.compression}).changed, 0);
    // In memory or not.
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(MemoizedText()(kLines), Text(kLines));
      EXPECT_TRUE(LastHit());
      EXPECT_EQ(MemoizedRamp()(kLines), Ramp(kLines));
      EXPECT_TRUE(LastHit());
      Open();
    }
  }
}

TEST_F(CompressionTest, RecompressesWhatFunctionsHave) {
  Open({.compression = Compression::kNone});
  MemoizedText()(kLines);
  MemoizedRamp()(kLines);
  const RecompressReport report =
      Recompress({.compression = Compression::kSmall, .functions = {"test.R"}});
  EXPECT_EQ(report.blobs, 1);
  EXPECT_EQ(report.changed, 1);
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(Extension("test.Text"), "");
  EXPECT_EQ(Extension("test.Ramp"), ".blosc");
  EXPECT_EQ(Recompress({.functions = {"test.None"}}).blobs, 0);
}

TEST_F(CompressionTest, RecompressingCanBeStopped) {
  Open({.compression = Compression::kNone});
  const auto text = MemoizedText();
  for (int i = 0; i < 5; ++i) text(kLines + i);
  const RecompressReport first =
      Recompress({.progress = [](const RecompressProgress& progress) {
        EXPECT_EQ(progress.total_blobs, 5);
        return progress.blobs < 2;
      }});
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.changed, 2);
  const RecompressReport second = Recompress({});
  EXPECT_TRUE(second.complete);
  EXPECT_EQ(second.blobs, 5);
  EXPECT_EQ(second.changed, 3);
}

TEST_F(CompressionTest, OneRecompressionAtATime) {
  std::optional<FileLock> lock;
  {
    absl::StatusOr<FileLock> taken =
        FileLock::Acquire(store().directory() / "locks" / "recompress",
                          FileLock::Mode::kExclusive);
    ASSERT_THAT(taken, IsOk());
    lock.emplace(*std::move(taken));
  }
  EXPECT_THAT(store().Recompress(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("another recompression is running")));
  lock.reset();
  EXPECT_THAT(store().Recompress(), IsOk());
}

TEST_F(CompressionTest, ADamagedCompressedFileIsAMissAndHeals) {
  MemoizedText()(kLines);
  Open();
  const fs::path path = ResultPath("test.Text");
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_EQ(MemoizedText()(kLines), Text(kLines));
  EXPECT_FALSE(events_.back().hit);
  EXPECT_EQ(Extension("test.Text"), ".zst");
  EXPECT_EQ(MemoizedText()(kLines), Text(kLines));
  EXPECT_TRUE(LastHit());
}

TEST_F(CompressionTest, ADamagedFileIsReportedAndNotHidden) {
  MemoizedText()(kLines);
  Open();
  const fs::path path = ResultPath("test.Text");
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(path, fs::file_size(path) / 2);
  const auto report = store().Recompress({.compression = Compression::kNone});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->changed, 0);
  EXPECT_EQ(report->failed.size(), 1u);
  EXPECT_EQ(MemoizedText()(kLines), Text(kLines));
  EXPECT_FALSE(events_.back().hit);
}

TEST_F(CompressionTest, CallsGoOnWhileOthersRecompress) {
  const auto text = MemoizedText();
  ::ireneo::testing::RunInThreads(3, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      if (thread == 0) {
        const auto report = store().Recompress(
            {.compression =
                 i % 2 == 0 ? Compression::kNone : Compression::kSmall});
        EXPECT_THAT(report, IsOk());
        if (report.ok()) {
          EXPECT_THAT(report->failed, IsEmpty());
        }
      } else {
        EXPECT_EQ(text(500 + i % 7), Text(500 + i % 7));
      }
    }
  });
  EXPECT_EQ(store().Stats()->faults, 0);
  EXPECT_EQ(store().Stats()->calls, 7);
}

}  // namespace
}  // namespace ireneo
