#include "ireneo/serializers/preview_visitor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "boost/json/array.hpp"
#include "boost/json/object.hpp"
#include "boost/json/string.hpp"
#include "ireneo/serializers/value_text.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

// Which of `count` elements a preview shows: the first `head` and those from
// `tail` on.
struct Shown {
  Shown(std::uint64_t count, std::size_t max_elements)
      : head(count <= max_elements ? count : max_elements - max_elements / 2),
        tail(count <= max_elements ? count : count - max_elements / 2) {}

  bool Omits(std::uint64_t i) const { return head <= i && i < tail; }

  std::uint64_t head;
  std::uint64_t tail;
};

template <typename At>
json::array PreviewArray(std::uint64_t count, std::size_t max_elements, At at) {
  const Shown shown(count, max_elements);
  json::array preview;
  for (std::uint64_t i = 0; i < shown.head; ++i) preview.push_back(at(i));
  if (shown.head < shown.tail) preview.push_back(kEllipsis);
  for (std::uint64_t i = shown.tail; i < count; ++i) preview.push_back(at(i));
  return preview;
}

// The elements from `offset` on whose first `dimension` indices are given.
json::value PreviewDimension(const ArrayView& array,
                             const std::vector<std::uint64_t>& strides,
                             std::size_t dimension, std::uint64_t offset,
                             std::size_t max_elements) {
  if (dimension == array.shape.size()) {
    return array.type.preview(array.bytes.data() + offset * array.type.size);
  }
  // Matrices show as many rows as columns, further dimensions half as many.
  const std::size_t inner = dimension == 0 ? max_elements : max_elements / 2;
  return PreviewArray(
      array.shape[dimension], max_elements, [&](std::uint64_t i) {
        return PreviewDimension(array, strides, dimension + 1,
                                offset + i * strides[dimension], inner);
      });
}

json::string ToJson(const std::string& text) { return json::string(text); }

// "ms"; "* 1/30 s" of the period "1_30".
std::string UnitText(std::string_view unit) {
  std::string text(unit);
  const std::size_t bar = text.find('_');
  if (bar == std::string::npos) return text;
  text[bar] = '/';
  return absl::StrCat("* ", text, " s");
}

}  // namespace

bool PreviewVisitor::Wanted() const {
  if (stack_.empty()) return true;
  const Frame& frame = stack_.back();
  return frame.wanted && (frame.next < frame.head || frame.next >= frame.tail);
}

void PreviewVisitor::Put(json::value value) {
  if (stack_.empty()) {
    description_.preview = std::move(value);
    return;
  }
  Frame& frame = stack_.back();
  const bool first_omitted =
      frame.next == frame.head && frame.head < frame.tail;
  const bool wanted = Wanted();
  ++frame.next;
  if (!frame.wanted || (!wanted && !first_omitted)) return;
  if (!wanted) value = kEllipsis;
  if (json::array* const array = frame.value.if_array()) {
    array->push_back(std::move(value));
    return;
  }
  std::string key = wanted ? std::move(frame.key) : kEllipsis;
  json::object& object = frame.value.get_object();
  while (object.contains(key)) key += kEllipsis;  // Cut, they may be equal.
  object.emplace(key, std::move(value));
}

void PreviewVisitor::Begin(json::value value, std::uint64_t count,
                           ListKind kind) {
  const std::size_t max = max_elements();
  const bool sequence = kind == ListKind::kSequence;
  const Shown shown(count, sequence ? max : count);
  stack_.push_back({.value = std::move(value),
                    .head = shown.head,
                    .tail = shown.tail,
                    .max_elements = sequence ? max / 2 : max,
                    .wanted = Wanted()});
}

void PreviewVisitor::End() {
  json::value value = std::move(stack_.back().value);
  stack_.pop_back();
  Put(std::move(value));
}

void PreviewVisitor::Scalar(const ScalarType& type, const std::byte* data) {
  Put(Wanted() ? type.preview(data) : nullptr);
}

void PreviewVisitor::Duration(const ScalarType& type, const std::byte* data,
                              std::string_view unit) {
  if (!Wanted()) return Put(nullptr);
  Put(ToJson(absl::StrCat(ToText({.preview = type.preview(data)}), " ",
                          UnitText(unit))));
}

void PreviewVisitor::String(std::string_view text) {
  Put(Wanted() ? json::value(ToJson(StringText(text, options_.max_string)))
               : nullptr);
}

void PreviewVisitor::BeginList(std::uint64_t count, ListKind kind) {
  if (stack_.empty() && kind == ListKind::kSequence) {
    description_.shape = absl::StrCat(count);
  }
  Begin(json::array(), count, kind);
}

void PreviewVisitor::BeginObject(std::uint64_t count) {
  Begin(json::object(), count, ListKind::kSequence);
}

void PreviewVisitor::Key(std::string_view key) {
  if (Wanted()) stack_.back().key = StringText(key, options_.max_string);
}

void PreviewVisitor::Array(const ArrayView& array) {
  if (stack_.empty()) {
    description_.shape = absl::StrJoin(array.shape, "x");
    if (options_.statistics && array.type.statistics != nullptr) {
      description_.statistics = array.type.statistics(array.bytes);
    }
  }
  Put(Wanted() ? PreviewDimension(array, array.Strides(), /*dimension=*/0,
                                  /*offset=*/0, max_elements())
               : nullptr);
}

void PreviewVisitor::Sparse(const SparseView& sparse) {
  if (stack_.empty()) {
    description_.shape = absl::StrJoin(sparse.shape, "x");
    if (options_.statistics && sparse.type.statistics != nullptr) {
      description_.statistics = sparse.type.statistics(sparse.elements);
    }
  }
  if (!Wanted()) return Put(nullptr);
  const Shown shown(sparse.count(), max_elements());
  json::array entries;
  std::uint64_t i = 0;
  sparse.ForEach(
      [&](std::span<const std::uint64_t> position, const std::byte* data) {
        if (i == shown.head && shown.Omits(i)) entries.push_back(kEllipsis);
        if (!shown.Omits(i++)) {
          json::array entry(position.begin(), position.end());
          entry.push_back(sparse.type.preview(data));
          entries.push_back(std::move(entry));
        }
      });
  Put(json::object{
      {"shape", json::array(sparse.shape.begin(), sparse.shape.end())},
      {"entries", std::move(entries)}});
}

void PreviewVisitor::Opaque(std::string_view type_name,
                            std::span<const std::byte> bytes) {
  const bool cut = bytes.size() > options_.max_string;
  if (cut) bytes = bytes.first(options_.max_string / 3 * 3);
  std::string base64 = absl::Base64Escape(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (cut) base64 += kEllipsis;
  Put(json::object{{"type", json::string(type_name)},
                   {"base64", ToJson(base64)}});
}

}  // namespace ireneo::internal
