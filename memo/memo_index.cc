#include "ireneo/memo/memo_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/json.hpp>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

// Of one argument in calls.arguments: its digest, and where its value is.
constexpr std::size_t kArgumentSize = Digest::kSize + 1;
constexpr char kNotKept = 0;
constexpr char kInBlobs = 1;
constexpr char kInCall = 2;

// The columns that ReadRecord takes, in its order.
#define IRENEO_SELECT_RECORDS                                        \
  "SELECT key, function, version, salts, argument_types, "           \
  "argument_names, result_type, arguments, result, result_size, "    \
  "elapsed, created, last_use, hits, environment, callee_versions, " \
  "environment_in_key, seed, spent, callees, argument_values FROM records "

std::string ToJson(const std::vector<std::string>& strings) {
  return json::serialize(json::array(strings.begin(), strings.end()));
}

std::string ToJson(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object[name] = value;
  return json::serialize(object);
}

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

namespace {

constexpr char kConflicts[] = R"sql(
    CREATE TABLE conflicts(
      key     BLOB NOT NULL,     -- of a call
      result  BLOB NOT NULL,     -- a digest in blobs: another result of it
      created INTEGER NOT NULL,  -- microseconds since 1970, UTC
      times   INTEGER NOT NULL,  -- how often that came out
      PRIMARY KEY(key, result)
    ) STRICT, WITHOUT ROWID;
)sql";

constexpr char kViews[] = R"sql(
    CREATE VIEW arguments AS
      SELECT key, i AS position, substr(arguments, 17 * i + 1, 16) AS digest,
             substr(arguments, 17 * i + 17, 1) <> x'00' AS kept
      FROM calls CROSS JOIN positions WHERE i < length(arguments) / 17;

    CREATE VIEW records AS
      SELECT c.key AS key, f.name AS function,
             f.version AS version, f.callees AS callee_versions,
             f.salts AS salts, f.environment AS environment_in_key,
             f.argument_types AS argument_types,
             f.argument_names AS argument_names,
             f.result_type AS result_type, c.arguments AS arguments,
             c.seed AS seed, c.result AS result,
             coalesce(b.size, 0) AS result_size, c.elapsed AS elapsed,
             c.spent AS spent, c.created AS created, c.last_use AS last_use,
             c.hits AS hits, c.callees AS callees,
             c.argument_values AS argument_values,
             e.description AS environment
      FROM calls c JOIN functions f ON f.id = c.function
                   JOIN environments e ON e.id = c.environment
                   LEFT JOIN blobs b ON b.digest = c.result;
)sql";

}  // namespace

std::string MemoIndex::Schema() {
  return absl::StrCat(R"sql(
    CREATE TABLE functions(
      id             INTEGER PRIMARY KEY,
      digest         BLOB NOT NULL UNIQUE,  -- of all that follows but names
      name           TEXT NOT NULL,
      version        TEXT NOT NULL,
      callees        TEXT NOT NULL,         -- JSON array of versions
      salts          TEXT NOT NULL,         -- JSON object
      result_type    TEXT NOT NULL,
      argument_types TEXT NOT NULL,         -- JSON array
      argument_names TEXT NOT NULL,         -- JSON array, empty if not given
      environment    TEXT NOT NULL DEFAULT '{}'  -- JSON object: what counts
    ) STRICT;

    CREATE TABLE environments(
      id          INTEGER PRIMARY KEY,
      description TEXT NOT NULL UNIQUE      -- JSON object
    ) STRICT;

    CREATE TABLE calls(
      key         BLOB PRIMARY KEY,
      function    INTEGER NOT NULL REFERENCES functions(id),
      environment INTEGER NOT NULL REFERENCES environments(id),
      arguments   BLOB NOT NULL,     -- for each: its digest, then 0, 1 if its
                                     -- value is in blobs, 2 if it is in
                                     -- argument_values: 17 bytes
      result      BLOB NOT NULL,     -- a digest in blobs
      elapsed     INTEGER NOT NULL,  -- nanoseconds to compute
      created     INTEGER NOT NULL,  -- microseconds since 1970, UTC
      last_use    INTEGER NOT NULL,  -- microseconds since 1970, UTC
      hits        INTEGER NOT NULL DEFAULT 0,
      spent       INTEGER NOT NULL DEFAULT 0,  -- nanoseconds beyond computing
      seed        INTEGER,           -- its 64 bits; NULL if it has none
      callees     BLOB NOT NULL DEFAULT x'',   -- keys of calls, 16 bytes each
      argument_values BLOB NOT NULL DEFAULT x''  -- of those marked 2: their
                                     -- size in one byte, then their bytes
    ) STRICT, WITHOUT ROWID;
    )sql",
                      kConflicts, R"sql(
    CREATE TABLE positions(i INTEGER PRIMARY KEY) STRICT;  -- 0 to 255
    INSERT INTO positions
      WITH RECURSIVE count(i) AS (
        VALUES (0) UNION ALL SELECT i + 1 FROM count WHERE i < 255)
      SELECT i FROM count;
    )sql",
                      kViews);
}

std::vector<std::string> MemoIndex::Upgrades() {
  return {absl::StrCat(R"sql(
    ALTER TABLE functions ADD COLUMN environment TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE calls ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE calls ADD COLUMN seed INTEGER;
    ALTER TABLE calls ADD COLUMN callees BLOB NOT NULL DEFAULT x'';
    ALTER TABLE calls ADD COLUMN argument_values BLOB NOT NULL DEFAULT x'';
    DROP VIEW records;
    DROP VIEW arguments;
    )sql",
                       kConflicts, kViews)};
}

absl::StatusOr<std::optional<FoundCall>> MemoIndex::Find(const Digest& key,
                                                         bool load) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT c.result, c.elapsed, b.size, b.data, c.created FROM calls c "
          "LEFT JOIN blobs b ON b.digest = c.result WHERE c.key = ?"));
  select.Bind(1, key);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::nullopt;
  FoundCall call;
  call.key = key;
  call.elapsed = absl::Nanoseconds(select.ColumnInt64(1));
  call.created = absl::FromUnixMicros(select.ColumnInt64(4));
  IRENEO_ASSIGN_OR_RETURN(call.result, select.ColumnDigest(0));
  if (select.ColumnIsNull(2)) {
    call.blob = absl::DataLossError(absl::StrCat(
        "call ", key.ToString(), " was remembered, but its result ",
        call.result.ToString(), " is no longer in the store"));
    return call;
  }
  call.result_size = static_cast<std::uint64_t>(select.ColumnInt64(2));
  if (load) {
    std::optional<std::span<const std::byte>> inline_bytes;
    if (!select.ColumnIsNull(3)) inline_bytes = select.ColumnBlob(3);
    call.blob = blobs_.Load(call.result, call.result_size, inline_bytes);
  } else {
    call.blob = Blob();
  }
  return call;
}

absl::StatusOr<bool> MemoIndex::Insert(const NewCall& call) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_ASSIGN_OR_RETURN(const bool conflict, InsertInto(call, connection));
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return conflict;
}

absl::Status MemoIndex::InsertAll(std::span<const NewCall> calls) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  // Each table in its order, so that neighbours are written together.
  std::vector<const NewCall*> sorted;
  sorted.reserve(calls.size());
  for (const NewCall& call : calls) sorted.push_back(&call);
  std::sort(sorted.begin(), sorted.end(),
            [](const NewCall* a, const NewCall* b) {
              return a->result.digest < b->result.digest;
            });
  for (const NewCall* call : sorted) {
    IRENEO_RETURN_IF_ERROR(blobs_.Commit(call->result, connection).status());
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const NewCall* a, const NewCall* b) { return a->key < b->key; });
  for (const NewCall* call : sorted) {
    IRENEO_RETURN_IF_ERROR(InsertBehindResult(*call, connection).status());
  }
  return transaction.Commit();
}

absl::StatusOr<bool> MemoIndex::InsertInto(const NewCall& call,
                                           Connection& connection) {
  IRENEO_RETURN_IF_ERROR(blobs_.Commit(call.result, connection).status());
  return InsertBehindResult(call, connection);
}

absl::StatusOr<bool> MemoIndex::InsertBehindResult(const NewCall& call,
                                                   Connection& connection) {
  for (const NewCall::Argument& argument : call.arguments) {
    if (argument.kept.has_value() && argument.kept->size > kSmallArgument) {
      IRENEO_RETURN_IF_ERROR(
          blobs_.Commit(*argument.kept, connection).status());
    }
  }
  if (call.describe_function) {
    IRENEO_RETURN_IF_ERROR(InsertFunction(call, connection));
  }
  IRENEO_ASSIGN_OR_RETURN(bool inserted, InsertCall(call, connection));
  if (!inserted && !call.describe_function) {
    // Either the key has a record, or someone removed the function's row.
    IRENEO_RETURN_IF_ERROR(InsertFunction(call, connection));
    IRENEO_ASSIGN_OR_RETURN(inserted, InsertCall(call, connection));
  }
  if (inserted) return false;
  return Replace(call, connection);
}

absl::StatusOr<bool> MemoIndex::Replace(const NewCall& call,
                                        Connection& connection) {
  Digest before;
  absl::Time created;
  std::int64_t hits = 0;
  std::int64_t spent = 0;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare(
            "SELECT result, created, hits, spent FROM calls WHERE key = ?"));
    select.Bind(1, call.key);
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return absl::InternalError(absl::StrCat(
          "index database: call ", call.key.ToString(), " was not written"));
    }
    IRENEO_ASSIGN_OR_RETURN(before, select.ColumnDigest(0));
    created = absl::FromUnixMicros(select.ColumnInt64(1));
    hits = select.ColumnInt64(2);
    spent = select.ColumnInt64(3);
  }
  const bool expired = created < call.replace_before;
  if (expired) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM calls WHERE key = ?"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, call.key).Run());
    IRENEO_RETURN_IF_ERROR(InsertCall(call, connection).status());
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare("UPDATE calls SET hits = ?, spent = spent + ? "
                           "WHERE key = ?"));
    update.Bind(1, hits).Bind(2, spent).Bind(3, call.key);
    IRENEO_RETURN_IF_ERROR(update.Run());
  }
  if (before == call.result.digest) return false;
  // Of results of different times it is no wonder, unless it was asked for.
  if (expired && call.replace_before != absl::InfiniteFuture()) return false;
  IRENEO_RETURN_IF_ERROR(CountConflict(
      call.key, expired ? before : call.result.digest, connection));
  return true;
}

absl::Status MemoIndex::CountConflict(const Digest& key, const Digest& result,
                                      Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare(
          "INSERT INTO conflicts(key, result, created, times) "
          "VALUES (?, ?, ?, 1) "
          "ON CONFLICT(key, result) DO UPDATE SET times = times + 1"));
  return insert.Bind(1, key)
      .Bind(2, result)
      .Bind(3, absl::ToUnixMicros(absl::Now()))
      .Run();
}

absl::Status MemoIndex::AddConflict(const Digest& key,
                                    const StagedBlob& result) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_RETURN_IF_ERROR(blobs_.Commit(result, connection).status());
  IRENEO_RETURN_IF_ERROR(CountConflict(key, result.digest, connection));
  return transaction.Commit();
}

absl::StatusOr<bool> MemoIndex::InsertCall(const NewCall& call,
                                           Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare(
          "INSERT OR IGNORE INTO calls(key, function, environment, arguments, "
          "result, elapsed, created, last_use, spent, seed, callees, "
          "argument_values) "
          "SELECT ?1, f.id, e.id, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11 "
          "FROM functions f, environments e "
          "WHERE f.digest = ?2 AND e.description = ?3"));
  std::string arguments;
  std::string values;
  arguments.reserve(call.arguments.size() * kArgumentSize);
  for (const NewCall::Argument& argument : call.arguments) {
    arguments.append(
        reinterpret_cast<const char*>(argument.digest.bytes().data()),
        Digest::kSize);
    if (!argument.kept.has_value()) {
      arguments.push_back(kNotKept);
    } else if (argument.kept->size > kSmallArgument) {
      arguments.push_back(kInBlobs);
    } else {
      arguments.push_back(kInCall);
      values.push_back(static_cast<char>(argument.kept->size));
      values.append(argument.kept->inline_bytes);
    }
  }
  std::string callees;
  callees.reserve(call.callees.size() * Digest::kSize);
  for (const Digest& callee : call.callees) {
    callees.append(reinterpret_cast<const char*>(callee.bytes().data()),
                   Digest::kSize);
  }
  insert.Bind(1, call.key)
      .Bind(2, call.function_digest)
      .Bind(3, call.environment)
      .Bind(4, std::as_bytes(std::span(arguments)))
      .Bind(5, call.result.digest)
      .Bind(6, absl::ToInt64Nanoseconds(call.elapsed))
      .Bind(7, absl::ToUnixMicros(call.created))
      .Bind(8, absl::ToInt64Nanoseconds(call.spent))
      .Bind(10, std::as_bytes(std::span(callees)))
      .Bind(11, std::as_bytes(std::span(values)));
  if (call.seed.has_value()) {
    insert.Bind(9, std::bit_cast<std::int64_t>(*call.seed));
  } else {
    insert.BindNull(9);
  }
  IRENEO_RETURN_IF_ERROR(insert.Run());
  return connection.changes() > 0;
}

absl::Status MemoIndex::InsertFunction(const NewCall& call,
                                       Connection& connection) {
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement insert,
        connection.Prepare("INSERT OR IGNORE INTO environments(description) "
                           "VALUES (?)"));
    insert.Bind(1, call.environment);
    IRENEO_RETURN_IF_ERROR(insert.Run());
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare(
          "INSERT INTO functions(digest, name, version, callees, salts, "
          "result_type, argument_types, argument_names, environment) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT(digest) DO UPDATE SET "
          "argument_names = excluded.argument_names "
          "WHERE argument_names <> excluded.argument_names"));
  const FunctionIdentity& function = *call.function;
  const std::string callees = ToJson(function.callees);
  const std::string salts = ToJson(function.salts);
  const std::string types = ToJson(function.argument_types);
  const std::string names = ToJson(*call.argument_names);
  const std::string environment = ToJson(function.environment);
  insert.Bind(1, call.function_digest)
      .Bind(2, std::string_view(function.name))
      .Bind(3, std::string_view(function.version))
      .Bind(4, std::string_view(callees))
      .Bind(5, std::string_view(salts))
      .Bind(6, std::string_view(function.result_type))
      .Bind(7, std::string_view(types))
      .Bind(8, std::string_view(names))
      .Bind(9, std::string_view(environment));
  return insert.Run();
}

absl::Status MemoIndex::Forget(const Digest& key) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  for (const char* sql : {"DELETE FROM calls WHERE key = ?",
                          "DELETE FROM conflicts WHERE key = ?"}) {
    IRENEO_ASSIGN_OR_RETURN(Statement remove, connection.Prepare(sql));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, key).Run());
  }
  return transaction.Commit();
}

absl::Status MemoIndex::ForgetFunction(const Digest& function_digest) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  for (const char* sql :
       {"DELETE FROM conflicts WHERE key IN (SELECT key FROM calls WHERE "
        "function = (SELECT id FROM functions WHERE digest = ?))",
        "DELETE FROM calls WHERE function = "
        "(SELECT id FROM functions WHERE digest = ?)"}) {
    IRENEO_ASSIGN_OR_RETURN(Statement remove, connection.Prepare(sql));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, function_digest).Run());
  }
  return transaction.Commit();
}

absl::Status MemoIndex::ForgetResult(const Digest& key, const Digest& result,
                                     bool lost) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement remove,
      connection.Prepare(
          "DELETE FROM calls WHERE key = ?1 AND result = ?2 AND NOT "
          "(?3 AND EXISTS (SELECT 1 FROM blobs WHERE digest = ?2))"));
  return remove.Bind(1, key).Bind(2, result).Bind(3, std::int64_t{lost}).Run();
}

absl::Status MemoIndex::AddUses(const std::vector<KeyUse>& uses,
                                IfBusy if_busy) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection, if_busy));
  for (const KeyUse& use : uses) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare("UPDATE calls SET hits = hits + ?, "
                           "spent = spent + ?, "
                           "last_use = max(last_use, ?) WHERE key = ?"));
    update.Bind(1, use.hits)
        .Bind(2, absl::ToInt64Nanoseconds(use.spent))
        .Bind(3, absl::ToUnixMicros(use.last))
        .Bind(4, use.key);
    IRENEO_RETURN_IF_ERROR(update.Run());
  }
  return transaction.Commit();
}

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
