// Makes the stores that the tests of the command look at.
//
//   make_store sample DIR   calls of every kind, and blobs that no call has,
//                           whose digests it prints, one a line
//   make_store tables DIR   values that are tables, or not quite
//   make_store crowd DIR    so many calls that keys and blobs share their first
//                           digits
//   make_store lineage DIR  calls inside of calls, results that are arguments,
//   a
//                           call that is forgotten
//   make_store versions DIR calls that differ in one part of their keys each
//   make_store dice DIR     calls that had different results
//   make_store unsteady DIR calls that have other results in each such store
//   make_store empty DIR
//
// The four before the last print keys.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/ireneo.h"
#include "tests/memo/open_store.h"

namespace {

struct Params {
  double tolerance = 1e-9;
  std::int32_t max_iterations = 100;

  static constexpr char kIreneoType[] = "sample.Params/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.tolerance, self.max_iterations);
  };
};

// A type that the command knows nothing of.
struct Mesh {
  std::string bytes;
};

}  // namespace

template <>
struct ireneo::Serializer<Mesh> {
  static std::string TypeName() { return "sample.Mesh/1"; }
  static void Write(const Mesh& mesh, Sink& sink) {
    sink.WriteString(mesh.bytes);
  }
  static absl::StatusOr<Mesh> Read(Source& source) {
    return Mesh{std::string(source.ReadString())};
  }
};

namespace {

using ireneo::KeepArguments;
using ireneo::Memoize;
using ireneo::MemoStore;

void CallScalars(const MemoStore& store) {
  const auto square = Memoize(
      store, {.name = "sample.Square", .version = "1", .argument_names = {"x"}},
      [](double x) { return x * x; });
  for (const double x : {1.5, 2.5, 3.5}) square(x);
  square(2.5);
  square(2.5);
  const auto power = Memoize(
      store,
      {.name = "sample.Power",
       .version = "1",
       .argument_names = {"base", "exponent"}},
      [](double base, double exponent) { return std::pow(base, exponent); });
  power(10, 2);
  power(10, 3);
  const auto slow = Memoize(
      store,
      {.name = "sample.Slow", .version = "1", .argument_names = {"seconds"}},
      [](double seconds) {
        absl::SleepFor(absl::Seconds(seconds));
        return seconds;
      });
  slow(0.02);
  const auto greet = Memoize(
      store,
      {.name = "sample.Greet", .version = "1", .argument_names = {"name"}},
      [](const std::string& name) { return "Hello, " + name; });
  greet("Gr\u00fc\u00dfe \u4e16\u754c");
  greet("\x1b[31mred\n\u202e");
}

void CallArrays(const MemoStore& store) {
  const auto mean =
      Memoize(store, {.name = "sample.Mean", .version = "1"},
              [](const std::vector<double>& values, std::int32_t skip) {
                double sum = 0;
                for (std::size_t i = skip; i < values.size(); ++i)
                  sum += values[i];
                return sum / static_cast<double>(values.size() - skip);
              });
  mean(std::vector<double>(2000, 0.25), 3);  // A file: more than 4 KiB.
  mean({1, 2, 3}, 0);
  const auto counting =
      Memoize(store,
              {.name = "sample.Counting",
               .version = "1",
               .argument_names = {"rows", "columns"}},
              [](std::int32_t rows, std::int32_t columns) {
                Eigen::MatrixXd matrix(rows, columns);
                for (Eigen::Index i = 0; i < matrix.size(); ++i) {
                  matrix(i / columns, i % columns) = static_cast<double>(i);
                }
                return matrix;
              });
  counting(3, 4);
  counting(40, 40);
  counting(400, 400);  // More than 1 MiB.
  const auto trace = Memoize(
      store,
      {.name = "sample.Trace", .version = "1", .argument_names = {"matrix"}},
      [](const Eigen::MatrixXd& matrix) { return matrix.trace(); });
  trace(Eigen::MatrixXd::Constant(2, 2,
                                  std::numeric_limits<double>::quiet_NaN()));
}

void CallEqualResults(const MemoStore& store) {
  const auto ones = [](std::int32_t n) { return std::vector<double>(n, 1.0); };
  for (const char* name : {"sample.Ones", "sample.AlsoOnes"}) {
    Memoize(store, {.name = name, .version = "1", .argument_names = {"n"}},
            ones)(1000);
  }
  // The same bytes, of two types.
  Memoize(store, {.name = "sample.Signed", .version = "1"},
          [](std::int64_t i) { return i; })(7);
  Memoize(store, {.name = "sample.Unsigned", .version = "1"},
          [](std::uint64_t i) { return i; })(7);
}

void CallStructs(const MemoStore& store) {
  Memoize(store,
          {.name = "sample.Refine",
           .version = "1",
           .argument_names = {"params"},
           .salts = {{"blas", "openblas-0.3.21"}, {"libm", "2.36"}}},
          [](const Params& params) {
            return Params{params.tolerance / 2, params.max_iterations * 2};
          })(Params{});
  for (const char* version : {"1", "2"}) {
    Memoize(store,
            {.name = "sample.Versioned",
             .version = version,
             .argument_names = {"x"}},
            [](double x) { return x; })(0.5);
  }
  Memoize(store,
          {.name = "sample.Secret",
           .version = "1",
           .argument_names = {"password", "weights"},
           .keep_arguments = KeepArguments::kNone},
          [](const std::string& password, const Eigen::VectorXd&) {
            return password.size() > 8;
          })("hunter2", Eigen::VectorXd::Ones(3));
  Memoize(store,
          {.name = "sample.Mesh", .version = "1", .argument_names = {"mesh"}},
          [](const Mesh& mesh) { return Mesh{mesh.bytes + "!"}; })(
      Mesh{"triangle"});
  Memoize(store, {.name = "sample.Evil\x1b[2J\n", .version = "\x1b[0m"},
          [](double x) { return x; })(0.125);
}

absl::Status MakeSample(const MemoStore& store) {
  CallScalars(store);
  CallArrays(store);
  CallEqualResults(store);
  CallStructs(store);
  const std::string binary("\0\1\2\xff binary", 11);
  for (const std::string_view bytes :
       {std::string_view(binary), std::string_view("plain text\n")}) {
    const absl::StatusOr<ireneo::PutResult> put = store.blobs().Put(bytes);
    if (!put.ok()) return put.status();
    std::printf("%s\n", put->digest.ToString().c_str());
  }
  return absl::OkStatus();
}

void MakeTables(const MemoStore& store) {
  using Row = std::tuple<std::string, double>;
  Memoize(store, {.name = "sample.Table", .version = "1"}, [](double x) {
    return std::vector<Row>{{"a,b", x}, {"\"c\"", x / 3}};
  })(0.5);
  Memoize(store, {.name = "sample.Points", .version = "1"}, [](double x) {
    return std::vector<std::pair<double, double>>{{x, 1}, {2, 3}};
  })(0.5);
  Memoize(store, {.name = "sample.Words", .version = "1"},
          [](std::int32_t count) {
            return std::vector<std::string>(count,
                                            "\x9b"
                                            "31m");
          })(3);
  // Much text of few bytes: a disk is full before the end.
  Memoize(
      store, {.name = "sample.Zeros", .version = "1"},
      [](std::int32_t count) { return std::vector<double>(count); })(100'000);
}

void Print(const absl::StatusOr<ireneo::Digest>& key) {
  if (key.ok()) std::printf("%s\n", key->ToString().c_str());
}

using Vector = std::vector<double>;

// Where the functions below that call others remember those.
const MemoStore* inner_store = nullptr;

Vector Scale(const Vector& v, double by) {
  Vector scaled = v;
  for (double& x : scaled) x *= by;
  return scaled;
}

auto MemoizedScale() {
  return Memoize(
      *inner_store,
      {.name = "sample.Scale", .version = "1", .argument_names = {"v", "by"}},
      Scale);
}

double Norm(const Vector& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

auto MemoizedNorm() {
  return Memoize(
      *inner_store,
      {.name = "sample.Norm", .version = "1", .argument_names = {"v"}}, Norm);
}

Vector Fit(const Vector& weights, double tolerance) {
  return MemoizedScale()(weights, tolerance / MemoizedNorm()(weights));
}

std::int64_t Fibonacci(std::int64_t n);

auto MemoizedFibonacci() {
  return Memoize(
      *inner_store,
      {.name = "sample.Fibonacci", .version = "1", .argument_names = {"n"}},
      Fibonacci);
}

std::int64_t Fibonacci(std::int64_t n) {
  return n < 2 ? n : MemoizedFibonacci()(n - 1) + MemoizedFibonacci()(n - 2);
}

auto MemoizedLoad(const MemoStore& store, const std::string& version) {
  return Memoize(
      store,
      {.name = "sample.Load", .version = version, .argument_names = {"count"}},
      [](std::int64_t count) { return Vector(count, 0.5); });
}

// Load(100) is the argument of Fit(), which calls Norm() and Scale() on it; the
// call of Norm is forgotten, and what Fit returned, which is what Scale
// returned, is the argument of Report().
void MakeLineage(const MemoStore& store) {
  inner_store = &store;
  const auto load = MemoizedLoad(store, "1");
  const auto fit = Memoize(store,
                           {.name = "sample.Fit",
                            .version = "1",
                            .argument_names = {"weights", "tolerance"}},
                           Fit);
  const auto report =
      Memoize(store,
              {.name = "sample.Report \"\\\n&amp; Gr\u00fc\u00dfe",
               .version = "1",
               .argument_names = {"the \"model\"\\", "title"}},
              [](const Vector& model, const std::string& title) {
                return title + std::to_string(model.size());
              });
  const Vector weights = load(100);
  const Vector model = fit(weights, 0.25);
  const std::string title = "\" \\ {a}|<b>\n";
  report(model, title);
  MemoizedLoad(store, "2")(100);  // The same, too late to be where it is from.
  MemoizedFibonacci()(13);        // Which is the result for 7.
  (void)MemoizedNorm().Forget(weights);
  Print(load.KeyOf(100));
  Print(fit.KeyOf(weights, 0.25));
  Print(MemoizedScale().KeyOf(weights, 0.25 / Norm(weights)));
  Print(MemoizedNorm().KeyOf(weights));
  Print(report.KeyOf(model, title));
}

// Of one function, calls that differ from the first in one part each; then one
// call of another.
void MakeVersions(const MemoStore& store) {
  const ireneo::MemoizeOptions options = {
      .name = "sample.Solve",
      .version = "src:ab12cd34ef56ab12cd34ef56ab12cd34",
      .callees = {"1"},
      .argument_names = {"a", "tolerance", "mesh"},
      .salts = {{"blas", "openblas-0.3.21"}}};
  const auto solve = [](const Vector& a, double tolerance, const Mesh& mesh) {
    return tolerance + static_cast<double>(a.size() + mesh.bytes.size());
  };
  const Vector a(40, 1.0);
  const Mesh mesh{"triangle"};
  const auto call = [&](const auto& function, const Vector& a, double tolerance,
                        const Mesh& mesh) {
    function(a, tolerance, mesh);
    Print(function.KeyOf(a, tolerance, mesh));
  };
  const auto first = Memoize(store, options, solve);
  call(first, a, 1e-6, mesh);
  call(first, a, 1e-8, mesh);
  call(first, a, 1e-6, Mesh{"square"});
  call(first, Vector(40, 2.0), 1e-6, mesh);
  call(first.Seeded(18446744073709551615u), a, 1e-6, mesh);
  ireneo::MemoizeOptions other = options;
  other.version = "src:cd34ef56ab12cd34ef56ab12cd34ef56";
  call(Memoize(store, other, solve), a, 1e-6, mesh);
  other = options;
  other.callees = {"2", "3"};
  call(Memoize(store, other, solve), a, 1e-6, mesh);
  other = options;
  other.salts = {{"libm", "\x1b[31m2.36"}};
  call(Memoize(store, other, solve), a, 1e-6, mesh);
  other = options;
  other.environment = ireneo::EnvironmentScope::kSameIsa;
  call(
      Memoize(store, other, solve,
              ireneo::internal::Compilation{.compiler = "g++", .simd = "avx2"}),
      a, 1e-6, mesh);
  other = options;
  other.keep_arguments = KeepArguments::kNone;
  call(Memoize(store, other, solve), a, 1e-7, mesh);
  const auto alone =
      Memoize(store, {.name = "sample.Alone", .version = "1"},
              [](const std::string& text) { return text.size(); });
  alone("x");
  Print(alone.KeyOf("x"));
}

int rolls = 0;

// Calls whose results alternate. Of the dice the first was kept, of the coin
// the last.
void MakeDice(const MemoStore& store) {
  const auto roll =
      Memoize(store,
              {.name = "sample.Dice",
               .version = "1",
               .argument_names = {"count"},
               .audit_rate = 1},
              [](std::int64_t count) { return Vector(count, rolls++ % 2); });
  for (const std::int64_t count : {3, 1000}) {
    for (int i = 0; i < 4; ++i) roll(count);  // 0, 1, 0, 1
    Print(roll.KeyOf(count));
  }
  const auto coin = Memoize(store, {.name = "sample.Coin", .version = "1"},
                            [](bool heads) { return heads == (rolls++ % 2); });
  for (int i = 0; i < 3; ++i) coin.Recompute(true);  // false, true, false
  Print(coin.KeyOf(true));
  Memoize(store, {.name = "sample.Slow", .version = "1"}, [](double seconds) {
    absl::SleepFor(absl::Seconds(seconds));
    return seconds;
  })(0.2);
}

void MakeUnsteady(const MemoStore& store) {
  const auto now = Memoize(
      store,
      {.name = "sample.Now", .version = "1", .argument_names = {"count"}},
      [](std::int64_t count) {
        return Vector(count, static_cast<double>(absl::GetCurrentTimeNanos()));
      });
  for (const std::int64_t count : {3, 1000}) {
    now(count);
    Print(now.KeyOf(count));
  }
}

absl::Status Make(std::string_view kind, const char* directory) {
  const absl::StatusOr<MemoStore> store = ireneo::testing::OpenStore(directory);
  if (!store.ok()) return store.status();
  if (kind == "sample") return MakeSample(*store);
  if (kind == "tables") MakeTables(*store);
  if (kind == "lineage") MakeLineage(*store);
  if (kind == "versions") MakeVersions(*store);
  if (kind == "dice") MakeDice(*store);
  if (kind == "unsteady") MakeUnsteady(*store);
  if (kind == "crowd") {
    const auto identity = Memoize(
        *store,
        {.name = "sample.Identity", .version = "1", .argument_names = {"i"}},
        [](std::int64_t i) { return i; });
    for (std::int64_t i = 0; i < 1000; ++i) identity(i);
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status status = Make(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
