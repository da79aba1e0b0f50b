#include "ireneo/memo/call_table.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/memo/call_view.h"
#include "ireneo/memo/value_view.h"
#include "ireneo/serializers/csv_writer.h"
#include "ireneo/serializers/json_writer.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/type_label.h"
#include "ireneo/serializers/value_text.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

using internal::CallTableFormat;
using internal::CsvWriter;
using internal::JsonWriter;
using internal::StringText;
using CallPointers = std::span<const CallRecord* const>;

constexpr std::string_view kColumnsBefore[] = {"key", "function", "version",
                                               "seed"};
constexpr std::string_view kColumnsBehind[] = {"result", "seconds", "hits",
                                               "created"};

bool IsOtherColumn(std::string_view name) {
  const auto has = [&](const auto& columns) {
    return std::find(std::begin(columns), std::end(columns), name) !=
           std::end(columns);
  };
  return has(kColumnsBefore) || has(kColumnsBehind);
}

// The names of the columns of its arguments; no two are equal.
std::vector<std::string> ArgumentColumns(const CallRecord& record) {
  std::vector<std::string> columns;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < record.arguments.size(); ++i) {
    const std::string& given = record.arguments[i].name;
    const std::string name = given.empty() ? absl::StrCat("argument_", i + 1)
                             : IsOtherColumn(given)
                                 ? absl::StrCat("argument_", given)
                                 : given;
    std::string column = name;
    for (int n = 2; !taken.insert(column).second; ++n) {
      column = absl::StrCat(name, "_", n);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// What a value is in one cell.
class CellVisitor final : public ValueVisitor {
 public:
  enum class Kind { kNull, kText, kJson, kOther };

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }

  void Null() override { Is(Kind::kNull); }
  void Scalar(const ScalarType& type, const std::byte* data) override {
    if (Is(Kind::kText)) type.append(data, ScalarText::kPlain, text_);
  }
  void String(std::string_view text) override {
    if (Is(Kind::kText)) text_ = StringText(text);
  }
  void BeginList(std::uint64_t /*count*/, ListKind kind) override {
    Is(kind == ListKind::kTuple ? Kind::kJson : Kind::kOther);
  }
  void BeginObject(std::uint64_t /*count*/) override { Is(Kind::kJson); }
  void Array(const ArrayView& array) override {
    if (array.shape.empty()) {
      Scalar(array.type, array.bytes.data());
    } else {
      Is(Kind::kOther);
    }
  }
  void Sparse(const SparseView& /*sparse*/) override { Is(Kind::kOther); }
  void Opaque(std::string_view /*type_name*/,
              std::span<const std::byte> /*bytes*/) override {
    Is(Kind::kOther);
  }

 private:
  // What comes first, tells. Returns whether this does.
  bool Is(Kind kind) {
    const bool first = !known_;
    if (first) kind_ = kind;
    known_ = true;
    return first;
  }

  bool known_ = false;
  Kind kind_ = Kind::kOther;
  std::string text_;
};

void WriteCell(const ValueView& view, const Registry& registry,
               CsvWriter& writer) {
  if (view.state == ValueView::State::kShown && view.bytes.has_value()) {
    CellVisitor cell;
    if (registry.Visit(view.type, *view.bytes, cell).ok()) {
      std::string text;
      StringSink sink(text);
      switch (cell.kind()) {
        case CellVisitor::Kind::kNull:
          return writer.Null();
        case CellVisitor::Kind::kText:
          return writer.String(cell.text());
        case CellVisitor::Kind::kJson:
          if (registry.Export(view.type, *view.bytes, ExportFormat::kJson, sink)
                  .ok()) {
            return writer.String(
                text.substr(0, text.find_last_not_of('\n') + 1));
          }
          break;
        case CellVisitor::Kind::kOther:
          break;
      }
    }
  }
  writer.String(
      StringText(absl::StrCat(TypeLabel(view.type, view.description.shape), " ",
                              view.digest.ToString())));
}

void WriteCsvRow(const CallRecord& call,
                 const absl::flat_hash_map<std::string, std::size_t>& columns,
                 CallViewer& viewer, CsvWriter& writer) {
  writer.BeginList(0, ListKind::kTuple);
  writer.String(call.key.ToString());
  writer.String(StringText(call.function));
  writer.String(StringText(call.version));
  if (call.seed.has_value()) {
    writer.Unsigned(*call.seed);
  } else {
    writer.Null();
  }
  std::vector<std::size_t> positions(columns.size(), call.arguments.size());
  const std::vector<std::string> names = ArgumentColumns(call);
  for (std::size_t i = 0; i < names.size(); ++i) {
    positions[columns.at(names[i])] = i;
  }
  for (const std::size_t i : positions) {
    if (i < call.arguments.size()) {
      WriteCell(viewer.LookAtArgument(call, i), viewer.registry(), writer);
    } else {
      writer.Null();
    }
  }
  WriteCell(viewer.LookAtResult(call), viewer.registry(), writer);
  writer.Double(absl::ToDoubleSeconds(call.elapsed));
  writer.Signed(call.hits);
  writer.String(Rfc3339(call.created_at));
  writer.EndList();
}

// `viewer` may be null if there are no calls.
absl::Status WriteCsv(CallPointers calls, CallViewer* viewer, Sink& sink) {
  absl::flat_hash_map<std::string, std::size_t> columns;
  std::vector<std::string> names;
  for (const CallRecord* call : calls) {
    for (std::string& name : ArgumentColumns(*call)) {
      if (columns.try_emplace(name, names.size()).second) {
        names.push_back(std::move(name));
      }
    }
  }
  CsvWriter writer(sink);
  writer.BeginList(0, ListKind::kSequence);
  writer.BeginList(0, ListKind::kTuple);
  for (const std::string_view name : kColumnsBefore) writer.String(name);
  for (const std::string& name : names) writer.String(StringText(name));
  for (const std::string_view name : kColumnsBehind) writer.String(name);
  writer.EndList();
  for (const CallRecord* call : calls) {
    WriteCsvRow(*call, columns, *viewer, writer);
  }
  writer.EndList();
  return writer.Finish();
}

absl::Status WriteJson(CallPointers calls, CallViewer* viewer, Sink& sink) {
  const auto write = [&](std::string_view text) {
    sink.Write(std::as_bytes(std::span(text)));
  };
  const char* separator = "[\n";
  for (const CallRecord* call : calls) {
    write(separator);
    JsonWriter writer;
    writer.Json(ToJson(viewer->Look(*call), viewer->registry(),
                       /*statistics=*/false));
    write(writer.TakeText());
    separator = ",\n";
  }
  write(calls.empty() ? "[]\n" : "\n]\n");
  return sink.status();
}

absl::Status Write(CallTableFormat format, const MemoStore* store,
                   CallPointers calls, const Registry& registry, Sink& sink) {
  std::vector<std::string> damage;
  std::optional<CallViewer> viewer;
  if (!calls.empty()) {
    viewer.emplace(*store, registry, Attention::kGlance, damage);
  }
  CallViewer* const view = viewer.has_value() ? &*viewer : nullptr;
  IRENEO_RETURN_IF_ERROR(format == CallTableFormat::kCsv
                             ? WriteCsv(calls, view, sink)
                             : WriteJson(calls, view, sink));
  sink.Flush();
  IRENEO_RETURN_IF_ERROR(sink.status());
  if (damage.empty()) return absl::OkStatus();
  if (damage.size() == 1) return absl::DataLossError(damage.front());
  return absl::DataLossError(absl::StrCat(
      damage.front(), ", and ", damage.size() - 1, " more damaged values"));
}

std::vector<const CallRecord*> Pointers(std::span<const CallRecord> calls) {
  std::vector<const CallRecord*> pointers;
  pointers.reserve(calls.size());
  for (const CallRecord& call : calls) pointers.push_back(&call);
  return pointers;
}

class StreamSink final : public Sink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}

  void Flush() override {
    Sink::Flush();
    if (ok() && !out_.flush()) FailToWrite();
  }

 private:
  void Append(std::span<const std::byte> bytes) override {
    out_.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!out_) FailToWrite();
  }

  void FailToWrite() {
    Fail(absl::UnavailableError(
        "cannot write the table of calls to the stream: is it open, and the "
        "disk not full?"));
  }

  std::ostream& out_;
};

}  // namespace

absl::Status WriteCallsCsv(const MemoStore& store,
                           std::span<const CallRecord> calls,
                           const Registry& registry, Sink& sink) {
  return Write(CallTableFormat::kCsv, &store, Pointers(calls), registry, sink);
}

absl::Status WriteCallsJson(const MemoStore& store,
                            std::span<const CallRecord> calls,
                            const Registry& registry, Sink& sink) {
  return Write(CallTableFormat::kJson, &store, Pointers(calls), registry, sink);
}

namespace internal {

absl::Status WriteCalls(CallTableFormat format, const MemoStore* store,
                        std::span<const CallRecord* const> calls,
                        const Registry* registry, std::ostream& out) {
  Registry builtin;
  if (registry == nullptr) {
    IRENEO_RETURN_IF_ERROR(AddBuiltinCodecs(builtin));
    registry = &builtin;
  }
  StreamSink sink(out);
  return Write(format, store, calls, *registry, sink);
}

}  // namespace internal
}  // namespace ireneo
