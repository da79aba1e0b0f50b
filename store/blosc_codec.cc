#include "ireneo/store/blosc_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "blosc.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// Of the payload, in all chunks but the last. Large enough that what Blosc
// allocates for each does not count.
constexpr std::uint64_t kChunk = std::uint64_t{4} << 20;

class BloscEncoder final : public Encoder {
 public:
  BloscEncoder(const Encoding& encoding, std::uint64_t size, ByteOutput output)
      : encoding_(encoding),
        output_(std::move(output)),
        left_(size),
        compressed_(std::make_unique_for_overwrite<std::byte[]>(
            ChunkSize() + BLOSC_MAX_OVERHEAD)) {}

  // The boundaries of chunks do not depend on those of the pieces, so that
  // equal payloads are equal files.
  absl::Status Append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const std::size_t chunk = ChunkSize();
      const auto piece =
          bytes.first(std::min(bytes.size(), chunk - gathered_.size()));
      bytes = bytes.subspan(piece.size());
      if (piece.size() == chunk) {
        IRENEO_RETURN_IF_ERROR(WriteChunk(piece));
        continue;
      }
      gathered_.reserve(chunk);
      gathered_.insert(gathered_.end(), piece.begin(), piece.end());
      if (gathered_.size() == chunk) {
        IRENEO_RETURN_IF_ERROR(WriteChunk(gathered_));
        gathered_.clear();
      }
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  std::size_t ChunkSize() const { return std::min(left_, kChunk); }

  absl::Status WriteChunk(std::span<const std::byte> chunk) {
    const std::size_t element =
        static_cast<std::size_t>(std::max(encoding_.element_size, 1));
    const int size = blosc_compress_ctx(
        encoding_.level, element > 1 ? BLOSC_SHUFFLE : BLOSC_NOSHUFFLE, element,
        chunk.size(), chunk.data(), compressed_.get(),
        chunk.size() + BLOSC_MAX_OVERHEAD,
        encoding_.inner == Compression::Inner::kZstd ? BLOSC_ZSTD_COMPNAME
                                                     : BLOSC_LZ4_COMPNAME,
        /*blocksize=*/0, /*numinternalthreads=*/1);
    if (size <= 0) {
      return absl::InternalError(
          absl::StrCat("blosc cannot compress: it returned ", size));
    }
    left_ -= chunk.size();
    return output_({compressed_.get(), static_cast<std::size_t>(size)});
  }

  const Encoding encoding_;
  const ByteOutput output_;
  std::uint64_t left_;  // Of the payload, less the chunks that are written.
  std::vector<std::byte> gathered_;
  const std::unique_ptr<std::byte[]> compressed_;
};

struct Chunk {
  std::span<const std::byte> bytes;  // With its header.
  std::uint32_t size;                // Of its payload.
};

// What a chunk is made of. Checked here as well as by Blosc, which trusts more
// of it than files deserve.
struct Header {
  std::uint8_t version;
  std::uint8_t inner_version;
  std::uint8_t flags;
  std::uint8_t element_size;
  std::uint32_t size;
  std::uint32_t block_size;
  std::uint32_t chunk_size;  // With this header.
};
static_assert(sizeof(Header) == BLOSC_MIN_HEADER_LENGTH);
static_assert(std::endian::native == std::endian::little);

bool IsSound(const Header& header, std::size_t remaining) {
  constexpr int kReserved = 0x08;
  const int inner = header.flags >> 5;
  if (header.version != BLOSC_VERSION_FORMAT || header.inner_version != 1 ||
      (header.flags & kReserved) != 0 || header.element_size == 0 ||
      (inner != BLOSC_LZ4_FORMAT && inner != BLOSC_ZSTD_FORMAT) ||
      header.size == 0 || header.size > kChunk || header.block_size == 0 ||
      header.block_size > header.size ||
      header.chunk_size < BLOSC_MIN_HEADER_LENGTH ||
      header.chunk_size > remaining) {
    return false;
  }
  if ((header.flags & BLOSC_MEMCPYED) != 0) {
    return header.chunk_size == BLOSC_MIN_HEADER_LENGTH + header.size;
  }
  // The offset of each block, and the size in front of what is in it.
  const std::uint32_t blocks = (header.size - 1) / header.block_size + 1;
  return (header.chunk_size - BLOSC_MIN_HEADER_LENGTH) / 8 >= blocks;
}

// Takes the first chunk off `file`.
absl::StatusOr<Chunk> TakeChunk(std::span<const std::byte>& file) {
  Header header = {};
  std::size_t size;
  if (file.size() >= sizeof(header)) {
    std::memcpy(&header, file.data(), sizeof(header));
  }
  if (!IsSound(header, file.size()) ||
      blosc_cbuffer_validate(file.data(), header.chunk_size, &size) != 0 ||
      size != header.size) {
    return absl::DataLossError("the header of a blosc chunk is damaged");
  }
  const Chunk chunk = {file.first(header.chunk_size), header.size};
  file = file.subspan(header.chunk_size);
  return chunk;
}

}  // namespace

std::unique_ptr<Encoder> NewBloscEncoder(const Encoding& encoding,
                                         std::uint64_t size,
                                         ByteOutput output) {
  return std::make_unique<BloscEncoder>(encoding, size, std::move(output));
}

absl::StatusOr<std::uint64_t> BloscDeclaredSize(
    std::span<const std::byte> file) {
  std::uint64_t total = 0;
  while (!file.empty()) {
    IRENEO_ASSIGN_OR_RETURN(const Chunk chunk, TakeChunk(file));
    if (chunk.size != kChunk && !file.empty()) {
      return absl::DataLossError(
          absl::StrCat("a blosc chunk of ", chunk.size,
                       " bytes is not the last, as it must be"));
    }
    total += chunk.size;
  }
  return total;
}

absl::Status BloscDecompress(std::span<const std::byte> file,
                             std::span<std::byte> payload) {
  while (!file.empty()) {
    IRENEO_ASSIGN_OR_RETURN(const Chunk chunk, TakeChunk(file));
    if (blosc_decompress_ctx(chunk.bytes.data(), payload.data(), chunk.size,
                             /*numinternalthreads=*/1) !=
        static_cast<int>(chunk.size)) {
      return absl::DataLossError("a blosc chunk is damaged");
    }
    payload = payload.subspan(chunk.size);
  }
  return absl::OkStatus();
}

}  // namespace ireneo
