#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "format/read_index.hpp"
#include "store/archive_state.hpp"
#include "store/nearest.hpp"

namespace hoist {
namespace store {
namespace {

Result<format::HeaderBytes> read_header(const Storage& storage, const OpenOptions& options) {
  // One read gets the length, and for most small files the whole header.
  std::array<std::byte, 16U << 10> begin;
  const auto begun = std::span(begin).first(std::min<std::uint64_t>(begin.size(), storage.size()));
  if (auto read = storage.read(0, begun); !read) return std::move(read).error();
  const auto prefix = begun.first(std::min<std::size_t>(begun.size(), format::prefix_bytes));
  auto size = format::header_bytes(prefix, storage.size(), options);
  if (!size) return std::move(size).error();
  format::HeaderBytes header(*size);
  const auto text = std::as_writable_bytes(std::span(header.data(), header.size()));
  const auto known = begun.subspan(prefix.size(), std::min(text.size(), begun.size() - prefix.size()));
  std::copy(known.begin(), known.end(), text.begin());
  auto rest = storage.read(begun.size(), text.subspan(known.size()));
  if (!rest) return std::move(rest).error();
  return header;
}

Result<std::shared_ptr<const ArchiveState>> open_state(Storage storage, const OpenOptions& options,
                                                       format::ErrorList& errors) {
  auto header = read_header(storage, options);
  if (!header) return std::move(header).error();
  format::Index index = format::read_index(std::move(header).value(), storage.size(), options, errors);
  return std::make_shared<const ArchiveState>(ArchiveState{std::move(storage), std::move(index)});
}

Result<std::shared_ptr<const ArchiveState>> open_file(Result<io::Descriptor> file, std::string name,
                                                      const OpenOptions& options, format::ErrorList& errors) {
  if (!file) return std::move(file).error();
  auto storage = Storage::of_file(std::move(file).value(), std::move(name), options.access);
  if (!storage) return std::move(storage).error();
  return open_state(std::move(storage).value(), options, errors);
}

// Runs `open`, which gives a Result of a state and may add to `errors`; puts `file` on whatever went wrong.
template <class Open>
Opened collect(const std::string& file, std::size_t max_errors, const Open& open) {
  Opened opened;
  try {
    format::ErrorList errors(max_errors);
    auto state = open(errors);
    if (state) opened.state = std::move(state).value();
    else errors.add(std::move(state).error());
    opened.errors = std::move(errors).take();
  } catch (const std::bad_alloc&) {
    opened.errors = {{.code = Errc::out_of_memory, .message = "out of memory"}};
  }
  for (Error& error : opened.errors)
    error.file = file;
  return opened;
}

}  // namespace

Opened open_path(const std::filesystem::path& path, const OpenOptions& options, std::size_t max_errors) {
  return collect(path.native(), max_errors, [&](format::ErrorList& errors) {
    return open_file(io::Descriptor::open(path), path.native(), options, errors);
  });
}

Opened open_descriptor(int descriptor, const OpenOptions& options, std::size_t max_errors) {
  const std::string name = "descriptor " + std::to_string(descriptor);
  return collect(name, max_errors, [&](format::ErrorList& errors) {
    return open_file(io::Descriptor::duplicate(descriptor), name, options, errors);
  });
}

Opened open_storage(Storage storage, const OpenOptions& options, std::size_t max_errors) {
  const std::string name = storage.name();
  return collect(name, max_errors, [&](auto& errors) { return open_state(std::move(storage), options, errors); });
}

Result<Archive> Opened::archive() && {
  if (!errors.empty()) return std::move(errors.front());
  return Internals::archive(std::move(state));
}

}  // namespace store

// --- Archive

Archive::Archive(std::shared_ptr<const store::ArchiveState> state) : state_(std::move(state)) {}

Result<Archive> Archive::open(const std::filesystem::path& path, OpenOptions options) {
  return store::open_path(path, options, 1).archive();
}

Result<Archive> Archive::from_descriptor(int descriptor, OpenOptions options) {
  return store::open_descriptor(descriptor, options, 1).archive();
}

Result<Archive> Archive::from_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                    OpenOptions options) {
  return store::open_storage(store::Storage::of_memory(bytes, std::move(owner)), options, 1).archive();
}

Result<Archive> Archive::from_source(std::shared_ptr<const Source> source, OpenOptions options) {
  HOIST_ASSERT(source != nullptr);
  return store::open_storage(store::Storage::of_source(std::move(source)), options, 1).archive();
}

std::span<const TensorInfo> Archive::tensors() const noexcept { return state_->index.tensors; }

TensorView Archive::view(std::size_t index) const {
  HOIST_ASSERT(index < state_->index.tensors.size());
  return store::Internals::view(*this, index);
}

std::optional<TensorView> Archive::find(std::string_view name) const {
  const std::uint32_t index = state_->index.find(name);
  if (index == format::NameTable::none) return std::nullopt;
  return view(index);
}

Result<TensorView> Archive::at(std::string_view name) const {
  if (auto found = find(name)) return *std::move(found);
  store::Nearest nearest(name);
  for (const TensorInfo& tensor : tensors())
    nearest.offer(tensor.name);
  return store::missing_tensor(name, nearest, std::string(file()));
}

const Metadata& Archive::metadata() const noexcept { return state_->index.metadata; }
std::string_view Archive::file() const noexcept { return state_->storage.name(); }
std::uint64_t Archive::file_bytes() const noexcept { return state_->storage.size(); }
std::uint64_t Archive::header_bytes() const noexcept { return state_->index.header.size(); }
bool Archive::mapped() const noexcept { return state_->storage.mapped(); }

}  // namespace hoist
