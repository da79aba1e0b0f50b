// Loading a plugin:
//
//   1. The file is read, as data: an ELF shared object for this machine, whose
//      section ".ireneo.plugin" says that it was built as this program was.
//   2. dlopen, which runs its static constructors.
//   3. The entry point adds to a copy of the registry.
//   4. If that was OK, the copy takes the place of the registry.

#include "ireneo/serializers/plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "ireneo/store/status_macros.h"

namespace ireneo {
namespace {

constexpr char kSection[] = ".ireneo.plugin";

constexpr PluginInfo kOurs = internal::MakePluginInfo("", "");

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr int kMachine = EM_RISCV;
#else
#error "name this machine as <elf.h> does"
#endif

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status NoPlugin(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path, " is no plugin: ", why));
}

// The bytes of the section; "" if there is none.
std::string FindSection(Elf* elf) {
  std::size_t names = 0;
  if (::elf_getshdrstrndx(elf, &names) != 0) return "";
  for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section != nullptr;
       section = ::elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (::gelf_getshdr(section, &header) == nullptr) continue;
    const char* const name = ::elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || std::strcmp(name, kSection) != 0) continue;
    const Elf_Data* const data = ::elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return "";
    return std::string(static_cast<const char*>(data->d_buf), data->d_size);
  }
  return "";
}

// Whether the segments that the loader will map are all in the file.
bool HasAllSegments(Elf* elf, std::uint64_t file_size) {
  std::size_t count = 0;
  if (::elf_getphdrnum(elf, &count) != 0) return false;
  bool dynamic = false;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (::gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr ||
        header.p_offset > file_size ||
        header.p_filesz > file_size - header.p_offset) {
      return false;
    }
    dynamic = dynamic || header.p_type == PT_DYNAMIC;
  }
  return dynamic;
}

template <std::size_t kSize>
bool EndsWithZero(const char (&text)[kSize]) {
  return std::memchr(text, '\0', kSize) != nullptr;
}

absl::StatusOr<PluginInfo> ReadInfo(const std::string& path) {
  // Not blocking: a pipe of that name would wait for a writer.
  const FileDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("plugin ", path));
  }
  if (!S_ISREG(info.st_mode)) return NoPlugin(path, "it is not a file");
  ::elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, int (*)(Elf*)> elf(
      ::elf_begin(file.get(), ELF_C_READ, nullptr), ::elf_end);
  GElf_Ehdr header;
  if (elf == nullptr || ::elf_kind(elf.get()) != ELF_K_ELF ||
      ::gelf_getehdr(elf.get(), &header) == nullptr ||
      header.e_type != ET_DYN) {
    return NoPlugin(path, "it is not a shared object");
  }
  if (header.e_machine != kMachine || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_ident[EI_CLASS] !=
          (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) {
    return NoPlugin(path, "it is a shared object for another machine");
  }
  if (!HasAllSegments(elf.get(), static_cast<std::uint64_t>(info.st_size))) {
    return NoPlugin(path, "it is a shared object that is cut off or damaged");
  }
  const std::string section = FindSection(elf.get());
  PluginInfo plugin = {};
  std::memcpy(&plugin, section.data(),
              std::min(section.size(), sizeof(plugin)));
  if (section.size() < offsetof(PluginInfo, name) ||
      std::memcmp(plugin.magic, kOurs.magic, sizeof(plugin.magic)) != 0) {
    return NoPlugin(
        path, absl::StrCat("it is a shared object without IRENEO_PLUGIN, that ",
                           "is, without a section ", kSection));
  }
  if (plugin.format != kOurs.format || plugin.size != kOurs.size) {
    return absl::FailedPreconditionError(absl::StrCat(
        "plugin ", path, " has the format ", plugin.format, " of plugins (",
        plugin.size, " bytes), this program takes ", kOurs.format, " (",
        kOurs.size, " bytes): build both with the same Ireneo"));
  }
  if (section.size() < sizeof(plugin) || !EndsWithZero(plugin.name) ||
      !EndsWithZero(plugin.version) || !EndsWithZero(plugin.abi)) {
    return NoPlugin(path,
                    absl::StrCat("its section ", kSection, " is damaged"));
  }
  return plugin;
}

// OK if the plugin was built as we were.
absl::Status CheckAbi(const std::string& path, const PluginInfo& plugin) {
  if (std::strcmp(plugin.abi, kOurs.abi) == 0) return absl::OkStatus();
  const std::vector<std::string> theirs = absl::StrSplit(plugin.abi, "; ");
  const std::vector<std::string> ours = absl::StrSplit(kOurs.abi, "; ");
  std::vector<std::string> they_have, we_have;
  for (std::size_t i = 0; i < std::max(theirs.size(), ours.size()); ++i) {
    const std::string their = i < theirs.size() ? theirs[i] : "";
    const std::string our = i < ours.size() ? ours[i] : "";
    if (their == our) continue;
    they_have.push_back(absl::CEscape(their));
    we_have.push_back(our);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "plugin ", path, " was built with ", absl::StrJoin(they_have, ", "),
      ", this program with ", absl::StrJoin(we_have, ", "),
      ": build the plugin as the program was built"));
}

using AddFunction = void(Registry* registry, absl::Status* status);

// Runs code of the plugin from here on.
absl::StatusOr<AddFunction*> Open(const std::string& path,
                                  const PluginInfo& plugin) {
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const error = ::dlerror();
    return absl::FailedPreconditionError(
        absl::StrCat("plugin ", path, " cannot be loaded: ",
                     error == nullptr ? "no reason is given" : error));
  }
  const void* const info = ::dlsym(library, "ireneo_plugin_info");
  void* const add = ::dlsym(library, "ireneo_plugin_add");
  if (info == nullptr || add == nullptr ||
      std::memcmp(info, &plugin, sizeof(plugin)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "plugin ", path,
        " has another symbol ireneo_plugin_info than it says: another plugin ",
        "of that name may be loaded, or the file was replaced"));
  }
  return reinterpret_cast<AddFunction*>(add);
}

}  // namespace

absl::Status LoadPlugin(const std::filesystem::path& path, Registry& registry) {
  // dlopen searches for what has no slash.
  const std::string file = path.native().find('/') == std::string::npos
                               ? "./" + path.native()
                               : path.native();
  IRENEO_ASSIGN_OR_RETURN(const PluginInfo plugin, ReadInfo(file));
  IRENEO_RETURN_IF_ERROR(CheckAbi(path.native(), plugin));
  IRENEO_ASSIGN_OR_RETURN(AddFunction* const add, Open(file, plugin));
  Registry copy = registry;
  const std::string origin =
      absl::StrCat("plugin ", absl::CEscape(plugin.name), " ",
                   absl::CEscape(plugin.version), " (", path.native(), ")");
  copy.SetOrigin(origin);
  absl::Status status;
  try {
    add(&copy, &status);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(origin, " threw: ", error.what()));
  } catch (...) {
    return absl::InternalError(absl::StrCat(origin, " threw"));
  }
  if (!status.ok()) {
    // The error of the registry names the plugin; that of the plugin may not.
    const absl::string_view message = status.message();
    return absl::Status(status.code(),
                        message.find(origin) != absl::string_view::npos
                            ? std::string(message)
                            : absl::StrCat(origin, ": ", message));
  }
  copy.SetOrigin(registry.origin());
  registry = std::move(copy);
  return absl::OkStatus();
}

}  // namespace ireneo
