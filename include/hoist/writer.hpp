// Writes one safetensors file, whole or not at all: declare the tensors, then hand over their bytes in any order.
//     auto writer = hoist::Writer::create("out.safetensors").value();
//     writer.declare("w", hoist::DType::BF16, {4096, 4096}).value();
//     writer.begin().value();
//     writer.write_block("w", {.start = {0, 0}, .size = {2048, 4096}}, upper_half).value();
//     writer.write_block("w", {.start = {2048, 0}, .size = {2048, 4096}}, lower_half).value();
//     std::move(writer).commit().value();
#pragma once

#include <functional>
#include <initializer_list>
#include <variant>

#include "hoist/archive.hpp"
#include "hoist/layout.hpp"

namespace hoist {

struct WriteOptions {
  Layout layout = Layout::aligned;
  bool durable = true;    // on disk when commit returns
  bool overwrite = true;  // else already_exists, at the latest at commit
  // The metadata hold a checksum of every tensor, which verify_data compares with its bytes (hoist/checksums.hpp).
  // Tensors that are written whole are hashed on their way; commit reads the others back.
  bool checksums = false;
  std::stop_token stop{};                                 // cancelled
  std::function<void(std::uint64_t bytes)> on_written{};  // so many more of tensors; from any thread that writes
};

// A box of a tensor: `size` elements from `start` on, in every dimension.
struct Block {
  Shape start{};
  Shape size{};
};

// Where the elements of a tensor, or of a box of it, come from, row-major: bytes in memory, or a tensor of a
// checkpoint, or a slice of one, which is read then.
using TensorSource = std::variant<std::span<const std::byte>, TensorView>;

struct BlockSource {
  Block block{};
  TensorSource source{};
};

struct SavedFile {
  std::filesystem::path path{};
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
};

struct SaveReport {
  std::uint64_t tensors = 0;
  std::uint64_t tensor_bytes = 0;
  std::uint64_t bytes = 0;       // of the files
  std::uint64_t aligned_64 = 0;  // tensors that lie at a multiple of it in the file
  std::uint64_t aligned_256 = 0;
  std::uint64_t aligned_4096 = 0;
  bool durable = false;
  std::vector<SavedFile> files{};
  std::filesystem::path index{};  // of a ShardedWriter's; empty, where it wrote one file
  std::vector<Error> warnings{};  // not_durable; header_too_large: larger than some readers take
};

// A file that is being written: under a name of its own in the target's directory, until commit gives it the target's.
// A target that is there is replaced then, and keeps its mode, not its owner and group; who has it open or mapped goes
// on with what it was. A symlink is replaced, not followed. Destruction without commit leaves no trace.
//
// Thread-safe from begin to commit; declare, set_metadata, begin and commit are for one thread. The first failure, of
// whatever kind, is what every later call gives. wrong_order: a call before begin or after it that does not belong
// there, or any after commit. The system's errors name the target.
class HOIST_API Writer {
 public:
  // not_regular: the target is a directory, a device, or the like.
  static Result<Writer> create(const std::filesystem::path& path, WriteOptions = {});
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;
  ~Writer();

  // duplicate_tensor, invalid_shape, invalid_utf8; invalid_field: "__metadata__" is no tensor's name.
  Result<void> declare(std::string_view name, DType dtype, std::span<const std::uint64_t> shape);
  Result<void> declare(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape);
  // duplicate_metadata; invalid_field: checksums_key, with checksums or without. The file that they came from says
  // nothing of this one, so a copy of its metadata leaves them out.
  Result<void> set_metadata(std::string_view key, std::string_view value);

  // What a save of what is declared comes to, before begin. What begin says, but for the disk.
  Result<SaveReport> estimate() const;

  // Fixes the layout, and takes the room on the disk. invalid_utf8 in the metadata; header_too_large; invalid_shape:
  // all together are more than a file holds.
  Result<void> begin();

  // A whole tensor, or boxes of it. The source may be reused when these return. missing_tensor; size_mismatch;
  // wrong_dtype; written_twice: a byte of it was there before; invalid_slice: the box leaves the tensor, or its rows
  // are no whole bytes; what reading the source says, with its file.
  Result<void> write(std::string_view name, const TensorSource& source);
  Result<void> write_block(std::string_view name, const Block& block, const TensorSource& source);
  // Several boxes at once: rows that lie side by side go to the file together. Much faster for columns.
  Result<void> write_blocks(std::string_view name, std::span<const BlockSource> blocks);

  // not_written: bytes of a tensor are missing. What reading back for checksums says. After an error the target is
  // what it was.
  Result<SaveReport> commit() &&;

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace hoist
