// Blobs are read in the order of their digests. How far that has come stands in
// verify.json, written every few seconds and removed at the end:
//
//   {"blobs": 1234, "bytes": 987654321, "damaged": 0, "next": "xxh3:..."}
//
// A run that finds it goes on with the first digest that is not less than
// `next`. A blob that is put meanwhile may be read or not.

#include "ireneo/memo/verifier.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_reading.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr char kCursorFile[] = "verify.json";
constexpr absl::Duration kCursorInterval = absl::Seconds(2);

// How far a run came.
struct Cursor {
  Digest next;
  std::int64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::int64_t damaged = 0;  // How many it had found.
};

// What is so old says nothing of today.
constexpr absl::Duration kCursorAge = absl::Hours(24);

// What cannot be read is as good as none.
std::optional<Cursor> ReadCursor(const std::filesystem::path& path,
                                 const FileSystem& files) {
  const absl::StatusOr<FileContents> file = files.Read(path);
  if (!file.ok() ||
      absl::FromUnixNanos(file->info.mtime_ns) < absl::Now() - kCursorAge) {
    return std::nullopt;
  }
  const std::span<const std::byte> bytes = file->blob.bytes();
  boost::system::error_code error;
  const json::value value = json::parse(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, error);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::nullopt;
  const json::value* const next = object->if_contains("next");
  const json::value* const count = object->if_contains("blobs");
  const json::value* const size = object->if_contains("bytes");
  const json::value* const damaged = object->if_contains("damaged");
  if (next == nullptr || !next->is_string() || count == nullptr ||
      !count->is_int64() || size == nullptr || !size->is_int64() ||
      damaged == nullptr || !damaged->is_int64()) {
    return std::nullopt;
  }
  const absl::StatusOr<Digest> digest =
      Digest::Parse(std::string_view(next->get_string()));
  if (!digest.ok()) return std::nullopt;
  return Cursor{.next = *digest,
                .blobs = count->get_int64(),
                .bytes = static_cast<std::uint64_t>(size->get_int64()),
                .damaged = damaged->get_int64()};
}

// That it cannot be written is no reason to stop.
void WriteCursor(const Cursor& cursor, const std::filesystem::path& path,
                 const FileSystem& files) {
  const std::string text =
      json::serialize(
          json::object{{"blobs", cursor.blobs},
                       {"bytes", static_cast<std::int64_t>(cursor.bytes)},
                       {"damaged", cursor.damaged},
                       {"next", json::string(cursor.next.ToString())}}) +
      "\n";
  const std::filesystem::path temporary =
      absl::StrCat(path.native(), ".", ProcessId());
  const auto write = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file,
                            files.Create(temporary));
    IRENEO_RETURN_IF_ERROR(file->Append(std::as_bytes(std::span(text))));
    IRENEO_RETURN_IF_ERROR(file->Close());
    return files.Rename(temporary, path);
  };
  if (!write().ok()) (void)files.Remove(temporary);
}

// Errors: those of listing the blobs.
absl::Status VerifyBlobs(StoreState& store, const VerifyOptions& options,
                         VerifyReport& report) {
  const FileSystem& files = store.file_system();
  const std::filesystem::path path = store.directory() / kCursorFile;
  std::optional<Cursor> cursor;
  if (!options.restart) cursor = ReadCursor(path, files);

  struct Item {
    Digest digest;
    std::uint64_t size = 0;
  };
  std::vector<Item> items;
  VerifyProgress progress;
  IRENEO_RETURN_IF_ERROR(store.blobs().ForEach([&](const BlobInfo& blob) {
    progress.total_bytes += blob.size;
    items.push_back({.digest = blob.digest, .size = blob.size});
    return true;
  }));
  progress.total_blobs = static_cast<std::int64_t>(items.size());
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return a.digest < b.digest; });
  auto it = items.begin();
  if (cursor.has_value() &&
      (items.empty() || items.back().digest < cursor->next)) {
    cursor.reset();  // Of another store, or of blobs that have gone.
  }
  if (cursor.has_value()) {
    report.continued = true;
    report.damaged_before = cursor->damaged;
    it = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      return item.digest >= cursor->next;
    });
    progress.blobs = it - items.begin();
    for (auto done = items.begin(); done != it; ++done) {
      progress.bytes += done->size;
    }
  }
  absl::Time written = absl::Now();
  for (; it != items.end(); ++it) {
    const absl::Status status = store.blobs().Check(it->digest);
    if (absl::IsDataLoss(status)) {
      report.damaged.push_back(
          {.digest = it->digest, .why = std::string(status.message())});
    } else if (!status.ok() && !absl::IsNotFound(status)) {
      report.unreadable.push_back(
          {.digest = it->digest, .why = std::string(status.message())});
    }
    ++progress.blobs;
    progress.bytes += it->size;
    const bool stop =
        options.progress != nullptr && !options.progress(progress);
    const auto next = it + 1;
    if (next != items.end() &&
        (stop || absl::Now() - written >= kCursorInterval)) {
      WriteCursor({.next = next->digest,
                   .blobs = progress.blobs,
                   .bytes = progress.bytes,
                   .damaged = report.damaged_before +
                              static_cast<std::int64_t>(report.damaged.size())},
                  path, files);
      written = absl::Now();
    }
    if (stop) {
      report.complete = next == items.end();
      break;
    }
  }
  report.blobs = progress.blobs;
  report.bytes = progress.bytes;
  if (report.complete) (void)files.Remove(path);
  return absl::OkStatus();
}

absl::Status VerifyCalls(StoreState& store, const VerifyOptions& options,
                         VerifyReport& report) {
  struct Call {
    Digest key;
    Digest result;
  };
  std::vector<Call> without_result;
  {
    // Calls first: a result is put before its call is remembered.
    std::vector<Call> calls;
    IRENEO_RETURN_IF_ERROR(store.index().ForEachUse([&](const CallUse& use) {
      ++report.calls;
      if (use.result_is_blob) {
        calls.push_back({.key = use.key, .result = use.result});
      }
      return true;
    }));
    absl::flat_hash_set<Digest> blobs;
    IRENEO_RETURN_IF_ERROR(store.blobs().ForEach([&](const BlobInfo& blob) {
      blobs.insert(blob.digest);
      return true;
    }));
    for (const Call& call : calls) {
      if (!blobs.contains(call.result)) without_result.push_back(call);
    }
  }
  for (const Call& call : without_result) {
    // Between the two listings it may have been collected, or computed again.
    IRENEO_ASSIGN_OR_RETURN(const std::optional<FoundCall> now,
                            store.index().Find(call.key, /*load=*/false));
    if (!now.has_value() || now->result != call.result || now->blob.ok()) {
      continue;
    }
    report.calls_without_result.push_back(call.key);
    if (!options.repair) continue;
    // Not if it has been computed again meanwhile.
    IRENEO_RETURN_IF_ERROR(
        store.ForgetResult(call.key, call.result, /*lost=*/true));
    ++report.calls_dropped;
  }
  return absl::OkStatus();
}

// An archive is right in all, or refused.
absl::StatusOr<VerifyReport> VerifyArchive(const ArchiveFile& archive,
                                           const VerifyOptions& options) {
  VerifyReport report;
  const ArchiveContents& contents = archive.contents();
  absl::Status status = ReadArchive(
      archive,
      [&](const ArchiveProgress&) {
        return options.progress == nullptr ||
               options.progress({.blobs = report.blobs,
                                 .total_blobs = contents.blobs,
                                 .bytes = report.bytes,
                                 .total_bytes = contents.blob_bytes});
      },
      [&](CallLine&&, std::uint64_t) {
        ++report.calls;
        return absl::OkStatus();
      },
      [&](const Digest&, std::uint64_t size) {
        ++report.blobs;
        report.bytes += size;
        return absl::OkStatus();
      });
  report.complete = !absl::IsCancelled(status);
  if (report.complete) IRENEO_RETURN_IF_ERROR(status);
  return report;
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyStore(StoreState& store,
                                         const VerifyOptions& options) {
  if (store.archive() != nullptr) {
    if (options.repair) IRENEO_RETURN_IF_ERROR(store.CheckWritable());
    return VerifyArchive(*store.archive(), options);
  }
  store.FlushAll();
  VerifyReport report;
  report.index = store.index().Check();
  absl::Status status = VerifyBlobs(store, options, report);
  if (status.ok() && report.complete) {
    status = VerifyCalls(store, options, report);
  }
  // The damage that stops it is what it found.
  if (!status.ok() && !absl::IsDataLoss(report.index)) return status;
  return report;
}

}  // namespace ireneo::internal
