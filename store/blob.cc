#include "ireneo/store/blob.h"

#include <cstring>
#include <new>

namespace ireneo {
namespace {

constexpr std::align_val_t kAlign{Blob::kAlignment};

}  // namespace

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
