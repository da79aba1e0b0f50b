#include "ireneo/serializers/value_visitor.h"

#include <bit>
#include <cstring>

#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"

namespace ireneo {
namespace {

template <typename T>
void VisitScalar(const char* name, T value, ValueVisitor& visitor) {
  visitor.Scalar(*FindScalar(name), reinterpret_cast<const std::byte*>(&value));
}

}  // namespace

std::vector<std::uint64_t> ArrayView::Strides() const {
  std::vector<std::uint64_t> strides(shape.size());
  std::uint64_t stride = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t dimension = fortran_order ? i : shape.size() - 1 - i;
    strides[dimension] = stride;
    stride *= shape[dimension];  // Wraps around only if there are no elements.
  }
  return strides;
}

std::uint64_t SparseView::Index(std::span<const std::byte> bytes,
                                std::uint64_t i) const {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t index = 0;
  std::memcpy(&index, bytes.data() + i * index_size, index_size);
  return index;
}

void ValueVisitor::Bool(bool value) {
  VisitScalar<std::uint8_t>("bool", value ? 1 : 0, *this);
}

void ValueVisitor::Signed(std::int64_t value) {
  VisitScalar("i64", value, *this);
}

void ValueVisitor::Unsigned(std::uint64_t value) {
  VisitScalar("u64", value, *this);
}

void ValueVisitor::Double(double value) { VisitScalar("f64", value, *this); }

void ValueVisitor::Json(const boost::json::value& value) {
  using boost::json::kind;
  const auto view = [](boost::json::string_view text) {
    return std::string_view(text.data(), text.size());
  };
  switch (value.kind()) {
    case kind::null:
      return Null();
    case kind::bool_:
      return Bool(value.get_bool());
    case kind::int64:
      return Signed(value.get_int64());
    case kind::uint64:
      return Unsigned(value.get_uint64());
    case kind::double_:
      return Double(value.get_double());
    case kind::string:
      return String(view(value.get_string()));
    case kind::array:
      BeginList(value.get_array().size(), ListKind::kSequence);
      for (const boost::json::value& element : value.get_array()) {
        Json(element);
      }
      return EndList();
    case kind::object:
      BeginObject(value.get_object().size());
      for (const auto& [key, member] : value.get_object()) {
        Key(view(key));
        Json(member);
      }
      return EndObject();
  }
}

}  // namespace ireneo
