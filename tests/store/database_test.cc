#include "ireneo/store/database.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/digest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::ChildProcess;
using ::ireneo::testing::CountEntries;
using ::ireneo::testing::CountingBytes;
using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::RunInChildren;
using ::ireneo::testing::RunUnprivileged;
using ::ireneo::testing::Signal;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::Text;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Twice in one database, it would fail.
constexpr char kSchema[] =
    "CREATE TABLE numbers(id INTEGER PRIMARY KEY, value INTEGER, text TEXT,"
    " data BLOB) STRICT;"
    "CREATE TABLE marks(value INTEGER) STRICT;"
    "INSERT INTO marks VALUES (42);";

// Another program's access to the file.
class RawDatabase {
 public:
  explicit RawDatabase(const std::filesystem::path& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK) << path;
  }
  ~RawDatabase() { sqlite3_close(db_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void Execute(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(db_);
  }

  // The first column of the first row.
  std::string Query(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr),
              SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(db_);
    std::string text;
    if (sqlite3_step(statement) == SQLITE_ROW) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return text;
  }

 private:
  sqlite3* db_ = nullptr;
};

class DatabaseTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return directory_.path() / "index.db"; }

  std::unique_ptr<Database> MustOpen() const {
    absl::StatusOr<std::unique_ptr<Database>> database =
        Database::Open(path(), kSchema);
    EXPECT_THAT(database, IsOk());
    return database.ok() ? *std::move(database) : nullptr;
  }

  // That nothing was changed or left beside it by an `Open` which fails so.
  template <typename Matcher>
  void ExpectRefusedAndLeftAlone(const Matcher& matcher) {
    const std::string before = FileBytes(path());
    const std::size_t entries = CountEntries(directory_.path());
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(Database::Open(path(), kSchema), matcher);
      EXPECT_TRUE(FileBytes(path()) == before);
      EXPECT_EQ(CountEntries(directory_.path()), entries);
    }
  }

  const TemporaryDirectory directory_;
};

absl::Status Insert(Database& database, std::int64_t value) {
  absl::StatusOr<Connection> connection = database.Acquire();
  if (!connection.ok()) return connection.status();
  absl::StatusOr<Statement> insert =
      connection->Prepare("INSERT INTO numbers(value) VALUES (?)");
  if (!insert.ok()) return insert.status();
  return insert->Bind(1, value).Run();
}

std::int64_t Count(Database& database) {
  absl::StatusOr<Connection> connection = database.Acquire();
  EXPECT_THAT(connection, IsOk());
  if (!connection.ok()) return -1;
  absl::StatusOr<Statement> select =
      connection->Prepare("SELECT count(DISTINCT value) FROM numbers");
  EXPECT_THAT(select, IsOk());
  const absl::StatusOr<bool> row = select->Step();
  EXPECT_THAT(row, IsOk());
  return row.value_or(false) ? select->ColumnInt64(0) : -1;
}

// -------------------------------------------------------------------- Opening

TEST_F(DatabaseTest, OpenCreatesTheSchemaOnce) {
  for (int i = 0; i < 3; ++i) {
    const std::unique_ptr<Database> database = MustOpen();
    ASSERT_NE(database, nullptr);
    ASSERT_THAT(Insert(*database, i), IsOk());
    EXPECT_EQ(Count(*database), i + 1);
  }
  RawDatabase raw(path());
  EXPECT_EQ(raw.Query("SELECT count(*) FROM marks"), "1");
  EXPECT_EQ(raw.Query("PRAGMA application_id"), absl::StrCat(0x49726e6f));
  EXPECT_EQ(raw.Query("PRAGMA user_version"), "1");
  EXPECT_EQ(raw.Query("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(raw.Query("PRAGMA integrity_check"), "ok");
}

TEST_F(DatabaseTest, OpenTwiceInOneProcess) {
  const std::unique_ptr<Database> one = MustOpen();
  const std::unique_ptr<Database> two = MustOpen();
  ASSERT_THAT(Insert(*one, 1), IsOk());
  ASSERT_THAT(Insert(*two, 2), IsOk());
  EXPECT_EQ(Count(*one), 2);
  EXPECT_EQ(Count(*two), 2);
}

TEST_F(DatabaseTest, AnEmptyFileBecomesADatabase) {
  WriteFileBytes(path(), "");
  const std::unique_ptr<Database> database = MustOpen();
  ASSERT_NE(database, nullptr);
  EXPECT_THAT(Insert(*database, 1), IsOk());
}

// What is left of a creation that was killed half-way.
TEST_F(DatabaseTest, AnEmptyWalDatabaseGetsItsSchema) {
  RawDatabase(path()).Execute("PRAGMA journal_mode = WAL");
  const std::unique_ptr<Database> database = MustOpen();
  ASSERT_NE(database, nullptr);
  EXPECT_THAT(Insert(*database, 1), IsOk());
}

TEST_F(DatabaseTest, ABadSchemaLeavesNothingBehind) {
  EXPECT_FALSE(
      Database::Open(path(), "CREATE TABLE a(b); CREATE NONSENSE").ok());
  EXPECT_EQ(RawDatabase(path()).Query("SELECT count(*) FROM sqlite_schema"),
            "0");
  const std::unique_ptr<Database> database = MustOpen();
  ASSERT_NE(database, nullptr);
  EXPECT_THAT(Insert(*database, 1), IsOk());
}

TEST_F(DatabaseTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  RawDatabase(path()).Execute(
      "CREATE TABLE theirs(x); "
      "INSERT INTO theirs VALUES (1)");
  ExpectRefusedAndLeftAlone(StatusIs(
      absl::StatusCode::kFailedPrecondition,
      AllOf(HasSubstr("another program"), HasSubstr(path().native()))));
  EXPECT_EQ(RawDatabase(path()).Query("PRAGMA journal_mode"), "delete");
}

TEST_F(DatabaseTest, AnotherApplicationIdIsRefusedAndLeftAlone) {
  // With the version that ours has, with a table and without one.
  RawDatabase(path()).Execute(
      "PRAGMA application_id = 1; PRAGMA user_version = 1");
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("another program"));
  ExpectRefusedAndLeftAlone(refused);
  RawDatabase(path()).Execute("CREATE TABLE theirs(x)");
  ExpectRefusedAndLeftAlone(refused);
  EXPECT_EQ(RawDatabase(path()).Query("PRAGMA journal_mode"), "delete");
}

TEST_F(DatabaseTest, AForeignUserVersionIsRefusedAndLeftAlone) {
  RawDatabase(path()).Execute("PRAGMA user_version = 7");
  ExpectRefusedAndLeftAlone(StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("another program")));
}

TEST_F(DatabaseTest, ANewerFormatIsRefusedWithBothNumbers) {
  MustOpen();
  RawDatabase(path()).Execute(
      "PRAGMA journal_mode = DELETE; PRAGMA user_version = 1234");
  ExpectRefusedAndLeftAlone(
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("format 1234"), HasSubstr("reads 1"),
                     HasSubstr(path().native()))));
}

TEST_F(DatabaseTest, AnOlderFormatIsUpgradedStepByStep) {
  const std::vector<std::string> upgrades = {
      "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 2",
      "ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 3"};
  {
    const auto first = Database::Open(path(), "CREATE TABLE t(a INTEGER)");
    ASSERT_THAT(first, IsOk());
    auto connection = (*first)->Acquire();
    ASSERT_THAT(connection->Execute("INSERT INTO t VALUES (1)"), IsOk());
  }
  {
    const auto second = Database::Open(path(), "", {upgrades[0]});
    ASSERT_THAT(second, IsOk());
  }
  const auto third = Database::Open(path(), "", upgrades);
  ASSERT_THAT(third, IsOk());
  auto connection = (*third)->Acquire();
  auto select = connection->Prepare("SELECT a, b, c FROM t");
  ASSERT_THAT(select, IsOk());
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->ColumnInt64(0), 1);
  EXPECT_EQ(select->ColumnInt64(1), 2);
  EXPECT_EQ(select->ColumnInt64(2), 3);
  // Who knows only the second says so.
  EXPECT_THAT(Database::Open(path(), "", {upgrades[0]}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("format 3 and this build of Ireneo reads 2")));
}

TEST_F(DatabaseTest, AnUpgradeThatFailsChangesNothing) {
  { ASSERT_THAT(Database::Open(path(), "CREATE TABLE t(a INTEGER)"), IsOk()); }
  EXPECT_FALSE(Database::Open(path(), "",
                              {"ALTER TABLE t ADD COLUMN b INTEGER; "
                               "ALTER TABLE missing ADD COLUMN c INTEGER"})
                   .ok());
  const auto again = Database::Open(path(), "");
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT((*again)->Acquire()->Execute("INSERT INTO t(b) VALUES (1)"),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(DatabaseTest, GarbageIsDataLoss) {
  // SQLite takes a file of one byte for an empty one.
  for (const std::size_t size : {2, 99, 100, 511, 512, 4096, 100000}) {
    WriteFileBytes(path(), RandomBytes(size, size));
    ExpectRefusedAndLeftAlone(
        StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path().native())));
    WriteFileBytes(path(), std::string(size, '\0'));
    ExpectRefusedAndLeftAlone(StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_F(DatabaseTest, ADamagedPageIsDataLoss) {
  {
    const std::unique_ptr<Database> database = MustOpen();
    for (int i = 0; i < 1000; ++i) ASSERT_THAT(Insert(*database, i), IsOk());
  }
  RawDatabase(path()).Execute("PRAGMA journal_mode = DELETE");
  std::string bytes = FileBytes(path());
  ASSERT_GT(bytes.size(), 16384u);
  // All but the header and the schema.
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = '\x5a';
  WriteFileBytes(path(), bytes);
  const absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path(), kSchema);
  ASSERT_THAT(database, IsOk()) << "the header is good";
  EXPECT_THAT(Insert(**database, 1), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(DatabaseTest, AFolderThatIsNotThereIsAnErrorWithThePath) {
  const std::filesystem::path missing = directory_.path() / "no" / "index.db";
  EXPECT_THAT(
      Database::Open(missing, kSchema),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr(missing.native())));
  EXPECT_FALSE(std::filesystem::exists(missing.parent_path()));
  EXPECT_THAT(Database::Open(directory_.path(), kSchema),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr(directory_.path().native())));
}

TEST_F(DatabaseTest, ALinkToNothingIsNotFollowed) {
  const std::filesystem::path target = directory_.path() / "elsewhere";
  std::filesystem::create_symlink(target, path());
  EXPECT_THAT(
      Database::Open(path(), kSchema),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("is a link to nothing")));
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(DatabaseTest, TooManyOpenFilesIsResourceExhausted) {
  MustOpen();
  RunInChildren(1, [this](int) {
    const struct rlimit limit = {.rlim_cur = 3, .rlim_max = 3};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_THAT(Database::Open(path(), kSchema),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr(path().native())));
  });
}

TEST_F(DatabaseTest, WithoutPermissionIsPermissionDenied) {
  MustOpen();
  namespace fs = std::filesystem;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(directory_.path())) {
    fs::permissions(entry, fs::perms(0444));
  }
  fs::permissions(directory_.path(), fs::perms(0555));
  RunUnprivileged([this] {
    const absl::StatusOr<std::unique_ptr<Database>> database =
        Database::Open(path(), kSchema);
    const absl::Status status =
        database.ok() ? Insert(**database, 1) : database.status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  });
  fs::permissions(path(), fs::perms(0));
  RunUnprivileged([this] {
    EXPECT_THAT(Database::Open(path(), kSchema),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr(path().native())));
  });
  fs::permissions(directory_.path(), fs::perms(0755));
}

TEST_F(DatabaseTest, AFullDatabaseIsResourceExhausted) {
  const std::unique_ptr<Database> database = MustOpen();
  {
    absl::StatusOr<Connection> connection = database->Acquire();
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT(connection->Execute("PRAGMA max_page_count = 20"), IsOk());
  }
  absl::Status status;
  int inserted = 0;
  while ((status = Insert(*database, inserted)).ok()) ++inserted;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(inserted, 1000);
  EXPECT_EQ(Count(*database), inserted);
}

// ----------------------------------------------------------------- Statements

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereBound) {
  const std::unique_ptr<Database> database = MustOpen();
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  const std::string zeros("a\0b", 3);
  const std::string bytes = CountingBytes(5000);
  {
    absl::StatusOr<Statement> insert = connection->Prepare(
        "INSERT INTO numbers(id, value, text, data) VALUES (?, ?, ?, ?)");
    ASSERT_THAT(insert, IsOk());
    EXPECT_THAT(insert->Bind(1, std::int64_t{1})
                    .Bind(2, INT64_MIN)
                    .Bind(3, zeros)
                    .Bind(4, std::as_bytes(std::span(bytes)))
                    .Run(),
                IsOk());
    EXPECT_EQ(connection->changes(), 1);
  }
  {  // The same statement again; unbound parameters are NULL.
    absl::StatusOr<Statement> insert = connection->Prepare(
        "INSERT INTO numbers(id, value, text, data) VALUES (?, ?, ?, ?)");
    ASSERT_THAT(insert, IsOk());
    EXPECT_THAT(insert->Bind(1, std::int64_t{2}).BindNull(2).Run(), IsOk());
  }
  {
    absl::StatusOr<Statement> insert = connection->Prepare(
        "INSERT INTO numbers(id, value, text, data) VALUES (?, ?, ?, ?)");
    ASSERT_THAT(insert, IsOk());
    EXPECT_THAT(insert->Bind(1, std::int64_t{3})
                    .Bind(2, INT64_MAX)
                    .Bind(3, std::string_view())
                    .Bind(4, std::span<const std::byte>())
                    .Run(),
                IsOk());
  }
  absl::StatusOr<Statement> select =
      connection->Prepare("SELECT value, text, data FROM numbers ORDER BY id");
  ASSERT_THAT(select, IsOk());
  ASSERT_TRUE(select->Step().value_or(false));
  EXPECT_EQ(select->ColumnInt64(0), INT64_MIN);
  EXPECT_EQ(select->ColumnText(1), zeros);
  EXPECT_EQ(Text(select->ColumnBlob(2)), bytes);
  ASSERT_TRUE(select->Step().value_or(false));
  EXPECT_TRUE(select->ColumnIsNull(0));
  EXPECT_TRUE(select->ColumnIsNull(1));
  EXPECT_TRUE(select->ColumnIsNull(2));
  EXPECT_EQ(select->ColumnText(1), "");
  EXPECT_TRUE(select->ColumnBlob(2).empty());
  ASSERT_TRUE(select->Step().value_or(false));
  EXPECT_EQ(select->ColumnInt64(0), INT64_MAX);
  EXPECT_FALSE(select->ColumnIsNull(1));
  EXPECT_FALSE(select->ColumnIsNull(2));
  EXPECT_EQ(select->ColumnText(1), "");
  EXPECT_FALSE(select->Step().value_or(true));
}

TEST_F(DatabaseTest, DigestsComeBackAndAreChecked) {
  const std::unique_ptr<Database> database = MustOpen();
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  const Digest digest = Digest::Of("Ireneo");
  absl::StatusOr<Statement> select = connection->Prepare("SELECT ?, x'0102'");
  ASSERT_THAT(select, IsOk());
  select->Bind(1, digest);
  ASSERT_TRUE(select->Step().value_or(false));
  ASSERT_THAT(select->ColumnDigest(0), IsOk());
  EXPECT_EQ(*select->ColumnDigest(0), digest);
  EXPECT_THAT(select->ColumnDigest(1),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("2 bytes")));
}

TEST_F(DatabaseTest, AFailedBindIsReportedByStep) {
  const std::unique_ptr<Database> database = MustOpen();
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  {
    absl::StatusOr<Statement> select = connection->Prepare("SELECT ?");
    ASSERT_THAT(select, IsOk());
    select->Bind(2, std::int64_t{1}).Bind(1, std::int64_t{1});
    EXPECT_THAT(select->Step(), StatusIs(absl::StatusCode::kInternal));
  }
  // The next use of the statement is not affected.
  absl::StatusOr<Statement> select = connection->Prepare("SELECT ?");
  ASSERT_THAT(select, IsOk());
  select->Bind(1, std::int64_t{5});
  ASSERT_TRUE(select->Step().value_or(false));
  EXPECT_EQ(select->ColumnInt64(0), 5);
}

TEST_F(DatabaseTest, BadSqlIsInternal) {
  const std::unique_ptr<Database> database = MustOpen();
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  EXPECT_THAT(connection->Prepare("SELEKT"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("SELEKT")));
  EXPECT_THAT(connection->Execute("SELEKT"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("SELEKT")));
  absl::StatusOr<Statement> select = connection->Prepare("SELECT 1");
  ASSERT_THAT(select, IsOk());
  EXPECT_THAT(select->Run(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(DatabaseTest, ATransactionIsRolledBackUnlessCommitted) {
  const std::unique_ptr<Database> database = MustOpen();
  for (const bool commit : {false, true, false}) {
    absl::StatusOr<Connection> connection = database->Acquire();
    ASSERT_THAT(connection, IsOk());
    absl::StatusOr<WriteTransaction> transaction =
        WriteTransaction::Begin(*connection);
    ASSERT_THAT(transaction, IsOk());
    EXPECT_THAT(connection->Execute("INSERT INTO numbers(value) VALUES (9)"),
                IsOk());
    if (commit) {
      EXPECT_THAT(transaction->Commit(), IsOk());
    }
  }
  EXPECT_EQ(Count(*database), 1);
  EXPECT_THAT(Insert(*database, 10), IsOk());
}

TEST_F(DatabaseTest, ConnectionsAreLeasedAndComeBack) {
  const std::unique_ptr<Database> database = MustOpen();
  std::vector<Connection> leased;
  for (int i = 0; i < 10; ++i) {
    absl::StatusOr<Connection> connection = database->Acquire();
    ASSERT_THAT(connection, IsOk());
    // A temporary table is seen by its own connection alone.
    ASSERT_THAT(connection->Execute("CREATE TEMP TABLE mine(x)"), IsOk());
    leased.push_back(*std::move(connection));
  }
  leased.clear();
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  EXPECT_THAT(connection->Execute("SELECT * FROM mine"), IsOk())
      << "not one that was idle";
}

// ------------------------------------------------------- Threads and processes

TEST_F(DatabaseTest, FourThreadsInsertAtOnce) {
  const std::unique_ptr<Database> database = MustOpen();
  constexpr int kEach = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&database, t] {
      for (int i = 0; i < kEach; ++i) {
        ASSERT_THAT(Insert(*database, t * kEach + i), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(*database), 4 * kEach);
}

TEST_F(DatabaseTest, FourProcessesCreateItAtOnce) {
  for (int round = 0; round < 20; ++round) {
    const std::filesystem::path path =
        directory_.path() / absl::StrCat("new-", round, ".db");
    RunInChildren(4, [&path](int child) {
      const absl::StatusOr<std::unique_ptr<Database>> database =
          Database::Open(path, kSchema);
      ASSERT_THAT(database, IsOk());
      for (int i = 0; i < 10; ++i) {
        ASSERT_THAT(Insert(**database, 10 * child + i), IsOk());
      }
    });
    const absl::StatusOr<std::unique_ptr<Database>> database =
        Database::Open(path, kSchema);
    ASSERT_THAT(database, IsOk());
    EXPECT_EQ(Count(**database), 40);
    EXPECT_EQ(RawDatabase(path).Query("SELECT count(*) FROM marks"), "1");
  }
}

TEST_F(DatabaseTest, AChildUsesConnectionsOfItsOwn) {
  const std::unique_ptr<Database> database = MustOpen();
  ASSERT_THAT(Insert(*database, 0), IsOk());
  RunInChildren(3, [&database](int child) {
    EXPECT_GE(Count(*database), 1);
    for (int i = 0; i < 100; ++i) {
      ASSERT_THAT(Insert(*database, 1 + 100 * child + i), IsOk());
    }
  });
  EXPECT_THAT(Insert(*database, 301), IsOk());
  EXPECT_EQ(Count(*database), 302);
  EXPECT_EQ(RawDatabase(path()).Query("PRAGMA integrity_check"), "ok");
}

// The lease outlives the fork: it must not enter the child's pool.
TEST_F(DatabaseTest, AChildDoesNotReuseAConnectionLeasedBeforeTheFork) {
  const std::unique_ptr<Database> database = MustOpen();
  absl::StatusOr<Connection> leased = database->Acquire();
  ASSERT_THAT(leased, IsOk());
  ASSERT_THAT(leased->Execute("CREATE TEMP TABLE of_the_parent(x)"), IsOk());
  std::optional<Connection> connection(*std::move(leased));
  RunInChildren(1, [&](int) {
    ASSERT_THAT(Insert(*database, 1), IsOk());
    connection.reset();
    std::vector<Connection> held;
    for (int i = 0; i < 3; ++i) {
      absl::StatusOr<Connection> own = database->Acquire();
      ASSERT_THAT(own, IsOk());
      EXPECT_FALSE(own->Execute("SELECT * FROM of_the_parent").ok());
      held.push_back(*std::move(own));
    }
  });
  EXPECT_THAT(connection->Execute("SELECT * FROM of_the_parent"), IsOk());
  EXPECT_EQ(Count(*database), 1);
}

// A child that reads keeps its snapshot, and nothing is lost, while the parent
// writes, closes the database, and other processes open it.
TEST_F(DatabaseTest, TheParentMayCloseWhileAChildReads) {
  std::unique_ptr<Database> database = MustOpen();
  ASSERT_THAT(Insert(*database, 0), IsOk());
  Signal reading;
  Signal closed;
  constexpr int kRows = 3000;
  ChildProcess child([&] {
    {
      absl::StatusOr<Connection> connection = database->Acquire();
      ASSERT_THAT(connection, IsOk());
      EXPECT_THAT(connection->Execute("BEGIN"), IsOk());
      EXPECT_THAT(connection->Execute("SELECT count(*) FROM numbers"), IsOk());
      reading.Give();
      closed.Await();
      absl::StatusOr<Statement> select =
          connection->Prepare("SELECT count(*) FROM numbers");
      ASSERT_THAT(select, IsOk());
      EXPECT_TRUE(select->Step().value_or(false));
      EXPECT_EQ(select->ColumnInt64(0), 1);
      EXPECT_FALSE(select->Step().value_or(true));
      EXPECT_THAT(connection->Execute("COMMIT"), IsOk());
    }
    EXPECT_EQ(Count(*database), kRows + 1);
    EXPECT_THAT(Insert(*database, kRows + 1), IsOk());
  });
  reading.Await();
  for (int i = 1; i < kRows; ++i) ASSERT_THAT(Insert(*database, i), IsOk());
  database.reset();
  RunInChildren(1, [&](int) {
    const std::unique_ptr<Database> other = MustOpen();
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(Count(*other), kRows);
    EXPECT_THAT(Insert(*other, kRows), IsOk());
  });
  closed.Give();
  child.Join();
  EXPECT_EQ(RawDatabase(path()).Query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(RawDatabase(path()).Query("SELECT count(*) FROM numbers"),
            absl::StrCat(kRows + 2));
}

TEST_F(DatabaseTest, WhatIsWrittenToADatabaseThatWasRemovedIsAnError) {
  const std::unique_ptr<Database> database = MustOpen();
  ASSERT_THAT(Insert(*database, 1), IsOk());
  absl::StatusOr<Connection> connection = database->Acquire();
  ASSERT_THAT(connection, IsOk());
  const auto removed = StatusIs(
      absl::StatusCode::kNotFound,
      AllOf(HasSubstr(path().native()), HasSubstr("start the program again")));
  {
    absl::StatusOr<WriteTransaction> transaction =
        WriteTransaction::Begin(*connection);
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT(connection->Execute("INSERT INTO marks VALUES (1)"), IsOk());
    std::filesystem::rename(path(), directory_.path() / "moved");
    EXPECT_THAT(transaction->Commit(), removed);
  }
  EXPECT_THAT(WriteTransaction::Begin(*connection).status(), removed);
  // Nor does a new connection make it anew.
  EXPECT_THAT(database->Acquire(), removed);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace ireneo
