#include "ireneo/store/memory_blob_store.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace ireneo {
namespace {

// Fills a buffer of a size that an earlier write has told.
class BufferSink final : public Sink {
 public:
  explicit BufferSink(std::span<std::byte> dest) : dest_(dest) {}

  std::size_t filled() const { return filled_; }

 private:
  void Append(std::span<const std::byte> bytes) override {
    if (bytes.size() > dest_.size() - filled_) {
      Fail(absl::InternalError("more bytes than when they were hashed"));
      return;
    }
    std::memcpy(dest_.data() + filled_, bytes.data(), bytes.size());
    filled_ += bytes.size();
  }

  std::span<std::byte> dest_;
  std::size_t filled_ = 0;
};

}  // namespace

absl::StatusOr<PutResult> MemoryBlobStore::Put(
    absl::FunctionRef<void(Sink&)> write) {
  DigestSink hashed;
  write(hashed);
  if (!hashed.ok()) return hashed.status();
  PutResult result{.digest = hashed.digest(), .size = hashed.position()};
  {
    const std::lock_guard lock(mutex_);
    if (blobs_.contains(result.digest)) return result;
  }
  Blob blob;
  if (hashed.small_bytes().has_value()) {
    blob = Blob::Copy(*hashed.small_bytes());
  } else {
    BlobBuffer buffer(result.size);
    BufferSink sink(buffer.bytes());
    write(sink);
    sink.Flush();
    if (!sink.ok()) return sink.status();
    if (sink.filled() != result.size ||
        Digest::Of(buffer.bytes()) != result.digest) {
      return absl::InternalError(absl::StrCat(
          "the serializer wrote other bytes to store than to hash (",
          result.digest.ToString(), "): is it a pure function of the value?"));
    }
    blob = std::move(buffer).Share();
  }
  const std::lock_guard lock(mutex_);
  result.inserted =
      blobs_
          .try_emplace(result.digest, Entry{.blob = std::move(blob),
                                            .created_at = absl::Now()})
          .second;
  return result;
}

absl::StatusOr<Blob> MemoryBlobStore::Get(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto it = blobs_.find(digest);
  if (it == blobs_.end()) {
    return absl::NotFoundError(
        absl::StrCat("no blob ", digest.ToString(), " in this store"));
  }
  return it->second.blob;
}

absl::StatusOr<bool> MemoryBlobStore::Contains(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  return blobs_.contains(digest);
}

absl::Status MemoryBlobStore::Remove(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  blobs_.erase(digest);
  return absl::OkStatus();
}

absl::Status MemoryBlobStore::ForEach(
    absl::FunctionRef<bool(const BlobInfo&)> visit) const {
  std::vector<BlobInfo> infos;
  {
    const std::lock_guard lock(mutex_);
    infos.reserve(blobs_.size());
    for (const auto& [digest, entry] : blobs_) {
      infos.push_back({.digest = digest,
                       .size = entry.blob.size(),
                       .created_at = entry.created_at,
                       .stored = entry.blob.size()});
    }
  }
  // Unlocked, so that `visit` may use the store.
  for (const BlobInfo& info : infos) {
    if (!visit(info)) break;
  }
  return absl::OkStatus();
}

}  // namespace ireneo
