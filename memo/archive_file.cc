#include "ireneo/memo/archive_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/libcrypto.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Folders counted too. An archive of so many layers has terabytes.
constexpr std::size_t kMaxFiles = 10'000;

// Headers are read in pieces of the first size, the rest in those of the
// second.
constexpr std::size_t kFirstPiece = 4 << 10;
constexpr std::size_t kPiece = 256 << 10;

class FileInput final : public ByteInput {
 public:
  FileInput(int fd, std::uint64_t offset) : fd_(fd), offset_(offset) {}

  absl::StatusOr<std::span<const std::byte>> Read() override {
    buffer_.resize(std::exchange(piece_, kPiece));
    while (true) {
      const ssize_t size = ::pread(fd_, buffer_.data(), buffer_.size(),
                                   static_cast<off_t>(offset_));
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return absl::ErrnoToStatus(errno, "cannot read");
      offset_ += static_cast<std::uint64_t>(size);
      return std::span<const std::byte>(buffer_).first(
          static_cast<std::size_t>(size));
    }
  }

  std::uint64_t Skip(std::uint64_t count) override {
    struct stat info;
    if (::fstat(fd_, &info) != 0) return 0;
    // Not behind the end, where the next read finds that the file is cut off.
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (count > size || offset_ > size - count) return 0;
    offset_ += count;
    piece_ = kFirstPiece;
    return count;
  }

 private:
  const int fd_;
  std::uint64_t offset_;
  std::size_t piece_ = kFirstPiece;
  std::vector<std::byte> buffer_;
};

// One file of the tar file.
class PartInput final : public ByteInput {
 public:
  PartInput(int fd, std::uint64_t offset) : file_(fd, offset), tar_(file_) {}

  absl::Status Begin(std::uint64_t size) {
    TarReader::Entry entry;
    IRENEO_ASSIGN_OR_RETURN(const bool found, tar_.Next(entry));
    if (found && entry.size == size) return absl::OkStatus();
    return absl::DataLossError("it was changed while it was being read");
  }

  absl::StatusOr<std::span<const std::byte>> Read() override {
    return tar_.Read();
  }

 private:
  FileInput file_;
  TarReader tar_;
};

absl::StatusOr<std::string> ReadAll(std::uint64_t size, TarReader& tar) {
  if (size > kMaxArchiveJson) {
    return absl::DataLossError(absl::StrCat("a file of ", size,
                                            " bytes is too large for a "
                                            "description: at most ",
                                            kMaxArchiveJson));
  }
  std::string text;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, tar.Read());
    if (bytes.empty()) return text;
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
}

absl::Status ErrnoStatus(const char* what, const std::filesystem::path& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path.native()));
}

}  // namespace

OpenFd::~OpenFd() { ::close(fd_); }

absl::StatusOr<std::unique_ptr<OpenFd>> OpenNameless(
    const std::filesystem::path& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return std::make_unique<OpenFd>(fd);
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return ErrnoStatus("cannot write a temporary file in", directory);
  }
  // A file system that has none: it has a name for a moment.
  std::string name = (directory / "ireneo-XXXXXX").native();
  fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) {
    return ErrnoStatus("cannot write a temporary file in", directory);
  }
  ::unlink(name.c_str());
  return std::make_unique<OpenFd>(fd);
}

absl::Status WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::write(fd, bytes.data(), std::min(bytes.size(), kWritePiece));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return absl::ErrnoToStatus(errno, "cannot write the archive");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

std::filesystem::path ScratchOf(const std::filesystem::path& directory) {
  std::filesystem::path tmp = directory / "tmp";
  if (::access(tmp.c_str(), W_OK) == 0) return tmp;
  std::error_code ignored;
  return std::filesystem::temp_directory_path(ignored);
}

absl::StatusOr<std::unique_ptr<ArchiveFile>> ArchiveFile::Open(
    const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoStatus("cannot open the archive", path);
  return Open(std::make_unique<OpenFd>(fd), path.native());
}

absl::StatusOr<std::unique_ptr<ArchiveFile>> ArchiveFile::Open(
    std::unique_ptr<OpenFd> file, std::string name) {
  struct stat info;
  if (::fstat(file->get(), &info) != 0) {
    return ErrnoStatus("cannot open the archive", name);
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot open the archive ", name,
                     ": it is a directory. If it is a store, export it first"));
  }
  if (S_ISREG(info.st_mode) && info.st_size == 0) {
    return absl::DataLossError(absl::StrCat(
        "archive ", name, ": it is empty: did what should write it fail?"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot open the archive ", name, ": it is no regular file"));
  }
  std::unique_ptr<ArchiveFile> archive(
      new ArchiveFile(std::move(file), std::move(name)));
  absl::Status status = archive->ReadNames();
  if (status.ok()) status = archive->ReadDescription();
  if (!status.ok()) return archive->InFile(status);
  return archive;
}

absl::Status ArchiveFile::InFile(const absl::Status& status) const {
  if (status.ok() || absl::IsCancelled(status)) return status;
  return absl::Status(status.code(),
                      absl::StrCat("archive ", name_, ": ", status.message()));
}

absl::Status ArchiveFile::ReadNames() {
  IRENEO_RETURN_IF_ERROR(LoadLibcrypto().status());
  FileInput file(file_->get(), 0);
  TarReader tar(file);
  TarReader::Entry entry;
  bool has_layout = false;
  bool has_index = false;
  for (std::size_t files = 0;; ++files) {
    IRENEO_ASSIGN_OR_RETURN(const bool found, tar.Next(entry));
    if (!found) break;
    if (files == kMaxFiles) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "it has over ", kMaxFiles, " files, which no archive has"));
    }
    std::string_view name = entry.name;
    // As `tar -cf x.tar .` writes it.
    if (name.starts_with("./")) name.remove_prefix(2);
    if (entry.is_directory) {
      if (name.ends_with('/') && name != "/") name.remove_suffix(1);
      if (name.empty() || name == "." || name == "blobs" ||
          name == "blobs/sha256") {
        continue;
      }
    } else if (name == kOciLayout && !has_layout) {
      has_layout = true;
      IRENEO_ASSIGN_OR_RETURN(layout_, ReadAll(entry.size, tar));
      continue;
    } else if (name == kOciIndex && !has_index) {
      has_index = true;
      IRENEO_ASSIGN_OR_RETURN(index_, ReadAll(entry.size, tar));
      continue;
    } else if (name.starts_with(kOciBlobs)) {
      const absl::StatusOr<Sha256> digest =
          Sha256::FromHex(name.substr(sizeof kOciBlobs - 1));
      if (digest.ok() &&
          parts_.try_emplace(*digest, Place{entry.offset, entry.size}).second) {
        continue;
      }
    }
    return absl::InvalidArgumentError(
        absl::StrCat("it has '", entry.name,
                     "', which does not belong into an archive of "
                     "Ireneo, or is there twice"));
  }
  if (has_layout && has_index) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("it has no file ", has_layout ? kOciIndex : kOciLayout,
                   ": it is no archive of Ireneo, or was cut off"));
}

absl::Status ArchiveFile::ReadDescription() {
  IRENEO_RETURN_IF_ERROR(CheckOciLayout(layout_));
  IRENEO_ASSIGN_OR_RETURN(const OciDescriptor manifest, ReadOciIndex(index_));
  digest_ = manifest.digest;
  IRENEO_ASSIGN_OR_RETURN(const std::string text, ReadSmall(manifest));
  IRENEO_ASSIGN_OR_RETURN(manifest_, ReadManifest(text));
  IRENEO_ASSIGN_OR_RETURN(const std::string config,
                          ReadSmall(manifest_.config));
  IRENEO_ASSIGN_OR_RETURN(contents_, ReadConfig(config));
  if (const absl::StatusOr<std::string> canonical = WriteConfig(contents_);
      !canonical.ok() || *canonical != config) {
    return absl::DataLossError("its description is not as Ireneo writes it");
  }
  for (const LayerDescriptor& layer : manifest_.layers) {
    IRENEO_RETURN_IF_ERROR(OpenPart(layer.blob).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ByteInput>> ArchiveFile::OpenPart(
    const OciDescriptor& part) const {
  const auto it = parts_.find(part.digest);
  if (it == parts_.end() || it->second.size != part.size) {
    return absl::DataLossError(
        absl::StrCat("it has no part ", part.digest.ToString(), " of ",
                     part.size, " bytes, which its manifest names"));
  }
  auto input = std::make_unique<PartInput>(file_->get(), it->second.offset);
  IRENEO_RETURN_IF_ERROR(input->Begin(part.size));
  return input;
}

absl::StatusOr<std::string> ArchiveFile::ReadSmall(
    const OciDescriptor& part) const {
  if (part.size > kMaxArchiveJson) {
    return absl::DataLossError(
        absl::StrCat("its part ", part.digest.ToString(), " has ", part.size,
                     " bytes, and a description at most ", kMaxArchiveJson));
  }
  IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<ByteInput> input,
                          OpenPart(part));
  std::string text;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                            input->Read());
    if (bytes.empty()) break;
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  if (Sha256::Of(text) == part.digest) return text;
  return absl::DataLossError(absl::StrCat("its part ", part.digest.ToString(),
                                          " has another SHA-256"));
}

std::uint64_t ArchiveFile::layer_bytes() const {
  std::uint64_t bytes = 0;
  for (const LayerDescriptor& layer : manifest_.layers) {
    bytes += layer.blob.size;
  }
  return bytes;
}

absl::StatusOr<std::string> ArchiveFile::SignedBy(
    const TrustedKeys& keys) const {
  const auto check = [&]() -> absl::StatusOr<std::string> {
    if (!manifest_.signature.has_value()) {
      return absl::PermissionDeniedError(
          "it is not signed, and only what a trusted key has signed is taken");
    }
    IRENEO_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmall(*manifest_.signature));
    IRENEO_ASSIGN_OR_RETURN(const SignatureFile signature, ReadSignature(text));
    if (WriteSignature(signature) != text) {
      return absl::DataLossError("its signature is not as Ireneo writes it");
    }
    std::string key = absl::Base64Escape(signature.public_key);
    if (!keys.Trusts(signature.public_key)) {
      return absl::PermissionDeniedError(absl::StrCat(
          "it is signed by the key ", key, ", which is not trusted"));
    }
    IRENEO_ASSIGN_OR_RETURN(const std::string message, SignedText(manifest_));
    IRENEO_RETURN_IF_ERROR(
        VerifySignature(signature.public_key, message, signature.signature));
    return key;
  };
  absl::StatusOr<std::string> key = check();
  if (!key.ok()) return InFile(key.status());
  return key;
}

absl::Status ArchiveFile::ReadCalls(
    const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(std::string_view line)> visit) const {
  absl::StatusOr<std::unique_ptr<ByteInput>> input = OpenPart(layer.blob);
  if (!input.ok()) return InFile(input.status());
  return InFile(ReadCallsLayer(**input, layer, order, progress, visit));
}

absl::Status ArchiveFile::ReadBlobs(
    const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size,
                                   TarReader& payload)>
        visit) const {
  absl::StatusOr<std::unique_ptr<ByteInput>> input = OpenPart(layer.blob);
  if (!input.ok()) return InFile(input.status());
  return InFile(ReadBlobsLayer(**input, layer, order, progress, visit));
}

}  // namespace ireneo::internal
