// Opening for the subcommands: one place says what a checkpoint's warnings look like.
#pragma once

#include <filesystem>

#include "hoist/checkpoint.hpp"

namespace hoist::tool {

// Throws hoist::Exception. Warnings go to standard error.
Checkpoint open_checkpoint(const std::filesystem::path& path, Access access = Access::read);

}  // namespace hoist::tool
