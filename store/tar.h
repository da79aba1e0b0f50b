#ifndef IRENEO_STORE_TAR_H_
#define IRENEO_STORE_TAR_H_

// Tar files with nothing in them but names and bytes, written so that equal
// contents are equal files, and read as if an adversary had written them.
// Through libarchive; no file is ever extracted. Internal to Ireneo.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ireneo/store/encoder.h"

struct archive;
struct archive_entry;

namespace ireneo::internal {

struct Libarchive;

// Where bytes come from, in pieces.
class ByteInput {
 public:
  virtual ~ByteInput() = default;
  // The next bytes, valid until the next call; none at the end.
  virtual absl::StatusOr<std::span<const std::byte>> Read() = 0;
  // Leaves out some of the next bytes: at most `count`, and none where that is
  // no cheaper than reading them. Returns how many.
  virtual std::uint64_t Skip(std::uint64_t count) {
    (void)count;
    return 0;
  }
};

// Writes regular files of mode 0444, owner 0 and time 0, in POSIX' pax format:
// equal calls write equal bytes. Not thread-safe.
class TarWriter {
 public:
  // What cannot be written is what `output` says, and is kept.
  explicit TarWriter(ByteOutput output);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  // Begins a file of `size` bytes, which are to be appended before `End`.
  absl::Status Begin(const std::string& name, std::uint64_t size);
  absl::Status Append(std::span<const std::byte> bytes);
  // Errors: also InvalidArgument if there were less bytes, or more.
  absl::Status End();

  // All of these.
  absl::Status Add(const std::string& name, std::span<const std::byte> bytes);

  // To be called once, behind the last file.
  absl::Status Finish();

  // For libarchive.
  std::ptrdiff_t Write(const void* bytes, std::size_t size);

 private:
  absl::Status Check(int result);

  ByteOutput output_;
  const Libarchive* library_ = nullptr;  // Null if it cannot be loaded.
  archive* archive_ = nullptr;
  archive_entry* entry_ = nullptr;
  std::uint64_t left_ = 0;  // Of the file that was begun.
  absl::Status status_;
};

// Reads a tar file from its beginning to its end. Not thread-safe.
class TarReader {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;
    bool is_directory = false;
    std::uint64_t offset = 0;  // Of its header, from where `input` began.
  };

  // `input` must outlive this. No filter is applied: compressed files are
  // refused.
  explicit TarReader(ByteInput& input);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  // Goes to the next file, whatever was read of this one. False at the end.
  //
  // Errors, kept: those of `input`; DataLoss if this is no tar file, or is
  // damaged or cut off; InvalidArgument for what is neither a regular file nor
  // a directory: links, devices, sparse files.
  absl::StatusOr<bool> Next(Entry& entry);

  // When `Next` has returned false: where the last file and its padding end,
  // from where `input` began. What follows should be zeros.
  std::uint64_t end() const { return end_; }

  // The next bytes of the file, valid until the next call; none at its end.
  // Errors: as `Next`; DataLoss also if there are less than its header says.
  absl::StatusOr<std::span<const std::byte>> Read();

  // For libarchive.
  std::ptrdiff_t Fill(const void** bytes);
  std::int64_t Skip(std::int64_t count);

 private:
  absl::Status Failure(const char* what);

  ByteInput& input_;
  const Libarchive* library_ = nullptr;  // Null if it cannot be loaded.
  archive* archive_ = nullptr;
  bool open_ = false;
  std::uint64_t left_ = 0;  // Of the file that it is at.
  std::uint64_t end_ = 0;
  absl::Status status_;
};

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_TAR_H_
