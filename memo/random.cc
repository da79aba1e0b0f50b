#include "ireneo/memo/random.h"

#include <cstdlib>

namespace ireneo {
namespace {

thread_local internal::RandomScope* current_scope = nullptr;

std::uint64_t SeedOfDevice() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

std::mt19937_64& Random() {
  if (current_scope == nullptr) {
    thread_local std::mt19937_64 engine(SeedOfDevice());
    return engine;
  }
  std::unique_ptr<std::mt19937_64>& engine = current_scope->engine_;
  if (engine == nullptr) {
    const std::optional<std::uint64_t>& seed = current_scope->seed_;
    if (!seed.has_value()) current_scope->misused_ = true;
    engine = std::make_unique<std::mt19937_64>(
        seed.has_value() ? *seed : SeedOfDevice());
  }
  return *engine;
}

namespace internal {

RandomScope::RandomScope(std::optional<std::uint64_t> seed)
    : seed_(seed), outer_(current_scope) {
  current_scope = this;
  if (seed.has_value()) std::srand(static_cast<unsigned>(*seed));
}

RandomScope::~RandomScope() {
  current_scope = outer_;
  if (misused_ && outer_ != nullptr) outer_->misused_ = true;
}

void RandomScope::EndOfInnerCall() {
  if (!seed_.has_value()) return;
  // A step of splitmix64, so that the sequences have nothing in common.
  std::uint64_t mixed = *seed_ + 0x9e3779b97f4a7c15 * ++inner_calls_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  std::srand(static_cast<unsigned>(mixed ^ (mixed >> 31)));
}

}  // namespace internal
}  // namespace ireneo
