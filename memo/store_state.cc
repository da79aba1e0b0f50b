// Opening a store:
//
//   1. The directory is made with its parents, or must be empty, or must have
//      ireneo.json: a directory of something else is never written to.
//   2. ireneo.json is written to a temporary name and renamed. It comes before
//      all else, so that a crash between any two steps leaves a directory that
//      the next opening takes for the store that it is.
//   3. index.db and the folders are made.
//
// Processes that do this at once do the same things; each step may find that
// another has done it.

#include "ireneo/memo/store_state.h"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr char kMarker[] = "ireneo.json";
constexpr char kIndex[] = "index.db";
constexpr std::int64_t kFormat = 1;

constexpr std::size_t kMaxPendingHits = 1024;
// While the database cannot be written.
constexpr std::size_t kMostPendingHits = 1 << 20;
constexpr absl::Duration kHitsInterval = absl::Seconds(1);

std::string DescribeEnvironment() {
  char host[256] = "";
  if (::gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return json::serialize(json::object{{"compiler",
#if defined(__clang__)
                                       "clang " __clang_version__
#else
                                       "g++ " __VERSION__
#endif
                                      },
                                      {"host", host}});
}

absl::Status MakeDirectories(const FileSystem& files,
                             const std::filesystem::path& directory) {
  absl::Status status = files.CreateDirectory(directory);
  if (absl::IsNotFound(status) && directory.has_relative_path() &&
      directory.parent_path() != directory) {
    IRENEO_RETURN_IF_ERROR(MakeDirectories(files, directory.parent_path()));
    status = files.CreateDirectory(directory);
  }
  return status;
}

absl::Status WriteMarker(const FileSystem& files,
                         const std::filesystem::path& directory) {
  const std::filesystem::path temporary =
      directory /
      absl::StrCat(kMarker, ".", ::getpid(), ".", absl::GetCurrentTimeNanos());
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
    IRENEO_RETURN_IF_ERROR(file->Close());
    return files.Rename(temporary, directory / kMarker);
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

absl::Status PrepareDirectory(const std::filesystem::path& directory,
                              const MemoStoreOptions& options) {
  const FileSystem& files = *options.file_system;
  const std::filesystem::path marker = directory / kMarker;
  absl::StatusOr<FileContents> file = files.Read(marker);
  if (file.ok()) return CheckMarker(*file, marker);
  if (!absl::IsNotFound(file.status())) return file.status();
  if (!options.create) {
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
        std::find(names.begin(), names.end(), kIndex) != names.end()
            ? ". If it was one, restore that file (store/FORMAT.md)"
            : ". Give an empty or a new directory"));
  }
  return WriteMarker(files, directory);
}

}  // namespace

absl::StatusOr<std::shared_ptr<StoreState>> StoreState::Open(
    const std::filesystem::path& directory, MemoStoreOptions options) {
  // A later change of the working directory must not move the store.
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(directory, error);
  if (directory.empty() || error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot open a store in '", directory.native(),
        "': ", directory.empty() ? "the path is empty" : error.message()));
  }
  if (!path.has_filename()) path = path.parent_path();  // "results/"
  IRENEO_RETURN_IF_ERROR(PrepareDirectory(path, options));
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(path / kIndex,
                     LocalBlobStore::Schema() + MemoIndex::Schema()));
  IRENEO_ASSIGN_OR_RETURN(
      std::unique_ptr<LocalBlobStore> blobs,
      LocalBlobStore::Open(path, *database, *options.file_system));
  return std::shared_ptr<StoreState>(
      new StoreState(std::move(path), std::move(options.observer),
                     std::move(database), std::move(blobs)));
}

StoreState::StoreState(std::filesystem::path directory, CallObserver observer,
                       std::unique_ptr<Database> database,
                       std::unique_ptr<LocalBlobStore> blobs)
    : directory_(std::move(directory)),
      observer_(std::move(observer)),
      environment_(DescribeEnvironment()),
      database_(std::move(database)),
      blobs_(std::move(blobs)),
      index_(*database_, *blobs_),
      hits_flushed_(absl::Now()),
      hits_pid_(::getpid()) {}

StoreState::~StoreState() { (void)FlushHits(); }

void StoreState::CountHit(const Digest& key) {
  const absl::Time now = absl::Now();
  {
    const std::lock_guard lock(hits_mutex_);
    DropHitsOfParent();
    Hits& hits = hits_[key];
    ++hits.count;
    hits.last = now;
    if (hits_.size() < kMaxPendingHits && now - hits_flushed_ < kHitsInterval) {
      return;
    }
    if (hits_.size() > kMostPendingHits) hits_.clear();
  }
  // A hit waits for nobody: whoever has the database, it is tried again later.
  (void)FlushHits(Wait::kNo);
}

absl::Status StoreState::FlushHits(Wait wait) {
  absl::flat_hash_map<Digest, Hits> taken;
  {
    const std::lock_guard lock(hits_mutex_);
    DropHitsOfParent();
    hits_flushed_ = absl::Now();
    taken.swap(hits_);
  }
  if (taken.empty()) return absl::OkStatus();
  std::vector<KeyUse> uses;
  uses.reserve(taken.size());
  for (const auto& [key, hits] : taken) {
    uses.push_back({.key = key, .hits = hits.count, .last = hits.last});
  }
  absl::Status status = index_.AddUses(uses, wait);
  if (!status.ok()) {
    const std::lock_guard lock(hits_mutex_);
    for (const auto& [key, hits] : taken) {
      Hits& kept = hits_[key];
      kept.count += hits.count;
      kept.last = std::max(kept.last, hits.last);
    }
  }
  return status;
}

void StoreState::DropHitsOfParent() {
  if (const pid_t pid = ::getpid(); pid != hits_pid_) {
    hits_.clear();
    hits_pid_ = pid;
  }
}

}  // namespace ireneo::internal
