// The files of a checkpoint of several, which take the place of another as one.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "format/index_json.hpp"
#include "io/atomic_file.hpp"

namespace hoist::transfer {

// Where no checkpoint is, shards get plain names, and the index comes last. Where one is, the names of the new shards
// carry the id of their set, so that they mean nothing until an index names them: giving the index its name is the
// commit, and then the files of the old checkpoint go. From before the first shard has its name until the last old file
// is gone, a locked temporary of the index lists both; should the process end in between, the next save removes
// those of them that the index does not name then. For one thread.
class ShardSet {
 public:
  // `path` is what the checkpoint is called as one file: "model.safetensors". already_exists, not_regular. Removes what
  // was left behind.
  static Result<ShardSet> open(const std::filesystem::path& path, io::AtomicOptions options);

  // Of file `number`, counted from 0, of so many, where nothing is in the place of the set.
  std::filesystem::path plain_name(std::size_t number, std::size_t count) const;
  Result<io::AtomicFile> create_file() const;  // which has no name yet

  // A file that is written, and what it holds.
  struct Shard {
    io::AtomicFile file;
    std::vector<std::string_view> tensors{};
  };

  // An error: what was there is there, and nothing of the new set. Else it stands; the errno is as AtomicFile's.
  struct Committed {
    std::vector<std::filesystem::path> files{};
    std::filesystem::path index{};  // or empty, of a single file
    int directory_errno = 0;
  };
  Result<Committed> commit(std::vector<Shard> shards, std::uint64_t tensor_bytes) &&;

 private:
  // What is in the directory of this name.
  struct Standing {
    bool index = false;
    bool file = false;                 // called as the checkpoint
    bool shards = false;               // with plain numbers
    std::vector<std::string> files{};  // that a reader takes for the checkpoint
    bool anything() const { return index || file || shards; }
  };

  ShardSet(std::shared_ptr<const io::Handle> directory, const std::filesystem::path& path, io::AtomicOptions options);
  Result<Standing> look() const;
  Result<Committed> commit_set(std::vector<Shard> shards, std::uint64_t tensor_bytes, const Standing& old);
  bool call_plainly(const std::string& file) const noexcept;
  Result<io::AtomicFile> write_index(std::string_view text) const;
  bool still_needed(int left_behind) const;
  Result<void> sync_directory() const;

  std::shared_ptr<const io::Handle> directory_;
  std::filesystem::path path_;
  std::string name_;        // "model.safetensors"
  std::string stem_;        // "model"
  std::string index_name_;  // "model.safetensors.index.json"
  io::AtomicOptions options_;
};

}  // namespace hoist::transfer
