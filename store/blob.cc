#include "ireneo/store/blob.h"

#include <sys/mman.h>

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
