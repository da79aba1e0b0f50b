#ifndef IRENEO_SERIALIZERS_PREVIEW_VISITOR_H_
#define IRENEO_SERIALIZERS_PREVIEW_VISITOR_H_

// Makes the description of a value: short, however long the value is. Internal
// to serializers/; its results are those of `Registry::Describe`.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "boost/json/value.hpp"
#include "ireneo/serializers/description.h"
#include "ireneo/serializers/value_visitor.h"

namespace ireneo::internal {

class PreviewVisitor final : public ValueVisitor {
 public:
  explicit PreviewVisitor(const DescribeOptions& options) : options_(options) {}

  // What was visited.
  Description Take() { return std::move(description_); }

  void Null() override { Put(nullptr); }
  void Scalar(const ScalarType& type, const std::byte* data) override;
  void Duration(const ScalarType& type, const std::byte* data,
                std::string_view unit) override;
  void String(std::string_view text) override;
  void BeginList(std::uint64_t count, ListKind kind) override;
  void EndList() override { End(); }
  void BeginObject(std::uint64_t count) override;
  void Key(std::string_view key) override;
  void EndObject() override { End(); }
  void Array(const ArrayView& array) override;
  void Sparse(const SparseView& sparse) override;
  void Opaque(std::string_view type_name,
              std::span<const std::byte> bytes) override;

 private:
  // A list or object that was begun. Of its parts are shown the first `head`
  // and those from `tail` on.
  struct Frame {
    boost::json::value value;
    std::uint64_t head;
    std::uint64_t tail;
    std::uint64_t next = 0;
    std::size_t max_elements;  // Of its parts.
    bool wanted;
    std::string key = {};
  };

  // How many elements a list that begins now shows.
  std::size_t max_elements() const {
    return stack_.empty() ? options_.max_elements : stack_.back().max_elements;
  }

  // Whether the value that comes now is shown.
  bool Wanted() const;

  void Put(boost::json::value value);
  void Begin(boost::json::value value, std::uint64_t count, ListKind kind);
  void End();

  const DescribeOptions options_;
  Description description_;
  std::vector<Frame> stack_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_PREVIEW_VISITOR_H_
