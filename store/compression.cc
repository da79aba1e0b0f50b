#include "ireneo/store/compression.h"

#include <charconv>
#include <span>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ireneo {
namespace {

absl::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

// Without signs and leading zeros: every form has one spelling.
std::optional<int> ParseNumber(absl::string_view text, int low, int high) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < low || value > high ||
      (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  return value;
}

using Parts = std::span<const absl::string_view>;

// The one number that may follow the name of a codec.
std::optional<int> ParseLevel(Parts parts, int low, int high, int otherwise) {
  if (parts.empty()) return otherwise;
  if (parts.size() > 1) return std::nullopt;
  return ParseNumber(parts[0], low, high);
}

std::optional<Compression> ParseBlosc(Parts parts) {
  const Compression plain = Compression::Blosc();
  if (parts.empty()) return plain;
  if (parts.size() > 3) return std::nullopt;
  Compression::Inner inner = Compression::Inner::kLz4;
  if (parts[0] == "zstd") {
    inner = Compression::Inner::kZstd;
  } else if (parts[0] != "lz4") {
    return std::nullopt;
  }
  const std::optional<int> level =
      ParseLevel(parts.subspan(1, parts.size() > 1 ? 1 : 0), 1,
                 Compression::kMaxBloscLevel, plain.level());
  const std::optional<int> element_size =
      ParseLevel(parts.subspan(parts.size() > 2 ? 2 : parts.size()), 1,
                 Compression::kMaxElementSize, 0);
  if (!level.has_value() || !element_size.has_value()) return std::nullopt;
  return Compression::Blosc(inner, *level, *element_size);
}

std::optional<Compression> ParseAny(std::string_view text) {
  if (text == "default") return Compression::kDefault;
  if (text == "small") return Compression::kSmall;
  if (text == "none") return Compression::kNone;
  const std::vector<absl::string_view> parts = absl::StrSplit(View(text), ':');
  const Parts rest = Parts(parts).subspan(1);
  if (parts[0] == "blosc") return ParseBlosc(rest);
  if (parts[0] == "zlib") {
    const std::optional<int> level = ParseLevel(
        rest, 0, Compression::kMaxZlibLevel, Compression::Zlib().level());
    if (level.has_value()) return Compression::Zlib(*level);
  }
  if (parts[0] == "zstd") {
    const std::optional<int> level = ParseLevel(
        rest, 1, Compression::kMaxZstdLevel, Compression::Zstd().level());
    if (level.has_value()) return Compression::Zstd(*level);
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(BlobCodec codec) {
  switch (codec) {
    case BlobCodec::kZlib:
      return "zlib";
    case BlobCodec::kZstd:
      return "zstd";
    case BlobCodec::kBlosc:
      return "blosc";
    case BlobCodec::kRaw:
      break;
  }
  return "raw";
}

std::string_view Suffix(BlobCodec codec) {
  switch (codec) {
    case BlobCodec::kZlib:
      return ".gz";
    case BlobCodec::kZstd:
      return ".zst";
    case BlobCodec::kBlosc:
      return ".blosc";
    case BlobCodec::kRaw:
      break;
  }
  return "";
}

std::optional<BlobCodec> BlobCodecWithName(std::string_view name) {
  for (const BlobCodec codec : kBlobCodecs) {
    if (name == Name(codec)) return codec;
  }
  return std::nullopt;
}

std::optional<BlobCodec> BlobCodecWithSuffix(std::string_view suffix) {
  for (const BlobCodec codec : kBlobCodecs) {
    if (suffix == Suffix(codec)) return codec;
  }
  return std::nullopt;
}

absl::StatusOr<Compression> Compression::Parse(std::string_view text) {
  if (const std::optional<Compression> parsed = ParseAny(text)) return *parsed;
  return absl::InvalidArgumentError(
      absl::StrCat("no compression is called '", absl::CHexEscape(View(text)),
                   "': say default, small, none, zlib[:0-9], zstd[:1-19] or "
                   "blosc[:lz4|zstd[:1-9[:ELEMENT_SIZE]]]"));
}

std::string Compression::ToString() const {
  switch (kind_) {
    case Kind::kNone:
      return "none";
    case Kind::kDefault:
      break;
    case Kind::kSmall:
      return "small";
    case Kind::kZlib:
      return absl::StrCat("zlib:", level_);
    case Kind::kZstd:
      return absl::StrCat("zstd:", level_);
    case Kind::kBlosc:
      return absl::StrCat(
          "blosc:", inner_ == Inner::kZstd ? "zstd:" : "lz4:", level_,
          element_size_ == 0 ? std::string()
                             : absl::StrCat(":", element_size_));
  }
  return "default";
}

}  // namespace ireneo
