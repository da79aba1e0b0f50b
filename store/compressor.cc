#include "ireneo/store/compressor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/store/codec.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// A piece of this size is sampled where it is.
constexpr std::size_t kLargePiece = std::size_t{64} << 10;
// Smaller ones are gathered up to this.
constexpr std::size_t kGathered = std::size_t{256} << 10;
// What is looked at of a payload's start: a .npy header of few dimensions.
constexpr std::size_t kStart = 256;

// Compressing less than this takes no time; more than that says no more.
constexpr std::size_t kMinSample = std::size_t{4} << 10;
constexpr std::size_t kMaxSample = std::size_t{64} << 10;
constexpr std::size_t kPlaces = 4;

// The size of an item of a .npy file, 0 if it is one of records or the like;
// empty if `start` is not that of a .npy file.
std::optional<int> NpyItemSize(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()),
                              start.size());
  if (!text.starts_with("\x93NUMPY")) return std::nullopt;
  // 'descr': '<f8' with a sign, a letter and the number of bytes.
  constexpr std::string_view kKey = "'descr': '";
  const std::size_t key = text.find(kKey);
  if (key == std::string_view::npos) return 0;
  const std::string_view descr = text.substr(key + kKey.size());
  if (descr.size() < 3) return 0;
  int size = 0;
  std::from_chars(descr.data() + 2, descr.data() + descr.size(), size);
  return size <= Compression::kMaxElementSize ? std::max(size, 0) : 0;
}

// Places spread over `bytes`, one after the other, in step with elements of
// `element` bytes. Little enough that trying costs little next to writing.
std::vector<std::byte> Sample(std::span<const std::byte> bytes,
                              std::size_t element) {
  const std::size_t total =
      std::clamp(bytes.size() / 32, kMinSample, kMaxSample);
  if (bytes.size() <= total) return {bytes.begin(), bytes.end()};
  const std::size_t place = total / kPlaces / element * element;
  std::vector<std::byte> sample;
  sample.reserve(kPlaces * place);
  for (std::size_t i = 0; i < kPlaces; ++i) {
    const std::size_t at =
        (bytes.size() - place) / (kPlaces - 1) * i / element * element;
    sample.insert(sample.end(), bytes.begin() + at, bytes.begin() + at + place);
  }
  return sample;
}

// Whether the bytes of `sample` are as evenly spread as those of a random
// generator, so that only repetitions could be made smaller. Ten times as fast
// as to try zstd, for small payloads that are noise.
bool HasEvenBytes(std::span<const std::byte> sample) {
  constexpr std::size_t kCounted = 256;  // Of each place.
  constexpr int kExpected = kPlaces * kCounted / 256;
  const std::size_t place = sample.size() / kPlaces;
  if (place < kCounted) return false;
  std::array<std::array<std::uint16_t, 256>, kPlaces> counts = {};
  for (std::size_t i = 0; i < kCounted; ++i) {
    // Side by side: four additions to different tables wait for none.
    for (std::size_t j = 0; j < kPlaces; ++j) {
      ++counts[j][static_cast<std::uint8_t>(sample[j * place + i])];
    }
  }
  int squares = 0;
  for (std::size_t value = 0; value < 256; ++value) {
    int difference = -kExpected;
    for (const auto& count : counts) difference += count[value];
    squares += difference * difference;
  }
  const int chi_squared = squares / kExpected;
  // 255 on average; above 255 + 5 sqrt(2 * 255) once in a million times.
  return chi_squared < 368;
}

Encoding Zstd(int level) { return {.codec = BlobCodec::kZstd, .level = level}; }

// Tries encodings on one sample.
class Trial {
 public:
  explicit Trial(std::vector<std::byte> sample) : sample_(std::move(sample)) {}

  // What `encoding` leaves of the sample, as a part of one.
  double Part(const Encoding& encoding) const {
    if (sample_.empty()) return 1;
    std::size_t size = 0;
    const std::unique_ptr<Encoder> encoder =
        NewEncoder(encoding, sample_.size(), [&](std::span<const std::byte> b) {
          size += b.size();
          return absl::OkStatus();
        });
    if (!encoder->Append(sample_).ok() || !encoder->Finish().ok()) return 1;
    return static_cast<double>(size) / static_cast<double>(sample_.size());
  }

  // Later ones, which are slower, must leave less than `clearly` times as much.
  // Raw unless the best leaves at most `limit`.
  Encoding Best(std::span<const Encoding> encodings, double clearly,
                double limit) const {
    const Encoding* best = nullptr;
    double best_part = 1;
    for (const Encoding& encoding : encodings) {
      const double part = Part(encoding);
      if (part < best_part * (best == nullptr ? 1 : clearly)) {
        best = &encoding;
        best_part = part;
      }
    }
    return best != nullptr && best_part <= limit ? *best : Encoding();
  }

  // Whether no encoding will do.
  bool IsNoise() const;

 private:
  const std::vector<std::byte> sample_;
};

constexpr double kAFifth = 0.8;
constexpr double kALittle = 0.95;
constexpr double kNothing = 0.99;

Encoding Shuffled(Compression::Inner inner, int level, int element) {
  return {.codec = BlobCodec::kBlosc,
          .level = level,
          .inner = inner,
          .element_size = element};
}

bool Trial::IsNoise() const {
  return HasEvenBytes(sample_) &&
         Part(Shuffled(Compression::Inner::kLz4, 5, 1)) > kNothing;
}

// `element`: 0 if not known.
Encoding ChooseSmall(const Trial& trial, bool is_array, int element) {
  constexpr double kClearly = 0.9;
  using enum Compression::Inner;
  if (!is_array || element == 1) {
    // Text and lists, but also numbers behind one another.
    std::vector<Encoding> encodings = {Zstd(3)};
    if (element != 1) {
      encodings.push_back(Shuffled(kZstd, 1, 8));
      encodings.push_back(Shuffled(kZstd, 1, 4));
    }
    return trial.Best(encodings, kClearly, kALittle);
  }
  if (element == 0) element = 8;
  // Sparse data repeats itself from element to element: shuffling hides that.
  return trial.Best(
      {{Shuffled(kLz4, 5, element), Shuffled(kZstd, 1, element), Zstd(1)}},
      kClearly, kALittle);
}

Encoding ChooseBlosc(const Trial& trial, Compression wish, int element) {
  if (element > 0) {
    return trial.Best({{Shuffled(wish.inner(), wish.level(), element)}}, 1,
                      kALittle);
  }
  std::vector<Encoding> encodings;
  for (const int guess : {8, 4, 2, 1}) {
    encodings.push_back(Shuffled(wish.inner(), wish.level(), guess));
  }
  return trial.Best(encodings, 1, kALittle);
}

Encoding ChooseZstd(const Trial& trial, int level) {
  // The highest levels take longer for the sample than raw for the payload.
  const double part = trial.Part(Zstd(std::min(level, 3)));
  return part <= kALittle ? Zstd(level) : Encoding();
}

}  // namespace

Encoding ChooseEncoding(Compression wish, PayloadHint hint,
                        std::span<const std::byte> start,
                        std::span<const std::byte> bytes) {
  using Kind = Compression::Kind;
  if (wish.kind() == Kind::kNone) return {};
  const std::optional<int> npy = NpyItemSize(start);
  const bool is_array = hint.element_size > 0 || npy.has_value();
  if (wish.kind() == Kind::kDefault && is_array) return {};
  int element = std::clamp(hint.element_size, 0, Compression::kMaxElementSize);
  if (wish.element_size() > 0) element = wish.element_size();
  if (element == 0) element = npy.value_or(0);
  const Trial trial(
      Sample(bytes, static_cast<std::size_t>(element > 0 ? element : 8)));
  if (trial.IsNoise()) return {};
  switch (wish.kind()) {
    case Kind::kSmall:
      return ChooseSmall(trial, is_array, element);
    case Kind::kZlib:
      return trial.Best({{{.codec = BlobCodec::kZlib, .level = wish.level()}}},
                        1, kALittle);
    case Kind::kZstd:
      return ChooseZstd(trial, wish.level());
    case Kind::kBlosc:
      return ChooseBlosc(trial, wish, element);
    case Kind::kDefault:
    case Kind::kNone:
      break;
  }
  return trial.Best({{Zstd(1)}}, 1, kAFifth);
}

bool StaysRaw(Compression wish, PayloadHint hint,
              std::span<const std::byte> payload) {
  const auto start = payload.first(std::min(payload.size(), kStart));
  return ChooseEncoding(wish, hint, start, payload).codec == BlobCodec::kRaw;
}

Compressor::Compressor(Compression wish, std::uint64_t size, PayloadHint hint,
                       ByteOutput output)
    : wish_(wish), size_(size), hint_(hint), output_(std::move(output)) {}

absl::Status Compressor::Append(std::span<const std::byte> bytes) {
  if (status_.ok() && !bytes.empty()) status_ = Take(bytes);
  return status_;
}

absl::Status Compressor::Take(std::span<const std::byte> bytes) {
  if (bytes.size() > size_ - position_) {
    return absl::InvalidArgumentError(
        absl::StrCat("a payload said to have ", size_,
                     " bytes has more: its writer does "
                     "not write the same twice"));
  }
  position_ += bytes.size();
  if (encoder_ == nullptr) {
    const bool is_large = bytes.size() >= kLargePiece;
    if (!is_large) {
      gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
      if (gathered_.size() < kGathered) return absl::OkStatus();
      bytes = {};
    }
    IRENEO_RETURN_IF_ERROR(Decide(bytes));
  }
  return bytes.empty() ? absl::OkStatus() : encoder_->Append(bytes);
}

absl::Status Compressor::Finish() {
  if (status_.ok() && position_ != size_) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("a payload said to have ", size_, " bytes has only ",
                     position_, ": its writer does not write the same twice"));
  }
  if (status_.ok() && encoder_ == nullptr) status_ = Decide({});
  if (status_.ok()) status_ = encoder_->Finish();
  return status_;
}

absl::Status Compressor::Decide(std::span<const std::byte> large) {
  std::vector<std::byte> start;
  for (const std::span<const std::byte> part :
       {std::span<const std::byte>(gathered_), large}) {
    const auto first = part.first(std::min(part.size(), kStart - start.size()));
    start.insert(start.end(), first.begin(), first.end());
  }
  const Encoding encoding =
      ChooseEncoding(wish_, hint_, start, large.empty() ? gathered_ : large);
  codec_ = encoding.codec;
  encoder_ = NewEncoder(encoding, size_, std::move(output_));
  const std::vector<std::byte> gathered = std::exchange(gathered_, {});
  return gathered.empty() ? absl::OkStatus() : encoder_->Append(gathered);
}

}  // namespace ireneo
