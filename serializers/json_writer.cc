#include "ireneo/serializers/json_writer.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/serializers/value_text.h"

namespace ireneo::internal {

absl::Status CheckEmptyRows(const ArrayView& array, std::string_view format) {
  constexpr std::uint64_t kMax = 1 << 20;
  if (!array.bytes.empty()) return absl::OkStatus();
  std::uint64_t rows = 1;
  for (const std::uint64_t extent : array.shape) {
    if (extent == 0) break;
    if (extent > kMax / rows) {
      return absl::InvalidArgumentError(absl::StrCat(
          "an array without elements, of more than ", kMax,
          " rows, is not written as ",
          absl::string_view(format.data(), format.size()), ": use npy or raw"));
    }
    rows *= extent;
  }
  return absl::OkStatus();
}

absl::Status OpaqueError(std::string_view type_name, std::string_view format) {
  return absl::InvalidArgumentError(absl::StrCat(
      "of a '", absl::string_view(type_name.data(), type_name.size()),
      "' only the bytes are known, which are not written as ",
      absl::string_view(format.data(), format.size()),
      ": give its Serializer a ToJson, or the type a conversion of Boost.JSON, "
      "where the plugin is built; or use json or raw"));
}

void JsonWriter::Separate() {
  if (comma_) text_ += ',';
  comma_ = true;
}

void JsonWriter::Drain() {
  constexpr std::size_t kFull = 64 << 10;
  if (sink_ == nullptr || text_.size() < kFull) return;
  sink_->Write(std::as_bytes(std::span(text_)));
  text_.clear();
}

void JsonWriter::Value(std::string_view text) {
  Separate();
  text_ += text;
}

void JsonWriter::Close(char bracket) {
  text_ += bracket;
  comma_ = true;
}

absl::Status JsonWriter::Finish() {
  text_ += '\n';
  if (!status_.ok()) return status_;
  sink_->Write(std::as_bytes(std::span(text_)));
  return sink_->status();
}

std::string JsonWriter::TakeText() {
  comma_ = false;
  return std::exchange(text_, std::string());
}

void JsonWriter::Scalar(const ScalarType& type, const std::byte* data) {
  Separate();
  type.append(data, ScalarText::kJson, text_);
  Drain();
}

void JsonWriter::String(std::string_view text) {
  Separate();
  AppendJsonString(text, text_);
  Drain();
}

void JsonWriter::BeginList(std::uint64_t /*count*/, ListKind /*kind*/) {
  Value("[");
  comma_ = false;
}

void JsonWriter::BeginObject(std::uint64_t /*count*/) {
  Value("{");
  comma_ = false;
}

void JsonWriter::Key(std::string_view key) {
  String(key);
  text_ += ':';
  comma_ = false;
}

void JsonWriter::BeginVariant(std::size_t index) {
  BeginObject(2);
  Key("index");
  Unsigned(index);
  Key("value");
}

void JsonWriter::Array(const ArrayView& array) {
  if (status_.ok()) status_ = CheckEmptyRows(array, "json");
  if (status_.ok()) Part(array, array.Strides(), /*dimension=*/0, /*offset=*/0);
}

void JsonWriter::Part(const ArrayView& array,
                      const std::vector<std::uint64_t>& strides,
                      std::size_t dimension, std::uint64_t offset) {
  if (dimension == array.shape.size()) {
    Scalar(array.type, array.bytes.data() + offset * array.type.size);
    return;
  }
  BeginList(array.shape[dimension], ListKind::kSequence);
  for (std::uint64_t i = 0; i < array.shape[dimension]; ++i) {
    Part(array, strides, dimension + 1, offset + i * strides[dimension]);
  }
  EndList();
}

void JsonWriter::Sparse(const SparseView& sparse) {
  BeginObject(2);
  Key("shape");
  BeginList(sparse.shape.size(), ListKind::kSequence);
  for (const std::uint64_t extent : sparse.shape) Unsigned(extent);
  EndList();
  Key("entries");
  BeginList(sparse.count(), ListKind::kSequence);
  sparse.ForEach(
      [&](std::span<const std::uint64_t> position, const std::byte* data) {
        BeginList(position.size() + 1, ListKind::kTuple);
        for (const std::uint64_t index : position) Unsigned(index);
        Scalar(sparse.type, data);
        EndList();
      });
  EndList();
  EndObject();
}

void JsonWriter::Opaque(std::string_view type_name,
                        std::span<const std::byte> bytes) {
  BeginObject(2);
  Key("type");
  String(type_name);
  Key("base64");
  String(absl::Base64Escape(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  EndObject();
}

}  // namespace ireneo::internal
