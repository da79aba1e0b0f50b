#include "ireneo/memo/archive_reading.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/archive_functions.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_origin.h"
#include "ireneo/memo/archive_progress.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Each of them may name a blob of 4 KiB that goes into memory.
constexpr std::size_t kMaxArguments = 4096;

// Of a line, in canonical JSON.
constexpr std::size_t kMostGrowth = 64;

// `size` is that of its text.
absl::Status CheckLine(const CallLine& line, std::size_t size,
                       LayerOrder& order) {
  const CallRecord& call = line.call;
  const auto wrong = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("its call ", call.key.ToString(), " ", why));
  };
  if (order.last_key.has_value() && call.key <= *order.last_key) {
    return wrong("is there twice, or not in order");
  }
  order.last_key = call.key;
  if (call.small_result.has_value() !=
      (call.result_size <= MemoIndex::kSmallValue)) {
    return wrong("has its result in the wrong place");
  }
  if (call.elapsed < absl::ZeroDuration() ||
      call.spent < absl::ZeroDuration()) {
    return wrong("took a time below zero");
  }
  if (call.arguments.size() > kMaxArguments) {
    return wrong("has more arguments than any function");
  }
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const ArgumentRecord& argument = call.arguments[i];
    const bool small =
        argument.kept && line.kept_sizes[i] <= MemoIndex::kSmallValue;
    if (argument.small_value.has_value() != small) {
      return wrong("has an argument in the wrong place");
    }
  }
  if (call.environment.find("imported_from") != std::string::npos &&
      !OriginOf(call.environment).empty()) {
    return wrong("says where it was imported from, which archives do not");
  }
  // Else the store could not be exported.
  if (size > kMaxCallLine / kMostGrowth) {
    const absl::StatusOr<std::string> text = WriteCallLine(line);
    if (!text.ok()) return wrong(text.status().message());
    if (text->size() > kMaxCallLine) return wrong("has too long a record");
  }
  return absl::OkStatus();
}

absl::Status CheckPayload(
    const Digest& digest, TarReader& payload,
    absl::FunctionRef<void(std::uint64_t, std::span<const std::byte>)> visit) {
  Hasher hasher;
  std::uint64_t offset = 0;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                            payload.Read());
    if (bytes.empty()) break;
    hasher.Update(bytes);
    visit(offset, bytes);
    offset += bytes.size();
  }
  if (hasher.digest() == digest) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("its blob ", digest.ToString(), " has another digest"));
}

using CallFn =
    absl::FunctionRef<absl::Status(CallLine&& line, std::uint64_t size)>;
using BlobFn = absl::FunctionRef<absl::Status(const Digest&, std::uint64_t)>;
using BytesFn =
    absl::FunctionRef<void(std::uint64_t, std::span<const std::byte>)>;

absl::Status WrongCounts(const ArchiveFile& archive) {
  return archive.InFile(absl::DataLossError(
      "it does not have as many calls and blobs as it says"));
}

// What is found in layers, to be compared with what a manifest says.
class Reading {
 public:
  Reading(const ArchiveFile& archive, const ArchiveProgressFn& progress)
      : archive_(archive), progress_(progress) {}

  absl::Status ReadCalls(const LayerDescriptor& layer, CallFn visit) {
    Begin();
    IRENEO_RETURN_IF_ERROR(archive_.ReadCalls(
        layer, order_, Tell(), [&](std::string_view text) -> absl::Status {
          IRENEO_ASSIGN_OR_RETURN(CallLine line, ReadCallLine(text));
          IRENEO_RETURN_IF_ERROR(CheckLine(line, text.size(), order_));
          Visited(line.call.key);
          ++found_.calls;
          if (functions_.Add(line.call.function, line.call.version)) {
            names_ += line.call.function.size() + line.call.version.size();
          }
          // No description is as large.
          if (names_ > kMaxArchiveJson) return WrongCounts(archive_);
          return visit(std::move(line), text.size());
        }));
    return End(layer);
  }

  absl::Status ReadBlobs(const LayerDescriptor& layer, BlobFn visit,
                         BytesFn visit_bytes) {
    Begin();
    IRENEO_RETURN_IF_ERROR(archive_.ReadBlobs(
        layer, order_, Tell(),
        [&](const Digest& digest, std::uint64_t size,
            TarReader& payload) -> absl::Status {
          IRENEO_RETURN_IF_ERROR(visit(digest, size));
          IRENEO_RETURN_IF_ERROR(CheckPayload(digest, payload, visit_bytes));
          Visited(digest);
          ++found_.blobs;
          found_.blob_bytes += size;
          return absl::OkStatus();
        }));
    return End(layer);
  }

  // With the functions of all calls.
  ArchiveContents Found() {
    found_.functions = functions_.Sorted();
    return found_;
  }

 private:
  LayerProgressFn Tell() {
    return [this](std::uint64_t bytes) {
      done_ += bytes;
      return TellProgress(progress_, "checking", done_, archive_.layer_bytes());
    };
  }

  void Begin() {
    count_ = 0;
    first_.reset();
    last_.reset();
  }
  void Visited(const Digest& digest) {
    ++count_;
    if (!first_.has_value()) first_ = digest;
    last_ = digest;
  }
  absl::Status End(const LayerDescriptor& layer) const {
    if (count_ == layer.count && first_ == layer.first && last_ == layer.last) {
      return absl::OkStatus();
    }
    return archive_.InFile(absl::DataLossError(absl::StrCat(
        "layer ", layer.blob.digest.ToString(),
        " does not have the calls or blobs that its manifest says")));
  }

  const ArchiveFile& archive_;
  const ArchiveProgressFn& progress_;
  std::uint64_t done_ = 0;
  LayerOrder order_;
  ArchiveContents found_;
  ArchiveFunctions functions_;
  std::size_t names_ = 0;  // Bytes of them.
  // Of this layer.
  std::uint64_t count_ = 0;
  std::optional<Digest> first_;
  std::optional<Digest> last_;
};

}  // namespace

absl::Status ReadArchive(const ArchiveFile& archive,
                         const ArchiveProgressFn& progress, CallFn visit_call,
                         BlobFn visit_blob, BytesFn visit_bytes) {
  Reading reading(archive, progress);
  for (const LayerDescriptor& layer : archive.manifest().layers) {
    IRENEO_RETURN_IF_ERROR(
        layer.content == LayerContent::kCalls
            ? reading.ReadCalls(layer, visit_call)
            : reading.ReadBlobs(layer, visit_blob, visit_bytes));
  }
  const ArchiveContents& said = archive.contents();
  const ArchiveContents found = reading.Found();
  const bool as_said = found.calls == said.calls && found.blobs == said.blobs &&
                       found.blob_bytes == said.blob_bytes &&
                       found.functions == said.functions;
  return as_said ? absl::OkStatus() : WrongCounts(archive);
}

absl::Status ReadArchiveCalls(const ArchiveFile& archive,
                              const ArchiveProgressFn& progress, CallFn visit) {
  Reading reading(archive, progress);
  for (const LayerDescriptor& layer : archive.manifest().layers) {
    if (layer.content != LayerContent::kCalls) continue;
    IRENEO_RETURN_IF_ERROR(reading.ReadCalls(layer, visit));
  }
  const ArchiveContents found = reading.Found();
  return found.calls == archive.contents().calls &&
                 found.functions == archive.contents().functions
             ? absl::OkStatus()
             : WrongCounts(archive);
}

}  // namespace ireneo::internal
