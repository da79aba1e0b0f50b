#ifndef IRENEO_STORE_COMPRESSION_H_
#define IRENEO_STORE_COMPRESSION_H_

// How the files of blobs are compressed: what a user may choose, and the names
// of the codecs behind it. A digest is always of the uncompressed bytes, so a
// blob is the same blob under every codec.
//
// Whatever is chosen is a wish. If a sample of the bytes says that compressing
// gains too little, the file is raw: no choice makes incompressible data
// noticeably larger or slower to write.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ireneo {

// What the file of a blob is written by. The names, the suffixes and the files
// are specified in store/FORMAT.md; the numbers are not stored.
enum class BlobCodec : std::uint8_t {
  kRaw,    // Exactly the payload.
  kZlib,   // ".gz", for gzip(1).
  kZstd,   // ".zst", for zstd(1).
  kBlosc,  // ".blosc": Blosc 1 chunks, one after the other.
};

// All of them but kRaw, whose files have no suffix and no name.
inline constexpr std::array kBlobCodecs = {BlobCodec::kZlib, BlobCodec::kZstd,
                                           BlobCodec::kBlosc};

// "zlib", "zstd", "blosc"; "raw", which an index does not have.
std::string_view Name(BlobCodec codec);

// ".gz", ".zst", ".blosc"; "" for raw.
std::string_view Suffix(BlobCodec codec);

// What `Name` or `Suffix` gives, except for raw; empty for anything else.
std::optional<BlobCodec> BlobCodecWithName(std::string_view name);
std::optional<BlobCodec> BlobCodecWithSuffix(std::string_view suffix);

// What a store or a function asks for. A value.
class Compression {
 public:
  enum class Kind : std::uint8_t {
    kNone,
    kDefault,
    kSmall,
    kZlib,
    kZstd,
    kBlosc
  };
  // What Blosc compresses with, after it has put the first bytes of all
  // elements together, then the second ones, and so on.
  enum class Inner : std::uint8_t { kLz4, kZstd };

  static constexpr int kMaxZlibLevel = 9;
  static constexpr int kMaxZstdLevel = 19;
  static constexpr int kMaxBloscLevel = 9;
  static constexpr int kMaxElementSize = 255;

  // Arrays stay raw, since they are mapped; all else is zstd-1 if that saves a
  // fifth.
  static const Compression kDefault;
  // As small as can be had at a few hundred megabytes a second: arrays are
  // shuffled too.
  static const Compression kSmall;
  static const Compression kNone;

  // A number outside of its range counts as the nearest inside.

  // Levels from 0 to 9, as of gzip; 0 only copies, so such files are raw.
  static constexpr Compression Zlib(int level = 6) {
    return {Kind::kZlib, Within(level, 0, kMaxZlibLevel)};
  }
  // Levels from 1 to 19.
  static constexpr Compression Zstd(int level = 1) {
    return {Kind::kZstd, Within(level, 1, kMaxZstdLevel)};
  }
  // Levels from 1 to 9. `element_size` in bytes, at most 255, is that of what
  // is shuffled; 0: what the data seems to be made of.
  static constexpr Compression Blosc(Inner inner = Inner::kLz4, int level = 5,
                                     int element_size = 0) {
    return {Kind::kBlosc, Within(level, 1, kMaxBloscLevel), inner,
            Within(element_size, 0, kMaxElementSize)};
  }

  constexpr Compression() : Compression(Kind::kDefault) {}

  // What `ToString` gives, and shorter forms with the defaults above:
  // "default", "small", "none", "zlib", "zlib:6", "zstd:3", "blosc",
  // "blosc:zstd", "blosc:lz4:5", "blosc:lz4:5:8". Errors: InvalidArgument,
  // naming the forms.
  static absl::StatusOr<Compression> Parse(std::string_view text);
  std::string ToString() const;

  constexpr Kind kind() const { return kind_; }
  // 0 where the kind has none; likewise below.
  constexpr int level() const { return level_; }
  constexpr Inner inner() const { return inner_; }
  constexpr int element_size() const { return element_size_; }

  friend bool operator==(const Compression&, const Compression&) = default;

 private:
  constexpr Compression(Kind kind, int level = 0, Inner inner = Inner::kLz4,
                        int element_size = 0)
      : kind_(kind),
        inner_(inner),
        level_(static_cast<std::uint8_t>(level)),
        element_size_(static_cast<std::uint8_t>(element_size)) {}

  static constexpr int Within(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
  }

  Kind kind_;
  Inner inner_;
  std::uint8_t level_;
  std::uint8_t element_size_;
};

inline constexpr Compression Compression::kDefault{Kind::kDefault};
inline constexpr Compression Compression::kSmall{Kind::kSmall};
inline constexpr Compression Compression::kNone{Kind::kNone};

}  // namespace ireneo

#endif  // IRENEO_STORE_COMPRESSION_H_
