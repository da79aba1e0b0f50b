#include "ireneo/store/file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

// Reading is faster below about half a megabyte, mapping above.
constexpr std::uint64_t kMapFrom = 512 << 10;

absl::Status ErrnoError(const char* what, const std::filesystem::path& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error,
                             absl::StrCat("cannot ", what, " ", path.native()));
}

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

FileInfo InfoOf(const struct stat& st) {
  return {.size = static_cast<std::uint64_t>(st.st_size),
          .device = st.st_dev,
          .inode = st.st_ino,
          .mtime_ns = st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec,
          .ctime_ns = st.st_ctim.tv_sec * 1'000'000'000 + st.st_ctim.tv_nsec,
          .owner = st.st_uid};
}

// By `f_type` of statfs(2); the numbers are those of the kernel's magic.h and
// of the file systems' own sources.
struct NetworkFileSystem {
  std::uint32_t type;
  const char* name;
};
constexpr NetworkFileSystem kNetworkFileSystems[] = {
    {0x6969, "nfs"},        {0x517b, "smb"},        {0xfe534d42, "smb2"},
    {0xff534d42, "cifs"},   {0x01021997, "9p"},     {0x5346414f, "afs"},
    {0x6b414653, "afs"},    {0x00c36400, "ceph"},   {0x65735546, "fuse"},
    {0x0bd00bd0, "lustre"}, {0x47504653, "gpfs"},   {0x73757245, "coda"},
    {0x564c, "ncp"},        {0x19830326, "beegfs"}, {0x7461636f, "ocfs2"},
    {0x01161970, "gfs2"},   {0xaad7aaea, "panfs"},  {0x013111a8, "ibrix"},
};

const NetworkFileSystem* FindNetworkFileSystem(const struct statfs& st) {
  const auto type = static_cast<std::uint32_t>(st.f_type);
  const auto* const known = std::find_if(
      std::begin(kNetworkFileSystems), std::end(kNetworkFileSystems),
      [type](const NetworkFileSystem& kind) { return kind.type == type; });
  return known == std::end(kNetworkFileSystems) ? nullptr : known;
}

// Whether a mapping of the file outlives its removal: on a network file system
// it does not, if another host removes it.
bool CanBeMapped(int fd) {
  struct statfs st;
  return ::fstatfs(fd, &st) != 0 || FindNetworkFileSystem(st) == nullptr;
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::filesystem::path path)
      : fd_(fd), path_(std::move(path)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n =
          ::write(fd_.get(), bytes.data(), std::min(bytes.size(), kWritePiece));
      if (n < 0) {
        if (errno == EINTR) continue;
        return ErrnoError("write", path_);
      }
      bytes = bytes.subspan(n);
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return ErrnoError("sync", path_);
    return absl::OkStatus();
  }

  absl::Status Close() override {
    if (::close(fd_.release()) != 0) return ErrnoError("close", path_);
    return absl::OkStatus();
  }

 private:
  Fd fd_;
  std::filesystem::path path_;
};

absl::StatusOr<Blob> ReadAll(int fd, std::uint64_t size,
                             const std::filesystem::path& path) {
  BlobBuffer buffer(size);
  std::span<std::byte> rest = buffer.bytes();
  while (!rest.empty()) {
    const ssize_t n = ::read(fd, rest.data(), rest.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("read", path);
    }
    if (n == 0) {
      return absl::DataLossError(
          absl::StrCat(path.native(), " became shorter while it was read"));
    }
    rest = rest.subspan(n);
  }
  return std::move(buffer).Share();
}

absl::StatusOr<Blob> MapAll(int fd, std::uint64_t size,
                            const std::filesystem::path& path) {
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return ErrnoError("map", path);
  return Blob({static_cast<const std::byte*>(data), size},
              std::shared_ptr<const void>(data, [size](const void* p) {
                ::munmap(const_cast<void*>(p), size);
              }));
}

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(
      const std::filesystem::path& path) const override {
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0) return ErrnoError("create", path);
    return std::make_unique<PosixWritableFile>(fd, path);
  }

  absl::StatusOr<FileContents> Read(
      const std::filesystem::path& path) const override {
    // O_NONBLOCK: opening a pipe that someone put there must not wait.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return ErrnoError("open", path);
    struct stat st;
    if (::fstat(fd.get(), &st) != 0) return ErrnoError("stat", path);
    if (!S_ISREG(st.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path.native(), " is not a regular file"));
    }
    FileContents contents{.info = InfoOf(st), .blob = {}};
    const std::uint64_t size = contents.info.size;
    IRENEO_ASSIGN_OR_RETURN(contents.blob,
                            size < kMapFrom || !CanBeMapped(fd.get())
                                ? ReadAll(fd.get(), size, path)
                                : MapAll(fd.get(), size, path));
    return contents;
  }

  absl::StatusOr<FileInfo> Stat(
      const std::filesystem::path& path) const override {
    struct stat st;
    if (::stat(path.c_str(), &st) != 0) return ErrnoError("stat", path);
    return InfoOf(st);
  }

  absl::Status Rename(const std::filesystem::path& from,
                      const std::filesystem::path& to) const override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return ErrnoError(absl::StrCat("rename ", from.native(), " to").c_str(),
                        to);
    }
    return absl::OkStatus();
  }

  absl::Status Link(const std::filesystem::path& from,
                    const std::filesystem::path& to) const override {
    if (::link(from.c_str(), to.c_str()) != 0) {
      return ErrnoError(absl::StrCat("link ", from.native(), " to").c_str(),
                        to);
    }
    return absl::OkStatus();
  }

  absl::Status Remove(const std::filesystem::path& path) const override {
    if (::unlink(path.c_str()) != 0) return ErrnoError("remove", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(
      const std::filesystem::path& path) const override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator it(path, error);
    for (; !error && it != std::filesystem::directory_iterator();
         it.increment(error)) {
      names.push_back(it->path().filename().native());
    }
    if (error) {
      errno = error.value();
      return ErrnoError("list", path);
    }
    return names;
  }

  absl::Status CreateDirectory(
      const std::filesystem::path& path) const override {
    if (::mkdir(path.c_str(), 0777) != 0) {
      struct stat st;
      const int error = errno;
      if (error == EEXIST && ::stat(path.c_str(), &st) == 0 &&
          S_ISDIR(st.st_mode)) {
        return absl::OkStatus();
      }
      errno = error;
      return ErrnoError("create directory", path);
    }
    return absl::OkStatus();
  }

  absl::Status Sync(const std::filesystem::path& path) const override {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return ErrnoError("open", path);
    if (::fsync(fd.get()) != 0) return ErrnoError("sync", path);
    return absl::OkStatus();
  }

  absl::Status SyncAll(const std::filesystem::path& path) const override {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return ErrnoError("open", path);
    if (::syncfs(fd.get()) != 0) {
      return ErrnoError("sync the file system of", path);
    }
    return absl::OkStatus();
  }

  absl::Status Touch(const std::filesystem::path& path) const override {
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) != 0) {
      return ErrnoError("set the time of", path);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> NetworkKind(
      const std::filesystem::path& path) const override {
    struct statfs st;
    if (::statfs(path.c_str(), &st) != 0) return ErrnoError("stat", path);
    const NetworkFileSystem* const known = FindNetworkFileSystem(st);
    if (known == nullptr) return std::nullopt;
    return known->name;
  }
};

}  // namespace

const FileSystem& FileSystem::Posix() {
  static const PosixFileSystem posix;
  return posix;
}

bool IsSameFile(const FileInfo& a, const FileInfo& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size &&
         a.mtime_ns == b.mtime_ns;
}

absl::Status RenameNew(const FileSystem& files,
                       const std::filesystem::path& from,
                       const std::filesystem::path& to) {
  absl::Status status = files.Link(from, to);
  if (status.ok()) {
    (void)files.Remove(from);
    return status;
  }
  if (!absl::IsPermissionDenied(status) && !absl::IsUnimplemented(status)) {
    return status;
  }
  if (files.Stat(to).ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a file ", to.native()));
  }
  return files.Rename(from, to);
}

bool PutBackUnless(const FileInfo& found, const FileSystem& files,
                   const std::filesystem::path& kept,
                   const std::filesystem::path& path) {
  const absl::StatusOr<FileInfo> moved = files.Stat(kept);
  return moved.ok() && !IsSameFile(*moved, found) &&
         RenameNew(files, kept, path).ok();
}

}  // namespace ireneo
