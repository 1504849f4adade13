// The canonical scanner never changes a verdict: with it and without it the grammar reader's index and errors are
// equal.
#include "fuzz.hpp"
#include "support/index_checks.hpp"

using namespace hoist;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json = fuzz::text_of(data, size);
  fuzz::each_setting(json, [&](const OpenOptions& options, std::size_t max_errors, std::uint64_t data_bytes) {
    const auto both = test::read_json(json, data_bytes, options, max_errors, format::Readers::both);
    const auto grammar = test::read_json(json, data_bytes, options, max_errors, format::Readers::grammar_only);
    fuzz::require_whole(test::difference(both, grammar));
  });
  return 0;
}
