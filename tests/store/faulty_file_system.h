#ifndef IRENEO_TESTS_STORE_FAULTY_FILE_SYSTEM_H_
#define IRENEO_TESTS_STORE_FAULTY_FILE_SYSTEM_H_

// A file system whose n-th operation fails. A test of crash safety runs the
// same scenario with n = 1, 2, ... until no operation is left to fail:
//
//   FaultyFileSystem faulty(FileSystem::Posix());
//   for (std::uint64_t n = 1;; ++n) {
//     faulty.Arm({.nth = n, .status = absl::UnknownError("I/O error")});
//     ... run the scenario ...
//     const bool done = faulty.failed() == 0;
//     faulty.Disarm();
//     ... check what it left behind ...
//     if (done) break;
//   }
//
// An operation that fails has no effect on the files beneath, except for half
// of an `Append` if so wished. The SQLite database does not go through here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/file_system.h"

namespace ireneo::testing {

enum class FileOperation {
  kCreate,
  kAppend,
  kClose,
  kRead,
  kStat,
  kRename,
  kLink,
  kRemove,
  kList,
  kCreateDirectory,
  kSync,  // Of a file, a directory or all.
  kTouch,
};
inline constexpr std::size_t kFileOperationCount = 12;

// Which operations fail, and how.
struct Fault {
  // Counted from 1, among the operations of kind `kind` if there is one, else
  // among all.
  std::uint64_t nth = 1;
  std::optional<FileOperation> kind = std::nullopt;
  // All from the nth on, instead of the nth alone.
  bool for_ever = false;
  absl::Status status = absl::UnknownError("injected fault");
  // An `Append` that fails writes the first half of its bytes.
  bool half_append = false;
};

// Thread-safe. Must outlive the files that it creates.
class FaultyFileSystem final : public FileSystem {
 public:
  // Forwards to `base`, which must outlive this.
  explicit FaultyFileSystem(const FileSystem& base) : base_(base) {}

  // Counts from here on, and fails what `fault` says. The message of its
  // status is kept, with the operation before it.
  void Arm(Fault fault);

  // Lets every operation through; the counts stay.
  void Disarm();

  // How many operations were asked for since `Arm`, failed ones included.
  std::uint64_t count() const;
  std::uint64_t count(FileOperation kind) const;

  // How many of them were made to fail.
  std::uint64_t failed() const;
  std::uint64_t failed(FileOperation kind) const;

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
  // Never fails.
  absl::StatusOr<std::optional<std::string>> NetworkKind(
      const std::filesystem::path& path) const override;

 private:
  class File;
  using Counts = std::array<std::uint64_t, kFileOperationCount>;

  // Counts an operation and returns its fault, or OK to let it through.
  absl::Status Enter(FileOperation kind) const;
  bool half_append() const;

  const FileSystem& base_;
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  mutable Counts counts_ = {};
  mutable Counts failed_ = {};
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_FAULTY_FILE_SYSTEM_H_
