#ifndef IRENEO_STORE_CODEC_H_
#define IRENEO_STORE_CODEC_H_

// Compressed files of blobs: written in pieces, read in one. The files are
// specified in store/FORMAT.md.
//
// What is read is not trusted: a size is checked against the file before
// anything is allocated for it, and a file is one whole stream with nothing
// behind it. gzip files and zstd frames have checksums of their own; Blosc
// chunks have none, so that damage inside of one may give other bytes of the
// right number. Only the digest proves a payload.
//
// Everything here may be called by many threads at once; nothing here makes a
// thread or keeps anything between calls.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/encoder.h"

namespace ireneo {

// `size` is that of the payload; to append another number of bytes is an error
// of the caller. The levels and element sizes are those that `Compression`
// allows.
std::unique_ptr<Encoder> NewEncoder(const Encoding& encoding,
                                    std::uint64_t size, ByteOutput output);

// How many bytes the payload of `file`, a whole file, is said to have.
// Errors: DataLoss.
absl::StatusOr<std::uint64_t> DeclaredSize(BlobCodec codec,
                                           std::span<const std::byte> file);

// The payload of `file`, a whole file, which must have exactly `size` bytes.
// Errors: DataLoss; ResourceExhausted if memory does not suffice. They speak of
// the file as "it": the caller says which.
absl::StatusOr<Blob> Decompress(BlobCodec codec,
                                std::span<const std::byte> file,
                                std::uint64_t size);

}  // namespace ireneo

#endif  // IRENEO_STORE_CODEC_H_
