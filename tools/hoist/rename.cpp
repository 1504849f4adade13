#include "rename.hpp"

#include <re2/re2.h>

#include <stdexcept>

namespace hoist::tool {

struct Rename::State {
  State(const std::string& pattern, std::string replacement_, bool everywhere_)
      : regex(pattern, RE2::Quiet), replacement(std::move(replacement_)), everywhere(everywhere_) {}

  RE2 regex;
  std::string replacement;
  bool everywhere;
};

Rename::Rename(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("'" + std::string(text) + "' " + why);
  };
  if (text.size() < 4 || text[0] != 's') refuse("is not s/REGEX/REPLACEMENT/");
  const char delimiter = text[1];
  std::vector<std::string> parts(1);
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] == delimiter && parts.size() < 3) {
      parts.emplace_back();
    } else if (text[i] == '\\' && i + 1 < text.size() && parts.size() < 3) {
      ++i;
      if (text[i] != delimiter) parts.back() += '\\';
      parts.back() += text[i];
    } else {
      parts.back() += text[i];
    }
  }
  if (parts.size() != 3) refuse("is not s/REGEX/REPLACEMENT/");
  if (!parts[2].empty() && parts[2] != "g") refuse("ends in something else than 'g'");
  state_ = std::make_shared<const State>(parts[0], parts[1], parts[2] == "g");
  std::string problem = state_->regex.error();
  if (state_->regex.ok() && state_->regex.CheckRewriteString(parts[1], &problem)) return;
  refuse("does not work: " + problem);
}

std::string Rename::operator()(std::string name) const {
  if (state_->everywhere) RE2::GlobalReplace(&name, state_->regex, state_->replacement);
  else RE2::Replace(&name, state_->regex, state_->replacement);
  return name;
}

std::string renamed(std::string name, const std::vector<Rename>& renames) {
  for (const Rename& rename : renames)
    name = rename(std::move(name));
  return name;
}

}  // namespace hoist::tool
