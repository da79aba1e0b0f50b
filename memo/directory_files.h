#ifndef IRENEO_MEMO_DIRECTORY_FILES_H_
#define IRENEO_MEMO_DIRECTORY_FILES_H_

// What the files of a directory index are called, and what is in those of
// conflicts and pins (store/FORMAT.md, "The index as files"). Internal to
// Ireneo.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

inline constexpr char kCallsFolder[] = "calls";
inline constexpr char kConflictsFolder[] = "conflicts";
inline constexpr char kPinsFolder[] = "pins";
inline constexpr char kUsesFolder[] = "uses";

// "ab/cdef….json": where, in its folder, the file that belongs to a digest is.
std::filesystem::path ShardedName(const Digest& digest);
// Back again, from "ab" and "cdef….json"; nothing if it is no such name.
std::optional<Digest> ParseShardedName(std::string_view folder,
                                       std::string_view name);

struct ConflictName {
  Digest key;
  Digest result;
};
std::filesystem::path ConflictPath(const Digest& key, const Digest& result);
std::optional<ConflictName> ParseConflictName(std::string_view name);

// A name may have any characters, and any length, so the file has its digest.
std::filesystem::path PinPath(std::string_view name, const Digest& digest);

// Lines of sealed JSON. Errors of reading: DataLoss; of writing:
// InvalidArgument if a name is not UTF-8.
absl::StatusOr<std::string> WriteConflict(const ConflictRecord& conflict);
absl::StatusOr<ConflictRecord> ReadConflict(std::string_view text);
absl::StatusOr<std::string> WritePin(const PinRecord& pin);
absl::StatusOr<PinRecord> ReadPin(std::string_view text);

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_DIRECTORY_FILES_H_
