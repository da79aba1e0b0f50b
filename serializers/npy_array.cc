#include "ireneo/serializers/npy_array.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ireneo/store/blob.h"

namespace ireneo {
namespace {

using internal::ConvertNpyRun;
using internal::kNpyRun;
using internal::NpyElement;
using internal::ParseNpyDescr;

constexpr std::size_t kMaxItemSize = 16;

absl::string_view Text(std::string_view text) {
  return {text.data(), text.size()};
}

// Whether the elements have one order whichever index runs fastest.
bool HasOneOrder(const NpyHeader& header) {
  return std::count_if(header.shape.begin(), header.shape.end(),
                       [](std::int64_t extent) { return extent > 1; }) <= 1;
}

// "[1, 2]", the index of the element at `position` of the file.
std::string IndexText(const NpyHeader& header, std::int64_t position) {
  std::vector<std::int64_t> index(header.shape.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    const std::size_t k = header.fortran_order ? i : index.size() - 1 - i;
    index[k] = position % header.shape[k];
    position /= header.shape[k];
  }
  return absl::StrCat("[", absl::StrJoin(index, ", "), "]");
}

// Copies elements between two storage orders and two types. Without a
// destination it only looks whether that is possible.
class Converter {
 public:
  Converter(const NpyArray& array, const NpyTarget& target, std::byte* dest)
      : array_(array),
        target_(target),
        to_(*ParseNpyDescr(target.descr)),
        dest_(dest) {}

  absl::Status Convert() {
    if (array_.bytes.empty()) return absl::OkStatus();
    MakeDimensions();
    // In tiles, so that neither side is walked with a large stride for long.
    const Dimension& inner = dimensions_[0];
    const Dimension& cross = dimensions_[1];
    constexpr std::int64_t kTile = kNpyRun;
    do {
      for (std::int64_t c = 0; c < cross.extent; c += kTile) {
        for (std::int64_t i = 0; i < inner.extent; i += kTile) {
          const std::int64_t count = std::min(kTile, inner.extent - i);
          const std::int64_t end = std::min(c + kTile, cross.extent);
          for (std::int64_t k = c; k < end; ++k) {
            if (!ConvertRun(i, k, count)) return Failure();
          }
        }
      }
    } while (Advance());
    return absl::OkStatus();
  }

 private:
  // Strides in elements.
  struct Dimension {
    std::int64_t extent = 1;
    std::int64_t source_stride = 0;
    std::int64_t dest_stride = 0;
    std::int64_t index = 0;
  };

  // First the one that is adjacent in the destination, then the one that is in
  // the source, then the others.
  void MakeDimensions() {
    const std::int64_t count = array_.bytes.size() / array_.element.size;
    if (array_.header.fortran_order == target_.fortran_order ||
        HasOneOrder(array_.header)) {
      dimensions_ = {{.extent = count, .source_stride = 1, .dest_stride = 1},
                     {}};
      return;
    }
    std::int64_t first = 1;     // Strides if the first index runs fastest,
    std::int64_t last = count;  // and if the last one does.
    for (const std::int64_t extent : array_.header.shape) {
      if (extent == 1) continue;
      last /= extent;
      dimensions_.push_back(
          {.extent = extent,
           .source_stride = target_.fortran_order ? last : first,
           .dest_stride = target_.fortran_order ? first : last});
      first *= extent;
    }
    if (!target_.fortran_order) {
      std::reverse(dimensions_.begin(), dimensions_.end());
    }
    std::swap(dimensions_[1], dimensions_.back());
  }

  bool ConvertRun(std::int64_t i, std::int64_t k, std::int64_t count) {
    std::int64_t from =
        i * dimensions_[0].source_stride + k * dimensions_[1].source_stride;
    std::int64_t at =
        i * dimensions_[0].dest_stride + k * dimensions_[1].dest_stride;
    for (std::size_t d = 2; d < dimensions_.size(); ++d) {
      from += dimensions_[d].index * dimensions_[d].source_stride;
      at += dimensions_[d].index * dimensions_[d].dest_stride;
    }
    const std::int64_t stride = dimensions_[0].source_stride;
    const std::size_t done = ConvertNpyRun(
        array_.element, array_.bytes.data() + from * array_.element.size,
        stride * static_cast<std::int64_t>(array_.element.size), to_,
        dest_ == nullptr ? scratch_ : dest_ + at * to_.size, count);
    if (done == static_cast<std::size_t>(count)) return true;
    bad_ = from + static_cast<std::int64_t>(done) * stride;
    return false;
  }

  // Goes to the next index of the dimensions from the third on.
  bool Advance() {
    for (std::size_t d = 2; d < dimensions_.size(); ++d) {
      if (++dimensions_[d].index < dimensions_[d].extent) return true;
      dimensions_[d].index = 0;
    }
    return false;
  }

  absl::Status Failure() const {
    const std::byte* const data =
        array_.bytes.data() + bad_ * array_.element.size;
    return NpyMismatch(
        target_, array_.header,
        absl::StrCat(" with ",
                     internal::NpyElementToString(array_.element, data), " at ",
                     IndexText(array_.header, bad_), ", which is no ",
                     target_.descr == "|V2" ? "bf16" : Text(target_.descr)));
  }

  const NpyArray& array_;
  const NpyTarget& target_;
  const NpyElement to_;
  std::byte* const dest_;
  std::vector<Dimension> dimensions_;
  std::int64_t bad_ = 0;
  std::byte scratch_[kNpyRun * kMaxItemSize];
};

}  // namespace

absl::Status NpyMismatch(const NpyTarget& target, const NpyHeader& header,
                         std::string_view detail) {
  return absl::DataLossError(absl::StrCat("npy: expected ", target.type_name(),
                                          ", found ", header.ToString(),
                                          Text(detail)));
}

absl::StatusOr<NpyArray> ReadNpyArray(NpyHeader header, const NpyTarget& target,
                                      Source& source) {
  const std::optional<NpyElement> element = ParseNpyDescr(header.descr);
  // Two raw bytes are a bfloat16 only where one is asked for.
  if (!element.has_value() || (element->kind == 'V' && target.descr != "|V2")) {
    return NpyMismatch(target, header,
                       ", an element type that is not read here");
  }
  const absl::StatusOr<std::uint64_t> size = NpyDataSize(header, element->size);
  if (!size.ok()) return size.status();
  NpyArray array{.header = std::move(header), .element = *element};
  array.bytes = source.ReadBytes(*size);
  if (!source.ok()) return source.status();
  array.native = ParseNpyDescr(target.descr)->SameBytes(*element) &&
                 (array.header.fortran_order == target.fortran_order ||
                  HasOneOrder(array.header));
  if (array.native && element->kind == 'b' &&
      std::any_of(array.bytes.begin(), array.bytes.end(),
                  [](std::byte b) { return b > std::byte{1}; })) {
    return absl::DataLossError(absl::StrCat(
        "npy: expected ", target.type_name(), ", found a byte above 1"));
  }
  return array;
}

absl::Status CopyNpyArray(const NpyArray& array, const NpyTarget& target,
                          std::span<std::byte> dest) {
  if (!array.native) return Converter(array, target, dest.data()).Convert();
  UseHugePages(dest);
  if (!dest.empty()) std::memcpy(dest.data(), array.bytes.data(), dest.size());
  return absl::OkStatus();
}

absl::StatusOr<const std::byte*> ViewNpyArray(const NpyArray& array,
                                              const NpyTarget& target,
                                              std::size_t alignment) {
  if (!array.native) {
    if (absl::Status possible = Converter(array, target, nullptr).Convert();
        !possible.ok()) {
      return possible;
    }
    return absl::FailedPreconditionError(absl::StrCat(
        target.type_name(), ": the file has ", array.header.ToString(),
        ", which must be converted; read a copy"));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(array.bytes.data());
  if (!array.bytes.empty() && address % alignment != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        target.type_name(), ": the coefficients are not aligned to ", alignment,
        " bytes, as in a file that NumPy wrote; read a copy"));
  }
  return array.bytes.data();
}

}  // namespace ireneo
