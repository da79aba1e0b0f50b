#ifndef IRENEO_TESTS_FUZZ_TYPES_H_
#define IRENEO_TESTS_FUZZ_TYPES_H_

// The types whose readers are fuzzed. The first byte of an input chooses one;
// so add types at the end, each on a line of its own, or the corpora of all
// behind it are those of another type. Then add a value or two to
// make_corpus.cc.

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <Eigen/SparseCore>
#include <array>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "ireneo/serializers/abseil.h"
#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/eigen_diagonal.h"
#include "ireneo/serializers/eigen_geometry.h"
#include "ireneo/serializers/eigen_scalars.h"
#include "ireneo/serializers/eigen_sparse.h"
#include "ireneo/serializers/eigen_tensor.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/raw_bytes.h"
#include "ireneo/serializers/registry.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/tests/fuzz/check.h"
#include "unsupported/Eigen/CXX11/Tensor"

namespace ireneo::fuzz {

// A struct of the usual members.
struct Record {
  std::int32_t id = 0;
  std::string name = {};
  std::vector<double> values = {};
  std::optional<bool> flag = {};

  static constexpr std::string_view kIreneoType = "fuzz.Record/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.id, self.name, self.values, self.flag);
  };
};

// One that contains itself.
struct Tree {
  std::int16_t value = 0;
  std::vector<Tree> children = {};

  static constexpr std::string_view kIreneoType = "fuzz.Tree/1";
  static constexpr auto IreneoFields = [](auto& self, auto&& visit) {
    visit(self.value, self.children);
  };
};

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};

enum class Switch : bool { kOff, kOn };

template <typename... T>
struct TypeList {};

// clang-format off

// Each value has one spelling.
using BinaryTypes = TypeList<
    bool,
    std::int32_t,
    std::complex<double>,
    std::string,
    std::vector<double>,
    std::vector<char>,
    std::vector<bool>,
    std::vector<std::string>,
    std::vector<std::vector<std::int16_t>>,
    std::tuple<bool, std::vector<double>, std::string>,
    std::pair<std::string, std::int64_t>,
    std::optional<std::vector<std::string>>,
    Record,
    std::vector<Record>,
    Tree,
    std::vector<Rgb>,
    std::array<std::string, 2>,
    std::list<std::array<float, 3>>,
    std::set<std::string>,
    std::multimap<std::int8_t, bool>,
    std::map<std::string, std::vector<double>>,
    std::unordered_map<std::string, std::int16_t>,
    std::unordered_multiset<std::int16_t>,
    std::variant<std::monostate, std::int32_t, std::string, Tree>,
    std::unique_ptr<std::string>,
    std::vector<Switch>,
    std::tuple<std::chrono::milliseconds, std::filesystem::path>,
    std::vector<absl::Duration>,
    Eigen::SparseMatrix<double>,
    Eigen::SparseMatrix<float, Eigen::RowMajor, std::int64_t>,
    Eigen::SparseVector<std::complex<double>>,
    std::vector<Eigen::Quaterniond>
>;

// Files that something else wrote are read too.
using NpyTypes = TypeList<
    Eigen::MatrixXd,
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
    Eigen::VectorXi,
    Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>,
    Eigen::MatrixXcd,
    Eigen::RowVectorXd,
    Eigen::Matrix<std::int16_t, 2, 3>,
    Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::ColMajor, 4, 1>,
    Eigen::ArrayXXd,
    Eigen::Tensor<double, 3>,
    Eigen::TensorFixedSize<float, Eigen::Sizes<2, 3>, Eigen::RowMajor>,
    Eigen::Matrix<Eigen::bfloat16, Eigen::Dynamic, Eigen::Dynamic>,
    Eigen::Matrix<Eigen::half, Eigen::Dynamic, 1>,
    Eigen::DiagonalMatrix<double, Eigen::Dynamic>,
    Eigen::Affine3d
>;

// clang-format on

// Where `T` is in the list.
template <typename T, typename... U>
constexpr std::size_t IndexIn(TypeList<U...>) {
  std::size_t index = 0;
  const bool found = (... || (std::is_same_v<T, U> || (++index, false)));
  return found ? index : throw "not in the list";
}

}  // namespace ireneo::fuzz

template <>
struct ireneo::RawBytes<ireneo::fuzz::Rgb> : ireneo::Raw<"fuzz.Rgb/1"> {};

namespace ireneo::fuzz {

// Knows all of the types.
inline const Registry& TypesRegistry() {
  static const Registry& registry = *[] {
    auto* made = new Registry(BuiltinRegistry());
    Check(made->Add<Rgb>().ok(), "the codecs have different names");
    return made;
  }();
  return registry;
}

// Reads all but the first byte of `input` as the type that this byte chooses.
template <typename... T>
void CheckReadingOneOf(TypeList<T...>, std::string_view input,
                       Spellings spellings) {
  if (input.empty()) return;
  constexpr void (*kChecks[])(std::string_view, Spellings,
                              const Registry&) = {&CheckReading<T>...};
  const auto choice = static_cast<unsigned char>(input[0]);
  kChecks[choice % sizeof...(T)](input.substr(1), spellings, TypesRegistry());
}

}  // namespace ireneo::fuzz

#endif  // IRENEO_TESTS_FUZZ_TYPES_H_
