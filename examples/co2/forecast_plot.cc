#include "ireneo/examples/co2/forecast_plot.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "Eigen/Core"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace co2 {
namespace {

// All lengths are SVG user units, which browsers show as pixels; y grows
// downwards.
constexpr int kWidth = 960;
constexpr int kHeight = 560;
constexpr int kLeft = 80;
constexpr int kRight = kWidth - 30;
constexpr int kTop = 64;
constexpr int kBottom = kHeight - 82;

constexpr char kInk[] = "#22272e";
constexpr char kMuted[] = "#6b7280";
constexpr char kGrid[] = "#e5e7eb";
constexpr char kDataColour[] = "#1f5fa8";
constexpr char kForecastColour[] = "#c2410c";

// One axis: the interval of data it shows, both ends multiples of `step`, and
// where the ends lie in the drawing.
struct Axis {
  double low;
  double high;
  double step;
  double pixel_low;
  double pixel_high;

  double At(double value) const {
    return pixel_low + (value - low) / (high - low) * (pixel_high - pixel_low);
  }
  int Ticks() const {
    return 1 + static_cast<int>(std::lround((high - low) / step));
  }
  double Tick(int i) const { return low + i * step; }
};

// The axis from `low` to `high`, widened to multiples of a step of 1, 2 or 5
// times a power of ten, such that there are some five to ten steps.
Axis MakeAxis(double low, double high, double pixel_low, double pixel_high) {
  const double span = std::max(high - low, 1.0);
  double step = 1.0;
  while (step * 10.0 < span) step *= 10.0;
  if (span / step <= 2.0) {
    step /= 5.0;
  } else if (span / step <= 5.0) {
    step /= 2.0;
  }
  const double first = std::floor(low / step) * step;
  const double last = std::max(std::ceil(high / step) * step, first + step);
  return {first, last, step, pixel_low, pixel_high};
}

// The points (x[i], y[i]) as SVG writes them: "12.34,56.78 …".
std::string Points(const Eigen::VectorXd& x, const Eigen::VectorXd& y,
                   const Axis& x_axis, const Axis& y_axis) {
  std::string points;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    absl::StrAppendFormat(&points, "%s%.2f,%.2f", i == 0 ? "" : " ",
                          x_axis.At(x(i)), y_axis.At(y(i)));
  }
  return points;
}

// Grid lines, tick labels, and the names of the axes with their units.
std::string Axes(const Axis& x_axis, const Axis& y_axis) {
  std::string svg;
  for (int i = 0; i < y_axis.Ticks(); ++i) {
    const double y = y_axis.At(y_axis.Tick(i));
    absl::StrAppendFormat(
        &svg,
        "<line x1=\"%d\" y1=\"%.2f\" x2=\"%d\" y2=\"%.2f\" stroke=\"%s\"/>\n"
        "<text x=\"%d\" y=\"%.2f\" text-anchor=\"end\">%g</text>\n",
        kLeft, y, kRight, y, kGrid, kLeft - 10, y + 4.5, y_axis.Tick(i));
  }
  for (int i = 0; i < x_axis.Ticks(); ++i) {
    const double x = x_axis.At(x_axis.Tick(i));
    absl::StrAppendFormat(
        &svg,
        "<line x1=\"%.2f\" y1=\"%d\" x2=\"%.2f\" y2=\"%d\" stroke=\"%s\"/>\n"
        "<text x=\"%.2f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
        x, kBottom, x, kBottom + 6, kInk, x, kBottom + 22, x_axis.Tick(i));
  }
  absl::StrAppendFormat(
      &svg, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n",
      kLeft, kBottom, kRight, kBottom, kInk);
  absl::StrAppendFormat(
      &svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">year</text>\n",
      (kLeft + kRight) / 2, kBottom + 44);
  absl::StrAppendFormat(
      &svg,
      "<text transform=\"translate(24 %d) rotate(-90)\" "
      "text-anchor=\"middle\">CO2 at Mauna Loa / ppm</text>\n",
      (kTop + kBottom) / 2);
  return svg;
}

// What the colours mean, at the top left, which a rising series leaves free. On
// white, so that no grid line runs through the words.
std::string Legend() {
  const int x = kLeft + 20;
  const int y = kTop + 24;
  std::string svg;
  const auto label = [&svg](int row, const char* text) {
    absl::StrAppendFormat(&svg, "<text x=\"%d\" y=\"%d\">%s</text>\n", x + 38,
                          y + 22 * row + 5, text);
  };
  absl::StrAppendFormat(&svg,
                        "<rect x=\"%d\" y=\"%d\" width=\"360\" height=\"74\" "
                        "fill=\"#ffffff\"/>\n",
                        kLeft, y - 15);
  absl::StrAppendFormat(
      &svg,
      "<path d=\"M%d %dh28\" stroke=\"%s\" stroke-width=\"1.5\"/>\n"
      "<circle cx=\"%d\" cy=\"%d\" r=\"2\" fill=\"%s\"/>\n",
      x, y, kDataColour, x + 14, y, kDataColour);
  label(0, "monthly means");
  absl::StrAppendFormat(
      &svg, "<path d=\"M%d %dh28\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x,
      y + 22, kForecastColour);
  label(1, "forecast, mean");
  absl::StrAppendFormat(&svg,
                        "<rect x=\"%d\" y=\"%d\" width=\"28\" height=\"12\" "
                        "fill=\"%s\" fill-opacity=\"0.22\"/>\n",
                        x, y + 38, kForecastColour);
  label(2, "forecast, two standard deviations either side");
  return svg;
}

}  // namespace

std::string ForecastSvg(const Co2Series& series, const Forecast& forecast) {
  const Eigen::VectorXd two_sigma =
      2.0 * forecast.variance.cwiseMax(0.0).cwiseSqrt();
  const Eigen::VectorXd upper = forecast.mean + two_sigma;
  const Eigen::VectorXd lower = forecast.mean - two_sigma;

  double first = series.years.minCoeff();
  double last = series.years.maxCoeff();
  double least = series.ppm.minCoeff();
  double greatest = series.ppm.maxCoeff();
  if (forecast.years.size() > 0) {
    first = std::min(first, forecast.years.minCoeff());
    last = std::max(last, forecast.years.maxCoeff());
    least = std::min(least, lower.minCoeff());
    greatest = std::max(greatest, upper.maxCoeff());
  }
  const Axis x_axis = MakeAxis(first, last, kLeft, kRight);
  const Axis y_axis = MakeAxis(least, greatest, kBottom, kTop);

  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, 'DejaVu Sans', "
      "sans-serif\" font-size=\"13\" fill=\"%s\">\n"
      "<title>CO2 at Mauna Loa, with a forecast</title>\n"
      "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n"
      "<text x=\"%d\" y=\"36\" font-size=\"19\" font-weight=\"bold\">CO2 at "
      "Mauna Loa, with a Gaussian-process forecast</text>\n",
      kWidth, kHeight, kWidth, kHeight, kInk, kWidth, kHeight, kLeft);
  absl::StrAppend(&svg, Axes(x_axis, y_axis), Legend());

  // The band runs along its upper edge and back along the lower one.
  absl::StrAppendFormat(
      &svg, "<polygon points=\"%s %s\" fill=\"%s\" fill-opacity=\"0.22\"/>\n",
      Points(forecast.years, upper, x_axis, y_axis),
      Points(forecast.years.reverse(), lower.reverse(), x_axis, y_axis),
      kForecastColour);
  absl::StrAppendFormat(&svg,
                        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" "
                        "stroke-width=\"1.2\" stroke-linejoin=\"round\"/>\n",
                        Points(forecast.years, forecast.mean, x_axis, y_axis),
                        kForecastColour);
  absl::StrAppendFormat(&svg,
                        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" "
                        "stroke-width=\"0.8\" stroke-linejoin=\"round\"/>\n",
                        Points(series.years, series.ppm, x_axis, y_axis),
                        kDataColour);
  for (Eigen::Index i = 0; i < series.years.size(); ++i) {
    absl::StrAppendFormat(
        &svg, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"1.2\" fill=\"%s\"/>\n",
        x_axis.At(series.years(i)), y_axis.At(series.ppm(i)), kDataColour);
  }
  absl::StrAppendFormat(
      &svg,
      "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"%s\">Data: Scripps CO2 "
      "Program, through vega-datasets. Kernel: Rasmussen and Williams 2006, "
      "section 5.4.3.</text>\n"
      "</svg>\n",
      kLeft, kHeight - 12, kMuted);
  return svg;
}

}  // namespace co2
