#ifndef IRENEO_TESTS_STORE_TEST_VFS_H_
#define IRENEO_TESTS_STORE_TEST_VFS_H_

// What stands between SQLite and the operating system while a test wants it: a
// SQLite VFS over the default one, which can make a call fail and keep a
// journal of what was written. It is registered as the default, so the code
// under test needs no seam.
//
//   TestVfs vfs;
//   vfs.Arm({.kind = VfsCall::kWrite, .nth = 3, .code = SQLITE_FULL});
//   ... use a database ...
//   vfs.Disarm();
//
// A call that fails has no effect. Unlocking and closing never fail. The -shm
// file, which is mapped, is not in the journal: SQLite makes it anew after a
// crash.

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "tests/store/journal.h"

namespace ireneo::testing {

enum class VfsCall {
  kOpen,
  kRead,
  kWrite,
  kTruncate,
  kSync,
  kFileSize,
  kLock,  // Of the database and of the -shm file.
  kShmMap,
  kDelete,
  kAccess,
};
inline constexpr std::size_t kVfsCallCount = 10;

const char* VfsCallName(VfsCall kind);

struct VfsFault {
  VfsCall kind = VfsCall::kOpen;
  std::uint64_t nth = 1;  // Counted from 1, among the calls of that kind.
  // All from the nth on, instead of the nth alone.
  bool for_ever = false;
  int code = SQLITE_IOERR;
};

// Thread-safe. At most one may exist in a process, and every connection that
// was opened while it did must be closed before it goes.
class TestVfs {
 public:
  // Records into `journal`, if there is one, which must outlive this.
  explicit TestVfs(Journal* journal = nullptr);
  ~TestVfs();
  TestVfs(const TestVfs&) = delete;
  TestVfs& operator=(const TestVfs&) = delete;

  // Counts from here on, and fails what `fault` says.
  void Arm(const VfsFault& fault);
  // Lets every call through; the counts stay.
  void Disarm();

  // How many calls were made since `Arm`, failed ones included.
  std::uint64_t count(VfsCall kind) const;
  // How many of them were made to fail.
  std::uint64_t failed() const;

 private:
  friend struct TestVfsCalls;  // What SQLite calls.

  // Counts a call and returns its fault, or SQLITE_OK to let it through.
  int Enter(VfsCall kind);

  Journal* const journal_;
  sqlite3_vfs* const base_;
  sqlite3_vfs vfs_;
  mutable std::mutex mutex_;
  std::optional<VfsFault> fault_;
  std::array<std::uint64_t, kVfsCallCount> counts_ = {};
  std::uint64_t failed_ = 0;
};

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_STORE_TEST_VFS_H_
