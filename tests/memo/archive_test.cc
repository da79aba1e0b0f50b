// Export and import: what goes into an archive, and what comes out of it.

#include "ireneo/memo/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/serializers/standard.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::OpenStore;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

int computed = 0;

// Results of every size: in a record, in the database, in a file.
std::vector<double> Range(int n) {
  ++computed;
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1);
  return values;
}

double Sum(const std::vector<double>& values) {
  ++computed;
  return std::accumulate(values.begin(), values.end(), 0.0);
}

class ArchiveTest : public ::testing::Test {
 protected:
  MemoStore Store(const std::string& name, MemoStoreOptions options = {}) {
    absl::StatusOr<MemoStore> store =
        OpenStore(dir_.path() / name, std::move(options));
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  auto RangeIn(const MemoStore& store, std::string version = "1") {
    return Memoize(store,
                   {.name = "acme.Range",
                    .version = std::move(version),
                    .argument_names = {"n"}},
                   Range);
  }
  auto SumIn(const MemoStore& store) {
    return Memoize(store,
                   {.name = "acme.Sum",
                    .version = "1",
                    .argument_names = {"values"},
                    .keep_arguments = KeepArguments::kAll},
                   Sum);
  }

  // Calls of two functions, with results and arguments of all sizes.
  void Fill(const MemoStore& store) {
    auto range = RangeIn(store);
    auto sum = SumIn(store);
    for (const int n : {0, 3, 100, 1000, 50'000}) sum(range(n));
  }

  // How often something is computed when all of that is asked for.
  int Computed(const MemoStore& store) {
    computed = 0;
    Fill(store);
    return computed;
  }

  std::filesystem::path File(const std::string& name) {
    return dir_.path() / name;
  }

  const TemporaryDirectory dir_;
};

TEST_F(ArchiveTest, EveryCallHitsWhereItIsImported) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  absl::StatusOr<ExportReport> out = ExportArchive(ours, File("a.tar"));
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(out->contents.calls, 10);
  EXPECT_EQ(out->contents.blobs, 3);
  EXPECT_EQ(out->bytes, std::filesystem::file_size(File("a.tar")));
  EXPECT_THAT(out->contents.functions, SizeIs(2));

  const MemoStore theirs = Store("theirs");
  absl::StatusOr<ImportReport> in = ImportArchive(File("a.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added, 10);
  EXPECT_EQ(in->blobs_added, 3);
  EXPECT_EQ(in->digest, out->digest);
  EXPECT_EQ(Computed(theirs), 0);
}

TEST_F(ArchiveTest, RecordsAreWhatTheyWere) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const MemoStore theirs = Store("theirs");
  ASSERT_THAT(ImportArchive(File("a.tar"), theirs), IsOk());
  const auto before = ours.Calls({});
  const auto after = theirs.Calls({});
  ASSERT_THAT(before, IsOk());
  ASSERT_THAT(after, IsOk());
  ASSERT_EQ(before->size(), after->size());
  for (std::size_t i = 0; i < before->size(); ++i) {
    const CallRecord& a = (*before)[i];
    const CallRecord& b = (*after)[i];
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.function, b.function);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.result, b.result);
    EXPECT_EQ(a.elapsed, b.elapsed);
    EXPECT_EQ(a.created_at, b.created_at);
    EXPECT_EQ(a.callees, b.callees);
    EXPECT_EQ(a.arguments[0].name, b.arguments[0].name);
    EXPECT_EQ(a.arguments[0].kept, b.arguments[0].kept);
    EXPECT_EQ(b.hits, 0);
    const absl::StatusOr<Blob> argument = theirs.ArgumentBytes(b.arguments[0]);
    ASSERT_THAT(argument, IsOk());
    EXPECT_EQ(Digest::Of(argument->bytes()), a.arguments[0].digest);
    // Where it was computed, and from where it came.
    EXPECT_THAT(b.environment, HasSubstr("\"host\""));
    EXPECT_THAT(b.environment, HasSubstr("\"imported_from\":\"a.tar@sha256:"));
    EXPECT_THAT(a.environment, ::testing::Not(HasSubstr("imported_from")));
  }
}

TEST_F(ArchiveTest, EqualContentsAreEqualBytes) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  Fill(ours);  // Hits leave no trace.
  ASSERT_THAT(ExportArchive(ours, File("b.tar")), IsOk());
  EXPECT_EQ(FileBytes(File("a.tar")), FileBytes(File("b.tar")));
  // What was imported is exported as it was, by either kind of index.
  for (const IndexEngine engine :
       {IndexEngine::kSqlite, IndexEngine::kDirectory}) {
    const std::string name =
        engine == IndexEngine::kSqlite ? "sqlite" : "directory";
    const MemoStore theirs = Store(name, {.index = engine});
    ASSERT_THAT(ImportArchive(File("a.tar"), theirs), IsOk());
    ASSERT_THAT(ExportArchive(theirs, File(name + ".tar")), IsOk());
    EXPECT_EQ(FileBytes(File("a.tar")), FileBytes(File(name + ".tar")));
  }
}

TEST_F(ArchiveTest, ASecondImportAddsNothing) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const MemoStore theirs = Store("theirs");
  ASSERT_THAT(ImportArchive(File("a.tar"), theirs), IsOk());
  absl::StatusOr<ImportReport> in = ImportArchive(File("a.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added, 0);
  EXPECT_EQ(in->calls_known, 10);
  EXPECT_EQ(in->blobs_added, 0);
  EXPECT_EQ(in->conflicts, 0);
}

TEST_F(ArchiveTest, ADryRunSaysWhatAnImportWouldDo) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const MemoStore theirs = Store("theirs");
  RangeIn(theirs)(3);
  const absl::StatusOr<ImportReport> dry =
      ImportArchive(File("a.tar"), theirs, {.dry_run = true});
  ASSERT_THAT(dry, IsOk());
  EXPECT_THAT(*theirs.Calls({}), SizeIs(1));
  const absl::StatusOr<ImportReport> in = ImportArchive(File("a.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(dry->calls_added, 9);
  EXPECT_EQ(dry->calls_known, 1);
  EXPECT_EQ(in->calls_added, dry->calls_added);
  EXPECT_EQ(in->calls_known, dry->calls_known);
  EXPECT_EQ(in->blobs_added, dry->blobs_added);
  EXPECT_EQ(in->bytes_added, dry->bytes_added);
}

TEST_F(ArchiveTest, OfTwoResultsOursIsKept) {
  const auto returns = [](const MemoStore& store, double (*function)(int)) {
    return Memoize(store, {.name = "acme.Unsteady", .version = "1"}, function);
  };
  const MemoStore ours = Store("ours");
  returns(ours, [](int) { return 1.0; })(7);
  const MemoStore theirs = Store("theirs");
  returns(theirs, [](int) { return 2.0; })(7);
  ASSERT_THAT(ExportArchive(theirs, File("a.tar")), IsOk());
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<ImportReport> in = ImportArchive(File("a.tar"), ours);
    ASSERT_THAT(in, IsOk());
    EXPECT_EQ(in->calls_added, 0);
    EXPECT_EQ(in->conflicts, 1);
    ASSERT_THAT(in->first_conflicts, SizeIs(1));
    EXPECT_EQ(in->first_conflicts[0].function, "acme.Unsteady");
    EXPECT_NE(in->first_conflicts[0].ours, in->first_conflicts[0].theirs);
    // The other one can be looked at, and is counted once.
    const auto conflicts = ours.Conflicts(in->first_conflicts[0].key);
    ASSERT_THAT(conflicts, IsOk());
    ASSERT_THAT(*conflicts, SizeIs(1));
    EXPECT_EQ((*conflicts)[0].result, in->first_conflicts[0].theirs);
    EXPECT_EQ((*conflicts)[0].times, 1);
    EXPECT_THAT(ours.Get((*conflicts)[0].result), IsOk());
  }
  EXPECT_EQ(returns(ours, [](int) { return 3.0; })(7), 1.0);
}

// ----------------------------------------------------------------- Selection

class ArchiveSelectionTest : public ArchiveTest {
 protected:
  // The functions and how many calls of each an export has.
  std::vector<std::string> Exported(const MemoStore& store,
                                    const ExportOptions& options) {
    const absl::StatusOr<ExportReport> out =
        ExportArchive(store, File("a.tar"), options);
    EXPECT_THAT(out, IsOk());
    std::vector<std::string> functions;
    for (const ArchiveContents::Function& f : out->contents.functions) {
      functions.push_back(f.name + " " + std::to_string(f.calls));
    }
    return functions;
  }
};

TEST_F(ArchiveSelectionTest, ByFunctionVersionAndTime) {
  const MemoStore store = Store("store");
  Fill(store);
  RangeIn(store, "2")(5);
  EXPECT_THAT(Exported(store, {}), ElementsAre("acme.Range 6", "acme.Sum 5"));
  EXPECT_THAT(Exported(store, {.calls = {.function = "acme.S"}}),
              ElementsAre("acme.Sum 5"));
  EXPECT_THAT(Exported(store, {.functions = {"acme.S", "other."}}),
              ElementsAre("acme.Sum 5"));
  EXPECT_THAT(Exported(store, {.calls = {.version = "2"}}),
              ElementsAre("acme.Range 1"));
  EXPECT_THAT(
      ExportArchive(store, File("b.tar"), {.calls = {.function = "nothing"}})
          .status(),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no call is selected")));
  EXPECT_FALSE(std::filesystem::exists(File("b.tar")));
  EXPECT_THAT(Exported(store, {.calls = {.limit = 2}}),
              ElementsAre("acme.Range 1", "acme.Sum 1"));
  const absl::Time now = absl::Now();
  RangeIn(store, "3")(5);
  EXPECT_THAT(Exported(store, {.calls = {.since = now}}),
              ElementsAre("acme.Range 1"));
}

double Nested(const MemoStore& store, int n) {
  auto inner = Memoize(
      store, {.name = "acme.Inner", .version = "1"},
      +[](int i) { return i * 2.0; });
  return inner(n) + inner(n + 1);
}

TEST_F(ArchiveSelectionTest, ByKeyAndLineage) {
  const MemoStore store = Store("store");
  static const MemoStore* current = nullptr;
  current = &store;
  auto outer = Memoize(
      store, {.name = "acme.Outer", .version = "1"},
      +[](int n) { return Nested(*current, n); });
  outer(1);
  outer(10);
  const absl::StatusOr<Digest> key = outer.KeyOf(1);
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(Exported(store, {.keys = {*key}}), ElementsAre("acme.Outer 1"));
  EXPECT_THAT(Exported(store, {.keys = {*key}, .lineage = true}),
              ElementsAre("acme.Inner 2", "acme.Outer 1"));
}

TEST_F(ArchiveSelectionTest, WithoutArguments) {
  const MemoStore store = Store("store");
  Fill(store);
  ASSERT_THAT(
      ExportArchive(store, File("a.tar"),
                    {.calls = {.function = "acme.Sum"}, .arguments = false}),
      IsOk());
  const MemoStore theirs = Store("theirs");
  const absl::StatusOr<ImportReport> in = ImportArchive(File("a.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->blobs_added, 0);
  const auto calls = theirs.Calls({});
  ASSERT_THAT(calls, IsOk());
  ASSERT_THAT(*calls, SizeIs(5));
  EXPECT_FALSE((*calls)[0].arguments[0].kept);
}

TEST_F(ArchiveSelectionTest, OnlyWhatAnotherArchiveLacks) {
  const MemoStore store = Store("store");
  RangeIn(store)(1000);
  ASSERT_THAT(ExportArchive(store, File("base.tar")), IsOk());
  Fill(store);
  const absl::StatusOr<ExportReport> out =
      ExportArchive(store, File("more.tar"), {.as_of = {File("base.tar")}});
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(out->contents.calls, 9);
  EXPECT_THAT(out->contents.as_of, SizeIs(1));
  EXPECT_THAT(
      ExportArchive(store, File("more.tar"), {.as_of = {File("more.tar")}})
          .status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another name")));

  // Without the other one some calls lack what they refer to. In either order,
  // all is there in the end.
  const MemoStore theirs = Store("theirs");
  absl::StatusOr<ImportReport> in = ImportArchive(File("more.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added, 8);
  EXPECT_EQ(in->calls_incomplete, 1);  // Sum of the 1000 values.
  ASSERT_THAT(ImportArchive(File("base.tar"), theirs), IsOk());
  in = ImportArchive(File("more.tar"), theirs);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added, 1);
  EXPECT_EQ(in->calls_incomplete, 0);
  EXPECT_EQ(Computed(theirs), 0);
}

TEST_F(ArchiveSelectionTest, CallsWithoutResultAreLeftOut) {
  const MemoStore store = Store("store");
  Fill(store);
  const absl::StatusOr<Digest> key = RangeIn(store).KeyOf(50'000);
  const auto call = store.FindCall(*key);
  ASSERT_THAT(call, IsOk());
  ASSERT_THAT(store.blobs().Remove(call->result), IsOk());
  const absl::StatusOr<ExportReport> out = ExportArchive(store, File("a.tar"));
  ASSERT_THAT(out, IsOk());
  EXPECT_THAT(out->lost, ElementsAre(*key));
  EXPECT_EQ(out->contents.calls, 9);
  const MemoStore theirs = Store("theirs");
  ASSERT_THAT(ImportArchive(File("a.tar"), theirs), IsOk());
  EXPECT_EQ(Computed(theirs), 1);
}

// ------------------------------------------------------------- Files, pipes

TEST_F(ArchiveTest, ThroughAPipe) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const MemoStore theirs = Store("theirs");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  absl::StatusOr<ExportReport> out = absl::UnknownError("");
  std::thread writer([&] {
    out = ExportArchive(ours, ends[1]);
    ::close(ends[1]);
  });
  const absl::StatusOr<ImportReport> in =
      ImportArchive(ends[0], theirs, {.name = "a colleague"});
  writer.join();
  ::close(ends[0]);
  ASSERT_THAT(out, IsOk());
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->digest, out->digest);
  EXPECT_EQ(in->calls_added, 10);
  EXPECT_THAT((*theirs.Calls({}))[0].environment,
              HasSubstr("\"imported_from\":\"a colleague@sha256:"));
  EXPECT_EQ(Computed(theirs), 0);
}

TEST_F(ArchiveTest, WhoWaitsForAPipeCanBeStopped) {
  const MemoStore store = Store("store");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  int left = 3;
  EXPECT_THAT(
      ImportArchive(ends[0], store,
                    {.progress = [&](const auto&) { return --left > 0; }})
          .status(),
      StatusIs(absl::StatusCode::kCancelled));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ArchiveTest, NothingIsLeftOfWhatWasStopped) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  std::filesystem::create_directory(File("out"));
  const auto stop = [](const ArchiveProgress&) { return false; };
  EXPECT_THAT(
      ExportArchive(ours, File("out") / "a.tar", {.progress = stop}).status(),
      StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(std::filesystem::is_empty(File("out")));

  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const MemoStore theirs = Store("theirs");
  EXPECT_THAT(ImportArchive(File("a.tar"), theirs, {.progress = stop}).status(),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(*theirs.Calls({}), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(File("theirs") / "tmp"));
  // Stopped anywhere, it can be completed.
  for (int steps = 1;; ++steps) {
    int left = steps;
    const absl::StatusOr<ImportReport> in = ImportArchive(
        File("a.tar"), theirs,
        {.progress = [&left](const ArchiveProgress&) { return --left > 0; }});
    EXPECT_TRUE(std::filesystem::is_empty(File("theirs") / "tmp"));
    if (in.ok()) break;
    ASSERT_THAT(in.status(), StatusIs(absl::StatusCode::kCancelled));
  }
  EXPECT_EQ(Computed(theirs), 0);
}

TEST_F(ArchiveTest, AFileThatIsThereIsReplacedWhenTheNewOneIsComplete) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  testing::WriteFileBytes(File("real"), "before");
  std::filesystem::create_symlink(File("real"), File("a.tar"));
  ASSERT_THAT(ExportArchive(ours, File("a.tar"),
                            {.progress = [](const auto&) { return false; }})
                  .status(),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(FileBytes(File("real")), "before");
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  EXPECT_TRUE(std::filesystem::is_symlink(File("a.tar")));
  EXPECT_THAT(CheckArchive(File("real")), IsOk());
}

TEST_F(ArchiveTest, WhereNoFileCanBe) {
  const MemoStore ours = Store("ours");
  EXPECT_THAT(ExportArchive(ours, dir_.path()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is a directory")));
  EXPECT_THAT(ExportArchive(ours, File("none") / "a.tar").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(ImportArchive(File("none"), ours).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(ImportArchive(dir_.path(), ours).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

// ------------------------------------------------------- Without importing

TEST_F(ArchiveTest, IsAStoreThatIsRead) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const absl::StatusOr<MemoStore> archive = MemoStore::Open(File("a.tar"));
  ASSERT_THAT(archive, IsOk());
  EXPECT_THAT(*archive->Functions(), SizeIs(2));
  const absl::StatusOr<std::vector<CallRecord>> calls = archive->Calls({});
  ASSERT_THAT(calls, IsOk());
  EXPECT_THAT(*calls, SizeIs(10));
  for (const CallRecord& call : *calls) {
    const absl::StatusOr<Blob> result = archive->ResultBytes(call);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(Digest::Of(result->bytes()), call.result);
    const absl::StatusOr<Blob> argument =
        archive->ArgumentBytes(call.arguments[0]);
    ASSERT_THAT(argument, IsOk());
    EXPECT_EQ(Digest::Of(argument->bytes()), call.arguments[0].digest);
  }
  EXPECT_EQ(Computed(*archive), 0);
  const absl::StatusOr<VerifyReport> verified = archive->Verify();
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->calls, 10);
  EXPECT_EQ(verified->blobs, 3);
  // It can be exported anew, in part.
  ASSERT_THAT(ExportArchive(*archive, File("b.tar"),
                            {.calls = {.function = "acme.Range"}}),
              IsOk());
  EXPECT_EQ(CheckArchive(File("b.tar"))->calls, 5);
}

TEST_F(ArchiveTest, IsNotWrittenTo) {
  const MemoStore ours = Store("ours");
  Fill(ours);
  ASSERT_THAT(ExportArchive(ours, File("a.tar")), IsOk());
  const std::string before = FileBytes(File("a.tar"));
  const absl::StatusOr<MemoStore> archive = MemoStore::Open(File("a.tar"));
  ASSERT_THAT(archive, IsOk());
  const auto refused = StatusIs(absl::StatusCode::kPermissionDenied,
                                HasSubstr("a.tar is an archive"));
  const Digest key = (*archive->Calls({}))[0].key;
  EXPECT_THAT(archive->blobs().Put("bytes").status(), refused);
  EXPECT_THAT(archive->Pin(key, "paper"), refused);
  EXPECT_THAT(archive->Unpin("paper").status(), refused);
  EXPECT_THAT(archive->Forget(key), refused);
  EXPECT_THAT(archive->Collect().status(), refused);
  EXPECT_THAT(archive->Recompress().status(), refused);
  EXPECT_THAT(archive->Verify({.repair = true}).status(), refused);
  EXPECT_THAT(ImportArchive(File("a.tar"), *archive).status(), refused);
  // What it does not have is computed.
  computed = 0;
  EXPECT_THAT(RangeIn(*archive)(4), SizeIs(4));
  EXPECT_EQ(computed, 1);
  EXPECT_THAT(*archive->Calls({}), SizeIs(10));
  EXPECT_EQ(FileBytes(File("a.tar")), before);
}

TEST_F(ArchiveTest, AFileThatIsNoArchiveIsNoStore) {
  testing::WriteFileBytes(File("notes"), "some text, and more of it");
  EXPECT_THAT(MemoStore::Open(File("notes")).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("notes")));
}

TEST_F(ArchiveTest, WhatIsInAnotherArchiveIsMissing) {
  const MemoStore store = Store("store");
  RangeIn(store)(1000);
  ASSERT_THAT(ExportArchive(store, File("base.tar")), IsOk());
  SumIn(store)(RangeIn(store)(1000));
  ASSERT_THAT(
      ExportArchive(store, File("more.tar"), {.as_of = {File("base.tar")}}),
      IsOk());
  const absl::StatusOr<MemoStore> archive = MemoStore::Open(File("more.tar"));
  ASSERT_THAT(archive, IsOk());
  const auto calls = archive->Calls({});
  ASSERT_THAT(*calls, SizeIs(1));
  EXPECT_THAT(archive->ArgumentBytes((*calls)[0].arguments[0]).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("as of")));
}

}  // namespace
}  // namespace ireneo
