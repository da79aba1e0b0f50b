// Reads arbitrary bytes, less the first, as the compressed file of a blob, by
// the codec that the first byte names.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/codec.h"
#include "ireneo/store/compression.h"
#include "ireneo/tests/fuzz/check.h"

namespace ireneo::fuzz {
namespace {

// A larger payload may be right, but takes too long to make.
constexpr std::uint64_t kMaxSize = std::uint64_t{8} << 20;

void CheckFile(BlobCodec codec, const Blob& file) {
  const absl::StatusOr<std::uint64_t> size = DeclaredSize(codec, file.bytes());
  if (!size.ok()) return CheckIsDataLoss(size.status());
  Check(!Decompress(codec, file.bytes(), *size + 1).ok(),
        "a file has one size only");
  if (*size > kMaxSize) return;
  const absl::StatusOr<Blob> blob = Decompress(codec, file.bytes(), *size);
  if (!blob.ok()) return CheckIsDataLoss(blob.status());
  Check(blob->size() == *size, "a payload has the size that was asked for");
}

}  // namespace
}  // namespace ireneo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ireneo::fuzz::CheckFile(
      ireneo::kBlobCodecs[data[0] % ireneo::kBlobCodecs.size()],
      ireneo::fuzz::BlobOf(input.substr(1)));
  return 0;
}
