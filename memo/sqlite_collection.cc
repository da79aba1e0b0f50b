// What collecting garbage needs of the index: pins, who refers to which blobs,
// and the sweep. While garbage is swept (table `sweeps`), triggers note each
// reference that is added, whoever adds it, in `referred`: what the collector
// saw unreferred and finds there is garbage no more.

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ireneo/memo/index_schema.h"
#include "ireneo/memo/sqlite_index.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {

absl::Status SqliteIndex::AddPin(const PinRecord& pin) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  {
    IRENEO_ASSIGN_OR_RETURN(
        Statement select,
        connection.Prepare("SELECT 1 FROM calls WHERE key = ?1 UNION ALL "
                           "SELECT 1 FROM blobs WHERE digest = ?1"));
    IRENEO_ASSIGN_OR_RETURN(const bool found,
                            select.Bind(1, pin.digest).Step());
    if (!found) {
      return absl::NotFoundError(
          absl::StrCat("there is no call and no blob ", pin.digest.ToString()));
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
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT c.key, f.name, f.version, c.result, c.result_size, "
          "c.elapsed, c.created, coalesce(u.last_use, c.created) "
          "FROM functions f JOIN calls c ON c.function = f.id "
          "LEFT JOIN uses u ON u.key = c.key"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    CallUse use;
    IRENEO_ASSIGN_OR_RETURN(use.key, select.ColumnDigest(0));
    use.function = select.ColumnText(1);
    use.version = select.ColumnText(2);
    IRENEO_ASSIGN_OR_RETURN(use.result, select.ColumnDigest(3));
    use.result_size = static_cast<std::uint64_t>(select.ColumnInt64(4));
    use.elapsed = absl::Nanoseconds(select.ColumnInt64(5));
    use.created = absl::FromUnixMicros(select.ColumnInt64(6));
    use.last_use = absl::FromUnixMicros(select.ColumnInt64(7));
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
      IRENEO_ASSIGN_OR_RETURN(const Digest digest, select.ColumnDigest(0));
      visit(digest);
    }
  }
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT arguments FROM calls WHERE key IN "
                         "(SELECT key FROM calls WHERE kept_size > 0)"));
  while (true) {
    IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    const std::span<const std::byte> arguments = select.ColumnBlob(0);
    for (std::size_t i = 0; i + kArgumentSize <= arguments.size();
         i += kArgumentSize) {
      if (static_cast<char>(arguments[i + Digest::kSize]) == kInBlobs) {
        visit(DigestOf(arguments.subspan(i)));
      }
    }
  }
}

absl::Status SqliteIndex::BeginSweep() {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                          WriteTransaction::Begin(connection));
  // What a killed one may have left.
  IRENEO_RETURN_IF_ERROR(
      connection.Execute("DELETE FROM sweeps; DELETE FROM referred"));
  IRENEO_ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO sweeps(started) VALUES (?)"));
  IRENEO_RETURN_IF_ERROR(insert.Bind(1, absl::ToUnixMicros(absl::Now())).Run());
  return transaction.Commit();
}

absl::StatusOr<bool> SqliteIndex::IsGarbage(const Digest& digest,
                                            absl::Time limit,
                                            Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT 1 FROM blobs WHERE digest = ?1 AND "
                         "created < ?2 AND EXISTS (SELECT 1 FROM sweeps) AND "
                         "NOT EXISTS (SELECT 1 FROM referred "
                         "WHERE digest = ?1)"));
  return select.Bind(1, digest).Bind(2, absl::ToUnixMicros(limit)).Step();
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
  for (auto begin = sorted.begin(); begin != sorted.end();) {
    const std::uint8_t shard = begin->bytes()[0];
    const auto end = std::find_if(begin, sorted.end(), [&](const Digest& d) {
      return d.bytes()[0] != shard;
    });
    IRENEO_RETURN_IF_ERROR(
        blobs_
            .RemoveGarbage(
                shard, {begin, end},
                [limit](const Digest& digest, Connection& connection) {
                  return IsGarbage(digest, limit, connection);
                },
                removed)
            .status());
    begin = end;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> SqliteIndex::DiskUsage() const {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, database_.Acquire());
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare("SELECT (SELECT page_count FROM pragma_page_count) - "
                         "(SELECT freelist_count FROM pragma_freelist_count), "
                         "(SELECT page_size FROM pragma_page_size)"));
  IRENEO_RETURN_IF_ERROR(select.Step().status());
  return static_cast<std::uint64_t>(select.ColumnInt64(0) *
                                    select.ColumnInt64(1));
}

}  // namespace ireneo::internal
