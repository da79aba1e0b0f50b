#ifndef IRENEO_STORE_COMPRESSOR_H_
#define IRENEO_STORE_COMPRESSOR_H_

// Compresses one payload as a user wishes, if a sample of it says that this
// pays, and says afterwards which codec it was.
//
// A sample may be wrong: a payload whose beginning is like noise may end up raw
// although its end is not, and no file is made smaller after the fact. What is
// written is right either way.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/encoder.h"

namespace ireneo {

// What a writer knows of its payload.
struct PayloadHint {
  // In bytes, that of the elements of the array which the payload is but for a
  // header; 0 if it is none. A .npy file is recognised without.
  int element_size = 0;
};

// Takes a payload in pieces and passes the bytes of its file to an output.
//
// The choice is made on four places of the first large piece, or of the first
// 256 KiB if pieces are small; nothing is passed on before, and at most that
// much is held. Later pieces that are large pass without a copy where the codec
// allows it.
//
// An error is kept: whatever is called after it returns it again. Not
// thread-safe; different compressors have nothing in common.
class Compressor {
 public:
  // `size` is that of the whole payload.
  Compressor(Compression wish, std::uint64_t size, PayloadHint hint,
             ByteOutput output);

  // Takes the next bytes of the payload. Errors: those of the output, as they
  // are; ResourceExhausted if memory does not suffice; Internal if a library
  // fails; InvalidArgument if there is more than `size`.
  absl::Status Append(std::span<const std::byte> bytes);

  // To be called once, at the end. Errors: as above; InvalidArgument if there
  // was less than `size`.
  absl::Status Finish();

  // What the file is, once `Finish` returned.
  BlobCodec codec() const { return codec_; }

 private:
  absl::Status Take(std::span<const std::byte> bytes);
  // `large`: the piece that comes next, if it decides, else nothing.
  absl::Status Decide(std::span<const std::byte> large);

  const Compression wish_;
  const std::uint64_t size_;
  const PayloadHint hint_;
  ByteOutput output_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> gathered_;   // While nothing is decided.
  std::unique_ptr<Encoder> encoder_;  // Afterwards.
  BlobCodec codec_ = BlobCodec::kRaw;
  absl::Status status_;
};

// The encoding that `wish` comes to for a payload of which `start` is the first
// few hundred bytes and `bytes` a large part, or all.
Encoding ChooseEncoding(Compression wish, PayloadHint hint,
                        std::span<const std::byte> start,
                        std::span<const std::byte> bytes);

// Whether a compressor that is given `payload` in one piece leaves it raw.
bool StaysRaw(Compression wish, PayloadHint hint,
              std::span<const std::byte> payload);

}  // namespace ireneo

#endif  // IRENEO_STORE_COMPRESSOR_H_
