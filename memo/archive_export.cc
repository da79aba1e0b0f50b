// Writing an archive:
//
//   1. The selected calls, in the order of their keys, go into layers of lines.
//      What they refer to is gathered: digests and sizes.
//   2. These blobs, in the order of their digests, go into layers.
//   3. Then come the parts that name the others: the description, the
//      signature, the manifest, and the index of the layout.
//
// A layer is named by its SHA-256, so it must be complete before its header can
// be written: it is gathered in a file without a name, of 256 MiB at most
// unless one blob is larger. What is written to `file` has no name either until
// it is complete.

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_functions.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/archive_origin.h"
#include "ireneo/memo/archive_progress.h"
#include "ireneo/memo/archive_selection.h"
#include "ireneo/memo/archive_signature.h"
#include "ireneo/memo/store_state.h"
#include "ireneo/store/libcrypto.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace internal {
namespace {

// Errors: Cancelled if `progress` says so.
absl::Status TellExport(const ArchiveProgressFn& progress,
                        std::string_view what, std::uint64_t bytes,
                        std::uint64_t total) {
  if (TellProgress(progress, what, bytes, total).ok()) return absl::OkStatus();
  return absl::CancelledError("the export was stopped");
}

// Writes the parts of an archive to an open file.
class ArchiveWriter {
 public:
  // `scratch` is where layers are gathered.
  ArchiveWriter(int fd, std::filesystem::path scratch)
      : scratch_(std::move(scratch)),
        tar_([this, fd](std::span<const std::byte> bytes) {
          bytes_ += bytes.size();
          return wait_ == nullptr ? WriteAll(fd, bytes)
                                  : WriteToPipe(fd, bytes);
        }) {}

  // For a pipe, whose reader may keep it waiting: `wait` is called meanwhile,
  // and ends it with an error.
  void SetWait(std::function<absl::Status()> wait) { wait_ = std::move(wait); }

  absl::Status Begin() { return AddFile(kOciLayout, WriteOciLayout()); }

  // Adds a file to the layer of that content, or to a new one if it is full.
  // `first` and `last` are keys or digests of the `count` things in it.
  absl::Status Add(LayerContent content, const std::string& name,
                   std::span<const std::byte> bytes, std::uint64_t count,
                   const Digest& first, const Digest& last) {
    if (layer_ != nullptr &&
        (next_.content != content ||
         layer_->size() + TarSize(bytes.size()) > kMaxLayer)) {
      IRENEO_RETURN_IF_ERROR(EndLayer());
    }
    IRENEO_RETURN_IF_ERROR(BeginLayer(content));
    if (!next_.first.has_value()) next_.first = first;
    next_.last = last;
    next_.count += count;
    return layer_->Add(name, bytes);
  }

  // Every archive has a layer, as registries expect.
  absl::Status EndLayers() {
    if (manifest_.layers.empty()) {
      IRENEO_RETURN_IF_ERROR(BeginLayer(LayerContent::kCalls));
    }
    return layer_ == nullptr ? absl::OkStatus() : EndLayer();
  }

  // To be called at the end. Returns the SHA-256 of the manifest.
  absl::StatusOr<Sha256> Finish(const ArchiveContents& contents,
                                const std::optional<SigningKey>& key) {
    IRENEO_ASSIGN_OR_RETURN(const std::string config, WriteConfig(contents));
    IRENEO_ASSIGN_OR_RETURN(manifest_.config, AddPart(config));
    if (key.has_value()) {
      IRENEO_ASSIGN_OR_RETURN(const std::string message, SignedText(manifest_));
      IRENEO_ASSIGN_OR_RETURN(const std::string signature, key->Sign(message));
      IRENEO_ASSIGN_OR_RETURN(
          manifest_.signature,
          AddPart(WriteSignature(
              {.public_key = key->public_key(), .signature = signature})));
    }
    IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteManifest(manifest_));
    IRENEO_ASSIGN_OR_RETURN(const OciDescriptor manifest, AddPart(text));
    IRENEO_RETURN_IF_ERROR(AddFile(kOciIndex, WriteOciIndex(manifest)));
    IRENEO_RETURN_IF_ERROR(tar_.Finish());
    return manifest.digest;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  absl::Status WriteToPipe(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (!WaitFor(fd, POLLOUT)) {
        IRENEO_RETURN_IF_ERROR(wait_());
        continue;
      }
      // No more than is taken at once.
      const std::span<const std::byte> piece =
          bytes.first(std::min<std::size_t>(bytes.size(), PIPE_BUF));
      IRENEO_RETURN_IF_ERROR(WriteAll(fd, piece));
      bytes = bytes.subspan(piece.size());
    }
    return absl::OkStatus();
  }

  absl::Status AddFile(const std::string& name, std::string_view text) {
    return tar_.Add(name, std::as_bytes(std::span(text)));
  }

  absl::StatusOr<OciDescriptor> AddPart(std::string_view text) {
    const OciDescriptor part{.digest = Sha256::Of(text), .size = text.size()};
    IRENEO_RETURN_IF_ERROR(
        AddFile(absl::StrCat(kOciBlobs, part.digest.ToHex()), text));
    return part;
  }

  absl::Status BeginLayer(LayerContent content) {
    if (layer_ != nullptr) return absl::OkStatus();
    if (gathered_ == nullptr) {
      IRENEO_ASSIGN_OR_RETURN(gathered_, OpenNameless(scratch_));
    } else if (::ftruncate(gathered_->get(), 0) != 0 ||
               ::lseek(gathered_->get(), 0, SEEK_SET) != 0) {
      return absl::ErrnoToStatus(errno, "cannot gather a layer");
    }
    layer_ =
        std::make_unique<LayerWriter>([this](std::span<const std::byte> bytes) {
          return WriteAll(gathered_->get(), bytes);
        });
    next_ = LayerDescriptor{.blob = {}, .content = content};
    return absl::OkStatus();
  }

  absl::Status EndLayer() {
    IRENEO_ASSIGN_OR_RETURN(next_.blob, layer_->Finish());
    next_.size = layer_->size();
    layer_.reset();
    manifest_.layers.push_back(next_);
    IRENEO_RETURN_IF_ERROR(tar_.Begin(
        absl::StrCat(kOciBlobs, next_.blob.digest.ToHex()), next_.blob.size));
    const std::size_t size = next_.blob.size;
    void* const bytes =
        ::mmap(nullptr, size, PROT_READ, MAP_SHARED, gathered_->get(), 0);
    if (bytes == MAP_FAILED) {
      return absl::ErrnoToStatus(errno, "cannot read a gathered layer");
    }
    absl::Status status =
        tar_.Append({static_cast<const std::byte*>(bytes), size});
    ::munmap(bytes, size);
    IRENEO_RETURN_IF_ERROR(status);
    return tar_.End();
  }

  const std::filesystem::path scratch_;
  std::function<absl::Status()> wait_;
  std::uint64_t bytes_ = 0;
  TarWriter tar_;
  std::unique_ptr<OpenFd> gathered_;
  std::unique_ptr<LayerWriter> layer_;  // The one that is being gathered.
  LayerDescriptor next_;                // Its description so far.
  ArchiveManifest manifest_;
};

// One export.
class Export {
 public:
  Export(StoreState& store, const ExportOptions& options, ArchiveWriter& writer)
      : store_(store), options_(options), writer_(writer) {}

  absl::StatusOr<ExportReport> Run() {
    std::optional<SigningKey> key;
    if (!options_.sign_key.empty()) {
      IRENEO_ASSIGN_OR_RETURN(key, SigningKey::Read(options_.sign_key));
      report_.signed_by = absl::Base64Escape(key->public_key());
    }
    IRENEO_ASSIGN_OR_RETURN(known_, ReadKnownCalls(options_.as_of));
    report_.contents.as_of = known_.archives;
    store_.FlushAll();
    IRENEO_RETURN_IF_ERROR(writer_.Begin());
    IRENEO_RETURN_IF_ERROR(WriteCalls());
    if (selected_ == 0) {
      return absl::NotFoundError(
          "no call is selected, so that no archive is written: ireneo calls "
          "shows what there is");
    }
    IRENEO_RETURN_IF_ERROR(WriteBlobs());
    IRENEO_RETURN_IF_ERROR(writer_.EndLayers());
    report_.contents.functions = functions_.Sorted();
    IRENEO_ASSIGN_OR_RETURN(const Sha256 digest,
                            writer_.Finish(report_.contents, key));
    report_.digest = digest.ToString();
    report_.bytes = writer_.bytes();
    return std::move(report_);
  }

 private:
  absl::Status Tell(std::string_view what, std::uint64_t bytes,
                    std::uint64_t total) const {
    return TellExport(options_.progress, what, bytes, total);
  }

  absl::Status WriteCalls() {
    IRENEO_ASSIGN_OR_RETURN(const Selection selection,
                            Selection::Make(options_, store_.index()));
    absl::Status status;
    IRENEO_RETURN_IF_ERROR(
        selection.ForEach(store_.index(), [&](CallLine&& line) {
          status = AddCall(line);
          return status.ok();
        }));
    IRENEO_RETURN_IF_ERROR(status);
    return FlushLines();
  }

  absl::Status AddCall(CallLine& line) {
    CallRecord& call = line.call;
    constexpr std::int64_t kOften = 4096;
    if (++selected_ % kOften == 0) {
      IRENEO_RETURN_IF_ERROR(Tell("exporting calls", line_bytes_, 0));
    }
    if (const auto it = known_.results.find(call.key);
        it != known_.results.end() && it->second == call.result) {
      return absl::OkStatus();
    }
    IRENEO_ASSIGN_OR_RETURN(const bool has_result, AddResult(call));
    if (!has_result) {
      report_.lost.push_back(call.key);
      return absl::OkStatus();
    }
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      IRENEO_RETURN_IF_ERROR(
          AddArgument(call.arguments[i], line.kept_sizes[i]));
    }
    call.environment = origins_.Without(call.environment);
    IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteCallLine(line));
    if (text.size() > kMaxCallLine) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the record of call ", call.key.ToString(), " has ", text.size(),
          " bytes, and archives have lines of at most ", kMaxCallLine,
          ": leave it out"));
    }
    if (!lines_.empty() && lines_.size() + text.size() > kCallsFile) {
      IRENEO_RETURN_IF_ERROR(FlushLines());
    }
    if (lines_.empty()) first_ = call.key;
    last_ = call.key;
    lines_ += text;
    ++line_count_;
    ++report_.contents.calls;
    functions_.Add(call.function, call.version);
    return absl::OkStatus();
  }

  absl::Status FlushLines() {
    if (lines_.empty()) return absl::OkStatus();
    IRENEO_RETURN_IF_ERROR(writer_.Add(
        LayerContent::kCalls, CallsFileName(++files_),
        std::as_bytes(std::span(lines_)), line_count_, first_, last_));
    line_bytes_ += lines_.size();
    lines_.clear();
    line_count_ = 0;
    return Tell("exporting calls", line_bytes_, 0);
  }

  // Sees to it that the archive has the result, in the line or as a blob.
  // False if the store has lost it.
  absl::StatusOr<bool> AddResult(CallRecord& call) {
    if (call.result_size <= MemoIndex::kSmallValue) {
      if (call.small_result.has_value()) return true;
      absl::StatusOr<Blob> blob = store_.blobs().Get(call.result);
      if (absl::IsNotFound(blob.status()) || absl::IsDataLoss(blob.status())) {
        return false;
      }
      if (!blob.ok()) return blob.status();
      call.small_result.emplace(
          reinterpret_cast<const char*>(blob->bytes().data()),
          blob->bytes().size());
      return true;
    }
    return AddBlob(call.result, call.result_size);
  }

  absl::Status AddArgument(ArgumentRecord& argument, std::uint64_t& size) {
    if (!options_.arguments) argument.kept = false;
    if (argument.kept && !argument.small_value.has_value()) {
      IRENEO_ASSIGN_OR_RETURN(argument.kept, AddBlob(argument.digest, size));
    }
    if (!argument.kept) {
      argument.small_value.reset();
      size = 0;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> AddBlob(const Digest& digest, std::uint64_t size) {
    if (known_.blobs.contains(digest)) return true;
    IRENEO_ASSIGN_OR_RETURN(const bool there, store_.blobs().Contains(digest));
    if (there) blobs_.emplace_back(digest, size);
    return there;
  }

  static absl::Status WrongSize(const Digest& digest) {
    return absl::DataLossError(
        absl::StrCat("the index has a wrong size for blob ", digest.ToString(),
                     ": see ireneo verify"));
  }

  absl::Status WriteBlobs() {
    std::sort(blobs_.begin(), blobs_.end());
    blobs_.erase(std::unique(blobs_.begin(), blobs_.end()), blobs_.end());
    if (const auto twice = std::ranges::adjacent_find(
            blobs_, {}, [](const auto& blob) { return blob.first; });
        twice != blobs_.end()) {
      return WrongSize(twice->first);
    }
    std::uint64_t total = 0;
    for (const auto& [digest, size] : blobs_) total += size;
    std::uint64_t done = 0;
    for (const auto& [digest, size] : blobs_) {
      const absl::StatusOr<Blob> blob = store_.blobs().Get(digest);
      if (absl::IsNotFound(blob.status()) && store_.archive() == nullptr) {
        return absl::UnavailableError(absl::StrCat(
            "blob ", digest.ToString(), " was removed meanwhile: try again"));
      }
      if (absl::IsDataLoss(blob.status())) {
        return absl::DataLossError(
            absl::StrCat(blob.status().message(),
                         "; export again: its calls are left out then"));
      }
      if (!blob.ok()) return blob.status();
      if (blob->bytes().size() != size) return WrongSize(digest);
      IRENEO_RETURN_IF_ERROR(writer_.Add(LayerContent::kBlobs,
                                         BlobFileName(digest), blob->bytes(), 1,
                                         digest, digest));
      ++report_.contents.blobs;
      report_.contents.blob_bytes += blob->bytes().size();
      done += size;
      IRENEO_RETURN_IF_ERROR(Tell("exporting", done, total));
    }
    return absl::OkStatus();
  }

  StoreState& store_;
  const ExportOptions& options_;
  ArchiveWriter& writer_;
  KnownCalls known_;
  Origins origins_;
  ExportReport report_;
  std::int64_t selected_ = 0;  // Calls, known ones too.
  ArchiveFunctions functions_;
  std::vector<std::pair<Digest, std::uint64_t>> blobs_;
  // Of the file that is being gathered.
  std::string lines_;
  std::uint64_t line_count_ = 0;
  Digest first_;
  Digest last_;
  std::int64_t files_ = 0;
  std::uint64_t line_bytes_ = 0;  // Of the files before.
};

// A file that has its name when it is complete.
class PendingFile {
 public:
  static absl::StatusOr<std::unique_ptr<PendingFile>> Create(
      const std::filesystem::path& path) {
    std::filesystem::path folder = path.parent_path();
    if (folder.empty()) folder = ".";
    int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd >= 0) {
      return std::unique_ptr<PendingFile>(new PendingFile(path, fd, ""));
    }
    const std::string temporary = TemporaryName(path);
    fd = ::open(temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
      return absl::ErrnoToStatus(errno,
                                 absl::StrCat("cannot write ", path.native()));
    }
    return std::unique_ptr<PendingFile>(new PendingFile(path, fd, temporary));
  }

  ~PendingFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  int fd() const { return file_.get(); }

  absl::Status Commit() {
    // So that after a crash there is one of them, whole. And some file systems
    // tell only when a file is closed that they had no room for it.
    if (std::filesystem::exists(path_) && ::fdatasync(fd()) != 0) {
      return Error();
    }
    const int copy = ::fcntl(fd(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0 || ::close(copy) != 0) return Error();
    if (temporary_.empty()) {
      const std::string temporary = TemporaryName(path_);
      const std::string self = absl::StrCat("/proc/self/fd/", fd());
      if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary.c_str(),
                   AT_SYMLINK_FOLLOW) != 0) {
        return Error();
      }
      temporary_ = temporary;
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Error();
    temporary_.clear();
    return absl::OkStatus();
  }

 private:
  PendingFile(std::filesystem::path path, int fd, std::string temporary)
      : path_(std::move(path)), file_(fd), temporary_(std::move(temporary)) {}

  static std::string TemporaryName(const std::filesystem::path& path) {
    return absl::StrCat(path.native(), ".", ::getpid(), "-",
                        absl::ToUnixNanos(absl::Now()), ".tmp");
  }
  absl::Status Error() const {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot write ", path_.native()));
  }

  const std::filesystem::path path_;
  const OpenFd file_;
  std::string temporary_;
};

absl::StatusOr<ExportReport> ExportTo(const MemoStore& store, int fd,
                                      const std::filesystem::path& scratch,
                                      const ExportOptions& options) {
  IRENEO_RETURN_IF_ERROR(LoadLibcrypto().status());
  ArchiveWriter writer(fd, scratch);
  struct stat info;
  if (::fstat(fd, &info) == 0 && !S_ISREG(info.st_mode) &&
      options.progress != nullptr) {
    writer.SetWait([&] {
      return TellExport(options.progress, "waiting for the reader",
                        writer.bytes(), 0);
    });
  }
  return Export(store.state(), options, writer).Run();
}

}  // namespace
}  // namespace internal

absl::StatusOr<ExportReport> ExportArchive(const MemoStore& store, int fd,
                                           const ExportOptions& options) {
  return internal::ExportTo(store, fd, internal::ScratchOf(store.directory()),
                            options);
}

absl::StatusOr<ExportReport> ExportArchive(const MemoStore& store,
                                           const std::filesystem::path& file,
                                           const ExportOptions& options) {
  std::error_code error;
  // Behind a link, so that it stays one; devices and pipes as they are.
  std::filesystem::path path = std::filesystem::weakly_canonical(file, error);
  if (error || file.empty()) path = file;
  const std::filesystem::file_status status =
      std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status) || file.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot write the archive '", file.native(),
        "': ", file.empty() ? "the path is empty" : "it is a directory"));
  }
  for (const std::filesystem::path& base : options.as_of) {
    if (std::filesystem::equivalent(base, path, error)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot write the archive ", file.native(),
          ", as it shall have what that one lacks: give another name"));
    }
  }
  if (std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
      return absl::ErrnoToStatus(errno,
                                 absl::StrCat("cannot write ", path.native()));
    }
    const internal::OpenFd open(fd);
    return ExportArchive(store, fd, options);
  }
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<internal::PendingFile> pending,
                          internal::PendingFile::Create(path));
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  IRENEO_ASSIGN_OR_RETURN(
      ExportReport report,
      internal::ExportTo(store, pending->fd(), folder, options));
  IRENEO_RETURN_IF_ERROR(pending->Commit());
  return report;
}

}  // namespace ireneo
