// The checksums of a file that is being written.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "format/file_layout.hpp"
#include "io/atomic_file.hpp"

namespace hoist::transfer {

// Tensors go by their number among the declarations. Thread-safe.
class TensorChecksums {
 public:
  explicit TensorChecksums(std::size_t tensors) : digits_(tensors) {}

  void keep(std::uint32_t tensor, std::string digits);

  // Puts them into the layout's header; the tensors that none was kept of are read from the file, by a few threads.
  Result<void> fill_in(const io::AtomicFile& file, format::FileLayout& layout, const std::stop_token& stop);

 private:
  base::Mutex mutex_;
  std::vector<std::string> digits_ HOIST_GUARDED_BY(mutex_);  // of each tensor; empty: not known yet
};

}  // namespace hoist::transfer
