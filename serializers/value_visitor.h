#ifndef IRENEO_SERIALIZERS_VALUE_VISITOR_H_
#define IRENEO_SERIALIZERS_VALUE_VISITOR_H_

// What a codec tells of a value, piece by piece, and what makes something of
// it: a preview, JSON, CSV, a .npy file. A registry (serializers/registry.h)
// brings the two together. A codec knows nothing of outputs and an output
// nothing of encodings.
//
// Use `ValueVisitor` to write another output; call it from a codec
// (serializers/codec.h). A visitor sees a value before its end was checked:
// what it made is good if the whole walk was OK.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "boost/json/value.hpp"
#include "ireneo/serializers/scalar_type.h"

namespace ireneo {

// Elements of one scalar type in one piece: a matrix, a vector of numbers.
// Refers to the bytes of a blob, or to a copy that was converted for the call.
struct ArrayView {
  const ScalarType& type;
  std::span<const std::byte> bytes;  // Of all elements, of any alignment.
  std::vector<std::uint64_t> shape;  // Empty for a single element.
  bool fortran_order = false;        // The first index runs fastest.

  // In elements, for each dimension.
  std::vector<std::uint64_t> Strides() const;
};

// A sparse matrix or vector in compressed form, checked. Refers to the bytes of
// a blob.
struct SparseView {
  const ScalarType& type;
  std::vector<std::uint64_t> shape;  // Rows and columns; the size of a vector.
  bool row_major = false;
  std::size_t index_size = 4;           // 1, 2, 4 or 8 bytes.
  std::span<const std::byte> starts;    // Of a matrix: outer + 1 indices.
  std::span<const std::byte> indices;   // Inner.
  std::span<const std::byte> elements;  // As many.

  std::uint64_t count() const { return elements.size() / type.size; }

  // Calls `visit(position, data)` for each coefficient in storage order:
  // `position` is a span of its row and column, or its index.
  template <typename Visit>
  void ForEach(Visit visit) const {
    const std::uint64_t outer_size =
        starts.empty() ? 1 : starts.size() / index_size - 1;
    for (std::uint64_t outer = 0; outer < outer_size; ++outer) {
      const std::uint64_t begin = starts.empty() ? 0 : Index(starts, outer);
      const std::uint64_t end =
          starts.empty() ? count() : Index(starts, outer + 1);
      for (std::uint64_t i = begin; i < end; ++i) {
        const std::uint64_t inner = Index(indices, i);
        const std::uint64_t pair[] = {row_major ? outer : inner,
                                      row_major ? inner : outer};
        visit(starts.empty() ? std::span<const std::uint64_t>(&inner, 1)
                             : std::span<const std::uint64_t>(pair),
              elements.data() + i * type.size);
      }
    }
  }

  // The `i`th index in `bytes`, which is one of the above.
  std::uint64_t Index(std::span<const std::byte> bytes, std::uint64_t i) const;
};

enum class ListKind {
  kSequence,  // Many of a kind, any number of them: a vector, a set.
  kTuple,     // A number that the type fixes: a struct, a pair.
};

// Is told one value: by a single call, or by a begin, its parts and an end. The
// functions of this class do nothing, so that it is the visitor that checks a
// value.
//
// Views are valid during the call. Not thread-safe.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;

  // An empty optional, a JSON null.
  virtual void Null() {}

  // A number, a character, a bool: `type.size` bytes at `data`.
  virtual void Scalar(const ScalarType& /*type*/, const std::byte* /*data*/) {}

  // A number of `unit`, "ms" or "1_30" seconds.
  virtual void Duration(const ScalarType& type, const std::byte* data,
                        std::string_view /*unit*/) {
    Scalar(type, data);
  }

  // Bytes that are meant as text; UTF-8 or not.
  virtual void String(std::string_view /*text*/) {}

  virtual void BeginList(std::uint64_t /*count*/, ListKind /*kind*/) {}
  virtual void EndList() {}

  // Members follow, each after its key.
  virtual void BeginObject(std::uint64_t /*count*/) {}
  virtual void Key(std::string_view /*key*/) {}
  virtual void EndObject() {}

  // The alternative with that index, from 0, of a variant follows.
  virtual void BeginVariant(std::size_t /*index*/) {}
  virtual void EndVariant() {}

  virtual void Array(const ArrayView& /*array*/) {}
  virtual void Sparse(const SparseView& /*sparse*/) {}

  // A value of which nothing but its bytes can be shown.
  virtual void Opaque(std::string_view /*type_name*/,
                      std::span<const std::byte> /*bytes*/) {}

  // Scalars by value.
  void Bool(bool value);
  void Signed(std::int64_t value);
  void Unsigned(std::uint64_t value);
  void Double(double value);

  // All of a JSON value. Recurses as deep as that nests.
  void Json(const boost::json::value& value);
};

}  // namespace ireneo

#endif  // IRENEO_SERIALIZERS_VALUE_VISITOR_H_
