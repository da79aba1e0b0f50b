// Opening a store:
//
//   1. The directory is made with its parents, and their names are synced; or
//      it must be empty, or must have ireneo.json: a directory of something
//      else is never written to.
//   2. ireneo.json is written to a temporary name, synced to the disk, renamed,
//      and its name is synced. It comes before all else, so that a crash or a
//      power cut between any two steps leaves a directory that the next opening
//      takes for the store that it is.
//   3. index.db and the folders are made, by memo/store_state.cc.
//
// Processes that do this at once do the same things; each step may find that
// another has done it.

#include "ireneo/memo/store_directory.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr char kMarker[] = "ireneo.json";
constexpr std::int64_t kFormat = 1;

absl::Status MakeDirectories(const FileSystem& files,
                             const std::filesystem::path& directory) {
  absl::Status status = files.CreateDirectory(directory);
  if (absl::IsNotFound(status) && directory.has_relative_path() &&
      directory.parent_path() != directory) {
    IRENEO_RETURN_IF_ERROR(MakeDirectories(files, directory.parent_path()));
    status = files.CreateDirectory(directory);
  }
  // A power cut shall not take the name away, and all that is in it. Some file
  // systems cannot; then it is as safe as they make it.
  if (status.ok()) (void)files.Sync(directory.parent_path());
  return status;
}

absl::Status WriteMarker(const FileSystem& files,
                         const std::filesystem::path& directory) {
  const std::filesystem::path temporary =
      directory /
      absl::StrCat(kMarker, ".", ProcessId(), ".", absl::GetCurrentTimeNanos());
  const std::string text =
      json::serialize(json::object{
          {"created", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                       absl::UTCTimeZone())},
          {"digest", "xxh3-128"},
          {"format", kFormat}}) +
      "\n";
  const auto write = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                            files.Create(temporary));
    IRENEO_RETURN_IF_ERROR(file->Append(std::as_bytes(std::span(text))));
    IRENEO_RETURN_IF_ERROR(file->Sync());
    IRENEO_RETURN_IF_ERROR(file->Close());
    IRENEO_RETURN_IF_ERROR(files.Rename(temporary, directory / kMarker));
    // Some file systems cannot; then the name is as safe as they make it.
    (void)files.Sync(directory);
    return absl::OkStatus();
  };
  absl::Status status = write();
  if (!status.ok()) (void)files.Remove(temporary);
  return status;
}

absl::Status CheckMarker(const FileContents& file,
                         const std::filesystem::path& path) {
  const std::span<const std::byte> bytes = file.blob.bytes();
  boost::system::error_code error;
  const json::value value = json::parse(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* format = object ? object->if_contains("format") : nullptr;
  const json::value* digest = object ? object->if_contains("digest") : nullptr;
  if (format == nullptr || !format->is_int64() || digest == nullptr ||
      !digest->is_string()) {
    return absl::DataLossError(absl::StrCat(
        path.native(),
        " is damaged: expected a JSON object with format and digest. Copy it "
        "from another store of the same version, or start a new store"));
  }
  if (format->get_int64() != kFormat || digest->get_string() != "xxh3-128") {
    return absl::FailedPreconditionError(absl::StrCat(
        path.parent_path().native(), " is a store of format ",
        format->get_int64(), " with ", std::string(digest->get_string()),
        " digests, and this build of Ireneo reads format ", kFormat,
        " with xxh3-128: use a newer Ireneo or another directory"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareStoreDirectory(const std::filesystem::path& directory,
                                   bool create, const FileSystem& files) {
  const std::filesystem::path marker = directory / kMarker;
  absl::StatusOr<FileContents> file = files.Read(marker);
  if (file.ok()) return CheckMarker(*file, marker);
  if (std::error_code error;
      std::filesystem::is_regular_file(directory, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory.native(),
                     " is a file: a store is a directory. Give another path"));
  }
  if (!absl::IsNotFound(file.status())) return file.status();
  if (!create) {
    return absl::NotFoundError(
        absl::StrCat("there is no store in ", directory.native()));
  }
  IRENEO_RETURN_IF_ERROR(MakeDirectories(files, directory));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          files.List(directory));
  const auto foreign = std::find_if(
      names.begin(), names.end(),
      [](const std::string& name) { return !name.starts_with(kMarker); });
  if (foreign != names.end()) {
    // Unless another process has just made the store.
    if (file = files.Read(marker); file.ok()) return CheckMarker(*file, marker);
    return absl::FailedPreconditionError(absl::StrCat(
        directory.native(), " is not a store: it has '", *foreign, "' but no ",
        kMarker,
        std::find(names.begin(), names.end(), kIndexFile) != names.end()
            ? ". If it was one, restore that file (store/FORMAT.md)"
            : ". Give an empty or a new directory"));
  }
  return WriteMarker(files, directory);
}

}  // namespace ireneo::internal
