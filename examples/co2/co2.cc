// co2: sweeps three hyperparameters of a Gaussian process over the CO2 series
// of Mauna Loa, forecasts twenty years with the best of them, and draws it.
//
// Every evaluation of the likelihood is a memoized call, so a second run, a
// larger grid or a run after Ctrl-C computes only what no run has computed yet.
// README.md tells how to use it.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include "Eigen/Core"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ireneo/examples/co2/co2_series.h"
#include "ireneo/examples/co2/forecast_plot.h"
#include "ireneo/examples/co2/gaussian_process.h"
#include "ireneo/ireneo.h"

namespace co2 {
namespace {

constexpr int kForecastMonths = 20 * 12;

// The ratio of neighbours on an axis of the grid.
constexpr double kAxisRatio = 1.15;

// ANSI: back to the start of the line, which is cleared.
constexpr char kClearLine[] = "\r\x1b[K";

struct Options {
  std::string store = ".ireneo";
  bool no_store = false;
  int grid = 4;  // points per axis
  std::string output = "co2_forecast.svg";
};

// A swept hyperparameter: what it is called, and in which unit.
struct SweptParam {
  double KernelParams::*member;
  const char* name;
  const char* unit;
};

constexpr std::array<SweptParam, 3> kSwept = {{
    {&KernelParams::trend_length, "trend length", "years"},
    {&KernelParams::period_decay, "decay length of the period", "years"},
    {&KernelParams::period_smoothness, "smoothness of the period", "(no unit)"},
}};

using LikelihoodFunction = std::function<double(
    const Eigen::VectorXd&, const Eigen::VectorXd&, const KernelParams&)>;
using PredictFunction =
    std::function<Forecast(const Eigen::VectorXd&, const Eigen::VectorXd&,
                           const KernelParams&, const Eigen::VectorXd&)>;

// What the store's observer saw. For one calling thread: this program has one.
class Tally {
 public:
  void Record(const ireneo::CallEvent& event) {
    if (event.hit) {
      ++remembered_;
      saved_ += event.compute - event.elapsed;
    }
    if (event.fault.ok()) return;
    if (++faults_ == 1) {
      absl::FPrintF(
          stderr, "%sco2: the store failed, results are computed: %s\n",
          isatty(STDERR_FILENO) ? kClearLine : "", event.fault.ToString());
    }
  }

  int remembered() const { return remembered_; }
  absl::Duration saved() const { return saved_; }
  int faults() const { return faults_; }

 private:
  int remembered_ = 0;
  absl::Duration saved_;  // by remembering instead of computing
  int faults_ = 0;
};

// One line on a terminal, rewritten at most ten times a second; nothing where
// stderr is no terminal. The line is gone when this is destroyed.
class Progress {
 public:
  Progress(int total, const Tally& tally)
      : total_(total), tally_(tally), terminal_(isatty(STDERR_FILENO)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (terminal_) std::fputs(kClearLine, stderr);
  }

  void Show(int done) {
    const absl::Time now = absl::Now();
    if (!terminal_ || now - shown_ < absl::Milliseconds(100)) return;
    shown_ = now;
    const absl::Duration left = (now - start_) / done * (total_ - done);
    absl::FPrintF(stderr, "%s%d/%d: %d computed, %d remembered, %s left",
                  kClearLine, done, total_, done - tally_.remembered(),
                  tally_.remembered(),
                  absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))));
  }

 private:
  const int total_;
  const Tally& tally_;
  const bool terminal_;
  const absl::Time start_ = absl::Now();
  absl::Time shown_ = absl::InfinitePast();
};

struct Optimum {
  KernelParams params;
  double log_likelihood = -std::numeric_limits<double>::infinity();
};

// Point i of an axis: `centre` times kAxisRatio to the power 0, 1, -1, 2, -2,
// ... for i = 0, 1, 2, 3, 4, ... It does not depend on how many points there
// are. Multiplied out, not std::pow, whose last bit differs between machines:
// it would change the keys of the calls.
double AxisPoint(double centre, int i) {
  double value = centre;
  for (int step = 0; step < (i + 1) / 2; ++step) {
    value = i % 2 == 1 ? value * kAxisRatio : value / kAxisRatio;
  }
  return value;
}

// The first point of the grid with the greatest likelihood; likelihoods that
// are NaN or -infinity never win. The optimum keeps -infinity if none wins.
Optimum Sweep(const Co2Series& series, int points_per_axis,
              const LikelihoodFunction& likelihood, const Tally& tally) {
  const int n = points_per_axis;
  const int total = n * n * n;
  Progress progress(total, tally);
  Optimum best;
  for (int point = 0; point < total; ++point) {
    const std::array<int, 3> at = {point / n / n, point / n % n, point % n};
    KernelParams params;
    for (std::size_t axis = 0; axis < kSwept.size(); ++axis) {
      double& value = params.*kSwept[axis].member;
      value = AxisPoint(value, at[axis]);
    }
    const double value = likelihood(series.years, series.ppm, params);
    if (value > best.log_likelihood) best = {params, value};
    progress.Show(point + 1);
  }
  return best;
}

// The months after the last one of `years`, as decimal years.
Eigen::VectorXd MonthsAfter(const Eigen::VectorXd& years) {
  Eigen::VectorXd months(kForecastMonths);
  for (int i = 0; i < kForecastMonths; ++i) {
    months(i) = years(years.size() - 1) + (i + 1) / 12.0;
  }
  return months;
}

// "2040-04" for the middle of April 2040.
std::string MonthName(double decimal_years) {
  const int months = static_cast<int>(std::floor(decimal_years * 12.0));
  return absl::StrFormat("%04d-%02d", months / 12, months % 12 + 1);
}

std::string ShortDuration(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Microseconds(100)));
}

// Puts `bytes` at `path` in one step: whoever looks there finds the old file or
// the whole new one. Unavailable if the system refuses.
absl::Status ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  std::ofstream file(temporary, std::ios::binary);
  file << bytes;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (file && !error) return absl::OkStatus();
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path,
                   ": see that its directory exists and has room, or give "
                   "another --output"));
}

absl::Status Run(const Options& options) {
  const absl::StatusOr<Co2Series> series = ParseCo2Csv(EmbeddedCo2Csv());
  if (!series.ok()) return series.status();

  Tally tally;
  LikelihoodFunction likelihood = LogMarginalLikelihood;
  PredictFunction predict = Predict;
  if (!options.no_store) {
    const absl::StatusOr<ireneo::MemoStore> store = ireneo::MemoStore::Open(
        options.store, {.observer = [&tally](const ireneo::CallEvent& event) {
          tally.Record(event);
        }});
    if (!store.ok()) {
      return absl::Status(
          store.status().code(),
          absl::StrCat(store.status().message(), "; the store is ",
                       options.store,
                       ": give another --store, or --no-store to go without"));
    }
    likelihood = ireneo::Memoize(*store,
                                 {.name = "co2.LogMarginalLikelihood",
                                  .version = "1",
                                  .argument_names = {"years", "ppm", "kernel"}},
                                 LogMarginalLikelihood);
    predict =
        ireneo::Memoize(*store,
                        {.name = "co2.Predict",
                         .version = "1",
                         .argument_names = {"years", "ppm", "kernel", "at"}},
                        Predict);
  }

  const Eigen::Index months = series->years.size();
  absl::PrintF("series: %d months, %s to %s\n", months,
               MonthName(series->years(0)),
               MonthName(series->years(months - 1)));
  std::fflush(stdout);

  const absl::Time start = absl::Now();
  const Optimum best = Sweep(*series, options.grid, likelihood, tally);
  const absl::Duration sweep_time = absl::Now() - start;
  const int evaluations = options.grid * options.grid * options.grid;
  const int remembered = tally.remembered();
  const absl::Duration saved = tally.saved();
  if (std::isinf(best.log_likelihood)) {
    return absl::InternalError(
        "no point of the grid has a finite likelihood; please report this");
  }
  absl::PrintF("best of the grid, log likelihood %.6f:\n", best.log_likelihood);
  for (const SweptParam& swept : kSwept) {
    absl::PrintF("  %-27s %10.4f %s\n", swept.name, best.params.*swept.member,
                 swept.unit);
  }
  absl::PrintF("sweep: %d evaluations, %d computed, %d remembered, in %s\n",
               evaluations, evaluations - remembered, remembered,
               ShortDuration(sweep_time));
  absl::PrintF("time saved: %s\n", ShortDuration(saved));

  const Forecast forecast = predict(series->years, series->ppm, best.params,
                                    MonthsAfter(series->years));
  const Eigen::Index last = forecast.years.size() - 1;
  absl::PrintF("forecast for %s: %.2f ppm, two sigma %.2f ppm\n",
               MonthName(forecast.years(last)), forecast.mean(last),
               2.0 * std::sqrt(forecast.variance(last)));
  absl::Status written =
      ReplaceFile(options.output, ForecastSvg(*series, forecast));
  if (!written.ok()) return written;
  absl::PrintF("wrote %s\n", options.output);
  if (tally.faults() > 1) {
    absl::FPrintF(stderr, "co2: the store failed %d times in all\n",
                  tally.faults());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return absl::UnavailableError("cannot write to standard output");
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace co2

int main(int argc, char** argv) {
  co2::Options options;
  CLI::App app(
      "Fits a Gaussian process to the CO2 series of Mauna Loa, one remembered "
      "evaluation a grid point, and draws a forecast.",
      "co2");
  CLI::Option* const store =
      app.add_option("--store", options.store, "where results are remembered")
          ->type_name("DIR")
          ->capture_default_str();
  app.add_flag("--no-store", options.no_store, "remember nothing")
      ->excludes(store);
  app.add_option("--grid", options.grid, "points per axis, N^3 evaluations")
      ->type_name("N")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  app.add_option("--output", options.output, "the plot, an SVG")
      ->type_name("FILE")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    absl::FPrintF(stderr, "co2: %s; co2 --help lists the options\n",
                  error.what());
    return 2;
  }
  const absl::Status status = co2::Run(options);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "co2: %s\n", status.message());
  return 1;
}
