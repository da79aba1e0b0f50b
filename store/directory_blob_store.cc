// A blob is there if one of its files is: blob_files.cc says how that comes to
// be. There are no locks, as the file systems that this is for may not have
// any. What keeps a collector from a blob that is being put again is the time
// of its file, which the put brings up to date before it relies on it.

#include "ireneo/store/directory_blob_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/compressor.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// How often a reader looks again, if what it reads changes under its eyes.
constexpr int kReadAttempts = 3;

BlobFile FileOf(const StagedBlob& blob) {
  return {.digest = blob.digest,
          .size = blob.size,
          .codec = blob.codec,
          .stored = blob.stored};
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> DirectoryBlobStore::Open(
    const std::filesystem::path& directory, const FileSystem& file_system,
    const BlobStoreOptions& options) {
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<BlobFiles> files,
                          BlobFiles::Open(directory, file_system, options));
  return std::unique_ptr<DirectoryBlobStore>(
      new DirectoryBlobStore(std::move(files)));
}

absl::Status DirectoryBlobStore::NoBlob(const Digest& digest) const {
  return absl::NotFoundError(absl::StrCat("no blob ", digest.ToString(), " in ",
                                          files_->directory().native()));
}

absl::StatusOr<StagedBlob> DirectoryBlobStore::Stage(
    absl::FunctionRef<void(Sink&)> write, const StageOptions& options) {
  DigestSink hashed;
  write(hashed);
  if (!hashed.ok()) return hashed.status();
  StagedBlob blob{.digest = hashed.digest(), .size = hashed.position()};
  const auto stage = [&](absl::FunctionRef<void(Sink&)> write_file,
                         const Compression& compression) -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(std::optional<BlobFiles::Found> found,
                            files_->Find(blob.digest));
    std::optional<BlobFile> known;
    if (found.has_value()) {
      known = found->file;
      if (known->size == BlobFile::kUnknownSize) known->size = blob.size;
      // What cannot be made new, being somebody else's, is replaced.
      if (absl::FromUnixNanos(found->info.mtime_ns) < absl::Now() - kFresh &&
          !files_->Touch(*known).ok()) {
        known.reset();
      }
    }
    IRENEO_ASSIGN_OR_RETURN(
        const BlobFiles::Ensured ensured,
        files_->Ensure(blob.digest, blob.size, known, write_file,
                       {.compression = compression,
                        .hint = options.hint,
                        .defer_sync = options.defer_sync,
                        .compare = options.dedup_check.value_or(
                                       files_->options().dedup_check) ==
                                   DedupCheck::kCompareBytes}));
    if (found.has_value() && found->file.codec != ensured.file.codec) {
      // Bad, and not overwritten: it would be found first.
      (void)files_->SetAside(found->file, found->info);
    }
    blob.present = ensured.present;
    blob.unsynced = ensured.unsynced;
    blob.codec = ensured.file.codec;
    blob.stored = ensured.file.stored;
    return absl::OkStatus();
  };
  if (blob.size > kInlineLimit) {
    IRENEO_RETURN_IF_ERROR(stage(
        write, options.compression.value_or(files_->options().compression)));
    return blob;
  }
  const std::span<const std::byte> bytes = *hashed.small_bytes();
  blob.inline_bytes.assign(reinterpret_cast<const char*>(bytes.data()),
                           bytes.size());
  IRENEO_RETURN_IF_ERROR(
      stage([bytes](Sink& sink) { sink.Write(bytes); }, Compression::kNone));
  return blob;
}

absl::StatusOr<StagedBlob> DirectoryBlobStore::StagePresent(
    const Digest& digest, std::uint64_t size) {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobFiles::Found> found,
                          files_->Find(digest));
  if (!found.has_value()) return NoBlob(digest);
  const absl::StatusOr<std::uint64_t> actual = files_->SizeOf(found->file);
  if (!actual.ok() || *actual != size) return NoBlob(digest);
  // If that fails, it is as old as it was.
  (void)files_->Touch(found->file);
  return StagedBlob{
      .digest = digest,
      .size = size,
      .present = true,
      .unsynced = files_->options().durability == Durability::kDurable,
      .codec = found->file.codec,
      .stored = found->file.stored};
}

absl::Status DirectoryBlobStore::SyncStaged(
    std::span<StagedBlob* const> blobs) {
  std::vector<BlobFile> files;
  for (const StagedBlob* blob : blobs) {
    if (blob->unsynced) files.push_back(FileOf(*blob));
  }
  if (files.empty()) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(files_->SyncAll(files));
  for (StagedBlob* blob : blobs) blob->unsynced = false;
  return absl::OkStatus();
}

bool DirectoryBlobStore::HasVanished(const StagedBlob& blob) const {
  const absl::StatusOr<std::optional<BlobFiles::Found>> found =
      files_->Find(blob.digest);
  return found.ok() && !found->has_value();
}

absl::StatusOr<PutResult> DirectoryBlobStore::Put(
    absl::FunctionRef<void(Sink&)> write, const StageOptions& options) {
  StageOptions synced = options;
  synced.defer_sync = false;
  IRENEO_ASSIGN_OR_RETURN(const StagedBlob blob, Stage(write, synced));
  return PutResult{
      .digest = blob.digest, .size = blob.size, .inserted = !blob.present};
}

absl::StatusOr<Blob> DirectoryBlobStore::Get(const Digest& digest) const {
  return LoadFile(digest, files_->options().verify);
}

absl::Status DirectoryBlobStore::Check(const Digest& digest) const {
  return LoadFile(digest, VerifyReads::kAlways).status();
}

absl::StatusOr<Blob> DirectoryBlobStore::Load(const Digest& digest,
                                              const BlobPlace& place) const {
  if (place.inline_bytes.has_value()) return Blob::Copy(*place.inline_bytes);
  return LoadFile(digest, files_->options().verify);
}

absl::StatusOr<Blob> DirectoryBlobStore::LoadFile(const Digest& digest,
                                                  VerifyReads verify) const {
  for (int attempt = 1;; ++attempt) {
    IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobFiles::Found> found,
                            files_->Find(digest));
    if (!found.has_value()) return NoBlob(digest);
    std::optional<FileInfo> observed;
    absl::StatusOr<Blob> blob = files_->Read(found->file, verify, observed);
    const bool missing = absl::IsNotFound(blob.status());
    if (!missing && !absl::IsDataLoss(blob.status())) return blob;
    // What was removed or replaced since it was looked at is looked at again.
    if (attempt < kReadAttempts &&
        (missing || files_->StateOf(found->file) != observed)) {
      continue;
    }
    if (missing) return NoBlob(digest);
    return absl::DataLossError(absl::StrCat(
        "blob ", digest.ToString(), " in ", files_->directory().native(),
        " is damaged: ", blob.status().message(),
        files_->SetAside(found->file, observed)));
  }
}

absl::StatusOr<bool> DirectoryBlobStore::Contains(const Digest& digest) const {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobFiles::Found> found,
                          files_->Find(digest));
  return found.has_value();
}

std::filesystem::path DirectoryBlobStore::PathOf(const Digest& digest) const {
  const absl::StatusOr<std::optional<BlobFiles::Found>> found =
      files_->Find(digest);
  return files_->PathOf(digest, found.ok() && found->has_value()
                                    ? (*found)->file.codec
                                    : BlobCodec::kRaw);
}

absl::Status DirectoryBlobStore::Remove(const Digest& digest) {
  return files_->RemoveAll(digest);
}

absl::Status DirectoryBlobStore::ForEach(
    absl::FunctionRef<bool(const BlobInfo&)> visit) const {
  bool go_on = true;
  for (int shard = 0; go_on && shard < BlobFiles::kShards; ++shard) {
    IRENEO_RETURN_IF_ERROR(files_->ForEach(
        static_cast<std::uint8_t>(shard), [&](const BlobFiles::Found& found) {
          // One that was removed meanwhile is left out; of a damaged one the
          // size is not known.
          const absl::StatusOr<std::uint64_t> size = files_->SizeOf(found.file);
          if (absl::IsNotFound(size.status())) return true;
          go_on = visit({.digest = found.file.digest,
                         .size = size.value_or(0),
                         .created_at = absl::FromUnixNanos(found.info.mtime_ns),
                         .codec = found.file.codec,
                         .stored = found.file.stored});
          return go_on;
        }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> DirectoryBlobStore::DiskUsage(
    std::uint64_t block) const {
  std::uint64_t usage = 0;
  for (int shard = 0; shard < BlobFiles::kShards; ++shard) {
    IRENEO_RETURN_IF_ERROR(files_->ForEach(
        static_cast<std::uint8_t>(shard), [&](const BlobFiles::Found& found) {
          usage += (found.info.size + block - 1) / block * block;
          return true;
        }));
  }
  return usage;
}

absl::Status DirectoryBlobStore::Recompress(const Digest& digest,
                                            const Compression& compression,
                                            const PayloadHint& hint) {
  IRENEO_ASSIGN_OR_RETURN(const Blob blob, Get(digest));
  if (blob.size() <= kInlineLimit) return absl::OkStatus();
  IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobFiles::Found> found,
                          files_->Find(digest));
  if (found.has_value() && found->file.codec == BlobCodec::kRaw &&
      StaysRaw(compression, hint, blob.bytes())) {
    return absl::OkStatus();
  }
  IRENEO_ASSIGN_OR_RETURN(
      BlobFiles::Unpublished file,
      files_->Write(digest, blob.size(),
                    [&](Sink& sink) { sink.Write(blob.bytes()); },
                    {.compression = compression, .hint = hint}));
  if (!found.has_value() || found->file.codec != file.file().codec ||
      found->file.stored != file.file().stored) {
    IRENEO_RETURN_IF_ERROR(files_->Publish(file));
  }
  // No other one: somebody else may have just written it, to remove this.
  if (!found.has_value() || found->file.codec == file.file().codec) {
    return absl::OkStatus();
  }
  return files_->Remove(digest, found->file.codec);
}

}  // namespace ireneo
