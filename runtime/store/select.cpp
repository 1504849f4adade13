#include "store/select.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "io/descriptor.hpp"
#include "store/nearest.hpp"
#include "store/pattern.hpp"

namespace hoist::store {
namespace {

constexpr std::uint64_t max_list_bytes = 100'000'000;

class Selection {
 public:
  explicit Selection(const KeySpace& keys) : keys_(keys), chosen_(keys.size()) {}

  Result<void> apply(std::string_view text, bool lists_allowed = true) {
    // A name that equals the pattern byte for byte beats every other meaning.
    if (const std::uint32_t place = keys_.find(text); place != KeySpace::none) return add({place}), Result<void>();
    if (text.starts_with('!')) {
      if (!started_) add_all();
      return exclude(text.substr(1));
    }
    if (text.starts_with('@')) {
      if (!lists_allowed) return bad("the pattern " + base::quoted(text) + ": a list may not name another list");
      return apply_list(text.substr(1));
    }
    auto places = match(text);
    if (!places) return std::move(places).error();
    add(*places);
    return {};
  }

  std::vector<std::uint32_t> take() && { return std::move(order_); }

 private:
  void add(const std::vector<std::uint32_t>& places) {
    started_ = true;
    for (const std::uint32_t place : places) {
      if (chosen_[place]) continue;
      chosen_[place] = true;
      order_.push_back(place);
    }
  }

  void add_all() {
    std::vector<std::uint32_t> all(keys_.size());
    std::iota(all.begin(), all.end(), 0);
    add(all);
  }

  Result<void> exclude(std::string_view text) {
    if (text.starts_with('@') && keys_.find(text) == KeySpace::none) {
      return bad("the pattern " + base::quoted(text) + ": a list can't be excluded; put the ! into its lines");
    }
    auto places = match(text);
    if (!places) return std::move(places).error();
    for (const std::uint32_t place : *places)
      chosen_[place] = false;
    std::erase_if(order_, [this](std::uint32_t place) { return !chosen_[place]; });
    return {};
  }

  // In file order; at least one.
  Result<std::vector<std::uint32_t>> match(std::string_view text) const {
    if (const std::uint32_t place = keys_.find(text); place != KeySpace::none) return std::vector{place};
    auto pattern = Pattern::compile(text);
    if (!pattern) return std::move(pattern).error();
    std::vector<std::uint32_t> places;
    if (const std::string* literal = pattern->literal()) {
      if (const std::uint32_t place = keys_.find(*literal); place != KeySpace::none) places.push_back(place);
    } else {
      for (std::uint32_t place = 0; place < keys_.size(); ++place) {
        if (pattern->matches(keys_.name(place))) places.push_back(place);
      }
    }
    if (!places.empty()) return places;
    Nearest nearest(text);
    for (std::uint32_t place = 0; place < keys_.size(); ++place)
      nearest.offer(keys_.name(place));
    std::string message = "the pattern " + base::quoted(text) + " matches no tensor" + nearest.text();
    if (!text.starts_with("re:") && text.find('*') != text.npos && text.find("**") == text.npos) {
      message += "; * stays between dots, ** goes across them";
    }
    return Error{.code = Errc::no_match, .message = std::move(message)};
  }

  // One pattern a line; empty lines and lines that begin with # are passed over.
  Result<void> apply_list(std::string_view file_name) {
    const std::string path(file_name);
    const auto place_error = [&](Error error) {
      error.file = path;
      return error;
    };
    auto file = io::Descriptor::open(path);
    if (!file) return place_error(std::move(file).error());
    const std::uint64_t size = file->opened_size();
    if (size > max_list_bytes)
      return bad("the list " + base::quoted(path) + " is larger than " + base::grouped(max_list_bytes) + " bytes");
    std::string text(size, '\0');
    if (auto read = io::read_exactly(*file, 0, std::as_writable_bytes(std::span(text))); !read) {
      return place_error(std::move(read).error());
    }
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.starts_with('#')) continue;
      if (auto applied = apply(line, false); !applied) return place_error(std::move(applied).error());
    }
    return {};
  }

  static Error bad(std::string message) { return {.code = Errc::invalid_pattern, .message = std::move(message)}; }

  const KeySpace& keys_;
  std::vector<bool> chosen_;
  std::vector<std::uint32_t> order_;
  bool started_ = false;
};

}  // namespace

Result<std::vector<std::uint32_t>> select(const KeySpace& keys, const std::vector<std::string>& patterns) {
  Selection selection(keys);
  for (const std::string& pattern : patterns) {
    if (auto applied = selection.apply(pattern); !applied) return std::move(applied).error();
  }
  return std::move(selection).take();
}

}  // namespace hoist::store
