// The option tree as plain words, from which the shells' completion scripts are written.
#pragma once

#include <string>
#include <vector>

namespace hoist::tool {

struct OptionWords {
  std::vector<std::string> names{};  // with their dashes; the name alone for a positional
  std::string description{};
  std::vector<std::string> choices{};  // when only these are taken
  bool positional = false;
  bool takes_value = false;
  bool is_path = false;
  bool repeats = false;
};

struct CommandWords {
  std::string name{};
  std::string description{};
  std::vector<OptionWords> options{};
};

std::string bash_completion(const std::vector<CommandWords>& commands);
std::string zsh_completion(const std::vector<CommandWords>& commands);

}  // namespace hoist::tool
