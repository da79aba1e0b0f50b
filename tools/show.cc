#include "ireneo/tools/show.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "boost/json/array.hpp"
#include "ireneo/serializers/registry.h"
#include "ireneo/tools/format.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

namespace json = boost::json;

// What labels take, and some.
constexpr std::size_t kLabels = 14;

std::size_t WidestLine(const std::string& text) {
  std::size_t widest = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    widest = std::max(widest, Width({line.data(), line.size()}));
  }
  return widest;
}

// Leaves `count` elements of each row of a matrix, half of them at its end.
void KeepColumns(std::size_t count, Description& description) {
  for (json::value& element : description.preview.get_array()) {
    json::array* const row = element.if_array();
    if (row == nullptr || row->size() <= count) continue;
    const std::size_t tail = count / 2;
    json::array kept(row->begin(), row->begin() + (count - tail));
    kept.push_back(kEllipsis);
    kept.insert(kept.end(), row->end() - tail, row->end());
    element = std::move(kept);
  }
}

std::string FittingText(const Description& description, std::size_t max_width) {
  std::string text = ToText(description);
  const bool is_matrix = description.shape.find('x') != std::string::npos &&
                         description.preview.is_array();
  // Once for each number of columns that was left, the most first.
  for (std::size_t columns = 6; is_matrix && columns >= 2; columns -= 2) {
    if (WidestLine(text.substr(0, text.rfind('\n'))) + kLabels <= max_width) {
      break;
    }
    Description narrower = description;
    KeepColumns(columns, narrower);
    text = ToText(narrower);
  }
  return text;
}

}  // namespace

std::string BlobFile(const MemoStore& store, const Digest& digest) {
  // That of an archive goes when the command ends.
  if (store.is_archive()) return "";
  const std::filesystem::path path = store.BlobPath(digest);
  std::error_code error;
  return std::filesystem::exists(path, error) ? path.native() : "";
}

void AddValue(const ValueView& view, std::size_t max_width, Sheet& sheet) {
  switch (view.state) {
    case ValueView::State::kShown:
      sheet.Add("value", FittingText(view.description, max_width));
      return;
    case ValueView::State::kNotKept:
      sheet.Add("value", "not kept");
      return;
    case ValueView::State::kDamaged:
      sheet.Add("value",
                absl::IsNotFound(view.why) ? "no longer there" : "damaged");
      return;
    case ValueView::State::kOpaque:
      sheet.Add("value", absl::StrCat(view.why.message()));
      if (view.bytes.has_value()) {
        sheet.Add("bytes", HexDump(view.bytes->bytes()));
      }
      return;
  }
}

}  // namespace ireneo::tools
