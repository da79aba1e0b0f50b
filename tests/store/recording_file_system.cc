#include "tests/store/recording_file_system.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace ireneo::testing {

class RecordingFileSystem::File final : public WritableFile {
 public:
  File(Journal& journal, int id, std::unique_ptr<WritableFile> base)
      : journal_(journal), id_(id), base_(std::move(base)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    absl::Status status = base_->Append(bytes);
    if (status.ok()) {
      journal_.Write(id_, size_, bytes);
      size_ += bytes.size();
    }
    return status;
  }

  absl::Status Sync() override {
    absl::Status status = base_->Sync();
    if (status.ok()) journal_.Sync(id_);
    return status;
  }

  absl::Status Close() override { return base_->Close(); }

 private:
  Journal& journal_;
  const int id_;
  const std::unique_ptr<WritableFile> base_;
  std::uint64_t size_ = 0;
};

absl::StatusOr<std::unique_ptr<WritableFile>> RecordingFileSystem::Create(
    const std::filesystem::path& path) const {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = base_.Create(path);
  if (!file.ok()) return file;
  return std::make_unique<File>(journal_, journal_.Create(path),
                                *std::move(file));
}

absl::StatusOr<FileContents> RecordingFileSystem::Read(
    const std::filesystem::path& path) const {
  return base_.Read(path);
}

absl::StatusOr<FileInfo> RecordingFileSystem::Stat(
    const std::filesystem::path& path) const {
  return base_.Stat(path);
}

absl::Status RecordingFileSystem::Rename(
    const std::filesystem::path& from, const std::filesystem::path& to) const {
  absl::Status status = base_.Rename(from, to);
  if (status.ok()) journal_.Rename(from, to);
  return status;
}

absl::Status RecordingFileSystem::Link(const std::filesystem::path& from,
                                       const std::filesystem::path& to) const {
  absl::Status status = base_.Link(from, to);
  if (status.ok()) journal_.Link(from, to);
  return status;
}

absl::Status RecordingFileSystem::Remove(
    const std::filesystem::path& path) const {
  absl::Status status = base_.Remove(path);
  if (status.ok()) journal_.Remove(path);
  return status;
}

absl::StatusOr<std::vector<std::string>> RecordingFileSystem::List(
    const std::filesystem::path& path) const {
  return base_.List(path);
}

absl::Status RecordingFileSystem::CreateDirectory(
    const std::filesystem::path& path) const {
  const bool present = std::filesystem::is_directory(path);
  absl::Status status = base_.CreateDirectory(path);
  if (status.ok() && !present) journal_.MakeDirectory(path);
  return status;
}

absl::Status RecordingFileSystem::Sync(
    const std::filesystem::path& path) const {
  absl::Status status = base_.Sync(path);
  if (!status.ok()) return status;
  if (std::filesystem::is_directory(path)) {
    journal_.SyncDirectory(path);
  } else {
    journal_.Sync(journal_.Open(path));
  }
  return status;
}

absl::Status RecordingFileSystem::SyncAll(
    const std::filesystem::path& path) const {
  absl::Status status = base_.SyncAll(path);
  if (status.ok()) journal_.SyncAll();
  return status;
}

absl::Status RecordingFileSystem::Touch(
    const std::filesystem::path& path) const {
  return base_.Touch(path);
}

absl::StatusOr<std::optional<std::string>> RecordingFileSystem::NetworkKind(
    const std::filesystem::path& path) const {
  return base_.NetworkKind(path);
}

}  // namespace ireneo::testing
