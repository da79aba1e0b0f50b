// What people and the collector ask. Each question reads all records; the
// answers are those of memo/sqlite_queries.cc.

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/directory_files.h"
#include "ireneo/memo/directory_index.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Of the disk, that a small file takes.
constexpr std::uint64_t kBlock = 4096;

// How old the answer about the disk may be: that many times what it took to
// find it, and at least a few seconds.
constexpr int kUsageTimes = 50;
constexpr absl::Duration kUsageAge = absl::Seconds(10);

std::array<std::string, 256> Shards() {
  std::array<std::string, 256> shards;
  for (int i = 0; i < 256; ++i) {
    shards[i] = absl::StrCat(absl::Hex(i, absl::kZeroPad2));
  }
  return shards;
}

std::filesystem::path CallsShard(const std::string& shard) {
  return std::filesystem::path(kCallsFolder) / shard;
}

bool Selects(const CallFilter& filter, const CallRecord& call) {
  const bool named = filter.exact ? call.function == filter.function
                                  : call.function.starts_with(filter.function);
  return named && (filter.version.empty() || call.version == filter.version) &&
         (!filter.result.has_value() || call.result == *filter.result) &&
         call.created_at >= filter.since;
}

bool IsNewer(const CallRecord& a, const CallRecord& b) {
  return a.created_at != b.created_at ? a.created_at > b.created_at
                                      : a.key < b.key;
}

// What stands in the records alone, as small arguments do, is not counted.
std::uint64_t SizeInBlobs(const CallLine& line) {
  std::uint64_t size = line.call.result_size;
  for (std::size_t i = 0; i < line.kept_sizes.size(); ++i) {
    if (!line.call.arguments[i].small_value.has_value()) {
      size += line.kept_sizes[i];
    }
  }
  return size;
}

}  // namespace

void DirectoryIndex::SetUses(CallLine& line, const CallUses& uses) {
  // Of before the call was forgotten.
  if (uses.hits == 0 || uses.last < line.first_created) return;
  line.call.hits = uses.hits;
  line.call.spent += uses.spent;
  line.call.last_used_at = uses.last;
}

absl::Status DirectoryIndex::ForEachLine(
    absl::FunctionRef<bool(CallLine&&)> visit) const {
  bool go_on = true;
  std::vector<Digest> keys;
  for (const std::string& shard : Shards()) {
    keys.clear();
    IRENEO_RETURN_IF_ERROR(
        files_.ForEachName(CallsShard(shard), [&](const std::string& name) {
          const std::optional<Digest> key = ParseShardedName(shard, name);
          if (key.has_value()) keys.push_back(*key);
          return true;
        }));
    std::sort(keys.begin(), keys.end());
    for (const Digest& key : keys) {
      IRENEO_ASSIGN_OR_RETURN(std::optional<CallLine> line, ReadCall(key));
      if (line.has_value()) go_on = visit(*std::move(line));
      if (!go_on) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status DirectoryIndex::ForEachLine(
    absl::FunctionRef<bool(const FunctionIdentity& function)> select,
    absl::FunctionRef<bool(CallLine&& line)> visit) const {
  absl::flat_hash_map<Digest, bool> selected;
  return ForEachLine([&](CallLine&& line) {
    const auto [it, added] = selected.try_emplace(line.function_digest, false);
    if (added) it->second = select(IdentityOf(line.call));
    return !it->second || visit(std::move(line));
  });
}

absl::StatusOr<CallRecord> DirectoryIndex::Record(const Digest& key) const {
  IRENEO_ASSIGN_OR_RETURN(std::optional<CallLine> line, ReadCall(key));
  if (!line.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("no call ", key.ToString(), " is remembered"));
  }
  SetUses(*line, uses_.Of(key));
  return std::move(line->call);
}

absl::Status DirectoryIndex::ForEachRecord(
    const CallFilter& filter,
    absl::FunctionRef<bool(CallRecord&&)> visit) const {
  std::vector<CallLine> lines;
  // Names are for people, who are shown those that a function was given last.
  struct Names {
    absl::Time given = absl::InfinitePast();
    std::vector<std::string> names;
  };
  absl::flat_hash_map<Digest, Names> names;
  const std::size_t limit = filter.limit < 0
                                ? static_cast<std::size_t>(-1)
                                : static_cast<std::size_t>(filter.limit);
  const auto is_newer = [](const CallLine& a, const CallLine& b) {
    return IsNewer(a.call, b.call);
  };
  const auto keep_newest = [&] {
    if (lines.size() <= limit) return;
    std::nth_element(lines.begin(),
                     lines.begin() + static_cast<std::ptrdiff_t>(limit),
                     lines.end(), is_newer);
    lines.resize(limit);
  };
  const UsesMap uses = uses_.All();
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    if (Names& given = names[line.function_digest];
        line.call.created_at > given.given) {
      given.given = line.call.created_at;
      given.names.clear();
      for (const ArgumentRecord& argument : line.call.arguments) {
        given.names.push_back(argument.name);
      }
    }
    if (!Selects(filter, line.call)) return true;
    if (const auto it = uses.find(line.call.key); it != uses.end()) {
      SetUses(line, it->second);
    }
    lines.push_back(std::move(line));
    // So that a few of many do not take the memory of all.
    if (lines.size() / 2 > limit) keep_newest();
    return true;
  }));
  keep_newest();
  std::sort(lines.begin(), lines.end(), is_newer);
  for (CallLine& line : lines) {
    const std::vector<std::string>& given = names[line.function_digest].names;
    for (std::size_t i = 0; i < given.size(); ++i) {
      line.call.arguments[i].name = given[i];
    }
    if (!visit(std::move(line.call))) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ConflictRecord>> DirectoryIndex::Conflicts(
    const Digest& key) const {
  std::vector<Digest> results;
  IRENEO_RETURN_IF_ERROR(
      files_.ForEachName(kConflictsFolder, [&](const std::string& name) {
        const std::optional<ConflictName> conflict = ParseConflictName(name);
        if (conflict.has_value() && conflict->key == key) {
          results.push_back(conflict->result);
        }
        return true;
      }));
  std::vector<ConflictRecord> conflicts;
  for (const Digest& result : results) {
    const std::filesystem::path path = ConflictPath(key, result);
    const absl::StatusOr<RecordFiles::File> file = files_.Read(path);
    if (!file.ok()) continue;
    absl::StatusOr<ConflictRecord> conflict = ReadConflict(file->text);
    if (conflict.ok() && conflict->key == key && conflict->result == result) {
      conflicts.push_back(*std::move(conflict));
    } else {
      files_.SetAside(path, file->info);
    }
  }
  std::sort(conflicts.begin(), conflicts.end(),
            [](const ConflictRecord& a, const ConflictRecord& b) {
              return std::tie(a.first_seen, a.result) <
                     std::tie(b.first_seen, b.result);
            });
  return conflicts;
}

absl::StatusOr<absl::flat_hash_set<Digest>> DirectoryIndex::WithConflicts()
    const {
  absl::flat_hash_set<Digest> keys;
  IRENEO_RETURN_IF_ERROR(
      files_.ForEachName(kConflictsFolder, [&](const std::string& name) {
        if (const auto conflict = ParseConflictName(name)) {
          keys.insert(conflict->key);
        }
        return true;
      }));
  return keys;
}

absl::StatusOr<std::vector<FunctionSummary>> DirectoryIndex::Functions() const {
  struct Function {
    FunctionSummary sums;
    std::map<std::string, absl::Time> first;  // Of each version.
    absl::flat_hash_map<Digest, std::uint64_t> results;
  };
  std::map<std::string, Function> functions;
  const UsesMap uses = uses_.All();
  IRENEO_ASSIGN_OR_RETURN(const absl::flat_hash_set<Digest> with_conflicts,
                          WithConflicts());
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    if (const auto it = uses.find(line.call.key); it != uses.end()) {
      SetUses(line, it->second);
    }
    const CallRecord& call = line.call;
    Function& function = functions[call.function];
    const auto [first, added] =
        function.first.try_emplace(call.version, call.created_at);
    if (!added) first->second = std::min(first->second, call.created_at);
    function.results.try_emplace(call.result, call.result_size);
    FunctionSummary& sums = function.sums;
    ++sums.calls;
    sums.hits += call.hits;
    sums.computed += call.elapsed;
    sums.saved += call.elapsed * call.hits;
    sums.spent += call.spent;
    sums.conflicts += with_conflicts.contains(call.key) ? 1 : 0;
    return true;
  }));
  std::vector<FunctionSummary> summaries;
  for (auto& [name, function] : functions) {
    FunctionSummary& summary = summaries.emplace_back(std::move(function.sums));
    summary.name = name;
    for (const auto& [result, size] : function.results) summary.bytes += size;
    std::vector<std::pair<absl::Time, std::string>> versions;
    for (const auto& [version, first] : function.first) {
      versions.emplace_back(first, version);
    }
    std::sort(versions.begin(), versions.end());
    for (auto& [first, version] : versions) {
      summary.versions.push_back(std::move(version));
    }
  }
  return summaries;
}

absl::StatusOr<std::vector<std::string>> DirectoryIndex::ResultTypes(
    std::string_view name, std::string_view version) const {
  std::map<std::string, absl::Time> newest;
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    if (line.call.function == name && line.call.version == version) {
      absl::Time& time =
          newest.try_emplace(line.call.result_type, absl::InfinitePast())
              .first->second;
      time = std::max(time, line.call.created_at);
    }
    return true;
  }));
  std::vector<std::string> types;
  for (const auto& [type, time] : newest) types.push_back(type);
  std::stable_sort(types.begin(), types.end(),
                   [&](const std::string& a, const std::string& b) {
                     return newest[a] > newest[b];
                   });
  return types;
}

absl::StatusOr<StoreStats> DirectoryIndex::Stats() const {
  StoreStats stats;
  std::set<std::string> names;
  std::uint64_t referred = 0;
  absl::flat_hash_map<Digest, std::uint64_t> sizes;
  const UsesMap uses = uses_.All();
  IRENEO_ASSIGN_OR_RETURN(const absl::flat_hash_set<Digest> with_conflicts,
                          WithConflicts());
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    if (const auto it = uses.find(line.call.key); it != uses.end()) {
      SetUses(line, it->second);
    }
    const CallRecord& call = line.call;
    names.insert(call.function);
    ++stats.calls;
    stats.hits += call.hits;
    stats.computed += call.elapsed;
    stats.saved += call.elapsed * call.hits;
    stats.spent += call.spent;
    stats.conflicts += with_conflicts.contains(call.key) ? 1 : 0;
    referred += SizeInBlobs(line);
    sizes[call.result] = call.result_size;
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      sizes[call.arguments[i].digest] = line.kept_sizes[i];
    }
    return true;
  }));
  stats.functions = static_cast<std::int64_t>(names.size());
  IRENEO_RETURN_IF_ERROR(blobs_.ForEach([&](const BlobInfo& blob) {
    ++stats.blobs;
    stats.bytes_stored += blob.stored;
    // The name of a compressed file does not tell the size of its payload.
    const auto it = sizes.find(blob.digest);
    stats.bytes += blob.codec != BlobCodec::kRaw && it != sizes.end()
                       ? it->second
                       : blob.size;
    return true;
  }));
  stats.bytes_deduplicated =
      referred > stats.bytes ? referred - stats.bytes : 0;
  return stats;
}

absl::StatusOr<Blob> DirectoryIndex::FindSmallValue(
    const Digest& digest) const {
  std::optional<Blob> found;
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    for (const ArgumentRecord& argument : line.call.arguments) {
      if (argument.digest == digest && argument.small_value.has_value()) {
        found = Blob::Copy(std::as_bytes(std::span(*argument.small_value)));
      }
    }
    return !found.has_value();
  }));
  if (found.has_value()) return *std::move(found);
  return absl::NotFoundError(
      absl::StrCat("no call has the argument ", digest.ToString()));
}

absl::StatusOr<std::vector<PrefixMatch>> DirectoryIndex::FindByPrefix(
    std::string_view hex, int limit) const {
  if (hex.empty() || hex.size() > 2 * Digest::kSize ||
      hex.find_first_not_of("0123456789abcdef") != hex.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(hex),
                     "' is not the start of a key or digest: "
                     "expected 1 to 32 lowercase hex digits"));
  }
  std::vector<PrefixMatch> matches;
  const auto append = [&](std::set<Digest>& found, bool is_call) {
    int count = 0;
    for (const Digest& digest : found) {
      if (count++ == limit) break;
      matches.push_back({.digest = digest, .is_call = is_call});
    }
    found.clear();
  };
  std::set<Digest> found;
  for (const std::string& shard : Shards()) {
    if (!hex.starts_with(shard.substr(0, hex.size()))) continue;
    IRENEO_RETURN_IF_ERROR(
        files_.ForEachName(CallsShard(shard), [&](const std::string& name) {
          const std::optional<Digest> key = ParseShardedName(shard, name);
          if (key.has_value() && key->ToHex().starts_with(hex)) {
            found.insert(*key);
          }
          return true;
        }));
  }
  append(found, /*is_call=*/true);
  IRENEO_RETURN_IF_ERROR(blobs_.ForEach([&](const BlobInfo& blob) {
    if (blob.digest.ToHex().starts_with(hex)) found.insert(blob.digest);
    return true;
  }));
  append(found, /*is_call=*/false);
  if (!matches.empty()) return matches;
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    for (const ArgumentRecord& argument : line.call.arguments) {
      if (argument.small_value.has_value() &&
          argument.digest.ToHex().starts_with(hex)) {
        found.insert(argument.digest);
      }
    }
    return true;
  }));
  append(found, /*is_call=*/false);
  return matches;
}

absl::Status DirectoryIndex::Check() {
  const std::int64_t before = files_.damaged();
  IRENEO_RETURN_IF_ERROR(ForEachLine([](CallLine&&) { return true; }));
  const std::int64_t damaged = files_.damaged() - before;
  if (damaged == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(damaged, damaged == 1 ? " record" : " records", " in ",
                   (files_.directory() / kCallsFolder).native(),
                   damaged == 1 ? " is" : " are",
                   " damaged, and in quarantine/ now if that may be written: "
                   "what is missing is computed anew"));
}

absl::StatusOr<std::uint64_t> DirectoryIndex::DiskUsage() const {
  const std::lock_guard lock(mutex_);
  const absl::Time start = absl::Now();
  if (start < disk_usage_until_) return disk_usage_;
  std::uint64_t usage = 0;
  for (const std::string& shard : Shards()) {
    IRENEO_RETURN_IF_ERROR(
        files_.ForEachName(CallsShard(shard), [&](const std::string&) {
          usage += kBlock;
          return true;
        }));
  }
  IRENEO_ASSIGN_OR_RETURN(const std::uint64_t blobs, blobs_.DiskUsage(kBlock));
  usage += blobs;
  disk_usage_ = usage;
  const absl::Time end = absl::Now();
  disk_usage_until_ = end + std::max(kUsageAge, (end - start) * kUsageTimes);
  return usage;
}

}  // namespace ireneo::internal
