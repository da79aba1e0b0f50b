#include "ireneo/memo/memory_tier.h"

namespace ireneo::internal {
namespace {

// What an entry takes besides the result: the list's node, the map's slot, and
// the head of the blob.
constexpr std::uint64_t kOverhead = 256;

std::uint64_t BytesOf(const FoundCall& call) {
  return call.result_size + kOverhead;
}

}  // namespace

MemoryTier::MemoryTier(std::uint64_t capacity)
    : shard_capacity_(capacity / kShards) {}

MemoryTier::Shard& MemoryTier::ShardOf(const Digest& key) {
  return shards_[key.bytes()[0] % kShards];
}

std::optional<FoundCall> MemoryTier::Find(const Digest& key) {
  if (!is_on()) return std::nullopt;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.by_key.find(key);
  if (it == shard.by_key.end()) return std::nullopt;
  shard.calls.splice(shard.calls.begin(), shard.calls, it->second);
  return *it->second;
}

std::uint64_t MemoryTier::generation(const Digest& key) {
  if (!is_on()) return 0;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  return shard.generation;
}

void MemoryTier::Insert(const FoundCall& call, std::uint64_t generation) {
  if (call.result_size > kLargestResult || BytesOf(call) > shard_capacity_) {
    return;
  }
  Shard& shard = ShardOf(call.key);
  const std::lock_guard lock(shard.mutex);
  if (shard.generation != generation) return;
  const auto [it, inserted] = shard.by_key.try_emplace(call.key);
  if (!inserted) {
    shard.bytes -= BytesOf(*it->second);
    shard.calls.erase(it->second);
  }
  shard.calls.push_front(call);
  it->second = shard.calls.begin();
  shard.bytes += BytesOf(call);
  while (shard.bytes > shard_capacity_) {
    shard.bytes -= BytesOf(shard.calls.back());
    shard.by_key.erase(shard.calls.back().key);
    shard.calls.pop_back();
  }
}

void MemoryTier::Erase(const Digest& key) {
  if (!is_on()) return;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  ++shard.generation;
  const auto it = shard.by_key.find(key);
  if (it == shard.by_key.end()) return;
  shard.bytes -= BytesOf(*it->second);
  shard.calls.erase(it->second);
  shard.by_key.erase(it);
}

void MemoryTier::Clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    ++shard.generation;
    shard.calls.clear();
    shard.by_key.clear();
    shard.bytes = 0;
  }
}

}  // namespace ireneo::internal
