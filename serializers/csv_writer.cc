#include "ireneo/serializers/csv_writer.h"

#include "absl/strings/str_cat.h"

namespace ireneo::internal {

void CsvWriter::Drain() {
  constexpr std::size_t kFull = 64 << 10;
  if (text_.size() < kFull) return;
  sink_.Write(std::as_bytes(std::span(text_)));
  text_.clear();
}

void CsvWriter::EndRow() {
  text_ += "\r\n";
  in_row_ = false;
  Drain();
}

void CsvWriter::Cell(std::string_view text, bool is_text) {
  if (in_row_) text_ += ',';
  in_row_ = true;
  const bool quoted =
      text.find_first_of(",\"\r\n") != std::string_view::npos ||
      (is_text && text.empty());  // What is null is empty without quotes.
  if (!quoted) {
    text_ += text;
  } else {
    text_ += '"';
    for (const char c : text) text_.append(c == '"' ? 2 : 1, c);
    text_ += '"';
  }
  if (level_ != Level::kCell || has_key_) EndRow();
  has_key_ = false;
}

template <typename Call>
bool CsvWriter::InJson(Call call) {
  if (json_depth_ == 0) return false;
  call(json_);
  return true;
}

template <typename Call>
void CsvWriter::JsonCell(Call call) {
  if (InJson(call)) return;
  call(json_);
  Cell(json_.TakeText(), /*is_text=*/true);
}

template <typename Begin>
void CsvWriter::Open(Level inner, bool as_json, Begin begin) {
  if (as_json || json_depth_ > 0 || level_ == Level::kCell || has_key_) {
    begin(json_);
    ++json_depth_;
    return;
  }
  outer_.push_back(level_);
  level_ = inner;
}

template <typename Close>
void CsvWriter::End(Close close) {
  if (json_depth_ > 0) {
    close(json_);
    if (--json_depth_ == 0) Cell(json_.TakeText(), /*is_text=*/true);
    return;
  }
  const Level ended = level_;
  level_ = outer_.back();
  outer_.pop_back();
  // What had cells was a row.
  if (ended == Level::kCell) EndRow();
}

absl::Status CsvWriter::Finish() {
  if (status_.ok()) status_ = json_.status();
  if (!status_.ok()) return status_;
  sink_.Write(std::as_bytes(std::span(text_)));
  return sink_.status();
}

void CsvWriter::Null() {
  if (InJson([](JsonWriter& json) { json.Null(); })) return;
  Cell("", /*is_text=*/false);
}

void CsvWriter::Scalar(const ScalarType& type, const std::byte* data) {
  if (InJson([&](JsonWriter& json) { json.Scalar(type, data); })) return;
  std::string text;
  type.append(data, ScalarText::kPlain, text);
  Cell(text, /*is_text=*/true);
}

void CsvWriter::String(std::string_view text) {
  if (InJson([&](JsonWriter& json) { json.String(text); })) return;
  Cell(text, /*is_text=*/true);
}

void CsvWriter::BeginList(std::uint64_t count, ListKind kind) {
  const bool rows = level_ == Level::kTable && kind == ListKind::kSequence;
  Open(rows ? Level::kRow : Level::kCell, /*as_json=*/false,
       [&](JsonWriter& json) { json.BeginList(count, kind); });
}

void CsvWriter::EndList() {
  End([](JsonWriter& json) { json.EndList(); });
}

void CsvWriter::BeginObject(std::uint64_t count) {
  Open(Level::kRow, /*as_json=*/level_ == Level::kRow,
       [&](JsonWriter& json) { json.BeginObject(count); });
}

void CsvWriter::Key(std::string_view key) {
  if (InJson([&](JsonWriter& json) { json.Key(key); })) return;
  level_ = Level::kCell;
  Cell(key, /*is_text=*/true);
  level_ = Level::kRow;
  has_key_ = true;
}

void CsvWriter::EndObject() {
  End([](JsonWriter& json) { json.EndObject(); });
}

void CsvWriter::BeginVariant(std::size_t index) {
  InJson([&](JsonWriter& json) { json.BeginVariant(index); });
}

void CsvWriter::EndVariant() {
  InJson([&](JsonWriter& json) { json.EndVariant(); });
}

void CsvWriter::Array(const ArrayView& array) {
  if (status_.ok()) status_ = CheckEmptyRows(array, "csv");
  if (!status_.ok()) return;
  if (InJson([&](JsonWriter& json) { json.Array(array); })) return;
  const std::vector<std::uint64_t> strides = array.Strides();
  // Dimensions down to cells; in a cell, the rest as JSON.
  const auto write = [&](const auto& self, std::size_t dimension,
                         std::uint64_t offset) -> void {
    if (dimension == array.shape.size()) {
      Scalar(array.type, array.bytes.data() + offset * array.type.size);
    } else if (level_ == Level::kCell || has_key_) {
      JsonCell([&](JsonWriter& json) {
        json.Part(array, strides, dimension, offset);
      });
    } else {
      BeginList(array.shape[dimension], ListKind::kSequence);
      for (std::uint64_t i = 0; i < array.shape[dimension]; ++i) {
        self(self, dimension + 1, offset + i * strides[dimension]);
      }
      EndList();
    }
  };
  write(write, /*dimension=*/0, /*offset=*/0);
}

void CsvWriter::Sparse(const SparseView& sparse) {
  if (level_ != Level::kTable || json_depth_ > 0) {
    JsonCell([&](JsonWriter& json) { json.Sparse(sparse); });
    return;
  }
  text_ +=
      sparse.shape.size() == 1 ? "index,value\r\n" : "row,column,value\r\n";
  sparse.ForEach(
      [&](std::span<const std::uint64_t> position, const std::byte* data) {
        for (const std::uint64_t index : position) {
          absl::StrAppend(&text_, index, ",");
        }
        Scalar(sparse.type, data);
      });
}

void CsvWriter::Opaque(std::string_view type_name,
                       std::span<const std::byte> /*bytes*/) {
  if (status_.ok()) status_ = OpaqueError(type_name, "csv");
}

}  // namespace ireneo::internal
