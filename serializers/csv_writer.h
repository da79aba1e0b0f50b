#ifndef IRENEO_SERIALIZERS_CSV_WRITER_H_
#define IRENEO_SERIALIZERS_CSV_WRITER_H_

// Writes all of a value as a table. Internal to Ireneo; the form is that
// of `ExportFormat::kCsv`.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/serializers/json_writer.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

class CsvWriter final : public ValueVisitor {
 public:
  // Writes to `sink`, which must outlive the writer.
  explicit CsvWriter(Sink& sink) : sink_(sink) {}

  // Errors: InvalidArgument for what is no table; the sink's.
  absl::Status Finish();

  void Null() override;
  void Scalar(const ScalarType& type, const std::byte* data) override;
  void String(std::string_view text) override;
  void BeginList(std::uint64_t count, ListKind kind) override;
  void EndList() override;
  void BeginObject(std::uint64_t count) override;
  void Key(std::string_view key) override;
  void EndObject() override;
  void BeginVariant(std::size_t index) override;
  void EndVariant() override;
  void Array(const ArrayView& array) override;
  void Sparse(const SparseView& sparse) override;
  void Opaque(std::string_view type_name,
              std::span<const std::byte> bytes) override;

 private:
  // What the next value is.
  enum class Level { kTable, kRow, kCell };

  // Goes a level down, to `inner`; in a cell, and if it is to be one `as_json`,
  // has the JSON writer begin.
  template <typename Begin>
  void Open(Level inner, bool as_json, Begin begin);
  template <typename Close>
  void End(Close close);

  // A cell; ends the row if the value is all of it.
  void Cell(std::string_view text, bool is_text);
  void EndRow();
  void Drain();

  // Passes a value to the JSON writer, if it is in a cell of JSON.
  template <typename Call>
  bool InJson(Call call);
  // A value that is JSON whatever it is.
  template <typename Call>
  void JsonCell(Call call);

  Sink& sink_;
  std::string text_;
  JsonWriter json_;
  std::size_t json_depth_ = 0;  // Of the lists and objects in a cell of JSON.
  std::vector<Level> outer_;    // Of the lists and objects that are open.
  Level level_ = Level::kTable;
  bool in_row_ = false;   // The row has a cell.
  bool has_key_ = false;  // The row has the key of an object and wants a value.
  absl::Status status_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_CSV_WRITER_H_
