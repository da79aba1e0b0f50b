#include "tests/memo/hostile_archive.h"

#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/key.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/sha256.h"

namespace ireneo::testing {
namespace {

using internal::CallLine;
using internal::LayerContent;

namespace json = boost::json;

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kZstdBlock = 128 << 10;

// A test that cannot make its archive has a bug.
template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

void LittleEndian(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    to += static_cast<char>(value >> (8 * i) & 0xff);
  }
}

}  // namespace

// ----------------------------------------------------------------- Tar files

std::string TarHeader(const TarEntry& entry) {
  std::string header(kTarBlock, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, std::string_view(entry.name).substr(0, 100));
  put(100, "0000444");
  put(108, "0000000");
  put(116, "0000000");
  const std::uint64_t size = entry.size.value_or(entry.bytes.size());
  if (size < std::uint64_t{1} << 33) {
    put(124, absl::StrFormat("%011o", size));
  } else {
    std::string number = "\x80";
    for (int i = 10; i >= 0; --i) {
      number += i < 8 ? static_cast<char>(size >> (8 * i) & 0xff) : '\0';
    }
    put(124, number);
  }
  put(136, "00000000000");
  put(148, "        ");
  header[156] = entry.type;
  put(157, std::string_view(entry.link).substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, absl::StrFormat("%06o", sum));
  header[154] = '\0';
  return header;
}

std::string TarFile(const TarEntry& entry) {
  std::string tar = TarHeader(entry) + entry.bytes;
  tar.resize((tar.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  return tar;
}

std::string ToTar(const std::vector<TarEntry>& entries) {
  std::string tar;
  for (const TarEntry& entry : entries) tar += TarFile(entry);
  return tar + TarEnd();
}

std::string TarEnd() { return std::string(2 * kTarBlock, '\0'); }

std::string PaxRecord(const std::string& name, const std::string& value) {
  const std::size_t rest = name.size() + value.size() + 3;
  std::size_t size = rest + 1;
  while (rest + absl::StrCat(size).size() != size) ++size;
  return absl::StrCat(size, " ", name, "=", value, "\n");
}

// ---------------------------------------------------------------------- Zstd

std::string Zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1);
  if (ZSTD_isError(size)) std::abort();
  out.resize(size);
  return out;
}

std::string ZstdBomb(std::string_view head, std::uint64_t zeros) {
  // Magic number; no content size, no checksum; a window of 1 MiB.
  std::string frame = "\x28\xb5\x2f\xfd";
  frame += '\0';
  frame += '\x50';
  while (!head.empty()) {
    const std::string_view piece = head.substr(0, kZstdBlock);
    LittleEndian(frame, piece.size() << 3 | 0 << 1, 3);  // As it is.
    frame += piece;
    head.remove_prefix(piece.size());
  }
  std::string run;
  LittleEndian(run, kZstdBlock << 3 | 1 << 1, 3);  // One byte, so many times.
  run += '\0';
  frame.reserve(frame.size() + (zeros / kZstdBlock + 2) * run.size());
  for (std::uint64_t done = 0; done < zeros; done += kZstdBlock) frame += run;
  LittleEndian(frame, 0 << 3 | 0 << 1 | 1, 3);  // The last one, empty.
  return frame;
}

// --------------------------------------------------------------------- Calls

CallLine MakeLine(const std::string& function, int argument,
                  const std::string& result) {
  const std::string bytes = absl::StrCat("argument ", argument);
  CallLine line;
  CallRecord& call = line.call;
  call.function = function;
  call.version = "1";
  call.result_type = "f64";
  call.result = Digest::Of(result);
  call.result_size = result.size();
  if (result.size() <= internal::MemoIndex::kSmallValue) {
    call.small_result = result;
  }
  call.arguments.push_back({.name = "n",
                            .type = "i64",
                            .digest = Digest::Of(bytes),
                            .kept = true,
                            .small_value = bytes});
  line.kept_sizes.push_back(bytes.size());
  call.elapsed = absl::Milliseconds(5);
  call.spent = absl::Microseconds(7);
  call.created_at = absl::FromUnixSeconds(1'700'000'000 + argument);
  line.first_created = call.created_at;
  call.environment = R"({"host":"mallory"})";
  line.function_digest = FunctionDigest(internal::IdentityOf(call));
  call.key = KeyOf(line);
  return line;
}

Digest KeyOf(const CallLine& line) {
  std::vector<Digest> digests;
  for (const ArgumentRecord& argument : line.call.arguments) {
    digests.push_back(argument.digest);
  }
  return CallKey(FunctionDigest(internal::IdentityOf(line.call)), digests,
                 line.call.seed);
}

std::string TextOf(const CallLine& line) {
  return OrDie(internal::WriteCallLine(line));
}

json::object ObjectOf(const CallLine& line) {
  json::object object = OrDie(ParseJson(TextOf(line))).get_object();
  object.erase("checksum");
  return object;
}

std::string Sealed(json::object object) {
  return OrDie(internal::SealJson(std::move(object)));
}

void SetKey(json::object& object) {
  absl::Status ignored;
  const internal::JsonMembers members(object, ignored);
  const internal::JsonMembers function(members.Object("function"), ignored);
  FunctionIdentity identity{
      .name = function.Text("name"),
      .version = function.Text("version"),
      .result_type = internal::JsonMembers(members.Object("result"), ignored)
                         .Text("type")};
  for (const json::value& callee : function.Array("callees")) {
    if (callee.is_string()) identity.callees.emplace_back(callee.get_string());
  }
  for (const auto& [name, value] : function.Object("salts")) {
    if (value.is_string()) identity.salts.emplace(name, value.get_string());
  }
  for (const auto& [name, value] : function.Object("environment")) {
    if (!value.is_string()) continue;
    identity.environment.emplace(name, value.get_string());
  }
  std::vector<Digest> digests;
  for (const json::value& value : members.Array("arguments")) {
    if (!value.is_object()) continue;
    const internal::JsonMembers argument(value.get_object(), ignored);
    identity.argument_types.push_back(argument.Text("type"));
    digests.push_back(argument.DigestAt("digest"));
  }
  std::optional<std::uint64_t> seed;
  if (members.Has("seed")) seed = members.Unsigned("seed");
  object["key"] = CallKey(FunctionDigest(identity), digests, seed).ToString();
}

// ------------------------------------------------------------------ Archives

void Describe(ArchiveParts::Layer& layer) {
  layer.description.blob = {.digest = Sha256::Of(layer.bytes),
                            .size = layer.bytes.size()};
}

ArchiveParts::Layer MakeLayer(LayerContent content, const std::string& tar) {
  ArchiveParts::Layer layer{
      .description = {.blob = {}, .content = content, .size = tar.size()},
      .bytes = Zstd(tar)};
  Describe(layer);
  return layer;
}

ArchiveParts::Layer CallsLayer(std::vector<CallLine> lines) {
  std::sort(lines.begin(), lines.end(),
            [](const CallLine& a, const CallLine& b) {
              return a.call.key < b.call.key;
            });
  std::vector<std::string> texts;
  for (const CallLine& line : lines) texts.push_back(TextOf(line));
  return CallsLayer(texts, lines.front().call.key, lines.back().call.key);
}

ArchiveParts::Layer CallsLayer(const std::vector<std::string>& lines,
                               const Digest& first, const Digest& last,
                               std::int64_t file) {
  std::string text;
  for (const std::string& line : lines) text += line;
  ArchiveParts::Layer layer = MakeLayer(
      LayerContent::kCalls, ToTar({{.name = internal::CallsFileName(file),
                                    .bytes = std::move(text)}}));
  layer.description.count = lines.size();
  layer.description.first = first;
  layer.description.last = last;
  return layer;
}

ArchiveParts::Layer BlobsLayer(std::vector<std::string> blobs) {
  std::sort(blobs.begin(), blobs.end(),
            [](const std::string& a, const std::string& b) {
              return Digest::Of(a) < Digest::Of(b);
            });
  std::vector<TarEntry> entries;
  for (const std::string& blob : blobs) {
    entries.push_back(
        {.name = internal::BlobFileName(Digest::Of(blob)), .bytes = blob});
  }
  ArchiveParts::Layer layer = MakeLayer(LayerContent::kBlobs, ToTar(entries));
  layer.description.count = blobs.size();
  layer.description.first = Digest::Of(blobs.front());
  layer.description.last = Digest::Of(blobs.back());
  return layer;
}

void AddFunctions(const std::vector<CallLine>& lines,
                  ArchiveContents& contents) {
  std::map<std::string, std::pair<std::set<std::string>, std::int64_t>> all;
  for (const ArchiveContents::Function& function : contents.functions) {
    all[function.name] = {{function.versions.begin(), function.versions.end()},
                          function.calls};
  }
  for (const CallLine& line : lines) {
    auto& [versions, calls] = all[line.call.function];
    versions.insert(line.call.version);
    ++calls;
  }
  contents.functions.clear();
  for (const auto& [name, function] : all) {
    contents.functions.push_back(
        {.name = name,
         .versions = {function.first.begin(), function.first.end()},
         .calls = function.second});
  }
}

void AddFunctions(const std::vector<std::string>& lines,
                  ArchiveContents& contents) {
  std::vector<CallLine> read;
  for (const std::string& line : lines) {
    if (absl::StatusOr<CallLine> call = internal::ReadCallLine(line);
        call.ok()) {
      read.push_back(*std::move(call));
    }
  }
  AddFunctions(read, contents);
}

ArchiveParts MakeArchive(const std::vector<CallLine>& lines,
                         const std::vector<std::string>& blobs) {
  ArchiveParts parts;
  if (!lines.empty()) parts.layers.push_back(CallsLayer(lines));
  if (!blobs.empty()) parts.layers.push_back(BlobsLayer(blobs));
  parts.contents.calls = static_cast<std::int64_t>(lines.size());
  AddFunctions(lines, parts.contents);
  parts.contents.blobs = static_cast<std::int64_t>(blobs.size());
  for (const std::string& blob : blobs) {
    parts.contents.blob_bytes += blob.size();
  }
  return parts;
}

std::vector<std::string> SomeBlobs() {
  std::string large;
  for (int i = 0; large.size() < 10'000; ++i) absl::StrAppend(&large, i, ";");
  return {std::string(1000, 'm'), large};
}

std::vector<CallLine> SomeCalls() {
  const std::vector<std::string> blobs = SomeBlobs();
  return {MakeLine("evil.F", 1, "small"), MakeLine("evil.F", 2, blobs[0]),
          MakeLine("evil.G", 3, blobs[1])};
}

std::string ManifestOf(const ArchiveParts& parts) {
  const std::string config = parts.config.has_value()
                                 ? *parts.config
                                 : OrDie(internal::WriteConfig(parts.contents));
  internal::ArchiveManifest manifest;
  manifest.config = {.digest = Sha256::Of(config), .size = config.size()};
  for (const ArchiveParts::Layer& layer : parts.layers) {
    manifest.layers.push_back(layer.description);
  }
  return OrDie(internal::WriteManifest(manifest));
}

std::string ToBytes(const ArchiveParts& parts) {
  std::string tar = parts.before;
  const auto add = [&tar](const std::string& name, const std::string& bytes) {
    tar += TarHeader({.name = name, .size = bytes.size()});
    tar += bytes;
    tar.resize((tar.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  };
  const auto add_part = [&](const std::string& bytes) {
    add(absl::StrCat(internal::kOciBlobs, Sha256::Of(bytes).ToHex()), bytes);
  };
  add(internal::kOciLayout, parts.layout.value_or(internal::WriteOciLayout()));
  for (const ArchiveParts::Layer& layer : parts.layers) add_part(layer.bytes);
  add_part(parts.config.has_value()
               ? *parts.config
               : OrDie(internal::WriteConfig(parts.contents)));
  const std::string manifest =
      parts.manifest.has_value() ? *parts.manifest : ManifestOf(parts);
  add_part(manifest);
  add(internal::kOciIndex,
      parts.index.value_or(internal::WriteOciIndex(
          {.digest = Sha256::Of(manifest), .size = manifest.size()})));
  return tar + parts.behind + TarEnd();
}

}  // namespace ireneo::testing
