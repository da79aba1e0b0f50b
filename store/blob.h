#ifndef IRENEO_STORE_BLOB_H_
#define IRENEO_STORE_BLOB_H_

// A blob in memory: immutable bytes that several owners share. What a blob
// store returns, and what zero-copy views keep alive.

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace ireneo {

// Immutable bytes with shared ownership: a read-only mapping of a file or heap
// memory.
//
// Copies share the memory; pointers into it stay valid while any copy lives,
// even after the blob was removed from its store. A mapped file that another
// program truncates meanwhile raises SIGBUS on access, as with every mapping;
// Ireneo itself never changes a stored file.
//
// Thread-safe as `std::shared_ptr` is: distinct copies may be used at once.
class Blob {
 public:
  // What `bytes().data()` of a blob that a store returned is aligned to.
  static constexpr std::size_t kAlignment = 64;

  Blob() = default;

  // `owner` keeps `bytes` valid; a null owner leaves that to the caller.
  Blob(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  // An aligned copy of `bytes` on the heap.
  static Blob Copy(std::span<const std::byte> bytes);

  std::span<const std::byte> bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

// Advises the kernel to back large memory that nobody has touched yet by huge
// pages: to touch it takes longer than to fill it, in small ones. Where that
// cannot be had, nothing is lost.
void UseHugePages(std::span<std::byte> memory);

// Whether all of `memory` can be read: of a mapped file that became shorter, or
// that is on a disk which fails, a part cannot, and touching it would kill the
// process. Brings it into memory, at less cost than touching it page by page.
// True where that cannot be asked for (Linux before 5.14).
bool BringIn(std::span<const std::byte> memory);

// Writable memory that becomes a `Blob`: filled once, then shared.
class BlobBuffer {
 public:
  explicit BlobBuffer(std::size_t size);

  std::span<std::byte> bytes() { return {data_.get(), size_}; }

  Blob Share() && {
    const std::span<const std::byte> all = bytes();  // Before the move.
    return Blob(all, std::move(data_));
  }

 private:
  std::size_t size_;
  std::shared_ptr<std::byte> data_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_BLOB_H_
