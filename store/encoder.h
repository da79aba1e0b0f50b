#ifndef IRENEO_STORE_ENCODER_H_
#define IRENEO_STORE_ENCODER_H_

// Writes the compressed file of a blob while the payload arrives in pieces.
// What `Compressor` (store/compressor.h) drives once it knows which encoding
// pays; use that unless the encoding must be this one.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "ireneo/store/compression.h"

namespace ireneo {

// Takes the next bytes of a file, valid during the call.
using ByteOutput = std::function<absl::Status(std::span<const std::byte>)>;

// A codec with all that it leaves open.
struct Encoding {
  BlobCodec codec = BlobCodec::kRaw;
  int level = 0;
  Compression::Inner inner = Compression::Inner::kLz4;  // Blosc only.
  int element_size = 1;                                 // Blosc only.
};

// Not thread-safe; different encoders have nothing in common.
class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Takes the next bytes of the payload. After an error there may be no
  // further call. Errors: those of the output, returned as they are;
  // ResourceExhausted if memory does not suffice; Internal if the library
  // fails.
  virtual absl::Status Append(std::span<const std::byte> bytes) = 0;

  // To be called once, when the whole payload was appended.
  virtual absl::Status Finish() = 0;

 protected:
  Encoder() = default;
};

// Passes the payload on as it is.
std::unique_ptr<Encoder> NewRawEncoder(ByteOutput output);

}  // namespace ireneo

#endif  // IRENEO_STORE_ENCODER_H_
