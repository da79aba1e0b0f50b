// What people ask the index: records, sums, and what a few digits stand for.

#include <array>
#include <bit>
#include <boost/json.hpp>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/memo_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

// The columns that ReadRecord takes, in its order.
#define IRENEO_SELECT_RECORDS                                        \
  "SELECT key, function, version, salts, argument_types, "           \
  "argument_names, result_type, arguments, result, result_size, "    \
  "elapsed, created, last_use, hits, environment, callee_versions, " \
  "environment_in_key, seed, spent, callees, argument_values FROM records "

absl::Status BadColumn(const char* column) {
  return absl::DataLossError(absl::StrCat("index database: functions.", column,
                                          " is not the JSON expected"));
}

absl::StatusOr<std::vector<std::string>> StringsFromJson(std::string_view text,
                                                         const char* column) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_array()) return BadColumn(column);
  std::vector<std::string> strings;
  for (const json::value& element : value.get_array()) {
    if (!element.is_string()) return BadColumn(column);
    strings.emplace_back(element.get_string());
  }
  return strings;
}

absl::StatusOr<std::map<std::string, std::string>> MapFromJson(
    std::string_view text, const char* column) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return BadColumn(column);
  std::map<std::string, std::string> strings;
  for (const auto& [name, element] : value.get_object()) {
    if (!element.is_string()) return BadColumn(column);
    strings.emplace(name, element.get_string());
  }
  return strings;
}

// The first bytes of `bytes`.
Digest DigestOf(std::span<const std::byte> bytes) {
  std::array<std::uint8_t, Digest::kSize> digest;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return Digest(digest);
}

// Takes the first of calls.argument_values.
absl::StatusOr<std::span<const std::byte>> TakeSmallValue(
    std::span<const std::byte>& values, const Digest& key) {
  const std::size_t size =
      values.empty() ? 0 : std::to_integer<std::size_t>(values.front());
  if (values.size() < 1 + size) {
    return absl::DataLossError(absl::StrCat(
        "index database: call ", key.ToString(), " has ", values.size(),
        " bytes of argument values where ", 1 + size, " are expected"));
  }
  const std::span<const std::byte> value = values.subspan(1, size);
  values = values.subspan(1 + size);
  return value;
}

// The smallest and the greatest digest whose hex form starts with `hex`.
std::optional<std::pair<Digest, Digest>> PrefixRange(std::string_view hex) {
  if (hex.empty() || hex.size() > 2 * Digest::kSize) return std::nullopt;
  std::string low = absl::StrCat("xxh3:", std::string(hex));
  std::string high = low;
  low.resize(5 + 2 * Digest::kSize, '0');
  high.resize(5 + 2 * Digest::kSize, 'f');
  const absl::StatusOr<Digest> first = Digest::Parse(low);
  const absl::StatusOr<Digest> last = Digest::Parse(high);
  if (!first.ok() || !last.ok()) return std::nullopt;
  return std::pair(*first, *last);
}

}  // namespace

absl::StatusOr<CallRecord> MemoIndex::Record(const Digest& key) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(IRENEO_SELECT_RECORDS "WHERE key = ?"));
  select.Bind(1, key);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) {
    return absl::NotFoundError(
        absl::StrCat("no call ", key.ToString(), " is remembered"));
  }
  return ReadRecord(select);
}

absl::StatusOr<std::vector<CallRecord>> MemoIndex::Records(
    const CallFilter& filter) const {
  std::vector<CallRecord> records;
  IRENEO_RETURN_IF_ERROR(ForEachRecord(filter, [&](CallRecord&& record) {
    records.push_back(std::move(record));
    return true;
  }));
  return records;
}

absl::Status MemoIndex::ForEachRecord(
    const CallFilter& filter,
    absl::FunctionRef<bool(CallRecord&&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // A prefix is compared by substr, not LIKE: names may contain % and _.
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(IRENEO_SELECT_RECORDS
                         "WHERE (function = ?1 OR (NOT ?2 AND "
                         "substr(function, 1, length(?1)) = ?1)) "
                         "AND (?3 = '' OR version = ?3) AND created >= ?4 "
                         "AND (?6 IS NULL OR result = ?6) "
                         "ORDER BY created DESC, key LIMIT ?5"));
  select.Bind(1, std::string_view(filter.function))
      .Bind(2, std::int64_t{filter.exact})
      .Bind(3, std::string_view(filter.version))
      .Bind(4, filter.since == absl::InfinitePast()
                   ? std::int64_t{0}
                   : absl::ToUnixMicros(filter.since))
      .Bind(5, filter.limit);
  if (filter.result.has_value()) {
    select.Bind(6, *filter.result);
  } else {
    select.BindNull(6);
  }
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    IRENEO_ASSIGN_OR_RETURN(CallRecord record, ReadRecord(select));
    if (!visit(std::move(record))) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<ConflictRecord>> MemoIndex::Conflicts(
    const Digest& key) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT result, created, times FROM conflicts "
                         "WHERE key = ? ORDER BY created, result"));
  select.Bind(1, key);
  std::vector<ConflictRecord> conflicts;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return conflicts;
    ConflictRecord& conflict = conflicts.emplace_back();
    conflict.key = key;
    IRENEO_ASSIGN_OR_RETURN(conflict.result, select.ColumnDigest(0));
    conflict.first_seen = absl::FromUnixMicros(select.ColumnInt64(1));
    conflict.times = select.ColumnInt64(2);
  }
}

absl::StatusOr<CallRecord> MemoIndex::ReadRecord(const Statement& select) {
  CallRecord record;
  IRENEO_ASSIGN_OR_RETURN(record.key, select.ColumnDigest(0));
  record.function = select.ColumnText(1);
  record.version = select.ColumnText(2);
  IRENEO_ASSIGN_OR_RETURN(record.salts,
                          MapFromJson(select.ColumnText(3), "salts"));
  IRENEO_ASSIGN_OR_RETURN(
      const std::vector<std::string> types,
      StringsFromJson(select.ColumnText(4), "argument_types"));
  IRENEO_ASSIGN_OR_RETURN(
      const std::vector<std::string> names,
      StringsFromJson(select.ColumnText(5), "argument_names"));
  record.result_type = select.ColumnText(6);
  const std::span<const std::byte> arguments = select.ColumnBlob(7);
  if (arguments.size() != types.size() * kArgumentSize) {
    return absl::DataLossError(
        absl::StrCat("index database: call ", record.key.ToString(), " has ",
                     arguments.size(), " bytes of arguments, expected ",
                     types.size() * kArgumentSize));
  }
  std::span<const std::byte> values = select.ColumnBlob(20);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::span<const std::byte> bytes =
        arguments.subspan(i * kArgumentSize, kArgumentSize);
    ArgumentRecord& argument = record.arguments.emplace_back();
    if (i < names.size()) argument.name = names[i];
    argument.type = types[i];
    argument.digest = DigestOf(bytes);
    const auto where = static_cast<char>(bytes[Digest::kSize]);
    argument.kept = where != kNotKept;
    if (where != kInCall) continue;
    IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> value,
                            TakeSmallValue(values, record.key));
    argument.small_value.emplace(reinterpret_cast<const char*>(value.data()),
                                 value.size());
  }
  IRENEO_ASSIGN_OR_RETURN(record.result, select.ColumnDigest(8));
  record.result_size = static_cast<std::uint64_t>(select.ColumnInt64(9));
  record.elapsed = absl::Nanoseconds(select.ColumnInt64(10));
  record.created_at = absl::FromUnixMicros(select.ColumnInt64(11));
  record.last_used_at = absl::FromUnixMicros(select.ColumnInt64(12));
  record.hits = select.ColumnInt64(13);
  record.environment = select.ColumnText(14);
  IRENEO_ASSIGN_OR_RETURN(record.callee_versions,
                          StringsFromJson(select.ColumnText(15), "callees"));
  IRENEO_ASSIGN_OR_RETURN(record.environment_in_key,
                          MapFromJson(select.ColumnText(16), "environment"));
  if (!select.ColumnIsNull(17)) {
    record.seed = std::bit_cast<std::uint64_t>(select.ColumnInt64(17));
  }
  record.spent = absl::Nanoseconds(select.ColumnInt64(18));
  const std::span<const std::byte> callees = select.ColumnBlob(19);
  if (callees.size() % Digest::kSize != 0) {
    return absl::DataLossError(absl::StrCat(
        "index database: call ", record.key.ToString(), " has ", callees.size(),
        " bytes of callees, expected a multiple of ", Digest::kSize));
  }
  for (std::size_t i = 0; i < callees.size(); i += Digest::kSize) {
    record.callees.push_back(DigestOf(callees.subspan(i)));
  }
  return record;
}

absl::StatusOr<std::vector<std::string>> MemoIndex::ResultTypes(
    std::string_view name, std::string_view version) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT result_type FROM functions "
                         "WHERE name = ? AND version = ? "
                         "GROUP BY result_type ORDER BY max(id) DESC"));
  select.Bind(1, name).Bind(2, version);
  std::vector<std::string> types;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return types;
    types.emplace_back(select.ColumnText(0));
  }
}

absl::StatusOr<std::vector<FunctionSummary>> MemoIndex::Functions() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // One row per function and version, versions in the order of their first
  // call.
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT f.name, f.version, count(*), sum(c.hits), total(c.elapsed), "
          "total(c.hits * 1.0 * c.elapsed), total(c.spent), "
          "count(*) FILTER (WHERE c.key IN (SELECT key FROM conflicts)) "
          "FROM calls c "
          "JOIN functions f ON f.id = c.function "
          "GROUP BY f.name, f.version ORDER BY f.name, min(c.created)"));
  std::vector<FunctionSummary> functions;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    const std::string_view name = select.ColumnText(0);
    if (functions.empty() || functions.back().name != name) {
      functions.emplace_back().name = name;
    }
    FunctionSummary& function = functions.back();
    function.versions.emplace_back(select.ColumnText(1));
    function.calls += select.ColumnInt64(2);
    function.hits += select.ColumnInt64(3);
    function.computed += absl::Nanoseconds(select.ColumnDouble(4));
    function.saved += absl::Nanoseconds(select.ColumnDouble(5));
    function.spent += absl::Nanoseconds(select.ColumnDouble(6));
    function.conflicts += select.ColumnInt64(7);
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement sizes,
      connection.Prepare(
          "SELECT name, sum(size) FROM (SELECT DISTINCT f.name AS name, "
          "c.result, b.size AS size FROM calls c "
          "JOIN functions f ON f.id = c.function "
          "JOIN blobs b ON b.digest = c.result) GROUP BY name"));
  absl::flat_hash_map<std::string, std::uint64_t> bytes;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, sizes.Step());
    if (!row) break;
    bytes[std::string(sizes.ColumnText(0))] =
        static_cast<std::uint64_t>(sizes.ColumnInt64(1));
  }
  for (FunctionSummary& function : functions) {
    function.bytes = bytes[function.name];
  }
  return functions;
}

absl::StatusOr<StoreStats> MemoIndex::Stats() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT (SELECT count(DISTINCT f.name) FROM functions f JOIN calls c "
          "ON c.function = f.id), count(*), coalesce(sum(c.hits), 0), "
          "total(c.elapsed), total(c.hits * 1.0 * c.elapsed), total(c.spent), "
          "count(*) FILTER (WHERE c.key IN (SELECT key FROM conflicts)), "
          "coalesce(sum(b.size), 0) + (SELECT coalesce(sum(b.size), 0) "
          "FROM arguments a JOIN blobs b ON b.digest = a.digest WHERE a.kept) "
          "FROM calls c LEFT JOIN blobs b ON b.digest = c.result"));
  StoreStats stats;
  IRENEO_RETURN_IF_ERROR(select.Step().status());
  stats.functions = select.ColumnInt64(0);
  stats.calls = select.ColumnInt64(1);
  stats.hits = select.ColumnInt64(2);
  stats.computed = absl::Nanoseconds(select.ColumnDouble(3));
  stats.saved = absl::Nanoseconds(select.ColumnDouble(4));
  stats.spent = absl::Nanoseconds(select.ColumnDouble(5));
  stats.conflicts = select.ColumnInt64(6);
  const std::int64_t referred = select.ColumnInt64(7);
  IRENEO_ASSIGN_OR_RETURN(
      Statement blobs,
      connection.Prepare(
          "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(size) FILTER "
          "(WHERE digest IN (SELECT result FROM calls) OR digest IN "
          "(SELECT digest FROM arguments WHERE kept)), 0) FROM blobs"));
  IRENEO_RETURN_IF_ERROR(blobs.Step().status());
  stats.blobs = blobs.ColumnInt64(0);
  stats.bytes = static_cast<std::uint64_t>(blobs.ColumnInt64(1));
  stats.bytes_deduplicated =
      static_cast<std::uint64_t>(referred - blobs.ColumnInt64(2));
  return stats;
}

absl::Status MemoIndex::ForEachSmallArgument(
    absl::FunctionRef<bool(const Digest&, std::span<const std::byte>)> visit)
    const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT key, arguments, argument_values FROM calls "
                         "WHERE argument_values <> x''"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    IRENEO_ASSIGN_OR_RETURN(const Digest key, select.ColumnDigest(0));
    const std::span<const std::byte> arguments = select.ColumnBlob(1);
    std::span<const std::byte> values = select.ColumnBlob(2);
    for (std::size_t i = 0; i + kArgumentSize <= arguments.size();
         i += kArgumentSize) {
      if (static_cast<char>(arguments[i + Digest::kSize]) != kInCall) continue;
      IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> value,
                              TakeSmallValue(values, key));
      if (!visit(DigestOf(arguments.subspan(i)), value)) {
        return absl::OkStatus();
      }
    }
  }
}

absl::StatusOr<Blob> MemoIndex::FindSmallArgument(const Digest& digest) const {
  std::optional<Blob> found;
  IRENEO_RETURN_IF_ERROR(ForEachSmallArgument(
      [&](const Digest& argument, std::span<const std::byte> value) {
        if (argument == digest && Digest::Of(value) == digest) {
          found = Blob::Copy(value);
        }
        return !found.has_value();
      }));
  if (found.has_value()) return *std::move(found);
  return absl::NotFoundError(
      absl::StrCat("no call has the argument ", digest.ToString()));
}

absl::StatusOr<std::vector<PrefixMatch>> MemoIndex::FindByPrefix(
    std::string_view hex, int limit) const {
  const auto range = PrefixRange(hex);
  if (!range.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(hex),
                     "' is not the start of a key or digest: "
                     "expected 1 to 32 lowercase hex digits"));
  }
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  std::vector<PrefixMatch> matches;
  for (const bool is_call : {true, false}) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare(
            is_call ? "SELECT key FROM calls WHERE key BETWEEN ? AND ? LIMIT ?"
                    : "SELECT digest FROM blobs WHERE digest BETWEEN ? AND ? "
                      "LIMIT ?"));
    select.Bind(1, range->first).Bind(2, range->second).Bind(3, limit);
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      IRENEO_ASSIGN_OR_RETURN(const Digest digest, select.ColumnDigest(0));
      matches.push_back({.digest = digest, .is_call = is_call});
    }
  }
  if (!matches.empty()) return matches;
  std::set<Digest> arguments;
  IRENEO_RETURN_IF_ERROR(ForEachSmallArgument(
      [&](const Digest& digest, std::span<const std::byte>) {
        if (digest >= range->first && digest <= range->second) {
          arguments.insert(digest);
        }
        return arguments.size() < static_cast<std::size_t>(limit);
      }));
  for (const Digest& digest : arguments) matches.push_back({.digest = digest});
  return matches;
}

}  // namespace ireneo::internal
