#ifndef IRENEO_STORE_LIBARCHIVE_H_
#define IRENEO_STORE_LIBARCHIVE_H_

// The functions of libarchive. Internal to Ireneo: see loaded_library.h.

#include <archive.h>
#include <archive_entry.h>

#include "absl/status/statusor.h"
#include "ireneo/store/loaded_library.h"

namespace ireneo::internal {

#define IRENEO_LIBARCHIVE_FUNCTIONS(apply)  \
  apply(archive_entry_clear);               \
  apply(archive_entry_filetype);            \
  apply(archive_entry_free);                \
  apply(archive_entry_hardlink);            \
  apply(archive_entry_new);                 \
  apply(archive_entry_pathname);            \
  apply(archive_entry_set_filetype);        \
  apply(archive_entry_set_mtime);           \
  apply(archive_entry_set_pathname);        \
  apply(archive_entry_set_perm);            \
  apply(archive_entry_set_size);            \
  apply(archive_entry_size);                \
  apply(archive_entry_size_is_set);         \
  apply(archive_entry_sparse_count);        \
  apply(archive_entry_symlink);             \
  apply(archive_error_string);              \
  apply(archive_read_data_block);           \
  apply(archive_read_free);                 \
  apply(archive_read_header_position);      \
  apply(archive_read_new);                  \
  apply(archive_read_next_header);          \
  apply(archive_read_open1);                \
  apply(archive_read_set_callback_data);    \
  apply(archive_read_set_read_callback);    \
  apply(archive_read_set_skip_callback);    \
  apply(archive_read_support_format_tar);   \
  apply(archive_set_error);                 \
  apply(archive_write_close);               \
  apply(archive_write_data);                \
  apply(archive_write_finish_entry);        \
  apply(archive_write_free);                \
  apply(archive_write_header);              \
  apply(archive_write_new);                 \
  apply(archive_write_open);                \
  apply(archive_write_set_bytes_per_block); \
  apply(archive_write_set_format_pax_restricted)

struct Libarchive {
  IRENEO_LIBARCHIVE_FUNCTIONS(IRENEO_LOADED_FUNCTION);
};

// See `LoadOnce`.
absl::StatusOr<const Libarchive*> LoadLibarchive();

}  // namespace ireneo::internal

#endif  // IRENEO_STORE_LIBARCHIVE_H_
