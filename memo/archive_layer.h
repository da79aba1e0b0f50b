#ifndef IRENEO_MEMO_ARCHIVE_LAYER_H_
#define IRENEO_MEMO_ARCHIVE_LAYER_H_

// The layers of an archive: tar files, compressed by zstd, of lines of calls or
// of blobs. The form is specified in store/FORMAT.md, "Archives". Internal to
// Ireneo.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/store/byte_thread.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/encoder.h"
#include "ireneo/store/sha256.h"
#include "ireneo/store/tar.h"

struct ZSTD_CCtx_s;

namespace ireneo::internal {

// Of the tar file of a layer, in bytes, unless one blob is larger: so that the
// layer has 256 MiB at most, whatever zstd makes of it.
inline constexpr std::uint64_t kMaxLayer = 255 << 20;

// Lines are gathered in files of so many bytes, unless one line is longer.
inline constexpr std::size_t kCallsFile = 4 << 20;

// Longer lines are neither written nor read.
inline constexpr std::size_t kMaxCallLine = 4 << 20;

// What a file of `size` bytes takes of a tar file.
std::uint64_t TarSize(std::uint64_t size);

// "calls-000001.jsonl", counted from 1 through all layers.
std::string CallsFileName(std::int64_t number);
// "blobs/ab/cdef…".
std::string BlobFileName(const Digest& digest);

// Writes one layer. Not thread-safe.
class LayerWriter {
 public:
  // The bytes of the layer go to `output`, in another thread.
  explicit LayerWriter(ByteOutput output);
  ~LayerWriter();
  LayerWriter(const LayerWriter&) = delete;
  LayerWriter& operator=(const LayerWriter&) = delete;

  absl::Status Add(const std::string& name, std::span<const std::byte> bytes);

  // Bytes of the tar file so far.
  std::uint64_t size() const { return size_; }

  // To be called once, at the end: what the layer is called.
  absl::StatusOr<OciDescriptor> Finish();

 private:
  absl::Status Compress(std::span<const std::byte> bytes);
  absl::Status EndFrame();
  absl::Status Pass(std::span<const std::byte> bytes);
  // Whether zstd makes less of the bytes, judged by a sample.
  bool Pays(std::span<const std::byte> bytes);

  WriteBehind output_;
  ZSTD_CCtx_s* const context_;
  ZSTD_CCtx_s* const sampling_;
  TarWriter tar_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> sample_;
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;   // Compressed.
  std::uint64_t in_frame_ = 0;  // Not compressed.
};

// What must hold from one layer to the next.
struct LayerOrder {
  std::int64_t calls_files = 0;
  std::optional<Digest> last_key = std::nullopt;
  std::optional<Digest> last_blob = std::nullopt;
};

// Called with the size of each piece that was read; an error ends the reading.
using LayerProgressFn = std::function<absl::Status(std::uint64_t bytes)>;

// Read one layer, its compressed bytes from `input` in another thread, and
// check all of it but the payloads and lines themselves, which `visit` is given
// as they come: the SHA-256 is known to be right only when this returns OK.
//
// Errors: DataLoss if it is damaged; InvalidArgument if there is something in
// it that does not belong there, twice or in the wrong place; those of `visit`.

// `visit` checks that keys ascend.
absl::Status ReadCallsLayer(
    ByteInput& input, const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(std::string_view line)> visit);

// `visit` may read `payload`, which has `size` bytes, or leave it.
absl::Status ReadBlobsLayer(
    ByteInput& input, const LayerDescriptor& layer, LayerOrder& order,
    const LayerProgressFn& progress,
    absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size,
                                   TarReader& payload)>
        visit);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_LAYER_H_
