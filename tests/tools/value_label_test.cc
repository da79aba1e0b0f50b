// The labels of values in tables; how values are read is tested by running the
// command.
#include "ireneo/tools/value_label.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "boost/json/array.hpp"
#include "boost/json/string.hpp"
#include "gtest/gtest.h"
#include "ireneo/memo/value_view.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

ValueView Shown(const std::string& type, const std::string& shape,
                json::value preview) {
  ValueView view;
  view.type = type;
  view.description = {.shape = shape, .preview = std::move(preview)};
  return view;
}

TEST(ValueLabelTest, RoundsNumbers) {
  const auto label = [](double value) {
    return ValueLabel(Shown("f64", "", value));
  };
  EXPECT_EQ(label(0.1), "0.1");
  EXPECT_EQ(label(-192.48235012345678), "-192.482");
  EXPECT_EQ(label(1234567.25), "1234567");
  EXPECT_EQ(label(1234567), "1234567");
  EXPECT_EQ(label(1.0 / 3e20), "3.33333e-21");
}

TEST(ValueLabelTest, ShortArraysAreShownAndLongOnesNamed) {
  EXPECT_EQ(ValueLabel(Shown("vector<i32>", "2", {1, 2})), "[1, 2]");
  EXPECT_EQ(ValueLabel(Shown("vector<i32>", "3", {1, kEllipsis, 3})), "i32[3]");
  EXPECT_EQ(ValueLabel(Shown("vector<i32>", "9", {1, kEllipsis, 9})), "i32[9]");
  EXPECT_EQ(ValueLabel(Shown("eigen<<f8,?,?,F>/1", "1x2", {{1, 2}})),
            "f64[1x2]");
}

TEST(ValueLabelTest, SaysWhyThereIsNoValue) {
  ValueView view;
  view.type = "vector<f64>";
  view.state = ValueView::State::kNotKept;
  EXPECT_EQ(ValueLabel(view), "(not kept) f64[?]");
  view.state = ValueView::State::kDamaged;
  view.why = absl::DataLossError("");
  EXPECT_EQ(ValueLabel(view), "(damaged) f64[?]");
  view.why = absl::NotFoundError("");
  EXPECT_EQ(ResultLabel(view), "(gone) f64[?]");
  view.state = ValueView::State::kOpaque;
  EXPECT_EQ(ResultLabel(view), "f64[?]");
}

TEST(ResultLabelTest, HasTheTypeAndAShortValue) {
  EXPECT_EQ(ResultLabel(Shown("f64", "", 0.5)), "f64 0.5");
  EXPECT_EQ(ResultLabel(Shown("string", "", json::string(30, 'x'))), "string");
  EXPECT_EQ(ResultLabel(Shown("vector<i32>", "2", {1, 2})), "i32[2]");
}

}  // namespace
}  // namespace ireneo::tools
