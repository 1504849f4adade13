// What OUT means on the command line.
#pragma once

#include <filesystem>
#include <optional>

#include "rewrite.hpp"

namespace hoist::tool {

struct Destination {
  std::filesystem::path path{};                    // as one file
  std::optional<std::uint64_t> max_shard_bytes{};  // none: it is one file
  bool new_directory = false;
};

// A directory, or a name that ends in '/', stands for the checkpoint in it: by the name that it has there, else
// model.safetensors, in files of at most 5 GB. Anything else is the name of a file.
Destination destination_of(const Target& target);

}  // namespace hoist::tool
