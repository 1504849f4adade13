// hoist ls: the tensors of a checkpoint, as a list or as a tree.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "commands.hpp"
#include "hoist/checkpoint.hpp"
#include "json.hpp"
#include "open.hpp"
#include "table.hpp"
#include "text.hpp"
#include "tree.hpp"

namespace hoist::tool {
namespace {

struct Listing {
  std::vector<TensorView> tensors;
  std::uint64_t bytes = 0;
  bool sharded = false;
};

// Names differ, so they settle every tie.
void sort(std::vector<TensorView>& tensors, SortBy key) {
  const auto by_name = [](const TensorView& left, const TensorView& right) {
    return natural_less(left.name(), right.name());
  };
  const auto by_size = [by_name](const TensorView& left, const TensorView& right) {
    return left.byte_count() != right.byte_count() ? left.byte_count() > right.byte_count() : by_name(left, right);
  };
  const auto by_offset = [by_name](const TensorView& left, const TensorView& right) {
    const std::pair l(left.file(), left.info().offset), r(right.file(), right.info().offset);
    return l != r ? l < r : by_name(left, right);
  };
  switch (key) {
    case SortBy::file_order: return;
    case SortBy::name: std::ranges::sort(tensors, by_name); return;
    case SortBy::size: std::ranges::sort(tensors, by_size); return;
    case SortBy::offset: std::ranges::sort(tensors, by_offset); return;
  }
}

Listing list(const LsArguments& arguments) {
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  Listing listing;
  listing.sharded = checkpoint.shards().size() > 1;
  listing.tensors = arguments.patterns.empty() ? checkpoint.tensors() : checkpoint.select(arguments.patterns).value();
  for (const TensorView& tensor : listing.tensors)
    listing.bytes += tensor.byte_count();
  sort(listing.tensors, arguments.sort);
  return listing;
}

void write_json(const Listing& listing, Output& output) {
  Json json(output);
  json.begin_object().member("count", listing.tensors.size()).member("bytes", listing.bytes);
  json.key("tensors").begin_array();
  for (const TensorView& tensor : listing.tensors) {
    if (output.closed()) return;
    json.begin_object().member("name", tensor.name()).member("dtype", name(tensor.dtype()));
    json.member("shape", tensor.shape()).member("bytes", tensor.byte_count()).member("file", tensor.file());
    json.member("offset", tensor.info().offset).end_object();
  }
  json.end_array().end_object();
  output.write("\n");
}

void write_table(const Listing& listing, Output& output) {
  std::vector<Column> columns{{.title = "NAME", .shrinks = true},
                              {.title = "DTYPE"},
                              {.title = "SHAPE", .shrinks = true},
                              {.title = "SIZE", .right = true},
                              {.title = "OFFSET", .right = true}};
  if (listing.sharded) columns.push_back({.title = "FILE", .shrinks = true});
  print_table(output, columns, listing.tensors.size(), [&](std::size_t row, std::vector<std::string>& cells) {
    const TensorView& tensor = listing.tensors[row];
    cells = {std::string(tensor.name()), std::string(name(tensor.dtype())), shape_text(tensor.shape()),
             human_bytes(tensor.byte_count()), fmt::format("{}", tensor.info().offset)};
    if (listing.sharded) cells.push_back(std::filesystem::path(tensor.file()).filename());
  });
}

void write_tree(const std::vector<TreeNode>& nodes, Output& output) {
  print_table(output,
              {{.title = "NAME", .shrinks = true},
               {.title = "TENSORS", .right = true},
               {.title = "SIZE", .right = true},
               {.title = "DTYPE"},
               {.title = "SHAPE", .shrinks = true}},
              nodes.size(), [&](std::size_t row, std::vector<std::string>& cells) {
                const TreeNode& node = nodes[row];
                cells = {std::string(2 * node.depth, ' ').append(node.label), grouped(node.tensors),
                         human_bytes(node.bytes), "", ""};
                if (!node.tensor) return;
                cells[1].clear();
                cells[3] = name(node.tensor->dtype());
                cells[4] = shape_text(node.tensor->shape());
              });
}

// Nodes come before what is below them, so a node closes when one of its depth or less follows.
void write_tree_json(const std::vector<TreeNode>& nodes, const Listing& listing, Output& output) {
  Json json(output);
  json.begin_object().member("count", listing.tensors.size()).member("bytes", listing.bytes);
  json.key("children").begin_array();
  for (std::size_t i = 0; i < nodes.size() && !output.closed(); ++i) {
    const TreeNode& node = nodes[i];
    json.begin_object().member("label", node.label).member("tensors", node.tensors).member("bytes", node.bytes);
    if (node.tensor) {
      json.member("name", node.tensor->name()).member("dtype", name(node.tensor->dtype()));
      json.member("shape", node.tensor->shape());
    }
    json.key("children").begin_array();
    const std::size_t open = i + 1 < nodes.size() ? nodes[i + 1].depth : 0;
    for (std::size_t depth = node.depth + 1; depth > open; --depth)
      json.end_array().end_object();
  }
  json.end_array().end_object();
  output.write("\n");
}

}  // namespace

int run(const LsArguments& arguments, Output& output) {
  Listing listing = list(arguments);
  if (arguments.tree) {
    const std::vector<TreeNode> nodes = tree_of(listing.tensors);
    if (arguments.json) write_tree_json(nodes, listing, output);
    else write_tree(nodes, output);
  } else if (arguments.json) {
    write_json(listing, output);
  } else {
    write_table(listing, output);
  }
  return success;
}

}  // namespace hoist::tool
