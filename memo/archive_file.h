#ifndef IRENEO_MEMO_ARCHIVE_FILE_H_
#define IRENEO_MEMO_ARCHIVE_FILE_H_

// The outer tar file of an archive, an OCI image layout. Internal to Ireneo.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/archive_signature.h"
#include "ireneo/store/sha256.h"
#include "ireneo/store/tar.h"

namespace ireneo::internal {

// An open file, closed at the end.
class OpenFd {
 public:
  explicit OpenFd(int fd) : fd_(fd) {}
  ~OpenFd();
  OpenFd(const OpenFd&) = delete;
  OpenFd& operator=(const OpenFd&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// A file without a name in `directory`, which goes when it is closed, or when
// the process is killed.
absl::StatusOr<std::unique_ptr<OpenFd>> OpenNameless(
    const std::filesystem::path& directory);

absl::Status WriteAll(int fd, std::span<const std::byte> bytes);

// A folder for such files: of the store in `directory`, if it may be written
// to.
std::filesystem::path ScratchOf(const std::filesystem::path& directory);

// Reads an archive, whose parts may be asked for in any order. What it says of
// itself is checked when it is opened: the names in it, its manifest, its
// signature. Thread-safe.
class ArchiveFile {
 public:
  // Errors: as ImportArchive. `name` is for messages.
  static absl::StatusOr<std::unique_ptr<ArchiveFile>> Open(
      const std::filesystem::path& path);
  static absl::StatusOr<std::unique_ptr<ArchiveFile>> Open(
      std::unique_ptr<OpenFd> file, std::string name);

  const std::string& name() const { return name_; }
  const ArchiveManifest& manifest() const { return manifest_; }
  const ArchiveContents& contents() const { return contents_; }
  // Of the manifest.
  const Sha256& digest() const { return digest_; }
  // Of all layers, compressed.
  std::uint64_t layer_bytes() const;

  // The public key that has signed the archive, in base64. Errors:
  // PermissionDenied if none of `keys` has.
  absl::StatusOr<std::string> SignedBy(const TrustedKeys& keys) const;

  // The bytes of a part. Errors: DataLoss if it is missing, or has another
  // size.
  absl::StatusOr<std::unique_ptr<ByteInput>> OpenPart(
      const OciDescriptor& part) const;

  // Read a layer: see memo/archive_layer.h. Errors have the archive's name.
  absl::Status ReadCalls(
      const LayerDescriptor& layer, LayerOrder& order,
      const LayerProgressFn& progress,
      absl::FunctionRef<absl::Status(std::string_view line)> visit) const;
  absl::Status ReadBlobs(
      const LayerDescriptor& layer, LayerOrder& order,
      const LayerProgressFn& progress,
      absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size,
                                     TarReader& payload)>
          visit) const;

  // The error with the archive's name before it.
  absl::Status InFile(const absl::Status& status) const;

 private:
  ArchiveFile(std::unique_ptr<OpenFd> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  absl::Status ReadNames();
  absl::Status ReadDescription();
  // All of a small part, its SHA-256 checked.
  absl::StatusOr<std::string> ReadSmall(const OciDescriptor& part) const;

  struct Place {
    std::uint64_t offset = 0;  // Of its header in the file.
    std::uint64_t size = 0;
  };

  const std::unique_ptr<OpenFd> file_;
  const std::string name_;
  absl::flat_hash_map<Sha256, Place> parts_;
  std::string layout_;  // The texts of two files.
  std::string index_;
  Sha256 digest_;
  ArchiveManifest manifest_;
  ArchiveContents contents_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_FILE_H_
