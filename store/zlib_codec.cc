#include "ireneo/store/zlib_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/store/status_macros.h"

#define ZLIB_CONST
#include "zlib.h"

namespace ireneo {
namespace {

// zlib counts in 32 bits.
constexpr std::size_t kPiece = std::size_t{1} << 30;
constexpr int kGzip =
    15 + 16;  // The largest window; gzip's header and trailer.
constexpr std::size_t kMinFile = 24 + 2 + 8;

// The subfield of the header that has the size, whose own field in a gzip file
// is modulo 2^32: its name, its length, the size.
using SizeField = std::array<unsigned char, 12>;
constexpr std::size_t kSizeOffset = 4;

SizeField SizeFieldOf(std::uint64_t size) {
  static_assert(std::endian::native == std::endian::little);
  SizeField field = {'I', 'r', 8, 0};
  std::memcpy(field.data() + kSizeOffset, &size, sizeof(size));
  return field;
}

absl::Status MemoryError() {
  return absl::ResourceExhaustedError("no memory to work with zlib");
}

class ZlibEncoder final : public Encoder {
 public:
  ZlibEncoder(int level, std::uint64_t size, ByteOutput output)
      : output_(std::move(output)),
        size_field_(SizeFieldOf(size)),
        buffer_(std::size_t{1} << 16) {
    header_.os = 255;  // Unknown: the file does not depend on the system.
    header_.extra = size_field_.data();
    header_.extra_len = size_field_.size();
    ready_ = deflateInit2(&stream_, level, Z_DEFLATED, kGzip, 8,
                          Z_DEFAULT_STRATEGY) == Z_OK &&
             deflateSetHeader(&stream_, &header_) == Z_OK;
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }

  absl::Status Append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), kPiece));
      IRENEO_RETURN_IF_ERROR(Run(piece, Z_NO_FLUSH));
      bytes = bytes.subspan(piece.size());
    }
    return absl::OkStatus();
  }
  absl::Status Finish() override { return Run({}, Z_FINISH); }

 private:
  absl::Status Run(std::span<const std::byte> bytes, int flush) {
    if (!ready_) return MemoryError();
    stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      // Z_BUF_ERROR: there was nothing left to do.
      if (const int result = deflate(&stream_, flush);
          result == Z_STREAM_ERROR) {
        return absl::InternalError("zlib cannot compress: its state is broken");
      }
      const std::size_t made = buffer_.size() - stream_.avail_out;
      if (made > 0) {
        IRENEO_RETURN_IF_ERROR(output_(std::span(buffer_).first(made)));
      }
    } while (stream_.avail_out == 0);
    return absl::OkStatus();
  }

  const ByteOutput output_;
  SizeField size_field_;
  std::vector<std::byte> buffer_;
  gz_header header_ = {};
  z_stream stream_ = {};
  bool ready_;
};

// Inflates one gzip file into memory of the size that it should have.
class Inflater {
 public:
  Inflater(std::span<const std::byte> file, std::span<std::byte> payload)
      : file_(file), payload_(payload) {}
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  absl::Status Run() {
    if (inflateInit2(&stream_, kGzip) != Z_OK) return MemoryError();
    int result;
    do {
      if (stream_.avail_in == 0) Feed();
      if (stream_.avail_out == 0 && !MakeRoom()) return WrongSize();
      result = inflate(&stream_, Z_NO_FLUSH);
    } while (result == Z_OK);
    if (result == Z_MEM_ERROR) return MemoryError();
    if (result != Z_STREAM_END) {
      return absl::DataLossError(absl::StrCat(
          "its gzip stream is damaged: ",
          stream_.msg != nullptr ? stream_.msg : "it ends too early"));
    }
    if (!payload_.empty() || stream_.avail_out != (spare_used_ ? 1 : 0)) {
      return WrongSize();
    }
    if (!file_.empty() || stream_.avail_in != 0) {
      return absl::DataLossError(absl::StrCat("its gzip stream is followed by ",
                                              file_.size() + stream_.avail_in,
                                              " bytes"));
    }
    return absl::OkStatus();
  }

 private:
  void Feed() {
    const std::size_t size = std::min(file_.size(), kPiece);
    stream_.next_in = reinterpret_cast<const Bytef*>(file_.data());
    stream_.avail_in = static_cast<uInt>(size);
    file_ = file_.subspan(size);
  }

  // Once the payload is full the stream still has its end; a spare byte is
  // filled if it has more.
  bool MakeRoom() {
    if (spare_used_) return false;
    const std::size_t size = std::min(payload_.size(), kPiece);
    if (size > 0) {
      stream_.next_out = reinterpret_cast<Bytef*>(payload_.data());
      stream_.avail_out = static_cast<uInt>(size);
      payload_ = payload_.subspan(size);
    } else {
      stream_.next_out = &spare_;
      stream_.avail_out = 1;
      spare_used_ = true;
    }
    return true;
  }

  absl::Status WrongSize() const {
    return absl::DataLossError(
        "its gzip stream does not have the size that its header declares");
  }

  std::span<const std::byte> file_;
  std::span<std::byte> payload_;
  z_stream stream_ = {};
  Bytef spare_ = 0;
  bool spare_used_ = false;
};

}  // namespace

std::unique_ptr<Encoder> NewZlibEncoder(const Encoding& encoding,
                                        std::uint64_t size, ByteOutput output) {
  return std::make_unique<ZlibEncoder>(encoding.level, size, std::move(output));
}

absl::StatusOr<std::uint64_t> ZlibDeclaredSize(
    std::span<const std::byte> file) {
  constexpr unsigned char kMagic[] = {0x1f, 0x8b, 8,
                                      4};  // Deflate, extra field.
  constexpr unsigned char kExtra[] = {12, 0, 'I', 'r', 8, 0};
  constexpr std::size_t kExtraOffset = 10;
  if (file.size() < kMinFile ||
      std::memcmp(file.data(), kMagic, sizeof(kMagic)) != 0 ||
      std::memcmp(file.data() + kExtraOffset, kExtra, sizeof(kExtra)) != 0) {
    return absl::DataLossError(
        "it does not start as a gzip file with the size in field 'Ir'");
  }
  std::uint64_t size;
  std::memcpy(&size, file.data() + kExtraOffset + sizeof(kExtra), sizeof(size));
  // Two bits are at best a copy of 258 bytes.
  constexpr std::uint64_t kMaxRatio = 1032;
  if (size / kMaxRatio > file.size()) {
    return absl::DataLossError(absl::StrCat("a gzip file of ", file.size(),
                                            " bytes cannot hold the ", size,
                                            " bytes that it declares"));
  }
  return size;
}

absl::Status ZlibDecompress(std::span<const std::byte> file,
                            std::span<std::byte> payload) {
  return Inflater(file, payload).Run();
}

}  // namespace ireneo
