#include "ireneo/serializers/npy_writer.h"

#include "absl/strings/str_cat.h"
#include "ireneo/serializers/npy.h"

namespace ireneo::internal {

void NpyWriter::Refuse(std::string_view what) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat(
      "the value has ", absl::string_view(what.data(), what.size()),
      " in it and is not written as npy, which has equally long rows of ",
      "numbers of one type: use csv, json or raw"));
}

void NpyWriter::Extent(std::size_t depth, std::uint64_t extent) {
  if (depth < shape_.size()) {
    if (shape_[depth] != extent) Refuse("rows of different lengths");
  } else {
    shape_.push_back(extent);
  }
}

bool NpyWriter::Accept(const ScalarType& type, std::size_t depth) {
  if (type.descr.empty()) {
    Refuse(absl::StrCat("elements of the type ",
                        absl::string_view(type.name.data(), type.name.size()),
                        ", which NumPy does not have,"));
  } else if (type_ != nullptr && type_->name != type.name) {
    Refuse("numbers of different types");
  } else if (rank_.value_or(depth) != depth) {
    Refuse("lists beside numbers");
  }
  type_ = &type;
  rank_ = depth;
  return status_.ok();
}

void NpyWriter::Scalar(const ScalarType& type, const std::byte* data) {
  if (!status_.ok() || !Accept(type, depth_)) return;
  gathered_.append(reinterpret_cast<const char*>(data), type.size);
}

void NpyWriter::BeginList(std::uint64_t count, ListKind /*kind*/) {
  if (!status_.ok()) return;
  if (rank_.value_or(depth_ + 1) <= depth_) Refuse("lists beside numbers");
  Extent(depth_++, count);
}

void NpyWriter::EndList() {
  if (depth_ > 0) --depth_;
}

void NpyWriter::Array(const ArrayView& array) {
  if (!status_.ok() || !Accept(array.type, depth_ + array.shape.size())) return;
  for (std::size_t i = 0; i < array.shape.size(); ++i) {
    Extent(depth_ + i, array.shape[i]);
  }
  if (depth_ == 0) return WriteFile(array.fortran_order, array.bytes);
  const std::vector<std::uint64_t> strides = array.Strides();
  const auto gather = [&](const auto& self, std::size_t dimension,
                          std::uint64_t offset) -> void {
    if (dimension == array.shape.size()) {
      gathered_.append(reinterpret_cast<const char*>(array.bytes.data()) +
                           offset * array.type.size,
                       array.type.size);
      return;
    }
    for (std::uint64_t i = 0; i < array.shape[dimension]; ++i) {
      self(self, dimension + 1, offset + i * strides[dimension]);
    }
  };
  if (!array.bytes.empty()) gather(gather, /*dimension=*/0, /*offset=*/0);
}

void NpyWriter::WriteFile(bool fortran_order,
                          std::span<const std::byte> elements) {
  written_ = true;
  WriteNpyHeader({.descr = std::string(type_->descr),
                  .fortran_order = fortran_order,
                  .shape = {shape_.begin(), shape_.end()}},
                 sink_);
  sink_.Write(elements);
}

absl::Status NpyWriter::Finish() {
  if (type_ == nullptr) Refuse("no numbers");
  if (rank_.has_value() && shape_.size() > *rank_) {
    Refuse("lists beside numbers");  // Empty lists.
  }
  if (!status_.ok()) return status_;
  if (!written_) {
    WriteFile(/*fortran_order=*/false, std::as_bytes(std::span(gathered_)));
  }
  return sink_.status();
}

}  // namespace ireneo::internal
