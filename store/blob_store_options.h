#ifndef IRENEO_STORE_BLOB_STORE_OPTIONS_H_
#define IRENEO_STORE_BLOB_STORE_OPTIONS_H_

// What may be chosen when a blob store in a directory is opened. Each process
// chooses for itself: nothing of it is stored.

#include <functional>

#include "absl/status/status.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/durability.h"

namespace ireneo {

// How much is checked when a blob is read.
enum class VerifyReads {
  // The digest, of a file the first time that this process reads it in its
  // present state; of a blob that is a row always.
  kOnce,
  // The digest, every time.
  kAlways,
  // Only that as many bytes are there as were stored.
  kSize,
  // Nothing.
  kNever,
};

// What a put does if its digest is taken.
enum class DedupCheck {
  // It takes equal digests for equal bytes.
  kDigest,
  // It reads the stored bytes and compares: if both have this digest and
  // differ, it fails, and what was stored stays. For bytes from people who may
  // have made them so: XXH3 is no match for them.
  kCompareBytes,
};

struct BlobStoreOptions {
  Durability durability = Durability::kCache;
  VerifyReads verify = VerifyReads::kOnce;
  DedupCheck dedup_check = DedupCheck::kDigest;
  Compression compression = Compression::kDefault;
  // No folder is made and nothing is tidied up: for one who may only read.
  bool read_only = false;
  // Called for a blob that has a row and no file, its bytes being elsewhere:
  // puts them into the store. For Ireneo's own use.
  std::function<absl::Status(const Digest& digest)> fetch = nullptr;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_BLOB_STORE_OPTIONS_H_
