// Reads arbitrary bytes, less the first, as the header of a .npy file and as
// one of the dense Eigen types in types.h.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"
#include "ireneo/tests/fuzz/check.h"
#include "ireneo/tests/fuzz/types.h"

namespace ireneo::fuzz {
namespace {

void CheckHeader(std::string_view bytes) {
  Source source(BlobOf(bytes));
  const absl::StatusOr<NpyHeader> header = ReadNpyHeader(source);
  if (!header.ok()) return CheckIsDataLoss(header.status());
  for (const std::size_t item_size : {1, 3, 16}) {
    const absl::StatusOr<std::uint64_t> size = NpyDataSize(*header, item_size);
    if (!size.ok()) CheckIsDataLoss(size.status());
  }
  std::string written;
  StringSink sink(written);
  WriteNpyHeader(*header, sink);
  sink.Flush();
  if (!sink.ok()) return;  // A descr that is foreign to this writer.
  Source again(BlobOf(written));
  const absl::StatusOr<NpyHeader> header_again = ReadNpyHeader(again);
  Check(header_again.ok() && *header_again == *header && again.Finish().ok(),
        "a header that is written is read as the same");
}

}  // namespace
}  // namespace ireneo::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ireneo::fuzz::CheckHeader(input.substr(1));
  ireneo::fuzz::CheckReadingOneOf(ireneo::fuzz::NpyTypes(), input,
                                  ireneo::fuzz::Spellings::kSeveral);
  return 0;
}
