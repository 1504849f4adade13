// hoist plan: what a load would read, and where it would put it. Moves nothing.
#include <fmt/format.h>

#include <filesystem>

#include "commands.hpp"
#include "json.hpp"
#include "loading.hpp"
#include "open.hpp"
#include "table.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

void write_json(const Estimate& estimate, const std::vector<Planned>& tensors, Output& output) {
  Json json(output);
  json.begin_object().member("tensors", estimate.tensors).member("bytes", estimate.bytes);
  json.member("bytes_read", estimate.bytes_read).member("over_read", estimate.bytes_read - estimate.bytes);
  json.member("requests", estimate.requests).member("device_bytes", estimate.device_bytes);
  json.key("places").begin_array();
  for (const Planned& tensor : tensors) {
    if (output.closed()) return;
    json.begin_object().member("name", tensor.name).member("dtype", name(tensor.view.dtype()));
    json.member("shape", tensor.view.shape())
        .member("bytes", tensor.view.byte_count())
        .member("arena_offset", tensor.arena_offset);
    json.member("file", tensor.view.file()).member("file_offset", tensor.file_offset);
    json.member("file_bytes", tensor.file_bytes).member("bytes_read", tensor.bytes_read).end_object();
  }
  json.end_array().end_object();
  output.write("\n");
}

void write_text(const Estimate& estimate, const std::vector<Planned>& tensors, bool sharded, Output& output) {
  output.print("loads         {}, {} ({} bytes)\n", counted(estimate.tensors, "tensor"), human_bytes(estimate.bytes),
               grouped(estimate.bytes));
  output.print("reads         {} bytes, {} more than asked for, in {}\n", grouped(estimate.bytes_read),
               grouped(estimate.bytes_read - estimate.bytes), counted(estimate.requests, "request"));
  output.print("takes         {} bytes of device memory\n\n", grouped(estimate.device_bytes));
  std::vector<Column> columns{{.title = "NAME", .shrinks = true},  {.title = "DTYPE"},
                              {.title = "SHAPE", .shrinks = true}, {.title = "ARENA", .right = true},
                              {.title = "BYTES", .right = true},   {.title = "FILE FROM", .right = true},
                              {.title = "TO", .right = true},      {.title = "READ", .right = true}};
  if (sharded) columns.push_back({.title = "FILE", .shrinks = true});
  print_table(output, columns, tensors.size(), [&](std::size_t row, std::vector<std::string>& cells) {
    const Planned& tensor = tensors[row];
    cells = {std::string(tensor.name),
             std::string(name(tensor.view.dtype())),
             shape_text(tensor.view.shape()),
             fmt::format("{}", tensor.arena_offset),
             fmt::format("{}", tensor.view.byte_count()),
             fmt::format("{}", tensor.file_offset),
             fmt::format("{}", tensor.file_offset + tensor.file_bytes),
             fmt::format("{}", tensor.bytes_read)};
    if (sharded) cells.push_back(std::filesystem::path(tensor.view.file()).filename());
  });
}

}  // namespace

int run(const PlanArguments& arguments, Output& output) {
  const Checkpoint checkpoint = open_checkpoint(arguments.selection.path, arguments.selection.access);
  const Plan plan = plan_of(checkpoint, requests_of(checkpoint, arguments.selection));
  const std::vector<Planned> tensors = plan.tensors();
  if (arguments.json) write_json(plan.estimate(), tensors, output);
  else write_text(plan.estimate(), tensors, checkpoint.shards().size() > 1, output);
  return success;
}

}  // namespace hoist::tool
