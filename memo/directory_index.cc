// Remembering a call:
//
//   1. Its blobs are files already, and new or made new (see kGrace).
//   2. The record is written to tmp/ and linked to calls/ab/cdef....json. If
//      the key has a record, the link fails, and that one stays;
//   3. unless it is too old: then the new one is renamed over it. Of two who do
//      so at once, the last wins.
//
// A crash before 2 or 3 leaves a file in tmp/ and perhaps blobs that nothing
// refers to. What people ask is in memo/directory_queries.cc.

#include "ireneo/memo/directory_index.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/directory_files.h"
#include "ireneo/memo/sealed_json.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// As it is in a record, to the microsecond.
absl::Time Rounded(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

CallLine LineOf(const NewCall& call) {
  CallLine line;
  CallRecord& record = line.call;
  record.key = call.key;
  record.function = call.function->name;
  record.version = call.function->version;
  record.callee_versions = call.function->callees;
  record.salts = call.function->salts;
  record.environment_in_key = call.function->environment;
  record.seed = call.seed;
  record.result_type = call.function->result_type;
  record.result = call.result.digest;
  record.result_size = call.result.size;
  record.elapsed = call.elapsed;
  record.spent = call.spent;
  record.created_at = Rounded(call.created);
  record.environment = std::string(call.environment);
  record.callees = call.callees;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const NewCall::Argument& argument = call.arguments[i];
    ArgumentRecord& added = record.arguments.emplace_back();
    if (i < call.argument_names->size()) added.name = (*call.argument_names)[i];
    added.type = call.function->argument_types[i];
    added.digest = argument.digest;
    added.kept = argument.kept.has_value();
    if (added.kept && argument.kept->size <= MemoIndex::kSmallValue) {
      added.small_value = argument.kept->inline_bytes;
    }
    line.kept_sizes.push_back(added.kept ? argument.kept->size : 0);
  }
  line.first_created = record.created_at;
  line.function_digest = call.function_digest;
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryIndex>> DirectoryIndex::Open(
    const std::filesystem::path& directory, DirectoryBlobStore& blobs,
    const FileSystem& file_system, Durability durability) {
  for (const char* folder :
       {kCallsFolder, kConflictsFolder, kPinsFolder, kUsesFolder}) {
    IRENEO_RETURN_IF_ERROR(file_system.CreateDirectory(directory / folder));
  }
  if (durability == Durability::kDurable) {
    IRENEO_RETURN_IF_ERROR(file_system.Sync(directory));
  }
  return std::unique_ptr<DirectoryIndex>(
      new DirectoryIndex(directory, blobs, file_system, durability));
}

absl::StatusOr<std::optional<CallLine>> DirectoryIndex::ReadCall(
    const Digest& key) const {
  const std::filesystem::path path = kCallsFolder / ShardedName(key);
  const absl::StatusOr<RecordFiles::File> file = files_.Read(path);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  if (absl::IsDataLoss(file.status())) {
    files_.SetAside(path, std::nullopt);
    return std::nullopt;
  }
  if (!file.ok()) return file.status();
  absl::StatusOr<CallLine> line = ReadCallLine(file->text);
  if (absl::IsDataLoss(line.status()) || (line.ok() && line->call.key != key)) {
    files_.SetAside(path, file->info);
    return std::nullopt;
  }
  if (!line.ok()) {
    return absl::Status(line.status().code(),
                        absl::StrCat((files_.directory() / path).native(),
                                     " is ", line.status().message()));
  }
  return *std::move(line);
}

absl::StatusOr<std::optional<FoundCall>> DirectoryIndex::Find(const Digest& key,
                                                              bool load) const {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> line, ReadCall(key));
  if (!line.has_value()) return std::nullopt;
  FoundCall found{.key = key,
                  .result = line->call.result,
                  .result_size = line->call.result_size,
                  .elapsed = line->call.elapsed,
                  .created = line->call.created_at};
  bool present = true;
  if (load) {
    found.blob = blobs_.Get(found.result);
    present = !absl::IsNotFound(found.blob.status());
  } else {
    IRENEO_ASSIGN_OR_RETURN(present, blobs_.Contains(found.result));
    found.blob = Blob();
  }
  if (!present) {
    found.blob = absl::DataLossError(absl::StrCat(
        "call ", key.ToString(), " was remembered, but its result ",
        found.result.ToString(), " is no longer in the store"));
  }
  return found;
}

absl::StatusOr<bool> DirectoryIndex::Insert(const NewCall& call) {
  IRENEO_RETURN_IF_ERROR(SyncBlobsOf({&call, 1}, blobs_));
  return InsertSynced(call);
}

absl::StatusOr<std::vector<std::optional<Digest>>> DirectoryIndex::ResultsOf(
    std::span<const Digest> keys) const {
  std::vector<std::optional<Digest>> results(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> line,
                            ReadCall(keys[i]));
    if (line.has_value()) results[i] = line->call.result;
  }
  return results;
}

absl::StatusOr<bool> DirectoryIndex::InsertSynced(const NewCall& call) {
  CallLine line = LineOf(call);
  IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteCallLine(line));
  // A record in the way may be damaged, or go away before it can be read.
  constexpr int kAttempts = 4;
  for (int attempt = 1;; ++attempt) {
    absl::Status added = files_.Add(kCallsFolder / ShardedName(call.key), text);
    if (added.ok()) return false;
    if (!absl::IsAlreadyExists(added)) return added;
    IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> before,
                            ReadCall(call.key));
    if (before.has_value()) return Replace(call, std::move(line), *before);
    if (attempt == kAttempts) return absl::UnavailableError(added.message());
  }
}

absl::StatusOr<bool> DirectoryIndex::Replace(const NewCall& call, CallLine line,
                                             const CallLine& before) const {
  const bool expired = before.call.created_at < call.replace_before;
  if (expired) {
    // Its hits stay.
    line.first_created = before.first_created;
    line.call.spent += before.call.spent;
    IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteCallLine(line));
    IRENEO_RETURN_IF_ERROR(
        files_.Replace(kCallsFolder / ShardedName(call.key), text));
    // What is the result now is no other one any more.
    IRENEO_RETURN_IF_ERROR(
        files_.Remove(ConflictPath(call.key, call.result.digest)));
  }
  if (before.call.result == call.result.digest) {
    // It may be of somebody who does not sync.
    IRENEO_RETURN_IF_ERROR(files_.Sync(kCallsFolder / ShardedName(call.key)));
    return false;
  }
  // Of results of different times it is no wonder, unless it was asked for.
  if (expired && call.replace_before != absl::InfiniteFuture()) return false;
  IRENEO_RETURN_IF_ERROR(CountConflict(
      call.key, expired ? before.call.result : call.result.digest));
  return true;
}

absl::Status DirectoryIndex::InsertAll(
    std::span<const NewCall> calls,
    absl::FunctionRef<void(const Digest& key)> conflict) {
  IRENEO_RETURN_IF_ERROR(SyncBlobsOf(calls, blobs_));
  for (const NewCall& call : calls) {
    IRENEO_ASSIGN_OR_RETURN(const bool other, InsertSynced(call));
    if (other) conflict(call.key);
  }
  return absl::OkStatus();
}

absl::Status DirectoryIndex::CountConflict(const Digest& key,
                                           const Digest& result) const {
  const std::filesystem::path path = ConflictPath(key, result);
  ConflictRecord conflict{
      .key = key, .result = result, .first_seen = absl::Now(), .times = 0};
  if (const absl::StatusOr<RecordFiles::File> file = files_.Read(path);
      file.ok()) {
    if (absl::StatusOr<ConflictRecord> read = ReadConflict(file->text);
        read.ok()) {
      conflict = *std::move(read);
    }
  }
  ++conflict.times;
  IRENEO_ASSIGN_OR_RETURN(const std::string text, WriteConflict(conflict));
  return files_.Replace(path, text);
}

absl::Status DirectoryIndex::AddConflict(const Digest& key,
                                         const StagedBlob& result) {
  if (result.unsynced) {
    StagedBlob blob = result;
    StagedBlob* const blobs[] = {&blob};
    IRENEO_RETURN_IF_ERROR(blobs_.SyncStaged(blobs));
  }
  return CountConflict(key, result.digest);
}

absl::Status DirectoryIndex::Forget(std::span<const Digest> keys) {
  for (const Digest& key : keys) {
    IRENEO_RETURN_IF_ERROR(files_.Remove(kCallsFolder / ShardedName(key)));
  }
  // One listing for all.
  const absl::flat_hash_set<Digest> gone(keys.begin(), keys.end());
  std::vector<ConflictName> conflicts;
  IRENEO_RETURN_IF_ERROR(
      files_.ForEachName(kConflictsFolder, [&](const std::string& name) {
        const std::optional<ConflictName> conflict = ParseConflictName(name);
        if (conflict.has_value() && gone.contains(conflict->key)) {
          conflicts.push_back(*conflict);
        }
        return true;
      }));
  for (const ConflictName& conflict : conflicts) {
    IRENEO_RETURN_IF_ERROR(
        files_.Remove(ConflictPath(conflict.key, conflict.result)));
  }
  return absl::OkStatus();
}

absl::Status DirectoryIndex::ForgetFunction(const Digest& function_digest) {
  std::vector<Digest> keys;
  IRENEO_RETURN_IF_ERROR(ForEachLine([&](CallLine&& line) {
    if (line.function_digest == function_digest) keys.push_back(line.call.key);
    return true;
  }));
  return Forget(keys);
}

absl::Status DirectoryIndex::ForgetResult(const Digest& key,
                                          const Digest& result, bool lost) {
  IRENEO_ASSIGN_OR_RETURN(const std::optional<CallLine> line, ReadCall(key));
  if (!line.has_value() || line->call.result != result) return absl::OkStatus();
  if (lost) {
    IRENEO_ASSIGN_OR_RETURN(const bool present, blobs_.Contains(result));
    if (present) return absl::OkStatus();
  }
  return files_.Remove(kCallsFolder / ShardedName(key));
}

absl::Status DirectoryIndex::AddUses(const std::vector<KeyUse>& uses, IfBusy) {
  return uses_.Add(uses);
}

}  // namespace ireneo::internal
