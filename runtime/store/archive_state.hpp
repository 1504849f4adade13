// What stands behind Archive and TensorView, and the way into their private parts for the library itself.
#pragma once

#include "format/index.hpp"
#include "store/slice.hpp"
#include "store/storage.hpp"

namespace hoist::store {

struct ArchiveState {
  Storage storage{};
  format::Index index{};
};

// Of an attempt to open a file: usable only if there are no errors. Else `state` may be null, or hold what was
// understood, for counting.
struct Opened {
  std::shared_ptr<const ArchiveState> state{};
  std::vector<Error> errors{};

  Result<Archive> archive() &&;  // or the first error
};

// Reads and validates the header; finds at most `max_errors` errors, each with the file's name.
Opened open_path(const std::filesystem::path& path, const OpenOptions& options, std::size_t max_errors);
Opened open_descriptor(int descriptor, const OpenOptions& options, std::size_t max_errors);
Opened open_storage(Storage storage, const OpenOptions& options, std::size_t max_errors);

// The error with the view's file and tensor.
Error placed(Error error, const TensorView& view);

struct Internals {
  static Archive archive(std::shared_ptr<const ArchiveState> state) { return Archive(std::move(state)); }
  static const ArchiveState& state(const Archive& archive) { return *archive.state_; }
  static const ArchiveState& state(const TensorView& view) { return *view.archive_; }
  static const Slice* slice(const TensorView& view) { return view.slice_.get(); }  // null: the whole tensor
  static TensorView view(const Archive& archive, std::size_t index) {
    return TensorView(archive.state_, archive.state_->index.tensors[index], nullptr);
  }
};

}  // namespace hoist::store
