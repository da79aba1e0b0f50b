#include "tests/store/faulty_file_system.h"

#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ireneo::testing {
namespace {

constexpr std::array<const char*, kFileOperationCount> kNames = {
    "create", "append",           "close", "read",
    "stat",   "rename",           "link",  "remove",
    "list",   "create directory", "sync",  "touch"};

std::size_t Index(FileOperation kind) { return static_cast<std::size_t>(kind); }

}  // namespace

class FaultyFileSystem::File final : public WritableFile {
 public:
  File(const FaultyFileSystem& owner, std::unique_ptr<WritableFile> base)
      : owner_(owner), base_(std::move(base)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    absl::Status fault = owner_.Enter(FileOperation::kAppend);
    if (fault.ok()) return base_->Append(bytes);
    if (owner_.half_append()) {
      (void)base_->Append(bytes.first(bytes.size() / 2));
    }
    return fault;
  }

  absl::Status Sync() override {
    if (absl::Status fault = owner_.Enter(FileOperation::kSync); !fault.ok()) {
      return fault;
    }
    return base_->Sync();
  }

  absl::Status Close() override {
    if (absl::Status fault = owner_.Enter(FileOperation::kClose); !fault.ok()) {
      return fault;
    }
    return base_->Close();
  }

 private:
  const FaultyFileSystem& owner_;
  const std::unique_ptr<WritableFile> base_;
};

void FaultyFileSystem::Arm(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  counts_ = {};
  failed_ = {};
}

void FaultyFileSystem::Disarm() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::uint64_t FaultyFileSystem::count() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t FaultyFileSystem::count(FileOperation kind) const {
  const std::lock_guard lock(mutex_);
  return counts_[Index(kind)];
}

std::uint64_t FaultyFileSystem::failed() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(failed_.begin(), failed_.end(), std::uint64_t{0});
}

std::uint64_t FaultyFileSystem::failed(FileOperation kind) const {
  const std::lock_guard lock(mutex_);
  return failed_[Index(kind)];
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::Create(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kCreate); !fault.ok()) {
    return fault;
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> base = base_.Create(path);
  if (!base.ok()) return base.status();
  return std::make_unique<File>(*this, *std::move(base));
}

absl::StatusOr<FileContents> FaultyFileSystem::Read(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kRead); !fault.ok()) {
    return fault;
  }
  return base_.Read(path);
}

absl::StatusOr<FileInfo> FaultyFileSystem::Stat(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kStat); !fault.ok()) {
    return fault;
  }
  return base_.Stat(path);
}

absl::Status FaultyFileSystem::Rename(const std::filesystem::path& from,
                                      const std::filesystem::path& to) const {
  if (absl::Status fault = Enter(FileOperation::kRename); !fault.ok()) {
    return fault;
  }
  return base_.Rename(from, to);
}

absl::Status FaultyFileSystem::Link(const std::filesystem::path& from,
                                    const std::filesystem::path& to) const {
  if (absl::Status fault = Enter(FileOperation::kLink); !fault.ok()) {
    return fault;
  }
  return base_.Link(from, to);
}

absl::Status FaultyFileSystem::Remove(const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kRemove); !fault.ok()) {
    return fault;
  }
  return base_.Remove(path);
}

absl::StatusOr<std::vector<std::string>> FaultyFileSystem::List(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kList); !fault.ok()) {
    return fault;
  }
  return base_.List(path);
}

absl::Status FaultyFileSystem::CreateDirectory(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kCreateDirectory);
      !fault.ok()) {
    return fault;
  }
  return base_.CreateDirectory(path);
}

absl::Status FaultyFileSystem::Sync(const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kSync); !fault.ok()) {
    return fault;
  }
  return base_.Sync(path);
}

absl::Status FaultyFileSystem::SyncAll(
    const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kSync); !fault.ok()) {
    return fault;
  }
  return base_.SyncAll(path);
}

absl::Status FaultyFileSystem::Touch(const std::filesystem::path& path) const {
  if (absl::Status fault = Enter(FileOperation::kTouch); !fault.ok()) {
    return fault;
  }
  return base_.Touch(path);
}

absl::StatusOr<std::optional<std::string>> FaultyFileSystem::NetworkKind(
    const std::filesystem::path& path) const {
  return base_.NetworkKind(path);
}

absl::Status FaultyFileSystem::Enter(FileOperation kind) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t of_kind = ++counts_[Index(kind)];
  if (!fault_.has_value()) return absl::OkStatus();
  if (fault_->kind.value_or(kind) != kind) return absl::OkStatus();
  const std::uint64_t n =
      fault_->kind.has_value()
          ? of_kind
          : std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  const bool fails = fault_->for_ever ? n >= fault_->nth : n == fault_->nth;
  if (!fails) return absl::OkStatus();
  ++failed_[Index(kind)];
  return absl::Status(
      fault_->status.code(),
      absl::StrCat(kNames[Index(kind)], ": ", fault_->status.message()));
}

bool FaultyFileSystem::half_append() const {
  const std::lock_guard lock(mutex_);
  return fault_.has_value() && fault_->half_append;
}

}  // namespace ireneo::testing
