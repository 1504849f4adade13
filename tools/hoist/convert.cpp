// hoist convert and hoist split: a checkpoint as another one.
#include <map>

#include "commands.hpp"
#include "open.hpp"
#include "rewrite.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

// Throws where two tensors would have one name.
std::vector<NewTensor> renamed_copies(const std::vector<TensorView>& tensors, const std::vector<Rename>& renames) {
  std::vector<NewTensor> copies = copies_of(tensors);
  if (renames.empty()) return copies;
  std::map<std::string, std::string> old_names;
  for (NewTensor& copy : copies) {
    std::string old = copy.name;
    copy.name = renamed(old, renames);
    const auto [other, fresh] = old_names.emplace(copy.name, old);
    if (fresh) continue;
    throw Exception({.code = Errc::duplicate_tensor,
                     .message = "'" + printable(other->second, 120) + "' and '" + printable(old, 120) +
                                "' would both have this name",
                     .tensor = copy.name});
  }
  return copies;
}

}  // namespace

int run(const ConvertArguments& arguments, Output& output) {
  const Checkpoint checkpoint = open_checkpoint(arguments.path);
  const std::vector<TensorView> tensors =
      arguments.select.empty() ? checkpoint.tensors() : checkpoint.select(arguments.select).value();
  const Rewritten result = rewrite(renamed_copies(tensors, arguments.renames), checkpoint.shards(), arguments.target);
  print(result, arguments.target, output);
  return success;
}

}  // namespace hoist::tool
