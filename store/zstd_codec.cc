#include "ireneo/store/zstd_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/store/status_macros.h"
#include "zstd.h"

namespace ireneo {
namespace {

absl::Status MemoryError() {
  return absl::ResourceExhaustedError("no memory to work with zstd");
}

class ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder(int level, std::uint64_t size, ByteOutput output)
      : output_(std::move(output)),
        context_(ZSTD_createCCtx(), &ZSTD_freeCCtx),
        buffer_(std::min(ZSTD_CStreamOutSize(),
                         ZSTD_compressBound(std::min<std::uint64_t>(
                             size, ZSTD_CStreamInSize())))) {
    if (context_ == nullptr) return;
    // In range, so none of them fails. The size makes the tables fit.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(context_.get(), size);
  }

  absl::Status Append(std::span<const std::byte> bytes) override {
    return Run(bytes, ZSTD_e_continue);
  }
  absl::Status Finish() override { return Run({}, ZSTD_e_end); }

 private:
  absl::Status Run(std::span<const std::byte> bytes, ZSTD_EndDirective end) {
    if (context_ == nullptr) return MemoryError();
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out = {buffer_.data(), buffer_.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context_.get(), &out, &in, end);
      if (ZSTD_isError(left)) {
        return absl::InternalError(
            absl::StrCat("zstd cannot compress: ", ZSTD_getErrorName(left)));
      }
      if (out.pos > 0) {
        IRENEO_RETURN_IF_ERROR(output_(std::span(buffer_).first(out.pos)));
      }
      if (end == ZSTD_e_end ? left == 0 : in.pos == in.size) break;
    }
    return absl::OkStatus();
  }

  const ByteOutput output_;
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
  std::vector<std::byte> buffer_;
};

constexpr unsigned char kMagic[] = {0x28, 0xb5, 0x2f, 0xfd};

}  // namespace

std::unique_ptr<Encoder> NewZstdEncoder(const Encoding& encoding,
                                        std::uint64_t size, ByteOutput output) {
  return std::make_unique<ZstdEncoder>(encoding.level, size, std::move(output));
}

absl::StatusOr<std::uint64_t> ZstdDeclaredSize(
    std::span<const std::byte> file) {
  // Not a frame to be skipped, which would declare 0 bytes.
  if (file.size() < sizeof(kMagic) ||
      std::memcmp(file.data(), kMagic, sizeof(kMagic)) != 0) {
    return absl::DataLossError("it does not start as a zstd frame");
  }
  const unsigned long long size =
      ZSTD_getFrameContentSize(file.data(), file.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
    return absl::DataLossError("its zstd frame does not declare a size");
  }
  // Walks from block to block, so that this is one frame and all of it.
  const std::size_t frame =
      ZSTD_findFrameCompressedSize(file.data(), file.size());
  if (ZSTD_isError(frame)) {
    return absl::DataLossError(
        absl::StrCat("its zstd frame is damaged: ", ZSTD_getErrorName(frame)));
  }
  if (frame != file.size()) {
    return absl::DataLossError(absl::StrCat("its zstd frame ends after ", frame,
                                            " of ", file.size(), " bytes"));
  }
  // A block of 4 bytes or more holds at most 128 KiB.
  if (size / ZSTD_BLOCKSIZE_MAX > file.size() / 4) {
    return absl::DataLossError(absl::StrCat("a zstd frame of ", file.size(),
                                            " bytes cannot hold the ", size,
                                            " bytes that it declares"));
  }
  return size;
}

absl::Status ZstdDecompress(std::span<const std::byte> file,
                            std::span<std::byte> payload) {
  // In one step: needs no window, however large the frame wants one.
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (context == nullptr) return MemoryError();
  const std::size_t size = ZSTD_decompressDCtx(
      context.get(), payload.data(), payload.size(), file.data(), file.size());
  if (ZSTD_isError(size)) {
    return absl::DataLossError(
        absl::StrCat("its zstd frame is damaged: ", ZSTD_getErrorName(size)));
  }
  if (size != payload.size()) {
    return absl::DataLossError(absl::StrCat(
        "its zstd frame has ", size, " bytes, but declares ", payload.size()));
  }
  return absl::OkStatus();
}

}  // namespace ireneo
