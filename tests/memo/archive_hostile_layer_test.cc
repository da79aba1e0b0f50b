// Archives that somebody made to do harm: by the files in their layers, and by
// what zstd makes of them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"
#include "tests/memo/archive_hostile_fixture.h"
#include "tests/memo/hostile_archive.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

using internal::CallLine;
using internal::LayerContent;

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

}  // namespace
}  // namespace ireneo::testing
