#include "hoist/verify.hpp"

#include <new>

#include "store/check_data.hpp"
#include "store/open_set.hpp"

namespace hoist {
namespace {

constexpr std::size_t max_errors = 100;  // a file

struct Judged {
  std::vector<FileVerdict> verdicts{};
  std::vector<std::shared_ptr<const store::ArchiveState>> files{};  // of each verdict; null: it holds no tensors
};

FileVerdict judge(std::string file, store::Opened opened) {
  FileVerdict verdict{.file = std::move(file)};
  if (opened.state) {
    verdict.file_bytes = opened.state->storage.size();
    verdict.tensors = opened.state->index.tensors.size();
  }
  verdict.errors = std::move(opened.errors);
  return verdict;
}

Judged judge(const std::filesystem::path& path, const OpenOptions& options) {
  store::OpenedSet set = store::open_set(path, options, max_errors);
  Judged judged;
  if (set.shards.empty() || set.is_set()) {
    FileVerdict whole{.file = set.index_file.empty() ? path.native() : set.index_file, .file_bytes = set.index_bytes};
    if (set.keys) whole.tensors = set.keys->size();
    whole.errors = std::move(set.errors);
    whole.warnings = std::move(set.warnings);
    judged.verdicts.push_back(std::move(whole));
    judged.files.emplace_back();
  }
  for (std::size_t i = 0; i < set.shards.size(); ++i) {
    judged.files.push_back(set.shards[i].state);
    judged.verdicts.push_back(judge(std::move(set.files[i]), std::move(set.shards[i])));
  }
  return judged;
}

std::vector<FileVerdict> out_of_memory(const std::filesystem::path& path) {
  return {{.file = path.native(),
           .errors = {{.code = Errc::out_of_memory, .message = "out of memory", .file = path.native()}}}};
}

}  // namespace

std::vector<FileVerdict> verify(const std::filesystem::path& path, OpenOptions options) try {
  return judge(path, options).verdicts;
} catch (const std::bad_alloc&) {
  return out_of_memory(path);
}

std::vector<FileVerdict> verify_data(const std::filesystem::path& path, OpenOptions options, DataOptions data) try {
  Judged judged = judge(path, options);
  store::check_data(judged.verdicts, judged.files, data, max_errors);
  return std::move(judged.verdicts);
} catch (const std::bad_alloc&) {
  return out_of_memory(path);
}

}  // namespace hoist
