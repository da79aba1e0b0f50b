// What blobs cost next to the memory and the file system that they are made of.
//
// "First" rows are of a store that was opened anew, so that nothing has been
// verified yet; the bytes are in the page cache.

#include <fcntl.h>
#include <unistd.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "benchmarks/fixture.h"
#include "benchmarks/hand_written_caches.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/store/blob.h"
#include "ireneo/store/blob_store.h"
#include "ireneo/store/digest.h"

namespace ireneo {
namespace {

using benchmarks::Bytes;
using benchmarks::CheckOk;
using benchmarks::Die;
using benchmarks::HashOf;
using benchmarks::kKb;
using benchmarks::kMb;
using benchmarks::OpenStore;
using benchmarks::RandomMatrix;
using benchmarks::Scratch;
using benchmarks::SqliteCache;
using benchmarks::TimeIteration;
using Eigen::MatrixXd;

void SetBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void PutNew(benchmark::State& state) {
  const Scratch scratch;
  const MemoStore store = OpenStore(scratch.path());
  MatrixXd matrix = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    matrix(1, 1) += 1;
    benchmarks::TakeMemory(state.range(0));
    TimeIteration(state, [&] {
      const auto put = store.blobs().Put(Bytes(matrix));
      if (!put.ok() || !put->inserted) Die("not put");
    });
  }
  SetBytes(state);
}

void Write(benchmark::State& state) {
  const Scratch scratch;
  const MatrixXd matrix = RandomMatrix(state.range(0), 0);
  const std::string_view bytes = Bytes(matrix);
  int number = 0;
  for (auto _ : state) {
    const std::string path = scratch.path() / std::to_string(number++);
    benchmarks::TakeMemory(state.range(0));
    TimeIteration(state, [&] {
      const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0444);
      // In pieces: a write of many megabytes is several times as slow here.
      constexpr std::size_t kPiece = 256 << 10;
      for (std::size_t i = 0; i < bytes.size(); i += kPiece) {
        const std::string_view piece = bytes.substr(i, kPiece);
        if (::write(file, piece.data(), piece.size()) !=
            static_cast<ssize_t>(piece.size())) {
          Die("not written");
        }
      }
      ::close(file);
    });
  }
  SetBytes(state);
}

void SqlitePut(benchmark::State& state) {
  const Scratch scratch;
  SqliteCache cache(scratch.path() / "cache");
  MatrixXd matrix = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    matrix(1, 1) += 1;
    benchmarks::TakeMemory(state.range(0));
    TimeIteration(state, [&] {
      cache.Put(HashOf(Bytes(matrix)), matrix.data(), Bytes(matrix).size());
    });
  }
  SetBytes(state);
}

void PutPresent(benchmark::State& state) {
  const Scratch scratch;
  const MemoStore store = OpenStore(scratch.path());
  const MatrixXd matrix = RandomMatrix(state.range(0), 0);
  CheckOk(store.blobs().Put(Bytes(matrix)).status());
  benchmarks::LetFilesAge();
  CheckOk(store.blobs().Put(Bytes(matrix)).status());  // Checks it.
  for (auto _ : state) {
    TimeIteration(state, [&] {
      const auto put = store.blobs().Put(Bytes(matrix));
      if (!put.ok() || put->inserted) Die("not present");
    });
  }
  SetBytes(state);
}

void Hash(benchmark::State& state) {
  const MatrixXd matrix = RandomMatrix(state.range(0), 0);
  for (auto _ : state) {
    TimeIteration(state, [&] {
      if (HashOf(Bytes(matrix)).low64 == 0) Die("no hash");
    });
  }
  SetBytes(state);
}

// All bytes are read once, by the hash; then they are mapped.
void FirstGet(benchmark::State& state) {
  const Scratch scratch;
  Digest digest;
  {
    const MemoStore store = OpenStore(scratch.path());
    const auto put = store.blobs().Put(Bytes(RandomMatrix(state.range(0), 0)));
    CheckOk(put.status());
    digest = put->digest;
  }
  benchmarks::LetFilesAge();
  for (auto _ : state) {
    const MemoStore store = OpenStore(scratch.path());
    TimeIteration(state, [&] { CheckOk(store.blobs().Get(digest).status()); });
  }
  SetBytes(state);
}

void Get(benchmark::State& state) {
  const Scratch scratch;
  const MemoStore store = OpenStore(scratch.path());
  const auto put = store.blobs().Put(Bytes(RandomMatrix(state.range(0), 0)));
  CheckOk(put.status());
  benchmarks::LetFilesAge();
  CheckOk(store.blobs().Get(put->digest).status());
  for (auto _ : state) {
    TimeIteration(state, [&] {
      const absl::StatusOr<Blob> blob = store.blobs().Get(put->digest);
      CheckOk(blob.status());
      benchmark::DoNotOptimize(blob->bytes().back());
    });
  }
  SetBytes(state);
}

// Into memory that was touched before.
void ReadFile(benchmark::State& state) {
  const Scratch scratch;
  const std::string path = scratch.path() / "file";
  MatrixXd matrix = RandomMatrix(state.range(0), 0);
  const auto size = static_cast<std::size_t>(state.range(0));
  benchmarks::FileCache cache(scratch.path());
  cache.Put(HashOf(1), matrix.data(), size);
  for (auto _ : state) {
    TimeIteration(state, [&] {
      if (!cache.Get(HashOf(1), matrix.data(), size)) Die("not read");
    });
  }
  SetBytes(state);
}

void SqliteGet(benchmark::State& state) {
  const Scratch scratch;
  SqliteCache cache(scratch.path() / "cache");
  MatrixXd matrix = RandomMatrix(state.range(0), 0);
  const auto size = static_cast<std::size_t>(state.range(0));
  cache.Put(HashOf(1), matrix.data(), size);
  for (auto _ : state) {
    TimeIteration(state, [&] {
      if (!cache.Get(HashOf(1), matrix.data(), size)) Die("not read");
    });
  }
  SetBytes(state);
}

void RegisterAll(std::int64_t bytes, int puts, int gets) {
  const auto add = [&](const char* name, void (*function)(benchmark::State&),
                       int iterations) {
    benchmarks::Register(name, function)->Arg(bytes)->Iterations(iterations);
  };
  const bool for_sqlite = bytes <= 64 * kMb;
  add("PutNew", &PutNew, puts);
  add("PutNew/write", &Write, puts);
  if (for_sqlite) add("PutNew/SQLite", &SqlitePut, puts);
  add("PutPresent", &PutPresent, gets);
  add("PutPresent/XXH3", &Hash, gets);
  add("FirstGet", &FirstGet, std::min(gets, 50));
  add("FirstGet/XXH3", &Hash, std::min(gets, 50));
  add("Get", &Get, 1000);
  add("Get/read", &ReadFile, gets);
  if (for_sqlite) add("Get/SQLite", &SqliteGet, gets);
}

}  // namespace
}  // namespace ireneo

int main(int argc, char** argv) {
  using ireneo::kKb;
  using ireneo::kMb;
  ireneo::RegisterAll(8 * kKb, 300, 2000);
  ireneo::RegisterAll(kMb, 50, 300);
  ireneo::RegisterAll(64 * kMb, 3, 7);
  ireneo::RegisterAll(512 * kMb, 1, 3);
  return ireneo::benchmarks::RunRegistered(argc, argv);
}
