// Reads arbitrary bytes as values of the types in types.h.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ireneo/tests/fuzz/check.h"
#include "ireneo/tests/fuzz/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  ireneo::fuzz::CheckReadingOneOf(
      ireneo::fuzz::BinaryTypes(),
      std::string_view(reinterpret_cast<const char*>(data), size),
      ireneo::fuzz::Spellings::kOne);
  return 0;
}
