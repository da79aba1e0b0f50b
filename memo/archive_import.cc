// Reading an archive into a store:
//
//   1. All of it is read and checked: every SHA-256, every digest, every
//      record. Nothing is written, so that what is wrong with an archive leaves
//      the store as it was.
//   2. It is read again. First blobs are put that the store lacks, then records
//      are inserted whose blobs are there: a stop between leaves garbage, which
//      a second import puts to use.
//
// Whatever its size, pieces of it are in memory: lines of calls, and a blob of
// at most 32 MiB; a larger one goes through a file.

#include <fcntl.h>
#include <poll.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_calls.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_origin.h"
#include "ireneo/memo/archive_payload.h"
#include "ireneo/memo/archive_progress.h"
#include "ireneo/memo/archive_reading.h"
#include "ireneo/memo/archive_signature.h"
#include "ireneo/memo/call_lines_file.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace internal {
namespace {

constexpr std::size_t kMostConflicts = 100;

// The bytes that blobs may take.
absl::StatusOr<std::uint64_t> RoomIn(const std::filesystem::path& directory) {
  struct statvfs info;
  if (::statvfs(directory.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot look at ", directory.native()));
  }
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

// One import.
class Import {
 public:
  Import(const ArchiveFile& archive, StoreState& store,
         const ImportOptions& options)
      : archive_(archive),
        store_(store),
        options_(options),
        scratch_(ScratchOf(store.directory())),
        payload_(scratch_),
        origin_(absl::StrCat(
            options.name.empty()
                ? std::filesystem::path(archive.name()).filename().native()
                : options.name,
            "@", archive.digest().ToString())) {}

  absl::StatusOr<ImportReport> Run() {
    report_.contents = archive_.contents();
    report_.digest = archive_.digest().ToString();
    if (!options_.dry_run) IRENEO_RETURN_IF_ERROR(store_.CheckWritable());
    if (!options_.trusted_keys.empty()) {
      IRENEO_ASSIGN_OR_RETURN(const TrustedKeys keys,
                              TrustedKeys::Read(options_.trusted_keys));
      IRENEO_ASSIGN_OR_RETURN(report_.signed_by, archive_.SignedBy(keys));
    }
    (void)store_.FlushBatch();
    IRENEO_RETURN_IF_ERROR(Check());
    if (options_.dry_run) {
      IRENEO_RETURN_IF_ERROR(TakeLines());
      return std::move(report_);
    }
    IRENEO_RETURN_IF_ERROR(PutBlobs());
    IRENEO_RETURN_IF_ERROR(InsertCalls());
    report_.limit = store_.KeepWithinLimit(report_.bytes_added);
    return std::move(report_);
  }

 private:
  // The first reading; a dry run counts.
  absl::Status Check() {
    IRENEO_ASSIGN_OR_RETURN(const std::uint64_t free,
                            RoomIn(store_.directory()));
    IRENEO_RETURN_IF_ERROR(CheckRoomForCalls(free));
    room_ = options_.max_bytes.value_or(free);
    IRENEO_RETURN_IF_ERROR(ReadArchive(
        archive_, options_.progress,
        [&](CallLine&& line, std::uint64_t size) {
          return options_.dry_run ? Take(std::move(line), size)
                                  : absl::OkStatus();
        },
        [&](const Digest& digest, std::uint64_t size) {
          return CheckBlob(digest, size);
        },
        [&](std::uint64_t offset, std::span<const std::byte> bytes) {
          if (!present_.has_value() || differs_.has_value()) return;
          const auto ours = present_->bytes().subspan(offset, bytes.size());
          if (!std::ranges::equal(bytes, ours)) differs_ = checking_;
        }));
    return archive_.InFile(CheckCollision());
  }

  absl::Status CheckRoomForCalls(std::uint64_t free) const {
    std::uint64_t left = free;
    for (const LayerDescriptor& layer : archive_.manifest().layers) {
      if (layer.content != LayerContent::kCalls) continue;
      if (layer.size > left) {
        return archive_.InFile(absl::ResourceExhaustedError(absl::StrCat(
            "its calls need over ", free,
            " bytes, which is all the room that the disk has: free some")));
      }
      left -= layer.size;
    }
    return absl::OkStatus();
  }

  // Before the blob is read.
  absl::Status CheckBlob(const Digest& digest, std::uint64_t size) {
    IRENEO_RETURN_IF_ERROR(CheckCollision());
    present_.reset();
    IRENEO_ASSIGN_OR_RETURN(bool there, store_.blobs().Contains(digest));
    if (there && report_.signed_by.empty()) {
      absl::StatusOr<Blob> blob = store_.blobs().Get(digest);
      // What is lost is put anew.
      if (!blob.ok() && !absl::IsNotFound(blob.status()) &&
          !absl::IsDataLoss(blob.status())) {
        return blob.status();
      }
      // What has another size is not that blob, and not to be unpacked.
      there = blob.ok() && blob->bytes().size() == size;
      if (blob.ok() && !there && Digest::Of(blob->bytes()) == digest) {
        differs_ = digest;
      }
      if (there) present_ = *std::move(blob);
      checking_ = digest;
    }
    if (there) return absl::OkStatus();
    if (size > room_ - needed_) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "its blobs need over ", room_, " bytes, ",
          options_.max_bytes.has_value()
              ? "the limit that was given"
              : "which is all the room that the disk has: free some, or "
                "give a limit if you know that they are stored smaller"));
    }
    needed_ += size;
    if (options_.dry_run) {
      ++report_.blobs_added;
      report_.bytes_added += size;
    }
    return absl::OkStatus();
  }

  // Behind a blob whose digest is right.
  absl::Status CheckCollision() const {
    if (!differs_.has_value()) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat(
        "its blob ", differs_->ToString(),
        " has the digest of a blob of the store with other bytes: somebody "
        "made it so"));
  }

  // What the store has for the key of a call.
  enum class Has { kNothing, kSame, kOther };
  Has Compare(const Digest& key, std::string_view function,
              const Digest& theirs, const std::optional<Digest>& ours) {
    if (!ours.has_value()) return Has::kNothing;
    if (*ours == theirs) {
      ++report_.calls_known;
      return Has::kSame;
    }
    ++report_.conflicts;
    if (report_.first_conflicts.size() < kMostConflicts) {
      report_.first_conflicts.push_back({.key = key,
                                         .function = std::string(function),
                                         .ours = *ours,
                                         .theirs = theirs});
    }
    return Has::kOther;
  }

  absl::Status Tell(std::string_view what, std::uint64_t bytes) {
    done_ += bytes;
    return TellProgress(options_.progress, what, done_, archive_.layer_bytes());
  }

  absl::Status PutBlobs() {
    const StageOptions stage{.dedup_check =
                                 report_.signed_by.empty()
                                     ? std::optional(DedupCheck::kCompareBytes)
                                     : std::nullopt};
    LayerOrder order;
    for (const LayerDescriptor& layer : archive_.manifest().layers) {
      if (layer.content != LayerContent::kBlobs) continue;
      IRENEO_RETURN_IF_ERROR(archive_.ReadBlobs(
          layer, order,
          [this](std::uint64_t bytes) { return Tell("importing", bytes); },
          [&](const Digest& digest, std::uint64_t size,
              TarReader& tar) -> absl::Status {
            IRENEO_RETURN_IF_ERROR(payload_.Gather(size, tar));
            IRENEO_ASSIGN_OR_RETURN(
                const PutResult put,
                store_.blobs().Put(
                    [this](Sink& sink) { payload_.WriteTo(sink); }, stage));
            if (put.digest != digest) return Changed();
            if (put.inserted) {
              ++report_.blobs_added;
              report_.bytes_added += put.size;
            }
            return absl::OkStatus();
          }));
    }
    return absl::OkStatus();
  }

  absl::Status Changed() const {
    return absl::DataLossError(
        "it was changed while it was being imported: import it again");
  }

  absl::Status InsertCalls() {
    LayerOrder order;
    for (const LayerDescriptor& layer : archive_.manifest().layers) {
      if (layer.content != LayerContent::kCalls) continue;
      // First where nobody else can change it, until its SHA-256 is known.
      CallLinesFile lines(scratch_);
      IRENEO_RETURN_IF_ERROR(archive_.ReadCalls(
          layer, order,
          [this](std::uint64_t bytes) { return Tell("importing", bytes); },
          [&](std::string_view text) { return lines.Add(text); }));
      IRENEO_RETURN_IF_ERROR(
          lines.ForEach([&](std::string_view text) -> absl::Status {
            IRENEO_ASSIGN_OR_RETURN(CallLine line, ReadCallLine(text));
            return Take(std::move(line), text.size());
          }));
    }
    return TakeLines();
  }

  // Takes one call more, and all that have gathered if it is time. `size` is
  // that of its text.
  absl::Status Take(CallLine&& line, std::uint64_t size) {
    lines_.push_back(std::move(line));
    line_bytes_ += size;
    return lines_.size() < ArchivedCalls::kMostCalls &&
                   line_bytes_ < ArchivedCalls::kMostBytes
               ? absl::OkStatus()
               : TakeLines();
  }

  // Inserts what the store lacks; a dry run counts it.
  absl::Status TakeLines() {
    std::vector<Digest> keys;
    keys.reserve(lines_.size());
    for (const CallLine& line : lines_) keys.push_back(line.call.key);
    IRENEO_ASSIGN_OR_RETURN(const std::vector<std::optional<Digest>> ours,
                            store_.index().ResultsOf(keys));
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      CallLine& line = lines_[i];
      const CallRecord& call = line.call;
      const Has has = Compare(call.key, call.function, call.result, ours[i]);
      if (options_.dry_run) {
        if (has == Has::kNothing) ++report_.calls_added;
      } else if (has == Has::kOther) {
        IRENEO_RETURN_IF_ERROR(AddConflict(line));
      } else if (has == Has::kNothing) {
        IRENEO_RETURN_IF_ERROR(AddCall(std::move(line)));
        if (group_.IsFull()) IRENEO_RETURN_IF_ERROR(InsertGroup());
      }
    }
    lines_.clear();
    line_bytes_ = 0;
    return InsertGroup();
  }

  absl::Status AddCall(CallLine&& line) {
    const std::string environment =
        origins_.With(line.call.environment, origin_);
    const absl::Status status =
        group_.Add(std::move(line), environment,
                   [this](const Digest& digest, std::uint64_t size,
                          const std::optional<std::string>& value) {
                     return Stage(digest, size, value);
                   });
    if (!absl::IsNotFound(status)) return status;
    ++report_.calls_incomplete;
    return absl::OkStatus();
  }

  // Errors: NotFound if the blob is not there.
  absl::StatusOr<StagedBlob> Stage(const Digest& digest, std::uint64_t size,
                                   const std::optional<std::string>& value) {
    StagingBlobStore& blobs = store_.blobs();
    if (size > StagingBlobStore::kInlineLimit) {
      absl::StatusOr<StagedBlob> blob = blobs.StagePresent(digest, size);
      // A file that nothing names may be torn.
      if (blob.ok() && !blob->present) return absl::NotFoundError("no blob");
      return blob;
    }
    if (value.has_value()) {
      return blobs.Stage(
          [&](Sink& sink) { sink.Write(std::as_bytes(std::span(*value))); });
    }
    IRENEO_ASSIGN_OR_RETURN(const Blob blob, blobs.Get(digest));
    return blobs.Stage([&](Sink& sink) { sink.Write(blob.bytes()); });
  }

  absl::Status AddConflict(const CallLine& line) {
    const CallRecord& call = line.call;
    IRENEO_ASSIGN_OR_RETURN(const std::vector<ConflictRecord> known,
                            store_.index().Conflicts(call.key));
    if (std::ranges::any_of(known, [&](const ConflictRecord& conflict) {
          return conflict.result == call.result;
        })) {
      return absl::OkStatus();
    }
    absl::StatusOr<StagedBlob> theirs =
        Stage(call.result, call.result_size, call.small_result);
    if (absl::IsNotFound(theirs.status())) return absl::OkStatus();
    if (!theirs.ok()) return theirs.status();
    return store_.index().AddConflict(call.key, *theirs);
  }

  absl::Status InsertGroup() {
    if (group_.size() == 0) return absl::OkStatus();
    std::vector<Digest> conflicts;
    IRENEO_RETURN_IF_ERROR(store_.index().InsertAll(
        group_.calls(), [&](const Digest& key) { conflicts.push_back(key); }));
    report_.calls_added += static_cast<std::int64_t>(group_.size());
    // Somebody computed them meanwhile.
    report_.calls_added -= static_cast<std::int64_t>(conflicts.size());
    for (const Digest& key : conflicts) {
      const auto theirs = std::ranges::find(group_.calls(), key, &NewCall::key);
      IRENEO_ASSIGN_OR_RETURN(const std::vector<std::optional<Digest>> ours,
                              store_.index().ResultsOf({&key, 1}));
      Compare(key, theirs->function->name, theirs->result.digest, ours[0]);
    }
    group_.Clear();
    return absl::OkStatus();
  }

  const ArchiveFile& archive_;
  StoreState& store_;
  const ImportOptions& options_;
  const std::filesystem::path scratch_;
  ArchivePayload payload_;
  const std::string origin_;
  ImportReport report_;
  std::uint64_t done_ = 0;
  // Of the first reading.
  std::uint64_t room_ = 0;
  std::uint64_t needed_ = 0;
  Digest checking_;
  std::optional<Blob> present_;    // What the store has of that digest.
  std::optional<Digest> differs_;  // One of which the bytes are others.
  Origins origins_;
  std::vector<CallLine> lines_;  // To be taken.
  std::uint64_t line_bytes_ = 0;
  ArchivedCalls group_;  // To be inserted.
};

absl::Status NoMemory(const std::string& archive) {
  return absl::ResourceExhaustedError(
      absl::StrCat("archive ", archive, ": there is too little memory for it"));
}

}  // namespace
}  // namespace internal

absl::StatusOr<ImportReport> ImportArchive(const std::filesystem::path& file,
                                           const MemoStore& store,
                                           const ImportOptions& options) try {
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<internal::ArchiveFile> archive,
                          internal::ArchiveFile::Open(file));
  return internal::Import(*archive, store.state(), options).Run();
} catch (const std::bad_alloc&) {
  return internal::NoMemory(file.native());
}

absl::StatusOr<ImportReport> ImportArchive(int fd, const MemoStore& store,
                                           const ImportOptions& options) try {
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<internal::OpenFd> gathered,
      internal::OpenNameless(internal::ScratchOf(store.directory())));
  std::vector<std::byte> buffer(1 << 20);
  std::uint64_t bytes = 0;
  while (true) {
    IRENEO_RETURN_IF_ERROR(
        internal::TellProgress(options.progress, "receiving", bytes, 0));
    if (!internal::WaitFor(fd, POLLIN)) continue;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "cannot read the archive");
    if (size == 0) break;
    bytes += static_cast<std::uint64_t>(size);
    IRENEO_RETURN_IF_ERROR(internal::WriteAll(
        gathered->get(),
        std::span(buffer).first(static_cast<std::size_t>(size))));
  }
  IRENEO_ASSIGN_OR_RETURN(
      const std::unique_ptr<internal::ArchiveFile> archive,
      internal::ArchiveFile::Open(
          std::move(gathered), options.name.empty() ? "a pipe" : options.name));
  return internal::Import(*archive, store.state(), options).Run();
} catch (const std::bad_alloc&) {
  return internal::NoMemory(options.name);
}

absl::StatusOr<ArchiveContents> CheckArchive(const std::filesystem::path& file,
                                             const ImportOptions& options) try {
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<internal::ArchiveFile> archive,
                          internal::ArchiveFile::Open(file));
  if (!options.trusted_keys.empty()) {
    IRENEO_ASSIGN_OR_RETURN(const internal::TrustedKeys keys,
                            internal::TrustedKeys::Read(options.trusted_keys));
    IRENEO_RETURN_IF_ERROR(archive->SignedBy(keys).status());
  }
  IRENEO_RETURN_IF_ERROR(internal::ReadArchive(
      *archive, options.progress,
      [](internal::CallLine&&, std::uint64_t) { return absl::OkStatus(); },
      [](const Digest&, std::uint64_t) { return absl::OkStatus(); }));
  return archive->contents();
} catch (const std::bad_alloc&) {
  return internal::NoMemory(file.native());
}

}  // namespace ireneo
