// hoist align: the same tensors at better places, file by file, so that a set keeps its names and its index.
#include <algorithm>

#include "commands.hpp"
#include "open.hpp"
#include "rewrite.hpp"

namespace hoist::tool {
namespace {

bool gains(const Archive& file, const SaveReport& after) {
  const auto count = [&](std::uint64_t unit) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(file.tensors(), [unit](const TensorInfo& tensor) { return tensor.offset % unit == 0; }));
  };
  return count(64) < after.aligned_64 || count(256) < after.aligned_256 || count(4096) < after.aligned_4096;
}

void add(Rewritten& sum, const Rewritten& more) {
  sum.seconds += more.seconds;
  sum.report.tensors += more.report.tensors;
  sum.report.tensor_bytes += more.report.tensor_bytes;
  sum.report.bytes += more.report.bytes;
  sum.report.aligned_64 += more.report.aligned_64;
  sum.report.aligned_256 += more.report.aligned_256;
  sum.report.aligned_4096 += more.report.aligned_4096;
  sum.report.durable = sum.report.durable && more.report.durable;
  sum.report.files.insert(sum.report.files.end(), more.report.files.begin(), more.report.files.end());
  sum.report.warnings.insert(sum.report.warnings.end(), more.report.warnings.begin(), more.report.warnings.end());
}

}  // namespace

int run(const AlignArguments& arguments, Output& output) {
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  if (!arguments.target.path.empty()) {
    const Rewritten result = rewrite(copies_of(checkpoint.tensors()), checkpoint.shards(), arguments.target);
    print(result, arguments.target, output);
    return success;
  }
  Rewritten all{.report = {.durable = true}};
  for (const Archive& file : checkpoint.shards()) {
    Target target = arguments.target;
    target.path = file.file();
    target.dry_run = true;
    const std::vector<NewTensor> tensors = copies_of(Checkpoint::of(file).tensors());
    Rewritten result = rewrite(tensors, std::span(&file, 1), target);
    if (!gains(file, result.report)) continue;
    target.dry_run = arguments.target.dry_run;
    if (!target.dry_run) result = rewrite(tensors, std::span(&file, 1), target);
    add(all, result);
  }
  if (all.report.files.empty() && !arguments.target.json) {
    output.write("nothing to do: every tensor lies as well as it can\n");
    return success;
  }
  print(all, arguments.target, output);
  return success;
}

}  // namespace hoist::tool
