// Sparse Eigen types, and the small ones of its geometry.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::size_t kAlignment = 64;

const ScalarType* ParseDescr(const ParsedTypeName& type) {
  return IsBare(type) ? FindScalarByDescr(type.head) : nullptr;
}

// A signed integer of up to 64 bits, what a sparse matrix counts in; null if it
// is none.
const ScalarType* ParseIndexDescr(const ParsedTypeName& type) {
  const ScalarType* const scalar = ParseDescr(type);
  return scalar != nullptr && scalar->kind == ScalarType::Kind::kSigned
             ? scalar
             : nullptr;
}

// `count` elements of `size` bytes behind their padding.
std::span<const std::byte> ReadPart(std::uint64_t count, std::size_t size,
                                    Source& source) {
  source.SkipTo(kAlignment);
  if (source.ok() && count > source.remaining() / size) {
    source.Fail(absl::DataLossError(
        absl::StrCat(count, " elements claimed at offset ", source.position(),
                     ", ", source.remaining(), " bytes remain")));
  }
  return source.ok() ? source.ReadBytes(count * size)
                     : std::span<const std::byte>();
}

// Whether the indices from `begin` to `end` ascend and are below `size`.
bool Ascend(const SparseView& view, std::uint64_t begin, std::uint64_t end,
            std::uint64_t size) {
  for (std::uint64_t i = begin; i < end; ++i) {
    const std::uint64_t index = view.Index(view.indices, i);
    if (index >= size ||
        (i > begin && index <= view.Index(view.indices, i - 1))) {
      return false;
    }
  }
  return true;
}

// The first error among starts and indices.
absl::Status Check(const SparseView& view) {
  const std::uint64_t count = view.count();
  if (view.shape.size() == 1) {
    if (Ascend(view, 0, count, view.shape[0])) return absl::OkStatus();
    return absl::DataLossError("the indices of a sparse vector do not ascend");
  }
  const std::uint64_t outer = view.shape[view.row_major ? 0 : 1];
  const std::uint64_t inner = view.shape[view.row_major ? 1 : 0];
  std::uint64_t begin = 0;
  if (view.Index(view.starts, 0) != 0 ||
      view.Index(view.starts, outer) != count) {
    return absl::DataLossError(
        "the starts of a sparse matrix do not go from 0 to the count");
  }
  for (std::uint64_t i = 0; i < outer; ++i) {
    const std::uint64_t end = view.Index(view.starts, i + 1);
    if (end < begin || end > count || !Ascend(view, begin, end, inner)) {
      return absl::DataLossError(
          absl::StrCat("starts or indices of a sparse matrix do not ascend in ",
                       view.row_major ? "row " : "column ", i));
    }
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status TooLarge(const ScalarType& index, absl::string_view what,
                      std::uint64_t max, std::uint64_t found) {
  return absl::DataLossError(absl::StrCat("an index of ", index.size,
                                          " bytes counts up to ", max, " ",
                                          what, ", found ", found));
}

// "eigen.sparse<<f8,<i4,F>/1", "eigen.sparse_vector<<f8,<i4,F>/1"
absl::Status VisitSparse(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 3));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  const ScalarType* const index = ParseIndexDescr(type.arguments[1]);
  const std::string& order = type.arguments[2].head;
  if (scalar == nullptr || index == nullptr || !IsBare(type.arguments[2]) ||
      (order != "F" && order != "C")) {
    return BadName(type,
                   "a scalar such as '<f8', an index such as '<i4', and the "
                   "order 'F' or 'C'");
  }
  Source& source = walk.source();
  const bool is_vector = type.head == "eigen.sparse_vector";
  SparseView view{.type = *scalar,
                  .shape = {source.ReadU64()},
                  .row_major = order == "C",
                  .index_size = index->size,
                  .starts = {},
                  .indices = {},
                  .elements = {}};
  if (!is_vector) view.shape.push_back(source.ReadU64());
  const std::uint64_t count = source.ReadU64();
  const std::uint64_t max = ~std::uint64_t{0} >> (65 - 8 * index->size);
  for (const std::uint64_t size : view.shape) {
    if (size > max) return TooLarge(*index, "rows or columns", max, size);
  }
  if (count > max) return TooLarge(*index, "coefficients", max, count);
  if (!is_vector) {
    view.starts =
        ReadPart(view.shape[view.row_major ? 0 : 1] + 1, index->size, source);
  }
  view.indices = ReadPart(count, index->size, source);
  view.elements = ReadPart(count, scalar->size, source);
  if (!source.ok()) return source.status();
  if (scalar->kind == ScalarType::Kind::kBool) {
    for (const std::byte byte : view.elements) {
      if (byte > std::byte{1}) {
        return absl::DataLossError(absl::StrCat("a bool is 0 or 1, found ",
                                                std::to_integer<int>(byte)));
      }
    }
  }
  IRENEO_RETURN_IF_ERROR(Check(view));
  walk.visitor().Sparse(view);
  return absl::OkStatus();
}

// x, y, z, w of "eigen.quaternion<<f8>/1"; angle, x, y, z of
// "eigen.angle_axis<<f8>/1"
absl::Status VisitRotation(const ParsedTypeName& type, ValueWalk& walk) {
  constexpr std::uint64_t kSize = 4;
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 1));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  if (scalar == nullptr) return BadName(type, "a scalar such as '<f8'");
  const std::span<const std::byte> bytes =
      ReadElements(*scalar, kSize * scalar->size, walk.source());
  if (!walk.source().ok()) return walk.source().status();
  walk.visitor().Array({.type = *scalar, .bytes = bytes, .shape = {kSize}});
  return absl::OkStatus();
}

// "eigen.triplet<<f8,<i4>/1"
absl::Status VisitTriplet(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  const ScalarType* const index = ParseDescr(type.arguments[1]);
  if (scalar == nullptr || index == nullptr || !index->is_integer()) {
    return BadName(type, "a scalar such as '<f8' and an index such as '<i4'");
  }
  walk.visitor().BeginList(3, ListKind::kTuple);
  for (const ScalarType* const part : {index, index, scalar}) {
    const std::span<const std::byte> bytes =
        ReadElements(*part, part->size, walk.source());
    if (!walk.source().ok()) return walk.source().status();
    walk.visitor().Scalar(*part, bytes.data());
  }
  walk.visitor().EndList();
  return absl::OkStatus();
}

}  // namespace

std::span<const Codec> SparseEigenCodecs() {
  static const std::vector<Codec>& codecs = *new std::vector<Codec>{
      {.name = "eigen.sparse/1", .visit = VisitSparse},
      {.name = "eigen.sparse_vector/1", .visit = VisitSparse},
      {.name = "eigen.quaternion/1", .visit = VisitRotation},
      {.name = "eigen.angle_axis/1", .visit = VisitRotation},
      {.name = "eigen.triplet/1", .visit = VisitTriplet},
  };
  return codecs;
}

}  // namespace ireneo::internal
