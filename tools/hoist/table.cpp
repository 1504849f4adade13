#include "table.hpp"

#include <algorithm>

#include "text.hpp"

namespace hoist::tool {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t widest = 256;   // one name of a megabyte must not pad every row to its width
constexpr std::size_t narrowest = 8;  // a column that gives way keeps this much

std::vector<std::size_t> measure(const std::vector<Column>& columns, std::size_t rows, const Row& row) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns)
    widths.push_back(tool::columns(column.title));
  std::vector<std::string> cells(columns.size());
  for (std::size_t i = 0; i < rows; ++i) {
    row(i, cells);
    for (std::size_t c = 0; c < cells.size(); ++c)
      widths[c] = std::max(widths[c], tool::columns(printable(cells[c], widest)));
  }
  return widths;
}

// Takes from the widest shrinking column until the line fits or nothing more can give.
void fit(const std::vector<Column>& columns, std::size_t available, std::vector<std::size_t>& widths) {
  std::size_t total = gap * (widths.size() - 1);
  for (const std::size_t width : widths)
    total += width;
  while (total > available) {
    std::size_t victim = widths.size();
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (columns[c].shrinks && widths[c] > narrowest && (victim == widths.size() || widths[c] > widths[victim]))
        victim = c;
    }
    if (victim == widths.size()) return;
    --widths[victim];
    --total;
  }
}

std::string line(const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                 const std::vector<std::string>& cells) {
  std::string text;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const std::string cell = printable(cells[c], widths[c]);
    const std::size_t used = tool::columns(cell);
    const std::string padding(widths[c] > used ? widths[c] - used : 0, ' ');
    if (c > 0) text.append(gap, ' ');
    text += columns[c].right ? padding + cell : cell + padding;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

}  // namespace

void print_table(Output& output, const std::vector<Column>& columns, std::size_t rows, const Row& row) {
  std::vector<std::size_t> widths = measure(columns, rows, row);
  if (output.width()) fit(columns, *output.width(), widths);
  std::vector<std::string> cells;
  for (const Column& column : columns)
    cells.push_back(column.title);
  output.write(line(columns, widths, cells), Style::bold);
  for (std::size_t i = 0; i < rows && !output.closed(); ++i) {
    row(i, cells);
    output.write(line(columns, widths, cells));
  }
}

}  // namespace hoist::tool
