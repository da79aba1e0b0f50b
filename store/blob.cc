#include "ireneo/store/blob.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>

namespace ireneo {
namespace {

constexpr std::align_val_t kAlign{Blob::kAlignment};

}  // namespace

void UseHugePages(std::span<std::byte> memory) {
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t begin = (address + kHugePage - 1) & -kHugePage;
  const std::uintptr_t end = (address + memory.size()) & -kHugePage;
  if (begin < end) {
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  }
}

bool BringIn(std::span<const std::byte> memory) {
#ifdef MADV_POPULATE_READ
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t begin = address & -page;
  if (memory.empty()) return true;
  while (::madvise(reinterpret_cast<void*>(begin),
                   address + memory.size() - begin, MADV_POPULATE_READ) != 0) {
    if (errno == EINTR || errno == EAGAIN) continue;
    return errno != EFAULT && errno != EHWPOISON;
  }
#else
  (void)memory;
#endif
  return true;
}

BlobBuffer::BlobBuffer(std::size_t size) : size_(size) {
  data_ = std::shared_ptr<std::byte>(
      static_cast<std::byte*>(::operator new(size, kAlign)),
      [](std::byte* p) { ::operator delete(p, kAlign); });
}

Blob Blob::Copy(std::span<const std::byte> bytes) {
  BlobBuffer buffer(bytes.size());
  if (!bytes.empty()) {
    std::memcpy(buffer.bytes().data(), bytes.data(), bytes.size());
  }
  return std::move(buffer).Share();
}

}  // namespace ireneo
