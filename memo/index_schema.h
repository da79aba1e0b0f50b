#ifndef IRENEO_MEMO_INDEX_SCHEMA_H_
#define IRENEO_MEMO_INDEX_SCHEMA_H_

// The tables of the index of calls, which store/FORMAT.md explains, and what
// both who writes and who reads them must know. Internal to Ireneo.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ireneo/store/digest.h"

namespace ireneo::internal {

// Of one argument in calls.arguments: its digest, and where its value is.
inline constexpr std::size_t kArgumentSize = Digest::kSize + 1;
inline constexpr char kNotKept = 0;
inline constexpr char kInBlobs = 1;
inline constexpr char kInCall = 2;

// The digest of which `bytes` starts with.
Digest DigestOf(std::span<const std::byte> bytes);

// A list and a map of strings as they stand in columns.
std::string ToJson(const std::vector<std::string>& strings);
std::string ToJson(const std::map<std::string, std::string>& strings);

// What such columns say; `column` is for the message. Errors: DataLoss.
absl::StatusOr<std::vector<std::string>> StringsFromJson(std::string_view text,
                                                         const char* column);
absl::StatusOr<std::map<std::string, std::string>> MapFromJson(
    std::string_view text, const char* column);

// Takes the first of calls.argument_values. Errors: DataLoss if `values` is too
// short.
absl::StatusOr<std::span<const std::byte>> TakeSmallValue(
    std::span<const std::byte>& values, const Digest& key);

// SQL that makes the tables; those of the blobs are store/local_blob_store.h's.
std::string IndexSchema();

// SQL from the tables of each earlier version to those of the next.
std::vector<std::string> IndexUpgrades();

}  // namespace ireneo::internal

#endif  // IRENEO_MEMO_INDEX_SCHEMA_H_
