#include "ireneo/memo/directory_uses.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/directory_files.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

constexpr char kSuffix[] = ".json";

// A file is written anew each time that its process has new hits, so it must
// not become large.
constexpr std::size_t kMostKeys = 1024;

// How old what others counted may be when one call is asked for.
constexpr absl::Duration kStale = absl::Seconds(1);

// So many files are merged, if nobody has written them for so long.
constexpr std::size_t kManyFiles = 64;
constexpr absl::Duration kIdle = absl::Hours(1);

std::filesystem::path PathOf(const std::string& name) {
  return std::filesystem::path(kUsesFolder) / name;
}

absl::StatusOr<UsesMap> ReadUses(std::string_view text) {
  IRENEO_ASSIGN_OR_RETURN(const json::object object, OpenSealedJson(text));
  absl::Status status;
  const JsonMembers members(object, status);
  UsesMap uses;
  for (const auto& [hex, value] : members.Object("uses")) {
    const absl::StatusOr<Digest> key =
        Digest::Parse(absl::StrCat("xxh3:", std::string(hex)));
    const json::array* const numbers = value.if_array();
    if (!key.ok() || numbers == nullptr || numbers->size() != 3 ||
        !std::all_of(numbers->begin(), numbers->end(),
                     [](const json::value& n) { return n.is_int64(); })) {
      return absl::DataLossError("member \"uses\" is not what it should be");
    }
    uses[*key] = {.hits = (*numbers)[0].get_int64(),
                  .spent = absl::Nanoseconds((*numbers)[1].get_int64()),
                  .last = absl::FromUnixMicros((*numbers)[2].get_int64())};
  }
  IRENEO_RETURN_IF_ERROR(status);
  return uses;
}

}  // namespace

void CallUses::Add(const CallUses& other) {
  hits += other.hits;
  spent += other.spent;
  last = std::max(last, other.last);
}

void DirectoryUses::ForgetThatOfParent() {
  if (const std::uint64_t count = ForkCount(); count != fork_count_) {
    own_name_.clear();
    own_.clear();
    others_.clear();
    refreshed_ = absl::InfinitePast();
    fork_count_ = count;
  }
}

absl::Status DirectoryUses::Write(const std::string& name,
                                  const UsesMap& uses) const {
  json::object members;
  for (const auto& [key, use] : uses) {
    members[key.ToHex()] = {use.hits, absl::ToInt64Nanoseconds(use.spent),
                            absl::ToUnixMicros(use.last)};
  }
  IRENEO_ASSIGN_OR_RETURN(
      const std::string text,
      SealJson({{"format", 1}, {"uses", std::move(members)}}));
  return files_.Replace(PathOf(name), text);
}

absl::Status DirectoryUses::Add(std::span<const KeyUse> uses) {
  const std::lock_guard lock(mutex_);
  ForgetThatOfParent();
  UsesMap next;
  std::string name = own_name_;
  if (!name.empty()) {
    // Another process may have merged it, if this one was idle for long.
    const absl::StatusOr<FileInfo> info =
        files_.file_system().Stat(files_.directory() / PathOf(name));
    if (!info.ok() || *info != own_info_ || own_.size() >= kMostKeys) {
      name.clear();
    } else {
      next = own_;
    }
  }
  const bool first = own_name_.empty();
  if (name.empty()) name = absl::StrCat(files_.UniqueName(), kSuffix);
  for (const KeyUse& use : uses) {
    next[use.key].Add({.hits = use.hits, .spent = use.spent, .last = use.last});
  }
  IRENEO_RETURN_IF_ERROR(Write(name, next));
  const absl::StatusOr<FileInfo> info =
      files_.file_system().Stat(files_.directory() / PathOf(name));
  own_info_ = info.ok() ? *info : FileInfo();
  // What was the own one is read as one of the others.
  own_name_ = std::move(name);
  own_ = std::move(next);
  others_.erase(own_name_);
  refreshed_ = absl::InfinitePast();
  if (first) Merge();
  return absl::OkStatus();
}

void DirectoryUses::Refresh() {
  std::set<std::string> present;
  const absl::Status listed =
      files_.ForEachName(kUsesFolder, [&](const std::string& name) {
        if (name.ends_with(kSuffix) && name != own_name_) present.insert(name);
        return true;
      });
  if (!listed.ok()) return;
  refreshed_ = absl::Now();
  std::erase_if(others_, [&](const auto& entry) {
    return !present.contains(entry.first);
  });
  for (const std::string& name : present) {
    const auto it = others_.find(name);
    if (it != others_.end()) {
      const absl::StatusOr<FileInfo> info =
          files_.file_system().Stat(files_.directory() / PathOf(name));
      if (info.ok() && *info == it->second.info) continue;
    }
    const absl::StatusOr<RecordFiles::File> file = files_.Read(PathOf(name));
    if (!file.ok()) continue;
    absl::StatusOr<UsesMap> uses = ReadUses(file->text);
    if (!uses.ok()) files_.SetAside(PathOf(name), file->info);
    others_[name] = {.info = file->info,
                     .uses = uses.ok() ? *std::move(uses) : UsesMap()};
  }
}

// Who merges takes each file away first, by a rename that only one of those who
// try can do, so that none is counted twice. A crash in between loses counts.
void DirectoryUses::Merge() {
  std::vector<std::string> names;
  (void)files_.ForEachName(kUsesFolder, [&](const std::string& name) {
    if (name.ends_with(kSuffix) && name != own_name_) names.push_back(name);
    return true;
  });
  if (names.size() < kManyFiles) return;
  const FileSystem& file_system = files_.file_system();
  const std::int64_t limit =
      own_info_.mtime_ns - absl::ToInt64Nanoseconds(kIdle);
  UsesMap merged;
  std::vector<std::filesystem::path> taken;
  const auto flush = [&] {
    if (!merged.empty() &&
        Write(absl::StrCat(files_.UniqueName(), kSuffix), merged).ok()) {
      for (const std::filesystem::path& path : taken) {
        (void)file_system.Remove(path);
      }
    }
    merged.clear();
    taken.clear();
  };
  for (const std::string& name : names) {
    const std::filesystem::path from = files_.directory() / PathOf(name);
    const absl::StatusOr<FileInfo> info = file_system.Stat(from);
    if (!info.ok() || info->mtime_ns >= limit) continue;
    const std::filesystem::path path =
        std::filesystem::path("tmp") / files_.UniqueName();
    if (!file_system.Rename(from, files_.directory() / path).ok()) continue;
    const absl::StatusOr<RecordFiles::File> file = files_.Read(path);
    if (!file.ok()) continue;
    taken.push_back(files_.directory() / path);
    const absl::StatusOr<UsesMap> uses = ReadUses(file->text);
    if (!uses.ok()) continue;
    for (const auto& [key, use] : *uses) merged[key].Add(use);
    if (merged.size() >= 64 * kMostKeys) flush();
  }
  flush();
}

CallUses DirectoryUses::Of(const Digest& key) {
  const std::lock_guard lock(mutex_);
  ForgetThatOfParent();
  if (absl::Now() - refreshed_ > kStale) Refresh();
  CallUses sum;
  if (const auto it = own_.find(key); it != own_.end()) sum.Add(it->second);
  for (const auto& [name, file] : others_) {
    if (const auto it = file.uses.find(key); it != file.uses.end()) {
      sum.Add(it->second);
    }
  }
  return sum;
}

UsesMap DirectoryUses::All() {
  const std::lock_guard lock(mutex_);
  ForgetThatOfParent();
  Refresh();
  UsesMap all = own_;
  for (const auto& [name, file] : others_) {
    for (const auto& [key, use] : file.uses) all[key].Add(use);
  }
  return all;
}

}  // namespace ireneo::internal
