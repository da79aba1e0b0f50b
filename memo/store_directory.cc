// Opening a store:
//
//   1. The directory is made with its parents, and their names are synced; or
//      it must be empty, or must have ireneo.json: a directory of something
//      else is never written to.
//   2. ireneo.json is written to a temporary name, synced to the disk, linked
//      (renamed where that cannot be), and its name is synced: of two processes
//      that create the store at once, the first says what kind of store it is.
//      It comes before all else, so that a crash or a power cut between any two
//      steps leaves a directory that the next opening takes for the store that
//      it is.
//   3. index.db or the folders are made, by memo/store_state.cc.
//
// Processes that do this at once do the same things; each step may find that
// another has done it.

#include "ireneo/memo/store_directory.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <optional>
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
// What keeps its records is in a database, and
constexpr std::int64_t kFormat = 1;
// in anything else, which those who know but the first must not open.
constexpr std::int64_t kFormatWithFeatures = 2;

constexpr char kSqliteName[] = "sqlite";
constexpr char kDirectoryName[] = "directory";
constexpr char kDirectoryFeature[] = "directory-index";

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

const char* NameOf(IndexEngine engine) {
  return engine == IndexEngine::kDirectory ? kDirectoryName : kSqliteName;
}

// AlreadyExists if another process was first.
absl::Status WriteMarker(const FileSystem& files,
                         const std::filesystem::path& directory,
                         IndexEngine engine) {
  const std::filesystem::path temporary =
      directory /
      absl::StrCat(kMarker, ".", ProcessId(), ".", absl::GetCurrentTimeNanos());
  json::object marker = {
      {"created", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                   absl::UTCTimeZone())},
      {"digest", "xxh3-128"},
      {"format", kFormat},
      {"index", NameOf(engine)}};
  if (engine == IndexEngine::kDirectory) {
    marker["format"] = kFormatWithFeatures;
    marker["requires"] = json::array{kDirectoryFeature};
  }
  const std::string text = json::serialize(marker) + "\n";
  const auto write = [&]() -> absl::Status {
    IRENEO_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                            files.Create(temporary));
    IRENEO_RETURN_IF_ERROR(file->Append(std::as_bytes(std::span(text))));
    IRENEO_RETURN_IF_ERROR(file->Sync());
    IRENEO_RETURN_IF_ERROR(file->Close());
    IRENEO_RETURN_IF_ERROR(RenameNew(files, temporary, directory / kMarker));
    // Some file systems cannot; then the name is as safe as they make it.
    (void)files.Sync(directory);
    return absl::OkStatus();
  };
  absl::Status status = write();
  if (!status.ok()) (void)files.Remove(temporary);
  return status;
}

absl::Status Damaged(const std::filesystem::path& path) {
  return absl::DataLossError(absl::StrCat(
      path.native(),
      " is damaged: expected a JSON object with format and digest. Copy it "
      "from another store of the same version, or start a new store"));
}

// That every feature which a store names is known.
absl::Status CheckFeatures(const json::object& marker,
                           const std::filesystem::path& path) {
  for (const char* member : {"requires", "requires_to_write"}) {
    const json::value* const features = marker.if_contains(member);
    if (features == nullptr) continue;
    if (!features->is_array()) return Damaged(path);
    for (const json::value& feature : features->get_array()) {
      if (!feature.is_string()) return Damaged(path);
      if (feature.get_string() == kDirectoryFeature) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          path.parent_path().native(), " is a store with the feature '",
          std::string(feature.get_string()),
          "', which this build of Ireneo does not know: use a newer Ireneo or "
          "another directory"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<IndexEngine> ReadMarker(const FileContents& file,
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
    return Damaged(path);
  }
  if ((format->get_int64() != kFormat &&
       format->get_int64() != kFormatWithFeatures) ||
      digest->get_string() != "xxh3-128") {
    return absl::FailedPreconditionError(absl::StrCat(
        path.parent_path().native(), " is a store of format ",
        format->get_int64(), " with ", std::string(digest->get_string()),
        " digests, and this build of Ireneo reads format ", kFormat, " and ",
        kFormatWithFeatures,
        " with xxh3-128: use a newer Ireneo or another directory"));
  }
  IRENEO_RETURN_IF_ERROR(CheckFeatures(*object, path));
  const json::value* const index = object->if_contains("index");
  if (index == nullptr && format->get_int64() == kFormat) {
    return IndexEngine::kSqlite;
  }
  if (index == nullptr || !index->is_string()) return Damaged(path);
  for (const IndexEngine engine :
       {IndexEngine::kSqlite, IndexEngine::kDirectory}) {
    if (index->get_string() == NameOf(engine)) return engine;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      path.parent_path().native(), " is a store with an index of the kind '",
      std::string(index->get_string()),
      "', which this build of Ireneo does not know: use a newer Ireneo or "
      "another directory"));
}

// Nothing if that cannot be found out: then it is taken for a local one.
std::optional<std::string> NetworkKind(const FileSystem& files,
                                       const std::filesystem::path& directory) {
  absl::StatusOr<std::optional<std::string>> kind =
      files.NetworkKind(directory);
  return kind.ok() ? *std::move(kind) : std::nullopt;
}

// Whether the store, which has `engine`, can be opened as `asked`, and there.
absl::StatusOr<IndexEngine> CheckEngine(IndexEngine engine, IndexEngine asked,
                                        const std::filesystem::path& directory,
                                        const FileSystem& files) {
  if (asked != IndexEngine::kAuto && asked != engine) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory.native(), " is a store whose index is of the kind '",
        NameOf(engine), "', and '", NameOf(asked),
        "' was asked for: what a store has is chosen when it is created. Leave "
        "MemoStoreOptions::index as it is, or give another directory"));
  }
  if (engine != IndexEngine::kSqlite) return engine;
  const std::optional<std::string> network = NetworkKind(files, directory);
  if (!network.has_value()) return engine;
  return absl::FailedPreconditionError(absl::StrCat(
      directory.native(), " is on a network file system (", *network,
      ") and has an index in SQLite, whose log needs memory that all processes "
      "share, which network file systems do not give: it would be damaged. "
      "Copy the store to a local disk, or make a new one here, which will have "
      "an index of files"));
}

absl::StatusOr<IndexEngine> ChooseEngine(IndexEngine asked,
                                         const std::filesystem::path& directory,
                                         const FileSystem& files) {
  const std::optional<std::string> network = NetworkKind(files, directory);
  if (asked == IndexEngine::kAuto) {
    return network.has_value() ? IndexEngine::kDirectory : IndexEngine::kSqlite;
  }
  if (asked == IndexEngine::kSqlite && network.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "no store with an index in SQLite can be made in ", directory.native(),
        ", which is on a network file system (", *network,
        "): SQLite's log needs memory that all processes share, which network "
        "file systems do not give. Leave MemoStoreOptions::index as it is, for "
        "an index of files, or give a directory on a local disk"));
  }
  return asked;
}

}  // namespace

absl::StatusOr<IndexEngine> PrepareStoreDirectory(
    const std::filesystem::path& directory, bool create, IndexEngine engine,
    const FileSystem& files) {
  const std::filesystem::path marker = directory / kMarker;
  const auto existing =
      [&](const FileContents& file) -> absl::StatusOr<IndexEngine> {
    IRENEO_ASSIGN_OR_RETURN(const IndexEngine has, ReadMarker(file, marker));
    return CheckEngine(has, engine, directory, files);
  };
  absl::StatusOr<FileContents> file = files.Read(marker);
  if (file.ok()) return existing(*file);
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
    if (file = files.Read(marker); file.ok()) return existing(*file);
    return absl::FailedPreconditionError(absl::StrCat(
        directory.native(), " is not a store: it has '", *foreign, "' but no ",
        kMarker,
        std::find(names.begin(), names.end(), kIndexFile) != names.end()
            ? ". If it was one, restore that file (store/FORMAT.md)"
            : ". Give an empty or a new directory"));
  }
  IRENEO_ASSIGN_OR_RETURN(const IndexEngine chosen,
                          ChooseEngine(engine, directory, files));
  absl::Status written = WriteMarker(files, directory, chosen);
  if (!absl::IsAlreadyExists(written)) {
    IRENEO_RETURN_IF_ERROR(written);
    return chosen;
  }
  IRENEO_ASSIGN_OR_RETURN(const FileContents other, files.Read(marker));
  return existing(other);
}

absl::Status CheckOwner(const std::filesystem::path& directory,
                        const FileSystem& files) {
  IRENEO_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(directory));
  if (info.owner == ::geteuid()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      directory.native(), " is a store of another user, number ", info.owner,
      ", who decides what the results in it are. If you trust them, set "
      "MemoStoreOptions::trust_owner; or give a store of your own"));
}

}  // namespace ireneo::internal
