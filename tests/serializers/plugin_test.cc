#include "ireneo/serializers/plugin.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/serializers/codec.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/type_name.h"
#include "ireneo/serializers/value_visitor.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"
#include "ireneo/version.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class PluginTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_);
    ::setenv("IRENEO_TEST_CONSTRUCTED", mark().c_str(), /*overwrite=*/1);
    ASSERT_TRUE(AddBuiltinCodecs(registry_).ok());
  }

  fs::path mark() const { return folder_ / "constructed"; }

  // Whether code of a plugin has run.
  bool Constructed() const { return fs::exists(mark()); }

  // A copy, so that no other test has loaded it.
  fs::path CopyOf(const std::string& name, const std::string& as = "") const {
    const fs::path copy = folder_ / (as.empty() ? name : as);
    fs::copy_file(fs::path("tests/serializers") / name, copy,
                  fs::copy_options::overwrite_existing);
    fs::permissions(copy, fs::perms::owner_all);
    return copy;
  }

  fs::path File(const std::string& contents) const {
    const fs::path path = folder_ / "libfile.so";
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }

  bool Knows(const char* type) const {
    return registry_.Find(*ParseTypeName(type)) != nullptr;
  }

  void ExpectRefused(const fs::path& path, absl::StatusCode code,
                     const std::string& why) {
    const absl::Status status = LoadPlugin(path, registry_);
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path.filename()), HasSubstr(why)));
    EXPECT_FALSE(Constructed());
  }

  fs::path folder_;
  Registry registry_;
};

TEST_F(PluginTest, AddsItsTypes) {
  const absl::Status status =
      LoadPlugin(CopyOf("libtest_plugin.so"), registry_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Constructed());
  EXPECT_TRUE(Knows("sample.Mesh/1"));
  const std::string bytes("\3\0\0\0\0\0\0\0abc", 11);
  const absl::StatusOr<Description> description = registry_.Describe(
      "sample.Mesh/1", Blob::Copy(std::as_bytes(std::span(bytes))));
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(ToText(*description), "{\"mesh\": \"abc\"}");
  EXPECT_EQ(registry_.origin(), "this program");
}

TEST_F(PluginTest, ANameWithoutSlashIsInTheCurrentDirectory) {
  CopyOf("libtest_plugin.so", "libhere.so");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const absl::Status status = LoadPlugin("libhere.so", registry_);
  EXPECT_TRUE(status.ok()) << status;
  const absl::Status nothing = LoadPlugin("libc.so.6", registry_);
  fs::current_path(before);
  EXPECT_EQ(nothing.code(), absl::StatusCode::kNotFound) << nothing;
}

TEST_F(PluginTest, OneOfAnotherCompilerIsRefusedBeforeItsCodeRuns) {
  const fs::path path = CopyOf("libtest_plugin_odd.so");
  ExpectRefused(path, absl::StatusCode::kFailedPrecondition,
                "was built with odd++ 99, this program with ");
  EXPECT_FALSE(Knows("sample.Mesh/1"));
}

TEST_F(PluginTest, OneOfAnotherInterfaceIsRefusedBeforeItsCodeRuns) {
  ExpectRefused(CopyOf("libtest_plugin_new.so"),
                absl::StatusCode::kFailedPrecondition,
                "was built with interface 999, this program with interface ");
}

TEST_F(PluginTest, TheBuildIsSaidInFull) {
  constexpr PluginInfo kInfo = internal::MakePluginInfo("a", "b");
  EXPECT_STREQ(kInfo.name, "a");
  EXPECT_STREQ(kInfo.version, "b");
  EXPECT_THAT(std::string(kInfo.abi),
              AllOf(HasSubstr(std::string("Ireneo ") + kVersion + "; "),
                    HasSubstr("__cplusplus 20"), HasSubstr("Abseil 20"),
                    HasSubstr("Boost 1"), HasSubstr("pointers of ")));
  // Two states of Ireneo that have the same version differ in these.
  for (const std::string& size :
       {absl::StrCat("; Registry of ", sizeof(Registry), " bytes"),
        absl::StrCat("; Codec of ", sizeof(Codec), " bytes"),
        absl::StrCat("; Source of ", sizeof(Source), " bytes"),
        absl::StrCat("; Sink of ", sizeof(Sink), " bytes"),
        absl::StrCat("; ValueWalk of ", sizeof(ValueWalk), " bytes"),
        absl::StrCat("; ArrayView of ", sizeof(ArrayView), " bytes")}) {
    EXPECT_THAT(std::string(kInfo.abi), HasSubstr(size));
  }
  // Macros that are not defined would stand there by name.
  EXPECT_EQ(std::string(kInfo.abi).find("_VERSION"), std::string::npos);
  EXPECT_EQ(std::string(kInfo.abi).find("ABI _"), std::string::npos);
}

TEST_F(PluginTest, FilesThatAreNoPlugins) {
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  ExpectRefused(File("#!/bin/sh\necho hello\n"), kInvalid,
                "not a shared object");
  ExpectRefused(File(""), kInvalid, "not a shared object");
  ExpectRefused(File("\x7f"
                     "ELF"),
                kInvalid, "not a shared object");
  ExpectRefused(folder_, kInvalid, "it is not a file");
  ExpectRefused(folder_ / "missing.so", absl::StatusCode::kNotFound,
                "No such file");
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  ExpectRefused(pipe, kInvalid, "it is not a file");
  ::Dl_info libc;
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(::gnu_get_libc_version), &libc),
            0);
  ExpectRefused(libc.dli_fname, kInvalid, "without IRENEO_PLUGIN");
}

TEST_F(PluginTest, OneThatIsCutOff) {
  const std::string whole = Contents("tests/serializers/libtest_plugin.so");
  ASSERT_GT(whole.size(), 1000u);
  for (std::size_t size :
       {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{63},
        std::size_t{64}, std::size_t{65}, std::size_t{500}, whole.size() / 4,
        whole.size() / 2, whole.size() - 64 * 40, whole.size() - 64,
        whole.size() - 1}) {
    const absl::Status status =
        LoadPlugin(File(whole.substr(0, size)), registry_);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << size << " of " << whole.size() << ": " << status;
    EXPECT_FALSE(Constructed()) << size;
  }
}

TEST_F(PluginTest, OneThatIsDamagedWhereItSaysWhatItIs) {
  const fs::path path = CopyOf("libtest_plugin.so", "libdamaged.so");
  const std::string whole = Contents(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto expect_refused = [&](std::size_t at) {
    for (const int flip : {1, 0x80}) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(whole[at] ^ flip)).flush();
      const absl::Status status = LoadPlugin(path, registry_);
      EXPECT_TRUE(absl::IsInvalidArgument(status) ||
                  absl::IsFailedPrecondition(status))
          << at << ": " << status;
      EXPECT_FALSE(Constructed()) << at;
    }
    file.seekp(static_cast<std::streamoff>(at));
    file.put(whole[at]).flush();
  };
  // Magic, class and byte order; type and machine.
  for (const std::size_t at : {0, 1, 2, 3, 4, 5, 16, 18}) expect_refused(at);
  const std::string magic(PluginInfo::kMagic, sizeof(PluginInfo::kMagic));
  const std::string abi = internal::MakePluginInfo("", "").abi;
  // Its own, not the copy that the loader in the plugin compares with.
  std::size_t info = std::string::npos;
  for (std::size_t at = whole.find(magic); at != std::string::npos;
       at = whole.find(magic, at + 1)) {
    const std::size_t name = at + offsetof(PluginInfo, name);
    if (whole.compare(name, sizeof("sample"), "sample\0", 7) == 0) info = at;
  }
  ASSERT_NE(info, std::string::npos);
  for (std::size_t i = 0; i < offsetof(PluginInfo, name); ++i) {
    expect_refused(info + i);
  }
  for (std::size_t i = 0; i <= abi.size(); ++i) {
    expect_refused(info + offsetof(PluginInfo, abi) + i);
  }
}

TEST_F(PluginTest, ATypeThatIsThereAlreadyNamesBothPlugins) {
  ASSERT_TRUE(
      LoadPlugin(CopyOf("libtest_plugin.so", "libone.so"), registry_).ok());
  const absl::Status status =
      LoadPlugin(CopyOf("libtest_plugin.so", "libtwo.so"), registry_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(HasSubstr("libone.so"), HasSubstr("libtwo.so"),
            HasSubstr("plugin sample 1.2"), HasSubstr("'sample.Mesh/1'")));
}

TEST_F(PluginTest, OneThatFailsAddsNothing) {
  const absl::Status status =
      LoadPlugin(CopyOf("libtest_plugin_fails.so"), registry_);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("plugin sample 1.2"), HasSubstr("no license")));
  EXPECT_FALSE(Knows("sample.Mesh/1"));
  EXPECT_EQ(registry_.origin(), "this program");
}

TEST_F(PluginTest, OneThatThrowsAddsNothing) {
  const absl::Status status =
      LoadPlugin(CopyOf("libtest_plugin_throws.so"), registry_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no luck today"));
  EXPECT_FALSE(Knows("sample.Mesh/1"));
}

}  // namespace
}  // namespace ireneo
