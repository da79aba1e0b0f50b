#ifndef IRENEO_STORE_DATABASE_H_
#define IRENEO_STORE_DATABASE_H_

// A SQLite database in WAL mode, shared by many threads and processes: a pool
// of connections with cached statements, and SQLite's codes as absl::Status.
// Internal to Ireneo; the tables are described in store/FORMAT.md.
//
// Errors by code, for every function here: Unavailable if another process held
// the database for longer than the busy timeout; DataLoss if the file is
// damaged or no database; ResourceExhausted if the disk is full, or the process
// has too many files open; PermissionDenied if the file may not be read or
// written; Internal otherwise.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/durability.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ireneo {

class Database;

// A prepared statement in use; goes back to its connection, reset, when it is
// destroyed. A failed bind is reported by the next `Step`.
class Statement {
 public:
  Statement(sqlite3_stmt* statement, const Database& database)
      : statement_(statement), database_(&database) {}
  Statement(Statement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)),
        database_(other.database_),
        bind_error_(other.bind_error_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters are numbered from 1, in the order of the `?`. What is bound by
  // view must stay valid until the statement is destroyed.
  Statement& Bind(int index, std::int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& Bind(int index, std::span<const std::byte> blob);
  Statement& Bind(int index, const Digest& digest);
  Statement& BindNull(int index);

  // True if there is a row, false at the end.
  absl::StatusOr<bool> Step();

  // For a statement that returns no rows.
  absl::Status Run();

  // Columns are numbered from 0. Views are valid until the next `Step`.
  bool ColumnIsNull(int index) const;
  std::int64_t ColumnInt64(int index) const;
  double ColumnDouble(int index) const;
  std::string_view ColumnText(int index) const;
  std::span<const std::byte> ColumnBlob(int index) const;
  // Fails with DataLoss if the column is not 16 bytes long.
  absl::StatusOr<Digest> ColumnDigest(int index) const;

 private:
  sqlite3_stmt* statement_;
  const Database* database_;
  int bind_error_ = 0;
};

// One connection, leased from the pool of its database by one thread at a
// time. Must not outlive the database.
class Connection {
 public:
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  // The statement for `sql`, prepared once per connection. `sql` must be a
  // string literal: its address is the key. One `Statement` per `sql` may be
  // in use at a time.
  absl::StatusOr<Statement> Prepare(const char* sql);

  // Runs statements that return nothing.
  absl::Status Execute(const char* sql);

  // How many rows the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;

 private:
  friend class Database;
  friend class WriteTransaction;
  struct State;

  Connection(Database* database, std::unique_ptr<State> state);

  Database* database_;
  std::unique_ptr<State> state_;
};

// Whether to wait for another connection's transaction, some seconds at most,
// or to give up at once with Unavailable.
enum class IfBusy { kWait, kGiveUp };

// A write transaction (BEGIN IMMEDIATE); rolled back unless committed.
class WriteTransaction {
 public:
  // Errors, of `Commit` too: also NotFound if the database was removed or
  // replaced since it was opened: what is written to it then would be lost
  // without a word.
  static absl::StatusOr<WriteTransaction> Begin(Connection& connection,
                                                IfBusy if_busy = IfBusy::kWait);
  WriteTransaction(WriteTransaction&& other) noexcept;
  WriteTransaction& operator=(WriteTransaction&&) = delete;
  ~WriteTransaction();

  // In a durable database, all that the transaction wrote or saw is on the disk
  // when this returns.
  absl::Status Commit();

 private:
  WriteTransaction(Connection* connection, std::int64_t changes_before)
      : connection_(connection), changes_before_(changes_before) {}

  Connection* connection_;  // Null after the end.
  std::int64_t changes_before_;
};

// What is read while it lives is of one state of the database.
class ReadTransaction {
 public:
  static absl::StatusOr<ReadTransaction> Begin(Connection& connection);
  ReadTransaction(ReadTransaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  ReadTransaction& operator=(ReadTransaction&&) = delete;
  ~ReadTransaction();

 private:
  explicit ReadTransaction(Connection* connection) : connection_(connection) {}

  Connection* connection_;
};

// Thread-safe; several processes may open the same file. After fork() a child
// gets connections of its own. No other thread may be in a call of a database
// during the fork: the child would inherit its locks.
class Database {
 public:
  // Opens the database at `path`, creating it with the tables of `schema` (SQL)
  // if it does not exist. `upgrades` (SQL) lead from each earlier version of
  // the schema to the next: the version is one more than there are upgrades. An
  // older database is upgraded, in one transaction. If it is durable, each
  // commit is synced to the disk.
  //
  // Errors: FailedPrecondition if it was made by another program, or by a
  // version of Ireneo that this one does not know.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::filesystem::path& path, const std::string& schema,
      const std::vector<std::string>& upgrades = {},
      Durability durability = Durability::kCache);

  // Opens the database at `path`, of the version `version`, for programs that
  // may not write to it.
  //
  // Errors: FailedPrecondition as above and for every other version;
  // PermissionDenied if that cannot be done without writing to its directory: a
  // copy elsewhere will do.
  static absl::StatusOr<std::unique_ptr<Database>> OpenReadOnly(
      const std::filesystem::path& path, std::int64_t version);

  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A connection that no other thread uses meanwhile: an idle one if there is
  // one, else a new one. Errors: also NotFound if the database was removed.
  absl::StatusOr<Connection> Acquire();

  const std::filesystem::path& path() const { return path_; }
  Durability durability() const { return durability_; }

  // `note` is called whenever a statement meets damage, in its thread. To be
  // set before other threads use the database.
  void OnDamage(std::function<void()> note) { on_damage_ = std::move(note); }
  // Damage that is not SQLite's to see was met.
  void NoteDamage() const {
    if (on_damage_ != nullptr) on_damage_();
  }

 private:
  friend class Connection;
  friend class WriteTransaction;

  Database(std::filesystem::path path, Durability durability);

  void Release(std::unique_ptr<Connection::State> state);
  absl::Status CheckIdentity(std::int64_t version);
  absl::Status Initialize(const std::string& schema,
                          const std::vector<std::string>& upgrades);

  const std::filesystem::path path_;
  bool read_only_ = false;
  const Durability durability_;
  std::function<void()> on_damage_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection::State>> idle_;
};

}  // namespace ireneo

#endif  // IRENEO_STORE_DATABASE_H_
