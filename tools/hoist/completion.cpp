// hoist completion: the option tree as a script for bash or zsh.
#include "completion.hpp"

#include <fmt/format.h>

#include "commands.hpp"
#include "json.hpp"

namespace hoist::tool {
namespace {

// In single quotes, for either shell.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string words(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, " ")); }

// _arguments reads ':', '[' and ']' as its own.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_action(const OptionWords& option) {
  if (!option.choices.empty()) return fmt::format("({})", words(option.choices));
  return option.is_path ? "_files" : " ";
}

// One specification for _arguments: "*--slice[what it does]:--slice: ", or "1:PATH:_files" for a positional.
std::string zsh_specification(const OptionWords& option, const std::string& name, std::size_t place) {
  if (option.positional) {
    const std::string position = option.repeats ? "*" : fmt::format("{}", place);
    return shell_quoted(fmt::format("{}:{}:{}", position, name, zsh_action(option)));
  }
  std::string text = fmt::format("{}{}[{}]", option.repeats ? "*" : "", name, zsh_text(option.description));
  if (option.takes_value) text += fmt::format(":{}:{}", name, zsh_action(option));
  return shell_quoted(text);
}

void bash_case(const CommandWords& command, std::string& script) {
  std::vector<std::string> names;
  std::string values;
  std::string positional = "COMPREPLY=()";
  for (const OptionWords& option : command.options) {
    if (option.positional) {
      // Tensor names are not completed: that would read the file at each key.
      if (!option.choices.empty())
        positional =
            fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\")", shell_quoted(words(option.choices)));
      else if (option.is_path)
        positional = "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
      continue;
    }
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (!option.takes_value) continue;
    values += fmt::format("        {}) mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\"); return ;;\n",
                          fmt::join(option.names, "|"), shell_quoted(words(option.choices)));
  }
  script += fmt::format("    {})\n", command.name);
  if (!values.empty()) script += "      case \"$previous\" in\n" + values + "      esac\n";
  script += fmt::format("      options={}\n", shell_quoted(words(names)));
  script += fmt::format("      [[ $current == -* ]] || {{ {}; return; }} ;;\n", positional);
}

}  // namespace

std::string bash_completion(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  for (const CommandWords& command : commands)
    names.push_back(command.name);
  std::string script =
      "# bash completion of hoist; source it.\n"
      "_hoist() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options IFS=$' \\t\\n'\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n";
  script += fmt::format("    mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\")\n    return\n  fi\n",
                        shell_quoted(words(names) + " --help --version"));
  script += "  case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandWords& command : commands)
    bash_case(command, script);
  script +=
      "    *) return ;;\n"
      "  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
      "}\n"
      "complete -F _hoist hoist\n";
  return script;
}

std::string zsh_completion(const std::vector<CommandWords>& commands) {
  std::string script =
      "#compdef hoist\n"
      "# zsh completion of hoist: a file _hoist in a folder of $fpath, or sourced after compinit.\n"
      "_hoist() {\n"
      "  local -a commands=(\n";
  for (const CommandWords& command : commands)
    script += "    " + shell_quoted(command.name + ":" + zsh_text(command.description)) + "\n";
  script +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const CommandWords& command : commands) {
    script += "    " + command.name + ")\n      _arguments -s";
    std::size_t place = 0;
    for (const OptionWords& option : command.options) {
      if (option.positional) ++place;
      for (const std::string& name : option.names)
        script += " \\\n        " + zsh_specification(option, name, place);
    }
    script += "\n      ;;\n";
  }
  script +=
      "  esac\n"
      "}\n"
      "if [[ $funcstack[1] == _hoist ]]; then\n"
      "  _hoist \"$@\"\n"
      "elif (( $+functions[compdef] )); then\n"
      "  compdef _hoist hoist\n"
      "fi\n";
  return script;
}

int run(const CompletionArguments& arguments, Output& output) {
  const std::string script =
      arguments.shell == "zsh" ? zsh_completion(arguments.commands) : bash_completion(arguments.commands);
  if (arguments.json) {
    Json json(output);
    json.begin_object().member("shell", arguments.shell).member("script", script).end_object();
    output.write("\n");
  } else {
    output.write(script);
  }
  return success;
}

}  // namespace hoist::tool
