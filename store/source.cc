#include "ireneo/store/source.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ireneo {

void Source::FailTruncated(std::uint64_t size) {
  Fail(absl::DataLossError(absl::StrCat("truncated: ", size,
                                        " bytes expected at offset ", position_,
                                        ", ", remaining(), " remain")));
}

void Source::SkipTo(std::size_t alignment) {
  const std::uint64_t start = position_;
  const std::span<const std::byte> padding =
      ReadBytes(-(position_ - origin_) & (alignment - 1));
  static constexpr std::byte kZeros[Sink::kBufferSize] = {};
  if (!padding.empty() &&
      std::memcmp(padding.data(), kZeros, padding.size()) != 0) {
    Fail(absl::DataLossError(
        absl::StrCat("padding at offset ", start, " is not zero")));
  }
}

std::size_t Source::ReadCount(std::size_t min_element_size) {
  const std::uint64_t count = ReadU64();
  if (count > remaining() / std::max<std::size_t>(min_element_size, 1)) {
    Fail(absl::DataLossError(absl::StrCat(count, " elements claimed at offset ",
                                          position_, ", ", remaining(),
                                          " bytes remain")));
  }
  return status_.ok() ? static_cast<std::size_t>(count) : 0;
}

void Source::FailTooDeep() {
  Fail(absl::DataLossError(
      absl::StrCat("more than ", kMaxValueDepth,
                   " values inside of one another at offset ", position_)));
}

void Source::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

absl::Status Source::Finish() const {
  if (!status_.ok()) return status_;
  if (remaining() != 0) {
    return absl::DataLossError(
        absl::StrCat(remaining(), " bytes left over at offset ", position_));
  }
  return absl::OkStatus();
}

}  // namespace ireneo
