// In order:
//
//   1. Lock locks/recompress. One at a time: where an index has no rows, two
//      that choose different codecs could each remove the file that the other
//      relies on. Where locks cannot be had, go on without.
//   2. List the calls, for the types of blobs, and then the blobs.
//   3. Recompress one after the other, in the order of their digests, as the
//      blob store does it: it keeps the blob readable at every step.

#include "ireneo/memo/recompressor.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/serializers/element_size.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/file_lock.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/staging_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Of results and arguments of the functions that are asked for.
using ElementSizes = absl::flat_hash_map<Digest, int>;

// Element sizes by type names, of which there are few.
class TypeSizes {
 public:
  int Of(const std::string& type) {
    const auto [it, is_new] = sizes_.try_emplace(type, 0);
    if (is_new) it->second = ElementSizeOf(type);
    return it->second;
  }

 private:
  absl::flat_hash_map<std::string, int> sizes_;
};

// What two calls take for different types is an array if it is one for either.
void Add(const Digest& digest, int element_size, ElementSizes& sizes) {
  int& size = sizes.try_emplace(digest, 0).first->second;
  if (size == 0) size = element_size;
}

absl::Status AddFunction(const MemoIndex& index, const std::string& prefix,
                         TypeSizes& types, ElementSizes& sizes) {
  IRENEO_RETURN_IF_ERROR(
      index.ForEachRecord({.function = prefix}, [&](CallRecord&& call) {
        if (!call.small_result.has_value()) {
          Add(call.result, types.Of(call.result_type), sizes);
        }
        for (const ArgumentRecord& argument : call.arguments) {
          if (!argument.kept || argument.small_value.has_value()) continue;
          Add(argument.digest, types.Of(argument.type), sizes);
        }
        return true;
      }));
  // What is new here are other results of calls, of the type of the first.
  return index.ForEachUse([&](const CallUse& use) {
    if (!use.function.starts_with(prefix)) return true;
    const auto it = sizes.find(use.result);
    const int size = it == sizes.end() ? 0 : it->second;
    for (const Digest& other : use.others) sizes.try_emplace(other, size);
    return true;
  });
}

absl::StatusOr<ElementSizes> ListFunctions(const MemoIndex& index,
                                           std::vector<std::string> prefixes) {
  if (prefixes.empty()) prefixes.emplace_back();
  TypeSizes types;
  ElementSizes sizes;
  for (const std::string& prefix : prefixes) {
    IRENEO_RETURN_IF_ERROR(AddFunction(index, prefix, types, sizes));
  }
  return sizes;
}

struct Item {
  BlobInfo blob;
  PayloadHint hint;
};

absl::StatusOr<std::vector<Item>> ListItems(StoreState& store,
                                            const RecompressOptions& options) {
  IRENEO_ASSIGN_OR_RETURN(const ElementSizes sizes,
                          ListFunctions(store.index(), options.functions));
  std::vector<Item> items;
  IRENEO_RETURN_IF_ERROR(store.blobs().ForEach([&](const BlobInfo& blob) {
    const auto it = sizes.find(blob.digest);
    const bool is_file = blob.size > StagingBlobStore::kInlineLimit ||
                         blob.codec != BlobCodec::kRaw;
    if (is_file && (options.functions.empty() || it != sizes.end())) {
      const int element_size = it == sizes.end() ? 0 : it->second;
      items.push_back({.blob = blob, .hint = {.element_size = element_size}});
    }
    return true;
  }));
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.blob.digest < b.blob.digest;
  });
  return items;
}

// Whether that can be told without reading the blob.
bool SurelyStays(const Item& item, const Compression& compression) {
  return item.blob.codec == BlobCodec::kRaw &&
         (compression == Compression::kNone ||
          (compression == Compression::kDefault && item.hint.element_size > 0));
}

void Recompress(StoreState& store, const Item& item,
                const Compression& compression, RecompressReport& report) {
  const BlobInfo& blob = item.blob;
  std::uint64_t after = blob.stored;
  if (!SurelyStays(item, compression)) {
    const absl::Status status =
        store.blobs().Recompress(blob.digest, compression, item.hint);
    // Collected meanwhile.
    if (absl::IsNotFound(status)) return;
    RecompressReport::Blob unchanged = {.digest = blob.digest,
                                        .why = std::string(status.message())};
    if (absl::IsUnavailable(status) || absl::IsAborted(status)) {
      report.skipped.push_back(std::move(unchanged));
    } else if (!status.ok()) {
      report.failed.push_back(std::move(unchanged));
    } else {
      const std::filesystem::path path = store.blobs().PathOf(blob.digest);
      const absl::StatusOr<FileInfo> info = store.file_system().Stat(path);
      if (info.ok()) after = info->size;
      if (after != blob.stored ||
          path.extension().native() != Suffix(blob.codec)) {
        ++report.changed;
      }
    }
  }
  ++report.blobs;
  report.bytes_before += blob.stored;
  report.bytes_after += after;
}

}  // namespace

absl::StatusOr<RecompressReport> RecompressStore(
    StoreState& store, const RecompressOptions& options) {
  const absl::StatusOr<FileLock> lock = FileLock::Acquire(
      store.directory() / "locks" / "recompress", FileLock::Mode::kExclusive);
  if (absl::IsUnavailable(lock.status())) {
    return absl::UnavailableError(
        absl::StrCat("another recompression is running in ",
                     store.directory().native(), ": let it finish"));
  }
  IRENEO_ASSIGN_OR_RETURN(const std::vector<Item> items,
                          ListItems(store, options));
  RecompressProgress progress;
  progress.total_blobs = static_cast<std::int64_t>(items.size());
  for (const Item& item : items) progress.total_bytes += item.blob.size;
  RecompressReport report;
  for (const Item& item : items) {
    Recompress(store, item, options.compression, report);
    ++progress.blobs;
    progress.bytes += item.blob.size;
    if (options.progress != nullptr && !options.progress(progress)) {
      report.complete = progress.blobs == progress.total_blobs;
      break;
    }
  }
  return report;
}

}  // namespace ireneo::internal
