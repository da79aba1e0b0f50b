#include "ireneo/store/source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ireneo/store/sink.h"

namespace ireneo {

std::span<const std::byte> Source::ReadBytes(std::uint64_t size) {
  if (!status_.ok()) return {};
  if (size > remaining()) {
    Fail(absl::DataLossError(
        absl::StrCat("truncated: ", size, " bytes expected at offset ",
                     position_, ", ", remaining(), " remain")));
    return {};
  }
  const std::span<const std::byte> bytes =
      blob_.bytes().subspan(position_, size);
  position_ += size;
  return bytes;
}

std::string_view Source::ReadString() {
  const std::span<const std::byte> bytes = ReadBytes(ReadU64());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Source::SkipTo(std::size_t alignment) {
  const std::uint64_t start = position_;
  const std::span<const std::byte> padding =
      ReadBytes(-position_ & (alignment - 1));
  if (!std::all_of(padding.begin(), padding.end(),
                   [](std::byte b) { return b == std::byte{0}; })) {
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

void Source::Enter() {
  if (++depth_ > kMaxValueDepth) {
    Fail(absl::DataLossError(
        absl::StrCat("more than ", kMaxValueDepth,
                     " values inside of one another at offset ", position_)));
  }
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
