#include "store/open_set.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "base/workers.hpp"
#include "store/join.hpp"
#include "store/locate.hpp"

namespace hoist::store {
namespace {

namespace fs = std::filesystem;

constexpr unsigned max_open_threads = 16;  // opening is short: more would only wait for each other

Result<format::HeaderBytes> read_text(const fs::path& path, const OpenOptions& options) {
  auto file = io::Descriptor::open(path);
  if (!file) return std::move(file).error();
  const std::uint64_t size = file->opened_size();
  if (const std::uint64_t limit = std::min<std::uint64_t>(options.max_header_bytes, UINT32_MAX); size > limit) {
    return Error{.code = Errc::invalid_index,
                 .message = "has " + base::grouped(size) + " bytes, the limit is " + base::grouped(limit)};
  }
  format::HeaderBytes text(size);
  auto read = io::read_exactly(*file, 0, std::as_writable_bytes(std::span(text.data(), text.size())));
  if (!read) return std::move(read).error();
  return text;
}

// `open(i)` once for each i below `count`, on a few threads.
std::vector<Opened> open_all(std::size_t count, const std::function<Opened(std::size_t)>& open) {
  std::vector<Opened> opened(count);
  if (count == 1) {
    opened[0] = open(0);  // asking how many cores there are costs as much as opening a small file
    return opened;
  }
  base::for_each_index(count, std::min(std::thread::hardware_concurrency(), max_open_threads), [&](std::size_t i) {
    opened[i] = open(i);
    return true;
  });
  return opened;
}

Opened failed(Error error) {
  Opened opened;
  opened.errors.push_back(std::move(error));
  return opened;
}

// Follows the symlinks of both, since the hub's cache is made of them.
bool inside(const fs::path& file, const fs::path& directory) {
  std::error_code error;
  const fs::path real_file = fs::canonical(file, error);
  if (error) return true;  // opening the file says what is wrong
  const fs::path real_directory = fs::canonical(directory, error);
  if (error) return true;
  return std::mismatch(real_directory.begin(), real_directory.end(), real_file.begin(), real_file.end()).first ==
         real_directory.end();
}

// Turns what the shards gave into the key space, by the rules of `index` (none: a numbered set, or one file).
void build_keys(OpenedSet& set, const format::ShardIndex* index, const OpenOptions& options, std::size_t max_errors) {
  std::vector<Archive> archives;
  std::vector<bool> usable;
  for (std::size_t i = 0; i < set.shards.size(); ++i) {
    Opened& shard = set.shards[i];
    if (!shard.errors.empty() && shard.errors.front().code == Errc::not_found && set.is_set()) {
      Error& error = shard.errors.front();
      error.code = Errc::missing_shard;
      error.message = "the shard is missing: " + error.message;
    }
    usable.push_back(shard.errors.empty());
    archives.push_back(Internals::archive(usable.back() ? shard.state : std::make_shared<const ArchiveState>()));
  }
  set.keys.emplace(std::move(archives));
  if (index == nullptr && !set.keys->shards().empty()) set.metadata = set.keys->shards()[0].metadata();
  format::ErrorList errors(max_errors);
  if (auto blocks = refuse_block_shards(set.keys->shards())) errors.add(*std::move(blocks));
  else if (!set.is_set()) return;
  else if (index) join_by_index(*index, set.index_file, options, usable, *set.keys, errors, set.warnings);
  else join_all(*set.keys, errors);
  set.errors = std::move(errors).take();
}

void open_shards_of_index(OpenedSet& set, format::HeaderBytes text,
                          const std::function<Opened(std::string_view file)>& open, const OpenOptions& options,
                          std::size_t max_errors) {
  set.index_bytes = text.size();
  format::ErrorList errors(max_errors);
  format::ShardIndex index = format::read_shard_index(std::move(text), options, errors);
  if (!errors.empty()) {
    set.errors = std::move(errors).take();
    for (Error& error : set.errors)
      error.file = set.index_file;
    return;
  }
  set.metadata = std::move(index.metadata);
  set.files.assign(index.files.begin(), index.files.end());
  set.shards = open_all(index.files.size(), [&](std::size_t i) { return open(index.files[i]); });
  build_keys(set, &index, options, max_errors);
}

}  // namespace

OpenedSet open_set(const fs::path& path, const OpenOptions& options, std::size_t max_errors) {
  OpenedSet set;
  auto located = locate(path);
  if (!located) {
    set.errors.push_back(std::move(located).error());
    return set;
  }
  if (located->index.empty()) {
    set.files.assign(located->files.begin(), located->files.end());
    set.shards =
        open_all(set.files.size(), [&](std::size_t i) { return open_path(set.files[i], options, max_errors); });
    build_keys(set, nullptr, options, max_errors);
    return set;
  }
  set.index_file = located->index.native();
  auto text = read_text(located->index, options);
  if (!text) {
    set.errors.push_back(std::move(text).error());
    set.errors.back().file = set.index_file;
    return set;
  }
  const fs::path directory = located->index.parent_path();
  const auto open = [&](std::string_view file) {
    const fs::path shard = directory / file;
    if (options.stay_in_directory && !inside(shard, directory.empty() ? "." : directory)) {
      return failed({.code = Errc::invalid_index,
                     .message = "lies outside of the checkpoint's directory",
                     .file = shard.native()});
    }
    return open_path(shard, options, max_errors);
  };
  open_shards_of_index(set, std::move(text).value(), open, options, max_errors);
  for (std::string& file : set.files)
    file = (directory / file).native();
  return set;
}

OpenedSet open_index(std::string_view index_json, const std::function<Opened(std::string_view file)>& open,
                     const OpenOptions& options, std::size_t max_errors) {
  OpenedSet set;
  set.index_file = "index.json";
  if (index_json.size() > std::min<std::uint64_t>(options.max_header_bytes, UINT32_MAX)) {
    set.errors.push_back({.code = Errc::invalid_index, .message = "is above the size limit", .file = set.index_file});
    return set;
  }
  format::HeaderBytes text(index_json.size());
  std::memcpy(text.data(), index_json.data(), index_json.size());
  open_shards_of_index(set, std::move(text), open, options, max_errors);
  return set;
}

}  // namespace hoist::store
