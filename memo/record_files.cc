// Writing a file:
//
//   1. It is written to a new name in tmp/, complete. If the store is durable,
//      it is synced.
//   2. It gets its name: by rename, in the place of what has it; or by link,
//      which fails if something has it, so that of two writers the first wins.
//      Where files cannot be linked, rename must do, and of two writers at the
//      same moment the last wins.
//   3. If the store is durable, the folder is synced, and the first time that
//      this process does so the one that it is in.
//
// A crash before 2 leaves a file in tmp/, which the first opening a day later
// removes.

#include "ireneo/memo/record_files.h"

#include <memory>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr char kTemporary[] = "tmp";
constexpr char kQuarantine[] = "quarantine";

std::string RandomHex() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

RecordFiles::RecordFiles(std::filesystem::path directory,
                         const FileSystem& file_system, Durability durability)
    : directory_(std::move(directory)),
      file_system_(file_system),
      durable_(durability == Durability::kDurable),
      unique_(RandomHex()) {}

std::string RecordFiles::UniqueName() const {
  return absl::StrCat(ProcessId(), "-", unique_, "-r",
                      unique_count_.fetch_add(1));
}

absl::Status RecordFiles::Write(
    const std::filesystem::path& path, std::string_view text,
    absl::FunctionRef<absl::Status(const std::filesystem::path&,
                                   const std::filesystem::path&)>
        publish) const {
  const std::filesystem::path temporary =
      directory_ / kTemporary / UniqueName();
  const std::filesystem::path to = directory_ / path;
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                          file_system_.Create(temporary));
  const auto write = [&]() -> absl::Status {
    IRENEO_RETURN_IF_ERROR(file->Append(std::as_bytes(std::span(text))));
    if (durable_) IRENEO_RETURN_IF_ERROR(file->Sync());
    IRENEO_RETURN_IF_ERROR(file->Close());
    absl::Status published = publish(temporary, to);
    if (!absl::IsNotFound(published)) return published;
    // The first file of its folder.
    const std::filesystem::path folder = to.parent_path();
    IRENEO_RETURN_IF_ERROR(file_system_.CreateDirectory(folder));
    return publish(temporary, to);
  };
  absl::Status status = write();
  if (!status.ok()) (void)file_system_.Remove(temporary);
  if (status.ok() && durable_) status = SyncFolderOf(to);
  return status;
}

absl::Status RecordFiles::SyncFolderOf(
    const std::filesystem::path& path) const {
  const std::filesystem::path folder = path.parent_path();
  IRENEO_RETURN_IF_ERROR(file_system_.Sync(folder));
  {
    const std::lock_guard lock(mutex_);
    if (synced_folders_.contains(folder.native())) return absl::OkStatus();
  }
  // Somebody who does not sync may have made it.
  IRENEO_RETURN_IF_ERROR(file_system_.Sync(folder.parent_path()));
  const std::lock_guard lock(mutex_);
  synced_folders_.insert(folder.native());
  return absl::OkStatus();
}

absl::Status RecordFiles::Sync(const std::filesystem::path& path) const {
  if (!durable_) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(file_system_.Sync(directory_ / path));
  return SyncFolderOf(directory_ / path);
}

absl::Status RecordFiles::Add(const std::filesystem::path& path,
                              std::string_view text) const {
  return Write(
      path, text,
      [&](const std::filesystem::path& from, const std::filesystem::path& to) {
        return RenameNew(file_system_, from, to);
      });
}

absl::Status RecordFiles::Replace(const std::filesystem::path& path,
                                  std::string_view text) const {
  return Write(
      path, text,
      [&](const std::filesystem::path& from, const std::filesystem::path& to) {
        return file_system_.Rename(from, to);
      });
}

absl::StatusOr<RecordFiles::File> RecordFiles::Read(
    const std::filesystem::path& path) const {
  absl::StatusOr<FileContents> file = file_system_.Read(directory_ / path);
  // A file that another host replaced while this one opened it (ESTALE).
  if (absl::IsAborted(file.status())) {
    file = file_system_.Read(directory_ / path);
  }
  if (absl::IsFailedPrecondition(file.status())) {
    return absl::DataLossError(file.status().message());
  }
  if (!file.ok()) return file.status();
  const std::span<const std::byte> bytes = file->blob.bytes();
  if (!BringIn(bytes)) {
    return absl::UnknownError(
        absl::StrCat("cannot read all of ", (directory_ / path).native()));
  }
  return File{.info = file->info,
              .text = std::string(reinterpret_cast<const char*>(bytes.data()),
                                  bytes.size())};
}

void RecordFiles::SetAside(const std::filesystem::path& path,
                           const std::optional<FileInfo>& read) const {
  damaged_.fetch_add(1);
  const std::filesystem::path from = directory_ / path;
  const absl::StatusOr<FileInfo> now = file_system_.Stat(from);
  if (read.has_value() && (!now.ok() || *now != *read)) return;
  std::string name = path.native();
  for (char& c : name) {
    if (c == '/') c = '-';
  }
  const std::filesystem::path kept =
      directory_ / kQuarantine / absl::StrCat(name, "-", UniqueName());
  if (!file_system_.Rename(from, kept).ok() || !read.has_value()) return;
  // Another process may have just put a good one in its place.
  if (PutBackUnless(*read, file_system_, kept, from) && durable_) {
    (void)file_system_.Sync(from.parent_path());
  }
}

absl::Status RecordFiles::Remove(const std::filesystem::path& path) const {
  absl::Status status = file_system_.Remove(directory_ / path);
  if (absl::IsNotFound(status)) return absl::OkStatus();
  if (status.ok() && durable_) {
    status = file_system_.Sync((directory_ / path).parent_path());
  }
  return status;
}

absl::Status RecordFiles::ForEachName(
    const std::filesystem::path& folder,
    absl::FunctionRef<bool(const std::string&)> visit) const {
  const absl::StatusOr<std::vector<std::string>> names =
      file_system_.List(directory_ / folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!visit(name)) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> RecordFiles::FileTime() const {
  const std::filesystem::path path = directory_ / kTemporary / UniqueName();
  IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                          file_system_.Create(path));
  (void)file->Close();
  const absl::StatusOr<FileInfo> info = file_system_.Stat(path);
  (void)file_system_.Remove(path);
  if (!info.ok()) return info.status();
  return absl::FromUnixNanos(info->mtime_ns);
}

}  // namespace ireneo::internal
