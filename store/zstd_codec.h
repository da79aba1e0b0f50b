#ifndef IRENEO_STORE_ZSTD_CODEC_H_
#define IRENEO_STORE_ZSTD_CODEC_H_

// Zstandard frames: the codec of ".zst" (store/FORMAT.md).
// Called by store/codec.h only, which says what each function promises.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/encoder.h"

namespace ireneo {

std::unique_ptr<Encoder> NewZstdEncoder(const Encoding& encoding,
                                        std::uint64_t size, ByteOutput output);

absl::StatusOr<std::uint64_t> ZstdDeclaredSize(std::span<const std::byte> file);

// Fills `payload`, which has the declared size of `file`.
absl::Status ZstdDecompress(std::span<const std::byte> file,
                            std::span<std::byte> payload);

}  // namespace ireneo

#endif  // IRENEO_STORE_ZSTD_CODEC_H_
