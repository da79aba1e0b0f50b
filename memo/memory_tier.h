#ifndef IRENEO_MEMO_MEMORY_TIER_H_
#define IRENEO_MEMO_MEMORY_TIER_H_

// The results that a process used last, in front of the index: a bounded cache
// from keys to the bytes of small results. Internal to Ireneo.
//
// It never has what this process forgot. What another process forgets or
// replaces, it may serve until it is evicted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// Thread-safe.
class MemoryTier {
 public:
  // Results of more bytes are left to the page cache.
  static constexpr std::uint64_t kLargestResult = 64 << 10;

  // `capacity` in bytes, what the cache itself takes included; 0 turns it off.
  explicit MemoryTier(std::uint64_t capacity);
  MemoryTier(const MemoryTier&) = delete;
  MemoryTier& operator=(const MemoryTier&) = delete;

  bool is_on() const { return shard_capacity_ > 0; }

  // What is remembered of `key`, with its bytes.
  std::optional<FoundCall> Find(const Digest& key);

  // To be asked before the index is, for `Insert`.
  std::uint64_t generation(const Digest& key);

  // Adds what was found in the index, unless something was erased since
  // `generation` was asked: it may have been this.
  void Insert(const FoundCall& call, std::uint64_t generation);

  void Erase(const Digest& key);
  void Clear();

 private:
  struct Shard {
    std::mutex mutex;
    std::list<FoundCall> calls;  // The last used first.
    absl::flat_hash_map<Digest, std::list<FoundCall>::iterator> by_key;
    std::uint64_t bytes = 0;
    std::uint64_t generation = 0;  // How often something was erased.
  };

  Shard& ShardOf(const Digest& key);

  static constexpr std::size_t kShards = 16;

  const std::uint64_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_MEMORY_TIER_H_
