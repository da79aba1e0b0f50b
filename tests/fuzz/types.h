#ifndef IRENEO_TESTS_FUZZ_TYPES_H_
#define IRENEO_TESTS_FUZZ_TYPES_H_

// The types whose readers are fuzzed. The first byte of an input chooses one;
// so add types at the end, each on a line of its own, or the corpora of all
// behind it are those of another type. Then add a value or two to
// make_corpus.cc.

#include <Eigen/Core>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ireneo/serializers/eigen_dense.h"
#include "ireneo/serializers/fields.h"
#include "ireneo/serializers/standard.h"
#include "ireneo/tests/fuzz/check.h"

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
    std::vector<Record>
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
    Eigen::ArrayXXd
>;

// clang-format on

// Where `T` is in the list.
template <typename T, typename... U>
constexpr std::size_t IndexIn(TypeList<U...>) {
  std::size_t index = 0;
  const bool found = (... || (std::is_same_v<T, U> || (++index, false)));
  return found ? index : throw "not in the list";
}

// Reads all but the first byte of `input` as the type that this byte chooses.
template <typename... T>
void CheckReadingOneOf(TypeList<T...>, std::string_view input,
                       Spellings spellings) {
  if (input.empty()) return;
  constexpr void (*kChecks[])(std::string_view,
                              Spellings) = {&CheckReading<T>...};
  const auto choice = static_cast<unsigned char>(input[0]);
  kChecks[choice % sizeof...(T)](input.substr(1), spellings);
}

}  // namespace ireneo::fuzz

#endif  // IRENEO_TESTS_FUZZ_TYPES_H_
