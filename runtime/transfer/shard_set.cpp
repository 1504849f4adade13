#include "transfer/shard_set.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/error.hpp"
#include "format/shard_name.hpp"
#include "io/descriptor.hpp"
#include "io/directory.hpp"
#include "io/temporary.hpp"

namespace hoist::transfer {
namespace {

// Nothing where the file is no whole index.
std::optional<format::ShardIndex> read_index(const io::Descriptor& file) {
  const OpenOptions options;
  if (file.opened_size() > options.max_header_bytes) return std::nullopt;
  format::HeaderBytes text(file.opened_size());
  if (!io::read_exactly(file, 0, std::as_writable_bytes(std::span(text.data(), text.size())))) return std::nullopt;
  format::ErrorList errors(1);
  format::ShardIndex index = format::read_shard_index(std::move(text), options, errors);
  if (!errors.empty()) return std::nullopt;
  return index;
}

bool in_this_directory(std::string_view file) { return file.find('/') == std::string_view::npos; }

Error already_exists() {
  return {.code = Errc::already_exists, .message = "a checkpoint of this name is there already", .system_code = EEXIST};
}

// Waits for the commits of others; where the file system knows no locks, nobody waits.
class DirectoryLock {
 public:
  explicit DirectoryLock(int directory) : directory_(directory) {
    while (flock(directory, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~DirectoryLock() { flock(directory_, LOCK_UN); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int directory_;
};

// Names that were given, and are taken back unless they are kept.
class Names {
 public:
  explicit Names(int directory) : directory_(directory) {}
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() {
    for (const std::string& name : given_)
      unlinkat(directory_, name.c_str(), 0);
  }

  Result<void> give(io::AtomicFile& file, const std::string& name) {
    given_.push_back(name);
    auto named = file.give_name(name);
    if (!named) given_.pop_back();
    return named;
  }
  void keep() noexcept { given_.clear(); }

 private:
  int directory_;
  std::vector<std::string> given_;
};

}  // namespace

ShardSet::ShardSet(std::shared_ptr<const io::Handle> directory, const std::filesystem::path& path,
                   io::AtomicOptions options)
    : directory_(std::move(directory)), path_(path), name_(path.filename()), options_(options) {
  stem_ = name_.substr(0, name_.size() - format::file_ending.size());
  index_name_ = stem_ + std::string(format::index_ending);
}

Result<ShardSet> ShardSet::open(const std::filesystem::path& path, io::AtomicOptions options) {
  const std::string name = path.filename();
  if (!name.ends_with(format::file_ending) || name.size() == format::file_ending.size()) {
    return Error{.code = Errc::invalid_index,
                 .message = "a checkpoint of several files is called NAME" + std::string(format::file_ending)};
  }
  auto directory = io::Handle::open_directory(path.has_parent_path() ? path.parent_path() : ".");
  if (!directory) return std::move(directory).error();
  ShardSet set(std::make_shared<const io::Handle>(std::move(directory).value()), path, options);
  const int fd = set.directory_->get();
  io::remove_left_behind(fd, set.index_name_, [&](int file) { return set.still_needed(file); });
  io::remove_left_behind(fd, name);
  auto there = set.look();
  if (!there) return std::move(there).error();
  if (there->anything() && !options.overwrite) return already_exists();
  struct stat status;
  if (!there->files.empty() && fstatat(fd, there->files[0].c_str(), &status, 0) == 0 && S_ISREG(status.st_mode)) {
    set.options_.mode = status.st_mode & 07777;
  }
  return set;
}

// Removes what a save listed that did not come to its end. True: the list has to stay.
bool ShardSet::still_needed(int left_behind) const {
  const auto list = io::Descriptor::duplicate(left_behind);
  if (!list) return true;
  const auto listed = read_index(*list);
  if (!listed) return false;  // it was being written itself: nothing had its name yet
  const io::Handle index(openat(directory_->get(), index_name_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (index.get() < 0 && errno != ENOENT) return true;
  const bool there = index.get() >= 0;
  const auto file = there ? io::Descriptor::duplicate(index.get()) : Result<io::Descriptor>(Error{});
  const auto standing = file ? read_index(*file) : std::nullopt;
  if (there && !standing) return true;
  for (const std::string_view name : listed->files) {
    if (!in_this_directory(name)) continue;
    // Without an index, what stands has a plain name.
    const auto shard = format::parse_shard_name(name);
    const bool stands = there ? std::ranges::binary_search(standing->files, name) : !shard || shard->set_id.empty();
    if (!stands) unlinkat(directory_->get(), std::string(name).c_str(), 0);
  }
  return false;
}

Result<ShardSet::Standing> ShardSet::look() const {
  const int fd = directory_->get();
  Standing found;
  for (const auto& [name, there] : {std::pair{&index_name_, &found.index}, {&name_, &found.file}}) {
    struct stat status;
    *there = fstatat(fd, name->c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*there && errno != ENOENT) return base::system_error(errno, "cannot look at " + base::quoted(*name));
    if (*there && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
      return Error{.code = Errc::not_regular, .message = base::quoted(*name) + " is there, and is not a regular file"};
    }
  }
  if (found.index) {
    const io::Handle text(openat(fd, index_name_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (text.get() < 0) return base::system_error(errno, "read the index that is there");
    auto index_file = io::Descriptor::duplicate(text.get());
    if (!index_file) return std::move(index_file).error();
    if (const auto read = read_index(*index_file)) {
      for (const std::string_view name : read->files) {
        if (in_this_directory(name)) found.files.emplace_back(name);
      }
    }
    return found;
  }
  std::vector<std::string> shards;
  std::uint32_t count = 0;
  auto listed = io::for_each_entry(fd, [&](std::string_view entry) {
    const auto shard = format::parse_shard_name(entry);
    if (!shard || shard->stem != stem_ || !shard->set_id.empty()) return;
    shards.emplace_back(entry);
    count = shard->count;
  });
  if (!listed) return std::move(listed).error();
  found.shards = !shards.empty();
  if (found.file) found.files = {name_};
  else if (shards.size() == count) found.files = std::move(shards);
  return found;
}

std::filesystem::path ShardSet::plain_name(std::size_t number, std::size_t count) const {
  if (count == 1) return path_;
  const format::ShardName name{
      .stem = stem_, .number = static_cast<std::uint32_t>(number + 1), .count = static_cast<std::uint32_t>(count)};
  return path_.parent_path() / name.text();
}

Result<io::AtomicFile> ShardSet::create_file() const {
  io::AtomicOptions options = options_;
  options.clean = false;
  return io::AtomicFile::create(directory_, name_, options);
}

Result<io::AtomicFile> ShardSet::write_index(std::string_view text) const {
  auto file = io::AtomicFile::create(
      directory_, index_name_,
      {.durable = options_.durable, .overwrite = options_.overwrite, .clean = false, .mode = options_.mode});
  if (!file) return file;
  if (auto room = file->allocate(text.size()); !room) return std::move(room).error();
  if (auto written = file->write_at(0, std::as_bytes(std::span(text))); !written) return std::move(written).error();
  return file;
}

Result<void> ShardSet::sync_directory() const {
  if (options_.durable && fsync(directory_->get()) != 0) return base::system_error(errno, "fsync of its directory");
  return {};
}

Result<ShardSet::Committed> ShardSet::commit(std::vector<Shard> shards, std::uint64_t tensor_bytes) && {
  if (shards.size() > format::max_shard_number) {
    return Error{.code = Errc::invalid_index,
                 .message = "more than " + base::grouped(format::max_shard_number) + " files: let each hold more"};
  }
  for (Shard& shard : shards) {
    if (auto finished = shard.file.finish(); !finished) return std::move(finished).error();
  }
  const DirectoryLock lock(directory_->get());
  auto old = look();
  if (!old) return std::move(old).error();
  if (old->anything() && !options_.overwrite) return already_exists();
  if (shards.size() == 1 && !old->index && !old->shards) {
    Committed committed{.files = {path_}};
    if (auto named = shards[0].file.give_name(); !named) return std::move(named).error();
    if (auto synced = sync_directory(); !synced) committed.directory_errno = synced.error().system_code;
    return committed;
  }
  return commit_set(std::move(shards), tensor_bytes, *old);
}

Result<ShardSet::Committed> ShardSet::commit_set(std::vector<Shard> shards, std::uint64_t tensor_bytes,
                                                 const Standing& old) {
  const int directory = directory_->get();
  std::string set_id;
  if (old.anything()) {
    auto digits = io::random_digits();
    if (!digits) return std::move(digits).error();
    set_id = std::move(digits).value();
  }
  Committed committed, plainly{.files = {path_}};
  const std::filesystem::path parent = path_.parent_path();
  committed.index = parent / index_name_;
  std::vector<std::string> files;
  format::WeightMap map, list;
  for (std::uint32_t i = 0; i < shards.size(); ++i) {
    const format::ShardName name{
        .stem = stem_, .set_id = set_id, .number = i + 1, .count = static_cast<std::uint32_t>(shards.size())};
    files.push_back(name.text());
    committed.files.push_back(parent / files.back());
  }
  for (std::size_t i = 0; i < shards.size(); ++i) {
    for (const std::string_view tensor : shards[i].tensors)
      map.emplace(tensor, files[i]);
  }
  for (const std::string& file : files)
    list.emplace(file, file);
  for (const std::string& file : old.files)
    list.emplace(file, file);
  // Destroyed in the end, and its name with it.
  auto left_behind = write_index(format::shard_index_text(0, list));
  if (!left_behind) return std::move(left_behind).error();
  if (auto finished = left_behind->finish(); !finished) return std::move(finished).error();
  auto index = write_index(format::shard_index_text(tensor_bytes, map));
  if (!index) return std::move(index).error();
  if (auto finished = index->finish(); !finished) return std::move(finished).error();
  if (auto synced = sync_directory(); !synced) return std::move(synced).error();

  Names names(directory);
  for (std::size_t i = 0; i < shards.size(); ++i) {
    if (auto named = names.give(shards[i].file, files[i]); !named) return std::move(named).error();
  }
  if (auto synced = sync_directory(); !synced) return std::move(synced).error();
  if (auto named = index->give_name(); !named) return std::move(named).error();
  names.keep();
  // From here on the new set stands, and nothing may fail any more.
  if (options_.durable && fsync(directory) != 0) {
    committed.directory_errno = errno;
    return committed;  // the old index may be back after a loss of power, and wants its files then
  }
  for (const std::string& file : old.files)
    unlinkat(directory, file.c_str(), 0);
  if (shards.size() == 1 && call_plainly(files[0])) return plainly;
  return committed;
}

// One file that took the place of a set, behind an index: gets its plain name, and the index goes. A reader finds it at
// each step. Where a step fails, or other files would make the choice less than plain, the index stays.
bool ShardSet::call_plainly(const std::string& file) const noexcept {
  const int directory = directory_->get();
  bool alone = true;
  try {
    const auto listed = io::for_each_entry(directory, [&](std::string_view entry) {
      const auto shard = format::parse_shard_name(entry);
      const bool unnamed = shard && !shard->set_id.empty();
      if (entry.ends_with(format::file_ending) && entry != name_ && !unnamed) alone = false;
    });
    if (!listed || !alone) return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  unlinkat(directory, name_.c_str(), 0);  // no part of any checkpoint: the index does not name it
  if (linkat(directory, file.c_str(), directory, name_.c_str(), 0) != 0) return false;
  if (options_.durable && fsync(directory) != 0) return false;
  if (unlinkat(directory, index_name_.c_str(), 0) != 0) return false;
  unlinkat(directory, file.c_str(), 0);
  if (options_.durable) fsync(directory);
  return true;
}

}  // namespace hoist::transfer
