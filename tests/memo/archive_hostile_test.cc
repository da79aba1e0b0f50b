// Archives that somebody made to do harm: by names and sizes in the outer file,
// by manifests and descriptions, by blobs that have the digest of another one,
// and by damage of any kind.

#include <cstddef>
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
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sha256.h"
#include "tests/memo/archive_hostile_fixture.h"
#include "tests/memo/hostile_archive.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

using internal::CallLine;

namespace fs = std::filesystem;

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
