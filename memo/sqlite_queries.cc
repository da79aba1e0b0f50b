// What people ask the index: records, sums, and what a few digits stand for.

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/index_recovery.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

// The columns that ReadRecord takes, in its order.
#define IRENEO_SELECT_RECORDS                                        \
  "SELECT key, function, version, salts, argument_types, "           \
  "argument_names, result_type, arguments, result, result_size, "    \
  "elapsed, created, last_use, hits, environment, callee_versions, " \
  "environment_in_key, seed, spent, callees, argument_values, "      \
  "result_value FROM records "

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

absl::StatusOr<CallRecord> SqliteIndex::Record(const Digest& key) const {
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

absl::Status SqliteIndex::ForEachRecord(
    const CallFilter& filter,
    absl::FunctionRef<bool(CallRecord&&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // A prefix is compared by substr, not LIKE: names may contain % and _.
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(IRENEO_SELECT_RECORDS
                         // All of which calls_by_function tells, so that rows
                         // are read of the calls that are asked for alone.
                         "WHERE key IN (SELECT c.key FROM functions f "
                         "JOIN calls c ON c.function = f.id "
                         "WHERE (f.name = ?1 OR (NOT ?2 AND "
                         "substr(f.name, 1, length(?1)) = ?1)) "
                         "AND (?3 = '' OR f.version = ?3) AND c.created >= ?4 "
                         "AND (?6 IS NULL OR c.result = ?6) "
                         "ORDER BY c.created DESC, c.key LIMIT ?5) "
                         "ORDER BY created DESC, key"));
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

absl::StatusOr<std::vector<ConflictRecord>> SqliteIndex::Conflicts(
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

absl::StatusOr<CallRecord> SqliteIndex::ReadRecord(const Statement& select) {
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
  if (!select.ColumnIsNull(21)) {
    const std::span<const std::byte> value = select.ColumnBlob(21);
    record.small_result.emplace(reinterpret_cast<const char*>(value.data()),
                                value.size());
  }
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

absl::StatusOr<std::vector<std::string>> SqliteIndex::ResultTypes(
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

absl::StatusOr<std::vector<FunctionSummary>> SqliteIndex::Functions() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // In one state of the database.
  IRENEO_ASSIGN_OR_RETURN(ReadTransaction transaction,
                          ReadTransaction::Begin(connection));
  // What is known of the calls of one identity.
  struct Sums {
    std::int64_t calls = 0;
    std::int64_t hits = 0;
    std::int64_t conflicts = 0;
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    double elapsed = 0;  // Nanoseconds, like the others.
    double saved = 0;
    double spent = 0;
  };
  struct Identity {
    std::string name;
    std::string version;
    Sums sums;
  };
  std::map<std::int64_t, Identity> identities;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT id, name, version FROM functions"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      identities[select.ColumnInt64(0)] = {
          .name = std::string(select.ColumnText(1)),
          .version = std::string(select.ColumnText(2)),
          .sums = {}};
    }
  }
  // The results of all identities of a name, with their sizes.
  std::map<std::string, absl::flat_hash_map<Digest, std::uint64_t>> results;
  {
    // Answered by calls_by_function alone, in its order.
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT function, created, elapsed, spent, result, "
                           "result_size FROM calls ORDER BY function"));
    Sums* sums = nullptr;
    absl::flat_hash_map<Digest, std::uint64_t>* sizes = nullptr;
    std::optional<std::int64_t> last;
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      if (const std::int64_t id = select.ColumnInt64(0); id != last) {
        Identity& identity = identities[id];
        sums = &identity.sums;
        sizes = &results[identity.name];
        last = id;
        sums->first = select.ColumnInt64(1);
      }
      ++sums->calls;
      sums->elapsed += static_cast<double>(select.ColumnInt64(2));
      sums->spent += static_cast<double>(select.ColumnInt64(3));
      IRENEO_ASSIGN_OR_RETURN(const Digest result, select.ColumnDigest(4));
      sizes->try_emplace(result,
                         static_cast<std::uint64_t>(select.ColumnInt64(5)));
    }
  }
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT function, sum(hits), "
                           "total(hits * 1.0 * elapsed), total(spent) "
                           "FROM uses GROUP BY function"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      Sums& sums = identities[select.ColumnInt64(0)].sums;
      sums.hits = select.ColumnInt64(1);
      sums.saved = select.ColumnDouble(2);
      sums.spent += select.ColumnDouble(3);
    }
  }
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT c.function, count(DISTINCT c.key) "
                           "FROM conflicts o JOIN calls c ON c.key = o.key "
                           "GROUP BY c.function"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      identities[select.ColumnInt64(0)].sums.conflicts = select.ColumnInt64(1);
    }
  }
  // By name, then versions in the order of their first call.
  std::vector<const Identity*> sorted;
  for (const auto& [id, identity] : identities) {
    if (identity.sums.calls > 0) sorted.push_back(&identity);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Identity* a, const Identity* b) {
              return std::tie(a->name, a->sums.first, a->version) <
                     std::tie(b->name, b->sums.first, b->version);
            });
  std::vector<FunctionSummary> functions;
  for (const Identity* identity : sorted) {
    if (functions.empty() || functions.back().name != identity->name) {
      FunctionSummary& added = functions.emplace_back();
      added.name = identity->name;
      for (const auto& [result, size] : results[identity->name]) {
        added.bytes += size;
      }
    }
    FunctionSummary& function = functions.back();
    if (std::find(function.versions.begin(), function.versions.end(),
                  identity->version) == function.versions.end()) {
      function.versions.push_back(identity->version);
    }
    function.calls += identity->sums.calls;
    function.hits += identity->sums.hits;
    function.computed += absl::Nanoseconds(identity->sums.elapsed);
    function.saved += absl::Nanoseconds(identity->sums.saved);
    function.spent += absl::Nanoseconds(identity->sums.spent);
    function.conflicts += identity->sums.conflicts;
  }
  return functions;
}

absl::StatusOr<StoreStats> SqliteIndex::Stats() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(ReadTransaction transaction,
                          ReadTransaction::Begin(connection));
  StoreStats stats;
  std::uint64_t referred = 0;
  {
    // Each sum reads one index or table, the calls by calls_by_function.
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare(
            "SELECT count(DISTINCT name), sum(calls), total(elapsed), "
            "total(spent), coalesce(sum(bytes), 0) FROM (SELECT function, "
            "count(*) AS calls, total(elapsed) AS elapsed, "
            "total(spent) AS spent, sum(iif(result_size > 255, "
            // Smaller ones are no blobs.
            "result_size, 0) + kept_size) AS bytes "
            "FROM calls GROUP BY function) JOIN functions ON id = function"));
    IRENEO_RETURN_IF_ERROR(select.Step().status());
    stats.functions = select.ColumnInt64(0);
    stats.calls = select.ColumnInt64(1);
    stats.computed = absl::Nanoseconds(select.ColumnDouble(2));
    stats.spent = absl::Nanoseconds(select.ColumnDouble(3));
    referred = static_cast<std::uint64_t>(select.ColumnInt64(4));
  }
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT coalesce(sum(hits), 0), "
                           "total(hits * 1.0 * elapsed), total(spent) "
                           "FROM uses"));
    IRENEO_RETURN_IF_ERROR(select.Step().status());
    stats.hits = select.ColumnInt64(0);
    stats.saved = absl::Nanoseconds(select.ColumnDouble(1));
    stats.spent += absl::Nanoseconds(select.ColumnDouble(2));
  }
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT count(DISTINCT c.key) FROM conflicts o "
                           "JOIN calls c ON c.key = o.key"));
    IRENEO_RETURN_IF_ERROR(select.Step().status());
    stats.conflicts = select.ColumnInt64(0);
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT count(*), coalesce(sum(size), 0), "
                         "(SELECT stored - size FROM blob_files) "
                         "FROM blobs"));
  IRENEO_RETURN_IF_ERROR(select.Step().status());
  stats.blobs = select.ColumnInt64(0);
  stats.bytes = static_cast<std::uint64_t>(select.ColumnInt64(1));
  stats.bytes_stored =
      stats.bytes + static_cast<std::uint64_t>(select.ColumnInt64(2));
  stats.bytes_deduplicated =
      referred > stats.bytes ? referred - stats.bytes : 0;
  return stats;
}

absl::Status SqliteIndex::ForEachSmallValue(SmallValueFn visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT key, arguments, argument_values, result, "
                         "result_value FROM calls WHERE argument_values <> x'' "
                         "OR result_value IS NOT NULL"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    IRENEO_ASSIGN_OR_RETURN(const Digest key, select.ColumnDigest(0));
    if (!select.ColumnIsNull(4)) {
      IRENEO_ASSIGN_OR_RETURN(const Digest result, select.ColumnDigest(3));
      if (!visit(key, result, select.ColumnBlob(4))) return absl::OkStatus();
    }
    const std::span<const std::byte> arguments = select.ColumnBlob(1);
    std::span<const std::byte> values = select.ColumnBlob(2);
    for (std::size_t i = 0; i + kArgumentSize <= arguments.size();
         i += kArgumentSize) {
      if (static_cast<char>(arguments[i + Digest::kSize]) != kInCall) continue;
      IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> value,
                              TakeSmallValue(values, key));
      if (!visit(key, DigestOf(arguments.subspan(i)), value)) {
        return absl::OkStatus();
      }
    }
  }
}

absl::StatusOr<Blob> SqliteIndex::FindSmallValue(const Digest& digest) const {
  std::optional<Blob> found;
  IRENEO_RETURN_IF_ERROR(
      ForEachSmallValue([&](const Digest&, const Digest& argument,
                            std::span<const std::byte> value) {
        if (argument == digest && Digest::Of(value) == digest) {
          found = Blob::Copy(value);
        }
        return !found.has_value();
      }));
  if (found.has_value()) return *std::move(found);
  return absl::NotFoundError(
      absl::StrCat("no call has the value ", digest.ToString()));
}

absl::StatusOr<std::vector<PrefixMatch>> SqliteIndex::FindByPrefix(
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
  {
    // By calls_by_function alone.
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT DISTINCT result FROM calls "
                           // Larger ones are blobs.
                           "WHERE result BETWEEN ? AND ? "
                           "AND result_size <= 255 LIMIT ?"));
    select.Bind(1, range->first).Bind(2, range->second).Bind(3, limit);
    auto digests =
        std::count_if(matches.begin(), matches.end(),
                      [](const PrefixMatch& match) { return !match.is_call; });
    while (digests < limit) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      IRENEO_ASSIGN_OR_RETURN(const Digest result, select.ColumnDigest(0));
      if (std::none_of(matches.begin(), matches.end(),
                       [&](const PrefixMatch& match) {
                         return !match.is_call && match.digest == result;
                       })) {
        matches.push_back({.digest = result, .is_call = false});
        ++digests;
      }
    }
  }
  if (!matches.empty()) return matches;
  std::set<Digest> values;
  IRENEO_RETURN_IF_ERROR(ForEachSmallValue(
      [&](const Digest&, const Digest& digest, std::span<const std::byte>) {
        if (digest >= range->first && digest <= range->second) {
          values.insert(digest);
        }
        return values.size() < static_cast<std::size_t>(limit);
      }));
  for (const Digest& digest : values) matches.push_back({.digest = digest});
  return matches;
}

absl::StatusOr<std::vector<Digest>> SqliteIndex::WithBadValues() const {
  std::vector<Digest> bad;
  IRENEO_RETURN_IF_ERROR(
      ForEachSmallValue([&](const Digest& key, const Digest& digest,
                            std::span<const std::byte> value) {
        if (Digest::Of(value) != digest && (bad.empty() || bad.back() != key)) {
          bad.push_back(key);
        }
        return true;
      }));
  return bad;
}

absl::Status SqliteIndex::Check() {
  if (absl::Status status = CheckIndex(database_); !status.ok()) {
    if (!absl::IsDataLoss(status)) return status;
    database_.NoteDamage();
    return absl::DataLossError(absl::StrCat(
        status.message(),
        ": the next program that opens the store goes back to the newest "
        "snapshot of the index, or to an empty one if there is none. What is "
        "remembered here and not there is computed anew"));
  }
  // Of what no check of SQLite's can know.
  IRENEO_ASSIGN_OR_RETURN(const std::vector<Digest> bad, WithBadValues());
  if (bad.empty()) return absl::OkStatus();
  // In a store that may only be read they stay, and are found out when they
  // are read.
  (void)Forget(bad);
  return absl::DataLossError(absl::StrCat(
      database_.path().native(), ": ", bad.size(),
      bad.size() == 1 ? " call has" : " calls have",
      " a small result or argument that is damaged, and is forgotten: it is "
      "computed anew"));
}

}  // namespace ireneo::internal
