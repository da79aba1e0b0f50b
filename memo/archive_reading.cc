#include "ireneo/memo/archive_reading.h"

#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

absl::Status CheckLine(const CallLine& line, LayerOrder& order) {
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
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const ArgumentRecord& argument = call.arguments[i];
    const bool small =
        argument.kept && line.kept_sizes[i] <= MemoIndex::kSmallValue;
    if (argument.small_value.has_value() != small) {
      return wrong("has an argument in the wrong place");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPayload(const Digest& digest, TarReader& payload) {
  Hasher hasher;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                            payload.Read());
    if (bytes.empty()) break;
    hasher.Update(bytes);
  }
  if (hasher.digest() == digest) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("its blob ", digest.ToString(), " has another digest"));
}

}  // namespace

absl::Status TellProgress(const ArchiveProgressFn& progress,
                          std::string_view what, std::uint64_t bytes,
                          std::uint64_t total) {
  if (progress == nullptr ||
      progress({.what = what, .bytes = bytes, .total = total})) {
    return absl::OkStatus();
  }
  return absl::CancelledError(
      absl::StrCat("stopped while ", std::string(what)));
}

absl::Status ReadArchive(
    const ArchiveFile& archive, const ArchiveProgressFn& progress,
    absl::FunctionRef<absl::Status(CallLine&& line)> visit_call,
    absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size)>
        visit_blob) {
  const std::uint64_t total = archive.layer_bytes();
  std::uint64_t done = 0;
  const auto tell = [&](std::uint64_t bytes) {
    done += bytes;
    return TellProgress(progress, "checking", done, total);
  };
  ArchiveContents found;
  LayerOrder order;
  for (const LayerDescriptor& layer : archive.manifest().layers) {
    std::uint64_t count = 0;
    std::optional<Digest> first;
    std::optional<Digest> last;
    const auto visited = [&](const Digest& digest) {
      ++count;
      if (!first.has_value()) first = digest;
      last = digest;
    };
    if (layer.content == LayerContent::kCalls) {
      IRENEO_RETURN_IF_ERROR(archive.ReadCalls(
          layer, order, tell, [&](std::string_view text) -> absl::Status {
            IRENEO_ASSIGN_OR_RETURN(CallLine line, ReadCallLine(text));
            IRENEO_RETURN_IF_ERROR(CheckLine(line, order));
            visited(line.call.key);
            ++found.calls;
            return visit_call(std::move(line));
          }));
    } else {
      IRENEO_RETURN_IF_ERROR(archive.ReadBlobs(
          layer, order, tell,
          [&](const Digest& digest, std::uint64_t size,
              TarReader& payload) -> absl::Status {
            IRENEO_RETURN_IF_ERROR(visit_blob(digest, size));
            IRENEO_RETURN_IF_ERROR(CheckPayload(digest, payload));
            visited(digest);
            ++found.blobs;
            found.blob_bytes += size;
            return absl::OkStatus();
          }));
    }
    if (count != layer.count || first != layer.first || last != layer.last) {
      return archive.InFile(absl::DataLossError(absl::StrCat(
          "layer ", layer.blob.digest.ToString(),
          " does not have the calls or blobs that its manifest says")));
    }
  }
  const ArchiveContents& said = archive.contents();
  if (found.calls != said.calls || found.blobs != said.blobs ||
      found.blob_bytes != said.blob_bytes) {
    return archive.InFile(absl::DataLossError(
        "it does not have as many calls and blobs as it says"));
  }
  return absl::OkStatus();
}

}  // namespace ireneo::internal
