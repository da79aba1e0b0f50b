#include "ireneo/memo/value_view.h"

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "boost/json/array.hpp"
#include "ireneo/serializers/json_text.h"
#include "ireneo/store/file_system.h"
#include "ireneo/store/sink.h"

namespace ireneo {
namespace {

namespace json = boost::json;

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

json::value Statistics(const std::optional<ArrayStatistics>& statistics) {
  if (!statistics.has_value()) return nullptr;
  return json::object{{"count", statistics->count},
                      {"min", statistics->min},
                      {"max", statistics->max},
                      {"mean", statistics->mean},
                      {"standard_deviation", statistics->standard_deviation},
                      {"nans", statistics->nans},
                      {"infinities", statistics->infinities},
                      {"of_magnitudes", statistics->of_magnitudes}};
}

// [3, 4] for "3x4"; [] for what is no array.
json::array Shape(const std::string& shape) {
  json::array extents;
  for (const absl::string_view extent :
       absl::StrSplit(shape, 'x', absl::SkipEmpty())) {
    std::uint64_t size = 0;
    if (absl::SimpleAtoi(extent, &size)) extents.push_back(size);
  }
  return extents;
}

}  // namespace

ValueView ValueViewer::LookAtArgument(const ArgumentRecord& argument) {
  if (!argument.kept) {
    ValueView view;
    view.state = ValueView::State::kNotKept;
    view.type = argument.type;
    view.digest = argument.digest;
    return view;
  }
  if (!argument.small_value.has_value()) {
    return LookAtBlob(argument.type, argument.digest);
  }
  return Look(argument.type, argument.digest, store_.ArgumentBytes(argument));
}

ValueView ValueViewer::LookAtResult(const CallRecord& call) {
  if (!call.small_result.has_value()) {
    return LookAtBlob(call.result_type, call.result);
  }
  return Look(call.result_type, call.result, store_.ResultBytes(call));
}

ValueView ValueViewer::LookAtBlob(const std::string& type,
                                  const Digest& digest) {
  const auto [it, is_new] = seen_.try_emplace(std::pair(digest, type));
  if (is_new) it->second = ReadBlob(type, digest);
  return it->second;
}

ValueView ValueViewer::ReadBlob(const std::string& type,
                                const Digest& digest) const {
  if (attention_ == Attention::kGlance) {
    if (const std::optional<Blob> blob = MapLarge(store_, digest)) {
      ValueView view = Look(type, digest, *blob);
      if (view.state == ValueView::State::kShown) return view;
      // Damage that shows already here is for a real reading to report.
    }
  }
  return Look(type, digest, store_.blobs().Get(digest));
}

ValueView ValueViewer::Look(const std::string& type, const Digest& digest,
                            const absl::StatusOr<Blob>& bytes) const {
  ValueView view;
  view.type = type;
  view.digest = digest;
  if (!bytes.ok()) {
    view.state = ValueView::State::kDamaged;
    view.why = absl::IsNotFound(bytes.status())
                   ? absl::NotFoundError(absl::StrCat(
                         digest.ToString(), " is no longer in the store"))
                   : bytes.status();
    return view;
  }
  view.size = bytes->size();
  if (bytes->size() <= kFullValueSize) view.bytes = *bytes;
  absl::StatusOr<Description> description = registry_.Describe(
      type, *bytes,
      attention_ == Attention::kGlance ? kGlanceOptions : DescribeOptions{});
  if (description.ok()) {
    view.description = *std::move(description);
    return view;
  }
  view.why = description.status();
  view.state = absl::IsDataLoss(view.why) ? ValueView::State::kDamaged
                                          : ValueView::State::kOpaque;
  if (attention_ == Attention::kFull) view.bytes = *bytes;
  return view;
}

std::optional<json::value> FullValue(const ValueView& view,
                                     const Registry& registry) {
  if (view.state != ValueView::State::kShown || !view.bytes.has_value()) {
    return std::nullopt;
  }
  std::string text;
  StringSink sink(text);
  if (!registry.Export(view.type, *view.bytes, ExportFormat::kJson, sink)
           .ok()) {
    return std::nullopt;
  }
  // Not Boost.JSON's own reader, which does not keep doubles.
  absl::StatusOr<json::value> value = ParseJson(text);
  if (!value.ok()) return std::nullopt;
  return *std::move(value);
}

json::object ToJson(const ValueView& view, const Registry& registry,
                    bool statistics) {
  json::object object = {
      {"type", view.type},  {"digest", view.digest.ToString()},
      {"bytes", nullptr},   {"shape", nullptr},
      {"preview", nullptr}, {"value", nullptr}};
  if (view.size.has_value()) object["bytes"] = *view.size;
  if (view.state == ValueView::State::kShown) {
    object["shape"] = Shape(view.description.shape);
    object["preview"] = view.description.preview;
    if (std::optional<json::value> value = FullValue(view, registry)) {
      object["value"] = *std::move(value);
    }
  }
  if (statistics) {
    object["statistics"] = Statistics(view.description.statistics);
  }
  object["error"] = nullptr;
  if (!view.why.ok()) object["error"] = absl::StrCat(view.why.message());
  return object;
}

}  // namespace ireneo
