#ifndef IRENEO_TESTS_FUZZ_ARCHIVE_PIECES_H_
#define IRENEO_TESTS_FUZZ_ARCHIVE_PIECES_H_

// Archives as a fuzzer changes them: pieces from which an archive is made with
// all SHA-256s, keys and checksums right, so that what is changed gets behind
// them. Zeros, of which tar files are full, are counted.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ireneo::fuzz {

enum class Piece : std::uint8_t {
  kLine,      // JSON: sealed, and with the key that it should have.
  kWrongKey,  // JSON: sealed, with the key that it has.
  kRawLine,   // A line as it is.
  kEndCalls,  // The lines so far are a layer.
  kBlob,      // A payload.
  kEndBlobs,  // The blobs so far are a layer.
  kFile,      // A file for a layer: its type, its name, a newline, its bytes.
  kEndFiles,  // These are a layer: of calls if a byte is 0.
  kLayer,     // The same byte, and a layer as it is.
  kTarLayer,  // The same byte, and the tar file of a layer, zeros counted.
  kLie,       // Of the last layer: which, and what it says of itself.
  kBefore,    // An outer file, as kFile.
  kBehind,    // An outer file at the end.
  kManifest,  // Texts instead of the right ones.
  kDescription,
  kIndex,
  kLayout,
  kCount,  // What the description has: which, and a number.
};
inline constexpr std::uint8_t kPieces = 18;

// Of the first byte of an input.
enum class ArchiveMode : std::uint8_t {
  kPieces,           // Pieces follow; into a store with a database.
  kPiecesDirectory,  // Into one whose index is a directory.
  kRaw,              // The archive follows, zeros counted.
};

// Up to 255 zeros become two bytes.
inline std::string CountZeros(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t zeros =
        std::min(bytes.find_first_not_of('\0'), bytes.size());
    const std::size_t counted = std::min<std::size_t>(zeros, 255);
    text += bytes[0];
    if (counted > 0) text += static_cast<char>(counted);
    bytes.remove_prefix(std::max<std::size_t>(counted, 1));
  }
  return text;
}
inline std::string WithZeros(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\0') {
      bytes += text[i];
    } else if (++i < text.size()) {
      bytes.append(static_cast<unsigned char>(text[i]), '\0');
    }
  }
  return bytes;
}

// A piece as it stands in an input.
inline std::string Encode(Piece piece, std::string_view bytes = "") {
  std::string text(1, static_cast<char>(piece));
  text += static_cast<char>(bytes.size() & 0xff);
  text += static_cast<char>(bytes.size() >> 8);
  return text.append(bytes);
}

}  // namespace ireneo::fuzz

#endif  // IRENEO_TESTS_FUZZ_ARCHIVE_PIECES_H_
