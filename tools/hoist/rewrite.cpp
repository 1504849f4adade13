#include "rewrite.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>

#include "destination.hpp"
#include "hoist/checksums.hpp"
#include "progress.hpp"
#include "text.hpp"
#include "workers.hpp"

namespace hoist::tool {
namespace {

// Large tensors are written by threads of the writer's own; these let small ones overlap. A guess.
constexpr unsigned threads = 2;

// Sources are read from front to back.
std::vector<std::size_t> reading_order(const std::vector<NewTensor>& tensors) {
  const auto place = [&](std::size_t i) {
    if (tensors[i].blocks.empty()) return std::pair(std::string_view(), std::uint64_t{0});
    const auto& view = std::get<TensorView>(tensors[i].blocks[0].source);
    return std::pair(view.file(), view.info().offset);
  };
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, place);
  return order;
}

template <class AnyWriter>
SaveReport fill(AnyWriter writer, const std::vector<NewTensor>& tensors, const Metadata& metadata, bool dry_run) {
  for (const NewTensor& tensor : tensors)
    writer.declare(tensor.name, tensor.dtype, tensor.shape).value();
  for (const auto& [key, value] : metadata)
    writer.set_metadata(key, value).value();
  if (dry_run) return writer.estimate().value();
  writer.begin().value();
  const std::vector<std::size_t> order = reading_order(tensors);
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const NewTensor& tensor = tensors[order[i]];
    return writer.write_blocks(tensor.name, tensor.blocks);
  }).value();
  return std::move(writer).commit().value();
}

Metadata common_metadata(std::span<const Archive> files) {
  Metadata common;
  std::set<std::string> disputed;
  for (const Archive& file : files) {
    for (const auto& [key, value] : file.metadata()) {
      if (key == checksums_key) continue;  // those of the new file are others
      if (common.emplace(key, value).first->second != value) disputed.insert(key);
    }
  }
  for (const std::string& key : disputed) {
    complain("hoist: warning: the files do not agree on the metadata '" + printable(key, 80) + "', it is left out\n");
    common.erase(key);
  }
  return common;
}

bool carry_checksums(std::span<const Archive> files) {
  return std::ranges::any_of(files, [](const Archive& file) { return file.metadata().contains(checksums_key); });
}

// Gone again unless it is kept.
class NewDirectory {
 public:
  explicit NewDirectory(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    if (std::filesystem::create_directory(path_, error); error) {
      throw Exception({.code = error == std::errc::no_such_file_or_directory ? Errc::not_found : Errc::io_error,
                       .message = "cannot make the directory: " + error.message(),
                       .file = path_.native(),
                       .system_code = error.value()});
    }
  }
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;
  ~NewDirectory() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove(path_, ignored);
  }
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace

NewTensor copy_of(const TensorView& tensor, std::string name) {
  Shape shape(tensor.shape().begin(), tensor.shape().end());
  return {.name = std::move(name),
          .dtype = tensor.dtype(),
          .shape = shape,
          .blocks = {{.block = {.start = Shape(shape.size(), 0), .size = shape}, .source = tensor}}};
}

std::vector<NewTensor> copies_of(const std::vector<TensorView>& tensors) {
  std::vector<NewTensor> copies;
  copies.reserve(tensors.size());
  for (const TensorView& tensor : tensors)
    copies.push_back(copy_of(tensor, std::string(tensor.name())));
  return copies;
}

Rewritten rewrite(const std::vector<NewTensor>& tensors, std::span<const Archive> files, const Target& target) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  Metadata metadata = common_metadata(files);
  for (const auto& [key, value] : target.metadata)
    metadata.insert_or_assign(key, value);
  std::uint64_t bytes = 0;
  for (const NewTensor& tensor : tensors) {
    for (const BlockSource& block : tensor.blocks)
      bytes += std::get<TensorView>(block.source).byte_count();
  }
  Bar bar(bytes);
  const WriteOptions options{.layout = target.layout,
                             .durable = target.sync,
                             .overwrite = target.overwrite,
                             .checksums = target.checksums || carry_checksums(files),
                             .on_written = [&](std::uint64_t more) { bar.add(more); }};
  const Destination to = destination_of(target);
  if (!to.max_shard_bytes) {
    return {.report = fill(Writer::create(to.path, options).value(), tensors, metadata, target.dry_run),
            .seconds = seconds()};
  }
  const auto sharded = [&](const std::filesystem::path& path) {
    return fill(ShardedWriter::create(path, {.max_shard_bytes = *to.max_shard_bytes, .file = options}).value(), tensors,
                metadata, target.dry_run);
  };
  if (!to.new_directory) return {.report = sharded(to.path), .seconds = seconds()};
  if (target.dry_run) {  // nowhere to look at yet
    Rewritten result{.report = sharded(to.path.filename())};
    for (SavedFile& file : result.report.files)
      file.path = to.path.parent_path() / file.path.filename();
    return result;
  }
  NewDirectory directory(to.path.parent_path());
  Rewritten result{.report = sharded(to.path), .seconds = seconds()};
  directory.keep();
  return result;
}

}  // namespace hoist::tool
