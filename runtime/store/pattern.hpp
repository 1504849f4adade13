// One select pattern, compiled. docs/patterns.md has the rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hoist/result.hpp"

namespace re2 {
class RE2;
}

namespace hoist::store {

// Immutable, thread-safe.
class Pattern {
 public:
  // A glob or "re:..."; without "!" and "@", which are the selection's business. invalid_pattern.
  static Result<Pattern> compile(std::string_view text);

  // Set where only one name can match: nothing in the pattern is special.
  const std::string* literal() const noexcept { return expression_ ? nullptr : &prefix_; }

  bool matches(std::string_view name) const;

 private:
  std::string prefix_;  // what every match begins with; the whole name of a literal
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace hoist::store
