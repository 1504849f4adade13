// One safetensors file (or bytes that hold one): an index over it, and lazy views of its tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "hoist/dtype.hpp"
#include "hoist/result.hpp"

namespace hoist {

namespace store {  // private to the library
struct ArchiveState;
struct Slice;
struct Internals;
}  // namespace store

using Metadata = std::map<std::string, std::string, std::less<>>;

// Where bytes come from when it is not a file: an object store, a pack, a test. Thread-safe.
class HOIST_API Source {
 public:
  virtual ~Source() = default;
  virtual std::string name() const = 0;  // for messages
  virtual std::uint64_t size() const = 0;
  // All of `into`, or an error. A long read looks at `stop` now and then.
  virtual Result<void> read_at(std::uint64_t offset, std::span<std::byte> into,
                               std::stop_token stop) const noexcept = 0;
};

// automatic maps the file, and reads where the file system refuses that. mmap makes the refusal an error.
enum class Access : std::uint8_t { automatic, mmap, read };

// compatible accepts what the reference does, less what is ambiguous; strict only what its writer emits.
enum class Validation : std::uint8_t { compatible, strict };

// Behaviour, then the limits that a hostile file meets.
struct OpenOptions {
  Access access = Access::automatic;
  Validation validation = Validation::compatible;
  bool stay_in_directory = false;  // refuse shards that symlinks lead out of the checkpoint's directory

  std::uint64_t max_header_bytes = 100'000'000;  // the reference's own limit; for an index.json too
  std::uint64_t max_name_bytes = 100'000'000;    // of one tensor name
  std::uint32_t max_rank = 1024;
  std::uint32_t max_nesting = 127;    // JSON values within values, as deep as the reference goes
  std::uint32_t max_shards = 65'536;  // files of one checkpoint; each takes a descriptor
};

// One entry of the header. Refers into the archive's index.
struct TensorInfo {
  std::string_view name{};
  DType dtype{};
  std::span<const std::uint64_t> shape{};
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::uint64_t byte_count = 0;
};

// start <= i < stop in steps of `step`; a stop past the end is an error, not clipped.
struct Range {
  std::uint64_t start = 0;
  std::optional<std::uint64_t> stop{};
  std::uint64_t step = 1;
};

struct ShardOptions {
  bool uneven = false;  // the last shards may be one element shorter
};

struct CopyOptions {
  unsigned threads = 1;
  std::stop_token stop{};  // cancelled
  // When given: what was read. That is what was asked for, and, where runs begin no more than 1 KiB apart, the gaps
  // between them, which are then read over.
  std::uint64_t* bytes_read = nullptr;
};

// A tensor, or a slice of one, that has not been read yet. Cheap to copy; keeps its file open; immutable, thread-safe.
// What it returns by view lives as long as it or a copy of it. A moved-from view may only be assigned or destroyed.
class HOIST_API TensorView {
 public:
  std::string_view name() const noexcept HOIST_LIFETIME;
  DType dtype() const noexcept;
  std::span<const std::uint64_t> shape() const noexcept HOIST_LIFETIME;
  std::uint64_t byte_count() const noexcept;  // of the slice
  bool contiguous() const noexcept;

  const TensorInfo& info() const noexcept HOIST_LIFETIME;  // of the whole tensor
  std::string_view file() const noexcept HOIST_LIFETIME;   // that it lies in, as it was opened

  // Views of this view; nothing is read. Missing trailing ranges take everything. invalid_slice, also where
  // a row of F4 or F6 elements does not end on a byte; indivisible.
  Result<TensorView> slice(std::vector<Range> ranges) const;
  Result<TensorView> shard(std::size_t dim, std::uint64_t index, std::uint64_t count, ShardOptions = {}) const;

  // The mapping itself. Touching it after the file was truncated raises SIGBUS: where that can happen,
  // use copy_to. not_mapped (access was read, or a Source), not_contiguous.
  Result<std::span<const std::byte>> bytes() const HOIST_LIFETIME;

  // The same, as elements: T is any type of the dtype's size (BF16 as std::uint16_t). misaligned, wrong_dtype.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  Result<std::span<const T>> as() const HOIST_LIFETIME {
    auto raw = elements(sizeof(T), alignof(T));
    if (!raw) return std::move(raw).error();
    return std::span(reinterpret_cast<const T*>(raw->data()), raw->size() / sizeof(T));
  }

  // Reads exactly the bytes of the view, row-major. `into` must have byte_count() bytes; after an error it
  // holds no promise. truncated_data, io_error, cancelled.
  Result<void> copy_to(std::span<std::byte> into, CopyOptions = {}) const;

  void prefetch() const noexcept;  // asks the kernel to read the bytes ahead; a hint, failure is silence
  void evict() const noexcept;     // lets go of the bytes in the page cache; likewise

 private:
  friend struct store::Internals;
  TensorView(std::shared_ptr<const store::ArchiveState> archive, const TensorInfo& info,
             std::shared_ptr<const store::Slice> slice);
  Result<std::span<const std::byte>> elements(std::size_t size, std::size_t alignment) const;

  std::shared_ptr<const store::ArchiveState> archive_;
  const TensorInfo* info_;
  std::shared_ptr<const store::Slice> slice_;  // null: the whole tensor
};

// An opened and validated file. A handle: copies share one index and one descriptor. Immutable, thread-safe.
class HOIST_API Archive {
 public:
  static Result<Archive> open(const std::filesystem::path& path, OpenOptions = {});
  static Result<Archive> from_descriptor(int descriptor, OpenOptions = {});  // duplicated, not taken
  static Result<Archive> from_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                    OpenOptions = {});
  static Result<Archive> from_source(std::shared_ptr<const Source> source, OpenOptions = {});

  std::span<const TensorInfo> tensors() const noexcept HOIST_LIFETIME;  // in file order
  TensorView view(std::size_t index) const;                             // of tensors()[index]
  std::optional<TensorView> find(std::string_view name) const;
  Result<TensorView> at(std::string_view name) const;  // missing_tensor, with the nearest names
  const Metadata& metadata() const noexcept HOIST_LIFETIME;
  std::string_view file() const noexcept HOIST_LIFETIME;  // the path as given, or the source's name
  std::uint64_t file_bytes() const noexcept;
  std::uint64_t header_bytes() const noexcept;  // the JSON, padding included, without the 8 bytes of its length
  bool mapped() const noexcept;

 private:
  friend struct store::Internals;
  explicit Archive(std::shared_ptr<const store::ArchiveState> state);

  std::shared_ptr<const store::ArchiveState> state_;
};

}  // namespace hoist
