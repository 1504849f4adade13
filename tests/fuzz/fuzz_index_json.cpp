// Any index.json gives errors, or shards whose names stay inside the directory and entries that name one of them.
#include <filesystem>

#include "format/index_json.hpp"
#include "fuzz.hpp"
#include "support/index_checks.hpp"

using namespace hoist;

namespace {

std::string broken_name(std::string_view file) {
  const std::filesystem::path path(file);
  if (file.empty() || path.is_absolute()) return "a shard's name is empty or absolute";
  if (file.find_first_of(std::string_view("\\\0", 2)) != file.npos) return "a shard's name has a backslash or a NUL";
  if (file.size() > 1 && file[1] == ':') return "a shard's name has a drive letter";
  for (const auto& part : path) {
    if (part == "..") return "a shard's name leads out of the directory";
  }
  return base::is_utf8(file) ? std::string() : "a shard's name is not UTF-8";
}

std::string broken_invariant(const format::ShardIndex& index, const OpenOptions& options) {
  if (index.files.size() > options.max_shards) return "there are more shards than the limit";
  if (!std::is_sorted(index.files.begin(), index.files.end(), std::less_equal<>()) && index.files.size() > 1) {
    return "the shards are not sorted, or one stands twice";
  }
  std::vector<bool> used(index.files.size());
  for (const auto& entry : index.entries) {
    if (!base::is_utf8(entry.name)) return "a tensor's name is not UTF-8";
    if (entry.file >= index.files.size()) return "an entry names no shard";
    used[entry.file] = true;
  }
  for (std::size_t i = 0; i < index.files.size(); ++i) {
    if (!used[i]) return "a shard holds no tensor";
    if (const std::string broken = broken_name(index.files[i]); !broken.empty()) return broken;
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json = fuzz::text_of(data, size);
  for (const std::size_t max_errors : {1, 100}) {
    OpenOptions options;
    options.max_shards = 4;
    format::ErrorList errors(max_errors);
    const format::ShardIndex index = format::read_shard_index(test::header_of(json), options, errors);
    if (errors.empty()) fuzz::require_whole(broken_invariant(index, options));
    for (const Error& error : std::move(errors).take())
      fuzz::require_whole(test::broken_invariant(error, size));
  }
  return 0;
}
