// hoist verify: one line per file, and all that is wrong with it.
#include "hoist/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "commands.hpp"
#include "json.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

int status_of(const FileVerdict& verdict) {
  if (verdict.errors.empty()) return success;
  const auto unreadable = [](const Error& error) { return is_system(error.code); };
  return std::ranges::any_of(verdict.errors, unreadable) ? failure : answer_is_no;
}

const char* word_for(int status) { return status == success ? "valid" : status == failure ? "unreadable" : "invalid"; }

std::vector<FileVerdict> judge(const VerifyArguments& arguments) {
  std::vector<FileVerdict> verdicts;
  const OpenOptions options{.access = Access::read,
                            .validation = arguments.strict ? Validation::strict : Validation::compatible};
  for (const std::string& path : arguments.paths) {
    for (FileVerdict& verdict : verify(path, options))
      verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

void write_error(const Error& error, const std::string& file, Json& json) {
  json.begin_object().member("file", file).member("code", name(error.code)).member("message", error.message);
  if (!error.tensor.empty()) json.member("tensor", error.tensor);
  if (error.offset) json.member("offset", *error.offset);
  json.end_object();
}

void write_json(const std::vector<FileVerdict>& verdicts, Output& output) {
  Json json(output);
  json.begin_object();
  json.member("valid", std::ranges::all_of(verdicts, [](const auto& verdict) { return verdict.errors.empty(); }));
  for (const auto& [key, list] : {std::pair{"errors", &FileVerdict::errors}, {"warnings", &FileVerdict::warnings}}) {
    json.key(key).begin_array();
    for (const FileVerdict& verdict : verdicts) {
      for (const Error& error : verdict.*list)
        write_error(error, verdict.file, json);
    }
    json.end_array();
  }
  json.key("files").begin_array();
  for (const FileVerdict& verdict : verdicts) {
    json.begin_object().member("file", verdict.file).member("status", word_for(status_of(verdict)));
    json.member("valid", verdict.errors.empty()).member("file_bytes", verdict.file_bytes);
    json.member("tensors", verdict.tensors).end_object();
  }
  json.end_array().end_object();
  output.write("\n");
}

// "  not_contiguous 'b.weight' at byte 104: ..."
void write_finding(const char* prefix, const Error& error, Output& output) {
  output.print("  {}{}", prefix, name(error.code));
  if (!error.tensor.empty()) output.print(" '{}'", printable(error.tensor, 120));
  if (error.offset) output.print(" at byte {}", grouped(*error.offset));
  output.print(": {}\n", error.message);
}

void write_text(const FileVerdict& verdict, Output& output) {
  const int status = status_of(verdict);
  output.print("{}: ", printable(verdict.file));
  output.write(word_for(status), status == success ? Style::good : Style::bad);
  if (status == success)
    output.print(", {}, {}\n", counted(verdict.tensors, "tensor"), human_bytes(verdict.file_bytes));
  else output.print(", {}\n", counted(verdict.errors.size(), "error"));
  for (const Error& error : verdict.errors)
    write_finding("", error, output);
  for (const Error& warning : verdict.warnings)
    write_finding("warning: ", warning, output);
}

}  // namespace

int run(const VerifyArguments& arguments, Output& output) {
  const std::vector<FileVerdict> verdicts = judge(arguments);
  int status = success;
  for (const FileVerdict& verdict : verdicts)
    status = std::max(status, status_of(verdict));
  if (arguments.json) {
    write_json(verdicts, output);
  } else {
    for (const FileVerdict& verdict : verdicts)
      write_text(verdict, output);
  }
  return status;
}

}  // namespace hoist::tool
