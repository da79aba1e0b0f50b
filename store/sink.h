#ifndef IRENEO_STORE_SINK_H_
#define IRENEO_STORE_SINK_H_

// Where a serializer writes its bytes: a hasher, a string, a file. One `Write`
// function of a type serves them all, so what is hashed is what is stored.
//
// A sink does not promise that bytes have reached their destination before
// `Flush()` returned and `ok()` holds.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "ireneo/store/digest.h"

namespace ireneo {

// How many values may be around one another, so that a list of lists of lists
// does not exhaust the stack of whoever reads it. One of over 1 KiB counts as
// up to 16.
inline constexpr int kMaxValueDepth = 512;

// A stream of bytes, little-endian.
//
// Sticky: after the first failure every further write does nothing and
// `status()` keeps the first error, so a serializer writes without checking
// and its caller checks once, at the end.
//
// Small writes are gathered in a buffer; a large span passes through without
// a copy. Not thread-safe.
class Sink {
 public:
  static constexpr std::size_t kBufferSize = 4096;

  // The destructor does not flush: it could not report a failure.
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Appends `bytes`.
  void Write(std::span<const std::byte> bytes) {
    if (bytes.size() <= kBufferSize - used_ && bytes.size() < direct_size_ &&
        status_.ok()) {
      if (!bytes.empty()) {
        std::memcpy(buffer_ + used_, bytes.data(), bytes.size());
      }
      used_ += bytes.size();
      position_ += bytes.size();
    } else {
      WriteSlow(bytes);
    }
  }

  void WriteU8(std::uint8_t value) { WriteScalar(value); }
  void WriteU32(std::uint32_t value) { WriteScalar(value); }
  void WriteU64(std::uint64_t value) { WriteScalar(value); }

  // Writes the size as a U64, then the bytes: prefix-free, so that adjacent
  // strings cannot run into each other.
  void WriteString(std::string_view value) {
    WriteU64(value.size());
    Write(std::as_bytes(std::span(value)));
  }

  // Appends zero bytes until `position()` is a multiple of `alignment`, a
  // power of two of at most 4096.
  void AlignTo(std::size_t alignment);

  // How many bytes were written so far.
  std::uint64_t position() const { return position_; }

  // Records `status`, which must not be OK, unless an earlier failure is kept.
  void Fail(absl::Status status);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

  // Begins and ends a value that may contain others. InvalidArgument if there
  // are more than `kMaxValueDepth` around it.
  void Enter(int depth = 1) {
    depth_ += depth;
    if (depth_ > kMaxValueDepth) FailTooDeep();
  }
  void Leave(int depth = 1) { depth_ -= depth; }

  // Counts what is around `outer` as around all that is written here, for a
  // part of a value that is written apart.
  void ContinueDepthOf(const Sink& outer) { depth_ = outer.depth_; }

  // Passes what is buffered to the destination.
  virtual void Flush() { EmptyBuffer(); }

 protected:
  Sink() = default;

  // Takes the next bytes; reports trouble by `Fail`.
  virtual void Append(std::span<const std::byte> bytes) = 0;

  std::span<const std::byte> buffered() const { return {buffer_, used_}; }

  // From now on spans of `size` bytes or more pass through.
  void PassThroughFrom(std::size_t size) { direct_size_ = size; }

 private:
  template <typename T>
  void WriteScalar(T value) {
    Write(std::as_bytes(std::span(&value, 1)));
  }
  void WriteSlow(std::span<const std::byte> bytes);
  void EmptyBuffer();
  void FailTooDeep();

  std::uint64_t position_ = 0;
  int depth_ = 0;
  std::size_t used_ = 0;
  std::size_t direct_size_ = kBufferSize + 1;
  absl::Status status_;
  std::byte buffer_[kBufferSize];
};

// Hashes what is written and keeps nothing, except that the bytes of a small
// value can be had again from the buffer.
class DigestSink final : public Sink {
 public:
  DigestSink() = default;

  // The digest of all bytes written so far; more may follow.
  Digest digest() const;

  // All bytes written so far if they are at most `kBufferSize`, valid until
  // the next write.
  std::optional<std::span<const std::byte>> small_bytes() const;

  // Does nothing: there is no destination, and small bytes must stay.
  void Flush() override {}

 private:
  void Append(std::span<const std::byte> bytes) override;

  std::optional<Hasher> hasher_;  // Empty while all bytes fit the buffer.
};

// Appends to a string that the caller owns and that must outlive the sink.
class StringSink final : public Sink {
 public:
  explicit StringSink(std::string& dest) : dest_(dest) {}

 private:
  void Append(std::span<const std::byte> bytes) override;

  std::string& dest_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_SINK_H_
