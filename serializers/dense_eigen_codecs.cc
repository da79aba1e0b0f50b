// Dense Eigen types, which are .npy files.

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// An extent of an Eigen type: "3" is 3, "?4" at most 4, "?" anything.
struct Extent {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  bool Admits(std::int64_t size) const { return min <= size && size <= max; }
  bool IsOne() const { return min == 1 && max == 1; }
};

std::optional<Extent> ParseExtent(const ParsedTypeName& type) {
  if (!IsBare(type)) return std::nullopt;
  std::string_view text = type.head;
  Extent extent;
  if (text == "?") return extent;
  const bool dynamic = text.starts_with('?');
  text.remove_prefix(dynamic ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, extent.max);
  if (error != std::errc{} || rest != end) return std::nullopt;
  if (!dynamic) extent.min = extent.max;
  return extent;
}

const ScalarType* ParseDescr(const ParsedTypeName& type) {
  return IsBare(type) ? FindScalarByDescr(type.head) : nullptr;
}

std::optional<bool> ParseFortranOrder(const ParsedTypeName& type) {
  if (!IsBare(type) || (type.head != "F" && type.head != "C")) {
    return std::nullopt;
  }
  return type.head == "F";
}

// What the file must be.
struct DenseType {
  const ScalarType* scalar = nullptr;
  std::vector<Extent> shape;
  bool fortran_order = false;
  std::vector<Extent> other_shape = {};  // That it may have as well.
};

// Whether the elements of an array of that shape lie the same in both orders.
bool IsOneDimensional(const std::vector<std::int64_t>& shape) {
  const auto many = [](std::int64_t extent) { return extent > 1; };
  return std::count_if(shape.begin(), shape.end(), many) <= 1 ||
         std::find(shape.begin(), shape.end(), 0) != shape.end();
}

bool Agree(const DenseType& type, const NpyHeader& header) {
  const auto admit = [&](const std::vector<Extent>& shape) {
    return std::equal(shape.begin(), shape.end(), header.shape.begin(),
                      header.shape.end(),
                      [](const Extent& extent, std::int64_t size) {
                        return extent.Admits(size);
                      });
  };
  if (header.descr != type.scalar->descr) return false;
  if (!admit(type.shape) &&
      (type.other_shape.empty() || !admit(type.other_shape))) {
    return false;
  }
  return header.fortran_order == type.fortran_order ||
         IsOneDimensional(header.shape);
}

absl::Status VisitNpy(const ParsedTypeName& name, const DenseType& type,
                      ValueWalk& walk) {
  Source& source = walk.source();
  IRENEO_ASSIGN_OR_RETURN(const NpyHeader header, ReadNpyHeader(source));
  if (!Agree(type, header)) {
    return absl::DataLossError(absl::StrCat("npy: expected ", name.ToString(),
                                            ", found ", header.ToString()));
  }
  IRENEO_ASSIGN_OR_RETURN(const std::uint64_t size,
                          NpyDataSize(header, type.scalar->size));
  const std::span<const std::byte> bytes =
      ReadElements(*type.scalar, size, source);
  if (!source.ok()) return source.status();
  walk.visitor().Array({.type = *type.scalar,
                        .bytes = bytes,
                        .shape = {header.shape.begin(), header.shape.end()},
                        .fortran_order = header.fortran_order});
  return absl::OkStatus();
}

// "eigen<<f8,?,3,F>/1". What is a vector by its type has two dimensions in the
// name and one in the file, or two.
absl::Status VisitMatrix(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 4));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  const std::optional<Extent> rows = ParseExtent(type.arguments[1]);
  const std::optional<Extent> columns = ParseExtent(type.arguments[2]);
  const std::optional<bool> fortran = ParseFortranOrder(type.arguments[3]);
  if (scalar == nullptr || !rows || !columns || !fortran) {
    return BadName(type,
                   "a scalar such as '<f8', rows and columns such as '?', '?4' "
                   "or '3', and the order 'F' or 'C'");
  }
  DenseType dense{
      .scalar = scalar, .shape = {*rows, *columns}, .fortran_order = *fortran};
  if (rows->IsOne() || columns->IsOne()) {
    dense.other_shape = {columns->IsOne() ? *rows : *columns};
  }
  return VisitNpy(type, dense, walk);
}

// "eigen.tensor<<f8,?,?,3,F>/1"
absl::Status VisitTensor(const ParsedTypeName& type, ValueWalk& walk) {
  const std::vector<ParsedTypeName>& arguments = type.arguments;
  DenseType dense{.scalar = nullptr, .shape = {}};
  bool good = arguments.size() >= 2 && !type.has_fields;
  if (good) {
    dense.scalar = ParseDescr(arguments.front());
    const std::optional<bool> fortran = ParseFortranOrder(arguments.back());
    good = dense.scalar != nullptr && fortran.has_value();
    // NumPy says false of what has one dimension.
    dense.fortran_order = fortran.value_or(false) && arguments.size() > 3;
    for (std::size_t i = 1; i + 1 < arguments.size(); ++i) {
      const std::optional<Extent> extent = ParseExtent(arguments[i]);
      good = good && extent.has_value();
      dense.shape.push_back(extent.value_or(Extent()));
    }
  }
  if (!good) {
    return BadName(type,
                   "a scalar such as '<f8', dimensions such as '?' or '3', and "
                   "the order 'F' or 'C'");
  }
  return VisitNpy(type, dense, walk);
}

// "eigen.diagonal<<f8,?>/1"
absl::Status VisitDiagonal(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 2));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  const std::optional<Extent> size = ParseExtent(type.arguments[1]);
  if (scalar == nullptr || !size.has_value()) {
    return BadName(type,
                   "a scalar such as '<f8' and a size such as '?' or '3'");
  }
  return VisitNpy(type, {.scalar = scalar, .shape = {*size}}, walk);
}

// "eigen.transform<<f8,3,affine,F>/1"
absl::Status VisitTransform(const ParsedTypeName& type, ValueWalk& walk) {
  IRENEO_RETURN_IF_ERROR(ExpectArguments(type, 4));
  const ScalarType* const scalar = ParseDescr(type.arguments[0]);
  const std::optional<std::uint64_t> size = ParseNumber(type.arguments[1]);
  const std::string& mode = type.arguments[2].head;
  const std::optional<bool> fortran = ParseFortranOrder(type.arguments[3]);
  constexpr std::uint64_t kMaxSize = 1 << 30;
  if (scalar == nullptr || size.value_or(0) == 0 || *size > kMaxSize ||
      !fortran.has_value() || !IsBare(type.arguments[2]) ||
      (mode != "isometry" && mode != "affine" && mode != "affine_compact" &&
       mode != "projective")) {
    return BadName(type,
                   "a scalar such as '<f8', a dimension such as '3', a mode "
                   "such as 'affine', and the order 'F' or 'C'");
  }
  const auto columns = static_cast<std::int64_t>(*size) + 1;
  const std::int64_t rows = mode == "affine_compact" ? columns - 1 : columns;
  return VisitNpy(type,
                  {.scalar = scalar,
                   .shape = {Extent{rows, rows}, Extent{columns, columns}},
                   .fortran_order = *fortran},
                  walk);
}

}  // namespace

std::span<const Codec> DenseEigenCodecs() {
  static const std::vector<Codec>& codecs = *new std::vector<Codec>{
      {.name = "eigen/1", .visit = VisitMatrix},
      {.name = "eigen.array/1", .visit = VisitMatrix},
      {.name = "eigen.tensor/1", .visit = VisitTensor},
      {.name = "eigen.diagonal/1", .visit = VisitDiagonal},
      {.name = "eigen.transform/1", .visit = VisitTransform},
  };
  return codecs;
}

}  // namespace ireneo::internal
