#include "ireneo/memo/collection_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "ireneo/store/local_blob_store.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// What a record and the row of a blob take, about, its payload apart.
constexpr double kCallRow = 320;
constexpr double kBlobRow = 60;
// What an empty index takes.
constexpr double kEmptyIndex = 96 << 10;
// Pages are two thirds full, where keys come and go at random. What they have
// free beyond that is used again, and no reason to forget more.
constexpr double kMostRowScale = 1.5;

bool IsFile(std::uint64_t size) { return size > LocalBlobStore::kInlineLimit; }

// What the payload of a small blob takes in a database of SQLite, about: the
// beginning is among the other rows, what does not fit has pages of its own,
// which are given back when it goes.
struct InlineBytes {
  explicit InlineBytes(std::uint64_t size) {
    constexpr std::uint64_t kMostAmongRows = 970;
    constexpr std::uint64_t kBeginning = 489;
    constexpr std::uint64_t kPage = 4096;
    if (size <= kMostAmongRows) {
      among_rows = static_cast<double>(size);
    } else {
      among_rows = kBeginning;
      pages =
          static_cast<double>((size - kBeginning + kPage - 1) / kPage * kPage);
    }
  }
  double among_rows = 0;
  double pages = 0;
};

}  // namespace

absl::StatusOr<CollectionPlan> CollectionPlan::Make(
    const MemoIndex& index, const BlobStore& blobs,
    const CollectOptions& options, std::uint64_t usage, absl::Time now) {
  CollectionPlan plan;
  plan.all_selected_ = options.function.empty();
  IRENEO_RETURN_IF_ERROR(
      plan.ReadBlobs(blobs, now - options.grace, now - index.SweepGrace()));
  IRENEO_ASSIGN_OR_RETURN(const std::vector<PinRecord> pins, index.Pins());
  for (const PinRecord& pin : pins) plan.pins_.insert(pin.digest);
  IRENEO_RETURN_IF_ERROR(plan.ReadCalls(index, options));
  IRENEO_RETURN_IF_ERROR(plan.ReadOthers(index));
  plan.LearnCosts(usage);
  if (options.keep_versions > 0) plan.FindOutdated(options.keep_versions);
  const std::int64_t oldest = absl::ToUnixMicros(now - options.max_age);
  for (Call& call : plan.calls_) {
    const Version& version = plan.versions_[call.function];
    if (version.selected && !call.is_pinned &&
        (version.outdated || call.last_use < oldest)) {
      plan.Forget(call);
    }
  }
  if (options.max_bytes.has_value()) plan.ForgetDownTo(options);
  return plan;
}

absl::Status CollectionPlan::ReadBlobs(const BlobStore& blobs, absl::Time old,
                                       absl::Time young) {
  bool sorted = true;
  IRENEO_RETURN_IF_ERROR(blobs.ForEach([&](const BlobInfo& info) {
    sorted = sorted && (blobs_.empty() || blobs_.back().digest < info.digest);
    blobs_.push_back(
        {.digest = info.digest,
         .stored =
             info.stored + (IsFile(info.size) ? MemoIndex::kFileOverhead : 0),
         .size = info.size,
         .is_young = info.created_at >= young,
         .is_old = info.created_at < old,
         .is_kept = false,
         .of_victims = false,
         .marked = false});
    return true;
  }));
  if (!sorted) {
    std::sort(blobs_.begin(), blobs_.end(),
              [](const Blob& a, const Blob& b) { return a.digest < b.digest; });
  }
  return absl::OkStatus();
}

std::uint32_t CollectionPlan::Find(const Digest& digest) const {
  const auto it = std::lower_bound(blobs_.begin(), blobs_.end(), digest,
                                   [](const Blob& blob, const Digest& wanted) {
                                     return blob.digest < wanted;
                                   });
  if (it == blobs_.end() || it->digest != digest) return kNone;
  return static_cast<std::uint32_t>(it - blobs_.begin());
}

absl::Status CollectionPlan::ReadCalls(const MemoIndex& index,
                                       const CollectOptions& options) {
  std::map<std::pair<std::string, std::string>, std::uint32_t> ids;
  std::uint32_t id = kNone;
  return index.ForEachUse([&](const CallUse& use) {
    if (id == kNone || versions_[id].function != use.function ||
        versions_[id].version != use.version) {
      const auto [it, added] =
          ids.try_emplace({std::string(use.function), std::string(use.version)},
                          static_cast<std::uint32_t>(versions_.size()));
      id = it->second;
      if (added) {
        versions_.push_back(
            {.function = std::string(use.function),
             .version = std::string(use.version),
             .selected = use.function.starts_with(options.function)});
      }
    }
    Version& version = versions_[id];
    ++version.calls;
    version.newest = std::max({version.newest, use.created, use.last_use});
    Call& call = calls_.emplace_back(Call{
        .key = use.key,
        .result = Find(use.result),
        .function = id,
        .first_other = static_cast<std::uint32_t>(others_.size()),
        .others = 0,
        .in_row = 0,
        .is_pinned = pins_.contains(use.key) || pins_.contains(use.result),
        .is_victim = false,
        .last_use = absl::ToUnixMicros(use.last_use),
        .seconds = static_cast<float>(absl::ToDoubleSeconds(use.elapsed))});
    if (call.result == kNone && use.result_size <= MemoIndex::kSmallValue) {
      call.in_row = static_cast<std::uint32_t>(use.result_size);
    }
    for (const Digest& other : use.others) {
      const std::uint32_t blob = Find(other);
      if (blob == kNone) continue;
      others_.push_back(blob);
      ++call.others;
    }
    ForEachBlobOf(call, [&](Blob& blob) {
      ++blob.references;
      blob.selected += version.selected;
    });
    return true;
  });
}

// What is referred to by no call but by something else: a pin, a conflict whose
// call has gone.
absl::Status CollectionPlan::ReadOthers(const MemoIndex& index) {
  IRENEO_RETURN_IF_ERROR(index.ForEachReference([&](const Digest& digest) {
    if (const std::uint32_t blob = Find(digest);
        blob != kNone && blobs_[blob].references == 0) {
      blobs_[blob].is_kept = true;
    }
  }));
  for (const Digest& pin : pins_) {
    if (const std::uint32_t blob = Find(pin); blob != kNone) {
      blobs_[blob].is_kept = true;
    }
  }
  return absl::OkStatus();
}

void CollectionPlan::ForEachBlobOf(const Call& call,
                                   absl::FunctionRef<void(Blob&)> visit) {
  if (call.result != kNone) visit(blobs_[call.result]);
  for (std::uint32_t i = 0; i < call.others; ++i) {
    visit(blobs_[others_[call.first_other + i]]);
  }
}

void CollectionPlan::FindOutdated(int keep_versions) {
  std::map<std::string, std::vector<Version*>> functions;
  for (Version& version : versions_) {
    if (version.selected) functions[version.function].push_back(&version);
  }
  for (auto& [name, versions] : functions) {
    std::sort(versions.begin(), versions.end(),
              [](const Version* a, const Version* b) {
                return std::tie(b->newest, b->version) <
                       std::tie(a->newest, a->version);
              });
    for (std::size_t i = keep_versions; i < versions.size(); ++i) {
      versions[i]->outdated = true;
    }
  }
}

void CollectionPlan::LearnCosts(std::uint64_t usage) {
  double files = 0;  // And pages.
  double rows = 0;
  for (const Call& call : calls_) rows += kCallRow + call.in_row;
  for (const Blob& blob : blobs_) {
    rows += kBlobRow;
    if (IsFile(blob.size)) {
      files += static_cast<double>(blob.stored);
    } else {
      const InlineBytes bytes(blob.size);
      files += bytes.pages;
      rows += bytes.among_rows;
    }
  }
  const double index = static_cast<double>(usage) - files - kEmptyIndex;
  if (rows > 0) row_scale_ = std::clamp(index / rows, 0.0, kMostRowScale);
  usage_ = std::min(static_cast<double>(usage),
                    files + kEmptyIndex + row_scale_ * rows);
  room_ = static_cast<double>(usage) - usage_;
  for (const Blob& blob : blobs_) {
    // Will go in any case, now or when its time of grace is over.
    if (blob.is_unused()) usage_ -= CostOf(blob);
    if (blob.selected > 0) selected_usage_ += CostOf(blob);
  }
  for (const Call& call : calls_) {
    if (versions_[call.function].selected) {
      selected_usage_ += row_scale_ * call.in_row;
    }
  }
}

double CollectionPlan::CostOf(const Blob& blob) const {
  const double row = row_scale_ * kBlobRow;
  if (IsFile(blob.size)) return row + static_cast<double>(blob.stored);
  const InlineBytes bytes(blob.size);
  return row + row_scale_ * bytes.among_rows + bytes.pages;
}

void CollectionPlan::Forget(Call& call) {
  Version& version = versions_[call.function];
  call.is_victim = true;
  ++version.victims;
  version.bytes += call.in_row;
  usage_ -= row_scale_ * (kCallRow + call.in_row);
  selected_usage_ -= row_scale_ * call.in_row;
  ForEachBlobOf(call, [&](Blob& blob) {
    --blob.references;
    blob.of_victims = true;
    // All victims are selected.
    if (--blob.selected == 0) selected_usage_ -= CostOf(blob);
    if (blob.is_unused()) {
      usage_ -= CostOf(blob);
      version.bytes += blob.size;
    }
  });
}

void CollectionPlan::ForgetDownTo(const CollectOptions& options) {
  const auto limit = static_cast<double>(*options.max_bytes);
  const double& usage = all_selected_ ? usage_ : selected_usage_;
  if (usage <= limit) return;
  // What is to go: calls with their rank, the lowest first. Only the last of
  // the calls that share a file frees it, so they have one rank.
  const bool by_cost = options.order == CollectBy::kLeastSecondsPerByte;
  std::vector<double> of_files(blobs_.size(), by_cost ? 0.0 : -1e300);
  const auto shares_file = [&](const Call& call) {
    return call.result != kNone && IsFile(blobs_[call.result].size);
  };
  for (const Call& call : calls_) {
    if (call.is_victim || !versions_[call.function].selected ||
        !shares_file(call)) {
      continue;
    }
    double& rank = of_files[call.result];
    if (by_cost) {
      rank += call.seconds;
    } else {
      rank = std::max(rank, static_cast<double>(call.last_use));
    }
  }
  struct Candidate {
    double rank;
    std::uint32_t call;
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < calls_.size(); ++i) {
    const Call& call = calls_[i];
    if (call.is_victim || call.is_pinned ||
        !versions_[call.function].selected) {
      continue;
    }
    double rank = by_cost ? call.seconds : static_cast<double>(call.last_use);
    double bytes = kCallRow + call.in_row;
    if (call.result != kNone) {
      const Blob& result = blobs_[call.result];
      if (shares_file(call)) rank = of_files[call.result];
      bytes += static_cast<double>(result.stored);
      if (static_cast<double>(result.stored) > limit) {
        rank = -std::numeric_limits<double>::infinity();
      }
    }
    if (by_cost) rank /= bytes;
    candidates.push_back({.rank = rank, .call = i});
  }
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate& a, const Candidate& b) {
              const Call& first = calls_[a.call];
              const Call& second = calls_[b.call];
              return std::tie(a.rank, first.result, first.last_use, first.key) <
                     std::tie(b.rank, second.result, second.last_use,
                              second.key);
            });
  for (const Candidate& candidate : candidates) {
    if (usage <= limit) return;
    Forget(calls_[candidate.call]);
  }
  limit_reached_ = usage <= limit;
}

std::vector<Digest> CollectionPlan::Victims() const {
  std::vector<Digest> keys;
  for (const Call& call : calls_) {
    if (call.is_victim) keys.push_back(call.key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

CollectReport CollectionPlan::Forecast() const {
  CollectReport report;
  double waiting = 0;
  for (const Blob& blob : blobs_) {
    if (!blob.is_unused()) continue;
    if (blob.is_garbage()) {
      ++report.blobs;
      report.bytes += blob.size;
    } else {
      ++report.waiting;
      waiting += CostOf(blob);
    }
  }
  report.limit_reached = limit_reached_;
  report.waiting_bytes = static_cast<std::uint64_t>(waiting);
  std::map<std::string, CollectReport::Function> functions;
  for (const Version& version : versions_) {
    CollectReport::Function& function = functions[version.function];
    function.name = version.function;
    function.calls += version.victims;
    function.kept += version.calls - version.victims;
    function.bytes += version.bytes;
    report.calls += version.victims;
  }
  for (auto& [name, function] : functions) {
    if (function.calls > 0) report.functions.push_back(std::move(function));
  }
  report.bytes_after =
      static_cast<std::uint64_t>(std::max(usage_ + room_ + waiting, 0.0));
  return report;
}

void CollectionPlan::StartMarking() {
  for (Blob& blob : blobs_) blob.marked = false;
}

void CollectionPlan::Mark(const Digest& digest) {
  if (const std::uint32_t blob = Find(digest); blob != kNone) {
    blobs_[blob].marked = true;
  }
}

std::vector<Digest> CollectionPlan::GarbageOfVictims() const {
  std::vector<Digest> garbage;
  for (const Blob& blob : blobs_) {
    if (!blob.marked && blob.of_victims && !blob.is_young) {
      garbage.push_back(blob.digest);
    }
  }
  return garbage;
}

std::vector<Digest> CollectionPlan::OldGarbage() const {
  std::vector<Digest> garbage;
  for (const Blob& blob : blobs_) {
    if (!blob.marked && !blob.of_victims && blob.is_old && !blob.is_young) {
      garbage.push_back(blob.digest);
    }
  }
  return garbage;
}

}  // namespace ireneo::internal
