// hoist head: a tensor's values. Of a large tensor only what is printed is read.
#include <fmt/format.h>

#include <algorithm>

#include "brackets.hpp"
#include "commands.hpp"
#include "hoist/checkpoint.hpp"
#include "json.hpp"
#include "open.hpp"
#include "text.hpp"
#include "values.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

constexpr std::size_t default_width = 80;  // of rows, in a pipe

// F4 and F6 rows that end inside a byte cannot be taken apart; up to this size the whole tensor is read instead.
constexpr std::uint64_t whole_bytes = 16 << 20;

struct Head {
  std::string name;
  DType dtype{};
  Shape shape;
  std::vector<Edges> edges;
  std::vector<Value> values;  // those that are shown, row-major
};

std::vector<std::byte> read(const TensorView& view) {
  std::vector<std::byte> bytes(view.byte_count());
  view.copy_to(bytes).value();
  return bytes;
}

void append_values(const TensorView& view, std::uint64_t first, std::uint64_t count, std::vector<Value>& values) {
  const std::vector<std::byte> bytes = read(view);
  for (std::uint64_t i = 0; i < count; ++i)
    values.push_back(value_at(view.dtype(), bytes, first + i));
}

// Places [start, stop) of one row, widened to whole bytes where elements are smaller than one.
Result<void> append_run(const TensorView& view, std::vector<Range> ranges, std::uint64_t start, std::uint64_t stop,
                        std::vector<Value>& values) {
  const std::uint64_t unit = 8;  // elements of any size fill whole bytes by eights
  const std::uint64_t size = view.shape().back();
  const bool small = bits(view.dtype()) < 8;
  const std::uint64_t from = small ? start / unit * unit : start;
  const std::uint64_t to = small ? std::min((stop + unit - 1) / unit * unit, size) : stop;
  ranges.push_back({.start = from, .stop = to});
  Result<TensorView> run = view.slice(std::move(ranges));
  if (!run) return std::move(run).error();
  append_values(*run, start - from, stop - start, values);
  return {};
}

// Counts through the shown places of the outer dimensions. False when all were seen.
bool advance(std::vector<std::uint64_t>& counters, const std::vector<Edges>& edges) {
  for (std::size_t dim = counters.size(); dim-- > 0;) {
    if (++counters[dim] < edges[dim].shown()) return true;
    counters[dim] = 0;
  }
  return false;
}

Result<void> append_edges(const TensorView& view, const std::vector<Edges>& edges, std::vector<Value>& values) {
  std::vector<std::uint64_t> counters(edges.size() - 1, 0);
  const Edges& last = edges.back();
  do {
    std::vector<Range> outer;
    for (std::size_t dim = 0; dim < counters.size(); ++dim) {
      const std::uint64_t place = edges[dim].place(counters[dim]);
      outer.push_back({.start = place, .stop = place + 1});
    }
    const std::uint64_t head = last.all() ? last.size : last.head;
    if (auto done = append_run(view, outer, 0, head, values); !done) return done;
    if (head == last.size || last.tail == 0) continue;
    if (auto done = append_run(view, outer, last.size - last.tail, last.size, values); !done) return done;
  } while (advance(counters, edges));
  return {};
}

// All of it in memory, and then only what is shown.
void append_from_whole(const TensorView& view, const std::vector<Edges>& edges, std::vector<Value>& values) {
  const std::vector<std::byte> bytes = read(view);
  std::vector<std::uint64_t> counters(edges.size(), 0);
  do {
    std::uint64_t index = 0;
    for (std::size_t dim = 0; dim < edges.size(); ++dim)
      index = index * edges[dim].size + edges[dim].place(counters[dim]);
    values.push_back(value_at(view.dtype(), bytes, index));
  } while (advance(counters, edges));
}

Head examine(const HeadArguments& arguments) {
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  const TensorView view = sliced(checkpoint.at(arguments.name).value(), arguments.slice).value();
  Head head{.name = std::string(view.name()),
            .dtype = view.dtype(),
            .shape = Shape(view.shape().begin(), view.shape().end()),
            .edges = edges_of(view.shape()),
            .values = {}};
  const std::uint64_t count = element_count(view.shape());
  if (count == 0) return head;
  if (std::ranges::all_of(head.edges, &Edges::all)) {
    append_values(view, 0, count, head.values);
    return head;
  }
  if (Result<void> done = append_edges(view, head.edges, head.values); !done) {
    if (bits(view.dtype()) % 8 == 0 || view.byte_count() > whole_bytes) throw Exception(std::move(done).error());
    head.values.clear();
    append_from_whole(view, head.edges, head.values);
  }
  return head;
}

bool complete(const Head& head) {
  return element_count(head.shape) == 0 || std::ranges::all_of(head.edges, &Edges::all);
}

// Nested lists, as deep as the tensor.
void write_values(const Head& head, std::size_t dim, std::size_t& next, Json& json) {
  if (dim == head.edges.size()) {
    write_json(json, head.values[next++]);
    return;
  }
  json.begin_array();
  for (std::uint64_t i = 0; i < head.edges[dim].shown(); ++i)
    write_values(head, dim + 1, next, json);
  json.end_array();
}

void write_json(const Head& head, Output& output) {
  Json json(output);
  json.begin_object().member("name", head.name).member("dtype", name(head.dtype)).key("shape").value(head.shape);
  json.member("complete", complete(head));
  // Which places the values stand at, for each dimension.
  json.key("shown").begin_array();
  for (const Edges& dim : head.edges) {
    json.begin_array();
    for (std::uint64_t i = 0; i < dim.shown(); ++i)
      json.value(dim.place(i));
    json.end_array();
  }
  json.end_array().key("values");
  std::size_t next = 0;
  write_values(head, 0, next, json);
  json.end_object();
  output.write("\n");
}

void write_text(const Head& head, Output& output) {
  output.write(fmt::format("{}  {} {}\n", printable(head.name), name(head.dtype), shape_text(head.shape)), Style::bold);
  std::vector<std::string> texts;
  for (const Value& value : head.values)
    texts.push_back(text_of(value));
  if (texts.empty()) output.write("[]\n");
  else output.print("{}\n", brackets(head.edges, texts, output.width().value_or(default_width)));
}

}  // namespace

int run(const HeadArguments& arguments, Output& output) {
  const Head head = examine(arguments);
  if (arguments.json) write_json(head, output);
  else write_text(head, output);
  return success;
}

}  // namespace hoist::tool
