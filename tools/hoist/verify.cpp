// hoist verify: one line per file, and all that is wrong with it; with --data also with its tensors' bytes.
#include "hoist/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "commands.hpp"
#include "json.hpp"
#include "progress.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

int status_of(const FileVerdict& verdict) {
  if (verdict.errors.empty()) return success;
  const auto unreadable = [](const Error& error) { return is_system(error.code); };
  return std::ranges::any_of(verdict.errors, unreadable) ? failure : answer_is_no;
}

const char* word_for(int status) { return status == success ? "valid" : status == failure ? "unreadable" : "invalid"; }

std::vector<FileVerdict> with_data(const std::string& path, const OpenOptions& options, unsigned threads) {
  std::optional<Bar> bar;
  const auto progress = [&](std::uint64_t more, std::uint64_t total) {
    if (!bar) bar.emplace(total);
    bar->add(more);
  };
  return verify_data(path, options, {.threads = threads, .on_progress = progress});
}

std::vector<FileVerdict> judge(const VerifyArguments& arguments) {
  std::vector<FileVerdict> verdicts;
  const OpenOptions options{.access = Access::read,
                            .validation = arguments.strict ? Validation::strict : Validation::compatible};
  for (const std::string& path : arguments.paths) {
    for (FileVerdict& verdict : arguments.data ? with_data(path, options, arguments.threads) : verify(path, options))
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

std::uint64_t checked(const std::vector<FileVerdict>& verdicts) {
  std::uint64_t sum = 0;
  for (const FileVerdict& verdict : verdicts)
    sum += verdict.checked.value_or(0);
  return sum;
}

void write_json(const std::vector<FileVerdict>& verdicts, bool data, Output& output) {
  Json json(output);
  json.begin_object();
  json.member("valid", std::ranges::all_of(verdicts, [](const auto& verdict) { return verdict.errors.empty(); }));
  if (data) json.member("checked", checked(verdicts));
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
    json.member("tensors", verdict.tensors);
    if (verdict.checked) json.member("checked", *verdict.checked);
    json.end_object();
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
  if (status == success && verdict.checked == 0 && verdict.tensors != 0) output.write(" (no checksums)", Style::bold);
  if (status == success) output.print(", {}, {}", counted(verdict.tensors, "tensor"), human_bytes(verdict.file_bytes));
  else output.print(", {}", counted(verdict.errors.size(), "error"));
  output.write(verdict.checked.value_or(0) != 0 ? ", " + counted(*verdict.checked, "checksum") + " compared\n" : "\n");
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
    write_json(verdicts, arguments.data, output);
  } else {
    for (const FileVerdict& verdict : verdicts)
      write_text(verdict, output);
  }
  return status;
}

}  // namespace hoist::tool
