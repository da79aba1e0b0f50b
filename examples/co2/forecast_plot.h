// A plot of the CO2 series and its forecast, as one standalone SVG document.
//
// For looking at the result of the example in a browser: the monthly data, the
// mean of the forecast and a band of two standard deviations around it. The
// same input gives the same bytes, whatever the locale.
//
// Not promised: this is no plotting library. There is one size and one layout,
// and the drawing may change from one version to the next.

#ifndef IRENEO_EXAMPLES_CO2_FORECAST_PLOT_H_
#define IRENEO_EXAMPLES_CO2_FORECAST_PLOT_H_

#include <string>

#include "ireneo/examples/co2/co2_series.h"
#include "ireneo/examples/co2/gaussian_process.h"

namespace co2 {

// The SVG document: x is decimal years, y is ppm, both with ticks and units.
// Preconditions: `series` has a month or more, the vectors of `forecast` are of
// one length (zero leaves the forecast out), and all numbers are finite.
std::string ForecastSvg(const Co2Series& series, const Forecast& forecast);

}  // namespace co2

#endif  // IRENEO_EXAMPLES_CO2_FORECAST_PLOT_H_
