#include "hoist/verify.hpp"

#include <new>

#include "store/open_set.hpp"

namespace hoist {
namespace {

constexpr std::size_t max_errors = 100;  // a file

FileVerdict judge(std::string file, store::Opened opened) {
  FileVerdict verdict{.file = std::move(file)};
  if (opened.state) {
    verdict.file_bytes = opened.state->storage.size();
    verdict.tensors = opened.state->index.tensors.size();
  }
  verdict.errors = std::move(opened.errors);
  return verdict;
}

}  // namespace

std::vector<FileVerdict> verify(const std::filesystem::path& path, OpenOptions options) try {
  store::OpenedSet set = store::open_set(path, options, max_errors);
  std::vector<FileVerdict> verdicts;
  if (set.shards.empty() || set.is_set()) {
    FileVerdict whole{.file = set.index_file.empty() ? path.native() : set.index_file, .file_bytes = set.index_bytes};
    if (set.keys) whole.tensors = set.keys->size();
    whole.errors = std::move(set.errors);
    whole.warnings = std::move(set.warnings);
    verdicts.push_back(std::move(whole));
  }
  for (std::size_t i = 0; i < set.shards.size(); ++i) {
    verdicts.push_back(judge(std::move(set.files[i]), std::move(set.shards[i])));
  }
  return verdicts;
} catch (const std::bad_alloc&) {
  return {{.file = path.native(),
           .errors = {{.code = Errc::out_of_memory, .message = "out of memory", .file = path.native()}}}};
}

}  // namespace hoist
