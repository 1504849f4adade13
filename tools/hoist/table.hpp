// Rows in columns, for people: fitted to the terminal, as wide as it takes in a pipe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "output.hpp"

namespace hoist::tool {

struct Column {
  std::string title{};
  bool right = false;    // numbers
  bool shrinks = false;  // gives way when the terminal is too narrow
};

// What a row says, column by column. Called twice for each row, once to measure and once to print, so that a million
// rows are never held; cells are clear text: they are escaped here.
using Row = std::function<void(std::size_t row, std::vector<std::string>& cells)>;

void print_table(Output& output, const std::vector<Column>& columns, std::size_t rows, const Row& row);

}  // namespace hoist::tool
