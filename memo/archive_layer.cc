#include "ireneo/memo/archive_layer.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

constexpr std::uint64_t kTarBlock = 512;

// A larger file has a frame of its own; smaller ones share frames of this size.
constexpr std::uint64_t kLargeFile = 64 << 10;
constexpr std::uint64_t kFrame = 1 << 20;

// zstd finds nothing in most floating-point numbers. A level below zero looks
// so little that it costs no more than a copy.
constexpr int kLevel = 3;
constexpr int kFastLevel = -100;
constexpr int kSampleLevel = 1;
constexpr std::size_t kSamples = 4;
constexpr std::size_t kSampleSize = 16 << 10;
constexpr std::size_t kLeastGain = 10;  // One so many-th.

// What a reader must hold to unpack a frame: level 3 asks for 2 MiB.
constexpr int kMaxWindowLog = 23;

// Of the magic number. Other frames are of zstd before 1.0, whose readers in
// the library are as old and observe no limit of memory, or are left out
// unread.
constexpr std::byte kFirstByteOfFrame{0x28};

// Behind the end of the tar file, at most.
constexpr std::uint64_t kMaxPadding = 64 << 10;

constexpr std::size_t kOutput = 256 << 10;

}  // namespace

std::uint64_t TarSize(std::uint64_t size) {
  return kTarBlock + (size + kTarBlock - 1) / kTarBlock * kTarBlock;
}

std::string CallsFileName(std::int64_t number) {
  return absl::StrFormat("calls-%06d.jsonl", number);
}

std::string BlobFileName(const Digest& digest) {
  const std::string hex = digest.ToHex();
  return absl::StrCat("blobs/", hex.substr(0, 2), "/", hex.substr(2));
}

// ------------------------------------------------------------------- Writing

LayerWriter::LayerWriter(ByteOutput output)
    : output_(std::move(output)),
      context_(ZSTD_createCCtx()),
      sampling_(ZSTD_createCCtx()),
      tar_(
          [this](std::span<const std::byte> bytes) { return Compress(bytes); }),
      buffer_(kOutput) {}

LayerWriter::~LayerWriter() {
  ZSTD_freeCCtx(context_);
  ZSTD_freeCCtx(sampling_);
}

absl::Status LayerWriter::Pass(std::span<const std::byte> bytes) {
  written_ += bytes.size();
  return output_.Append(bytes);
}

absl::Status LayerWriter::Compress(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  in_frame_ += bytes.size();
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context_, &out, &in, ZSTD_e_continue);
    if (ZSTD_isError(left)) {
      return absl::InternalError(
          absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
    }
    IRENEO_RETURN_IF_ERROR(Pass(std::span(buffer_).first(out.pos)));
  }
  return absl::OkStatus();
}

absl::Status LayerWriter::EndFrame() {
  if (in_frame_ == 0) return absl::OkStatus();
  in_frame_ = 0;
  std::size_t left = 1;
  while (left > 0) {
    ZSTD_inBuffer in{nullptr, 0, 0};
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    left = ZSTD_compressStream2(context_, &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) {
      return absl::InternalError(
          absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
    }
    IRENEO_RETURN_IF_ERROR(Pass(std::span(buffer_).first(out.pos)));
  }
  return absl::OkStatus();
}

bool LayerWriter::Pays(std::span<const std::byte> bytes) {
  sample_.clear();
  const std::size_t step = bytes.size() / kSamples;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const std::span<const std::byte> piece =
        bytes.subspan(i * step, std::min(step, kSampleSize));
    sample_.insert(sample_.end(), piece.begin(), piece.end());
  }
  const std::size_t size =
      ZSTD_compressCCtx(sampling_, buffer_.data(), buffer_.size(),
                        sample_.data(), sample_.size(), kSampleLevel);
  return ZSTD_isError(size) ||
         size <= sample_.size() - sample_.size() / kLeastGain;
}

absl::Status LayerWriter::Add(const std::string& name,
                              std::span<const std::byte> bytes) {
  if (context_ == nullptr || sampling_ == nullptr) {
    return absl::ResourceExhaustedError("no memory for zstd");
  }
  const bool large = bytes.size() >= kLargeFile;
  if (large) IRENEO_RETURN_IF_ERROR(EndFrame());
  if (in_frame_ == 0) {
    const std::size_t set =
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel,
                               large && !Pays(bytes) ? kFastLevel : kLevel);
    if (ZSTD_isError(set)) {
      return absl::InternalError(
          absl::StrCat("zstd: ", ZSTD_getErrorName(set)));
    }
  }
  IRENEO_RETURN_IF_ERROR(tar_.Add(name, bytes));
  return large || in_frame_ >= kFrame ? EndFrame() : absl::OkStatus();
}

absl::StatusOr<OciDescriptor> LayerWriter::Finish() {
  if (in_frame_ == 0) {
    (void)ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kLevel);
  }
  IRENEO_RETURN_IF_ERROR(tar_.Finish());
  IRENEO_RETURN_IF_ERROR(EndFrame());
  IRENEO_ASSIGN_OR_RETURN(const Sha256 digest, output_.Finish());
  return OciDescriptor{.digest = digest, .size = written_};
}

// ------------------------------------------------------------------- Reading

namespace {

std::size_t ZerosAtEnd(std::span<const std::byte> bytes) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  std::size_t left = bytes.size();
  while (left >= kZeros.size() &&
         std::memcmp(bytes.data() + left - kZeros.size(), kZeros.data(),
                     kZeros.size()) == 0) {
    left -= kZeros.size();
  }
  while (left > 0 && bytes[left - 1] == std::byte{0}) --left;
  return bytes.size() - left;
}

// What a compressed layer unpacks to, and whether it is the one expected.
class UnpackedLayer final : public ByteInput {
 public:
  UnpackedLayer(ByteInput& input, const LayerDescriptor& layer,
                const LayerProgressFn& progress)
      : input_(input),
        layer_(layer),
        progress_(progress),
        context_(ZSTD_createDCtx()),
        buffer_(kOutput) {
    if (context_ == nullptr ||
        ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax,
                                            kMaxWindowLog))) {
      status_ = absl::ResourceExhaustedError("no memory for zstd");
    }
  }
  ~UnpackedLayer() override { ZSTD_freeDCtx(context_); }

  absl::StatusOr<std::span<const std::byte>> Read() override {
    IRENEO_RETURN_IF_ERROR(status_);
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !pending_) {
        absl::StatusOr<std::span<const std::byte>> more = input_.Read();
        if (!more.ok()) return status_ = more.status();
        if (more->empty()) {
          if (in_frame_) return status_ = Damaged("it is cut off");
          return std::span<const std::byte>();
        }
        if (progress_ != nullptr) {
          if (absl::Status told = progress_(more->size()); !told.ok()) {
            return status_ = told;
          }
        }
        in_ = {more->data(), more->size(), 0};
      }
      if (!in_frame_ && static_cast<const std::byte*>(in_.src)[in_.pos] !=
                            kFirstByteOfFrame) {
        return status_ = Damaged("it is not compressed as zstd 1.0 does");
      }
      const std::size_t left = ZSTD_decompressStream(context_, &out, &in_);
      if (ZSTD_isError(left)) {
        return status_ =
                   Damaged(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
      }
      in_frame_ = left != 0;
      // Not at the end of a frame: zstd would want to begin the next one.
      pending_ = in_frame_ && out.pos == out.size;
    }
    size_ += out.pos;
    if (size_ > layer_.size) {
      return status_ = Damaged(absl::StrCat("it unpacks to more than the ",
                                            layer_.size, " bytes expected"));
    }
    const auto bytes = std::span<const std::byte>(buffer_).first(out.pos);
    if (const std::size_t zeros = ZerosAtEnd(bytes); zeros < bytes.size()) {
      zeros_from_ = size_ - zeros;
    }
    return bytes;
  }

  // Behind the last file, which ends at `end`: reads what is left, and sees to
  // it that only padding follows.
  absl::Status Finish(std::uint64_t end) {
    while (size_ <= end + kMaxPadding) {
      IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, Read());
      if (bytes.empty()) break;
    }
    if (zeros_from_ > end || size_ > end + kMaxPadding) {
      return Damaged("something follows its end");
    }
    if (size_ != layer_.size) {
      return Damaged(absl::StrCat("it unpacks to ", size_,
                                  " bytes, and not to ", layer_.size));
    }
    if (input_.Finish() != layer_.blob.digest) {
      return Damaged("its SHA-256 is another one");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Damaged(absl::string_view why) const {
    return absl::DataLossError(absl::StrCat(
        "layer ", layer_.blob.digest.ToString(), " is damaged: ", why));
  }

  ReadAhead input_;
  const LayerDescriptor& layer_;
  const LayerProgressFn& progress_;
  ZSTD_DCtx* const context_;
  std::vector<std::byte> buffer_;
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  bool in_frame_ = false;
  bool pending_ = false;  // zstd may have more without more input.
  std::uint64_t size_ = 0;
  std::uint64_t zeros_from_ = 0;  // All of these bytes from there on are 0.
  absl::Status status_;
};

absl::Status Misplaced(const LayerDescriptor& layer, const std::string& name) {
  return absl::InvalidArgumentError(
      absl::StrCat("layer ", layer.blob.digest.ToString(), " has '", name,
                   "', which does not belong there, or not at that place"));
}

// Of a line of calls.
absl::Status TooLong(const LayerDescriptor& layer) {
  return absl::InvalidArgumentError(
      absl::StrCat("layer ", layer.blob.digest.ToString(),
                   " has a line of over ", kMaxCallLine, " bytes"));
}

absl::Status ReadLines(
    TarReader& file, const LayerDescriptor& layer, std::string& line,
    absl::FunctionRef<absl::Status(std::string_view line)> visit) {
  line.clear();
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes,
                            file.Read());
    if (bytes.empty()) break;
    std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                          bytes.size());
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view piece = text.substr(0, end);
      if (line.size() + piece.size() >= kMaxCallLine) return TooLong(layer);
      if (end == text.npos) {
        line += piece;
        break;
      }
      if (line.empty()) {
        IRENEO_RETURN_IF_ERROR(visit(text.substr(0, end + 1)));
      } else {
        line += text.substr(0, end + 1);
        IRENEO_RETURN_IF_ERROR(visit(line));
        line.clear();
      }
      text.remove_prefix(end + 1);
    }
  }
  if (line.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("layer ", layer.blob.digest.ToString(),
                   " has a file of calls without a newline at its end"));
}

// The digest of which that is the file.
std::optional<Digest> DigestOfName(std::string_view name) {
  constexpr std::string_view kFolder = "blobs/";
  constexpr std::size_t kSlash = kFolder.size() + 2;
  if (name.size() != kSlash + 1 + 2 * Digest::kSize - 2 ||
      !name.starts_with(kFolder) || name[kSlash] != '/') {
    return std::nullopt;
  }
  const absl::StatusOr<Digest> digest = Digest::Parse(
      absl::StrCat("xxh3:", std::string(name.substr(kFolder.size(), 2)),
                   std::string(name.substr(kSlash + 1))));
  if (!digest.ok()) return std::nullopt;
  return *digest;
}

}  // namespace

absl::Status ReadCallsLayer(
    ByteInput& input, const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(std::string_view line)> visit) {
  UnpackedLayer unpacked(input, layer, progress);
  TarReader tar(unpacked);
  TarReader::Entry entry;
  std::string line;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool found, tar.Next(entry));
    if (!found) break;
    if (entry.is_directory ||
        entry.name != CallsFileName(order.calls_files + 1)) {
      return Misplaced(layer, entry.name);
    }
    ++order.calls_files;
    IRENEO_RETURN_IF_ERROR(ReadLines(tar, layer, line, visit));
  }
  return unpacked.Finish(tar.end());
}

absl::Status ReadBlobsLayer(
    ByteInput& input, const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size,
                                   TarReader& payload)>
        visit) {
  UnpackedLayer unpacked(input, layer, progress);
  TarReader tar(unpacked);
  TarReader::Entry entry;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool found, tar.Next(entry));
    if (!found) break;
    const std::optional<Digest> digest = DigestOfName(entry.name);
    if (entry.is_directory || !digest.has_value() ||
        (order.last_blob.has_value() && *digest <= *order.last_blob)) {
      return Misplaced(layer, entry.name);
    }
    order.last_blob = *digest;
    IRENEO_RETURN_IF_ERROR(visit(*digest, entry.size, tar));
  }
  return unpacked.Finish(tar.end());
}

}  // namespace ireneo::internal
