#include "ireneo/store/tar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/store/libarchive.h"
#include "ireneo/store/status_macros.h"

namespace ireneo::internal {
namespace {

la_ssize_t WriteCallback(archive*, void* writer, const void* bytes,
                         std::size_t size) {
  return static_cast<TarWriter*>(writer)->Write(bytes, size);
}

la_ssize_t ReadCallback(archive*, void* reader, const void** bytes) {
  return static_cast<TarReader*>(reader)->Fill(bytes);
}

la_int64_t SkipCallback(archive*, void* reader, la_int64_t count) {
  return static_cast<TarReader*>(reader)->Skip(count);
}

const char* Reason(const Libarchive& library, archive* archive) {
  const char* const reason = library.archive_error_string(archive);
  return reason == nullptr ? "no reason given" : reason;
}

}  // namespace

// ------------------------------------------------------------------- Writing

TarWriter::TarWriter(ByteOutput output) : output_(std::move(output)) {
  const absl::StatusOr<const Libarchive*> library = LoadLibarchive();
  if (!library.ok()) {
    status_ = library.status();
    return;
  }
  library_ = *library;
  archive_ = library_->archive_write_new();
  entry_ = library_->archive_entry_new();
  if (archive_ == nullptr || entry_ == nullptr) {
    status_ = absl::ResourceExhaustedError("no memory for a tar file");
    return;
  }
  // ustar, and pax where that does not suffice. What is written is passed on
  // as it is, in no blocks.
  const bool ready =
      library_->archive_write_set_format_pax_restricted(archive_) ==
          ARCHIVE_OK &&
      library_->archive_write_set_bytes_per_block(archive_, 0) == ARCHIVE_OK &&
      library_->archive_write_open(archive_, this, nullptr, WriteCallback,
                                   nullptr) == ARCHIVE_OK;
  if (!ready) {
    status_ = absl::InternalError(absl::StrCat("a tar file cannot be written: ",
                                               Reason(*library_, archive_)));
  }
}

TarWriter::~TarWriter() {
  // Nothing more is written, whatever is missing.
  status_.Update(absl::CancelledError("not finished"));
  if (library_ == nullptr) return;
  library_->archive_write_free(archive_);
  library_->archive_entry_free(entry_);
}

std::ptrdiff_t TarWriter::Write(const void* bytes, std::size_t size) {
  if (status_.ok()) {
    status_ = output_({static_cast<const std::byte*>(bytes), size});
  }
  // A failure is told by status_ alone: libarchive leaks memory once it knows
  // that a write failed.
  return static_cast<std::ptrdiff_t>(size);
}

absl::Status TarWriter::Check(int result) {
  if (result != ARCHIVE_OK) {
    status_.Update(absl::InternalError(absl::StrCat(
        "a tar file cannot be written: ", Reason(*library_, archive_))));
  }
  return status_;
}

absl::Status TarWriter::Begin(const std::string& name, std::uint64_t size) {
  IRENEO_RETURN_IF_ERROR(status_);
  library_->archive_entry_clear(entry_);
  library_->archive_entry_set_pathname(entry_, name.c_str());
  library_->archive_entry_set_filetype(entry_, AE_IFREG);
  library_->archive_entry_set_perm(entry_, 0444);
  library_->archive_entry_set_size(entry_, static_cast<la_int64_t>(size));
  library_->archive_entry_set_mtime(entry_, 0, 0);
  left_ = size;
  return Check(library_->archive_write_header(archive_, entry_));
}

absl::Status TarWriter::Append(std::span<const std::byte> bytes) {
  IRENEO_RETURN_IF_ERROR(status_);
  if (bytes.size() > left_) {
    return status_ = absl::InvalidArgumentError(absl::StrCat(
               "a file has ", bytes.size() - left_, " bytes too many"));
  }
  if (bytes.empty()) return status_;
  left_ -= bytes.size();
  if (library_->archive_write_data(archive_, bytes.data(), bytes.size()) !=
      static_cast<la_ssize_t>(bytes.size())) {
    return Check(ARCHIVE_FATAL);
  }
  return status_;
}

absl::Status TarWriter::End() {
  IRENEO_RETURN_IF_ERROR(status_);
  if (left_ > 0) {
    return status_ = absl::InvalidArgumentError(
               absl::StrCat("a file lacks ", left_, " bytes"));
  }
  return Check(library_->archive_write_finish_entry(archive_));
}

absl::Status TarWriter::Add(const std::string& name,
                            std::span<const std::byte> bytes) {
  IRENEO_RETURN_IF_ERROR(Begin(name, bytes.size()));
  IRENEO_RETURN_IF_ERROR(Append(bytes));
  return End();
}

absl::Status TarWriter::Finish() {
  IRENEO_RETURN_IF_ERROR(status_);
  return Check(library_->archive_write_close(archive_));
}

// ------------------------------------------------------------------- Reading

TarReader::TarReader(ByteInput& input) : input_(input) {
  const absl::StatusOr<const Libarchive*> library = LoadLibarchive();
  if (!library.ok()) {
    status_ = library.status();
    return;
  }
  library_ = *library;
  archive_ = library_->archive_read_new();
  if (archive_ == nullptr) {
    status_ = absl::ResourceExhaustedError("no memory for a tar file");
  } else if (library_->archive_read_support_format_tar(archive_) !=
                 ARCHIVE_OK ||
             library_->archive_read_set_callback_data(archive_, this) !=
                 ARCHIVE_OK ||
             library_->archive_read_set_read_callback(archive_, ReadCallback) !=
                 ARCHIVE_OK ||
             library_->archive_read_set_skip_callback(archive_, SkipCallback) !=
                 ARCHIVE_OK) {
    status_ = absl::InternalError(absl::StrCat("a tar file cannot be read: ",
                                               Reason(*library_, archive_)));
  }
}

TarReader::~TarReader() {
  if (library_ != nullptr) library_->archive_read_free(archive_);
}

std::ptrdiff_t TarReader::Fill(const void** bytes) {
  const absl::StatusOr<std::span<const std::byte>> read = input_.Read();
  if (!read.ok()) {
    status_.Update(read.status());
    library_->archive_set_error(archive_, ARCHIVE_FATAL, "the input failed");
    return -1;
  }
  *bytes = read->data();
  return static_cast<std::ptrdiff_t>(read->size());
}

std::int64_t TarReader::Skip(std::int64_t count) {
  return static_cast<std::int64_t>(
      input_.Skip(static_cast<std::uint64_t>(count)));
}

absl::Status TarReader::Failure(const char* what) {
  // The input's own error says more.
  status_.Update(
      absl::DataLossError(absl::StrCat(what, Reason(*library_, archive_))));
  return status_;
}

absl::StatusOr<bool> TarReader::Next(Entry& entry) {
  IRENEO_RETURN_IF_ERROR(status_);
  if (!open_) {
    if (library_->archive_read_open1(archive_) != ARCHIVE_OK) {
      return Failure("not a tar file, or a compressed one: ");
    }
    open_ = true;
  }
  archive_entry* header = nullptr;
  const int result = library_->archive_read_next_header(archive_, &header);
  if (result == ARCHIVE_EOF) {
    IRENEO_RETURN_IF_ERROR(status_);
    end_ = static_cast<std::uint64_t>(
        library_->archive_read_header_position(archive_));
    return false;
  }
  if (result != ARCHIVE_OK) return Failure("not a tar file, or damaged: ");
  const char* const name = library_->archive_entry_pathname(header);
  if (name == nullptr) {
    return status_ = absl::DataLossError("a file in the tar file has no name");
  }
  entry.name = name;
  entry.offset = static_cast<std::uint64_t>(
      library_->archive_read_header_position(archive_));
  entry.is_directory = library_->archive_entry_filetype(header) == AE_IFDIR;
  const bool is_file = library_->archive_entry_filetype(header) == AE_IFREG &&
                       library_->archive_entry_hardlink(header) == nullptr &&
                       library_->archive_entry_symlink(header) == nullptr &&
                       library_->archive_entry_sparse_count(header) == 0;
  if (!is_file && !entry.is_directory) {
    return status_ = absl::InvalidArgumentError(absl::StrCat(
               "'", entry.name,
               "' is no regular file, but a link, a device or the like"));
  }
  if (!library_->archive_entry_size_is_set(header) ||
      library_->archive_entry_size(header) < 0) {
    return status_ = absl::DataLossError(
               absl::StrCat("the size of '", entry.name, "' is not known"));
  }
  entry.size = static_cast<std::uint64_t>(library_->archive_entry_size(header));
  left_ = entry.size;
  return true;
}

absl::StatusOr<std::span<const std::byte>> TarReader::Read() {
  IRENEO_RETURN_IF_ERROR(status_);
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int result =
      library_->archive_read_data_block(archive_, &bytes, &size, &offset);
  if (result == ARCHIVE_EOF) {
    if (left_ > 0) {
      return status_ = absl::DataLossError(
                 absl::StrCat("a file in the tar file lacks ", left_,
                              " bytes: it was cut off"));
    }
    return std::span<const std::byte>();
  }
  if (result != ARCHIVE_OK) return Failure("damaged, or cut off: ");
  if (size > left_) {
    return status_ = absl::DataLossError(
               "a file in the tar file is longer than its header says");
  }
  left_ -= size;
  return std::span(static_cast<const std::byte*>(bytes), size);
}

}  // namespace ireneo::internal
