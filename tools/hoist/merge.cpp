// hoist merge: several checkpoints as one.
#include <map>

#include "commands.hpp"
#include "open.hpp"
#include "rewrite.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

// Throws where two of them have a tensor of the same name, with all such names.
void require_different_names(const std::vector<NewTensor>& tensors) {
  constexpr std::size_t most = 20;
  std::map<std::string_view, std::string_view> files;
  std::size_t clashes = 0;
  std::string list;
  for (const NewTensor& tensor : tensors) {
    const std::string_view file = std::get<TensorView>(tensor.blocks[0].source).file();
    const auto [other, fresh] = files.emplace(tensor.name, file);
    if (fresh || ++clashes > most) continue;
    list += "\n  '" + printable(tensor.name, 120) + "' in " + printable(other->second) + " and in " + printable(file);
  }
  if (clashes == 0) return;
  if (clashes > most) list += "\n  and " + grouped(clashes - most) + " more";
  complain("hoist: " + counted(clashes, "name") + " in more than one of the checkpoints:" + list + "\n");
  throw Exception({.code = Errc::duplicate_tensor, .message = "checkpoints with the same names can't be merged"});
}

}  // namespace

int run(const MergeArguments& arguments, Output& output) {
  std::vector<Archive> files;
  std::vector<NewTensor> tensors;
  for (const std::string& path : arguments.paths) {
    const Checkpoint checkpoint = open_checkpoint(path);
    for (NewTensor& tensor : copies_of(checkpoint.tensors()))
      tensors.push_back(std::move(tensor));
    files.insert(files.end(), checkpoint.shards().begin(), checkpoint.shards().end());
  }
  require_different_names(tensors);
  const Rewritten result = rewrite(tensors, files, arguments.target);
  print(result, arguments.target, output);
  return success;
}

}  // namespace hoist::tool
