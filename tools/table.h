#ifndef IRENEO_TOOLS_TABLE_H_
#define IRENEO_TOOLS_TABLE_H_

// The two layouts of what people read: rows below a header, and labels before
// values. Both escape what is put into them (tools/text.h).

#include <cstddef>
#include <string>
#include <vector>

namespace ireneo::tools {

// A width that nothing is cut to.
inline constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

// Rows in aligned columns. Thread-compatible.
class Table {
 public:
  struct Column {
    std::string header = {};
    bool right = false;  // Aligned on the right, as numbers are.
    // Cut, down to `kMinWidth` columns, where the table is wider than it may
    // be. What does not fit even then is left to the terminal.
    bool flexible = false;
    bool keep_end = false;  // Where it is cut: the start goes.
  };
  static constexpr std::size_t kMinWidth = 9;

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void Add(std::vector<std::string> cells);

  // Lines, the header first; no line ends in a space.
  std::string ToString(std::size_t max_width) const;

 private:
  std::vector<std::size_t> Widths(std::size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Labelled values, in sections. Thread-compatible.
class Sheet {
 public:
  // Starts a section; the first one needs none.
  void AddSection(const std::string& title);

  // `text` may have several lines.
  void Add(const std::string& label, const std::string& text);

  // Lines longer than `max_width` go on below, behind a space.
  std::string ToString(std::size_t max_width) const;

 private:
  struct Line {
    std::string label;
    std::string text;
    bool is_title = false;
  };

  std::vector<Line> lines_;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_TABLE_H_
