#ifndef IRENEO_SERIALIZERS_NPY_WRITER_H_
#define IRENEO_SERIALIZERS_NPY_WRITER_H_

// Writes an array of numbers as a .npy file. Internal to serializers/; what can
// be written is said at `ExportFormat::kNpy`.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "ireneo/serializers/json_writer.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/sink.h"

namespace ireneo::internal {

// A value that is one array is written, not copied, when it is told; of all
// others nothing is before `Finish`.
class NpyWriter final : public ValueVisitor {
 public:
  // Writes to `sink`, which must outlive the writer.
  explicit NpyWriter(Sink& sink) : sink_(sink) {}

  // Errors: InvalidArgument for what is no array of numbers; the sink's.
  absl::Status Finish();

  void Null() override { Refuse("an empty optional or null"); }
  void Scalar(const ScalarType& type, const std::byte* data) override;
  void String(std::string_view /*text*/) override { Refuse("a string"); }
  void BeginList(std::uint64_t count, ListKind kind) override;
  void EndList() override;
  void BeginObject(std::uint64_t /*count*/) override {
    Refuse("a map or an object");
  }
  void Array(const ArrayView& array) override;
  void Sparse(const SparseView& /*sparse*/) override {
    Refuse("a sparse matrix");
  }
  void Opaque(std::string_view type_name,
              std::span<const std::byte> /*bytes*/) override {
    if (status_.ok()) status_ = OpaqueError(type_name, "npy");
  }

 private:
  void Refuse(std::string_view what);

  // Checks that a list or array of `extent` elements at `depth` is like its
  // siblings.
  void Extent(std::size_t depth, std::uint64_t extent);
  // Checks that elements of `type` at `depth` are like those before.
  bool Accept(const ScalarType& type, std::size_t depth);

  void WriteFile(bool fortran_order, std::span<const std::byte> elements);

  Sink& sink_;
  absl::Status status_;
  const ScalarType* type_ = nullptr;
  std::size_t depth_ = 0;            // Of the lists that are open.
  std::optional<std::size_t> rank_;  // Known with the first element.
  std::vector<std::uint64_t> shape_;
  std::string gathered_;
  bool written_ = false;
};

}  // namespace ireneo::internal

#endif  // IRENEO_SERIALIZERS_NPY_WRITER_H_
