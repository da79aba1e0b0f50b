// What archives cost next to what they are made of: SHA-256, tar and zstd over
// the same files. One run is one repetition: tools/benchmark takes the medians
// of several.
//
//   archive_benchmark [--mb=N] [--compressible_mb=N] [--records=N]
//                     [--memory_mb=N] FILE [REGEX]
//
// Writes to FILE what is measured of the names that match. Works in a directory
// of its own in TEST_TMPDIR, else in TMPDIR, else in the current one, which is
// gone at the end, also after Ctrl-C. --mb is of random doubles,
// --compressible_mb of smooth ones and of text, --records of calls that are in
// the index alone, and --memory_mb of what is exported and imported to see how
// much memory that takes.
//
// Each is timed once, after what was written before has reached the disk and
// with free memory that is ready to be used; what is read is in the page cache.
// Stores are opened anew, so that nothing has been verified yet. Files are
// removed behind what is timed.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/report.h"
#include "ireneo/memo/archive.h"
#include "ireneo/memo/archive_file.h"
#include "ireneo/memo/archive_layer.h"
#include "ireneo/memo/archive_manifest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/record.h"
#include "ireneo/memo/store_directory.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/sha256.h"

namespace ireneo {
namespace {

namespace fs = std::filesystem;

using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::Nanoseconds;
using benchmarks::OpenStore;
using benchmarks::Report;

constexpr std::int64_t kResult = 8 << 20;

// An export and an import take at least this part of what their peers do.
constexpr double kLeastRate = 0.6;
constexpr double kLeastRecordsPerSecond = 100'000;
constexpr double kMostMemory = 100e6;

struct Sizes {
  std::int64_t bytes = std::int64_t{1} << 30;
  std::int64_t compressible_bytes = 256 << 20;
  std::int64_t records = 100'000;
  std::int64_t memory_bytes = std::int64_t{2} << 30;
};

void CheckOk(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

// ------------------------------------------------------------- What is stored

using Doubles = std::vector<double>;

Doubles Random(std::int32_t seed) {
  std::mt19937_64 engine(static_cast<std::uint64_t>(seed));
  std::uniform_real_distribution<double> uniform;
  Doubles values(kResult / sizeof(double));
  for (double& value : values) value = uniform(engine);
  return values;
}

// What a simulation leaves on a grid of rows of 4096 points at some time.
Doubles Field(std::int32_t time) {
  constexpr std::size_t kRow = 4096;
  Doubles field(kResult / sizeof(double));
  for (std::size_t i = 0; i < field.size(); ++i) {
    const double x = static_cast<double>(i % kRow) / kRow;
    const double y = static_cast<double>(i / kRow) / kRow + 0.01 * time;
    field[i] = std::sin(9 * x + 2 * y) * std::exp(-3 * y) +
               std::cos(5 * x * y + 1) + 0.1 * x;
  }
  return field;
}

std::string Json(std::int32_t seed) {
  std::mt19937_64 engine(static_cast<std::uint64_t>(seed));
  std::uniform_real_distribution<double> uniform;
  std::string text;
  while (text.size() < kResult - 200) {
    char line[200];
    std::snprintf(line, sizeof(line),
                  "{\"galaxy\":%u,\"redshift\":%.6f,\"band\":\"%c\","
                  "\"flux\":%.9g,\"flags\":[]}\n",
                  static_cast<unsigned>(engine() % 10'000'000), uniform(engine),
                  "ugrizy"[engine() % 6], uniform(engine));
    text += line;
  }
  text.resize(kResult, '\n');
  return text;
}

double Half(double x) { return x / 2; }

template <typename Result>
void FillWith(const fs::path& directory, Result (*make)(std::int32_t),
              std::int64_t bytes) {
  // Raw, so that the files are what the peers get to read.
  const MemoStore store =
      OpenStore(directory, {.compression = Compression::kNone});
  const auto memoized = Memoize(store,
                                {.name = "bench.Make",
                                 .version = "1",
                                 .keep_arguments = KeepArguments::kNone},
                                make);
  const auto count = static_cast<std::int32_t>(bytes / kResult);
  for (std::int32_t i = 0; i < count; ++i) memoized(i);
}

void FillWithRecords(const fs::path& directory, std::int64_t count) {
  const MemoStore store = OpenStore(directory);
  const WriteBatch batch = store.Batch();
  const auto half =
      Memoize(store, {.name = "bench.Half", .version = "1"}, Half);
  for (std::int64_t i = 0; i < count; ++i) half(static_cast<double>(i));
}

// The files with the results of the calls, seen from `directory`.
std::vector<std::string> ResultFiles(const fs::path& directory) {
  const MemoStore store = OpenStore(directory);
  const absl::StatusOr<std::vector<CallRecord>> calls = store.Calls();
  CheckOk(calls.status());
  std::vector<std::string> files;
  for (const CallRecord& call : *calls) {
    files.push_back(
        store.BlobPath(call.result).lexically_relative(directory).native());
  }
  return files;
}

// --------------------------------------------------------------- What is timed

// Touches memory that is free. The host of a virtual machine may have taken it
// back, and new files are then written several times as slowly.
void TouchFreeMemory() {
  constexpr std::size_t kSize = std::size_t{2} << 30;
  void* const memory =
      ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) Die("cannot map memory");
  ::munmap(memory, kSize);
}

// Runs `work` when nothing else is to be written to the disk of `directory`.
template <typename F>
double Time(const fs::path& directory, const F& work) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0 || ::syncfs(fd) != 0) Die("cannot sync " + directory.native());
  ::close(fd);
  TouchFreeMemory();
  const Clock::time_point start = Clock::now();
  work();
  return Nanoseconds(Clock::now() - start);
}

double TimeExport(const fs::path& directory, const fs::path& file) {
  const MemoStore store = OpenStore(directory);
  return Time(directory, [&] { CheckOk(ExportArchive(store, file).status()); });
}

double TimeImport(const fs::path& file, const fs::path& directory) {
  const MemoStore store = OpenStore(directory);
  return Time(directory, [&] { CheckOk(ImportArchive(file, store).status()); });
}

void Run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_t pid = 0;
  int status = 0;
  if (::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(),
                     environ) != 0 ||
      ::waitpid(pid, &status, 0) != pid || status != 0) {
    Die(command[0] + " failed");
  }
}

void HashFiles(const fs::path& directory,
               const std::vector<std::string>& files) {
  std::vector<std::byte> buffer(1 << 20);
  for (const std::string& name : files) {
    const int fd = ::open((directory / name).c_str(), O_RDONLY);
    if (fd < 0) Die("cannot open " + name);
    Sha256Hasher hasher;
    while (true) {
      const ssize_t size = ::read(fd, buffer.data(), buffer.size());
      if (size < 0) Die("cannot read " + name);
      if (size == 0) break;
      hasher.Update(std::span(buffer).first(static_cast<std::size_t>(size)));
    }
    ::close(fd);
    if (hasher.Finish() == Sha256()) Die("no SHA-256");
  }
}

// Writes `files` of `directory` to the tar file `tar`, with `options`.
void Tar(std::vector<std::string> options, const fs::path& tar,
         const fs::path& directory, const std::vector<std::string>& files) {
  std::vector<std::string>& command = options;
  command.insert(command.begin(), "tar");
  for (const std::string& argument : {std::string("-cf"), tar.native(),
                                      std::string("-C"), directory.native()}) {
    command.push_back(argument);
  }
  command.insert(command.end(), files.begin(), files.end());
  Run(command);
}

void Untar(const std::vector<std::string>& options, const fs::path& tar,
           const fs::path& directory) {
  std::vector<std::string> command = {"tar"};
  command.insert(command.end(), options.begin(), options.end());
  for (const std::string& argument : {std::string("-xf"), tar.native(),
                                      std::string("-C"), directory.native()}) {
    command.push_back(argument);
  }
  Run(command);
}

// ------------------------------------------------------------------ What is
// told

void RandomDoubles(const fs::path& directory, std::int64_t bytes,
                   Report& report) {
  const fs::path store = directory / "store";
  FillWith(store, Random, bytes);
  const std::vector<std::string> files = ResultFiles(store);
  const std::string suffix = "/" + std::to_string(bytes);
  const auto moved = static_cast<double>(bytes);

  const double exported = TimeExport(store, directory / "ours.tar");
  const double tarred = Time(directory, [&] {
    HashFiles(store, files);
    Tar({}, directory / "theirs.tar", store, files);
  });
  report.Add("ExportRandom" + suffix, exported, tarred / kLeastRate, false,
             moved);
  report.Add("ExportRandom/SHA-256, tar" + suffix, tarred, 0, false, moved);

  const fs::path copy = directory / "copy";
  fs::create_directory(copy);
  const double imported =
      TimeImport(directory / "ours.tar", directory / "imported");
  const double untarred = Time(directory, [&] {
    HashFiles(store, files);
    Untar({}, directory / "theirs.tar", copy);
  });
  report.Add("ImportRandom" + suffix, imported, untarred / kLeastRate, false,
             moved);
  report.Add("ImportRandom/SHA-256, tar -x" + suffix, untarred, 0, false,
             moved);
}

template <typename Result>
void Compressible(const std::string& kind, Result (*make)(std::int32_t),
                  const fs::path& directory, std::int64_t bytes,
                  Report& report) {
  const fs::path store = directory / "store";
  FillWith(store, make, bytes);
  const std::vector<std::string> files = ResultFiles(store);
  const std::string suffix = "/" + std::to_string(bytes);
  const auto moved = static_cast<double>(bytes);
  const fs::path ours = directory / "ours.tar";
  const fs::path theirs = directory / "theirs.tar.zst";

  report.Add("Export" + kind + suffix, TimeExport(store, ours), 0, false,
             moved);
  report.Add(
      "Export" + kind + "/tar | zstd -3" + suffix,
      Time(directory, [&] { Tar({"-Izstd -q -3"}, theirs, store, files); }), 0,
      false, moved);
  report.AddSize(kind + "Archive" + suffix,
                 static_cast<double>(fs::file_size(ours)));
  report.AddSize(kind + "Archive/tar | zstd -3" + suffix,
                 static_cast<double>(fs::file_size(theirs)));

  const fs::path copy = directory / "copy";
  fs::create_directory(copy);
  report.Add("Import" + kind + suffix, TimeImport(ours, directory / "imported"),
             0, false, moved);
  report.Add("Import" + kind + "/zstd -d | tar -x" + suffix,
             Time(directory, [&] { Untar({"-Izstd -q"}, theirs, copy); }), 0,
             false, moved);
}

void SmoothField(const fs::path& directory, std::int64_t bytes,
                 Report& report) {
  Compressible("Field", Field, directory, bytes, report);
}

void JsonText(const fs::path& directory, std::int64_t bytes, Report& report) {
  Compressible("Json", Json, directory, bytes, report);
}

// Copies a store's index, defragmented.
void Vacuum(const fs::path& store, const fs::path& copy) {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2((store / internal::kIndexFile).c_str(),
                                     &database, SQLITE_OPEN_READWRITE, nullptr);
  const std::string sql = "VACUUM INTO '" + copy.native() + "'";
  if (opened != SQLITE_OK || sqlite3_exec(database, sql.c_str(), nullptr,
                                          nullptr, nullptr) != SQLITE_OK) {
    Die(sqlite3_errmsg(database));
  }
  sqlite3_close(database);
}

std::vector<std::string> LinesOf(const fs::path& file) {
  const absl::StatusOr<std::unique_ptr<internal::ArchiveFile>> archive =
      internal::ArchiveFile::Open(file);
  CheckOk(archive.status());
  std::vector<std::string> lines;
  internal::LayerOrder order;
  for (const internal::LayerDescriptor& layer : (*archive)->manifest().layers) {
    CheckOk((*archive)->ReadCalls(layer, order, nullptr,
                                  [&](std::string_view line) {
                                    lines.emplace_back(line);
                                    return absl::OkStatus();
                                  }));
  }
  return lines;
}

// The least that reading and writing the records as text can take.
void WriteLines(const std::vector<std::string>& lines, const fs::path& path) {
  std::ofstream file(path);
  for (const std::string& line : lines) file << line;
  if (!file.flush()) Die("cannot write " + path.native());
}

void ReadLines(const fs::path& path, std::size_t expected) {
  std::ifstream file(path);
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) ++count;
  if (count != expected) Die("not as many lines as were written");
}

void TinyRecords(const fs::path& directory, std::int64_t records,
                 Report& report) {
  const fs::path store = directory / "store";
  FillWithRecords(store, records);
  const fs::path archive = directory / "ours.tar";
  const fs::path imported = directory / "imported";
  const fs::path text = directory / "lines";
  const auto count = static_cast<double>(records);
  const auto add = [&](const std::string& name, double time) {
    report.Add(name, time / count, 0, /*is_rate=*/true);
  };

  report.AddRate("ExportTiny", TimeExport(store, archive) / count,
                 kLeastRecordsPerSecond);
  add("ExportTiny/VACUUM INTO",
      Time(directory, [&] { Vacuum(store, directory / "copy.db"); }));
  const std::vector<std::string> lines = LinesOf(archive);
  add("ExportTiny/plain lines",
      Time(directory, [&] { WriteLines(lines, text); }));

  report.AddRate("ImportTiny", TimeImport(archive, imported) / count,
                 kLeastRecordsPerSecond);
  add("ImportTiny/VACUUM INTO",
      Time(directory, [&] { Vacuum(imported, directory / "imported.db"); }));
  add("ImportTiny/plain lines",
      Time(directory, [&] { ReadLines(text, lines.size()); }));
}

// -------------------------------------------------------------------- Memory

// Bytes that this process has in memory, without those of files.
std::int64_t AnonymousMemory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::int64_t kilobytes = 0;
  while (status >> word) {
    if (word == "RssAnon:" && status >> kilobytes) return kilobytes << 10;
  }
  Die("/proc/self/status tells no RssAnon");
}

// The most of it that there was while this lives.
class Peak {
 public:
  std::int64_t Stop() {
    sampling_.request_stop();
    sampling_.join();
    return std::max(peak_, AnonymousMemory());
  }

 private:
  std::int64_t peak_ = 0;
  std::jthread sampling_{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      peak_ = std::max(peak_, AnonymousMemory());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }};
};

constexpr char kExport[] = "--peak=export";
constexpr char kImport[] = "--peak=import";

// What a process of its own does for `PeakOf`.
void MeasurePeak(std::string_view what, const fs::path& store,
                 const fs::path& archive, const fs::path& out) {
  Peak peak;
  if (what == kExport) {
    CheckOk(ExportArchive(OpenStore(store), archive).status());
  } else {
    CheckOk(ImportArchive(archive, OpenStore(store)).status());
  }
  std::ofstream(out) << peak.Stop();
}

double PeakOf(const char* what, const fs::path& store,
              const fs::path& archive) {
  const fs::path out = store.native() + ".peak";
  Run({"/proc/self/exe", what, store.native(), archive.native(), out.native()});
  double bytes = 0;
  if (!(std::ifstream(out) >> bytes)) Die("no peak");
  return bytes;
}

void Memory(const fs::path& directory, std::int64_t bytes, Report& report) {
  const std::string suffix = "/" + std::to_string(bytes);
  const fs::path store = directory / "store";
  const fs::path archive = directory / "ours.tar";
  FillWith(store, Random, bytes);
  report.AddSize("ExportMemory" + suffix, PeakOf(kExport, store, archive),
                 kMostMemory);
  fs::remove_all(store);
  report.AddSize("ImportMemory" + suffix,
                 PeakOf(kImport, directory / "imported", archive), kMostMemory);
}

// ---------------------------------------------------------------------- Main

void Measure(const fs::path& directory, const Sizes& sizes,
             const std::string& file, const std::string& regex) {
  Report report(regex);
  const auto part = [&](const char* name, auto measure, std::int64_t size) {
    fs::create_directory(directory / name);
    measure(directory / name, size, report);
    fs::remove_all(directory / name);
  };
  if (report.WantsAny({"ExportTiny", "ImportTiny"})) {
    part("tiny", TinyRecords, sizes.records);
  }
  if (report.WantsAny({"ExportRandom", "ImportRandom"})) {
    part("random", RandomDoubles, sizes.bytes);
  }
  if (report.WantsAny({"ExportField", "FieldArchive", "ImportField"})) {
    part("field", SmoothField, sizes.compressible_bytes);
  }
  if (report.WantsAny({"ExportJson", "JsonArchive", "ImportJson"})) {
    part("json", JsonText, sizes.compressible_bytes);
  }
  if (report.WantsAny({"ExportMemory", "ImportMemory"})) {
    part("memory", Memory, sizes.memory_bytes);
  }
  report.Write(file);
}

fs::path MakeDirectory() {
  std::string path = ".";
  for (const char* name : {"TMPDIR", "TEST_TMPDIR"}) {
    if (const char* value = std::getenv(name); value != nullptr) path = value;
  }
  path = fs::absolute(path) / "archive_benchmark.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) Die("cannot create " + path);
  return path;
}

// Runs `work` in processes of its own, and ends them all if this one is to end.
// Returns what it exited with.
template <typename F>
int Supervise(const F& work) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGHUP, SIGINT, SIGTERM}) {
    sigaddset(&signals, signal);
  }
  sigset_t before;
  sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t worker = ::fork();
  if (worker < 0) Die("cannot fork");
  if (worker == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    work();
    std::exit(0);
  }
  ::setpgid(worker, worker);
  int signal = 0;
  sigwait(&signals, &signal);
  if (signal != SIGCHLD) ::kill(-worker, SIGKILL);
  int status = 0;
  ::waitpid(worker, &status, 0);
  if (signal != SIGCHLD) return 128 + signal;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool ReadFlag(std::string_view argument, std::string_view name,
              std::int64_t factor, std::int64_t& value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(
      argument.data(), argument.data() + argument.size(), number);
  if (error != std::errc() || end != argument.data() + argument.size() ||
      number < 1 || number > 1'000'000'000) {
    Die("expected a number behind " + std::string(name));
  }
  value = number * factor;
  return true;
}

int Main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 4 &&
      (arguments[0] == kExport || arguments[0] == kImport)) {
    MeasurePeak(arguments[0], arguments[1], arguments[2], arguments[3]);
    return 0;
  }
  constexpr std::int64_t kMb = 1 << 20;
  Sizes sizes;
  std::erase_if(arguments, [&](const std::string& argument) {
    return ReadFlag(argument, "--mb=", kMb, sizes.bytes) ||
           ReadFlag(argument, "--compressible_mb=", kMb,
                    sizes.compressible_bytes) ||
           ReadFlag(argument, "--records=", 1, sizes.records) ||
           ReadFlag(argument, "--memory_mb=", kMb, sizes.memory_bytes);
  });
  if (arguments.empty() || arguments.size() > 2 ||
      arguments[0].starts_with("-")) {
    Die("expected [--mb=N] [--compressible_mb=N] [--records=N] "
        "[--memory_mb=N] FILE [REGEX]");
  }
  const fs::path directory = MakeDirectory();
  const int result = Supervise([&] {
    Measure(directory, sizes, arguments[0],
            arguments.size() > 1 ? arguments[1] : ".");
  });
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return result;
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) { return ireneo::Main(argc, argv); }
