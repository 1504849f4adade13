// Any header gives errors or an index that holds all invariants.
#include "fuzz.hpp"
#include "support/index_checks.hpp"

using namespace hoist;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json = fuzz::text_of(data, size);
  fuzz::each_setting(json, [&](const OpenOptions& options, std::size_t max_errors, std::uint64_t data_bytes) {
    const test::Reading reading = test::read_json(json, data_bytes, options, max_errors);
    fuzz::require_whole(test::broken_invariant(reading, 8 + json.size() + data_bytes, options));
  });
  return 0;
}
