// Any text that claims to be checksums gives an error, or 32 digits for tensors that are known.
#include <algorithm>

#include "format/checksums_json.hpp"
#include "fuzz.hpp"
#include "support/index_checks.hpp"

using namespace hoist;

namespace {

bool is_known(std::string_view name) { return name.size() % 2 == 0 || name == "a"; }

std::string broken_invariant(const Checksums& checksums) {
  for (const auto& [name, digits] : checksums) {
    if (!base::is_utf8(name)) return "a name is not UTF-8";
    if (!is_known(name)) return "a name is none that is known";
    if (digits.size() != 32) return "a checksum has not 32 digits";
    if (digits.find_first_not_of("0123456789abcdef") != digits.npos) return "a checksum is not hexadecimal";
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto checksums = format::read_checksums(fuzz::text_of(data, size), is_known);
  fuzz::require_whole(checksums ? broken_invariant(*checksums) : test::broken_invariant(checksums.error(), size));
  if (!checksums && !base::is_utf8(checksums.error().tensor)) fuzz::require_whole("an error's tensor is not UTF-8");
  return 0;
}
