// How fast values become bytes, and bytes values again.
//
// A benchmark is named What/size and its peer What/PEER/size, which does the
// same work by other means: memcpy, or cereal's binary archive.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "Eigen/SparseCore"
#include "benchmark/benchmark.h"
#include "benchmarks/large_sparse.h"
#include "cereal/archives/binary.hpp"
#include "cereal/types/array.hpp"
#include "cereal/types/map.hpp"
#include "cereal/types/string.hpp"
#include "cereal/types/vector.hpp"
#include "ireneo/serializers/eigen_sparse.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/serializer.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/sink.h"
#include "ireneo/store/source.h"

namespace ireneo {
namespace {

using benchmarks::LargeSparse;
using benchmarks::SparseBytes;
using Sparse = Eigen::SparseMatrix<double>;

constexpr std::int64_t kMega = 1 << 20;

void SetBytes(benchmark::State& state, std::int64_t bytes) {
  state.SetBytesProcessed(state.iterations() * bytes);
}

// ---- Writing and reading ----------------------------------------------------

template <typename T>
std::string BytesAsString(const T& value) {
  std::string bytes;
  StringSink sink(bytes);
  Write(value, sink);
  sink.Flush();
  return bytes;
}

// Writes into memory that is there already.
template <typename T>
void WriteTo(benchmark::State& state, const T& value) {
  std::string bytes = BytesAsString(value);
  for (auto _ : state) {
    bytes.clear();
    StringSink sink(bytes);
    Write(value, sink);
    sink.Flush();
    benchmark::DoNotOptimize(bytes.data());
    benchmark::ClobberMemory();
  }
  SetBytes(state, static_cast<std::int64_t>(bytes.size()));
}

template <typename T>
Blob BytesOf(const T& value) {
  const std::string bytes = BytesAsString(value);
  return Blob::Copy(std::as_bytes(std::span(bytes)));
}

template <typename T>
void ReadFrom(benchmark::State& state, const Blob& blob) {
  for (auto _ : state) {
    Source source(blob);
    auto value = Read<T>(source);
    if (!value.ok()) state.SkipWithError("read failed");
    benchmark::DoNotOptimize(value);
  }
  SetBytes(state, static_cast<std::int64_t>(blob.size()));
}

void WriteVector(benchmark::State& state) {
  WriteTo(state, std::vector<double>(state.range(0) / 8, 1.5));
}

void WriteVectorPeer(benchmark::State& state) {
  const std::vector<double> value(state.range(0) / 8, 1.5);
  std::string bytes(state.range(0), '\0');
  for (auto _ : state) {
    std::memcpy(bytes.data(), value.data(), bytes.size());
    benchmark::DoNotOptimize(bytes.data());
    benchmark::ClobberMemory();
  }
  SetBytes(state, state.range(0));
}

void ReadVector(benchmark::State& state) {
  ReadFrom<std::vector<double>>(
      state, BytesOf(std::vector<double>(state.range(0) / 8, 1.5)));
}

// Allocates and frees, as reading does.
void ReadVectorPeer(benchmark::State& state) {
  const std::vector<double> value(state.range(0) / 8, 1.5);
  for (auto _ : state) {
    auto* const copy = static_cast<double*>(::operator new(state.range(0)));
    std::memcpy(copy, value.data(), state.range(0));
    benchmark::DoNotOptimize(copy);
    benchmark::ClobberMemory();
    ::operator delete(copy);
  }
  SetBytes(state, state.range(0));
}

template <typename T>
void CerealWrite(benchmark::State& state, const T& value) {
  std::size_t size = 0;
  std::ostringstream stream;
  for (auto _ : state) {
    stream.seekp(0);
    cereal::BinaryOutputArchive archive(stream);
    archive(value);
    benchmark::ClobberMemory();
  }
  size = stream.view().size();
  SetBytes(state, static_cast<std::int64_t>(size));
}

template <typename T>
void CerealRead(benchmark::State& state, const T& value) {
  std::stringstream stream;
  cereal::BinaryOutputArchive output(stream);
  output(value);
  const std::size_t size = stream.view().size();
  for (auto _ : state) {
    stream.seekg(0);
    cereal::BinaryInputArchive archive(stream);
    T read;
    archive(read);
    benchmark::DoNotOptimize(read);
  }
  SetBytes(state, static_cast<std::int64_t>(size));
}

using Series = std::map<std::string, std::vector<double>>;

Series MakeSeries() {
  Series series;
  for (int i = 0; i < 1000; ++i) {
    series["series/" + std::to_string(i)].assign(100, i);
  }
  return series;
}

struct Station {
  std::string name;
  std::array<double, 3> position = {};
  std::vector<double> readings = {};

  static constexpr char kIreneoType[] = "bench.Station/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.name, self.position, self.readings);
  };
  template <typename Archive>
  void serialize(Archive& archive) {
    archive(name, position, readings);
  }
};

struct Network {
  std::int32_t id = 0;
  std::vector<Station> stations = {};

  static constexpr char kIreneoType[] = "bench.Network/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.id, self.stations);
  };
  template <typename Archive>
  void serialize(Archive& archive) {
    archive(id, stations);
  }
};

struct Survey {
  std::string title;
  std::vector<Network> networks = {};

  static constexpr char kIreneoType[] = "bench.Survey/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.title, self.networks);
  };
  template <typename Archive>
  void serialize(Archive& archive) {
    archive(title, networks);
  }
};

Survey MakeSurvey() {
  Survey survey = {.title = "A survey of many small things"};
  for (int i = 0; i < 50; ++i) {
    Network& network = survey.networks.emplace_back(Network{.id = i});
    for (int j = 0; j < 50; ++j) {
      network.stations.push_back({.name = "station " + std::to_string(j),
                                  .position = {1.0 * i, 1.0 * j, 0},
                                  .readings = std::vector<double>(7, j)});
    }
  }
  return survey;
}

void WriteMap(benchmark::State& state) { WriteTo(state, MakeSeries()); }
void WriteMapPeer(benchmark::State& state) { CerealWrite(state, MakeSeries()); }
void ReadMap(benchmark::State& state) {
  ReadFrom<Series>(state, BytesOf(MakeSeries()));
}
void ReadMapPeer(benchmark::State& state) { CerealRead(state, MakeSeries()); }
void WriteStruct(benchmark::State& state) { WriteTo(state, MakeSurvey()); }
void WriteStructPeer(benchmark::State& state) {
  CerealWrite(state, MakeSurvey());
}
void ReadStruct(benchmark::State& state) {
  ReadFrom<Survey>(state, BytesOf(MakeSurvey()));
}
void ReadStructPeer(benchmark::State& state) {
  CerealRead(state, MakeSurvey());
}

// ---- Sparse matrices --------------------------------------------------------

void WriteSparse(benchmark::State& state) { WriteTo(state, LargeSparse()); }

void WriteSparsePeer(benchmark::State& state) {
  const Sparse& matrix = LargeSparse();
  std::string bytes(SparseBytes(), '\0');
  for (auto _ : state) {
    char* to = bytes.data();
    std::memcpy(to, matrix.outerIndexPtr(), matrix.outerSize() * 4);
    to += matrix.outerSize() * 4;
    std::memcpy(to, matrix.innerIndexPtr(), matrix.nonZeros() * 4);
    to += matrix.nonZeros() * 4;
    std::memcpy(to, matrix.valuePtr(), matrix.nonZeros() * 8);
    benchmark::ClobberMemory();
  }
  SetBytes(state, SparseBytes());
}

// Checks every index; copies nothing.
void ViewSparse(benchmark::State& state) {
  const Blob blob = BytesOf(LargeSparse());
  for (auto _ : state) {
    auto view = View<Sparse>::Of(blob);
    if (!view.ok()) state.SkipWithError("no view");
    benchmark::DoNotOptimize(view);
  }
  SetBytes(state, SparseBytes());
}

void ViewSparsePeer(benchmark::State& state) {
  ReadFrom<Sparse>(state, BytesOf(LargeSparse()));
}

BENCHMARK(WriteVector)->Arg(64 << 10)->Arg(8 * kMega);
BENCHMARK(WriteVectorPeer)
    ->Name("WriteVector/memcpy")
    ->Arg(64 << 10)
    ->Arg(8 * kMega);
BENCHMARK(ReadVector)->Arg(64 << 10)->Arg(8 * kMega);
BENCHMARK(ReadVectorPeer)
    ->Name("ReadVector/memcpy")
    ->Arg(64 << 10)
    ->Arg(8 * kMega);
BENCHMARK(WriteMap);
BENCHMARK(WriteMapPeer)->Name("WriteMap/cereal");
BENCHMARK(ReadMap);
BENCHMARK(ReadMapPeer)->Name("ReadMap/cereal");
BENCHMARK(WriteStruct);
BENCHMARK(WriteStructPeer)->Name("WriteStruct/cereal");
BENCHMARK(ReadStruct);
BENCHMARK(ReadStructPeer)->Name("ReadStruct/cereal");
BENCHMARK(WriteSparse);
BENCHMARK(WriteSparsePeer)->Name("WriteSparse/memcpy");
BENCHMARK(ViewSparse);
BENCHMARK(ViewSparsePeer)->Name("ViewSparse/Read");

}  // namespace
}  // namespace ireneo
