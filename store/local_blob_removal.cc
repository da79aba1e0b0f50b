// Removing blobs, alone or as garbage: with writers kept out of the shard, the
// rows first, in one transaction, and then the files. And removing files that
// no row names.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// How many files are removed before writers are let in again.
constexpr std::size_t kGroup = 64;

}  // namespace

absl::Status LocalBlobStore::BusyError(const Digest& digest,
                                       const char* what) const {
  return absl::UnavailableError(
      absl::StrCat("blob ", digest.ToString(), " in ",
                   files_->directory().native(), " cannot be ", what,
                   " while others of its shard are being stored: try again"));
}

absl::Status LocalBlobStore::Remove(const Digest& digest) {
  const auto always = [](const Digest&, Connection&) -> absl::StatusOr<bool> {
    return true;
  };
  IRENEO_ASSIGN_OR_RETURN(
      const Removal removal,
      RemoveGarbage(BlobFiles::ShardOf(digest), {&digest, 1}, always,
                    [](const BlobInfo&) {}));
  return removal.busy ? BusyError(digest, "removed") : removal.files;
}

absl::StatusOr<Removal> LocalBlobStore::RemoveGarbage(
    std::uint8_t shard, std::span<const Digest> digests, IsGarbageFn is_garbage,
    absl::FunctionRef<void(const BlobInfo&)> removed, absl::Duration patience) {
  for (const Digest& digest : digests) {
    if (BlobFiles::ShardOf(digest) != shard) {
      return absl::InvalidArgumentError(
          absl::StrCat("blob ", digest.ToString(), " is not of shard ", shard));
    }
  }
  Removal removal;
  while (!digests.empty()) {
    const std::span<const Digest> group =
        digests.first(std::min(digests.size(), kGroup));
    digests = digests.subspan(group.size());
    const std::optional<ShardLocks::Exclusive> lock =
        locks_.TryExclusive(shard, patience);
    if (!lock.has_value()) {
      removal.busy = true;
      break;
    }
    IRENEO_RETURN_IF_ERROR(
        RemoveGroup(group, is_garbage, removed, removal.files));
  }
  return removal;
}

absl::Status LocalBlobStore::RemoveGroup(
    std::span<const Digest> digests, IsGarbageFn is_garbage,
    absl::FunctionRef<void(const BlobInfo&)> removed, absl::Status& files) {
  std::vector<std::pair<Digest, std::optional<Row>>> garbage;
  {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    for (const Digest& digest : digests) {
      IRENEO_ASSIGN_OR_RETURN(const bool is_one,
                              is_garbage(digest, connection));
      if (!is_one) continue;
      IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row,
                              RowOf(digest, connection));
      garbage.emplace_back(digest, row);
      if (!row.has_value()) continue;
      IRENEO_ASSIGN_OR_RETURN(
          Statement remove,
          connection.Prepare("DELETE FROM blobs WHERE digest = ?"));
      IRENEO_RETURN_IF_ERROR(remove.Bind(1, digest).Run());
    }
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
  }
  for (const auto& [digest, row] : garbage) {
    if (!row.has_value()) {
      files.Update(files_->RemoveAll(digest));
      continue;
    }
    BlobInfo info = {.digest = digest,
                     .size = row->size,
                     .created_at = row->created,
                     .stored = row->size};
    if (row->file.has_value()) {
      info.codec = row->file->codec;
      info.stored = row->file->stored;
      files.Update(files_->Remove(digest, info.codec));
    }
    removed(info);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [digest, row] : garbage) synced_rows_.erase(digest);
  return absl::OkStatus();
}

absl::StatusOr<bool> LocalBlobStore::IsStray(const BlobFile& file) const {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<Row> row, RowOf(file.digest));
  return !row.has_value() || !row->file.has_value() ||
         row->file->codec != file.codec;
}

absl::Status LocalBlobStore::FindStrays(
    absl::Time limit, bool remove,
    absl::FunctionRef<void(const BlobFiles::Found&)> visit,
    absl::Duration patience) {
  for (int i = 0; i < BlobFiles::kShards; ++i) {
    const auto shard = static_cast<std::uint8_t>(i);
    std::vector<BlobFiles::Found> old;
    IRENEO_RETURN_IF_ERROR(
        files_->ForEach(shard, [&](const BlobFiles::Found& found) {
          if (absl::FromUnixNanos(found.info.mtime_ns) < limit) {
            old.push_back(found);
          }
          return true;
        }));
    std::vector<BlobFiles::Found> strays;
    for (const BlobFiles::Found& found : old) {
      IRENEO_ASSIGN_OR_RETURN(const bool stray, IsStray(found.file));
      if (stray) strays.push_back(found);
    }
    if (!remove) {
      for (const BlobFiles::Found& found : strays) visit(found);
      continue;
    }
    if (strays.empty()) continue;
    const absl::Time start = absl::Now();
    const std::optional<ShardLocks::Exclusive> lock =
        locks_.TryExclusive(shard, patience);
    patience -= std::min(patience, absl::Now() - start);
    if (!lock.has_value()) continue;
    for (const BlobFiles::Found& found : strays) {
      // Nobody is storing it now; somebody may have done so meanwhile.
      IRENEO_ASSIGN_OR_RETURN(const bool stray, IsStray(found.file));
      if (!stray || files_->StateOf(found.file) != found.info) continue;
      if (files_->Remove(found.file.digest, found.file.codec).ok()) {
        visit(found);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace ireneo
