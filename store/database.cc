#include "ireneo/store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/process_id.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// "Irno", in the header of the file: file(1) and we tell our databases by it.
constexpr int kApplicationId = 0x49726e6f;

// How long to wait for another process's transaction.
constexpr absl::Duration kBusyTimeout = absl::Seconds(5);

absl::Status SqliteError(int code, std::string_view what, sqlite3* db) {
  const std::string message = absl::StrCat(
      "index database: cannot ", absl::string_view(what.data(), what.size()),
      ": ", db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  // Where SQLite opens a file, or makes the memory that processes share, only
  // the system's own code tells what is wrong.
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    switch (db != nullptr ? sqlite3_system_errno(db) : 0) {
      case ENOSPC:
      case EDQUOT:
      case EMFILE:
      case ENFILE:
      case ENOMEM:
        return absl::ResourceExhaustedError(message);
      case EIO:
        return absl::InternalError(message);
      default:
        break;
    }
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status Noted(absl::Status status, const Database& database) {
  if (absl::IsDataLoss(status)) database.NoteDamage();
  return status;
}

absl::Status RemovedError(const std::filesystem::path& path) {
  return absl::NotFoundError(absl::StrCat(
      "index database: ", path.native(),
      " was removed or replaced while it was open, or is a link to nothing: "
      "start the program again"));
}

// What tells whose database it is.
struct Identity {
  std::int64_t application = 0;
  std::int64_t version = 0;
  std::int64_t tables = 0;

  bool IsNew() const { return application == 0 && version == 0 && tables == 0; }
};

// In one statement: between two, another process could create the tables.
absl::StatusOr<Identity> ReadIdentity(Connection& connection) {
  IRENEO_ASSIGN_OR_RETURN(
      Statement select,
      connection.Prepare(
          "SELECT (SELECT application_id FROM pragma_application_id),"
          "       (SELECT user_version FROM pragma_user_version),"
          "       count(*) FROM sqlite_schema"));
  IRENEO_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return absl::InternalError("index database: no identity");
  return Identity{.application = select.ColumnInt64(0),
                  .version = select.ColumnInt64(1),
                  .tables = select.ColumnInt64(2)};
}

absl::Status Check(const Identity& identity, std::int64_t version) {
  if (identity.application != kApplicationId) {
    return absl::FailedPreconditionError(
        "this is a database of another program, not an Ireneo index");
  }
  if (identity.version != version) {
    return absl::FailedPreconditionError(
        absl::StrCat("this index has format ", identity.version,
                     " and this build of Ireneo reads ", version,
                     ": use a newer Ireneo or another store"));
  }
  return absl::OkStatus();
}

// SQLite's own handler sleeps up to a tenth of a second between two tries, and
// then finds that a process with more luck has the database: one of eight that
// write without pause waited for up to two seconds, or five if each commit is
// synced. Those who look often all get their turn within a fraction of a
// second, and together do no less.
int OnBusy(void* first_try, int tries) {
  constexpr int kOften = 2000;
  auto& since = *static_cast<absl::Time*>(first_try);
  const absl::Time now = absl::Now();
  if (tries == 0) since = now;
  if (now - since >= kBusyTimeout) return 0;
  absl::SleepFor(tries < kOften ? absl::Microseconds(100)
                                : absl::Milliseconds(1));
  return 1;
}

}  // namespace

// ---------------------------------------------------------------- Statement

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::Bind(int index, std::int64_t value) {
  if (bind_error_ == SQLITE_OK) {
    bind_error_ = sqlite3_bind_int64(statement_, index, value);
  }
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  if (bind_error_ == SQLITE_OK) {
    bind_error_ =
        sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "",
                            text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::Bind(int index, std::span<const std::byte> blob) {
  if (bind_error_ == SQLITE_OK) {
    // A null pointer would bind NULL instead of an empty blob.
    const void* data =
        blob.empty() ? "" : static_cast<const void*>(blob.data());
    bind_error_ = sqlite3_bind_blob64(statement_, index, data, blob.size(),
                                      SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::Bind(int index, const Digest& digest) {
  if (bind_error_ == SQLITE_OK) {
    bind_error_ = sqlite3_bind_blob(statement_, index, digest.bytes().data(),
                                    digest.bytes().size(), SQLITE_TRANSIENT);
  }
  return *this;
}

Statement& Statement::BindNull(int index) {
  if (bind_error_ == SQLITE_OK) {
    bind_error_ = sqlite3_bind_null(statement_, index);
  }
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  sqlite3* db = sqlite3_db_handle(statement_);
  if (bind_error_ != SQLITE_OK) {
    return SqliteError(bind_error_, "bind a parameter", db);
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  // Not by sqlite3_stmt_readonly, for which BEGIN and COMMIT only read.
  return Noted(
      SqliteError(code, sqlite3_column_count(statement_) > 0 ? "read" : "write",
                  db),
      *database_);
}

absl::Status Statement::Run() {
  IRENEO_ASSIGN_OR_RETURN(const bool row, Step());
  if (row) return absl::InternalError("index database: unexpected row");
  return absl::OkStatus();
}

bool Statement::ColumnIsNull(int index) const {
  return sqlite3_column_type(statement_, index) == SQLITE_NULL;
}

std::int64_t Statement::ColumnInt64(int index) const {
  return sqlite3_column_int64(statement_, index);
}

double Statement::ColumnDouble(int index) const {
  return sqlite3_column_double(statement_, index);
}

std::string_view Statement::ColumnText(int index) const {
  const unsigned char* text = sqlite3_column_text(statement_, index);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, index))};
}

std::span<const std::byte> Statement::ColumnBlob(int index) const {
  const void* data = sqlite3_column_blob(statement_, index);
  if (data == nullptr) return {};
  return {static_cast<const std::byte*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, index))};
}

absl::StatusOr<Digest> Statement::ColumnDigest(int index) const {
  const std::span<const std::byte> blob = ColumnBlob(index);
  if (blob.size() != Digest::kSize) {
    return absl::DataLossError(absl::StrCat(
        "index database: a digest of ", blob.size(), " bytes, expected 16"));
  }
  std::array<std::uint8_t, Digest::kSize> bytes;
  std::memcpy(bytes.data(), blob.data(), bytes.size());
  return Digest(bytes);
}

// --------------------------------------------------------------- Connection

struct Connection::State {
  const pid_t pid = ProcessId();  // The process that opened it.
  sqlite3* db = nullptr;
  absl::flat_hash_map<const void*, sqlite3_stmt*> statements;
  absl::Time busy_since;

  void WaitIfBusy() { sqlite3_busy_handler(db, OnBusy, &busy_since); }

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  // A child process closes what it inherited by a fork. SQLite has one table of
  // locks per process and file: were they left open, it would take locks of the
  // parent for its own and never acquire them, and a checkpoint of the parent
  // could pull the log from under a reader in the child. Closing touches
  // nothing that the parent sees: it is in no transaction, POSIX locks are not
  // inherited, and the checkpoint, which would, is turned off.
  ~State() {
    if (pid != ProcessId()) {
      sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(db);
  }

  // Puts all that was committed to the log, by whatever process, on the disk:
  // what is no longer there was synced when it was copied to the database.
  absl::Status SyncLog() {
    sqlite3_file* log = nullptr;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                    static_cast<void*>(&log));
    if (code == SQLITE_OK && log != nullptr && log->pMethods != nullptr) {
      code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    }
    if (code != SQLITE_OK) return SqliteError(code, "sync the log", nullptr);
    return absl::OkStatus();
  }

  // NotFound if the name of the database is another file's, or none's.
  absl::Status CheckInPlace(const std::filesystem::path& path) {
    int moved = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved == 0 ? absl::OkStatus() : RemovedError(path);
  }

  absl::Status Execute(const char* sql) {
    const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return SqliteError(code, "execute a statement", db);
    return absl::OkStatus();
  }
};

Connection::Connection(Database* database, std::unique_ptr<State> state)
    : database_(database), state_(std::move(state)) {}

Connection::Connection(Connection&& other) noexcept = default;

Connection::~Connection() {
  if (state_ != nullptr) database_->Release(std::move(state_));
}

absl::StatusOr<Statement> Connection::Prepare(const char* sql) {
  sqlite3_stmt*& statement = state_->statements[sql];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(
        state_->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      statement = nullptr;
      // All statements are ours: then it is the schema that is not.
      if ((code & 0xff) == SQLITE_ERROR) database_->NoteDamage();
      return Noted(SqliteError(code, "prepare a statement", state_->db),
                   *database_);
    }
  }
  return Statement(statement, *database_);
}

absl::Status Connection::Execute(const char* sql) {
  return Noted(state_->Execute(sql), *database_);
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(state_->db);
}

// --------------------------------------------------------- WriteTransaction

absl::StatusOr<WriteTransaction> WriteTransaction::Begin(Connection& connection,
                                                         IfBusy if_busy) {
  sqlite3* db = connection.state_->db;
  IRENEO_RETURN_IF_ERROR(
      connection.state_->CheckInPlace(connection.database_->path_));
  IRENEO_ASSIGN_OR_RETURN(Statement begin,
                          connection.Prepare("BEGIN IMMEDIATE"));
  if (if_busy == IfBusy::kGiveUp) sqlite3_busy_handler(db, nullptr, nullptr);
  absl::Status status = begin.Run();
  if (if_busy == IfBusy::kGiveUp) connection.state_->WaitIfBusy();
  if (!status.ok()) return status;
  return WriteTransaction(&connection, sqlite3_total_changes64(db));
}

WriteTransaction::WriteTransaction(WriteTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      changes_before_(other.changes_before_) {}

WriteTransaction::~WriteTransaction() {
  if (connection_ != nullptr) (void)connection_->Execute("ROLLBACK");
}

absl::Status WriteTransaction::Commit() {
  IRENEO_ASSIGN_OR_RETURN(Statement commit, connection_->Prepare("COMMIT"));
  IRENEO_RETURN_IF_ERROR(commit.Run());
  Connection& connection = *std::exchange(connection_, nullptr);
  // A commit that writes nothing syncs nothing. What is there may be from a
  // process that does not sync.
  if (connection.database_->durability_ == Durability::kDurable &&
      sqlite3_total_changes64(connection.state_->db) == changes_before_) {
    IRENEO_RETURN_IF_ERROR(connection.state_->SyncLog());
  }
  // What was written to a database that was moved away meanwhile is lost.
  return connection.state_->CheckInPlace(connection.database_->path_);
}

// ---------------------------------------------------------- ReadTransaction

absl::StatusOr<ReadTransaction> ReadTransaction::Begin(Connection& connection) {
  IRENEO_RETURN_IF_ERROR(connection.Execute("BEGIN"));
  return ReadTransaction(&connection);
}

ReadTransaction::~ReadTransaction() {
  if (connection_ != nullptr) (void)connection_->Execute("ROLLBACK");
}

// ----------------------------------------------------------------- Database

Database::Database(std::filesystem::path path, Durability durability)
    : path_(std::move(path)), durability_(durability) {}

Database::~Database() = default;

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::filesystem::path& path, const std::string& schema,
    const std::vector<std::string>& upgrades, Durability durability) {
  // SQLite would make it readable for others and writable for none; the files
  // beside it get its mode. If it is there, it must not be opened here: closing
  // it would drop the locks that this process has on it.
  if (const int file =
          ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      file >= 0) {
    ::close(file);
  } else if (errno == ENOENT) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot create ", path.native()));
  }
  std::unique_ptr<Database> database(new Database(path, durability));
  // Two processes that create the database at once can meet a lock for which
  // SQLite does not call its busy handler.
  const absl::Time deadline = absl::Now() + kBusyTimeout;
  absl::Status status;
  while (absl::IsUnavailable(status = database->Initialize(schema, upgrades)) &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(path.native(), ": ", status.message()));
  }
  return database;
}

absl::StatusOr<std::unique_ptr<Database>> Database::OpenReadOnly(
    const std::filesystem::path& path, std::int64_t version) {
  std::unique_ptr<Database> database(new Database(path, Durability::kCache));
  database->read_only_ = true;
  absl::Status status = database->CheckIdentity(version);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(path.native(), ": ", status.message()));
  }
  return database;
}

absl::StatusOr<Connection> Database::Acquire() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty() && idle_.front()->pid != ProcessId()) idle_.clear();
    if (!idle_.empty()) {
      std::unique_ptr<Connection::State> state = std::move(idle_.back());
      idle_.pop_back();
      return Connection(this, std::move(state));
    }
  }
  auto state = std::make_unique<Connection::State>();
  // Never made here: a database that was removed while it was in use must not
  // come back as an empty one.
  const int access = read_only_ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path_.c_str(), &state->db,
                                   access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    if (sqlite3_system_errno(state->db) == ENOENT) return RemovedError(path_);
    return SqliteError(code, "open", state->db);
  }
  sqlite3_extended_result_codes(state->db, 1);
  state->WaitIfBusy();
  // Keeps the -wal file when the last connection closes: making it anew would
  // be most of the cost of opening.
  int persist = 1;
  sqlite3_file_control(state->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  IRENEO_RETURN_IF_ERROR(state->Execute(durability_ == Durability::kDurable
                                            ? "PRAGMA synchronous = FULL"
                                            : "PRAGMA synchronous = NORMAL"));
  IRENEO_RETURN_IF_ERROR(
      state->Execute("PRAGMA mmap_size = 0;"  // A file cut short would kill.
                     "PRAGMA cache_size = -16384;"
                     // Half the syncs of 4000, and a quarter more for the call
                     // that does it.
                     "PRAGMA wal_autocheckpoint = 12000;"
                     // What a checkpoint leaves: cutting the file off and
                     // letting it grow again would take a quarter of the time.
                     "PRAGMA journal_size_limit = 67108864;"
                     "PRAGMA trusted_schema = OFF;"
                     "PRAGMA cell_size_check = ON;"));
  return Connection(this, std::move(state));
}

void Database::Release(std::unique_ptr<Connection::State> state) {
  if (state->pid != ProcessId()) return;  // Leased before a fork: closed.
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(state));
}

absl::Status Database::Initialize(const std::string& schema,
                                  const std::vector<std::string>& upgrades) {
  const auto version = static_cast<std::int64_t>(upgrades.size()) + 1;
  IRENEO_ASSIGN_OR_RETURN(Connection connection, Acquire());
  IRENEO_ASSIGN_OR_RETURN(Identity identity, ReadIdentity(connection));
  const auto is_older = [&] {
    return identity.application == kApplicationId && identity.version >= 1 &&
           identity.version < version;
  };
  if (identity.IsNew() ||
      (identity.application == kApplicationId && identity.version <= version)) {
    // A copy of a database (VACUUM INTO) is not in this mode.
    IRENEO_RETURN_IF_ERROR(connection.Execute("PRAGMA journal_mode = WAL"));
  }
  if (identity.IsNew() || is_older()) {
    IRENEO_ASSIGN_OR_RETURN(WriteTransaction transaction,
                            WriteTransaction::Begin(connection));
    // Another process may have been first.
    IRENEO_ASSIGN_OR_RETURN(identity, ReadIdentity(connection));
    if (identity.IsNew() || is_older()) {
      if (identity.IsNew()) {
        IRENEO_RETURN_IF_ERROR(connection.Execute(schema.c_str()));
      } else {
        for (auto i = static_cast<std::size_t>(identity.version) - 1;
             i < upgrades.size(); ++i) {
          IRENEO_RETURN_IF_ERROR(connection.Execute(upgrades[i].c_str()));
        }
      }
      IRENEO_RETURN_IF_ERROR(connection.Execute(
          absl::StrCat("PRAGMA application_id = ", kApplicationId,
                       "; PRAGMA user_version = ", version)
              .c_str()));
      return transaction.Commit();
    }
  }
  return Check(identity, version);
}

absl::Status Database::CheckIdentity(std::int64_t version) {
  IRENEO_ASSIGN_OR_RETURN(Connection connection, Acquire());
  IRENEO_ASSIGN_OR_RETURN(const Identity identity, ReadIdentity(connection));
  return Check(identity, version);
}

}  // namespace ireneo
