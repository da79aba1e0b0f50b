// What archives need of an index: its calls in the order of their keys, and
// which of many calls it has.

#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// What the calls of one function have in common.
struct Function {
  bool selected = false;
  CallRecord part;
  Digest digest;
};

absl::StatusOr<Function> ReadFunction(const Statement& select) {
  Function function;
  CallRecord& part = function.part;
  IRENEO_ASSIGN_OR_RETURN(function.digest, select.ColumnDigest(1));
  part.function = select.ColumnText(2);
  part.version = select.ColumnText(3);
  IRENEO_ASSIGN_OR_RETURN(part.callee_versions,
                          StringsFromJson(select.ColumnText(4), "callees"));
  IRENEO_ASSIGN_OR_RETURN(part.salts,
                          MapFromJson(select.ColumnText(5), "salts"));
  part.result_type = select.ColumnText(6);
  IRENEO_ASSIGN_OR_RETURN(
      const std::vector<std::string> types,
      StringsFromJson(select.ColumnText(7), "argument_types"));
  IRENEO_ASSIGN_OR_RETURN(
      const std::vector<std::string> names,
      StringsFromJson(select.ColumnText(8), "argument_names"));
  IRENEO_ASSIGN_OR_RETURN(part.environment_in_key,
                          MapFromJson(select.ColumnText(9), "environment"));
  for (std::size_t i = 0; i < types.size(); ++i) {
    ArgumentRecord& argument = part.arguments.emplace_back();
    if (i < names.size()) argument.name = names[i];
    argument.type = types[i];
  }
  return function;
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Digest>>> SqliteIndex::ResultsOf(
    std::span<const Digest> keys) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // The database is locked once, not for each key.
  IRENEO_ASSIGN_OR_RETURN(ReadTransaction transaction,
                          ReadTransaction::Begin(connection));
  std::vector<std::optional<Digest>> results(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT key, result FROM calls WHERE key = ?"));
    select.Bind(1, keys[i]);
    IRENEO_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) continue;
    // SQLite takes a row whose header is damaged for equal to any key.
    const absl::StatusOr<Digest> key = select.ColumnDigest(0);
    const absl::StatusOr<Digest> result = select.ColumnDigest(1);
    if (!key.ok() || *key != keys[i] || !result.ok()) {
      database_.NoteDamage();
      return absl::DataLossError(
          absl::StrCat("index database: the row of call ", keys[i].ToString(),
                       " is damaged"));
    }
    results[i] = *result;
  }
  return results;
}

absl::Status SqliteIndex::ForEachLine(
    absl::FunctionRef<bool(const FunctionIdentity& function)> select,
    absl::FunctionRef<bool(CallLine&& line)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // In one state of the database.
  IRENEO_ASSIGN_OR_RETURN(ReadTransaction transaction,
                          ReadTransaction::Begin(connection));
  absl::flat_hash_map<std::int64_t, Function> functions;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement rows,
        connection.Prepare(
            "SELECT id, digest, name, version, callees, salts, result_type, "
            "argument_types, argument_names, environment FROM functions"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) break;
      IRENEO_ASSIGN_OR_RETURN(Function function, ReadFunction(rows));
      function.selected = select(IdentityOf(function.part));
      functions.emplace(rows.ColumnInt64(0), std::move(function));
    }
  }
  absl::flat_hash_map<std::int64_t, std::string> environments;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement rows,
        connection.Prepare("SELECT id, description FROM environments"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, rows.Step());
      if (!row) break;
      environments.emplace(rows.ColumnInt64(0), rows.ColumnText(1));
    }
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement rows,
      connection.Prepare("SELECT function, key, arguments, result, "
                         "result_size, result_value, elapsed, created, spent, "
                         "seed, callees, argument_values, environment "
                         "FROM calls ORDER BY key"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    const auto it = functions.find(rows.ColumnInt64(0));
    if (it != functions.end() && !it->second.selected) continue;
    CallLine line;
    CallRecord& call = line.call;
    const auto damaged = [&call](absl::string_view what) {
      return absl::DataLossError(absl::StrCat("index database: call ",
                                              call.key.ToString(), " ", what));
    };
    if (it != functions.end()) {
      call = it->second.part;
      line.function_digest = it->second.digest;
    }
    IRENEO_ASSIGN_OR_RETURN(call.key, rows.ColumnDigest(1));
    if (it == functions.end()) return damaged("has a function without a row");
    const std::span<const std::byte> arguments = rows.ColumnBlob(2);
    if (arguments.size() != call.arguments.size() * kArgumentSize) {
      return damaged("has not as many arguments as its function");
    }
    std::span<const std::byte> values = rows.ColumnBlob(11);
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      const std::span<const std::byte> bytes =
          arguments.subspan(i * kArgumentSize, kArgumentSize);
      ArgumentRecord& argument = call.arguments[i];
      argument.digest = DigestOf(bytes);
      const auto where = static_cast<char>(bytes[Digest::kSize]);
      argument.kept = where != kNotKept;
      std::uint64_t size = 0;
      if (where == kInCall) {
        IRENEO_ASSIGN_OR_RETURN(const std::span<const std::byte> value,
                                TakeSmallValue(values, call.key));
        argument.small_value.emplace(
            reinterpret_cast<const char*>(value.data()), value.size());
        size = value.size();
      } else if (where == kInBlobs) {
        IRENEO_ASSIGN_OR_RETURN(
            Statement blob,
            connection.Prepare("SELECT size FROM blobs WHERE digest = ?"));
        blob.Bind(1, argument.digest);
        IRENEO_ASSIGN_OR_RETURN(const bool found, blob.Step());
        argument.kept = found;  // It was damaged, and set aside.
        if (found) size = static_cast<std::uint64_t>(blob.ColumnInt64(0));
      }
      line.kept_sizes.push_back(size);
    }
    IRENEO_ASSIGN_OR_RETURN(call.result, rows.ColumnDigest(3));
    call.result_size = static_cast<std::uint64_t>(rows.ColumnInt64(4));
    if (!rows.ColumnIsNull(5)) {
      const std::span<const std::byte> value = rows.ColumnBlob(5);
      call.small_result.emplace(reinterpret_cast<const char*>(value.data()),
                                value.size());
    }
    call.elapsed = absl::Nanoseconds(rows.ColumnInt64(6));
    call.created_at = absl::FromUnixMicros(rows.ColumnInt64(7));
    call.last_used_at = call.created_at;
    line.first_created = call.created_at;
    call.spent = absl::Nanoseconds(rows.ColumnInt64(8));
    if (!rows.ColumnIsNull(9)) {
      call.seed = std::bit_cast<std::uint64_t>(rows.ColumnInt64(9));
    }
    const std::span<const std::byte> callees = rows.ColumnBlob(10);
    if (callees.size() % Digest::kSize != 0) {
      return damaged("has callees that are no keys");
    }
    for (std::size_t i = 0; i < callees.size(); i += Digest::kSize) {
      call.callees.push_back(DigestOf(callees.subspan(i)));
    }
    if (const auto environment = environments.find(rows.ColumnInt64(12));
        environment != environments.end()) {
      call.environment = environment->second;
    }
    if (!visit(std::move(line))) return absl::OkStatus();
  }
}

}  // namespace ireneo::internal
