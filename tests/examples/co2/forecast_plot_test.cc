#include "ireneo/examples/co2/forecast_plot.h"

#include <algorithm>
#include <clocale>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "Eigen/Core"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/examples/co2/co2_series.h"
#include "ireneo/examples/co2/gaussian_process.h"

namespace co2 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Co2Series SmallSeries() {
  return {.years = Eigen::Vector4d(1999.875, 2000.0, 2000.125, 2000.25),
          .ppm = Eigen::Vector4d(368.5, 369.25, 369.5, 371.0)};
}

Forecast SmallForecast() {
  return {.years = Eigen::Vector3d(2000.5, 2010.25, 2020.5),
          .mean = Eigen::Vector3d(370.5, 390.0, 411.5),
          .variance = Eigen::Vector3d(0.25, 4.0, 16.0)};
}

// Why `xml` is not well-formed, or "". Knows elements and quoted attributes, no
// comments, entities or declarations: a plot has none.
std::string XmlProblem(std::string_view xml) {
  std::vector<std::string> open;
  bool seen_root = false;
  while (!xml.empty()) {
    const std::size_t start = std::min(xml.find('<'), xml.size());
    const std::string_view text = xml.substr(0, start);
    if (text.find_first_of(">&") != std::string_view::npos) {
      return "stray > or & in text: " + std::string(text);
    }
    if (open.empty() &&
        text.find_first_not_of(" \n") != std::string_view::npos) {
      return "text outside of the root: " + std::string(text);
    }
    xml.remove_prefix(start);
    if (xml.empty()) break;
    const std::size_t end = xml.find('>');
    if (end == std::string_view::npos) return "a tag without its >";
    const std::string tag(xml.substr(1, end - 1));
    xml.remove_prefix(end + 1);
    if (tag.find_first_of("<&") != std::string::npos) {
      return "< or & inside of a tag: " + tag;
    }
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) {
      return "a quote that does not end: " + tag;
    }
    if (!tag.empty() && tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) {
        return "closes what is not open: " + tag;
      }
      open.pop_back();
      continue;
    }
    if (open.empty() && seen_root) return "a second root: " + tag;
    seen_root = true;
    if (tag.empty() || tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
    }
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

TEST(ForecastPlotTest, IsWellFormedXml) {
  const std::string svg = ForecastSvg(SmallSeries(), SmallForecast());
  EXPECT_THAT(svg, StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_EQ(XmlProblem(svg), "");
}

TEST(ForecastPlotTest, TheXmlCheckFindsProblems) {
  EXPECT_EQ(XmlProblem("<a><b x=\"1\"/>t</a>\n"), "");
  for (const char* bad : {"<a>", "<a></b>", "</a>", "<a x=\"1/>", "<a/>t",
                          "<a>&</a>", "<a/><b/>", "<a"}) {
    EXPECT_NE(XmlProblem(bad), "") << bad;
  }
}

TEST(ForecastPlotTest, NamesQuantitiesUnitsAndSource) {
  const std::string svg = ForecastSvg(SmallSeries(), SmallForecast());
  EXPECT_THAT(svg, HasSubstr(">year</text>"));
  EXPECT_THAT(svg, HasSubstr(">CO2 at Mauna Loa / ppm</text>"));
  EXPECT_THAT(svg, HasSubstr("<title>"));
  EXPECT_THAT(svg, HasSubstr("monthly means"));
  EXPECT_THAT(svg, HasSubstr("two standard deviations"));
  EXPECT_THAT(svg, HasSubstr("Scripps CO2 Program"));
}

TEST(ForecastPlotTest, TicksSpanDataAndBand) {
  const std::string svg = ForecastSvg(SmallSeries(), SmallForecast());
  for (const char* tick : {">1995<", ">2000<", ">2025<", ">360<", ">420<"}) {
    EXPECT_THAT(svg, HasSubstr(tick));
  }
}

TEST(ForecastPlotTest, SameInputGivesSameBytesInAnyLocale) {
  const std::string svg = ForecastSvg(SmallSeries(), SmallForecast());
  EXPECT_EQ(svg, ForecastSvg(SmallSeries(), SmallForecast()));
  // A comma for the decimal point, where such a locale is installed.
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_ALL, locale) == nullptr) continue;
    EXPECT_EQ(svg, ForecastSvg(SmallSeries(), SmallForecast())) << locale;
    std::setlocale(LC_ALL, "C");
  }
}

TEST(ForecastPlotTest, DrawsOneDotAMonth) {
  const std::string svg = ForecastSvg(SmallSeries(), SmallForecast());
  std::size_t dots = 0;
  for (std::size_t at = svg.find("r=\"1.2\""); at != std::string::npos;
       at = svg.find("r=\"1.2\"", at + 1)) {
    ++dots;
  }
  EXPECT_EQ(dots, 4u);
}

TEST(ForecastPlotTest, AnEmptyForecastOrASingleMonthIsDrawnAllTheSame) {
  const Co2Series month = {.years = Eigen::VectorXd::Constant(1, 2000.0),
                           .ppm = Eigen::VectorXd::Constant(1, 370.0)};
  const std::string svg = ForecastSvg(month, Forecast{});
  EXPECT_EQ(XmlProblem(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace co2
