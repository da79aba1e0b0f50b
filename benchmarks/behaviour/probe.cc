// What scenarios.py runs in a process of its own, with Ireneo.
//
//   probe COMMAND STORE [ARGUMENT...]
//
// The twin of peers.py, with the same commands and output: a line `computed`
// whenever a function has computed, `returned` when a call of Matrix has
// returned, and for each call a JSON object. Also a line `fault` whenever the
// observer is told of one.

#include <Eigen/Core>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ireneo/memo/bind.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/memoize.h"
#include "ireneo/memo/observer.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/standard.h"

namespace ireneo::behaviour {
namespace {

using Eigen::MatrixXd;
using RowMajorXd =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixXl = Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic>;

constexpr int kColumns = 1024;

// In one piece: other threads have lines as well.
void Say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void Tell(bool right, const char* case_name = "") {
  Say(absl::StrCat("{\"right\": ", right ? "true" : "false", ", \"case\": \"",
                   case_name, "\"}"));
}

MemoStore Open(const std::string& directory) {
  absl::StatusOr<MemoStore> store =
      MemoStore::Open(directory, {.observer = [](const CallEvent& event) {
                        if (!event.fault.ok()) Say("fault");
                      }});
  if (!store.ok()) {
    Say("{\"error\": \"cannot open the store\"}");
    std::exit(0);
  }
  return *std::move(store);
}

// ------------------------------------------------- the functions remembered

// A number that looks random.
double Element(int n, Eigen::Index i) {
  const std::uint64_t random =
      static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15 >> 12;
  return static_cast<double>(random) + n;
}

MatrixXd MakeMatrix(int n, int rows) {
  MatrixXd value(rows, kColumns);
  double* const data = value.data();  // Fast without optimisation, too.
  for (Eigen::Index i = 0, size = value.size(); i < size; ++i) {
    data[i] = Element(n, i);
  }
  return value;
}

MatrixXd Matrix(int n, int rows) {
  MatrixXd value = MakeMatrix(n, rows);
  Say("computed");
  return value;
}

MatrixXd Constant(int n) {
  static_cast<void>(n);
  Say("computed");
  return MakeMatrix(0, 1024);
}

int Slow(int n) {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Say("computed");
  return n + 1;
}

int Add(int k, int x) {
  Say("computed");
  return x + k;
}

// Different for all that a function can tell apart.
template <typename T>
std::string Describe(const T& x) {
  Say("computed");
  if constexpr (std::is_arithmetic_v<T>) {
    return absl::StrCat(typeid(T).name(), " ",
                        std::signbit(static_cast<double>(x)));
  } else {
    return absl::StrCat(typeid(typename T::Scalar).name(), " ", x.rows(), " ",
                        x(0, 1));
  }
}

double Corner(const Eigen::Ref<const MatrixXd>& x) {
  Say("computed");
  return x(0, 0);
}

using Dictionary = std::unordered_map<std::string, int>;

int Total(const Dictionary& x) {
  Say("computed");
  int total = 0;
  for (const auto& [_, value] : x) total += value;
  return total;
}

// ------------------------------------------------------------- the commands

bool IsMatrix(const MatrixXd& value, int n, int rows) {
  if (value.rows() != rows || value.cols() != kColumns) return false;
  const double* const data = value.data();
  for (Eigen::Index i = 0, size = value.size(); i < size; ++i) {
    if (data[i] != Element(n, i)) return false;
  }
  return true;
}

void RunMatrix(const MemoStore& store, int n, int rows) {
  const auto matrix =
      Memoize(store, {.name = "behaviour.Matrix", .version = "1"}, Matrix);
  const MatrixXd value = matrix(n, rows);
  Say("returned");
  Tell(IsMatrix(value, n, rows));
}

void RunConcurrent(const MemoStore& store, int threads) {
  const auto slow =
      Memoize(store, {.name = "behaviour.Slow", .version = "1"}, Slow);
  Say("ready");
  std::getchar();
  std::barrier barrier(threads);
  std::vector<std::jthread> pool;
  for (int i = 0; i < threads; ++i) {
    pool.emplace_back([&] {
      barrier.arrive_and_wait();
      Tell(slow(1) == 2);
    });
  }
}

void RunConstant(const MemoStore& store, int count) {
  const auto constant =
      Memoize(store, {.name = "behaviour.Constant", .version = "1"}, Constant);
  for (int n = 0; n < count; ++n) Tell(IsMatrix(constant(n), 0, 1024));
}

void RunBound(const MemoStore& store) {
  for (const int k : {1, 2}) {
    const auto add =
        Memoize(store, {.name = "behaviour.Add", .version = "1"}, Bind(Add, k));
    Tell(add(10) == 10 + k);
  }
}

// Two calls whose arguments a function can tell apart. Those of different types
// are of functions with one name.
template <typename First, typename Second>
void TellApart(const std::string& directory, const char* case_name,
               const First& first, const Second& second) {
  const MemoStore store = Open(absl::StrCat(directory, "/", case_name));
  const MemoizeOptions options = {.name = "behaviour.Describe", .version = "1"};
  const std::string before = Memoize(store, options, Describe<First>)(first);
  Tell(before != Memoize(store, options, Describe<Second>)(second), case_name);
}

void RunUnlike(const std::string& directory) {
  MatrixXd a(4, 4);
  for (int i = 0; i < 16; ++i) a(i / 4, i % 4) = i;
  MatrixXl integers(4, 4);
  std::memcpy(integers.data(), a.data(), 16 * sizeof(double));
  TellApart(directory, "a transposed array", a, MatrixXd(a.transpose()));
  TellApart(directory, "its bytes in the other order", a,
            RowMajorXd(Eigen::Map<const RowMajorXd>(a.data(), 4, 4)));
  TellApart(directory, "its bytes as int64", a, integers);
  TellApart(directory, "its bytes in another shape", a,
            MatrixXd(Eigen::Map<const MatrixXd>(a.data(), 2, 8)));
  TellApart(directory, "0.0 and -0.0", 0.0, -0.0);
  TellApart(directory, "1 and 1.0", 1, 1.0);
  TellApart(directory, "1 and True", 1, true);
}

// Two calls with equal arguments.
template <typename F, typename T, typename U>
void TellEqual(const std::string& directory, const char* case_name, F function,
               const T& first, const U& second) {
  const MemoStore store = Open(absl::StrCat(directory, "/", case_name));
  const auto remembered =
      Memoize(store, {.name = "behaviour.Equal", .version = "1"}, function);
  const auto before = remembered(first);
  Tell(true);
  Tell(before == remembered(second), case_name);
}

void RunEqual(const std::string& directory) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  TellEqual(directory, "NaN", Describe<double>, kNan, kNan);
  Dictionary other_order(100);
  other_order["b"] = 2;
  other_order["a"] = 1;
  TellEqual(directory, "a dictionary in another order", Total,
            Dictionary{{"a", 1}, {"b", 2}}, other_order);
  const MatrixXd a = MatrixXd::Constant(8, 4, 3);
  const MatrixXd copy = a.topRows(4);
  TellEqual(directory, "a slice of an array and its copy", Corner, a.topRows(4),
            copy);
}

void RunMutated(const MemoStore& store) {
  const auto matrix =
      Memoize(store, {.name = "behaviour.Matrix", .version = "1"}, Matrix);
  Tell(IsMatrix(matrix(1, 128), 1, 128));
  MatrixXd value = matrix(1, 128);
  value(0, 0) = -1;
  Tell(IsMatrix(matrix(1, 128), 1, 128));
}

int Main(const std::vector<std::string>& words) {
  if (words.size() < 2) return 2;
  const std::string& command = words[0];
  const std::string& directory = words[1];
  const auto number = [&](std::size_t i) { return std::stoi(words.at(i)); };
  if (command == "matrix") {
    RunMatrix(Open(directory), number(2), number(3));
  } else if (command == "concurrent") {
    RunConcurrent(Open(directory), number(2));
  } else if (command == "constant") {
    RunConstant(Open(directory), number(2));
  } else if (command == "bound") {
    RunBound(Open(directory));
  } else if (command == "unlike") {
    RunUnlike(directory);
  } else if (command == "equal") {
    RunEqual(directory);
  } else if (command == "mutated") {
    RunMutated(Open(directory));
  } else {
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace ireneo::behaviour

int main(int argc, char** argv) {
  return ireneo::behaviour::Main({argv + 1, argv + argc});
}
