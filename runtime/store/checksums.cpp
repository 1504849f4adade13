#include "hoist/checksums.hpp"

#include "base/error.hpp"
#include "format/checksums_json.hpp"
#include "store/archive_state.hpp"

namespace hoist {

Result<std::optional<Checksums>> checksums_of(const Archive& archive) {
  return base::catching_bad_alloc([&]() -> Result<std::optional<Checksums>> {
    const auto claimed = archive.metadata().find(checksums_key);
    if (claimed == archive.metadata().end()) return std::optional<Checksums>();
    const format::Index& index = store::Internals::state(archive).index;
    auto checksums = format::read_checksums(
        claimed->second, [&](std::string_view name) { return index.find(name) != format::NameTable::none; });
    if (checksums) return std::optional(std::move(checksums).value());
    Error error = std::move(checksums).error();
    error.file = archive.file();
    return error;
  });
}

}  // namespace hoist
