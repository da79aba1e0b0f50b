// What collecting garbage needs of the index: pins, who refers to which blobs,
// and the sweep. While garbage is swept (table `sweeps`), triggers note each
// reference that is added, whoever adds it, in `referred`: what the collector
// saw unreferred and finds there is garbage no more.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

// `arguments` is a column of calls.
void ForEachBlobOf(std::span<const std::byte> arguments,
                   absl::FunctionRef<void(const Digest&)> visit) {
  for (std::size_t i = 0; i + kArgumentSize <= arguments.size();
       i += kArgumentSize) {
    if (static_cast<char>(arguments[i + Digest::kSize]) == kInBlobs) {
      visit(DigestOf(arguments.subspan(i)));
    }
  }
}

}  // namespace

absl::Status SqliteIndex::AddPin(const PinRecord& pin) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT 1 FROM calls WHERE key = ?1 UNION ALL "
                           "SELECT 1 FROM blobs WHERE digest = ?1 UNION ALL "
                           // Looks at all calls, if it comes to that.
                           "SELECT 1 FROM calls WHERE result = ?1"));
    IRENEO_ASSIGN_OR_RETURN(const bool found,
                            select.Bind(1, pin.digest).Step());
    if (!found) {
      return absl::NotFoundError(absl::StrCat(
          "there is no call, result or blob ", pin.digest.ToString()));
    }
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT OR IGNORE INTO pins(name, digest, created) "
                         "VALUES (?, ?, ?)"));
  insert.Bind(1, std::string_view(pin.name))
      .Bind(2, pin.digest)
      .Bind(3, absl::ToUnixMicros(pin.created_at));
  IRENEO_RETURN_IF_ERROR(insert.Run());
  return transaction.Commit();
}

absl::StatusOr<std::int64_t> SqliteIndex::RemovePins(
    std::string_view name, std::optional<Digest> digest) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  std::int64_t removed = 0;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM pins WHERE name = ?1 AND "
                           "(?2 IS NULL OR digest = ?2)"));
    remove.Bind(1, name);
    if (digest.has_value()) {
      remove.Bind(2, *digest);
    } else {
      remove.BindNull(2);
    }
    IRENEO_RETURN_IF_ERROR(remove.Run());
    removed = connection.changes();
  }
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return removed;
}

absl::StatusOr<std::vector<PinRecord>> SqliteIndex::Pins() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT name, digest, created FROM pins ORDER BY name, digest"));
  std::vector<PinRecord> pins;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return pins;
    PinRecord& pin = pins.emplace_back();
    pin.name = select.ColumnText(0);
    IRENEO_ASSIGN_OR_RETURN(pin.digest, select.ColumnDigest(1));
    pin.created_at = absl::FromUnixMicros(select.ColumnInt64(2));
  }
}

absl::Status SqliteIndex::ForEachUse(
    absl::FunctionRef<bool(const CallUse&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(ReadTransaction transaction,
                          ReadTransaction::Begin(connection));
  absl::flat_hash_map<Digest, std::vector<Digest>> conflicts;  // By key.
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT key, result FROM conflicts"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      const absl::StatusOr<Digest> key = select.ColumnDigest(0);
      const absl::StatusOr<Digest> result = select.ColumnDigest(1);
      if (key.ok() && result.ok()) conflicts[*key].push_back(*result);
    }
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      // By calls_by_function, but for the few with large arguments.
      connection.Prepare(
          "SELECT c.key, f.name, f.version, c.result, c.result_size, "
          "c.elapsed, c.created, coalesce(u.last_use, c.created), "
          "CASE WHEN c.kept_size > 0 THEN "
          "(SELECT arguments FROM calls WHERE key = c.key) END "
          "FROM functions f JOIN calls c ON c.function = f.id "
          "LEFT JOIN uses u ON u.key = c.key"));
  std::vector<Digest> others;
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    CallUse use;
    const absl::StatusOr<Digest> key = select.ColumnDigest(0);
    const absl::StatusOr<Digest> result = select.ColumnDigest(3);
    if (!key.ok() || !result.ok()) continue;  // BeginSweep removes it.
    use.key = *key;
    use.function = select.ColumnText(1);
    use.version = select.ColumnText(2);
    use.result = *result;
    use.result_size = static_cast<std::uint64_t>(select.ColumnInt64(4));
    use.result_is_blob = use.result_size > kSmallValue;
    use.elapsed = absl::Nanoseconds(select.ColumnInt64(5));
    use.created = absl::FromUnixMicros(select.ColumnInt64(6));
    use.last_use = absl::FromUnixMicros(select.ColumnInt64(7));
    others.clear();
    if (!select.ColumnIsNull(8)) {
      ForEachBlobOf(select.ColumnBlob(8),
                    [&](const Digest& digest) { others.push_back(digest); });
    }
    if (const auto it = conflicts.find(use.key); it != conflicts.end()) {
      others.insert(others.end(), it->second.begin(), it->second.end());
    }
    use.others = others;
    if (!visit(use)) return absl::OkStatus();
  }
}

absl::Status SqliteIndex::ForEachReference(
    absl::FunctionRef<void(const Digest&)> visit) const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        // By calls_by_function alone, but for the few with large arguments.
        connection.Prepare("SELECT result FROM calls UNION ALL "
                           "SELECT result FROM conflicts UNION ALL "
                           "SELECT digest FROM pins"));
    while (true) {
      IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      const absl::StatusOr<Digest> digest = select.ColumnDigest(0);
      if (digest.ok()) visit(*digest);
    }
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT arguments FROM calls WHERE key IN "
                         "(SELECT key FROM calls WHERE kept_size > 0)"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    ForEachBlobOf(select.ColumnBlob(0), visit);
  }
}

absl::StatusOr<std::int64_t> SqliteIndex::ForgetUnpinned(
    std::span<const Digest> keys) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  std::int64_t forgotten = 0;
  for (const Digest& key : keys) {
    {
      IRENEO_ASSIGN_OR_RETURN(
          Statement remove,
          connection.Prepare("DELETE FROM calls WHERE key = ? AND NOT EXISTS "
                             "(SELECT 1 FROM pins WHERE digest = calls.key OR "
                             "digest = calls.result)"));
      IRENEO_RETURN_IF_ERROR(remove.Bind(1, key).Run());
    }
    if (connection.changes() == 0) continue;
    ++forgotten;
    IRENEO_ASSIGN_OR_RETURN(
        Statement remove,
        connection.Prepare("DELETE FROM conflicts WHERE key = ?"));
    IRENEO_RETURN_IF_ERROR(remove.Bind(1, key).Run());
  }
  IRENEO_RETURN_IF_ERROR(transaction.Commit());
  return forgotten;
}

absl::Status SqliteIndex::BeginSweep() {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  // Reads all calls: not while writers wait.
  bool bad_calls = false;
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT EXISTS (SELECT 1 FROM calls WHERE "
                           "length(key) <> 16 OR length(result) <> 16)"));
    IRENEO_RETURN_IF_ERROR(select.Step().status());
    bad_calls = select.ColumnInt64(0) != 0;
  }
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  // What a killed one may have left; rows that are damaged so that they name
  // nothing; conflicts whose calls were dropped as damaged; and the sum of the
  // files, should a damaged size have been taken off it.
  if (bad_calls) {
    IRENEO_RETURN_IF_ERROR(connection.Execute(
        "DELETE FROM calls WHERE length(key) <> 16 OR length(result) <> 16"));
  }
  IRENEO_RETURN_IF_ERROR(
      connection.Execute("DELETE FROM sweeps; DELETE FROM referred;"
                         "DELETE FROM pins WHERE length(digest) <> 16;"
                         "DELETE FROM blobs WHERE length(digest) <> 16;"
                         "DELETE FROM conflicts WHERE length(result) <> 16 "
                         "OR key NOT IN (SELECT key FROM calls);"
                         "UPDATE blob_files SET (blobs, size, stored) = "
                         "(SELECT count(*), CAST(total(size) AS INTEGER), "
                         "CAST(total(coalesce(stored, size)) AS INTEGER) "
                         "FROM blobs WHERE data IS NULL)"));
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO sweeps(started) VALUES (?)"));
  IRENEO_RETURN_IF_ERROR(insert.Bind(1, absl::ToUnixMicros(absl::Now())).Run());
  return transaction.Commit();
}

absl::StatusOr<std::optional<BlobInfo>> SqliteIndex::FindGarbage(
    const Digest& digest, absl::Time limit, Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT size, created FROM blobs WHERE digest = ?1 "
                         "AND created < ?2 AND EXISTS (SELECT 1 FROM sweeps) "
                         "AND NOT EXISTS (SELECT 1 FROM referred "
                         "WHERE digest = ?1)"));
  select.Bind(1, digest).Bind(2, absl::ToUnixMicros(limit));
  IRENEO_ASSIGN_OR_RETURN(const bool garbage, select.Step());
  if (!garbage) return std::nullopt;
  return BlobInfo{.digest = digest,
                  .size = static_cast<std::uint64_t>(select.ColumnInt64(0)),
                  .created_at = absl::FromUnixMicros(select.ColumnInt64(1))};
}

absl::Status SqliteIndex::EndSweep() {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  IRENEO_RETURN_IF_ERROR(
      connection.Execute("DELETE FROM sweeps; DELETE FROM referred"));
  return transaction.Commit();
}

absl::Status SqliteIndex::Sweep(
    std::span<const Digest> candidates, absl::Time limit,
    absl::FunctionRef<void(const BlobInfo&)> removed) {
  // By shard: each is locked for some of its blobs at a time.
  std::vector<Digest> sorted(candidates.begin(), candidates.end());
  std::sort(sorted.begin(), sorted.end());
  // What is waited for writers, in all.
  absl::Duration budget = absl::Seconds(5);
  for (auto first = sorted.begin(); first != sorted.end();) {
    const absl::Time start = absl::Now();
    const std::uint8_t shard = first->bytes()[0];
    const auto last = std::find_if(
        first, sorted.end(),
        [shard](const Digest& digest) { return digest.bytes()[0] != shard; });
    IRENEO_ASSIGN_OR_RETURN(
        const Removal done,
        blobs_.RemoveGarbage(
            shard, std::span(first, last),
            [limit](const Digest& digest,
                    Connection& connection) -> absl::StatusOr<bool> {
              IRENEO_ASSIGN_OR_RETURN(const std::optional<BlobInfo> garbage,
                                      FindGarbage(digest, limit, connection));
              return garbage.has_value();
            },
            removed, budget));
    // A file that cannot be removed is left, and is of no blob any more.
    if (done.busy) budget -= std::min(budget, absl::Now() - start);
    first = last;
  }
  return absl::OkStatus();
}

absl::StatusOr<StrayFiles> SqliteIndex::FindStrays(absl::Time limit,
                                                   bool remove) {
  StrayFiles strays;
  IRENEO_RETURN_IF_ERROR(blobs_.FindStrays(
      limit, remove, [&strays](const BlobFiles::Found& found) {
        ++strays.files;
        strays.bytes += found.info.size;
      }));
  return strays;
}

absl::StatusOr<std::uint64_t> SqliteIndex::DiskUsage() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT (SELECT page_count FROM pragma_page_count) - "
                         "(SELECT freelist_count FROM pragma_freelist_count), "
                         "(SELECT page_size FROM pragma_page_size), "
                         "(SELECT stored FROM blob_files), "
                         "(SELECT blobs FROM blob_files)"));
  IRENEO_RETURN_IF_ERROR(select.Step().status());
  return static_cast<std::uint64_t>(select.ColumnInt64(0) *
                                        select.ColumnInt64(1) +
                                    select.ColumnInt64(2)) +
         kFileOverhead * static_cast<std::uint64_t>(select.ColumnInt64(3));
}

}  // namespace ireneo::internal
