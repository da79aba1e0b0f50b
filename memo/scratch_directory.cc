#include "ireneo/memo/scratch_directory.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ireneo/store/process_id.h"

namespace ireneo::internal {

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make() {
  std::error_code error;
  std::string name =
      (std::filesystem::temp_directory_path(error) / "ireneo-XXXXXX").native();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return absl::ErrnoToStatus(
        error ? error.value() : errno,
        absl::StrCat("cannot create the temporary directory ", name));
  }
  return std::unique_ptr<ScratchDirectory>(
      new ScratchDirectory(std::move(name)));
}

ScratchDirectory::ScratchDirectory(std::filesystem::path path)
    : path_(std::move(path)), pid_(ProcessId()) {}

ScratchDirectory::~ScratchDirectory() {
  if (ProcessId() != pid_) return;
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace ireneo::internal
