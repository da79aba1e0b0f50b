#ifndef IRENEO_STORE_SOURCE_H_
#define IRENEO_STORE_SOURCE_H_

// What a deserializer reads: the bytes of one blob, every read bounded by what
// remains. Nothing that is read here is trusted: a size is checked before it
// is used, and left-over bytes are an error.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"

namespace ireneo {

// Reads a blob from its start, little-endian.
//
// Sticky like `Sink`: a read past the end returns zeros or an empty view and
// leaves a DataLoss status, so a deserializer checks where a decision depends
// on what it read, and its caller checks at the end. Not thread-safe.
class Source {
 public:
  explicit Source(Blob blob) : blob_(std::move(blob)) {}

  std::uint8_t ReadU8() { return ReadScalar<std::uint8_t>(); }
  std::uint32_t ReadU32() { return ReadScalar<std::uint32_t>(); }
  std::uint64_t ReadU64() { return ReadScalar<std::uint64_t>(); }

  // A scalar of the machine's representation, every bit of which is a value.
  template <typename T>
  requires std::is_trivially_copyable_v<T> T ReadScalar() {
    T value{};
    const std::span<const std::byte> bytes = ReadBytes(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  // A view of the next `size` bytes, valid while a copy of `blob()` lives.
  // Empty if fewer remain.
  std::span<const std::byte> ReadBytes(std::uint64_t size) {
    if (size > remaining() || !ok()) {
      FailTruncated(size);
      return {};
    }
    const std::span<const std::byte> bytes =
        blob_.bytes().subspan(position_, size);
    position_ += size;
    return bytes;
  }

  // What `Sink::WriteString` wrote, valid while a copy of `blob()` lives.
  std::string_view ReadString() {
    const std::span<const std::byte> bytes = ReadBytes(ReadU64());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // Skips the zero bytes that `Sink::AlignTo` wrote up to a multiple of
  // `alignment`, a power of two of at most 4096; any other byte there is
  // DataLoss, so that a value has one encoding.
  void SkipTo(std::size_t alignment);

  // Alignments count from `position()` on, as for a part of a value that was
  // written apart, instead of from the start of the blob. Returns from where
  // they counted, for `AlignFrom` behind that part.
  std::uint64_t AlignFromHere() { return AlignFrom(position_); }
  std::uint64_t AlignFrom(std::uint64_t origin) {
    return std::exchange(origin_, origin);
  }

  // The element count of a container whose elements take at least
  // `min_element_size` bytes each, at least 1. Fails instead of returning a
  // count that the remaining bytes cannot hold, so that a corrupt size never
  // drives an allocation.
  std::size_t ReadCount(std::size_t min_element_size);

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return blob_.size() - position_; }
  const Blob& blob() const { return blob_; }

  // Records `status`, which must not be OK, unless an earlier failure is kept.
  void Fail(absl::Status status);

  // Begins and ends a value that may contain others. DataLoss if there are more
  // than `kMaxValueDepth` (store/sink.h) around it.
  void Enter(int depth = 1) {
    depth_ += depth;
    if (depth_ > kMaxValueDepth) FailTooDeep();
  }
  void Leave(int depth = 1) { depth_ -= depth; }

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

  // The first failure; else DataLoss if bytes are left over; else OK.
  absl::Status Finish() const;

 private:
  void FailTruncated(std::uint64_t size);
  void FailTooDeep();

  Blob blob_;
  std::uint64_t position_ = 0;
  std::uint64_t origin_ = 0;  // Of alignments.
  int depth_ = 0;
  absl::Status status_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_SOURCE_H_
