#include "store/nearest.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace hoist::store {
namespace {

template <class Candidates, class Candidate>
void keep(Candidates& best, const Candidate& candidate) {
  auto place = std::find_if(best.begin(), best.end(), [&](const auto& c) { return candidate.distance < c.distance; });
  if (place == best.end()) return;
  std::move_backward(place, best.end() - 1, best.end());
  *place = candidate;
}

}  // namespace

Nearest::Nearest(std::string_view wanted)
    : wanted_(wanted.substr(0, 256)), limit_(std::clamp<std::size_t>(wanted_.size() / 3, 1, 8)) {}

void Nearest::offer(std::string_view name) {
  const auto common = static_cast<std::size_t>(
      std::mismatch(wanted_.begin(), wanted_.end(), name.begin(), name.end()).first - wanted_.begin());
  if (common != 0) keep(prefix_, Candidate{wanted_.size() - common, name});

  const std::size_t difference =
      name.size() > wanted_.size() ? name.size() - wanted_.size() : wanted_.size() - name.size();
  if (difference > limit_ || budget_ == 0) return;
  // Levenshtein's distance, one row at a time, inside the band where it can stay within the limit.
  row_.resize(wanted_.size() + 1);
  for (std::size_t i = 0; i < row_.size(); ++i)
    row_[i] = i;
  for (std::size_t j = 1; j <= name.size(); ++j) {
    const std::size_t first = j > limit_ ? j - limit_ : 1, last = std::min(wanted_.size(), j + limit_);
    std::size_t diagonal = row_[first - 1], smallest = SIZE_MAX;
    row_[first - 1] = first == 1 ? j : limit_ + 1;
    for (std::size_t i = first; i <= last; ++i) {
      const std::size_t above = i == j + limit_ ? limit_ + 1 : row_[i];
      const std::size_t changed = diagonal + (wanted_[i - 1] == name[j - 1] ? 0 : 1);
      diagonal = row_[i];
      row_[i] = std::min({changed, above + 1, row_[i - 1] + 1});
      smallest = std::min(smallest, row_[i]);
    }
    budget_ -= std::min(budget_, last - first + 1);
    if (smallest > limit_) return;
  }
  if (row_.back() <= limit_) keep(best_, Candidate{row_.back(), name});
}

std::string Nearest::text() const {
  const auto& found = best_.front().name.empty() ? prefix_ : best_;
  std::string text;
  for (const Candidate& candidate : found) {
    if (candidate.distance != SIZE_MAX) text += (text.empty() ? "; nearest: " : ", ") + base::quoted(candidate.name);
  }
  return text;
}

Error missing_tensor(std::string_view name, const Nearest& nearest, std::string file) {
  return {.code = Errc::missing_tensor,
          .message = "no tensor of this name" + nearest.text(),
          .file = std::move(file),
          .tensor = std::string(name)};
}

}  // namespace hoist::store
