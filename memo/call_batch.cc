#include "ireneo/memo/call_batch.h"

#include <utility>

#include "absl/time/clock.h"
#include "ireneo/store/process_id.h"

namespace ireneo::internal {
namespace {

// A batch is full when it has so many calls, when its first is so old, or when
// it gets one that took so long to compute.
constexpr std::size_t kMostCalls = 4096;
constexpr std::chrono::milliseconds kInterval{100};

// If the database stays locked for that long, calls are dropped: at the end of
// a batch, or because there are too many.
constexpr std::size_t kMostWaiting = 1 << 18;
constexpr absl::Duration kPatience = absl::Minutes(1);

}  // namespace

CallBatch::CallBatch(MemoIndex& index, const StagingBlobStore& blobs)
    : index_(index), blobs_(blobs), pid_(ProcessId()) {}

void CallBatch::DropThatOfParent() {
  if (const pid_t pid = ProcessId(); pid != pid_) {
    waiting_ = {};
    writing_ = {};
    open_ = 0;
    closing_ = 0;
    active_ = false;
    pid_ = pid;
  }
}

void CallBatch::Open() {
  const std::lock_guard lock(mutex_);
  DropThatOfParent();
  ++open_;
  active_ = true;
}

absl::Status CallBatch::Close(ConflictFn conflict) {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    DropThatOfParent();
    // From now on calls are written one by one, so that none comes too late.
    last = --open_ == 0;
    ++closing_;
  }
  const absl::Time deadline = absl::Now() + kPatience;
  absl::Status status = Flush(conflict);
  while (last && absl::IsUnavailable(status) && absl::Now() < deadline) {
    status = Flush(conflict);
  }
  const std::lock_guard lock(mutex_);
  if (--closing_ > 0 || open_ > 0) return status;
  dropped_ += static_cast<std::int64_t>(waiting_.calls.size());
  waiting_ = {};
  active_ = !writing_.calls.empty();
  return status;
}

bool CallBatch::is_open() const {
  return active_.load() && pid_ == ProcessId();
}

const NewCall* CallBatch::FindIn(const Group& group, const Digest& key) {
  const auto it = group.by_key.find(key);
  return it == group.by_key.end() ? nullptr : &group.calls[it->second];
}

CallBatch::Added CallBatch::Add(NewCall& call, bool& full) {
  full = false;
  if (!active_.load()) return Added::kNotOpen;
  const std::lock_guard lock(mutex_);
  DropThatOfParent();
  if (open_ == 0) return Added::kNotOpen;
  const auto present = [&](const NewCall* other) {
    return other != nullptr && other->created >= call.replace_before;
  };
  for (const Group* group : {&writing_, &waiting_}) {
    const NewCall* const other = FindIn(*group, call.key);
    if (!present(other)) continue;
    return other->result.digest == call.result.digest ? Added::kPresent
                                                      : Added::kConflict;
  }
  if (waiting_.calls.empty()) waiting_since_ = Clock::now();
  full = waiting_.calls.size() + 1 >= kMostCalls ||
         call.elapsed >= absl::FromChrono(kInterval) ||
         Clock::now() - waiting_since_ >= kInterval;
  const auto [it, inserted] =
      waiting_.by_key.try_emplace(call.key, waiting_.calls.size());
  if (inserted) {
    waiting_.calls.push_back(std::move(call));
  } else {
    waiting_.calls[it->second] = std::move(call);  // The one there is too old.
  }
  return Added::kYes;
}

bool CallBatch::Find(const Digest& key, absl::Time oldest,
                     absl::FunctionRef<void(const NewCall&)> use) {
  if (!active_.load()) return false;
  const std::lock_guard lock(mutex_);
  DropThatOfParent();
  for (const Group* group : {&waiting_, &writing_}) {
    const NewCall* const call = FindIn(*group, key);
    if (call == nullptr || call->created < oldest) continue;
    use(*call);
    return true;
  }
  return false;
}

absl::Status CallBatch::Flush(ConflictFn conflict) {
  if (!active_.load()) return absl::OkStatus();
  const std::lock_guard flush_lock(flush_mutex_);
  {
    const std::lock_guard lock(mutex_);
    DropThatOfParent();
    if (waiting_.calls.empty()) return absl::OkStatus();
    // It can be found in `writing_` until it is in the index.
    std::swap(waiting_, writing_);
  }
  absl::Status status = WriteGroup(conflict);
  const std::lock_guard lock(mutex_);
  Group done = std::exchange(writing_, {});
  if (absl::IsUnavailable(status)) {
    // In front of what has come meanwhile.
    std::swap(waiting_, done);
    for (NewCall& call : done.calls) {
      if (waiting_.calls.size() >= kMostWaiting) {
        ++dropped_;
        loss_.Update(status);
      } else if (waiting_.by_key.try_emplace(call.key, waiting_.calls.size())
                     .second) {
        waiting_.calls.push_back(std::move(call));
      }
    }
  }
  active_ = open_ > 0 || !waiting_.calls.empty();
  return status;
}

absl::Status CallBatch::TakeLoss() {
  const std::lock_guard lock(mutex_);
  return std::exchange(loss_, absl::OkStatus());
}

absl::Status CallBatch::WriteGroup(ConflictFn conflict) {
  absl::Status status = index_.InsertAll(writing_.calls, conflict);
  if (status.ok() || absl::IsUnavailable(status)) return status;
  // Is it one of them? The others shall not suffer for it.
  absl::Status first = absl::OkStatus();
  for (NewCall& call : writing_.calls) {
    absl::StatusOr<bool> inserted = index_.Insert(call);
    if (absl::IsAborted(inserted.status())) {
      // A blob was removed after it had been staged: that of an argument, as
      // that of the result is locked. Who finds the call meanwhile looks at its
      // result.
      DropVanished(call, blobs_);
      inserted = index_.Insert(call);
    }
    // Then all wait, those that are in the index too, which does no harm.
    if (absl::IsUnavailable(inserted.status())) return inserted.status();
    if (!inserted.ok()) {
      ++dropped_;
      first.Update(inserted.status());
      const std::lock_guard lock(mutex_);
      loss_.Update(inserted.status());
    } else if (*inserted) {
      conflict(call.key);
    }
  }
  return first;
}

}  // namespace ireneo::internal
