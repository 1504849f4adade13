// Tensors' bytes beside the checksums that their files carry.
#pragma once

#include "hoist/verify.hpp"
#include "store/archive_state.hpp"

namespace hoist::store {

// Of each verdict without errors that has a file here (or null): what verify_data says of its data. Throws
// std::bad_alloc.
void check_data(std::span<FileVerdict> verdicts, std::span<const std::shared_ptr<const ArchiveState>> files,
                const DataOptions& options, std::size_t max_errors);

}  // namespace hoist::store
