// Archives that somebody made to do harm. Whatever is in them, an import says
// in one sentence what is wrong with which file, leaves the store as it was and
// touches nothing else.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/memo/verification.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/sha256.h"
#include "tests/memo/hostile_archive.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using internal::CallLine;
using internal::LayerContent;

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kTooLarge = absl::StatusCode::kResourceExhausted;
constexpr auto kForeign = absl::StatusCode::kFailedPrecondition;

std::string Twice(int n) { return absl::StrCat(n, " and ", n); }

class HostileArchiveTest : public ::testing::Test {
 protected:
  HostileArchiveTest() : store_(*OpenStore(dir_.path() / "store")) {
    auto twice = Memoize(store_, {.name = "acme.Twice", .version = "1"}, Twice);
    for (int n = 0; n < 3; ++n) twice(n);
    EXPECT_THAT(store_.blobs().Put(std::string(5000, 'o')), IsOk());
  }

  fs::path File() const { return dir_.path() / "from_mallory.tar"; }

  // All that a store knows.
  static std::vector<std::string> ContentsOf(const MemoStore& store) {
    std::vector<std::string> all;
    const auto calls = store.Calls({});
    EXPECT_THAT(calls, IsOk());
    for (const CallRecord& call : *calls) {
      all.push_back(absl::StrCat(
          "call ", call.key.ToString(), " of ", call.function, " is ",
          call.result.ToString(), " ", call.result_size, " ",
          call.small_result.value_or("-"), " by ", call.environment, " at ",
          absl::ToUnixMicros(call.created_at), " ",
          absl::ToInt64Nanoseconds(call.elapsed)));
      const auto conflicts = store.Conflicts(call.key);
      EXPECT_THAT(conflicts, IsOk());
      for (const ConflictRecord& conflict : *conflicts) {
        all.push_back(absl::StrCat("other result of ", call.key.ToString(),
                                   ": ", conflict.result.ToString()));
      }
    }
    EXPECT_THAT(store.blobs().ForEach([&](const BlobInfo& blob) {
      all.push_back(
          absl::StrCat("blob ", blob.digest.ToString(), " ", blob.size));
      return true;
    }),
                IsOk());
    std::sort(all.begin(), all.end());
    return all;
  }

  // All files but those that a database writes as it likes.
  std::vector<std::string> FilesAround() const {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(dir_.path())) {
      const std::string name = entry.path().native();
      if (name.find("/store/index.db") != name.npos) continue;
      files.push_back(entry.is_regular_file()
                          ? absl::StrCat(name, " ", entry.file_size())
                          : name);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  void ExpectAsBefore() const {
    EXPECT_EQ(ContentsOf(store_), contents_);
    EXPECT_EQ(FilesAround(), files_);
    EXPECT_EQ(CountEntries(dir_.path() / "store" / "tmp"), 0u);
  }

  void Remember() {
    contents_ = ContentsOf(store_);
    files_ = FilesAround();
  }

  using Code = ::testing::Matcher<absl::StatusCode>;
  using Reason = ::testing::Matcher<const std::string&>;

  void ExpectStatus(const absl::Status& status, const Code& code,
                    const Reason& reason) const {
    EXPECT_THAT(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(File().native()), reason));
    EXPECT_LT(status.message().size(), 1000u);
  }

  void ExpectRefused(const std::string& bytes, const Code& code,
                     const Reason& reason) {
    WriteFileBytes(File(), bytes);
    Remember();
    ExpectStatus(ImportArchive(File(), store_).status(), code, reason);
    ExpectAsBefore();
    ExpectStatus(ImportArchive(File(), store_, {.dry_run = true}).status(),
                 code, reason);
    ExpectAsBefore();
  }
  // What is wrong shows without a store as well.
  void ExpectBad(const std::string& bytes, const Code& code,
                 const Reason& reason) {
    ExpectRefused(bytes, code, reason);
    ExpectStatus(CheckArchive(File()).status(), code, reason);
  }
  void ExpectBad(const std::string& bytes, const Code& code,
                 const char* reason) {
    ExpectBad(bytes, code, Reason(HasSubstr(reason)));
  }
  void ExpectBad(const ArchiveParts& parts, const Code& code,
                 const char* reason) {
    ExpectBad(ToBytes(parts), code, reason);
  }

  const TemporaryDirectory dir_;
  const MemoStore store_;
  std::vector<std::string> contents_;
  std::vector<std::string> files_;
};

TEST_F(HostileArchiveTest, WhatIsMadeHereIsTakenUnlessSomethingIsWrong) {
  WriteFileBytes(File(), ToBytes(SomeArchive()));
  const absl::StatusOr<ImportReport> in = ImportArchive(File(), store_);
  ASSERT_THAT(in, IsOk());
  EXPECT_EQ(in->calls_added, 3);
  EXPECT_EQ(in->blobs_added, 2);
  EXPECT_EQ(in->calls_incomplete, 0);
}

// ----------------------------------------------------------------- Outer file

TEST_F(HostileArchiveTest, NamesThatDoNotBelongThere) {
  const std::string hex(64, 'a');
  for (const std::string& name : {std::string("../oci-layout"),
                                  std::string("/etc/passwd"),
                                  std::string("blobs/sha256/../../../x"),
                                  std::string(".ssh/config"),
                                  std::string("x"),
                                  std::string("manifest.json"),
                                  std::string("././oci-layout"),
                                  std::string("./../x"),
                                  std::string("OCI-LAYOUT"),
                                  std::string("oci-layout/"),
                                  std::string("blobs//sha256/") + hex,
                                  std::string("blobs/sha256/x"),
                                  "blobs/sha512/" + hex,
                                  "blobs/sha256/" + hex + "a",
                                  "blobs/sha256/" + hex.substr(1),
                                  "blobs/sha256/" + std::string(64, 'A'),
                                  "/blobs/sha256/" + hex,
                                  std::string("a\nb"),
                                  std::string("\xff"),
                                  std::string("index.json "),
                                  std::string(".")}) {
    SCOPED_TRACE(name);
    ArchiveParts parts = SomeArchive();
    parts.before = TarFile({.name = name, .bytes = "x"});
    ExpectBad(ToBytes(parts), AnyOf(kInvalid, kDataLoss),
              AnyOf(HasSubstr("does not belong"), HasSubstr("has no name")));
    // The same behind a pax header, which may have any name.
    parts.before = TarFile({.name = "PaxHeader",
                            .bytes = PaxRecord("path", name),
                            .type = 'x'}) +
                   TarFile({.name = "oci-layout", .bytes = "x"});
    ExpectBad(ToBytes(parts), AnyOf(kInvalid, kDataLoss), ::testing::_);
  }
}

TEST_F(HostileArchiveTest, FoldersThatDoNotBelongThere) {
  for (const char* const name : {"../", "/", "x/", "blobs/sha256/x/",
                                 "blobs/../", "oci-layout/", ".git/"}) {
    SCOPED_TRACE(name);
    ArchiveParts parts = SomeArchive();
    parts.before = TarFile({.name = name, .type = '5'});
    ExpectBad(parts, kInvalid, "does not belong");
  }
}

TEST_F(HostileArchiveTest, WhatIsNoRegularFile) {
  const std::string name = absl::StrCat("blobs/sha256/", std::string(64, 'a'));
  for (const char type : {'1', '2', '3', '4', '6'}) {
    for (const char* const link : {"/etc/passwd", "../../x", "oci-layout"}) {
      SCOPED_TRACE(absl::StrCat("type ", std::string(1, type), " to ", link));
      ArchiveParts parts = SomeArchive();
      parts.before = TarFile({.name = name, .type = type, .link = link});
      ExpectBad(parts, kInvalid, "is no regular file");
    }
  }
  // A type that nobody knows is a regular file, by POSIX.
  ArchiveParts parts = SomeArchive();
  parts.before = TarFile({.name = "x", .type = 'Z'});
  ExpectBad(parts, kInvalid, "does not belong");
}

TEST_F(HostileArchiveTest, SparseFiles) {
  const std::string name = absl::StrCat("blobs/sha256/", std::string(64, 'a'));
  // Of GNU tar 1.0, 0.1 and 0.0, in pax headers; and of old GNU tar.
  const std::string map = "1\n1048576\n4\n" + std::string(500, '\0');
  const std::string v10 = PaxRecord("GNU.sparse.major", "1") +
                          PaxRecord("GNU.sparse.minor", "0") +
                          PaxRecord("GNU.sparse.name", name) +
                          PaxRecord("GNU.sparse.realsize", "1099511627776");
  const std::string v01 = PaxRecord("GNU.sparse.size", "1099511627776") +
                          PaxRecord("GNU.sparse.numblocks", "1") +
                          PaxRecord("GNU.sparse.map", "1048576,4");
  const std::string v00 = PaxRecord("GNU.sparse.size", "1099511627776") +
                          PaxRecord("GNU.sparse.numblocks", "1") +
                          PaxRecord("GNU.sparse.offset", "1048576") +
                          PaxRecord("GNU.sparse.numbytes", "4");
  for (const std::string& pax : {v10, v01, v00}) {
    SCOPED_TRACE(pax);
    ArchiveParts parts = SomeArchive();
    parts.before =
        TarFile({.name = "PaxHeader", .bytes = pax, .type = 'x'}) +
        TarFile({.name = name, .bytes = pax == v10 ? map + "abcd" : "abcd"});
    ExpectBad(ToBytes(parts), AnyOf(kInvalid, kDataLoss),
              AnyOf(HasSubstr("is no regular file"), HasSubstr("damaged"),
                    HasSubstr("lacks")));
  }
}

TEST_F(HostileArchiveTest, NothingIsThereTwice) {
  ArchiveParts parts = SomeArchive();
  parts.behind = TarFile({.name = "oci-layout", .bytes = "{}"});
  ExpectBad(parts, kInvalid, "or is there twice");
  parts.behind = TarFile({.name = "./index.json", .bytes = "{}"});
  ExpectBad(parts, kInvalid, "or is there twice");
  parts.behind = TarFile(
      {.name = absl::StrCat("blobs/sha256/",
                            parts.layers[0].description.blob.digest.ToHex()),
       .bytes = parts.layers[0].bytes});
  ExpectBad(parts, kInvalid, "or is there twice");
}

TEST_F(HostileArchiveTest, NoArchiveAtAll) {
  ExpectBad(std::string(), kDataLoss, "");
  ExpectBad(std::string("x"), kDataLoss, "tar");
  ExpectBad(std::string(100'000, 'x'), kDataLoss, "tar");
  ExpectBad(std::string(100'000, '\0'), kDataLoss, "");
  ExpectBad(RandomBytes(100'000, 1), kDataLoss, "tar");
  ExpectBad(ToTar(std::vector<TarEntry>()), kDataLoss, "no file oci-layout");
}

TEST_F(HostileArchiveTest, CompressedOutside) {
  const std::string good = ToBytes(SomeArchive());
  ExpectBad(Zstd(good), kDataLoss, "not a tar file");
  // gzip, xz, bzip2, lzip, lz4, compress, a uuencoded file, an RPM, a zip file.
  for (const std::string_view magic :
       {std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10),
        std::string_view("\xfd"
                         "7zXZ\0",
                         6),
        std::string_view("BZh9"), std::string_view("LZIP\x01"),
        std::string_view("\x04\x22\x4d\x18"), std::string_view("\x1f\x9d"),
        std::string_view("begin 644 x\n"), std::string_view("\xed\xab\xee\xdb"),
        std::string_view("PK\x03\x04")}) {
    ExpectBad(std::string(magic) + good, kDataLoss, "not a tar file");
  }
}

TEST_F(HostileArchiveTest, ManyFiles) {
  const std::string hex(57, 'a');
  std::string many;
  for (int i = 0; i < 20'000; ++i) {
    many +=
        TarHeader({.name = absl::StrCat("blobs/sha256/", hex, 1'000'000 + i)});
  }
  ArchiveParts parts = SomeArchive();
  parts.before = std::move(many);
  ExpectBad(parts, kTooLarge, "has over 10000 files");
}

TEST_F(HostileArchiveTest, ManyFolders) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) {
    many += TarHeader({.name = "blobs/", .type = '5'});
  }
  ArchiveParts parts = SomeArchive();
  parts.before = std::move(many);
  ExpectBad(parts, kTooLarge, "has over 10000 files");
}

TEST_F(HostileArchiveTest, ManySpecialHeaders) {
  const std::string pax =
      TarFile({.name = "x", .bytes = PaxRecord("a", "b"), .type = 'x'});
  const std::string global =
      TarFile({.name = "x", .bytes = PaxRecord("a", "b"), .type = 'g'});
  const std::string name =
      TarFile({.name = "x", .bytes = std::string(300, 'n'), .type = 'L'});
  for (const std::string& piece : {pax, global, name}) {
    ArchiveParts parts = SomeArchive();
    for (int i = 0; i < 100'000; ++i) parts.before += piece;
    ExpectBad(parts, kDataLoss, "tar");
  }
  ArchiveParts parts = SomeArchive();
  parts.before =
      TarFile({.name = "x", .bytes = std::string(100 << 20, 'n'), .type = 'L'});
  ExpectBad(parts, kDataLoss, "tar");
}

// ---------------------------------------------------------------- Size lies

TEST_F(HostileArchiveTest, DescriptorsWithAnotherSize) {
  for (const std::int64_t more : {-1, 1}) {
    ArchiveParts parts = SomeArchive();
    parts.layers[1].description.blob.size += static_cast<std::uint64_t>(more);
    ExpectBad(parts, kDataLoss, "which its manifest names");
  }
  ArchiveParts parts = SomeArchive();
  const std::string manifest = ManifestOf(parts);
  parts.index = internal::WriteOciIndex(
      {.digest = Sha256::Of(manifest), .size = manifest.size() + 1});
  ExpectBad(parts, kDataLoss, "which its manifest names");
}

TEST_F(HostileArchiveTest, SizesBeyondTheFile) {
  const std::string name = absl::StrCat("blobs/sha256/", std::string(64, 'a'));
  for (const std::uint64_t size :
       {std::uint64_t{100'000}, std::uint64_t{1} << 32, std::uint64_t{1} << 40,
        (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 63,
        ~std::uint64_t{0}}) {
    SCOPED_TRACE(size);
    ArchiveParts parts = SomeArchive();
    parts.behind = TarHeader({.name = name, .size = size});
    ExpectBad(parts, kDataLoss, "tar");
    parts.behind = TarHeader({.name = "index.json", .size = size});
    ExpectBad(ToBytes(parts), AnyOf(kDataLoss, kInvalid), ::testing::_);
  }
  ArchiveParts parts = SomeArchive();
  parts.behind = TarFile({.name = "x",
                          .bytes = PaxRecord("size", "9223372036854775807"),
                          .type = 'x'}) +
                 TarHeader({.name = name});
  ExpectBad(parts, kDataLoss, "tar");
}

TEST_F(HostileArchiveTest, LiesAboutWhatIsInALayer) {
  const Digest other = Digest::Of("other");
  for (const std::size_t i : {0, 1}) {
    ArchiveParts parts = SomeArchive();
    ++parts.layers[i].description.count;
    ExpectBad(parts, kDataLoss, "does not have the calls or blobs");
    parts = SomeArchive();
    parts.layers[i].description.first = other;
    ExpectBad(parts, kDataLoss, "does not have the calls or blobs");
    parts = SomeArchive();
    parts.layers[i].description.last = other;
    ExpectBad(parts, kDataLoss, "does not have the calls or blobs");
    parts = SomeArchive();
    parts.layers[i].description.first.reset();
    ExpectBad(parts, kDataLoss, "does not have the calls or blobs");
    parts = SomeArchive();
    --parts.layers[i].description.size;
    ExpectBad(parts, kDataLoss, "unpacks to more than");
    parts = SomeArchive();
    ++parts.layers[i].description.size;
    ExpectBad(parts, kDataLoss, "unpacks to");
  }
}

TEST_F(HostileArchiveTest, LiesAboutAllLayers) {
  ArchiveParts parts = SomeArchive();
  ++parts.contents.calls;
  ExpectBad(parts, kDataLoss, "as many calls and blobs as it says");
  parts = SomeArchive();
  --parts.contents.blobs;
  ExpectBad(parts, kDataLoss, "as many calls and blobs as it says");
  parts = SomeArchive();
  ++parts.contents.blob_bytes;
  ExpectBad(parts, kDataLoss, "as many calls and blobs as it says");
  parts = SomeArchive();
  parts.contents.calls = -1;
  ExpectBad(parts, kDataLoss, "as many calls and blobs as it says");
}

// --------------------------------------------------------------- Inner files

class HostileLayerTest : public HostileArchiveTest {
 protected:
  // An archive whose only layer has these files.
  static ArchiveParts WithLayer(LayerContent content, const std::string& tar) {
    ArchiveParts parts;
    parts.layers.push_back(MakeLayer(content, tar));
    return parts;
  }
  static ArchiveParts WithLayer(LayerContent content,
                                const std::vector<TarEntry>& entries) {
    return WithLayer(content, ToTar(entries));
  }
  static TarEntry Blob(const std::string& bytes) {
    return {.name = internal::BlobFileName(Digest::Of(bytes)), .bytes = bytes};
  }
};

TEST_F(HostileLayerTest, NamesThatDoNotBelongThere) {
  const std::string hex = Digest::Of("x").ToHex();
  for (const std::string& name :
       {std::string("../x"), std::string("/etc/passwd"), std::string("x"),
        std::string("calls-000002.jsonl"), std::string("calls-1.jsonl"),
        std::string("calls-000000.jsonl"), std::string("calls-0000001.jsonl"),
        std::string("./calls-000001.jsonl"), std::string("calls-000001.jsonl/"),
        "blobs/" + hex, "blobs/" + hex.substr(0, 2) + "/" + hex,
        "blobs/" + hex.substr(0, 2) + "/" + hex.substr(3),
        "./blobs/" + hex.substr(0, 2) + "/" + hex.substr(2),
        "blobs/../" + hex.substr(2), "blobs/AB/" + hex.substr(2),
        "blobs/" + hex.substr(0, 2) + "//" + hex.substr(3)}) {
    SCOPED_TRACE(name);
    ExpectBad(WithLayer(LayerContent::kCalls, {{.name = name}}), kInvalid,
              "does not belong there");
    ExpectBad(WithLayer(LayerContent::kBlobs, {{.name = name, .bytes = "x"}}),
              kInvalid, "does not belong there");
  }
}

TEST_F(HostileLayerTest, EachKindInItsOwnLayer) {
  ExpectBad(WithLayer(LayerContent::kCalls, {Blob("x")}), kInvalid,
            "does not belong there");
  ExpectBad(
      WithLayer(LayerContent::kBlobs, {{.name = internal::CallsFileName(1),
                                        .bytes = TextOf(SomeCalls()[0])}}),
      kInvalid, "does not belong there");
}

TEST_F(HostileLayerTest, WhatIsNoRegularFile) {
  for (const LayerContent content :
       {LayerContent::kCalls, LayerContent::kBlobs}) {
    const std::string name = content == LayerContent::kCalls
                                 ? internal::CallsFileName(1)
                                 : Blob("x").name;
    for (const char type : {'1', '2', '3', '4', '6'}) {
      SCOPED_TRACE(type);
      ExpectBad(
          WithLayer(content,
                    {{.name = name, .type = type, .link = "/etc/passwd"}}),
          kInvalid, "is no regular file");
    }
    ExpectBad(WithLayer(content, {{.name = name, .type = '5'}}), kInvalid,
              "does not belong there");
    // Larger than it is.
    ExpectBad(
        ToBytes(WithLayer(
            content,
            TarFile({.name = "x",
                     .bytes = PaxRecord("SCHILY.realsize", "1099511627776"),
                     .type = 'x'}) +
                ToTar({{.name = name, .bytes = "x"}}))),
        AnyOf(kDataLoss, kTooLarge), ::testing::_);
  }
}

TEST_F(HostileLayerTest, InTheWrongOrder) {
  TarEntry one = Blob("1");
  TarEntry other = Blob("2");
  if (one.name < other.name) std::swap(one, other);
  ExpectBad(WithLayer(LayerContent::kBlobs, {one, other}), kInvalid,
            "not at that place");
  ExpectBad(WithLayer(LayerContent::kBlobs, {one, one}), kInvalid,
            "not at that place");
  // The same from one layer to the next.
  ArchiveParts parts = WithLayer(LayerContent::kBlobs, {one});
  parts.layers[0].description.count = 1;
  parts.layers[0].description.first = Digest::Of(one.bytes);
  parts.layers[0].description.last = Digest::Of(one.bytes);
  parts.layers.push_back(parts.layers[0]);
  parts.layers[1] = MakeLayer(LayerContent::kBlobs, ToTar({one, other}));
  ExpectBad(parts, kInvalid, "not at that place");

  std::vector<CallLine> lines = SomeCalls();
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return a.call.key > b.call.key;
  });
  parts = SomeArchive();
  parts.layers[0] = CallsLayer({TextOf(lines[0]), TextOf(lines[1])},
                               lines[0].call.key, lines[1].call.key);
  ExpectBad(parts, kInvalid, "is there twice, or not in order");
  parts.layers[0] = CallsLayer({TextOf(lines[0]), TextOf(lines[0])},
                               lines[0].call.key, lines[0].call.key);
  ExpectBad(parts, kInvalid, "is there twice, or not in order");
}

TEST_F(HostileLayerTest, CallsFilesAreCountedThrough) {
  const CallLine line = SomeCalls()[0];
  ArchiveParts parts =
      WithLayer(LayerContent::kCalls,
                {{.name = internal::CallsFileName(1), .bytes = TextOf(line)},
                 {.name = internal::CallsFileName(3)}});
  ExpectBad(parts, kInvalid, "calls-000003.jsonl");
  parts = SomeArchive();
  parts.layers.push_back(parts.layers[0]);
  parts.layers[2] = MakeLayer(
      LayerContent::kCalls,
      ToTar({{.name = internal::CallsFileName(1), .bytes = TextOf(line)}}));
  ExpectBad(parts, kInvalid, "calls-000001.jsonl");
}

TEST_F(HostileLayerTest, ABlobThatIsAnother) {
  ArchiveParts parts = SomeArchive();
  const std::vector<std::string> blobs = SomeBlobs();
  const Digest digest = Digest::Of(blobs[1]);
  std::string bytes = blobs[1];
  bytes.back() ^= 1;
  parts.layers[1] = MakeLayer(
      LayerContent::kBlobs,
      ToTar({{.name = internal::BlobFileName(digest), .bytes = bytes}}));
  ExpectBad(parts, kDataLoss, "has another digest");
}

TEST_F(HostileLayerTest, SizesBeyondTheLayer) {
  for (const std::uint64_t size :
       {std::uint64_t{1000}, std::uint64_t{1} << 62,
        (std::uint64_t{1} << 63) - 1, ~std::uint64_t{0}}) {
    SCOPED_TRACE(size);
    TarEntry blob = Blob("x");
    blob.size = size;
    ExpectBad(ToBytes(WithLayer(LayerContent::kBlobs, {blob})),
              AnyOf(kDataLoss, kTooLarge), ::testing::_);
    ExpectBad(ToBytes(WithLayer(
                  LayerContent::kCalls,
                  {{.name = internal::CallsFileName(1), .size = size}})),
              AnyOf(kDataLoss, kInvalid), ::testing::_);
  }
}

TEST_F(HostileLayerTest, SomethingBehindTheEnd) {
  // In the same piece that zstd unpacks, and in a later one.
  for (const std::size_t gap : {0u, 100'000u, 1'000'000u}) {
    SCOPED_TRACE(gap);
    ArchiveParts parts = SomeArchive();
    const std::vector<std::string> blobs = SomeBlobs();
    std::vector<TarEntry> entries = {Blob(blobs[0]), Blob(blobs[1])};
    if (entries[1].name < entries[0].name) std::swap(entries[0], entries[1]);
    ArchiveParts::Layer& layer = parts.layers[1];
    const internal::LayerDescriptor was = layer.description;
    layer = MakeLayer(LayerContent::kBlobs,
                      ToTar(entries) + std::string(gap, '\0') + "smuggled");
    layer.description.count = was.count;
    layer.description.first = was.first;
    layer.description.last = was.last;
    ExpectBad(parts, kDataLoss, "something follows its end");
  }
}

TEST_F(HostileLayerTest, AnySizeOfALayerIsRead) {
  // Up to the pieces in which it is unpacked, and their multiples.
  for (const std::size_t around :
       {128u << 10, 256u << 10, 512u << 10, 768u << 10, 1024u << 10}) {
    for (std::size_t size = around - 4096; size <= around + 1024; size += 512) {
      SCOPED_TRACE(size);
      const std::string blob(size, 'x');
      ArchiveParts parts = MakeArchive({}, {blob});
      WriteFileBytes(File(), ToBytes(parts));
      EXPECT_THAT(CheckArchive(File()), IsOk());
    }
  }
}

// ----------------------------------------------------------------------- Zstd

TEST_F(HostileLayerTest, WhatIsNoZstd) {
  ArchiveParts parts = SomeArchive();
  ArchiveParts::Layer& layer = parts.layers[0];
  const std::string good = layer.bytes;
  const auto expect_bad = [&](std::string bytes, const char* reason) {
    layer.bytes = std::move(bytes);
    Describe(layer);
    ExpectBad(parts, kDataLoss, reason);
  };
  expect_bad(ToTar({{.name = internal::CallsFileName(1)}}), "zstd");
  expect_bad(good.substr(0, good.size() - 1), "cut off");
  expect_bad(good + good, "unpacks to more than");
  expect_bad(good + "x", "zstd 1.0");
  expect_bad(good + "\x28", "cut off");
  expect_bad(std::string(), "");
  // Frames of zstd before 1.0, and one that is skipped.
  for (const char* const magic : {"\x22\xb5\x2f\xfd", "\x25\xb5\x2f\xfd",
                                  "\x26\xb5\x2f\xfd", "\x27\xb5\x2f\xfd"}) {
    expect_bad(magic + std::string(1000, '\x31'), "zstd 1.0");
    expect_bad(good + magic, "zstd 1.0");
  }
  expect_bad(std::string("\x50\x2a\x4d\x18\x04\0\0\0hide", 12) + good,
             "zstd 1.0");
}

TEST_F(HostileLayerTest, AFrameThatWantsTwoGigabytes) {
  ArchiveParts parts = SomeArchive();
  ArchiveParts::Layer& layer = parts.layers[0];
  const std::string tar = ToTar({{.name = internal::CallsFileName(1)}});
  std::string frame = ZstdBomb(tar, 0);
  frame[5] = static_cast<char>((31 - 10) << 3);
  layer.bytes = frame;
  layer.description.size = tar.size();
  Describe(layer);
  ExpectBad(parts, kDataLoss, "too much memory");
  // The same as the size of the content.
  frame = "\x28\xb5\x2f\xfd\xa0";
  frame += std::string("\0\0\0\x80", 4);
  frame += std::string("\x01\0\0", 3);
  layer.bytes = frame;
  Describe(layer);
  ExpectBad(parts, kDataLoss, "too much memory");
}

constexpr std::uint64_t kTerabyte = std::uint64_t{1} << 40;

TEST_F(HostileLayerTest, ABombThatSaysThatItIsSmall) {
  for (const LayerContent content :
       {LayerContent::kCalls, LayerContent::kBlobs}) {
    ArchiveParts parts;
    ArchiveParts::Layer layer;
    layer.description.content = content;
    layer.description.size = 1 << 20;
    layer.bytes = ZstdBomb(ToTar({{.name = content == LayerContent::kCalls
                                               ? internal::CallsFileName(1)
                                               : Blob("x").name,
                                   .size = std::uint64_t{1} << 30}}),
                           std::uint64_t{1} << 30);
    Describe(layer);
    parts.layers.push_back(layer);
    ExpectBad(
        ToBytes(parts), AnyOf(kDataLoss, kInvalid),
        AnyOf(HasSubstr("unpacks to more than"), HasSubstr("a line of over")));
  }
}

// What is true, and does not fit the disk, is not unpacked.
TEST_F(HostileLayerTest, ABombThatSaysHowLargeItIs) {
  // It costs its maker 32 MB to give work for a terabyte.
  ArchiveParts::Layer layer;
  layer.description.content = LayerContent::kBlobs;
  TarEntry blob = Blob("x");
  blob.size = 1024 * kTerabyte;
  layer.bytes = ZstdBomb(TarHeader(blob), kTerabyte);
  layer.description.size = 1025 * kTerabyte;
  Describe(layer);
  ArchiveParts parts;
  parts.layers.push_back(layer);
  const std::string bytes = ToBytes(parts);
  EXPECT_LT(bytes.size(), 40u << 20);
  ExpectRefused(bytes, kTooLarge, HasSubstr("all the room that the disk has"));

  // Nor is it if the store has a blob of that digest, but not of that size.
  ASSERT_THAT(store_.blobs().Put(std::string_view("x")), IsOk());
  ExpectRefused(bytes, kTooLarge, HasSubstr("all the room that the disk has"));
}

TEST_F(HostileLayerTest, CallsThatDoNotFitTheDisk) {
  ArchiveParts::Layer layer;
  layer.description.content = LayerContent::kCalls;
  layer.bytes = ZstdBomb(ToTar({{.name = internal::CallsFileName(1)}}), 1000);
  layer.description.size = 1024 * kTerabyte;
  Describe(layer);
  ArchiveParts parts;
  parts.layers.push_back(layer);
  ExpectRefused(ToBytes(parts), kTooLarge, HasSubstr("room"));
}

TEST_F(HostileLayerTest, MoreThanTheLimitThatWasGiven) {
  WriteFileBytes(File(), ToBytes(SomeArchive()));
  Remember();
  EXPECT_THAT(ImportArchive(File(), store_, {.max_bytes = 10'999}),
              StatusIs(kTooLarge, HasSubstr("the limit that was given")));
  ExpectAsBefore();
  EXPECT_THAT(ImportArchive(File(), store_, {.max_bytes = 12'000}), IsOk());
}

// --------------------------------------------------------------------- Lines

class HostileLineTest : public HostileLayerTest {
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

// ----------------------------------------------- Manifests, indexes, layouts

TEST_F(HostileArchiveTest, LargeDescriptions) {
  const std::string large = "[" + std::string(100 << 20, ' ') + "]";
  ArchiveParts parts = SomeArchive();
  parts.manifest = large;
  ExpectBad(parts, kDataLoss, "a description at most");
  parts = SomeArchive();
  parts.config = large;
  ExpectBad(parts, kDataLoss, "a description at most");
  parts = SomeArchive();
  parts.index = large;
  ExpectBad(parts, kDataLoss, "too large for a description");
  parts = SomeArchive();
  parts.layout = large;
  ExpectBad(parts, kDataLoss, "too large for a description");
}

TEST_F(HostileArchiveTest, OtherIndexes) {
  ArchiveParts parts = SomeArchive();
  const std::string manifest = ManifestOf(parts);
  const std::string index = internal::WriteOciIndex(
      {.digest = Sha256::Of(manifest), .size = manifest.size()});
  const std::size_t from = index.find("[{");
  const std::string one = index.substr(from + 1, index.find("}]") - from);
  parts.index = absl::StrCat(R"({"manifests":[)", one, ",", one,
                             R"(],"schemaVersion":2})");
  ExpectBad(parts, kForeign, "has 2 images");
  parts.index = R"({"manifests":[],"schemaVersion":2})";
  ExpectBad(parts, kForeign, "has 0 images");
  parts.index = R"({"manifests":[7],"schemaVersion":2})";
  ExpectBad(parts, kForeign, "images");
  parts.index = R"({"schemaVersion":2})";
  ExpectBad(parts, kDataLoss, "\"manifests\"");
  parts.index = "";
  ExpectBad(parts, kDataLoss, "index.json");
  parts.index = R"({"manifests":[{"mediaType":)"
                R"("application/vnd.oci.image.index.v1+json","size":2,)"
                R"("digest":"sha256:00"}]})";
  ExpectBad(parts, kForeign, "it is no archive of Ireneo");
  for (const std::string& digest :
       {std::string("sha256:../../x"), std::string("sha512:00"),
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, '0')}) {
    parts.index = absl::StrCat(
        R"({"manifests":[{"mediaType":)"
        R"("application/vnd.oci.image.manifest.v1+json","size":2,"digest":")",
        digest, R"("}]})");
    ExpectBad(ToBytes(parts), kDataLoss, ::testing::_);
  }
  parts = SomeArchive();
  parts.layout = R"({"imageLayoutVersion":"2.0.0"})";
  ExpectBad(parts, kForeign, "imageLayoutVersion");
}

TEST_F(HostileArchiveTest, OtherManifests) {
  ArchiveParts parts = SomeArchive();
  const std::string good = ManifestOf(parts);
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
  };
  // Two images that Docker made.
  parts.manifest =
      R"({"schemaVersion":2,"mediaType":)"
      R"("application/vnd.docker.distribution.manifest.v2+json","config":{)"
      R"("mediaType":"application/vnd.docker.container.image.v1+json",)"
      R"("size":7023,"digest":"sha256:b5b2b2c507a0944348e0303114d8d93aaaa0817)"
      R"(32b86451d9bce1f432a537bc7"},"layers":[]})";
  ExpectBad(parts, kDataLoss, "\"artifactType\"");
  parts.manifest =
      R"({"artifactType":"application/vnd.cncf.helm.config.v1+json",)"
      R"("layers":[],"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("schemaVersion":2})";
  ExpectBad(parts, kForeign, "it is no archive of Ireneo");
  // What was added, moved or said otherwise.
  for (const std::string& text :
       {good + " ", " " + good, changed("{", "{\"x\":1,"),
        changed("\"schemaVersion\":2", "\"schemaVersion\":3"),
        changed("\"vnd.ireneo.count\":\"3\"", "\"vnd.ireneo.count\":\"03\""),
        changed("\"config\":{", "\"config\":{\"urls\":[\"http://x\"],"),
        changed("\"annotations\":{", "\"annotations\":{\"x\":\"y\",")}) {
    parts.manifest = text;
    ExpectBad(parts, kDataLoss, "not as Ireneo writes it");
  }
  for (const std::string& text :
       {changed("\"vnd.ireneo.count\":\"3\"", "\"vnd.ireneo.count\":\"-3\""),
        changed("\"vnd.ireneo.count\":\"3\"", "\"vnd.ireneo.count\":\"3x\""),
        changed("\"vnd.ireneo.count\":\"3\"",
                "\"vnd.ireneo.count\":\"99999999999999999999\""),
        changed("\"vnd.ireneo.content\":\"calls\"",
                "\"vnd.ireneo.content\":\"code\""),
        changed("\"layers\":[", "\"layers\":[7,"), good.substr(1),
        std::string()}) {
    parts.manifest = text;
    ExpectBad(parts, kDataLoss, "its manifest");
  }
  parts.manifest = changed("vnd.ireneo.layer.v1.tar+zstd",
                           "vnd.oci.image.layer.v1.tar+gzip");
  ExpectBad(parts, kForeign, "it is no archive of Ireneo");
}

TEST_F(HostileArchiveTest, OtherDescriptions) {
  ArchiveParts parts = SomeArchive();
  parts.config = "{}";
  ExpectBad(parts, kDataLoss, "its description");
  parts.config = R"({"format":2})";
  ExpectBad(parts, kForeign, "use a newer Ireneo");
  parts.config = R"({"counts":{"blob_bytes":-1,"blobs":2,"calls":3},)"
                 R"("digest":"xxh3-128","format":1,"functions":[]})";
  ExpectBad(parts, kDataLoss, "\"blob_bytes\"");
  parts.config = R"({"counts":{"blob_bytes":1,"blobs":2,"calls":3},)"
                 R"("digest":"md5","format":1,"functions":[]})";
  ExpectBad(parts, kForeign, "md5");
  parts.config = R"({"counts":{"blob_bytes":1,"blobs":2,"calls":3},)"
                 R"("digest":"xxh3-128","format":1,"functions":[7]})";
  ExpectBad(parts, kDataLoss, "\"functions\"");
}

// Layers that are not there, and parts that nobody names.
TEST_F(HostileArchiveTest, PartsThatAreMissing) {
  ArchiveParts parts = SomeArchive();
  parts.layers[0].description.blob.digest = Sha256::Of("nothing");
  ExpectBad(parts, kDataLoss, "which its manifest names");
  // A layer may not be any other part.
  parts = SomeArchive();
  const std::string config = "{}";
  parts.layers[0].description.blob = {.digest = Sha256::Of(config),
                                      .size = config.size()};
  parts.behind = TarFile(
      {.name = absl::StrCat("blobs/sha256/", Sha256::Of(config).ToHex()),
       .bytes = config});
  ExpectBad(parts, kDataLoss, "zstd");
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

// ----------------------------------------------------- Truncation, bit flips

class DamagedArchiveTest : public HostileArchiveTest {
 protected:
  // An error or, for what means nothing, the same archive.
  bool RefusedOrSame() {
    const absl::StatusOr<ImportReport> in =
        ImportArchive(File(), store_, {.dry_run = true});
    if (!in.ok()) {
      EXPECT_THAT(in.status(),
                  StatusIs(in.status().code(), HasSubstr(File().native())));
      EXPECT_THAT(in.status().code(), AnyOf(kDataLoss, kInvalid, kForeign));
      return true;
    }
    EXPECT_EQ(in->digest, digest_);
    EXPECT_EQ(in->calls_added, 2);
    EXPECT_EQ(in->blobs_added, 1);
    return false;
  }

  // A small one.
  static ArchiveParts Good() {
    std::vector<CallLine> lines = SomeCalls();
    lines.pop_back();
    return MakeArchive(lines, {SomeBlobs()[0]});
  }
  const std::string good_ = ToBytes(Good());
  const std::string digest_ = Sha256::Of(ManifestOf(Good())).ToString();
};

TEST_F(DamagedArchiveTest, CutOffAnywhere) {
  Remember();
  int same = 0;
  for (std::size_t size = 0; size < good_.size(); size += 512) {
    SCOPED_TRACE(size);
    WriteFileBytes(File(), good_.substr(0, size));
    same += RefusedOrSame() ? 0 : 1;
    if (size == 0) continue;
    fs::resize_file(File(), size - 1);
    RefusedOrSame();
  }
  EXPECT_LE(same, 2);  // The two blocks of the end.
  EXPECT_EQ(ContentsOf(store_), contents_);
}

TEST_F(DamagedArchiveTest, EveryByteChanged) {
  Remember();
  WriteFileBytes(File(), good_);
  std::fstream file(File(), std::ios::in | std::ios::out | std::ios::binary);
  int refused = 0;
  for (std::size_t i = 0; i < good_.size(); ++i) {
    SCOPED_TRACE(i);
    // In place, as the file system is slower than the import.
    const auto write = [&](char byte) {
      file.seekp(static_cast<std::streamoff>(i)).put(byte).flush();
    };
    write(static_cast<char>(good_[i] ^ (1 << i % 8)));
    refused += RefusedOrSame() ? 1 : 0;
    write(good_[i]);
    if (HasFailure()) break;
  }
  EXPECT_GT(refused, static_cast<int>(good_.size() / 3));
  EXPECT_EQ(ContentsOf(store_), contents_);
}

// ------------------------------------------------------------------ Collision

// Two payloads of one digest; how they are found is said in
// tests/store/blob_collision_test.cc.
std::pair<std::string, std::string> Twins(std::size_t size) {
  std::string one = RandomBytes(size, size);
  one.replace(0, 4, "\xb8\xfe\x6c\x39");
  one.replace(64, 4, "\x7c\x01\x81\x2c");
  one.replace(4, 4, std::string("\0\0\0\0", 4));
  one.replace(68, 4, std::string("\x01\0\0\0", 4));
  std::string other = one;
  other[4] = 1;
  other[68] = 0;
  return {one, other};
}

TEST_F(HostileArchiveTest, ABlobThatHasTheDigestOfAnother) {
  for (const std::size_t size : {400u, 10'000u, 600'000u}) {
    SCOPED_TRACE(size);
    const auto [one, other] = Twins(size);
    ASSERT_NE(one, other);
    ASSERT_EQ(Digest::Of(one), Digest::Of(other));
    ASSERT_THAT(store_.blobs().Put(one), IsOk());
    std::vector<std::string> blobs = SomeBlobs();
    blobs.push_back(other);
    std::vector<CallLine> lines = SomeCalls();
    lines.push_back(MakeLine("evil.F", 10, other));
    WriteFileBytes(File(), ToBytes(MakeArchive(lines, blobs)));
    Remember();
    EXPECT_THAT(
        ImportArchive(File(), store_),
        StatusIs(absl::StatusCode::kAlreadyExists,
                 AllOf(HasSubstr(File().native()), HasSubstr("other bytes"))));
    ExpectAsBefore();
    EXPECT_EQ(Text(store_.blobs().Get(Digest::Of(one))->bytes()), one);
  }
}

}  // namespace
}  // namespace ireneo::testing
