#ifndef IRENEO_MEMO_ARCHIVE_H_
#define IRENEO_MEMO_ARCHIVE_H_

// Archives: calls of a store, and all that they refer to, as one file that can
// be handed on. Who imports it has every call in it as a hit. The file is an
// OCI image layout in a tar file, so that container registries carry it; its
// format is specified in store/FORMAT.md, its use told in docs/sharing.md.
//
// An import is a union of sets: what is there stays, what is missing is added,
// and doing it again changes nothing. No code of an archive is run, and nothing
// of it is believed that can be checked: the SHA-256 of each of its parts, the
// digest of each blob, the key of each call. Before anything is written all of
// it is read and checked.
//
// What cannot be checked is whether a result is what the function returns:
// import from people whom you trust, or what they have signed.
//
// `MemoStore::Open` takes an archive as well, to be looked at and hit, but not
// written to.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/memo/archive_contents.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/record.h"
#include "ireneo/store/digest.h"

namespace ireneo {

struct ExportOptions {
  // Which calls: of those functions and that version, made since then, with
  // that result.
  CallFilter calls = {};
  // Of these, those of functions whose name begins with one of these.
  std::vector<std::string> functions = {};
  // Of these, those with one of these keys. Empty: all.
  std::vector<Digest> keys = {};
  // And the calls that their functions made, the calls that those made, and so
  // on, as far as the store has them.
  bool lineage = false;
  // With the arguments that were kept.
  bool arguments = true;
  // Archives that who imports has already: what they have is left out.
  std::vector<std::filesystem::path> as_of = {};
  // A PEM file with the Ed25519 private key to sign with; empty: unsigned.
  std::filesystem::path sign_key = {};
  ArchiveProgressFn progress = nullptr;
};

struct ExportReport {
  ArchiveContents contents;
  std::uint64_t bytes = 0;  // Of the file.
  std::string digest;       // "sha256:…" of its manifest: what it is called.
  std::string signed_by;    // The key that signed it, in base64; or empty.
  // Calls that were left out as the store has lost their results; `ireneo
  // verify --repair` drops them.
  std::vector<Digest> lost = {};
};

// Writes an archive to `file`, which appears when it is complete, in place of
// what was there. The same selection of a store is the same bytes, on any
// machine with the same zstd: hits, and where a call was imported from, are
// not in it.
//
// The layers, of 256 MiB each at most unless one blob is larger, are gathered
// beside `file`. Others may use the store meanwhile.
//
// Errors: those of MemoStore; DataLoss if a blob is damaged (it is set aside
// then, and the next export leaves its calls out); NotFound if no call is
// selected, or if there is no such archive or key to be read; InvalidArgument
// if `file` is one of `as_of`; those of writing.
absl::StatusOr<ExportReport> ExportArchive(const MemoStore& store,
                                           const std::filesystem::path& file,
                                           const ExportOptions& options = {});

// The same to an open file or pipe.
absl::StatusOr<ExportReport> ExportArchive(const MemoStore& store, int fd,
                                           const ExportOptions& options = {});

struct ImportOptions {
  // Only say what would be added.
  bool dry_run = false;
  // A directory with the public keys (PEM files, *.pem or *.pub) of those who
  // are trusted. If given, an archive that none of them has signed is refused.
  std::filesystem::path trusted_keys = {};
  // Under what name the records remember where they came from; empty: that of
  // the file.
  std::string name = {};
  // The payloads of the archive's blobs may have so many bytes; unset: as many
  // as the disk has room for. Its calls may not have more than that anyway.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
  ArchiveProgressFn progress = nullptr;
};

struct ImportReport {
  ArchiveContents contents;
  std::string digest;     // "sha256:…" of the manifest.
  std::string signed_by;  // The trusted key, in base64; empty: not asked.

  std::int64_t calls_added = 0;  // Or, in a dry run, to be added.
  std::int64_t calls_known = 0;  // Had the same result already.
  // Neither archive nor store has what they refer to, as it was exported with
  // `as_of` another one: import that, and then this again.
  std::int64_t calls_incomplete = 0;
  std::int64_t blobs_added = 0;
  std::uint64_t bytes_added = 0;  // Of their payloads.

  // The store has another result for the call, which it keeps; the archive's is
  // kept beside it, as of a function that is not deterministic.
  struct Conflict {
    Digest key;
    std::string function;
    Digest ours;
    Digest theirs;
  };
  std::int64_t conflicts = 0;
  std::vector<Conflict> first_conflicts = {};  // A hundred at most.

  // ResourceExhausted if the store has come to its `max_bytes` and cannot get
  // below it.
  absl::Status limit = absl::OkStatus();
};

// Adds to `store` what it lacks of the archive in `file`.
//
// Errors: those of MemoStore; NotFound if there is no such file; DataLoss if it
// is damaged or no archive, InvalidArgument if something is in it that does not
// belong there, FailedPrecondition if it needs a newer Ireneo, PermissionDenied
// if it is not signed as `trusted_keys` demands, ResourceExhausted if it is too
// large; AlreadyExists if a blob of an archive that is not signed has the
// digest of another one that the store has: somebody made it so. Then the store
// is as it was. After an error while writing, a full disk, the store is valid,
// and a second import completes the first.
absl::StatusOr<ImportReport> ImportArchive(const std::filesystem::path& file,
                                           const MemoStore& store,
                                           const ImportOptions& options = {});

// The same from a pipe, or from an open file from where it stands; what it
// reads is gathered in the store's directory first.
absl::StatusOr<ImportReport> ImportArchive(int fd, const MemoStore& store,
                                           const ImportOptions& options = {});

// Reads all of an archive and checks it. Errors: as ImportArchive.
absl::StatusOr<ArchiveContents> CheckArchive(const std::filesystem::path& file,
                                             const ImportOptions& options = {});

}  // namespace ireneo

#endif  // IRENEO_MEMO_ARCHIVE_H_
