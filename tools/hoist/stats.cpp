// hoist stats: figures of each tensor, in memory that does not depend on how large it is.
#include <fmt/format.h>

#include <algorithm>

#include "commands.hpp"
#include "hoist/checkpoint.hpp"
#include "json.hpp"
#include "open.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "table.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

// What a thread holds of a tensor at once: large enough for the cost of a read to vanish. A guess.
constexpr std::uint64_t chunk_bytes = 4 << 20;

struct Part {
  std::size_t tensor;
  TensorView view;
};

void summarise(const TensorView& view, Summary& summary, Bar& bar) {
  std::vector<std::byte> buffer;
  for (const TensorView& chunk : pieces_of(view, chunk_bytes).value()) {
    buffer.resize(chunk.byte_count());
    chunk.copy_to(buffer).value();
    summary.add(buffer, element_count(chunk.shape()));
    bar.add(chunk.byte_count());
  }
}

std::vector<Summary> compute(const std::vector<TensorView>& tensors, unsigned threads) {
  std::vector<Part> parts;
  std::vector<Summary> of_parts, of_tensors;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (TensorView& view : parts_of(tensors[i])) {
      parts.push_back({.tensor = i, .view = std::move(view)});
      of_parts.emplace_back(tensors[i].dtype());
    }
    of_tensors.emplace_back(tensors[i].dtype());
    bytes += tensors[i].byte_count();
  }
  Bar bar(bytes);
  for_each_index(parts.size(), threads, [&](std::size_t i) -> Result<void> {
    summarise(parts[i].view, of_parts[i], bar);
    return {};
  }).value();
  for (std::size_t i = 0; i < parts.size(); ++i)
    of_tensors[parts[i].tensor].merge(of_parts[i]);
  return of_tensors;
}

void write_json(const std::vector<TensorView>& tensors, const std::vector<Summary>& summaries, Output& output) {
  Json json(output);
  const auto member = [&json](const char* key, const auto& number) {
    json.key(key);
    if (number) json.value(*number);
    else json.null();  // no element to speak of
  };
  json.begin_object().key("tensors").begin_array();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Summary& summary = summaries[i];
    json.begin_object().member("name", tensors[i].name()).member("dtype", name(summary.dtype()));
    json.member("shape", tensors[i].shape()).member("count", summary.count());
    for (const auto& [key, value] : {std::pair{"min", summary.min()}, {"max", summary.max()}}) {
      json.key(key);
      if (value) write_json(json, *value);
      else json.null();
    }
    member("mean", summary.mean());
    member("std", summary.deviation());
    json.member("nan", summary.nan()).member("infinite", summary.infinite()).member("zeros", summary.zeros());
    json.end_object();
  }
  json.end_array().end_object();
  output.write("\n");
}

void write_table(const std::vector<TensorView>& tensors, const std::vector<Summary>& summaries, Output& output) {
  const auto rounded = [](std::optional<double> number) { return number ? fmt::format("{:.6g}", *number) : "-"; };
  const auto exact = [](std::optional<Value> value) { return value ? text_of(*value) : "-"; };
  print_table(output,
              {{.title = "NAME", .shrinks = true},
               {.title = "DTYPE"},
               {.title = "COUNT", .right = true},
               {.title = "MIN", .right = true},
               {.title = "MAX", .right = true},
               {.title = "MEAN", .right = true},
               {.title = "STD", .right = true},
               {.title = "NAN", .right = true},
               {.title = "INF", .right = true},
               {.title = "ZERO", .right = true}},
              tensors.size(), [&](std::size_t i, std::vector<std::string>& cells) {
                const Summary& summary = summaries[i];
                cells = {std::string(tensors[i].name()), std::string(name(summary.dtype())),
                         grouped(summary.count()),       exact(summary.min()),
                         exact(summary.max()),           rounded(summary.mean()),
                         rounded(summary.deviation()),   grouped(summary.nan()),
                         grouped(summary.infinite()),    grouped(summary.zeros())};
              });
}

}  // namespace

int run(const StatsArguments& arguments, Output& output) {
  // Reads, not a mapping: the pages of a mapping would count as ours, and a shortened file would be a signal.
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  const std::vector<TensorView> tensors =
      arguments.patterns.empty() ? checkpoint.tensors() : checkpoint.select(arguments.patterns).value();
  const std::vector<Summary> summaries = compute(tensors, arguments.threads);
  if (arguments.json) write_json(tensors, summaries, output);
  else write_table(tensors, summaries, output);
  return success;
}

}  // namespace hoist::tool
