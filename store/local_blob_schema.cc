// The tables of a LocalBlobStore, which store/FORMAT.md explains.

#include <string>

#include "absl/strings/str_cat.h"
#include "ireneo/store/local_blob_store.h"

namespace ireneo {
namespace {

constexpr char kBlobFiles[] = R"sql(
    CREATE TABLE blob_files(   -- one row: what the files of blobs amount to
      id     INTEGER PRIMARY KEY CHECK(id = 1),
      blobs  INTEGER NOT NULL,  -- how many blobs are files
      size   INTEGER NOT NULL,  -- bytes of their payloads
      stored INTEGER NOT NULL   -- bytes of their files
    ) STRICT;
)sql";

// The casts keep a row whose size is damaged from making the sum a REAL, which
// the table does not take: then it could not even be removed.
constexpr char kTriggers[] = R"sql(
    CREATE TRIGGER blob_file_added AFTER INSERT ON blobs
    WHEN new.data IS NULL BEGIN
      UPDATE blob_files SET
        blobs = blobs + 1,
        size = CAST(size + new.size AS INTEGER),
        stored = CAST(stored + coalesce(new.stored, new.size) AS INTEGER);
    END;

    CREATE TRIGGER blob_file_removed AFTER DELETE ON blobs
    WHEN old.data IS NULL BEGIN
      UPDATE blob_files SET
        blobs = blobs - 1,
        size = CAST(size - old.size AS INTEGER),
        stored = CAST(stored - coalesce(old.stored, old.size) AS INTEGER);
    END;

    CREATE TRIGGER blob_file_changed AFTER UPDATE ON blobs
    WHEN old.data IS NULL OR new.data IS NULL BEGIN
      UPDATE blob_files SET
        blobs = blobs - (old.data IS NULL) + (new.data IS NULL),
        size = CAST(size - iif(old.data IS NULL, old.size, 0)
                         + iif(new.data IS NULL, new.size, 0) AS INTEGER),
        stored = CAST(
            stored
            - iif(old.data IS NULL, coalesce(old.stored, old.size), 0)
            + iif(new.data IS NULL, coalesce(new.stored, new.size), 0)
            AS INTEGER);
    END;
)sql";

}  // namespace

std::string LocalBlobStore::Schema() {
  return absl::StrCat(R"sql(
    CREATE TABLE blobs(
      digest  BLOB PRIMARY KEY,  -- XXH3-128 of the payload
      size    INTEGER NOT NULL,  -- bytes of the payload
      created INTEGER NOT NULL,  -- microseconds since 1970, UTC
      data    BLOB,              -- the payload; NULL if it is a file
      codec   TEXT,              -- of the file; NULL if it is the payload
      stored  INTEGER            -- bytes of the file if it has a codec
    ) STRICT, WITHOUT ROWID;
    )sql",
                      kBlobFiles, R"sql(
    INSERT INTO blob_files VALUES (1, 0, 0, 0);
    )sql",
                      kTriggers);
}

std::string LocalBlobStore::UpgradeTo3() {
  return absl::StrCat(R"sql(
    ALTER TABLE blobs ADD COLUMN codec TEXT;
    ALTER TABLE blobs ADD COLUMN stored INTEGER;
    )sql",
                      kBlobFiles, R"sql(
    INSERT INTO blob_files
      SELECT 1, count(*), CAST(total(size) AS INTEGER),
             CAST(total(size) AS INTEGER) FROM blobs WHERE data IS NULL;
    )sql",
                      kTriggers);
}

}  // namespace ireneo
