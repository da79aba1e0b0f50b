// What archives cost next to what they are made of: SHA-256, tar and zstd over
// the same files.
//
// Each is timed once, after what was written before has reached the disk and
// with free memory that is ready to be used; what is read is in the page cache.
// Stores are opened anew, so that nothing has been verified yet. Files are
// written and not synced. The memory is that of a process of its own, without
// the files that are mapped.

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
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
#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
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

using benchmarks::CheckOk;
using benchmarks::Clock;
using benchmarks::Die;
using benchmarks::OpenStore;
using benchmarks::Run;
using benchmarks::Scratch;
using benchmarks::SecondsSince;

constexpr std::int64_t kResult = 8 << 20;

// ------------------------------------------------------------- What is stored

using Doubles = std::vector<double>;

Doubles RandomDoubles(std::int32_t seed) {
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

// A store with so many calls that are in the index alone, and its archive, for
// all rows of them.
struct TinyCalls {
  explicit TinyCalls(std::int64_t count) {
    const MemoStore opened = OpenStore(store);
    const WriteBatch batch = opened.Batch();
    const auto half =
        Memoize(opened, {.name = "bench.Half", .version = "1"}, Half);
    for (std::int64_t i = 0; i < count; ++i) half(static_cast<double>(i));
  }

  const Scratch scratch;
  const fs::path store = scratch.path() / "store";
  const fs::path archive = scratch.path() / "ours.tar";
};

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
  constexpr std::size_t kSize = std::size_t{512} << 20;
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
  return SecondsSince(start);
}

double TimeExport(const fs::path& directory, const fs::path& file) {
  const MemoStore store = OpenStore(directory);
  return Time(directory, [&] { CheckOk(ExportArchive(store, file).status()); });
}

double TimeImport(const fs::path& file, const fs::path& directory) {
  const MemoStore store = OpenStore(directory);
  return Time(directory, [&] { CheckOk(ImportArchive(file, store).status()); });
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

// Runs `tar MODE` on the tar file `tar` with `options`, for `files` seen from
// `directory`.
void RunTar(const char* mode, const std::vector<std::string>& options,
            const fs::path& tar, const fs::path& directory,
            const std::vector<std::string>& files) {
  std::vector<std::string> command = {"tar"};
  command.insert(command.end(), options.begin(), options.end());
  for (const std::string& argument : {std::string(mode), tar.native(),
                                      std::string("-C"), directory.native()}) {
    command.push_back(argument);
  }
  command.insert(command.end(), files.begin(), files.end());
  Run(command);
}

// -------------------------------------------------------------- Large results

// An archive of large results and its peer, a tar of the files with them.
class Archives {
 public:
  // `options` are what tar compresses with; if nothing, the SHA-256 of each
  // file is taken as well, as archives have them.
  template <typename Result>
  Archives(Result (*make)(std::int32_t), std::int64_t bytes,
           std::vector<std::string> options)
      : options_(std::move(options)) {
    fs::create_directory(copy_);
    FillWith(store_, make, bytes);
    files_ = ResultFiles(store_);
  }

  double Export() const { return TimeExport(store_, ours_); }
  double Import() const {
    if (!fs::exists(ours_)) Export();
    return TimeImport(ours_, scratch_.path() / "imported");
  }
  double Tar() const {
    return Time(scratch_.path(), [&] {
      if (options_.empty()) HashFiles(store_, files_);
      RunTar("-cf", options_, theirs_, store_, files_);
    });
  }
  double Untar() const {
    if (!fs::exists(theirs_)) Tar();
    return Time(scratch_.path(), [&] {
      if (options_.empty()) HashFiles(store_, files_);
      RunTar("-xf", options_, theirs_, copy_, {});
    });
  }
  double Size() const {
    if (!fs::exists(ours_)) Export();
    return static_cast<double>(fs::file_size(ours_));
  }
  double TarSize() const {
    if (!fs::exists(theirs_)) Tar();
    return static_cast<double>(fs::file_size(theirs_));
  }

 private:
  const std::vector<std::string> options_;
  const Scratch scratch_;
  const fs::path store_ = scratch_.path() / "store";
  const fs::path ours_ = scratch_.path() / "ours.tar";
  const fs::path theirs_ = scratch_.path() / "theirs.tar";
  const fs::path copy_ = scratch_.path() / "copy";
  std::vector<std::string> files_;
};

// Rows of the archives of results that `make` makes, which are there from the
// first row to the last.
template <typename Result>
void RegisterArchives(const std::string& kind, Result (*make)(std::int32_t),
                      std::int64_t bytes,
                      const std::vector<std::string>& options,
                      const std::string& tar, const std::string& untar) {
  const auto archives = std::make_shared<std::unique_ptr<Archives>>();
  const auto add = [=](const std::string& name,
                       double (Archives::*measure)() const) {
    const auto run = [=](benchmark::State& state) {
      if (*archives == nullptr) {
        *archives = std::make_unique<Archives>(make, bytes, options);
      }
      const double measured = ((**archives).*measure)();
      for (auto _ : state) {
        if (measure == &Archives::Size || measure == &Archives::TarSize) {
          benchmarks::SetSize(state, measured);
        } else {
          state.SetIterationTime(measured);
          state.SetBytesProcessed(bytes);
        }
      }
    };
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->Arg(bytes)
        ->UseManualTime()
        ->Iterations(1);
  };
  add("Export" + kind, &Archives::Export);
  add("Export" + kind + "/" + tar, &Archives::Tar);
  add("Import" + kind, &Archives::Import);
  add("Import" + kind + "/" + untar, &Archives::Untar);
  if (!options.empty()) {
    add(kind + "Archive", &Archives::Size);
    add(kind + "Archive/" + tar, &Archives::TarSize);
  }
}

// --------------------------------------------------------------- Tiny records

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

const TinyCalls& Tiny(std::int64_t count) {
  static const TinyCalls calls(count);
  return calls;
}

const fs::path& TinyArchive(std::int64_t count) {
  const TinyCalls& tiny = Tiny(count);
  if (!fs::exists(tiny.archive)) TimeExport(tiny.store, tiny.archive);
  return tiny.archive;
}

// Tells the time of one of the calls.
void SetTime(benchmark::State& state, double seconds) {
  state.SetIterationTime(seconds / static_cast<double>(state.range(0)));
}

void ExportTiny(benchmark::State& state) {
  const TinyCalls& tiny = Tiny(state.range(0));
  const Scratch scratch;
  for (auto _ : state) {
    SetTime(state, TimeExport(tiny.store, scratch.path() / "ours.tar"));
  }
}

void ImportTiny(benchmark::State& state) {
  const fs::path& archive = TinyArchive(state.range(0));
  const Scratch scratch;
  for (auto _ : state) {
    SetTime(state, TimeImport(archive, scratch.path() / "imported"));
  }
}

void VacuumTiny(benchmark::State& state) {
  const TinyCalls& tiny = Tiny(state.range(0));
  const Scratch scratch;
  for (auto _ : state) {
    SetTime(state, Time(scratch.path(), [&] {
              Vacuum(tiny.store, scratch.path() / "copy.db");
            }));
  }
}

// The least that reading or writing the calls as text can take.
void PlainLines(benchmark::State& state, bool reading) {
  const std::vector<std::string> lines = LinesOf(TinyArchive(state.range(0)));
  const Scratch scratch;
  const fs::path text = scratch.path() / "lines";
  WriteLines(lines, text);
  for (auto _ : state) {
    SetTime(state, Time(scratch.path(), [&] {
              if (reading) {
                ReadLines(text, lines.size());
              } else {
                WriteLines(lines, text);
              }
            }));
  }
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

void Memory(benchmark::State& state, bool importing) {
  const Scratch scratch;
  const fs::path store = scratch.path() / "store";
  const fs::path archive = scratch.path() / "ours.tar";
  FillWith(store, RandomDoubles, state.range(0));
  TimeExport(store, archive);
  for (auto _ : state) {
    benchmarks::SetSize(
        state, importing
                   ? PeakOf(kImport, scratch.path() / "imported", archive)
                   : PeakOf(kExport, store, scratch.path() / "again.tar"));
  }
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::benchmarks::kMb;
  using ireneo::benchmarks::Register;
  if (argc == 5 && std::string_view(argv[1]).starts_with("--peak=")) {
    ireneo::MeasurePeak(argv[1], argv[2], argv[3], argv[4]);
    return 0;
  }
  constexpr std::int64_t kRecords = 100'000;
  Register("ExportTiny", &ireneo::ExportTiny)->Arg(kRecords);
  Register("ExportTiny/VACUUM INTO", &ireneo::VacuumTiny)->Arg(kRecords);
  Register("ExportTiny/plain lines", &ireneo::PlainLines, false)->Arg(kRecords);
  Register("ImportTiny", &ireneo::ImportTiny)->Arg(kRecords);
  Register("ImportTiny/VACUUM INTO", &ireneo::VacuumTiny)->Arg(kRecords);
  Register("ImportTiny/plain lines", &ireneo::PlainLines, true)->Arg(kRecords);
  ireneo::RegisterArchives("Random", &ireneo::RandomDoubles, 256 * kMb, {},
                           "SHA-256, tar", "SHA-256, tar -x");
  ireneo::RegisterArchives("Field", &ireneo::Field, 64 * kMb, {"-Izstd -q -3"},
                           "tar, zstd -3", "zstd -d, tar -x");
  ireneo::RegisterArchives("Json", &ireneo::Json, 64 * kMb, {"-Izstd -q -3"},
                           "tar, zstd -3", "zstd -d, tar -x");
  Register("ExportMemory", &ireneo::Memory, false)->Arg(256 * kMb);
  Register("ImportMemory", &ireneo::Memory, true)->Arg(256 * kMb);
  return ireneo::benchmarks::RunRegistered(argc, argv);
}
