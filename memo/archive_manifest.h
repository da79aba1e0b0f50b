#ifndef IRENEO_MEMO_ARCHIVE_MANIFEST_H_
#define IRENEO_MEMO_ARCHIVE_MANIFEST_H_

// The JSON files of an archive: what is in it, by SHA-256. The form is an OCI
// image layout, specified in store/FORMAT.md, "Archives". Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/memo/archive_contents.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/sha256.h"

namespace ireneo::internal {

inline constexpr char kOciLayout[] = "oci-layout";
inline constexpr char kOciIndex[] = "index.json";
inline constexpr char kOciBlobs[] = "blobs/sha256/";

// No JSON file of an archive is larger: registries take no larger manifest.
inline constexpr std::size_t kMaxArchiveJson = 4 << 20;

struct OciDescriptor {
  Sha256 digest;
  std::uint64_t size = 0;  // Bytes.
};

enum class LayerContent { kCalls, kBlobs };

struct LayerDescriptor {
  OciDescriptor blob;
  LayerContent content = LayerContent::kCalls;
  std::uint64_t size = 0;   // Bytes of the tar file when it is unpacked.
  std::uint64_t count = 0;  // Of calls or blobs.
  // Keys of calls or digests of blobs, if there are some.
  std::optional<Digest> first = std::nullopt;
  std::optional<Digest> last = std::nullopt;
};

struct ArchiveManifest {
  OciDescriptor config;
  std::vector<LayerDescriptor> layers;
  std::optional<OciDescriptor> signature = std::nullopt;
};

// The text of each. Errors: InvalidArgument if a string is not UTF-8;
// ResourceExhausted if it is larger than kMaxArchiveJson.
absl::StatusOr<std::string> WriteManifest(const ArchiveManifest& manifest);
absl::StatusOr<std::string> WriteConfig(const ArchiveContents& contents);
std::string WriteOciLayout();
std::string WriteOciIndex(const OciDescriptor& manifest);

// Errors, of all that follow: DataLoss, with what is wrong; FailedPrecondition
// if a newer Ireneo wrote it, or something that is no archive of Ireneo.

absl::StatusOr<ArchiveManifest> ReadManifest(std::string_view text);
absl::StatusOr<ArchiveContents> ReadConfig(std::string_view text);
absl::Status CheckOciLayout(std::string_view text);
// The one archive that the layout has.
absl::StatusOr<OciDescriptor> ReadOciIndex(std::string_view text);

// What is signed: the manifest as it is without its signature.
absl::StatusOr<std::string> SignedText(ArchiveManifest manifest);

struct SignatureFile {
  std::string public_key;  // 32 bytes.
  std::string signature;   // 64 bytes.
};
std::string WriteSignature(const SignatureFile& signature);
absl::StatusOr<SignatureFile> ReadSignature(std::string_view text);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_MANIFEST_H_
