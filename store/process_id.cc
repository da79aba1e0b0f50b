#include "ireneo/store/process_id.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

namespace ireneo {
namespace {

std::atomic<pid_t> process_id = 0;

void Refresh() { process_id.store(::getpid(), std::memory_order_relaxed); }

}  // namespace

pid_t ProcessId() {
  const pid_t id = process_id.load(std::memory_order_relaxed);
  if (id != 0) return id;
  // Once; a second handler, of a thread that comes here too, does no harm.
  if (::pthread_atfork(nullptr, nullptr, Refresh) != 0) return ::getpid();
  Refresh();
  return ::getpid();
}

}  // namespace ireneo
