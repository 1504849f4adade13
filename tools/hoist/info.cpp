// hoist info: what a checkpoint holds, at a glance.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "commands.hpp"
#include "hoist/checkpoint.hpp"
#include "hoist/checksums.hpp"
#include "json.hpp"
#include "open.hpp"
#include "table.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

constexpr std::array<std::uint64_t, 4> alignments{16, 64, 256, 4096};
constexpr std::size_t largest_shown = 5;

struct DTypeTotal {
  std::uint64_t tensors = 0, elements = 0, bytes = 0;
};

struct Info {
  explicit Info(Checkpoint opened) : checkpoint(std::move(opened)) {}

  Checkpoint checkpoint;
  std::uint64_t file_bytes = 0, header_bytes = 0;
  std::uint64_t checksums = 0;  // that the files carry of their tensors
  DTypeTotal total;
  std::map<DType, DTypeTotal> dtypes;
  std::array<std::uint64_t, alignments.size()> aligned{};  // tensors at a multiple of alignments[i]
  std::vector<TensorView> largest;
};

void count(DTypeTotal& total, const TensorView& tensor) {
  ++total.tensors;
  total.elements += element_count(tensor.shape());
  total.bytes += tensor.byte_count();
}

Info examine(const InfoArguments& arguments) {
  Info info(open_checkpoint(arguments.path));
  for (const Archive& shard : info.checkpoint.shards()) {
    info.file_bytes += shard.file_bytes();
    info.header_bytes += shard.header_bytes();
    const auto checksums = checksums_of(shard);  // what is wrong with them, verify says
    if (checksums && *checksums) info.checksums += (**checksums).size();
  }
  std::vector<TensorView> tensors = info.checkpoint.tensors();
  for (const TensorView& tensor : tensors) {
    count(info.total, tensor);
    count(info.dtypes[tensor.dtype()], tensor);
    for (std::size_t i = 0; i < alignments.size(); ++i)
      info.aligned[i] += tensor.info().offset % alignments[i] == 0;
  }
  const auto shown = static_cast<std::ptrdiff_t>(std::min(largest_shown, tensors.size()));
  std::partial_sort(
      tensors.begin(), tensors.begin() + shown, tensors.end(),
      [](const TensorView& left, const TensorView& right) { return left.byte_count() > right.byte_count(); });
  info.largest.assign(tensors.begin(), tensors.begin() + shown);
  return info;
}

void write_json(const Info& info, const std::string& path, Output& output) {
  Json json(output);
  json.begin_object().member("path", path).member("index", info.checkpoint.index_file());
  json.member("tensors", info.total.tensors).member("elements", info.total.elements);
  json.member("bytes", info.total.bytes).member("file_bytes", info.file_bytes).member("checksums", info.checksums);
  json.key("files").begin_array();
  for (const Archive& shard : info.checkpoint.shards()) {
    json.begin_object().member("file", shard.file()).member("tensors", shard.tensors().size());
    json.member("file_bytes", shard.file_bytes()).member("header_bytes", shard.header_bytes()).end_object();
  }
  json.end_array().key("dtypes").begin_object();
  for (const auto& [dtype, total] : info.dtypes) {
    json.key(name(dtype)).begin_object().member("tensors", total.tensors);
    json.member("elements", total.elements).member("bytes", total.bytes).end_object();
  }
  json.end_object().key("aligned").begin_object();
  for (std::size_t i = 0; i < alignments.size(); ++i)
    json.member(fmt::format("{}", alignments[i]), info.aligned[i]);
  json.end_object().key("metadata").begin_object();
  for (const auto& [key, value] : info.checkpoint.metadata())
    json.member(key, value);
  json.end_object().key("largest").begin_array();
  for (const TensorView& tensor : info.largest) {
    json.begin_object().member("name", tensor.name()).member("dtype", name(tensor.dtype()));
    json.member("shape", tensor.shape()).member("bytes", tensor.byte_count()).end_object();
  }
  json.end_array().key("warnings").begin_array();
  for (const Error& warning : info.checkpoint.warnings())
    json.value(warning.to_string());
  json.end_array().end_object();
  output.write("\n");
}

void write_facts(const Info& info, const std::string& path, Output& output) {
  const std::size_t files = info.checkpoint.shards().size();
  output.write(printable(path) + "\n", Style::bold);
  if (!info.checkpoint.index_file().empty()) output.print("index     {}\n", printable(info.checkpoint.index_file()));
  output.print("files     {}, {} ({} bytes), headers {}\n", files, human_bytes(info.file_bytes),
               grouped(info.file_bytes), human_bytes(info.header_bytes));
  output.print("tensors   {}, {} elements\n", grouped(info.total.tensors), grouped(info.total.elements));
  output.write("aligned  ");
  for (std::size_t i = 0; i < alignments.size(); ++i)
    output.print("{} {} to {}", i ? "," : "", grouped(info.aligned[i]), alignments[i]);
  output.print(" bytes, of {}\n", grouped(info.total.tensors));
  if (info.checksums != 0) {
    output.print("checksums {}, of {}; hoist verify --data compares them\n", grouped(info.checksums),
                 grouped(info.total.tensors));
  }
}

void write_tables(const Info& info, Output& output) {
  if (!info.dtypes.empty()) {
    const std::vector<std::pair<DType, DTypeTotal>> dtypes(info.dtypes.begin(), info.dtypes.end());
    output.write("\n");
    print_table(output,
                {{.title = "DTYPE"},
                 {.title = "TENSORS", .right = true},
                 {.title = "ELEMENTS", .right = true},
                 {.title = "SIZE", .right = true}},
                dtypes.size(), [&](std::size_t i, std::vector<std::string>& cells) {
                  const auto& [dtype, total] = dtypes[i];
                  cells = {std::string(name(dtype)), grouped(total.tensors), grouped(total.elements),
                           human_bytes(total.bytes)};
                });
  }
  if (!info.largest.empty()) {
    output.write("\n");
    print_table(output,
                {{.title = "LARGEST", .shrinks = true},
                 {.title = "DTYPE"},
                 {.title = "SHAPE", .shrinks = true},
                 {.title = "SIZE", .right = true}},
                info.largest.size(), [&](std::size_t i, std::vector<std::string>& cells) {
                  const TensorView& tensor = info.largest[i];
                  cells = {std::string(tensor.name()), std::string(name(tensor.dtype())), shape_text(tensor.shape()),
                           human_bytes(tensor.byte_count())};
                });
  }
  Metadata metadata = info.checkpoint.metadata();
  metadata.erase(std::string(checksums_key));  // a line of its own
  if (!metadata.empty()) {
    output.write("\n");
    auto entry = metadata.begin();
    print_table(output, {{.title = "METADATA", .shrinks = true}, {.title = "VALUE", .shrinks = true}}, metadata.size(),
                [&](std::size_t i, std::vector<std::string>& cells) {
                  entry = i == 0 ? metadata.begin() : std::next(entry);  // rows come in order, twice
                  cells = {entry->first, entry->second};
                });
  }
}

}  // namespace

int run(const InfoArguments& arguments, Output& output) {
  const Info info = examine(arguments);
  if (arguments.json) {
    write_json(info, arguments.path, output);
    return success;
  }
  write_facts(info, arguments.path, output);
  write_tables(info, output);
  return success;
}

}  // namespace hoist::tool
