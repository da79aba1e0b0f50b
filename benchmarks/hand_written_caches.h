#ifndef IRENEO_BENCHMARKS_HAND_WRITTEN_CACHES_H_
#define IRENEO_BENCHMARKS_HAND_WRITTEN_CACHES_H_

// Peers that a programmer would write in an afternoon: results by a key that is
// the XXH3 of the argument, in a table of SQLite or in a file each. They check
// nothing when they read, remember one function, and know no versions: what
// they cost is about the least that one can.

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "benchmarks/fixture.h"
#include "xxh_x86dispatch.h"

namespace ireneo::benchmarks {

inline XXH128_hash_t HashOf(std::string_view bytes) {
  return XXH3_128bits(bytes.data(), bytes.size());
}

inline XXH128_hash_t HashOf(std::int32_t value) {
  return XXH3_128bits(&value, sizeof(value));
}

// One connection, in the mode in which Ireneo keeps its index.
class SqliteCache {
 public:
  explicit SqliteCache(const std::filesystem::path& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) Fail();
    sqlite3_busy_timeout(database_, 60'000);
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = NORMAL");
    Run("PRAGMA cache_size = -16000");
    Run("PRAGMA wal_autocheckpoint = 12000");
    Run("CREATE TABLE IF NOT EXISTS results "
        "(key BLOB PRIMARY KEY, result BLOB) WITHOUT ROWID");
    Prepare("INSERT OR IGNORE INTO results VALUES (?, ?)", &insert_);
    Prepare("SELECT result FROM results WHERE key = ?", &select_);
  }
  ~SqliteCache() {
    sqlite3_finalize(insert_);
    sqlite3_finalize(select_);
    sqlite3_close(database_);
  }
  SqliteCache(const SqliteCache&) = delete;
  SqliteCache& operator=(const SqliteCache&) = delete;

  void Run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      Fail();
    }
  }

  // Rows that the statement of `Run` has changed.
  std::int64_t Changes() { return sqlite3_changes(database_); }

  void Put(const XXH128_hash_t& key, const void* result, std::size_t size) {
    sqlite3_bind_blob(insert_, 1, &key, sizeof(key), SQLITE_STATIC);
    sqlite3_bind_blob64(insert_, 2, result, size, SQLITE_STATIC);
    if (sqlite3_step(insert_) != SQLITE_DONE) Fail();
    sqlite3_reset(insert_);
  }

  // False if there is none, or one of another size.
  bool Get(const XXH128_hash_t& key, void* result, std::size_t size) {
    sqlite3_bind_blob(select_, 1, &key, sizeof(key), SQLITE_STATIC);
    const int step = sqlite3_step(select_);
    if (step != SQLITE_ROW && step != SQLITE_DONE) Fail();
    const bool found =
        step == SQLITE_ROW &&
        static_cast<std::size_t>(sqlite3_column_bytes(select_, 0)) == size;
    if (found) std::memcpy(result, sqlite3_column_blob(select_, 0), size);
    sqlite3_reset(select_);
    return found;
  }

 private:
  [[noreturn]] void Fail() { Die(sqlite3_errmsg(database_)); }

  void Prepare(const char* sql, sqlite3_stmt** statement) {
    if (sqlite3_prepare_v2(database_, sql, -1, statement, nullptr) !=
        SQLITE_OK) {
      Fail();
    }
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

// Written under another name first, so that no reader sees a half.
class FileCache {
 public:
  explicit FileCache(const std::filesystem::path& directory)
      : directory_(directory.native() + '/') {
    std::filesystem::create_directories(directory);
  }

  void Put(const XXH128_hash_t& key, const void* result, std::size_t size) {
    const std::string path = PathOf(key);
    const std::string unfinished = path + ".tmp";
    const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT, 0644);
    // In pieces: a write of many megabytes is several times as slow here.
    constexpr std::size_t kPiece = 256 << 10;
    const char* from = static_cast<const char*>(result);
    for (std::size_t left = size; left > 0;) {
      const ssize_t written = ::write(file, from, std::min(left, kPiece));
      if (written <= 0) Die("cannot write " + unfinished);
      from += written;
      left -= static_cast<std::size_t>(written);
    }
    ::close(file);
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
      Die("cannot rename " + unfinished);
    }
  }

  // False if there is none, or one of another size.
  bool Get(const XXH128_hash_t& key, void* result, std::size_t size) {
    const int file = ::open(PathOf(key).c_str(), O_RDONLY);
    if (file < 0) return false;
    struct stat st;
    const bool found =
        ::fstat(file, &st) == 0 && st.st_size == static_cast<off_t>(size);
    for (std::size_t done = 0; found && done < size;) {
      const ssize_t got =
          ::read(file, static_cast<char*>(result) + done, size - done);
      if (got <= 0) Die("cannot read");
      done += static_cast<std::size_t>(got);
    }
    ::close(file);
    return found;
  }

 private:
  std::string PathOf(const XXH128_hash_t& key) const {
    char name[33];
    std::snprintf(name, sizeof(name), "%016llx%016llx",
                  static_cast<unsigned long long>(key.high64),
                  static_cast<unsigned long long>(key.low64));
    return directory_ + name;
  }

  const std::string directory_;
};

}  // namespace ireneo::benchmarks

#endif  // IRENEO_BENCHMARKS_HAND_WRITTEN_CACHES_H_
