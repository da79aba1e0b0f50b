// Dense Eigen types, which are .npy files.

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ireneo/serializers/builtin_codecs.h"
#include "ireneo/serializers/npy.h"
#include "ireneo/serializers/npy_array.h"
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

// What the file must be, or be converted to.
struct DenseType {
  const ScalarType* scalar = nullptr;
  std::vector<Extent> shape;  // Of a matrix: rows and columns.
  bool fortran_order = false;
  bool is_matrix = true;   // Files of fewer dimensions are read as one, too.
  bool is_vector = false;  // Of a matrix: it has one dimension when written.
};

// As the serializers of matrices do: no dimension is one coefficient, one
// dimension a column, or the row that a type with one row has.
std::vector<std::int64_t> ShapeAs(const DenseType& type,
                                  const std::vector<std::int64_t>& shape) {
  if (!type.is_matrix || shape.size() >= 2) return shape;
  const std::int64_t size = shape.empty() ? 1 : shape[0];
  if (type.shape[0].IsOne() && !type.shape[1].IsOne()) return {1, size};
  return {size, 1};
}

// Whether a tensor has these extents: their product without those that are 0
// must not overflow.
bool TensorSizeFits(const std::vector<std::int64_t>& shape, std::size_t size) {
  auto bytes = static_cast<std::int64_t>(size);
  return std::all_of(shape.begin(), shape.end(), [&](std::int64_t extent) {
    return extent == 0 || !__builtin_mul_overflow(bytes, extent, &bytes);
  });
}

bool Admits(const DenseType& type, const std::vector<std::int64_t>& shape) {
  return std::equal(type.shape.begin(), type.shape.end(), shape.begin(),
                    shape.end(),
                    [](const Extent& extent, std::int64_t size) {
                      return extent.Admits(size);
                    }) &&
         (type.is_matrix || TensorSizeFits(shape, type.scalar->size));
}

// Tells the array as its type would be written, whatever the file says. Its
// elements are not copied if they are those of the type in memory.
absl::Status VisitNpy(const ParsedTypeName& name, const DenseType& type,
                      ValueWalk& walk) {
  Source& source = walk.source();
  IRENEO_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(source));
  const NpyTarget target{.type_name = [&name] { return name.ToString(); },
                         .descr = type.scalar->descr,
                         .fortran_order = type.fortran_order};
  std::vector<std::int64_t> shape = ShapeAs(type, header.shape);
  if (!Admits(type, shape)) return NpyMismatch(target, header);
  IRENEO_ASSIGN_OR_RETURN(const NpyArray array,
                          ReadNpyArray(std::move(header), target, source));
  std::span<const std::byte> bytes = array.bytes;
  std::vector<std::byte> converted;
  if (!array.native) {
    converted.resize(array.bytes.size() / array.element.size *
                     type.scalar->size);
    IRENEO_RETURN_IF_ERROR(CopyNpyArray(array, target, converted));
    bytes = converted;
  }
  if (type.is_vector) shape = {shape[0] * shape[1]};
  walk.visitor().Array(
      {.type = *type.scalar,
       .bytes = bytes,
       .shape = {shape.begin(), shape.end()},
       .fortran_order = type.fortran_order && shape.size() >= 2});
  return absl::OkStatus();
}

// "eigen<<f8,?,3,F>/1". What is a vector by its type has two dimensions in the
// name and one when it is written.
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
  return VisitNpy(type,
                  {.scalar = scalar,
                   .shape = {*rows, *columns},
                   .fortran_order = *fortran,
                   .is_vector = rows->IsOne() || columns->IsOne()},
                  walk);
}

// "eigen.tensor<<f8,?,?,3,F>/1"
absl::Status VisitTensor(const ParsedTypeName& type, ValueWalk& walk) {
  const std::vector<ParsedTypeName>& arguments = type.arguments;
  DenseType dense{.scalar = nullptr, .shape = {}, .is_matrix = false};
  bool good = arguments.size() >= 2 && !type.has_fields;
  if (good) {
    dense.scalar = ParseDescr(arguments.front());
    const std::optional<bool> fortran = ParseFortranOrder(arguments.back());
    good = dense.scalar != nullptr && fortran.has_value();
    dense.fortran_order = fortran.value_or(false);
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
  return VisitNpy(type,
                  {.scalar = scalar,
                   .shape = {*size, Extent{1, 1}},
                   .fortran_order = true,
                   .is_vector = true},
                  walk);
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
