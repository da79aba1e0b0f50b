#ifndef IRENEO_SERIALIZERS_JSON_WRITER_H_
#define IRENEO_SERIALIZERS_JSON_WRITER_H_

// Writes all of a value as JSON, on one line, without a tree in memory.
// Internal to Ireneo; the form is that of `ExportFormat::kJson`.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

// InvalidArgument if an array has no elements but so many rows that their
// brackets alone would be a large text; `format` is what it cannot be written
// as.
absl::Status CheckEmptyRows(const ArrayView& array, std::string_view format);

// InvalidArgument for a value of which only the bytes are known, that says how
// to make more of it.
absl::Status OpaqueError(std::string_view type_name, std::string_view format);

class JsonWriter final : public ValueVisitor {
 public:
  // Writes to `sink`, which must outlive the writer.
  explicit JsonWriter(Sink& sink) : sink_(&sink) {}

  // Gathers text for `TakeText`.
  JsonWriter() = default;

  // Ends the line. Errors: InvalidArgument for what has no such text; the
  // sink's.
  absl::Status Finish();

  // What was written since the last call.
  std::string TakeText();
  const absl::Status& status() const { return status_; }

  void Null() override { Value("null"); }
  void Scalar(const ScalarType& type, const std::byte* data) override;
  void String(std::string_view text) override;
  void BeginList(std::uint64_t count, ListKind kind) override;
  void EndList() override { Close(']'); }
  void BeginObject(std::uint64_t count) override;
  void Key(std::string_view key) override;
  void EndObject() override { Close('}'); }
  void BeginVariant(std::size_t index) override;
  void EndVariant() override { Close('}'); }
  void Array(const ArrayView& array) override;
  void Sparse(const SparseView& sparse) override;
  void Opaque(std::string_view type_name,
              std::span<const std::byte> bytes) override;

  // Part of an array: the elements whose first `dimension` indices are given
  // and lead to `offset`.
  void Part(const ArrayView& array, const std::vector<std::uint64_t>& strides,
            std::size_t dimension, std::uint64_t offset);

 private:
  void Separate();  // Before every value and key.
  void Value(std::string_view text);
  void Close(char bracket);
  void Drain();

  Sink* sink_ = nullptr;
  std::string text_;
  bool comma_ = false;  // Something stands before the next value.
  absl::Status status_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_JSON_WRITER_H_
