// How fast payloads become compressed files and how small, and how fast such
// files are read.
//
// CompressField/size is what Compression::kSmall does to an array of doubles;
// its peers CompressField/PEER/size are a plain copy, gzip -2 and what else a
// user may choose. "file" is the size of the file as a part of the payload's.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/codec.h"
#include "ireneo/store/compression.h"
#include "ireneo/store/compressor.h"

namespace ireneo {
namespace {

using Doubles = std::vector<double>;

// What a simulation leaves on a grid of rows of 4096 points.
Doubles Field(std::int64_t bytes) {
  constexpr std::int64_t kRow = 4096;
  Doubles field(static_cast<std::size_t>(bytes / 8));
  for (std::size_t i = 0; i < field.size(); ++i) {
    const double x = static_cast<double>(i % kRow) / kRow;
    const double y = static_cast<double>(i / kRow) / kRow;
    field[i] = std::sin(9 * x + 2 * y) * std::exp(-3 * y) +
               std::cos(5 * x * y + 1) + 0.1 * x;
  }
  return field;
}

// No codec makes it smaller.
Doubles Noise(std::int64_t bytes) {
  std::mt19937_64 engine(1);
  Doubles noise(static_cast<std::size_t>(bytes / 8));
  for (double& value : noise) {
    const std::uint64_t bits = engine();
    std::memcpy(&value, &bits, sizeof(value));
  }
  return noise;
}

// One in twenty is not zero.
Doubles Sparse(std::int64_t bytes) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  Doubles sparse(static_cast<std::size_t>(bytes / 8));
  for (double& value : sparse) {
    if (engine() % 20 == 0) value = normal(engine);
  }
  return sparse;
}

// Where files go: memory that was touched before.
class File {
 public:
  explicit File(std::size_t payload) : bytes_(payload + payload / 16 + 4096) {}

  ByteOutput Output() {
    size_ = 0;
    return [this](std::span<const std::byte> bytes) {
      std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
      size_ += bytes.size();
      return absl::OkStatus();
    };
  }
  std::span<const std::byte> bytes() const {
    return std::span(bytes_).first(size_);
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t size_ = 0;
};

BlobCodec Write(Compression wish, std::span<const double> payload, File& file) {
  const auto bytes = std::as_bytes(payload);
  Compressor compressor(wish, bytes.size(), {.element_size = 8}, file.Output());
  if (!compressor.Append(bytes).ok() || !compressor.Finish().ok()) {
    std::abort();
  }
  return compressor.codec();
}

using Make = Doubles (*)(std::int64_t);

// Made once for all rows in turn that have it: making takes longer than most
// of what is timed.
const Doubles& Payload(Make make, std::int64_t bytes) {
  static Make made = nullptr;
  static Doubles payload;
  if (made != make || payload.size() != static_cast<std::size_t>(bytes / 8)) {
    payload = make(bytes);
    made = make;
  }
  return payload;
}

void SetCounters(benchmark::State& state, const File& file) {
  const auto size = static_cast<double>(state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.counters["file"] = static_cast<double>(file.bytes().size()) / size;
}

void Compress(benchmark::State& state, Compression wish, Make make) {
  const Doubles& payload = Payload(make, state.range(0));
  File file(payload.size() * sizeof(double));
  for (auto _ : state) Write(wish, payload, file);
  SetCounters(state, file);
}

void Decompress(benchmark::State& state, Compression wish, Make make) {
  const Doubles& payload = Payload(make, state.range(0));
  File file(payload.size() * sizeof(double));
  const BlobCodec codec = Write(wish, payload, file);
  for (auto _ : state) {
    const absl::StatusOr<Blob> blob =
        ireneo::Decompress(codec, file.bytes(), payload.size() * 8);
    if (!blob.ok()) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(blob);
  }
  SetCounters(state, file);
}

constexpr std::int64_t kSize = std::int64_t{64} << 20;

void RegisterKind(const std::string& kind, Make make,
                  const std::vector<std::int64_t>& sizes) {
  const std::pair<std::string, Compression> wishes[] = {
      {"", Compression::kSmall},
      {"/raw", Compression::kNone},
      {"/gzip-2", Compression::Zlib(2)},
      {"/zstd-1", Compression::Zstd(1)},
      {"/blosc-lz4", Compression::Blosc(Compression::Inner::kLz4)},
      {"/blosc-zstd", Compression::Blosc(Compression::Inner::kZstd, 1)}};
  for (const std::int64_t size : sizes) {
    for (const auto& [peer, wish] : wishes) {
      for (const bool writing : {true, false}) {
        benchmark::RegisterBenchmark(
            ((writing ? "Compress" : "Decompress") + kind + peer).c_str(),
            [writing, wish = wish, make](benchmark::State& state) {
              (writing ? Compress : Decompress)(state, wish, make);
            })
            ->Arg(size)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::kSize;
  ireneo::RegisterKind("Field", &ireneo::Field, {kSize});
  ireneo::RegisterKind("Sparse", &ireneo::Sparse, {kSize});
  ireneo::RegisterKind("Noise", &ireneo::Noise, {kSize, 1 << 20, 16 << 10});
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
