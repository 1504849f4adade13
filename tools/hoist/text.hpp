// Text that is safe and fits: names come from hostile files, and end up on terminals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hoist::tool {

// The length of the UTF-8 sequence at the start of `text`; 0 when it is not valid.
std::size_t sequence_length(std::string_view text);

// Columns that valid, printable UTF-8 takes on a terminal; an estimate for scripts with combining marks.
std::size_t columns(std::string_view text);

// What would steer a terminal or reorder a line (controls, C1, bidirectional marks), backslashes and invalid UTF-8
// are escaped; the middle is left out of what is wider than `max_columns`.
std::string printable(std::string_view text, std::size_t max_columns = 4096);

std::string human_bytes(std::uint64_t bytes);                       // "90.9 MB"
std::string grouped(std::uint64_t number);                          // "90,868,376"
std::string counted(std::uint64_t number, std::string_view thing);  // "1 tensor", "2,000 tensors"
std::string shape_text(std::span<const std::uint64_t> shape);       // "[2, 3]"

// As bytes, but runs of digits by their number: layer.2 comes before layer.10.
bool natural_less(std::string_view left, std::string_view right);

}  // namespace hoist::tool
