#include "ireneo/memo/index_schema.h"

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo::internal {
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

std::string ToJson(const std::vector<std::string>& strings) {
  return boost::json::serialize(
      boost::json::array(strings.begin(), strings.end()));
}

std::string ToJson(const std::map<std::string, std::string>& strings) {
  boost::json::object object;
  for (const auto& [name, value] : strings) object[name] = value;
  return boost::json::serialize(object);
}

std::string IndexSchema() {
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

std::vector<std::string> IndexUpgrades() {
  return {absl::StrCat(R"sql(
    ALTER TABLE functions ADD COLUMN environment TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE calls ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE calls ADD COLUMN seed INTEGER;
    ALTER TABLE calls ADD COLUMN callees BLOB NOT NULL DEFAULT x'';
    ALTER TABLE calls ADD COLUMN argument_values BLOB NOT NULL DEFAULT x'';
    DROP VIEW records;
    DROP VIEW arguments;
    )sql",
                       kConflicts, kViews),
          LocalBlobStore::UpgradeTo3()};
}

}  // namespace ireneo::internal
