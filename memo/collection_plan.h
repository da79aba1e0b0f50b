#ifndef IRENEO_MEMO_COLLECTION_PLAN_H_
#define IRENEO_MEMO_COLLECTION_PLAN_H_

// Which calls a collection forgets, and what is garbage then. Internal to
// Ireneo.
//
// A plan is made from what the index says at one time, and takes some 80 bytes
// for a call and 40 for a blob. What it says of garbage is a forecast: others
// go on to remember calls. The collector marks what is referred to again before
// it removes anything.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ireneo/memo/collection.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// Thread-compatible.
class CollectionPlan {
 public:
  // Reads the store. `usage` is the disk's, in bytes.
  static absl::StatusOr<CollectionPlan> Make(const MemoIndex& index,
                                             const BlobStore& blobs,
                                             const CollectOptions& options,
                                             std::uint64_t usage,
                                             absl::Time now);

  // The keys of the calls to forget, in ascending order.
  std::vector<Digest> Victims() const;

  // What goes, if nothing changes meanwhile.
  CollectReport Forecast() const;

  // To be repeated for each blob that is referred to when all victims are
  // forgotten, behind `StartMarking`.
  void StartMarking();
  void Mark(const Digest& digest);
  // What was not marked: results and others of victims,
  std::vector<Digest> GarbageOfVictims() const;
  // and what nothing referred to before, and is old.
  std::vector<Digest> OldGarbage() const;

 private:
  // What the plan knows of a blob.
  struct Blob {
    Digest digest;
    std::uint64_t stored;  // Bytes of disk.
    std::uint64_t size : 57;
    std::uint64_t is_young : 1;    // Within that of all blobs,
    std::uint64_t is_old : 1;      // and past its time of grace.
    std::uint64_t is_kept : 1;     // By something else than a call.
    std::uint64_t of_victims : 1;  // Was referred to by a victim.
    std::uint64_t marked : 1;
    std::uint32_t references = 0;  // By calls that stay.
    std::uint32_t selected = 0;    // Of these, calls that the criteria are for.

    bool is_unused() const { return references == 0 && !is_kept; }
    bool is_garbage() const {
      return is_unused() && !is_young && (of_victims || is_old);
    }
  };
  struct Call {
    Digest key;
    std::uint32_t result;  // Into `blobs_`, or kNone.
    std::uint32_t function;
    std::uint32_t first_other;  // Into `others_`.
    std::uint32_t others : 22;
    std::uint32_t in_row : 8;  // Bytes of a result that is no blob.
    std::uint32_t is_pinned : 1;
    std::uint32_t is_victim : 1;
    std::int64_t last_use;  // Microseconds since 1970.
    float seconds;          // To compute it.
  };
  // One version of a function.
  struct Version {
    std::string function;
    std::string version;
    bool selected = false;                     // The criteria are for it.
    bool outdated = false;                     // By `keep_versions`.
    absl::Time newest = absl::InfinitePast();  // When it was called last.
    std::int64_t calls = 0;
    std::int64_t victims = 0;
    std::uint64_t bytes = 0;  // Of the values that go with them.
  };

  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  CollectionPlan() = default;

  // Those put before `old` are old, those put since `young` are young.
  absl::Status ReadBlobs(const BlobStore& blobs, absl::Time old,
                         absl::Time young);
  absl::Status ReadCalls(const MemoIndex& index, const CollectOptions& options);
  absl::Status ReadOthers(const MemoIndex& index);
  std::uint32_t Find(const Digest& digest) const;
  void ForEachBlobOf(const Call& call, absl::FunctionRef<void(Blob&)> visit);

  void FindOutdated(int keep_versions);
  // How many bytes of disk a call and a blob take, beyond the payload that is a
  // file: learnt from `usage`.
  void LearnCosts(std::uint64_t usage);
  double CostOf(const Blob& blob) const;
  void Forget(Call& call);
  void ForgetDownTo(const CollectOptions& options);

  std::vector<Blob> blobs_;  // By digest.
  std::deque<Call> calls_;
  std::vector<std::uint32_t> others_;  // Into `blobs_`.
  std::vector<Version> versions_;
  absl::flat_hash_set<Digest> pins_;
  bool all_selected_ = true;
  bool limit_reached_ = true;
  double usage_ = 0;           // Of the disk, as far as it is planned,
  double room_ = 0;            // but for what is free in the index.
  double selected_usage_ = 0;  // By calls that the criteria are for.
  double row_scale_ = 1;       // Bytes of disk for one in a row.
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_COLLECTION_PLAN_H_
