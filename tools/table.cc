#include "ireneo/tools/table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ireneo/tools/text.h"

namespace ireneo::tools {
namespace {

constexpr std::size_t kGap = 2;  // Between columns.

void PadTo(std::size_t width, std::string& line) {
  const std::size_t used = Width(line);
  if (used < width) line.append(width - used, ' ');
}

// Splits behind spaces, so that lines have at most `width` columns where there
// are spaces enough.
std::vector<std::string> Wrap(std::string_view line, std::size_t width) {
  std::vector<std::string> lines;
  while (width != kUnlimited && Width(line) > width) {
    std::size_t cut = std::string_view::npos;
    for (std::size_t space = line.find(' ', line.find_first_not_of(' '));
         space != std::string_view::npos; space = line.find(' ', space + 1)) {
      if (Width(line.substr(0, space)) > width && cut != line.npos) break;
      cut = space;
    }
    if (cut == std::string_view::npos) break;
    lines.emplace_back(line.substr(0, cut));
    line.remove_prefix(cut + 1);
  }
  lines.emplace_back(line);
  return lines;
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Escape(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::Widths(std::size_t max_width) const {
  std::vector<std::size_t> widths;
  std::size_t total = kGap * (columns_.size() - 1);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = Width(columns_[i].header);
    for (const auto& row : rows_) width = std::max(width, Width(row[i]));
    widths.push_back(width);
    total += width;
  }
  // The widest flexible column gives way first.
  while (total > max_width) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].flexible && widths[i] > kMinWidth &&
          (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string Table::ToString(std::size_t max_width) const {
  const std::vector<std::size_t> widths = Widths(max_width);
  std::string text;
  const auto add_row = [&](const auto& cell_at) {
    std::string line;
    std::size_t column = 0;  // Where the next cell starts.
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = columns_[i].keep_end
                                   ? ShortenStart(cell_at(i), widths[i])
                                   : Shorten(cell_at(i), widths[i]);
      PadTo(column + (columns_[i].right ? widths[i] - Width(cell) : 0), line);
      line += cell;
      column += widths[i] + kGap;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  };
  add_row([&](std::size_t i) { return columns_[i].header; });
  for (const auto& row : rows_) {
    add_row([&](std::size_t i) { return row[i]; });
  }
  return text;
}

void Sheet::AddSection(const std::string& title) {
  lines_.push_back({.label = Escape(title), .text = "", .is_title = true});
}

void Sheet::Add(const std::string& label, const std::string& text) {
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines_.push_back({.label = first ? Escape(label) : "",
                      .text = Escape({line.data(), line.size()})});
    first = false;
  }
}

std::string Sheet::ToString(std::size_t max_width) const {
  std::size_t indent = 0;
  for (const Line& line : lines_) {
    if (!line.is_title) indent = std::max(indent, Width(line.label) + kGap);
  }
  const std::size_t room = max_width == kUnlimited  ? kUnlimited
                           : max_width > 2 * indent ? max_width - indent
                                                    : indent;
  std::string text;
  for (const Line& line : lines_) {
    if (line.is_title) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", line.label, "\n");
      continue;
    }
    std::string label = line.label;
    for (const std::string& part : Wrap(line.text, room)) {
      PadTo(part.empty() ? 0 : indent, label);
      absl::StrAppend(&text, label, part, "\n");
      label.clear();
    }
  }
  return text;
}

}  // namespace ireneo::tools
