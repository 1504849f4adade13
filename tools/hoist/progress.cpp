#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "output.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 500ms;  // shorter work needs no bar
constexpr auto interval = 100ms;

}  // namespace

Bar::Bar(std::uint64_t total_bytes)
    : terminal_(terminal_width(STDERR_FILENO).has_value()),
      total_(total_bytes),
      start_(Clock::now()),
      next_draw_((start_ + patience).time_since_epoch().count()) {}

Bar::~Bar() {
  if (drawn_) complain("\r\x1b[K");
}

void Bar::add(std::uint64_t bytes) {
  const std::uint64_t done = done_.fetch_add(bytes) + bytes;
  if (!terminal_) return;
  const Clock::time_point now = Clock::now();
  Clock::rep due = next_draw_.load();
  if (now.time_since_epoch().count() < due) return;
  if (next_draw_.compare_exchange_strong(due, (now + interval).time_since_epoch().count())) {
    drawn_ = true;
    draw(done);
  }
}

void Bar::show(std::uint64_t bytes) { add(bytes - done_); }

void Bar::draw(std::uint64_t done) const {
  constexpr std::size_t bar = 30;
  const double share = total_ ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total_)) : 1.0;
  const auto full = static_cast<std::size_t>(share * bar);
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(done) / seconds);
  std::string line =
      fmt::format("[{}{}] {:3.0f}%  {} of {}  {}/s", std::string(full, '#'), std::string(bar - full, '.'), 100 * share,
                  human_bytes(done), human_bytes(total_), human_bytes(rate));
  // A line that wraps could not be taken back.
  const std::size_t width = terminal_width(STDERR_FILENO).value_or(80);
  if (line.size() + 1 > width) line.resize(width > 0 ? width - 1 : 0);
  complain("\r\x1b[K" + line);
}

}  // namespace hoist::tool
