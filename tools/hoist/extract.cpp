// hoist extract: some tensors of a checkpoint as a checkpoint.
#include "commands.hpp"
#include "open.hpp"
#include "rewrite.hpp"

namespace hoist::tool {

int run(const ExtractArguments& arguments, Output& output) {
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  const std::vector<TensorView> tensors = checkpoint.select(arguments.patterns).value();
  const Rewritten result = rewrite(copies_of(tensors), checkpoint.shards(), arguments.target);
  print(result, arguments.target, output);
  return success;
}

}  // namespace hoist::tool
