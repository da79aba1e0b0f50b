#include "ireneo/memo/build_id.h"

#include <dlfcn.h>

#include <bit>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/store/digest.h"
#include "tests/store/test_util.h"

namespace ireneo {
namespace {

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

namespace fs = std::filesystem;

double Half(double x) { return x / 2; }
double Third(double x) noexcept { return x / 3; }

// What `command` prints.
std::string Output(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command;
    return "";
  }
  std::string output;
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

// What readelf says.
std::string BuildIdOfFile(const fs::path& path) {
  const std::string notes = Output("readelf --notes '" + path.string() + "'");
  const std::string label = "Build ID: ";
  const std::size_t start = notes.find(label);
  if (start == std::string::npos) return "";
  const std::size_t id = start + label.size();
  return notes.substr(id, notes.find('\n', id) - id);
}

using Function = double (*)(double);

// A shared object, loaded from `path`.
class Library {
 public:
  explicit Library(const fs::path& path)
      : handle_(::dlopen(fs::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) ADD_FAILURE() << ::dlerror();
  }
  ~Library() { ::dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  Function Find(const char* name) const {
    return std::bit_cast<Function>(::dlsym(handle_, name));
  }

 private:
  void* handle_;
};

constexpr char kWithId[] = "tests/versions/libwith_id.so";
constexpr char kWithoutId[] = "tests/versions/libwithout_id.so";

TEST(BuildIdTest, IsThatOfTheProgramForItsFunctions) {
  const std::string id = BuildIdOfFile(fs::read_symlink("/proc/self/exe"));
  ASSERT_NE(id, "");
  EXPECT_EQ(BuildId(&Half), "build:" + id);
  EXPECT_EQ(BuildId(Third), "build:" + id);
  EXPECT_EQ(BuildId([](double x) { return x / 4; }), "build:" + id);
}

TEST(BuildIdTest, IsThatOfTheSharedObjectForItsFunctions) {
  const Library library(kWithId);
  const std::string id = BuildIdOfFile(kWithId);
  ASSERT_NE(id, "");
  EXPECT_EQ(BuildId(library.Find("Twice")), "build:" + id);
  EXPECT_EQ(BuildId(library.Find("Thrice")), "build:" + id);
  EXPECT_NE(BuildId(&Half), "build:" + id);
}

TEST(BuildIdTest, ToolsOfDebianGiveAnIdUnasked) {
  const Library library("tests/versions/libplain.so");
  EXPECT_THAT(BuildId(library.Find("Twice")), MatchesRegex("build:[0-9a-f]+"));
}

TEST(BuildIdTest, IsADigestOfTheFileIfThereIsNoId) {
  ASSERT_EQ(BuildIdOfFile(kWithoutId), "");
  const std::string expected =
      "file:" + Digest::Of(FileBytes(kWithoutId)).ToHex();
  const Library library(kWithoutId);
  EXPECT_EQ(BuildId(library.Find("Twice")), expected);
  EXPECT_EQ(BuildId(library.Find("Thrice")), expected);

  // Wherever it is.
  const TemporaryDirectory dir;
  fs::copy_file(kWithoutId, dir.path() / "a copy.so");
  const Library copy(dir.path() / "a copy.so");
  ASSERT_NE(copy.Find("Twice"), library.Find("Twice"));
  EXPECT_EQ(BuildId(copy.Find("Twice")), expected);
}

TEST(BuildIdTest, IsADigestOfTheProgramThatRunsAndNotOfItsPath) {
  constexpr char kProgram[] = "tests/versions/print_build_id";
  const std::string expected =
      "file:" + Digest::Of(FileBytes(kProgram)).ToHex();
  EXPECT_EQ(Output(kProgram), expected);

  const TemporaryDirectory dir;
  const std::string copy = (dir.path() / "program").string();
  const std::string other = (dir.path() / "other").string();
  fs::copy_file(kProgram, copy);
  WriteFileBytes(other, "another program");
  EXPECT_EQ(Output("'" + copy + "' '" + other + "'"), expected);
  EXPECT_EQ(FileBytes(copy), "another program");

  // Started in a way that makes /proc/self/exe another program.
  const std::string interpreter = Output(
      "readelf --program-headers " + std::string(kProgram) +
      " | sed -n 's/.*program interpreter: \\(.*\\)]/\\1/p' | tr -d '\\n'");
  ASSERT_TRUE(fs::exists(interpreter)) << interpreter;
  EXPECT_EQ(Output(interpreter + " " + kProgram), expected);
}

TEST(BuildIdTest, IsUnknownIfTheFileIsNotWhatWasLoaded) {
  const TemporaryDirectory dir;
  const fs::path path = dir.path() / "library.so";
  fs::copy_file(kWithoutId, path);
  const Library library(path);
  const Function function = library.Find("Twice");
  WriteFileBytes(dir.path() / "new", FileBytes(path));
  fs::rename(dir.path() / "new", path);
  const std::string version = BuildId(function);
  EXPECT_THAT(version, MatchesRegex("unknown:[0-9a-f]{32}"));
  EXPECT_NE(BuildId(function), version);
  fs::remove(path);
  EXPECT_THAT(BuildId(function), MatchesRegex("unknown:[0-9a-f]{32}"));
}

TEST(BuildIdTest, AnIdIsReadFromWhatWasLoaded) {
  const TemporaryDirectory dir;
  const fs::path path = dir.path() / "library.so";
  fs::copy_file(kWithId, path);
  const Library library(path);
  fs::remove(path);
  EXPECT_EQ(BuildId(library.Find("Twice")), "build:" + BuildIdOfFile(kWithId));
}

TEST(BuildIdTest, AnAddressOfNoObjectIsUnknown) {
  const std::string on_the_heap(1000, 'x');
  const std::string version = internal::BuildIdOfCode(on_the_heap.data());
  EXPECT_THAT(version, MatchesRegex("unknown:[0-9a-f]{32}"));
  EXPECT_NE(internal::BuildIdOfCode(on_the_heap.data()), version);
}

// A note of an ELF file, without the padding behind it.
std::string Note(const std::string& name, std::uint32_t type,
                 const std::string& value, std::size_t alignment) {
  const std::uint32_t header[] = {static_cast<std::uint32_t>(name.size()),
                                  static_cast<std::uint32_t>(value.size()),
                                  type};
  std::string note(reinterpret_cast<const char*>(header), sizeof(header));
  note += name;
  note.resize((note.size() + alignment - 1) / alignment * alignment);
  return note + value;
}

std::string IdInNotes(const std::string& notes, std::size_t alignment) {
  // On the heap and of just this size, so that ASan sees what is read beyond.
  const std::vector<char> exact(notes.begin(), notes.end());
  const std::span<const std::byte> id =
      internal::BuildIdInNotes(std::as_bytes(std::span(exact)), alignment);
  return std::string(testing::Text(id));
}

TEST(BuildIdNotesTest, TheIdIsFoundBehindOtherNotes) {
  const std::string gnu("GNU\0", 4);
  for (const std::size_t alignment : {4, 8}) {
    std::string notes = Note("other.", 3, "12345", alignment);
    notes.resize((notes.size() + alignment - 1) / alignment * alignment);
    notes += Note(gnu, 5, "propertyproperty", alignment);
    notes += Note(gnu, 3, "the id", alignment);
    EXPECT_EQ(IdInNotes(notes, alignment), "the id");
    for (std::size_t size = 0; size < notes.size(); ++size) {
      EXPECT_THAT(IdInNotes(notes.substr(0, size), alignment), IsEmpty());
    }
  }
}

TEST(BuildIdNotesTest, SizesThatLieAreNotBelieved) {
  const std::string good = Note(std::string("GNU\0", 4), 3, "0123456789", 4);
  for (std::size_t i = 0; i < 8; ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string notes = good;
      notes[i] = static_cast<char>(byte);
      EXPECT_LE(IdInNotes(notes, 4).size(), 10u);
      EXPECT_LE(IdInNotes(notes, 8).size(), 10u);
    }
  }
  EXPECT_THAT(IdInNotes(std::string(64, '\xff'), 4), IsEmpty());
  EXPECT_THAT(IdInNotes(std::string(64, '\xff'), 8), IsEmpty());
}

}  // namespace
}  // namespace ireneo
