#include "ireneo/memo/build_id.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/store/digest.h"
#include "ireneo/store/file_system.h"

namespace ireneo::internal {
namespace {

std::string Hex(std::span<const std::byte> bytes) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Whether `size` bytes at `address` are in one loaded segment of `object`.
bool IsLoaded(const dl_phdr_info& object, std::uintptr_t address,
              std::size_t size) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object.dlpi_phdr[i];
    const std::uintptr_t offset =
        address - (object.dlpi_addr + segment.p_vaddr);
    if (segment.p_type == PT_LOAD && offset < segment.p_memsz &&
        size <= segment.p_memsz - offset) {
      return true;
    }
  }
  return false;
}

struct Search {
  std::uintptr_t address;
  std::string build_id = {};  // In hex; empty: none.
};

// For dl_iterate_phdr; not 0 ends it.
int VisitObject(dl_phdr_info* object, std::size_t, void* search_pointer) {
  Search& search = *static_cast<Search*>(search_pointer);
  if (!IsLoaded(*object, search.address, 1)) return 0;
  for (int i = 0; i < object->dlpi_phnum && search.build_id.empty(); ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const std::uintptr_t start = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_NOTE &&
        IsLoaded(*object, start, segment.p_memsz)) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives numbers.
      const auto* const notes = reinterpret_cast<const std::byte*>(start);
      search.build_id = Hex(
          BuildIdInNotes(std::span(notes, segment.p_memsz), segment.p_align));
    }
  }
  return 1;
}

// A program that was linked with -no-pie has addresses of its own for functions
// of shared objects; its symbols for them have a value and no section.
bool IsStandIn(const void* address) {
  Dl_info object;
  const ElfW(Sym)* symbol = nullptr;
  return ::dladdr1(address, &object,
                   const_cast<void**>(reinterpret_cast<const void**>(&symbol)),
                   RTLD_DL_SYMENT) != 0 &&
         symbol != nullptr && symbol->st_shndx == SHN_UNDEF;
}

// The file that is mapped at an address.
struct Mapping {
  std::uint64_t device;
  std::uint64_t inode;
  std::string path;
};

std::optional<Mapping> FindMapping(std::uintptr_t address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t start;
    std::uintptr_t end;
    unsigned major;
    unsigned minor;
    std::uint64_t inode;
    int path = 0;
    if (std::sscanf(line.c_str(),
                    "%" SCNxPTR "-%" SCNxPTR " %*s %*s %x:%x %" SCNu64 " %n",
                    &start, &end, &major, &minor, &inode, &path) == 5 &&
        start <= address && address < end && path > 0) {
      return Mapping{.device = ::makedev(major, minor),
                     .inode = inode,
                     .path = line.substr(static_cast<std::size_t>(path))};
    }
  }
  return std::nullopt;
}

// What was loaded is what is still mapped: the file of that name may be another
// one by now.
std::optional<Digest> DigestOfFile(std::uintptr_t address) {
  const std::optional<Mapping> mapping = FindMapping(address);
  if (!mapping || mapping->inode == 0) return std::nullopt;
  // The second finds a program whose file has been removed.
  for (const std::string& path :
       {mapping->path, std::string("/proc/self/exe")}) {
    const absl::StatusOr<FileContents> file = FileSystem::Posix().Read(path);
    if (file.ok() && file->info.device == mapping->device &&
        file->info.inode == mapping->inode) {
      return Digest::Of(file->blob.bytes());
    }
  }
  return std::nullopt;
}

std::string RandomHex() {
  std::array<char, 32> random;
  // Fails on kernels of before 2014; the time and the process must do there.
  if (::getentropy(random.data(), random.size()) != 0) random = {};
  return Digest::Of(
             absl::StrCat(absl::string_view(random.data(), random.size()),
                          absl::GetCurrentTimeNanos(), " ", ::getpid()))
      .ToHex();
}

}  // namespace

std::span<const std::byte> BuildIdInNotes(std::span<const std::byte> notes,
                                          std::size_t alignment) {
  const std::uint64_t mask = alignment == 8 ? 7 : 3;
  ElfW(Nhdr) header;
  while (notes.size() >= sizeof(header)) {
    std::memcpy(&header, notes.data(), sizeof(header));
    const std::uint64_t value =
        (sizeof(header) + header.n_namesz + mask) & ~mask;
    const std::uint64_t end = value + header.n_descsz;
    if (end > notes.size()) return {};
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(notes.data() + sizeof(header), "GNU", 4) == 0) {
      return notes.subspan(value, header.n_descsz);
    }
    const std::uint64_t next = (end + mask) & ~mask;
    if (next > notes.size()) return {};
    notes = notes.subspan(next);
  }
  return {};
}

std::string BuildIdOfCode(const void* address) {
  if (!IsStandIn(address)) {
    Search search{.address = reinterpret_cast<std::uintptr_t>(address)};
    ::dl_iterate_phdr(VisitObject, &search);
    if (!search.build_id.empty()) return "build:" + search.build_id;
    if (const auto digest = DigestOfFile(search.address)) {
      return "file:" + digest->ToHex();
    }
  }
  return "unknown:" + RandomHex();
}

}  // namespace ireneo::internal
