#ifndef IRENEO_MEMO_ARCHIVE_READING_H_
#define IRENEO_MEMO_ARCHIVE_READING_H_

// Reads all of an archive and believes none of it. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "ireneo/memo/archive_contents.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/record_json.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// Visits all calls and blobs, each of which is right in itself: its key, its
// digest. `size` of a call is that of its text. What a blob's size is is told
// before it is read, and then its bytes, before it is known whether they have
// that digest: `offset` is that of the first. When this returns OK, the archive
// is what its manifest says: every SHA-256, all counts. Errors: as
// ImportArchive; those of the visits.
absl::Status ReadArchive(
    const ArchiveFile& archive, const ArchiveProgressFn& progress,
    absl::FunctionRef<absl::Status(CallLine&& line, std::uint64_t size)>
        visit_call,
    absl::FunctionRef<absl::Status(const Digest& digest, std::uint64_t size)>
        visit_blob,
    absl::FunctionRef<void(std::uint64_t offset,
                           std::span<const std::byte> bytes)>
        visit_bytes = [](std::uint64_t, std::span<const std::byte>) {});

// The same for the calls alone.
absl::Status ReadArchiveCalls(
    const ArchiveFile& archive, const ArchiveProgressFn& progress,
    absl::FunctionRef<absl::Status(CallLine&& line, std::uint64_t size)> visit);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_ARCHIVE_READING_H_
