// What a rewriting command says in the end.
#include <fmt/format.h>

#include "json.hpp"
#include "rewrite.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

void write_json(const Rewritten& result, bool dry_run, Output& output) {
  const SaveReport& report = result.report;
  Json json(output);
  json.begin_object().member("dry_run", dry_run).member("tensors", report.tensors);
  json.member("tensor_bytes", report.tensor_bytes).member("bytes", report.bytes);
  json.key("files").begin_array();
  for (const SavedFile& file : report.files) {
    json.begin_object().member("path", file.path.native()).member("tensors", file.tensors);
    json.member("bytes", file.bytes).end_object();
  }
  json.end_array().key("index");
  if (report.index.empty()) json.null();
  else json.value(report.index.native());
  json.member("aligned_64", report.aligned_64).member("aligned_256", report.aligned_256);
  json.member("aligned_4096", report.aligned_4096).member("durable", report.durable && !dry_run);
  json.member("seconds", result.seconds).end_object();
  output.write("\n");
}

void write_text(const Rewritten& result, bool dry_run, Output& output) {
  constexpr std::size_t most = 10;
  const SaveReport& report = result.report;
  output.print("{}  {}, {} ({} bytes with headers)\n", dry_run ? "would write" : "wrote      ",
               counted(report.tensors, "tensor"), human_bytes(report.tensor_bytes), grouped(report.bytes));
  for (std::size_t i = 0; i < std::min(report.files.size(), most); ++i) {
    const SavedFile& file = report.files[i];
    output.print("file         {}, {}, {} bytes\n", printable(file.path.native()), counted(file.tensors, "tensor"),
                 grouped(file.bytes));
  }
  if (report.files.size() > most) output.print("             and {} more\n", grouped(report.files.size() - most));
  if (!report.index.empty()) output.print("index        {}\n", printable(report.index.native()));
  output.print("aligned      {} to 64 bytes, {} to 256, {} to 4096\n", grouped(report.aligned_64),
               grouped(report.aligned_256), grouped(report.aligned_4096));
  if (dry_run) return;
  const double rate = result.seconds > 0 ? static_cast<double>(report.bytes) / 1e9 / result.seconds : 0;
  output.print("seconds      {:.3f}, {:.2f} GB/s{}\n", result.seconds, rate, report.durable ? ", on disk" : "");
}

}  // namespace

void print(const Rewritten& result, const Target& target, Output& output) {
  for (const Error& warning : result.report.warnings)
    complain("hoist: warning: " + warning.to_string() + "\n");
  if (target.json) write_json(result, target.dry_run, output);
  else write_text(result, target.dry_run, output);
}

}  // namespace hoist::tool
