// What collecting garbage needs: pins, who refers to which blobs, the sweep.
//
// No lock keeps a writer from beginning to refer to a blob that is just being
// removed. Instead:
//
//   1. A writer puts its blobs, which makes their files new even if they were
//      there, and then writes the record.
//   2. The collector looks which blobs records refer to, once more after it has
//      chosen what to remove, and then, blob by blob, at the time of the file.
//      One that was put within kGrace stays.
//
// So a record whose blob was removed was written more than kGrace after its
// blobs; such a record is a miss, and forgotten when it is met.

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/directory_files.h"
#include "ireneo/memo/directory_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {

absl::Status DirectoryIndex::AddPin(const PinRecord& pin) {
  const std::filesystem::path path = PinPath(pin.name, pin.digest);
  IRENEO_ASSIGN_OR_RETURN(const std::string text, WritePin(pin));
  // Before it is known whether there is anything: from here on it stays.
  absl::Status added = files_.Add(path, text);
  if (absl::IsAlreadyExists(added)) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(added);
  IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> call,
                          ReadCall(pin.digest));
  if (call.has_value()) return absl::OkStatus();
  IRENEO_ASSIGN_OR_RETURN(const bool blob, blobs_.Contains(pin.digest));
  if (blob) return absl::OkStatus();
  IRENEO_RETURN_IF_ERROR(files_.Remove(path));
  return absl::NotFoundError(
      absl::StrCat("there is no call and no blob ", pin.digest.ToString()));
}

absl::StatusOr<std::int64_t> DirectoryIndex::RemovePins(
    std::string_view name, std::optional<Digest> digest) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, Pins());
  std::int64_t removed = 0;
  for (const PinRecord& pin : pins) {
    if (pin.name != name || (digest.has_value() && pin.digest != *digest)) {
      continue;
    }
    IRENEO_RETURN_IF_ERROR(files_.Remove(PinPath(pin.name, pin.digest)));
    ++removed;
  }
  return removed;
}

absl::StatusOr<std::vector<PinRecord>> DirectoryIndex::Pins() const {
  std::vector<PinRecord> pins;
  absl::Status status;
  IRENEO_RETURN_IF_ERROR(
      files_.ForEachName(kPinsFolder, [&](const std::string& name) {
        const std::filesystem::path path =
            std::filesystem::path(kPinsFolder) / name;
        const absl::StatusOr<RecordFiles::File> file = files_.Read(path);
        if (absl::IsNotFound(file.status())) return true;
        absl::StatusOr<PinRecord> pin =
            file.ok() ? ReadPin(file->text) : file.status();
        // One that cannot be read may keep anything: better no answer.
        if (!pin.ok()) {
          status = absl::Status(
              pin.status().code(),
              absl::StrCat("the pin in ", (files_.directory() / path).native(),
                           " cannot be read: ", pin.status().message(),
                           ". If nobody needs it, remove that file"));
          return false;
        }
        pins.push_back(*std::move(pin));
        return true;
      }));
  IRENEO_RETURN_IF_ERROR(status);
  std::sort(pins.begin(), pins.end(),
            [](const PinRecord& a, const PinRecord& b) {
              return std::tie(a.name, a.digest) < std::tie(b.name, b.digest);
            });
  return pins;
}

absl::Status DirectoryIndex::ForEachUse(
    absl::FunctionRef<bool(const CallUse&)> visit) const {
  const UsesMap uses = uses_.All();
  IRENEO_ASSIGN_OR_RETURN(const absl::flat_hash_set<Digest> with_conflicts,
                          WithConflicts());
  std::vector<Digest> others;
  return ForEachLine([&](CallLine&& line) {
    if (const auto it = uses.find(line.call.key); it != uses.end()) {
      SetUses(line, it->second);
    }
    const CallRecord& call = line.call;
    others.clear();
    for (const ArgumentRecord& argument : call.arguments) {
      if (argument.kept && !argument.small_value.has_value()) {
        others.push_back(argument.digest);
      }
    }
    if (with_conflicts.contains(call.key)) {
      // What cannot be read is not known to go with the call.
      const auto conflicts = Conflicts(call.key);
      for (std::size_t i = 0; conflicts.ok() && i < conflicts->size(); ++i) {
        others.push_back((*conflicts)[i].result);
      }
    }
    return visit({.key = call.key,
                  .function = call.function,
                  .version = call.version,
                  .result = call.result,
                  .result_size = call.result_size,
                  .elapsed = call.elapsed,
                  .created = call.created_at,
                  .last_use = call.last_used_at,
                  .others = others});
  });
}

absl::StatusOr<std::int64_t> DirectoryIndex::ForgetUnpinned(
    std::span<const Digest> keys) {
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, Pins());
  absl::flat_hash_set<Digest> pinned;
  for (const PinRecord& pin : pins) pinned.insert(pin.digest);
  std::vector<Digest> forgotten;
  for (const Digest& key : keys) {
    if (pinned.contains(key)) continue;
    IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> call, ReadCall(key));
    if (!call.has_value() || pinned.contains(call->call.result)) continue;
    forgotten.push_back(key);
  }
  IRENEO_RETURN_IF_ERROR(Forget(forgotten));
  return static_cast<std::int64_t>(forgotten.size());
}

absl::Status DirectoryIndex::ForEachReference(
    absl::FunctionRef<void(const Digest&)> visit) const {
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    visit(line.call.result);
    for (const ArgumentRecord& argument : line.call.arguments) {
      if (argument.kept && !argument.small_value.has_value()) {
        visit(argument.digest);
      }
    }
    return true;
  }));
  IRENEO_RETURN_IF_ERROR(
      files_.ForEachName(kConflictsFolder, [&](const std::string& name) {
        if (const auto conflict = ParseConflictName(name)) {
          visit(conflict->result);
        }
        return true;
      }));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, Pins());
  for (const PinRecord& pin : pins) visit(pin.digest);
  return absl::OkStatus();
}

absl::Status DirectoryIndex::BeginSweep() {
  const std::lock_guard lock(mutex_);
  referred_.reset();
  return absl::OkStatus();
}

absl::Status DirectoryIndex::EndSweep() {
  const std::lock_guard lock(mutex_);
  referred_.reset();
  disk_usage_until_ = absl::InfinitePast();
  return absl::OkStatus();
}

absl::Status DirectoryIndex::Sweep(
    std::span<const Digest> candidates, absl::Time limit,
    absl::FunctionRef<void(const BlobInfo&)> removed) {
  if (candidates.empty()) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  if (!referred_.has_value()) {
    absl::flat_hash_set<Digest> referred;
    IRENEO_RETURN_IF_ERROR(ForEachReference(
        [&](const Digest& digest) { referred.insert(digest); }));
    referred_ = std::move(referred);
  }
  IRENEO_ASSIGN_OR_RETURN(const absl::Time now, files_.FileTime());
  limit = std::min(limit, now - kGrace);
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, Pins());
  for (const PinRecord& pin : pins) referred_->insert(pin.digest);
  for (const Digest& digest : candidates) {
    if (referred_->contains(digest)) continue;
    const absl::StatusOr<FileInfo> info =
        files_.file_system().Stat(blobs_.PathOf(digest));
    if (absl::IsNotFound(info.status())) continue;
    if (!info.ok()) return info.status();
    const absl::Time put = absl::FromUnixNanos(info->mtime_ns);
    if (put >= limit) continue;
    IRENEO_RETURN_IF_ERROR(blobs_.Remove(digest));
    removed({.digest = digest,
             .size = info->size,
             .created_at = put,
             .stored = info->size});
  }
  return absl::OkStatus();
}

}  // namespace ireneo::internal
