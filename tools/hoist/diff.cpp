// hoist diff: in what two checkpoints differ, wherever in their files things lie.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "commands.hpp"
#include "comparison.hpp"
#include "json.hpp"
#include "table.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

// The index of an element in each dimension: of element 11 in the shape [3, 5] it is [2, 1].
Shape place_of(std::uint64_t index, std::span<const std::uint64_t> shape) {
  Shape place(shape.size());
  for (std::size_t dim = shape.size(); dim-- > 0;) {
    place[dim] = index % shape[dim];
    index /= shape[dim];
  }
  return place;
}

std::vector<std::string> what_differs(const TensorPair& pair) {
  if (pair.values) return {"bytes"};
  std::vector<std::string> what;
  if (pair.a.dtype() != pair.b.dtype()) what.emplace_back("dtype");
  if (!std::ranges::equal(pair.a.shape(), pair.b.shape())) what.emplace_back("shape");
  return what;
}

void write_names(const char* key, const std::vector<TensorView>& tensors, Json& json) {
  json.key(key).begin_array();
  for (const TensorView& tensor : tensors)
    json.value(tensor.name());
  json.end_array();
}

void write_largest(const char* key, const std::optional<Largest>& largest, const TensorView& tensor, Json& json) {
  json.key(key).begin_object().key("difference");
  write_json(json, largest->difference);
  json.key("index").value(place_of(largest->index, tensor.shape())).key("a");
  write_json(json, largest->a);
  json.key("b");
  write_json(json, largest->b);
  json.end_object();
}

void write_pair(const TensorPair& pair, Json& json) {
  json.begin_object().member("name", pair.a.name()).key("what").begin_array();
  for (const std::string& what : what_differs(pair))
    json.value(what);
  json.end_array();
  for (const auto& [key, tensor] : {std::pair{"a", &pair.a}, {"b", &pair.b}})
    json.key(key).begin_object().member("dtype", name(tensor->dtype())).member("shape", tensor->shape()).end_object();
  if (pair.values) {
    json.member("elements", element_count(pair.a.shape())).member("elements_different", pair.values->count());
    write_largest("largest_absolute", pair.values->absolute(), pair.a, json);
    write_largest("largest_relative", pair.values->relative(), pair.a, json);
  }
  json.end_object();
}

void write_metadata(const Comparison& comparison, Json& json) {
  json.key("metadata");
  if (!comparison.metadata) {
    json.null();
    return;
  }
  json.begin_array();
  for (const MetadataPair& pair : *comparison.metadata) {
    json.begin_object().member("key", pair.key);
    for (const auto& [key, values] : {std::pair{"a", &pair.a}, {"b", &pair.b}}) {
      json.key(key).begin_array();
      for (const std::string& value : *values)
        json.value(value);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
}

void write_json(const Comparison& comparison, Output& output) {
  Json json(output);
  json.begin_object().member("same", comparison.all_same());
  write_names("only_in_a", comparison.only_in_a, json);
  write_names("only_in_b", comparison.only_in_b, json);
  json.key("different").begin_array();
  for (const TensorPair& pair : comparison.different)
    write_pair(pair, json);
  json.end_array();
  write_metadata(comparison, json);
  json.key("counts").begin_object();
  json.member("same", comparison.same).member("same_bytes", comparison.same_bytes);
  json.member("within_tolerance", comparison.within_tolerance).member("different", comparison.different.size());
  json.member("only_in_a", comparison.only_in_a.size()).member("only_in_b", comparison.only_in_b.size());
  json.end_object().end_object();
  output.write("\n");
}

std::string type_text(const TensorView& tensor) {
  return fmt::format("{} {}", name(tensor.dtype()), shape_text(tensor.shape()));
}

// Names, dtypes and shapes.
void write_types(const Comparison& comparison, Output& output) {
  std::vector<const TensorPair*> pairs;
  for (const TensorPair& pair : comparison.different) {
    if (!pair.values) pairs.push_back(&pair);
  }
  const std::size_t in_a = comparison.only_in_a.size(), in_b = comparison.only_in_b.size();
  if (in_a + in_b + pairs.size() == 0) return;
  print_table(output,
              {{.title = "NAME", .shrinks = true},
               {.title = "DIFFERENT"},
               {.title = "A", .shrinks = true},
               {.title = "B", .shrinks = true}},
              in_a + in_b + pairs.size(), [&](std::size_t i, std::vector<std::string>& cells) {
                if (i < in_a) {
                  const TensorView& tensor = comparison.only_in_a[i];
                  cells = {std::string(tensor.name()), "only in A", type_text(tensor), "-"};
                } else if (i < in_a + in_b) {
                  const TensorView& tensor = comparison.only_in_b[i - in_a];
                  cells = {std::string(tensor.name()), "only in B", "-", type_text(tensor)};
                } else {
                  const TensorPair& pair = *pairs[i - in_a - in_b];
                  cells = {std::string(pair.a.name()), fmt::format("{}", fmt::join(what_differs(pair), ", ")),
                           type_text(pair.a), type_text(pair.b)};
                }
              });
  output.write("\n");
}

std::string difference_text(const Value& difference) {
  if (const auto* exact = std::get_if<std::uint64_t>(&difference)) return grouped(*exact);
  const double number = std::get<double>(difference);
  return std::isnan(number) ? "nan" : fmt::format("{:.6g}", number);
}

void write_values(const Comparison& comparison, Output& output) {
  std::vector<const TensorPair*> pairs;
  for (const TensorPair& pair : comparison.different) {
    if (pair.values) pairs.push_back(&pair);
  }
  if (pairs.empty()) return;
  print_table(output,
              {{.title = "NAME", .shrinks = true},
               {.title = "DTYPE"},
               {.title = "DIFFERENT", .right = true},
               {.title = "OF", .right = true},
               {.title = "LARGEST", .right = true},
               {.title = "AT", .shrinks = true},
               {.title = "RELATIVE", .right = true},
               {.title = "AT", .shrinks = true}},
              pairs.size(), [&](std::size_t i, std::vector<std::string>& cells) {
                const TensorPair& pair = *pairs[i];
                const Largest& absolute = *pair.values->absolute();
                const Largest& relative = *pair.values->relative();
                const auto place = [&](const Largest& at) { return shape_text(place_of(at.index, pair.a.shape())); };
                cells = {std::string(pair.a.name()),           std::string(name(pair.a.dtype())),
                         grouped(pair.values->count()),        grouped(element_count(pair.a.shape())),
                         difference_text(absolute.difference), place(absolute),
                         difference_text(relative.difference), place(relative)};
              });
  output.write("\n");
}

void write_metadata(const std::vector<MetadataPair>& metadata, Output& output) {
  if (metadata.empty()) return;
  const auto text = [](const std::set<std::string>& values) {
    return values.empty() ? std::string("-") : fmt::format("{}", fmt::join(values, " | "));
  };
  print_table(
      output,
      {{.title = "METADATA", .shrinks = true}, {.title = "A", .shrinks = true}, {.title = "B", .shrinks = true}},
      metadata.size(), [&](std::size_t i, std::vector<std::string>& cells) {
        cells = {metadata[i].key, text(metadata[i].a), text(metadata[i].b)};
      });
  output.write("\n");
}

// "different: 3 tensors differ, 1 only in A; 120 tensors are the same"
void write_sum(const Comparison& comparison, Output& output) {
  const std::string tolerated = comparison.within_tolerance == 0 ? ""
                                                                 : fmt::format(", {} of them only within the tolerance",
                                                                               grouped(comparison.within_tolerance));
  const std::string same = counted(comparison.same, "tensor");
  if (comparison.all_same()) {
    output.write("the same", Style::good);
    output.print(": {}, {}{}\n", same, human_bytes(comparison.same_bytes), tolerated);
    return;
  }
  std::vector<std::string> parts;
  const std::size_t different = comparison.different.size(),
                    keys = comparison.metadata ? comparison.metadata->size() : 0;
  if (different > 0) parts.push_back(counted(different, "tensor") + (different == 1 ? " differs" : " differ"));
  if (!comparison.only_in_a.empty()) parts.push_back(grouped(comparison.only_in_a.size()) + " only in A");
  if (!comparison.only_in_b.empty()) parts.push_back(grouped(comparison.only_in_b.size()) + " only in B");
  if (keys > 0) parts.push_back(counted(keys, "metadata key") + (keys == 1 ? " differs" : " differ"));
  output.write("different", Style::bad);
  output.print(": {}; {} the same{}\n", fmt::join(parts, ", "), same, tolerated);
}

}  // namespace

int run(const DiffArguments& arguments, Output& output) {
  const Comparison comparison = compare(arguments);
  if (arguments.json) {
    write_json(comparison, output);
  } else {
    write_types(comparison, output);
    write_values(comparison, output);
    if (comparison.metadata) write_metadata(*comparison.metadata, output);
    write_sum(comparison, output);
  }
  return comparison.all_same() ? success : answer_is_no;
}

}  // namespace hoist::tool
