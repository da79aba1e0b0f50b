#ifndef IRENEO_TESTS_STORE_FORWARDING_FILE_SYSTEM_H_
#define IRENEO_TESTS_STORE_FORWARDING_FILE_SYSTEM_H_

// A file system that is another one, for tests that change one operation.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/file_system.h"

namespace ireneo::testing {

// `base` must outlive it.
class ForwardingFileSystem : public FileSystem {
 public:
  explicit ForwardingFileSystem(const FileSystem& base) : base_(base) {}

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const std::filesystem::path& path) const override {
    return base_.Create(path);
  }
  absl::StatusOr<FileContents> Read(
      const std::filesystem::path& path) const override {
    return base_.Read(path);
  }
  absl::StatusOr<FileInfo> Stat(
      const std::filesystem::path& path) const override {
    return base_.Stat(path);
  }
  absl::Status Rename(const std::filesystem::path& from,
                      const std::filesystem::path& to) const override {
    return base_.Rename(from, to);
  }
  absl::Status Link(const std::filesystem::path& from,
                    const std::filesystem::path& to) const override {
    return base_.Link(from, to);
  }
  absl::Status Remove(const std::filesystem::path& path) const override {
    return base_.Remove(path);
  }
  absl::StatusOr<std::vector<std::string>> List(
      const std::filesystem::path& path) const override {
    return base_.List(path);
  }
  absl::Status CreateDirectory(
      const std::filesystem::path& path) const override {
    return base_.CreateDirectory(path);
  }
  absl::Status Sync(const std::filesystem::path& path) const override {
    return base_.Sync(path);
  }
  absl::Status SyncAll(const std::filesystem::path& path) const override {
    return base_.SyncAll(path);
  }
  absl::Status Touch(const std::filesystem::path& path) const override {
    return base_.Touch(path);
  }
  absl::StatusOr<std::optional<std::string>> NetworkKind(
      const std::filesystem::path& path) const override {
    return base_.NetworkKind(path);
  }

 private:
  const FileSystem& base_;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_FORWARDING_FILE_SYSTEM_H_
