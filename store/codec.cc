#include "ireneo/store/codec.h"

#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/blosc_codec.h"
#include "ireneo/store/status_macros.h"
#include "ireneo/store/zlib_codec.h"
#include "ireneo/store/zstd_codec.h"

namespace ireneo {
namespace {

absl::Status DecompressTo(BlobCodec codec, std::span<const std::byte> file,
                          std::span<std::byte> payload) {
  switch (codec) {
    case BlobCodec::kZlib:
      return ZlibDecompress(file, payload);
    case BlobCodec::kZstd:
      return ZstdDecompress(file, payload);
    case BlobCodec::kBlosc:
      return BloscDecompress(file, payload);
    case BlobCodec::kRaw:
      break;
  }
  if (!file.empty()) std::memcpy(payload.data(), file.data(), file.size());
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<Encoder> NewEncoder(const Encoding& encoding,
                                    std::uint64_t size, ByteOutput output) {
  switch (encoding.codec) {
    case BlobCodec::kZlib:
      return NewZlibEncoder(encoding, size, std::move(output));
    case BlobCodec::kZstd:
      return NewZstdEncoder(encoding, size, std::move(output));
    case BlobCodec::kBlosc:
      return NewBloscEncoder(encoding, size, std::move(output));
    case BlobCodec::kRaw:
      break;
  }
  return NewRawEncoder(std::move(output));
}

absl::StatusOr<std::uint64_t> DeclaredSize(BlobCodec codec,
                                           std::span<const std::byte> file) {
  switch (codec) {
    case BlobCodec::kZlib:
      return ZlibDeclaredSize(file);
    case BlobCodec::kZstd:
      return ZstdDeclaredSize(file);
    case BlobCodec::kBlosc:
      return BloscDeclaredSize(file);
    case BlobCodec::kRaw:
      break;
  }
  return file.size();
}

absl::StatusOr<Blob> Decompress(BlobCodec codec,
                                std::span<const std::byte> file,
                                std::uint64_t size) {
  IRENEO_ASSIGN_OR_RETURN(const std::uint64_t declared,
                          DeclaredSize(codec, file));
  if (declared != size) {
    return absl::DataLossError(absl::StrCat(
        "it declares ", declared, " bytes, and ", size, " are expected"));
  }
  try {
    BlobBuffer buffer(size);
    UseHugePages(buffer.bytes());
    IRENEO_RETURN_IF_ERROR(DecompressTo(codec, file, buffer.bytes()));
    return std::move(buffer).Share();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for its ", size, " bytes"));
  }
}

}  // namespace ireneo
