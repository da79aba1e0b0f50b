#include "ireneo/memo/index_schema.h"

#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo::internal {
namespace {

namespace json = boost::json;

absl::Status BadColumn(const char* column) {
  return absl::DataLossError(absl::StrCat("index database: functions.", column,
                                          " is not the JSON expected"));
}

constexpr char kConflicts[] = R"sql(
    CREATE TABLE conflicts(
      key     BLOB NOT NULL,     -- of a call
      result  BLOB NOT NULL,     -- a digest in blobs: another result of it
      created INTEGER NOT NULL,  -- microseconds since 1970, UTC
      times   INTEGER NOT NULL,  -- how often that came out
      PRIMARY KEY(key, result)
    ) STRICT, WITHOUT ROWID;
)sql";

// One of the tables that grow with the calls.
constexpr char kCalls[] = R"sql(
    CREATE TABLE calls(
      key         BLOB PRIMARY KEY,
      function    INTEGER NOT NULL REFERENCES functions(id),
      environment INTEGER NOT NULL REFERENCES environments(id),
      arguments   BLOB NOT NULL,     -- for each: its digest, then 0, 1 if its
                                     -- value is in blobs, 2 if it is in
                                     -- argument_values: 17 bytes
      result      BLOB NOT NULL,     -- XXH3-128 of the payload
      result_size INTEGER NOT NULL,  -- bytes of its payload
      result_value BLOB,             -- the payload if it has at most 255
                                     -- bytes; else NULL: it is in blobs
      kept_size   INTEGER NOT NULL,  -- bytes of arguments in blobs
      elapsed     INTEGER NOT NULL,  -- nanoseconds to compute
      created     INTEGER NOT NULL,  -- microseconds since 1970, UTC
      spent       INTEGER NOT NULL,  -- nanoseconds beyond computing, but hits
      seed        INTEGER,           -- its 64 bits; NULL if it has none
      callees     BLOB NOT NULL,     -- keys of calls, 16 bytes each
      argument_values BLOB NOT NULL  -- of those marked 2: their size in one
                                     -- byte, then their bytes
    ) STRICT, WITHOUT ROWID;
)sql";

// What belongs to calls.
constexpr char kBesideCalls[] = R"sql(
    CREATE INDEX calls_by_function ON calls(
      function, created, elapsed, spent, result, result_size, kept_size);

    CREATE TABLE uses(
      key      BLOB PRIMARY KEY,  -- of a call that has been hit
      function INTEGER NOT NULL,  -- as in calls
      elapsed  INTEGER NOT NULL,  -- as in calls
      hits     INTEGER NOT NULL,
      spent    INTEGER NOT NULL,  -- nanoseconds, by all hits
      last_use INTEGER NOT NULL   -- microseconds since 1970, UTC
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER calls_deleted AFTER DELETE ON calls BEGIN
      DELETE FROM uses WHERE key = old.key;
    END;

    CREATE TABLE pins(
      name    TEXT NOT NULL,
      digest  BLOB NOT NULL,     -- of a blob or the key of a call
      created INTEGER NOT NULL,  -- microseconds since 1970, UTC
      PRIMARY KEY(name, digest)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE sweeps(
      started INTEGER NOT NULL   -- microseconds since 1970, UTC
    ) STRICT;

    CREATE TABLE referred(
      digest BLOB PRIMARY KEY    -- of a blob
    ) STRICT, WITHOUT ROWID;
)sql";

// While garbage is swept, what begins to refer to a blob says so.
constexpr char kReferring[] = R"sql(
    CREATE TRIGGER calls_refer AFTER INSERT ON calls
    WHEN EXISTS (SELECT 1 FROM sweeps) BEGIN
      INSERT OR IGNORE INTO referred VALUES (new.result);
      INSERT OR IGNORE INTO referred
        SELECT substr(new.arguments, 17 * i + 1, 16) FROM positions
        WHERE i < length(new.arguments) / 17
          AND substr(new.arguments, 17 * i + 17, 1) = x'01';
    END;

    CREATE TRIGGER conflicts_refer AFTER INSERT ON conflicts
    WHEN EXISTS (SELECT 1 FROM sweeps) BEGIN
      INSERT OR IGNORE INTO referred VALUES (new.result);
    END;

    CREATE TRIGGER pins_refer AFTER INSERT ON pins
    WHEN EXISTS (SELECT 1 FROM sweeps) BEGIN
      INSERT OR IGNORE INTO referred VALUES (new.digest);
    END;
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
             c.result_size AS result_size,
             c.result_value AS result_value, c.elapsed AS elapsed,
             c.spent + coalesce(u.spent, 0) AS spent, c.created AS created,
             coalesce(u.last_use, c.created) AS last_use,
             coalesce(u.hits, 0) AS hits, c.callees AS callees,
             c.argument_values AS argument_values,
             e.description AS environment
      FROM calls c JOIN functions f ON f.id = c.function
                   JOIN environments e ON e.id = c.environment
                   LEFT JOIN uses u ON u.key = c.key;
)sql";

}  // namespace

Digest DigestOf(std::span<const std::byte> bytes) {
  std::array<std::uint8_t, Digest::kSize> digest;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return Digest(digest);
}

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
    )sql",
                      kCalls, kBesideCalls, kConflicts, R"sql(
    CREATE TABLE positions(i INTEGER PRIMARY KEY) STRICT;  -- 0 to 255
    INSERT INTO positions
      WITH RECURSIVE count(i) AS (
        VALUES (0) UNION ALL SELECT i + 1 FROM count WHERE i < 255)
      SELECT i FROM count;
    )sql",
                      kReferring, kViews);
}

std::vector<std::string> IndexUpgrades() {
  return {absl::StrCat(R"sql(
    ALTER TABLE functions ADD COLUMN environment TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE calls ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE calls ADD COLUMN seed INTEGER;
    ALTER TABLE calls ADD COLUMN callees BLOB NOT NULL DEFAULT x'';
    ALTER TABLE calls ADD COLUMN argument_values BLOB NOT NULL DEFAULT x'';
    )sql",
                       kConflicts),
          // Blobs get codecs, and the uses of calls a table of their own.
          absl::StrCat(R"sql(
    DROP VIEW records;
    DROP VIEW arguments;
    ALTER TABLE calls RENAME TO calls_2;
    )sql",
                       kCalls, R"sql(
    INSERT INTO calls
      SELECT key, function, environment, arguments, result, r.size,
             iif(r.size <= 255, r.data, NULL),
             CAST(coalesce((SELECT total(a.size) FROM positions JOIN blobs a
                       ON a.digest = substr(arguments, 17 * i + 1, 16)
                       WHERE i < length(arguments) / 17 AND
                             substr(arguments, 17 * i + 17, 1) = x'01'), 0)
                  AS INTEGER),
             CAST(elapsed AS INTEGER), CAST(c.created AS INTEGER),
             CAST(spent AS INTEGER), CAST(seed AS INTEGER), callees,
             argument_values
      FROM calls_2 c JOIN blobs r ON r.digest = result
      -- Damaged ones are misses.
      WHERE length(key) = 16 AND length(result) = 16
        AND typeof(elapsed) = 'integer' AND typeof(c.created) = 'integer';
    )sql",
                       kBesideCalls, R"sql(
    INSERT INTO uses
      SELECT key, function, elapsed, CAST(hits AS INTEGER), 0,
             CAST(last_use AS INTEGER)
      FROM calls_2 WHERE hits > 0 AND key IN (SELECT key FROM calls);
    DROP TABLE calls_2;
    )sql",
                       kReferring, kViews, LocalBlobStore::UpgradeTo3())};
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

}  // namespace ireneo::internal
