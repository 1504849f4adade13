// A file while its tensors come in.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/mutex.hpp"
#include "format/file_layout.hpp"
#include "hoist/writer.hpp"
#include "io/atomic_file.hpp"
#include "transfer/coverage.hpp"
#include "transfer/file_sink.hpp"
#include "transfer/tensor_checksums.hpp"

namespace hoist::transfer {

// Thread-safe, but for what ends it. Tensors go by their number among the declarations. Errors leave `file` to the
// caller.
class TensorFile {
 public:
  struct Options {
    Layout layout = Layout::aligned;
    bool durable = true;  // written past the page cache where that goes
    bool checksums = false;
    std::stop_token stop{};
    std::function<void(std::uint64_t bytes)> on_written{};
  };

  // Fixes the layout, takes the room on the disk, and writes the header. `tensors` outlive it.
  static Result<std::unique_ptr<TensorFile>> begin(io::AtomicFile file, std::span<const format::Declaration> tensors,
                                                   const Metadata& metadata, Options options);

  // As Writer's write, and write_blocks.
  Result<void> write(std::uint32_t tensor, const TensorSource& source);
  Result<void> write(std::uint32_t tensor, std::span<const BlockSource> blocks);

  Result<void> require_everything();  // not_written

  void add_to(SaveReport& report, const std::filesystem::path& path) const { add(layout_, path, report); }
  // Adds a file's figures, and its warnings.
  static void add(const format::FileLayout& layout, const std::filesystem::path& path, SaveReport& report);

  // All that was written, to be committed; nothing may be written any more. With checksums, what nobody has hashed is
  // read back first, and the header written once more.
  Result<io::AtomicFile> take_file() &&;

 private:
  TensorFile(io::AtomicFile file, std::span<const format::Declaration> tensors, format::FileLayout layout,
             Options options);
  TensorInfo info(std::uint32_t tensor) const;
  Result<void> claim(std::uint32_t tensor, const Block& block);
  Result<void> put_checksums();
  Result<void> write_blocks(const TensorInfo& info, std::uint32_t tensor, std::span<const BlockSource> blocks);

  io::AtomicFile file_;
  std::span<const format::Declaration> tensors_;
  format::FileLayout layout_;
  std::optional<FileSink> sink_;
  std::stop_token stop_;
  std::function<void(std::uint64_t bytes)> on_written_;
  std::optional<TensorChecksums> checksums_;
  base::Mutex mutex_;
  std::vector<Coverage> written_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::transfer
