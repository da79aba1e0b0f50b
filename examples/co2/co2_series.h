// The monthly CO2 series of Mauna Loa, parsed and embedded.
//
// `ParseCo2Csv` turns the file co2-concentration.csv (README.md tells where it
// comes from) into two Eigen vectors; `EmbeddedCo2Csv` is that file as a part
// of the program, so that the example runs from any directory.
//
// Not promised: this is no general CSV reader. It knows one header, no quotes
// and no other column order. Months that were not measured are absent from the
// series, neither interpolated nor marked.

#ifndef IRENEO_EXAMPLES_CO2_CO2_SERIES_H_
#define IRENEO_EXAMPLES_CO2_CO2_SERIES_H_

#include <string_view>

#include "Eigen/Core"
#include "absl/status/statusor.h"

namespace co2 {

// `years`: n decimal years, strictly ascending, each the middle of its month
// (January 2000 is 2000 + 0.5 / 12).
// `ppm`: n monthly means, micromole CO2 per mole of dry air, as measured (not
// seasonally adjusted).
struct Co2Series {
  Eigen::VectorXd years;
  Eigen::VectorXd ppm;
};

// The series that `csv` holds: the line "Date,CO2,adjusted CO2", then one line
// a month, "2000-01-01,369.45,369.30". The day and the last column are not
// read. At least one month.
//
// InvalidArgument, naming the line by its number from 1: another header, a line
// without three columns, a date or value that is not one, a value that is blank
// or not above zero, a month not after that of the line before, or no months.
absl::StatusOr<Co2Series> ParseCo2Csv(std::string_view csv);

// The bytes of co2-concentration.csv; lives as long as the program.
std::string_view EmbeddedCo2Csv();

}  // namespace co2

#endif  // IRENEO_EXAMPLES_CO2_CO2_SERIES_H_
