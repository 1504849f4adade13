#include "store/check_data.hpp"

#include <optional>

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "hoist/checksums.hpp"

namespace hoist::store {
namespace {

// A tensor that is to be read, and in the end what came of it.
struct Item {
  FileVerdict* verdict;
  const Storage* storage;
  const TensorInfo* tensor;
  std::string claimed;
  bool compared = false;
  std::optional<Error> error{};
};

void add_items(FileVerdict& verdict, const std::shared_ptr<const ArchiveState>& file, std::vector<Item>& items) {
  verdict.checked = 0;
  auto checksums = checksums_of(Internals::archive(file));
  if (!checksums) {
    verdict.errors.push_back(std::move(checksums).error());
  } else if (*checksums) {
    for (const TensorInfo& tensor : file->index.tensors) {
      const auto found = (**checksums).find(tensor.name);
      if (found == (**checksums).end()) continue;
      items.push_back(
          {.verdict = &verdict, .storage = &file->storage, .tensor = &tensor, .claimed = std::move(found->second)});
    }
  }
}

void compare(const Result<std::string>& digits, Item& item) {
  item.compared = static_cast<bool>(digits);
  if (digits && *digits == item.claimed) return;
  if (digits) {
    item.error = {.code = Errc::checksum_mismatch,
                  .message = "the checksum of its bytes is " + *digits + ", the file says " + item.claimed,
                  .offset = item.tensor->offset};
  } else {
    item.error = digits.error();
  }
  item.error->file = item.verdict->file;
  item.error->tensor = item.tensor->name;
}

}  // namespace

void check_data(std::span<FileVerdict> verdicts, std::span<const std::shared_ptr<const ArchiveState>> files,
                const DataOptions& options, std::size_t max_errors) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i] && verdicts[i].errors.empty()) add_items(verdicts[i], files[i], items);
  }
  std::vector<std::uint64_t> sizes;
  std::uint64_t total = 0;
  for (const Item& item : items)
    total += sizes.emplace_back(item.tensor->byte_count);
  const auto progress = [&](std::uint64_t bytes) {
    if (options.on_progress) options.on_progress(bytes, total);
  };
  progress(0);
  base::checksum_all(
      sizes, options.threads,
      [&](std::size_t i, std::uint64_t begin, std::span<std::byte> into) {
        auto read = items[i].storage->read(items[i].tensor->offset + begin, into, options.stop);
        if (read) progress(into.size());
        return read;
      },
      [&](std::size_t i, const Result<std::string>& digits) {
        compare(digits, items[i]);
        return !options.stop.stop_requested();
      });
  for (Item& item : items) {
    FileVerdict& verdict = *item.verdict;
    if (item.compared) ++*verdict.checked;
    // Where a stop came before it was begun, it is as if it had come while it was read.
    if (!item.compared && !item.error) item.error = base::cancelled(item.tensor->offset);
    if (item.error && verdict.errors.size() < max_errors) verdict.errors.push_back(*std::move(item.error));
  }
}

}  // namespace hoist::store
