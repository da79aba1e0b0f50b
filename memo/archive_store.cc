#include "ireneo/memo/archive_store.h"

#include <algorithm>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ireneo/memo/archive_calls.h"
#include "ireneo/memo/archive_payload.h"
#include "ireneo/memo/archive_reading.h"
#include "ireneo/memo/index_recovery.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Unpacks layers into a blob store which has rows for all of their blobs.
class Unpacker {
 public:
  Unpacker(std::shared_ptr<const ArchiveFile> archive, Database& database,
           const std::filesystem::path& scratch)
      : archive_(std::move(archive)), database_(database), payload_(scratch) {}

  // To be called before all else.
  void SetStore(LocalBlobStore& store) { store_ = &store; }

  // Thread-safe.
  absl::Status Fetch(const Digest& digest) {
    const std::lock_guard lock(mutex_);
    for (const LayerDescriptor& layer : archive_->manifest().layers) {
      if (layer.content != LayerContent::kBlobs || !layer.first.has_value() ||
          digest < *layer.first || digest > layer.last) {
        continue;
      }
      // Another thread may have unpacked it while this one waited.
      if (HasNow(digest)) return absl::OkStatus();
      IRENEO_RETURN_IF_ERROR(Unpack(layer));
      if (HasNow(digest)) return absl::OkStatus();
    }
    return archive_->InFile(absl::NotFoundError(
        absl::StrCat("it does not have blob ", digest.ToString(),
                     archive_->contents().as_of.empty()
                         ? ""
                         : ", which is in the one that it was made as of")));
  }

 private:
  // Whether its bytes are in the scratch directory.
  bool HasNow(const Digest& digest) const {
    std::error_code ignored;
    if (std::filesystem::exists(store_->PathOf(digest), ignored)) return true;
    return small_.contains(digest);
  }

  absl::Status Unpack(const LayerDescriptor& layer) {
    std::vector<StagedBlob> small;
    LayerOrder order;
    IRENEO_RETURN_IF_ERROR(archive_->ReadBlobs(
        layer, order, nullptr,
        [&](const Digest&, std::uint64_t size,
            TarReader& payload) -> absl::Status {
          IRENEO_RETURN_IF_ERROR(payload_.Gather(size, payload));
          IRENEO_ASSIGN_OR_RETURN(
              StagedBlob blob,
              store_->Stage([this](Sink& sink) { payload_.WriteTo(sink); }));
          // Files have their rows.
          if (size > StagingBlobStore::kInlineLimit) return absl::OkStatus();
          small.push_back(std::move(blob));
          constexpr std::size_t kSmall = 2048;
          return small.size() < kSmall ? absl::OkStatus() : Commit(small);
        }));
    return Commit(small);
  }

  absl::Status Commit(std::vector<StagedBlob>& blobs) {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    for (const StagedBlob& blob : blobs) {
      IRENEO_RETURN_IF_ERROR(store_->Commit(blob, connection).status());
    }
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
    for (const StagedBlob& blob : blobs) small_.insert(blob.digest);
    blobs.clear();
    return absl::OkStatus();
  }

  const std::shared_ptr<const ArchiveFile> archive_;
  Database& database_;
  LocalBlobStore* store_ = nullptr;
  std::mutex mutex_;
  ArchivePayload payload_;
  absl::flat_hash_set<Digest> small_;  // Those that are in their rows.
};

// Lets nobody write.
class ReadOnlyBlobStore final : public StagingBlobStore {
 public:
  ReadOnlyBlobStore(std::unique_ptr<LocalBlobStore> store, absl::Status refusal)
      : store_(std::move(store)), refusal_(std::move(refusal)) {}

  absl::StatusOr<Blob> Get(const Digest& digest) const override {
    return store_->Get(digest);
  }
  absl::StatusOr<bool> Contains(const Digest& digest) const override {
    return store_->Contains(digest);
  }
  absl::Status ForEach(
      absl::FunctionRef<bool(const BlobInfo&)> visit) const override {
    return store_->ForEach(visit);
  }
  absl::StatusOr<Blob> Load(const Digest& digest,
                            const BlobPlace& place) const override {
    return store_->Load(digest, place);
  }
  absl::Status Check(const Digest& digest) const override {
    return store_->Check(digest);
  }
  std::filesystem::path PathOf(const Digest& digest) const override {
    return store_->PathOf(digest);
  }
  bool HasVanished(const StagedBlob& blob) const override {
    return store_->HasVanished(blob);
  }

  absl::StatusOr<PutResult> Put(absl::FunctionRef<void(Sink&)>,
                                const StageOptions&) override {
    return refusal_;
  }
  absl::Status Remove(const Digest&) override { return refusal_; }
  absl::StatusOr<StagedBlob> Stage(absl::FunctionRef<void(Sink&)>,
                                   const StageOptions&) override {
    return refusal_;
  }
  absl::StatusOr<StagedBlob> StagePresent(const Digest&,
                                          std::uint64_t) override {
    return refusal_;
  }
  absl::Status SyncStaged(std::span<StagedBlob* const>) override {
    return refusal_;
  }
  absl::Status Recompress(const Digest&, const Compression&,
                          const PayloadHint&) override {
    return refusal_;
  }

 private:
  const std::unique_ptr<LocalBlobStore> store_;
  const absl::Status refusal_;
};

// A row for a blob whose bytes are in the archive.
absl::Status AddRow(const StagedBlob& blob, Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT OR IGNORE INTO blobs(digest, size, created) "
                         "VALUES (?, ?, ?)"));
  insert.Bind(1, blob.digest)
      .Bind(2, static_cast<std::int64_t>(blob.size))
      .Bind(3, std::int64_t{0});
  return insert.Run();
}

absl::Status Insert(ArchivedCalls& group, Database& database,
                    SqliteIndex& index) {
  {
    IRENEO_ASSIGN_OR_RETURN(Connection connection, database.Acquire());
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    for (const NewCall& call : group.calls()) {
      if (call.result.present) {
        IRENEO_RETURN_IF_ERROR(AddRow(call.result, connection));
      }
      for (const NewCall::Argument& argument : call.arguments) {
        if (argument.kept.has_value() && argument.kept->present) {
          IRENEO_RETURN_IF_ERROR(AddRow(*argument.kept, connection));
        }
      }
    }
    IRENEO_RETURN_IF_ERROR(transaction.Commit());
  }
  IRENEO_RETURN_IF_ERROR(index.InsertAll(group.calls(), [](const Digest&) {}));
  group.Clear();
  return absl::OkStatus();
}

}  // namespace

absl::Status ArchiveIsReadOnly(const std::filesystem::path& file) {
  return absl::PermissionDeniedError(absl::StrCat(
      "store ", file.native(),
      " is an archive, which can only be read: what it has is used, and "
      "nothing new is remembered. To change that, import it into a store"));
}

absl::StatusOr<ArchiveStore> OpenArchiveStore(const std::filesystem::path& file,
                                              const FileSystem& files,
                                              VerifyReads verify) {
  ArchiveStore store;
  IRENEO_ASSIGN_OR_RETURN(store.archive, ArchiveFile::Open(file));
  IRENEO_ASSIGN_OR_RETURN(store.scratch, ScratchDirectory::Make());
  const std::filesystem::path& directory = store.scratch->path();
  absl::Status recovered;
  IRENEO_ASSIGN_OR_RETURN(
      store.database,
      OpenIndex(directory, files, Durability::kCache, recovered));
  const auto unpacker =
      std::make_shared<Unpacker>(store.archive, *store.database, directory);
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<LocalBlobStore> blobs,
      LocalBlobStore::Open(directory, *store.database, files,
                           {.verify = verify,
                            .compression = Compression::kNone,
                            .fetch = [unpacker](const Digest& digest) {
                              return unpacker->Fetch(digest);
                            }}));
  unpacker->SetStore(*blobs);
  auto index = std::make_unique<SqliteIndex>(*store.database, *blobs);
  ArchivedCalls group;
  IRENEO_RETURN_IF_ERROR(ReadArchiveCalls(
      *store.archive, nullptr,
      [&](CallLine&& line, std::uint64_t) -> absl::Status {
        const std::string environment = line.call.environment;
        IRENEO_RETURN_IF_ERROR(
            group.Add(std::move(line), environment,
                      [](const Digest& digest, std::uint64_t size,
                         const std::optional<std::string>& bytes) {
                        return StagedBlob{.digest = digest,
                                          .size = size,
                                          .inline_bytes = bytes.value_or(""),
                                          .present = !bytes.has_value(),
                                          .stored = size};
                      }));
        return group.IsFull() ? Insert(group, *store.database, *index)
                              : absl::OkStatus();
      }));
  IRENEO_RETURN_IF_ERROR(Insert(group, *store.database, *index));
  store.blobs = std::make_unique<ReadOnlyBlobStore>(std::move(blobs),
                                                    ArchiveIsReadOnly(file));
  store.index = std::move(index);
  return store;
}

}  // namespace ireneo::internal
