// What calls need of the index: to find, to insert, to forget. What people ask
// is in memo/sqlite_queries.cc.

#include "ireneo/memo/sqlite_index.h"

#include <algorithm>
#include <bit>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// Whether it stands in the row of its call.
bool IsSmall(const StagedBlob& value) {
  return value.size <= MemoIndex::kSmallValue &&
         value.inline_bytes.size() == value.size;
}

}  // namespace

absl::StatusOr<std::optional<FoundCall>> SqliteIndex::Find(const Digest& key,
                                                           bool load) const {
  std::optional<BlobPlace> file;
  IRENEO_ASSIGN_OR_RETURN(std::optional<FoundCall> call,
                          FindRow(key, load, file));
  // Not while a statement is at the row: SQLite's log could not begin anew.
  if (file.has_value()) call->blob = blobs_.Load(call->result, *file);
  return call;
}

absl::StatusOr<std::optional<FoundCall>> SqliteIndex::FindRow(
    const Digest& key, bool load, std::optional<BlobPlace>& file) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT c.result, c.elapsed, b.size, b.data, b.codec, b.stored, "
          "c.created, c.result_size, c.result_value, c.key, b.digest "
          "FROM calls c "
          // No look at `blobs` for a result that is here.
          "LEFT JOIN blobs b "
          "ON b.digest = iif(c.result_value IS NULL, c.result, NULL) "
          "WHERE c.key = ?"));
  select.Bind(1, key);
  IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return std::nullopt;
  // SQLite takes a row whose header is damaged for equal to any key.
  if (const absl::StatusOr<Digest> its_key = select.ColumnDigest(9);
      !its_key.ok() || *its_key != key) {
    database_.NoteDamage();
    return absl::DataLossError(absl::StrCat("index database: the row of call ",
                                            key.ToString(), " is damaged"));
  }
  FoundCall call;
  call.key = key;
  call.elapsed = absl::Nanoseconds(select.ColumnInt64(1));
  call.created = absl::FromUnixMicros(select.ColumnInt64(6));
  if (absl::StatusOr<Digest> result = select.ColumnDigest(0); result.ok()) {
    call.result = *result;
  } else {
    // It names nothing, and no check of the database finds that.
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM calls WHERE key = ?"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, key).Run());
    return std::nullopt;
  }
  if (!select.ColumnIsNull(8)) {
    call.result_size = static_cast<std::uint64_t>(select.ColumnInt64(7));
    call.blob =
        load ? blobs_.Load(call.result, {.size = call.result_size,
                                         .inline_bytes = select.ColumnBlob(8)})
             : Blob();
    return call;
  }
  if (select.ColumnIsNull(2)) {
    call.blob = absl::DataLossError(absl::StrCat(
        "call ", key.ToString(), " was remembered, but its result ",
        call.result.ToString(), " is no longer in the store"));
    return call;
  }
  if (const absl::StatusOr<Digest> its_digest = select.ColumnDigest(10);
      !its_digest.ok() || *its_digest != call.result) {
    database_.NoteDamage();
    call.blob = absl::DataLossError(
        absl::StrCat("index database: the row of blob ", call.result.ToString(),
                     " is damaged"));
    return call;
  }
  call.result_size = static_cast<std::uint64_t>(select.ColumnInt64(2));
  if (!load) {
    call.blob = Blob();
    return call;
  }
  const absl::StatusOr<BlobPlace> place = LocalBlobStore::PlaceAt(select, 2);
  if (!place.ok()) {
    call.blob = place.status();
  } else if (place->inline_bytes.has_value()) {
    call.blob = blobs_.Load(call.result, *place);
  } else {
    file = *place;
  }
  return call;
}

absl::StatusOr<bool> SqliteIndex::Insert(const NewCall& call) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_RETURN_IF_ERROR(CommitResult(call, connection));
  IRENEO_ASSIGN_OR_RETURN(const bool conflict,
                          InsertBehindResult(call, connection));
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return conflict;
}

absl::Status SqliteIndex::InsertAll(
    std::span<const NewCall> calls,
    absl::FunctionRef<void(const Digest& key)> conflict) {
  // All blobs are on the disk before the first row is.
  IRENEO_RETURN_IF_ERROR(SyncBlobsOf(calls, blobs_));
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
    IRENEO_RETURN_IF_ERROR(CommitResult(*call, connection));
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const NewCall* a, const NewCall* b) { return a->key < b->key; });
  std::vector<Digest> conflicts;
  for (const NewCall* call : sorted) {
    IRENEO_ASSIGN_OR_RETURN(const bool other,
                            InsertBehindResult(*call, connection));
    if (other) conflicts.push_back(call->key);
  }
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  for (const Digest& key : conflicts) conflict(key);
  return absl::OkStatus();
}

absl::Status SqliteIndex::CommitResult(const NewCall& call,
                                       Connection& connection) {
  if (IsSmall(call.result)) return absl::OkStatus();
  return blobs_.Commit(call.result, connection).status();
}

absl::StatusOr<bool> SqliteIndex::InsertBehindResult(const NewCall& call,
                                                     Connection& connection) {
  for (const NewCall::Argument& argument : call.arguments) {
    if (argument.kept.has_value() && !IsSmall(*argument.kept)) {
      IRENEO_RETURN_IF_ERROR(
          blobs_.Commit(*argument.kept, connection).status());
    }
  }
  if (call.describe_function) {
    IRENEO_RETURN_IF_ERROR(InsertFunction(call, connection));
  }
  IRENEO_ASSIGN_OR_RETURN(bool inserted,
                          InsertCall(call, /*replace=*/false, connection));
  if (!inserted && !call.describe_function) {
    // Either the key has a record, or someone removed the function's row.
    IRENEO_RETURN_IF_ERROR(InsertFunction(call, connection));
    IRENEO_ASSIGN_OR_RETURN(inserted,
                            InsertCall(call, /*replace=*/false, connection));
  }
  if (inserted) return false;
  return Replace(call, connection);
}

absl::StatusOr<bool> SqliteIndex::Replace(const NewCall& call,
                                          Connection& connection) {
  Digest before;
  std::optional<StagedBlob> small_before;
  absl::Time created;
  std::int64_t spent = 0;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare(
            "SELECT result, created, spent, result_value FROM calls "
            "WHERE key = ?"));
    select.Bind(1, call.key);
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) {
      return absl::InternalError(absl::StrCat(
          "index database: call ", call.key.ToString(), " was not written"));
    }
    IRENEO_ASSIGN_OR_RETURN(before, select.ColumnDigest(0));
    created = absl::FromUnixMicros(select.ColumnInt64(1));
    spent = select.ColumnInt64(2);
    if (!select.ColumnIsNull(3)) {
      const std::span<const std::byte> bytes = select.ColumnBlob(3);
      small_before = StagedBlob{
          .digest = before,
          .size = bytes.size(),
          .inline_bytes = std::string(
              reinterpret_cast<const char*>(bytes.data()), bytes.size())};
    }
  }
  const bool expired = created < call.replace_before;
  if (expired) {
    // Its hits stay.
    IRENEO_RETURN_IF_ERROR(
        InsertCall(call, /*replace=*/true, connection).status());
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare("UPDATE calls SET spent = spent + ? WHERE key = ?"));
    IRENEO_RETURN_IF_ERROR(update.Bind(1, spent).Bind(2, call.key).Run());
    IRENEO_ASSIGN_OR_RETURN(
        Statement uses,
        connection.Prepare("UPDATE uses SET elapsed = ? WHERE key = ?"));
    uses.Bind(1, absl::ToInt64Nanoseconds(call.elapsed)).Bind(2, call.key);
    IRENEO_RETURN_IF_ERROR(uses.Run());
    // What is the result now is no other one any more.
    IRENEO_ASSIGN_OR_RETURN(
        Statement settle,
        connection.Prepare(
            "DELETE FROM conflicts WHERE key = ? AND result = ?"));
    IRENEO_RETURN_IF_ERROR(
        settle.Bind(1, call.key).Bind(2, call.result.digest).Run());
  }
  if (before == call.result.digest) return false;
  // Of results of different times it is no wonder, unless it was asked for.
  if (expired && call.replace_before != absl::InfiniteFuture()) return false;
  // The other result is kept as a blob, however small.
  if (expired && small_before.has_value()) {
    IRENEO_RETURN_IF_ERROR(blobs_.Commit(*small_before, connection).status());
  } else if (!expired) {
    IRENEO_RETURN_IF_ERROR(blobs_.Commit(call.result, connection).status());
  }
  IRENEO_RETURN_IF_ERROR(CountConflict(
      call.key, expired ? before : call.result.digest, connection));
  return true;
}

absl::Status SqliteIndex::CountConflict(const Digest& key, const Digest& result,
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

absl::Status SqliteIndex::AddConflict(const Digest& key,
                                      const StagedBlob& result) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_RETURN_IF_ERROR(blobs_.Commit(result, connection).status());
  IRENEO_RETURN_IF_ERROR(CountConflict(key, result.digest, connection));
  return transaction.Commit();
}

// A function or environment without a row is NULL, and the call is not
// inserted. (INSERT ... SELECT would go through a temporary table, as there are
// triggers.)
#define IRENEO_INTO_CALLS                                               \
  "INTO calls(key, function, environment, arguments, result, elapsed, " \
  "created, spent, seed, callees, argument_values, result_size, "       \
  "kept_size, result_value) "                                           \
  "VALUES (?1, (SELECT id FROM functions WHERE digest = ?2), "          \
  "(SELECT id FROM environments WHERE description = ?3), "              \
  "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"

absl::StatusOr<bool> SqliteIndex::InsertCall(const NewCall& call, bool replace,
                                             Connection& connection) {
  // Replacing fires no trigger that deletes: the row of `uses` stays.
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare(replace ? "INSERT OR REPLACE " IRENEO_INTO_CALLS
                                 : "INSERT OR IGNORE " IRENEO_INTO_CALLS));
  std::uint64_t kept_size = 0;
  std::string arguments;
  std::string values;
  arguments.reserve(call.arguments.size() * kArgumentSize);
  for (const NewCall::Argument& argument : call.arguments) {
    arguments.append(
        reinterpret_cast<const char*>(argument.digest.bytes().data()),
        Digest::kSize);
    if (!argument.kept.has_value()) {
      arguments.push_back(kNotKept);
    } else if (!IsSmall(*argument.kept)) {
      arguments.push_back(kInBlobs);
      kept_size += argument.kept->size;
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
      .Bind(11, std::as_bytes(std::span(values)))
      .Bind(12, static_cast<std::int64_t>(call.result.size))
      .Bind(13, static_cast<std::int64_t>(kept_size));
  if (IsSmall(call.result)) {
    insert.Bind(14, std::as_bytes(std::span(call.result.inline_bytes)));
  } else {
    insert.BindNull(14);
  }
  if (call.seed.has_value()) {
    insert.Bind(9, std::bit_cast<std::int64_t>(*call.seed));
  } else {
    insert.BindNull(9);
  }
  IRENEO_RETURN_IF_ERROR(insert.Run());
  return connection.changes() > 0;
}

absl::Status SqliteIndex::InsertFunction(const NewCall& call,
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

absl::Status SqliteIndex::Forget(std::span<const Digest> keys) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  for (const char* sql : {"DELETE FROM calls WHERE key = ?",
                          "DELETE FROM conflicts WHERE key = ?"}) {
    for (const Digest& key : keys) {
      IRENEO_ASSIGN_OR_RETURN(Statement remove, connection.Prepare(sql));
      IRENEO_RETURN_IF_ERROR(remove.Bind(1, key).Run());
    }
  }
  return transaction.Commit();
}

absl::Status SqliteIndex::ForgetFunction(const Digest& function_digest) {
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

absl::Status SqliteIndex::ForgetResult(const Digest& key, const Digest& result,
                                       bool lost) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement remove,
      connection.Prepare(
          "DELETE FROM calls WHERE key = ?1 AND result = ?2 AND NOT "
          "(?3 AND result_value IS NULL AND "
          "EXISTS (SELECT 1 FROM blobs WHERE digest = ?2))"));
  return remove.Bind(1, key).Bind(2, result).Bind(3, std::int64_t{lost}).Run();
}

absl::Status SqliteIndex::AddUses(const std::vector<KeyUse>& uses,
                                  IfBusy if_busy) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection, if_busy));
  for (const KeyUse& use : uses) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement update,
        connection.Prepare(
            "INSERT INTO uses(key, function, elapsed, hits, spent, last_use) "
            "SELECT key, function, elapsed, ?, ?, ? FROM calls WHERE key = ? "
            "ON CONFLICT(key) DO UPDATE SET hits = hits + excluded.hits, "
            "spent = spent + excluded.spent, "
            "last_use = max(last_use, excluded.last_use)"));
    update.Bind(1, use.hits)
        .Bind(2, absl::ToInt64Nanoseconds(use.spent))
        .Bind(3, absl::ToUnixMicros(use.last))
        .Bind(4, use.key);
    IRENEO_RETURN_IF_ERROR(update.Run());
  }
  return transaction.Commit();
}

}  // namespace ireneo::internal
