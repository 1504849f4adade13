// What the readers, the slots and the queue of one load did, and when.
#pragma once

#include <chrono>
#include <filesystem>
#include <string_view>
#include <vector>

#include "transfer/pieces.hpp"

namespace hoist::transfer {

// For one thread.
class Trace {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Lane : std::uint8_t { reader, slot, queue };

  Trace(Clock::time_point start, std::size_t pieces);  // takes all the memory that it will need

  // `number`: which reader, or which slot.
  void add(Lane lane, std::uint32_t number, std::uint32_t piece, Clock::time_point begin, Clock::time_point end);
  // A slot is taken from the moment on when its piece begins to be read.
  void begin_read(std::uint32_t piece, Clock::time_point at) { begun_[piece] = at; }
  Clock::time_point read_began(std::uint32_t piece) const { return begun_[piece]; }

  struct Named {
    std::string_view tensor;  // the first in the piece
    std::uint64_t bytes = 0;
  };
  // io_error and whatever else the system says.
  Result<void> write(const std::filesystem::path& path, const std::vector<Named>& pieces) const;

 private:
  struct Event {
    Lane lane{};
    std::uint32_t number = 0;
    std::uint32_t piece = 0;
    Clock::time_point begin{};
    Clock::time_point end{};
  };

  Clock::time_point start_;
  std::vector<Event> events_;
  std::vector<Clock::time_point> begun_;
};

}  // namespace hoist::transfer
