#include "ireneo/store/process_id.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

namespace ireneo {
namespace {

std::atomic<pid_t> process_id = 0;
std::atomic<std::uint64_t> fork_count = 0;

void CountFork() { fork_count.fetch_add(1); }

void EnterChild() {
  process_id.store(::getpid(), std::memory_order_relaxed);
  CountFork();
}

}  // namespace

pid_t ProcessId() {
  const pid_t id = process_id.load(std::memory_order_relaxed);
  if (id != 0) return id;
  // Once; a second pair of handlers, of a thread that comes here too, does no
  // harm.
  if (::pthread_atfork(nullptr, CountFork, EnterChild) != 0) return ::getpid();
  process_id.store(::getpid(), std::memory_order_relaxed);
  return ::getpid();
}

std::uint64_t ForkCount() {
  (void)ProcessId();
  const bool counted = process_id.load(std::memory_order_relaxed) != 0;
  return counted ? fork_count.load() : fork_count.fetch_add(1);
}

}  // namespace ireneo
