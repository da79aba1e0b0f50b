#include "ireneo/memo/archive_selection.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ireneo/memo/archive_file.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {

absl::StatusOr<KnownCalls> ReadKnownCalls(
    const std::vector<std::filesystem::path>& archives) {
  KnownCalls known;
  for (const std::filesystem::path& path : archives) {
    IRENEO_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveFile> archive,
                            ArchiveFile::Open(path));
    known.archives.push_back(archive->digest().ToString());
    LayerOrder order;
    for (const LayerDescriptor& layer : archive->manifest().layers) {
      if (layer.content != LayerContent::kCalls) continue;
      IRENEO_RETURN_IF_ERROR(archive->ReadCalls(
          layer, order, nullptr, [&](std::string_view text) -> absl::Status {
            IRENEO_ASSIGN_OR_RETURN(const CallLine line, ReadCallLine(text));
            known.results.emplace(line.call.key, line.call.result);
            known.blobs.insert(line.call.result);
            for (const ArgumentRecord& argument : line.call.arguments) {
              if (argument.kept) known.blobs.insert(argument.digest);
            }
            return absl::OkStatus();
          }));
    }
  }
  return known;
}

absl::StatusOr<Selection> Selection::Make(const ExportOptions& options,
                                          const MemoIndex& index) {
  Selection selection(options);
  selection.keys_.insert(options.keys.begin(), options.keys.end());
  if (options.calls.limit >= 0) {
    CallFilter filter = options.calls;
    filter.limit = -1;
    absl::flat_hash_set<Digest> newest;
    IRENEO_RETURN_IF_ERROR(index.ForEachRecord(filter, [&](CallRecord&& call) {
      if (static_cast<std::int64_t>(newest.size()) == options.calls.limit) {
        return false;
      }
      if (selection.Wants(IdentityOf(call)) && selection.Wants(call)) {
        newest.insert(call.key);
      }
      return true;
    }));
    selection.selected_ = std::move(newest);
  }
  if (options.lineage) IRENEO_RETURN_IF_ERROR(selection.AddLineage(index));
  return selection;
}

bool Selection::Wants(const FunctionIdentity& function) const {
  const CallFilter& filter = options_.calls;
  const bool named = filter.exact ? function.name == filter.function
                                  : function.name.starts_with(filter.function);
  return named &&
         (filter.version.empty() || function.version == filter.version) &&
         (options_.functions.empty() ||
          std::ranges::any_of(options_.functions,
                              [&](const std::string& prefix) {
                                return function.name.starts_with(prefix);
                              }));
}

bool Selection::Wants(const CallRecord& call) const {
  const CallFilter& filter = options_.calls;
  return call.created_at >= filter.since &&
         (!filter.result.has_value() || call.result == *filter.result) &&
         (keys_.empty() || keys_.contains(call.key));
}

absl::Status Selection::AddLineage(const MemoIndex& index) {
  absl::flat_hash_set<Digest> selected;
  std::vector<Digest> callees;
  IRENEO_RETURN_IF_ERROR(ForEach(index, [&](CallLine&& line) {
    selected.insert(line.call.key);
    callees.insert(callees.end(), line.call.callees.begin(),
                   line.call.callees.end());
    return true;
  }));
  while (!callees.empty()) {
    const Digest key = callees.back();
    callees.pop_back();
    if (selected.contains(key)) continue;
    const absl::StatusOr<CallRecord> call = index.Record(key);
    if (absl::IsNotFound(call.status())) continue;  // Forgotten.
    if (!call.ok()) return call.status();
    selected.insert(key);
    callees.insert(callees.end(), call->callees.begin(), call->callees.end());
  }
  selected_ = std::move(selected);
  return absl::OkStatus();
}

absl::Status Selection::ForEach(
    const MemoIndex& index,
    absl::FunctionRef<bool(CallLine&& line)> visit) const {
  return index.ForEachLine(
      [&](const FunctionIdentity& function) {
        return selected_.has_value() || Wants(function);
      },
      [&](CallLine&& line) {
        const bool wanted = selected_.has_value()
                                ? selected_->contains(line.call.key)
                                : Wants(line.call);
        return !wanted || visit(std::move(line));
      });
}

}  // namespace ireneo::internal
