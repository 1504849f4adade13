#include "open.hpp"

#include <algorithm>

#include "output.hpp"
#include "text.hpp"

namespace hoist::tool {

Checkpoint open_checkpoint(const std::filesystem::path& path, Access access) {
  constexpr std::size_t most = 10;  // a stale shard may hold hundreds
  Checkpoint checkpoint = Checkpoint::open(path, {.access = access}).value();
  const std::span<const Error> warnings = checkpoint.warnings();
  for (const Error& warning : warnings.first(std::min(warnings.size(), most)))
    complain("hoist: warning: " + warning.to_string() + "\n");
  if (warnings.size() > most)
    complain("hoist: warning: and " + grouped(warnings.size() - most) + " more; hoist verify lists them\n");
  return checkpoint;
}

}  // namespace hoist::tool
