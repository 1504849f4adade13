// Names of tensors, changed as sed changes lines.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hoist::tool {

// "s/REGEX/REPLACEMENT/", in RE2's syntax, with \1 for what the first group matched; any other character may stand for
// the slashes. The first match is replaced, or with "g" at the end all.
class Rename {
 public:
  explicit Rename(std::string_view text);  // throws std::invalid_argument
  std::string operator()(std::string name) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

// All of them, one after the other.
std::string renamed(std::string name, const std::vector<Rename>& renames);

}  // namespace hoist::tool
