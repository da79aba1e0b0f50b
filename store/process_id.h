#ifndef IRENEO_STORE_PROCESS_ID_H_
#define IRENEO_STORE_PROCESS_ID_H_

// The id of this process without a system call, for code on a hot path that
// must notice that it runs in a forked child. Internal to Ireneo.

#include <sys/types.h>

#include <cstdint>

namespace ireneo {

// As getpid(); after fork(), that of the child. A child that was made by
// clone() itself, past the C library, is taken for its parent.
pid_t ProcessId();

// Changes with each fork(), in the parent and in the child: what was opened at
// another count may be shared with another process.
std::uint64_t ForkCount();

}  // namespace ireneo

#endif  // IRENEO_STORE_PROCESS_ID_H_
