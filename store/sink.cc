#include "ireneo/store/sink.h"

#include <bit>

namespace ireneo {

static_assert(std::endian::native == std::endian::little,
              "scalars are written as the machine holds them");

void Sink::WriteSlow(std::span<const std::byte> bytes) {
  if (!status_.ok()) return;
  EmptyBuffer();
  if (!status_.ok()) return;
  position_ += bytes.size();
  if (bytes.size() < kBufferSize && bytes.size() < direct_size_) {
    std::memcpy(buffer_, bytes.data(), bytes.size());
    used_ = bytes.size();
  } else {
    Append(bytes);
  }
}

void Sink::AlignTo(std::size_t alignment) {
  static constexpr std::byte kZeros[4096] = {};
  const std::size_t padding = -position_ & (alignment - 1);
  Write(std::span(kZeros, padding));
}

void Sink::FailTooDeep() {
  Fail(absl::InvalidArgumentError(
      absl::StrCat("more than ", kMaxValueDepth,
                   " values inside of one another can not be stored")));
}

void Sink::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

void Sink::EmptyBuffer() {
  if (!status_.ok() || used_ == 0) return;
  const std::size_t used = std::exchange(used_, 0);
  Append({buffer_, used});
}

Digest DigestSink::digest() const {
  if (!hasher_.has_value()) return Digest::Of(buffered());
  if (buffered().empty()) return hasher_->digest();
  Hasher rest(*hasher_);
  rest.Update(buffered());
  return rest.digest();
}

std::optional<std::span<const std::byte>> DigestSink::small_bytes() const {
  if (hasher_.has_value()) return std::nullopt;
  return buffered();
}

void DigestSink::Append(std::span<const std::byte> bytes) {
  if (!hasher_.has_value()) {
    hasher_.emplace();
    // Hashing that many bytes takes less time than to gather and hash them.
    PassThroughFrom(1024);
  }
  hasher_->Update(bytes);
}

void StringSink::Append(std::span<const std::byte> bytes) {
  dest_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace ireneo
