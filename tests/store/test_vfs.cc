#include "tests/store/test_vfs.h"

#include <filesystem>
#include <span>

namespace ireneo::testing {
namespace {

constexpr std::array<const char*, kVfsCallCount> kNames = {
    "open",      "read", "write",   "truncate", "sync",
    "file size", "lock", "shm map", "delete",   "access"};

std::size_t Index(VfsCall kind) { return static_cast<std::size_t>(kind); }

// The file of the VFS beneath stands behind it.
struct TestFile {
  sqlite3_file file;
  TestVfs* vfs;
  int id;  // In the journal.
  // Whether the next sync is also one of the folder, as the unix VFS does it
  // for a journal or a log that it has made.
  bool sync_directory;
  const char* path;  // SQLite keeps it for as long as the file is open.
};

TestFile& Of(sqlite3_file* file) { return *reinterpret_cast<TestFile*>(file); }

sqlite3_file* Base(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<TestFile*>(file) + 1);
}

}  // namespace

const char* VfsCallName(VfsCall kind) { return kNames[Index(kind)]; }

struct TestVfsCalls {
  static TestVfs& Self(sqlite3_vfs* vfs) {
    return *static_cast<TestVfs*>(vfs->pAppData);
  }

  // ------------------------------------------------------------- of a file

  static int Close(sqlite3_file* file) {
    return Base(file)->pMethods->xClose(Base(file));
  }

  static int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 from) {
    const int code = Of(file).vfs->Enter(VfsCall::kRead);
    if (code != SQLITE_OK) return code;
    return Base(file)->pMethods->xRead(Base(file), to, size, from);
  }

  static int Write(sqlite3_file* file, const void* from, int size,
                   sqlite3_int64 to) {
    TestFile& self = Of(file);
    int code = self.vfs->Enter(VfsCall::kWrite);
    if (code != SQLITE_OK) return code;
    code = Base(file)->pMethods->xWrite(Base(file), from, size, to);
    if (code == SQLITE_OK && self.vfs->journal_ != nullptr) {
      self.vfs->journal_->Write(self.id, static_cast<std::uint64_t>(to),
                                {static_cast<const std::byte*>(from),
                                 static_cast<std::size_t>(size)});
    }
    return code;
  }

  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    TestFile& self = Of(file);
    int code = self.vfs->Enter(VfsCall::kTruncate);
    if (code != SQLITE_OK) return code;
    code = Base(file)->pMethods->xTruncate(Base(file), size);
    if (code == SQLITE_OK && self.vfs->journal_ != nullptr) {
      self.vfs->journal_->Truncate(self.id, static_cast<std::uint64_t>(size));
    }
    return code;
  }

  static int Sync(sqlite3_file* file, int flags) {
    TestFile& self = Of(file);
    int code = self.vfs->Enter(VfsCall::kSync);
    if (code != SQLITE_OK) return code;
    code = Base(file)->pMethods->xSync(Base(file), flags);
    if (code == SQLITE_OK && self.vfs->journal_ != nullptr) {
      self.vfs->journal_->Sync(self.id);
      if (self.sync_directory) {
        self.vfs->journal_->SyncDirectory(
            std::filesystem::path(self.path).parent_path());
      }
      self.sync_directory = false;
    }
    return code;
  }

  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    const int code = Of(file).vfs->Enter(VfsCall::kFileSize);
    if (code != SQLITE_OK) return code;
    return Base(file)->pMethods->xFileSize(Base(file), size);
  }

  static int Lock(sqlite3_file* file, int level) {
    const int code = Of(file).vfs->Enter(VfsCall::kLock);
    if (code != SQLITE_OK) return code;
    return Base(file)->pMethods->xLock(Base(file), level);
  }

  static int Unlock(sqlite3_file* file, int level) {
    return Base(file)->pMethods->xUnlock(Base(file), level);
  }

  static int CheckReservedLock(sqlite3_file* file, int* is_locked) {
    const int code = Of(file).vfs->Enter(VfsCall::kLock);
    if (code != SQLITE_OK) return code;
    return Base(file)->pMethods->xCheckReservedLock(Base(file), is_locked);
  }

  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    return Base(file)->pMethods->xFileControl(Base(file), operation, argument);
  }

  static int SectorSize(sqlite3_file* file) {
    return Base(file)->pMethods->xSectorSize(Base(file));
  }

  static int DeviceCharacteristics(sqlite3_file* file) {
    return Base(file)->pMethods->xDeviceCharacteristics(Base(file));
  }

  static int ShmMap(sqlite3_file* file, int region, int size, int extend,
                    void volatile** memory) {
    const int code = Of(file).vfs->Enter(VfsCall::kShmMap);
    if (code != SQLITE_OK) return code;
    return Base(file)->pMethods->xShmMap(Base(file), region, size, extend,
                                         memory);
  }

  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    if ((flags & SQLITE_SHM_LOCK) != 0) {
      const int code = Of(file).vfs->Enter(VfsCall::kLock);
      if (code != SQLITE_OK) return code;
    }
    return Base(file)->pMethods->xShmLock(Base(file), offset, count, flags);
  }

  static void ShmBarrier(sqlite3_file* file) {
    Base(file)->pMethods->xShmBarrier(Base(file));
  }

  static int ShmUnmap(sqlite3_file* file, int remove) {
    return Base(file)->pMethods->xShmUnmap(Base(file), remove);
  }

  static int Fetch(sqlite3_file* file, sqlite3_int64 offset, int size,
                   void** page) {
    return Base(file)->pMethods->xFetch(Base(file), offset, size, page);
  }

  static int Unfetch(sqlite3_file* file, sqlite3_int64 offset, void* page) {
    return Base(file)->pMethods->xUnfetch(Base(file), offset, page);
  }

  static constexpr sqlite3_io_methods kMethods = {3,
                                                  Close,
                                                  Read,
                                                  Write,
                                                  Truncate,
                                                  Sync,
                                                  FileSize,
                                                  Lock,
                                                  Unlock,
                                                  CheckReservedLock,
                                                  FileControl,
                                                  SectorSize,
                                                  DeviceCharacteristics,
                                                  ShmMap,
                                                  ShmLock,
                                                  ShmBarrier,
                                                  ShmUnmap,
                                                  Fetch,
                                                  Unfetch};

  // ----------------------------------------------------------- of the VFS

  static int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file,
                  int flags, int* flags_out) {
    TestVfs& self = Self(vfs);
    file->pMethods = nullptr;  // Then SQLite does not close it.
    const int fault = self.Enter(VfsCall::kOpen);
    if (fault != SQLITE_OK) return fault;
    const bool is_new = name != nullptr && !std::filesystem::exists(name);
    const int code =
        self.base_->xOpen(self.base_, name, Base(file), flags, flags_out);
    if (code != SQLITE_OK) return code;
    const bool is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL |
                                  SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    TestFile& opened = Of(file);
    opened.vfs = &self;
    opened.path = name;
    opened.sync_directory = is_new && is_log;
    opened.id = -1;
    if (self.journal_ != nullptr && name != nullptr) {
      opened.id =
          is_new ? self.journal_->Create(name) : self.journal_->Open(name);
    }
    opened.file.pMethods = &kMethods;
    return SQLITE_OK;
  }

  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    TestVfs& self = Self(vfs);
    int code = self.Enter(VfsCall::kDelete);
    if (code != SQLITE_OK) return code;
    code = self.base_->xDelete(self.base_, name, sync_directory);
    if (code == SQLITE_OK && self.journal_ != nullptr) {
      self.journal_->Remove(name);
      if (sync_directory != 0) {
        self.journal_->SyncDirectory(std::filesystem::path(name).parent_path());
      }
    }
    return code;
  }

  static int Access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    TestVfs& self = Self(vfs);
    const int code = self.Enter(VfsCall::kAccess);
    if (code != SQLITE_OK) return code;
    return self.base_->xAccess(self.base_, name, flags, out);
  }

  static int FullPathname(sqlite3_vfs* vfs, const char* name, int size,
                          char* out) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xFullPathname(base, name, size, out);
  }

  static int Randomness(sqlite3_vfs* vfs, int size, char* out) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xRandomness(base, size, out);
  }

  static int Sleep(sqlite3_vfs* vfs, int microseconds) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xSleep(base, microseconds);
  }

  static int CurrentTime(sqlite3_vfs* vfs, double* now) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xCurrentTime(base, now);
  }

  static int GetLastError(sqlite3_vfs* vfs, int size, char* out) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xGetLastError(base, size, out);
  }

  static int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* now) {
    sqlite3_vfs* base = Self(vfs).base_;
    return base->xCurrentTimeInt64(base, now);
  }
};

TestVfs::TestVfs(Journal* journal)
    : journal_(journal), base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = static_cast<int>(sizeof(TestFile)) + base_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.zName = "ireneo-test";
  vfs_.pAppData = this;
  vfs_.xOpen = TestVfsCalls::Open;
  vfs_.xDelete = TestVfsCalls::Delete;
  vfs_.xAccess = TestVfsCalls::Access;
  vfs_.xFullPathname = TestVfsCalls::FullPathname;
  vfs_.xDlOpen = nullptr;
  vfs_.xDlError = nullptr;
  vfs_.xDlSym = nullptr;
  vfs_.xDlClose = nullptr;
  vfs_.xRandomness = TestVfsCalls::Randomness;
  vfs_.xSleep = TestVfsCalls::Sleep;
  vfs_.xCurrentTime = TestVfsCalls::CurrentTime;
  vfs_.xGetLastError = TestVfsCalls::GetLastError;
  vfs_.xCurrentTimeInt64 = TestVfsCalls::CurrentTimeInt64;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/1);
}

TestVfs::~TestVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(base_, /*makeDflt=*/1);
}

void TestVfs::Arm(const VfsFault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  counts_ = {};
  failed_ = 0;
}

void TestVfs::Disarm() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::uint64_t TestVfs::count(VfsCall kind) const {
  const std::lock_guard lock(mutex_);
  return counts_[Index(kind)];
}

std::uint64_t TestVfs::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

int TestVfs::Enter(VfsCall kind) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t count = ++counts_[Index(kind)];
  if (!fault_.has_value() || fault_->kind != kind) return SQLITE_OK;
  if (fault_->for_ever ? count < fault_->nth : count != fault_->nth) {
    return SQLITE_OK;
  }
  ++failed_;
  return fault_->code;
}

}  // namespace ireneo::testing
