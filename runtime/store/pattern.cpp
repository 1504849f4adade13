#include "store/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace hoist::store {
namespace {

constexpr std::size_t max_pattern_bytes = 64U << 10;  // translating is quadratic in the braces
constexpr std::uint64_t max_range = 100'000;          // numbers in all {a..b} of a pattern
constexpr std::size_t max_digits = 20;  // as many as 2^64 has; padding makes every number as wide as its ends

// Turns a glob into RE2's syntax, from left to right. RE2 then matches in time linear in the name.
class GlobTranslator {
 public:
  explicit GlobTranslator(std::string_view glob) : glob_(glob) {}

  Result<void> run() {
    while (at_ < glob_.size()) {
      if (auto part = next(); !part) return part;
    }
    if (!closers_.empty()) return bad("a { without its }");
    return {};
  }

  const std::string& expression() const noexcept { return expression_; }
  const std::string& prefix() const noexcept { return prefix_; }
  bool literal() const noexcept { return literal_; }

 private:
  Result<void> next() {
    const char c = glob_[at_++];
    switch (c) {
      case '\\':
        if (at_ == glob_.size()) return bad("a \\ at its end");
        return plain(glob_[at_++]);
      case '*':
        if (!rest().starts_with('*')) return special("[^.]*");
        ++at_;
        return special(".+");
      case '?': return special("[^.]");
      case '[': return char_class();
      case '{': return open_brace();
      case ',': return closers_.empty() ? plain(c) : special("|");
      case '}':
        if (closers_.empty()) return plain(c);
        closers_.pop_back();
        return special(")");
      default: return plain(c);
    }
  }

  // Bytes of a longer UTF-8 character pass through one by one.
  Result<void> plain(char c) {
    if (literal_) prefix_ += c;
    if (static_cast<unsigned char>(c) < 0x80) {
      expression_ += RE2::QuoteMeta(re2::StringPiece(&c, 1));
    } else {
      expression_ += c;
    }
    return {};
  }

  Result<void> special(std::string_view text) {
    literal_ = false;
    expression_ += text;
    return {};
  }

  // [abc], [a-z], [!abc]; like ?, none of them matches a dot unless it is named.
  Result<void> char_class() {
    std::size_t end = at_;
    if (end < glob_.size() && glob_[end] == '!') ++end;
    const std::size_t first = end;
    while (end < glob_.size() && (glob_[end] != ']' || end == first))
      end += glob_[end] == '\\' ? 2 : 1;
    if (end >= glob_.size()) return bad("a [ without its ]");
    std::string text = "[";
    std::size_t i = at_;
    if (glob_[i] == '!') {
      text += "^.";
      ++i;
    }
    for (bool may_range = false; i < end; ++i) {  // a - is a range only between two characters
      const bool escaped = glob_[i] == '\\';
      if (escaped) ++i;
      const bool range = glob_[i] == '-' && !escaped && may_range && i + 1 != end;
      if (!range && std::string_view("\\[]^-&~").find(glob_[i]) != std::string_view::npos) text += '\\';
      text += glob_[i];
      may_range = !range;
    }
    at_ = end + 1;
    return special(text + "]");
  }

  Result<void> open_brace() {
    const std::size_t end = glob_.find('}', at_);
    if (end == glob_.npos) return bad("a { without its }");
    const std::string_view inside = glob_.substr(at_, end - at_);
    if (const std::size_t dots = inside.find(".."); dots != inside.npos && inside.find_first_of(",{") == inside.npos) {
      at_ = end + 1;
      return number_range(inside.substr(0, dots), inside.substr(dots + 2));
    }
    closers_ += ')';
    return special("(?:");
  }

  Result<void> number_range(std::string_view from, std::string_view to) {
    std::uint64_t first = 0, last = 0;
    const auto parse = [](std::string_view text, std::uint64_t& value) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc() && end == text.data() + text.size() && text.size() <= max_digits;
    };
    if (!parse(from, first) || !parse(to, last)) return bad("a range whose ends are not numbers");
    if (first > last) return bad("a range that runs backwards");
    if (last - first >= max_range - range_numbers_) {
      return bad("ranges of more than " + base::grouped(max_range) + " numbers");
    }
    const std::uint64_t count = last - first + 1;
    range_numbers_ += count;
    // {00..15} gives every number the same width, as the shell does.
    const bool padded = (from.size() > 1 && from[0] == '0') || (to.size() > 1 && to[0] == '0');
    const std::size_t width = padded ? std::max(from.size(), to.size()) : 1;
    std::string text = "(?:";
    for (std::uint64_t i = 0; i < count; ++i) {  // counts, since `last` may be the largest number there is
      const std::string digits = std::to_string(first + i);
      if (i != 0) text += '|';
      text.append(width - std::min(width, digits.size()), '0') += digits;
    }
    return special(text + ")");
  }

  std::string_view rest() const noexcept { return glob_.substr(at_); }

  Error bad(std::string what) const {
    return {.code = Errc::invalid_pattern, .message = "the pattern " + base::quoted(glob_) + " has " + std::move(what)};
  }

  std::string_view glob_;
  std::size_t at_ = 0;
  std::string expression_ = "(?s)";  // a name may hold line breaks
  std::string prefix_;
  std::string closers_;
  bool literal_ = true;
  std::uint64_t range_numbers_ = 0;  // so far
};

}  // namespace

Result<Pattern> Pattern::compile(std::string_view text) {
  if (text.size() > max_pattern_bytes) {
    return Error{.code = Errc::invalid_pattern,
                 .message = "the pattern " + base::quoted(text) + " has " + base::grouped(text.size()) +
                            " bytes, the limit is " + base::grouped(max_pattern_bytes)};
  }
  Pattern pattern;
  std::string expression;
  if (text.starts_with("re:")) {
    expression = "(?s)" + std::string(text.substr(3));
  } else {
    GlobTranslator glob(text);
    if (auto translated = glob.run(); !translated) return std::move(translated).error();
    pattern.prefix_ = glob.prefix();
    if (glob.literal()) return pattern;
    expression = glob.expression();
  }
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const RE2>(expression, options);
  if (!compiled->ok()) {
    return Error{.code = Errc::invalid_pattern,
                 .message = "the pattern " + base::quoted(text) +
                            " does not compile: " + base::printable(compiled->error(), 200)};
  }
  pattern.expression_ = std::move(compiled);
  return pattern;
}

bool Pattern::matches(std::string_view name) const {
  if (!expression_) return name == prefix_;
  return name.starts_with(prefix_) && RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *expression_);
}

}  // namespace hoist::store
