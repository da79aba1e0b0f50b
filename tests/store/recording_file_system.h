#ifndef IRENEO_TESTS_STORE_RECORDING_FILE_SYSTEM_H_
#define IRENEO_TESTS_STORE_RECORDING_FILE_SYSTEM_H_

// The operating system's files, with a journal of what was done to them.
// Renaming a folder that has something in it is not recorded rightly.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/file_system.h"
#include "tests/store/journal.h"

namespace ireneo::testing {

// Thread-safe. Must outlive the files that it creates.
class RecordingFileSystem final : public FileSystem {
 public:
  // `journal` must outlive this.
  explicit RecordingFileSystem(Journal& journal) : journal_(journal) {}

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const std::filesystem::path& path) const override;
  absl::StatusOr<FileContents> Read(
      const std::filesystem::path& path) const override;
  absl::StatusOr<FileInfo> Stat(
      const std::filesystem::path& path) const override;
  absl::Status Rename(const std::filesystem::path& from,
                      const std::filesystem::path& to) const override;
  absl::Status Link(const std::filesystem::path& from,
                    const std::filesystem::path& to) const override;
  absl::Status Remove(const std::filesystem::path& path) const override;
  absl::StatusOr<std::vector<std::string>> List(
      const std::filesystem::path& path) const override;
  absl::Status CreateDirectory(
      const std::filesystem::path& path) const override;
  absl::Status Sync(const std::filesystem::path& path) const override;
  absl::Status SyncAll(const std::filesystem::path& path) const override;
  absl::Status Touch(const std::filesystem::path& path) const override;
  absl::StatusOr<std::optional<std::string>> NetworkKind(
      const std::filesystem::path& path) const override;

 private:
  class File;

  Journal& journal_;
  const FileSystem& base_ = FileSystem::Posix();
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_RECORDING_FILE_SYSTEM_H_
