#include "ireneo/tools/value_view.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/file_system.h"

namespace ireneo::tools {
namespace {

// What is larger is mapped at a glance, not read.
constexpr std::uint64_t kLarge = 1 << 20;

constexpr DescribeOptions kGlanceOptions = {
    .max_elements = 4, .max_string = 40, .statistics = false};

// The bytes of a large blob that were not checked, or nullopt.
std::optional<Blob> MapLarge(const MemoStore& store, const Digest& digest) {
  const FileSystem& files = FileSystem::Posix();
  const std::filesystem::path path = store.BlobPath(digest);
  const absl::StatusOr<FileInfo> info = files.Stat(path);
  if (!info.ok() || info->size <= kLarge) return std::nullopt;
  absl::StatusOr<FileContents> file = files.Read(path);
  if (!file.ok()) return std::nullopt;
  return std::move(file->blob);
}

}  // namespace

const ValueView& ValueViewer::Look(const std::string& type,
                                   const Digest& digest) {
  const auto key = std::pair(digest, type);
  auto it = seen_.find(key);
  if (it == seen_.end()) it = seen_.emplace(key, Read(type, digest)).first;
  return it->second;
}

ValueView ValueViewer::NotKept(const std::string& type, const Digest& digest) {
  ValueView view;
  view.state = ValueView::State::kNotKept;
  view.type = type;
  view.digest = digest;
  return view;
}

ValueView ValueViewer::Read(const std::string& type,
                            const Digest& digest) const {
  ValueView view;
  view.type = type;
  view.digest = digest;
  if (attention_ == Attention::kGlance) {
    // Damage that shows already here is for a real reading to report.
    if (std::optional<Blob> blob = MapLarge(store_, digest)) {
      absl::StatusOr<Description> description =
          registry_.Describe(type, *blob, kGlanceOptions);
      if (description.ok()) {
        view.size = blob->size();
        view.description = *std::move(description);
        return view;
      }
    }
  }
  absl::StatusOr<Blob> blob = store_.blobs().Get(digest);
  if (!blob.ok()) {
    view.state = ValueView::State::kDamaged;
    view.why = absl::IsNotFound(blob.status())
                   ? absl::NotFoundError(absl::StrCat(
                         digest.ToString(), " is no longer in the store"))
                   : blob.status();
    return view;
  }
  view.size = blob->size();
  absl::StatusOr<Description> description = registry_.Describe(
      type, *blob,
      attention_ == Attention::kGlance ? kGlanceOptions : DescribeOptions{});
  if (description.ok()) {
    view.description = *std::move(description);
    return view;
  }
  view.why = description.status();
  view.state = absl::IsDataLoss(view.why) ? ValueView::State::kDamaged
                                          : ValueView::State::kOpaque;
  if (attention_ == Attention::kFull) view.bytes = *std::move(blob);
  return view;
}

}  // namespace ireneo::tools
