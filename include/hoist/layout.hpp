// In which order a file holds its tensors, and how they are aligned.
#pragma once

#include <cstdint>

namespace hoist {

enum class Layout : std::uint8_t {
  // The data begin at a multiple of 4096. First come the tensors whose sizes are multiples of 4096, then of 2048, and
  // so
  // on: all lie at multiples of what divides their size, up to 4096. In a language model that is almost every one.
  aligned,
  // What the reference's writer makes of them, byte for byte: wide dtypes first, then by name.
  reference,
  // In the order in which they were declared; the data begin at a multiple of 4096.
  as_given,
};

}  // namespace hoist
