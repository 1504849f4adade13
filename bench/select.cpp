// A selector of 16 layers over all the names of a file.
//     HOIST_BENCH_FILE=FILE hoist_bench_select
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "hoist/checkpoint.hpp"

namespace {

bool in_first_16_layers(std::string_view name) {
  constexpr std::string_view prefix = "model.layers.";
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const auto number = name.substr(0, name.find('.'));
  return number.size() < name.size() && (number.size() == 1 || (number.size() == 2 && number <= "15"));
}

void select_16_layers(benchmark::State& state) {
  const char* path = std::getenv("HOIST_BENCH_FILE");
  const auto checkpoint = hoist::Checkpoint::open(path != nullptr ? path : "").value();
  const std::vector<std::string> patterns{"model.layers.{0..15}.**"};

  std::size_t expected = 0;
  for (const hoist::TensorView& view : checkpoint.tensors())
    expected += in_first_16_layers(view.name()) ? 1 : 0;
  const auto selected = checkpoint.select(patterns).value();
  bool right = expected != 0 && selected.size() == expected;
  for (const hoist::TensorView& view : selected)
    right = right && in_first_16_layers(view.name());
  if (!right) return state.SkipWithError("wrong answer");

  for (auto _ : state)
    benchmark::DoNotOptimize(checkpoint.select(patterns).value());
  state.counters["names"] = static_cast<double>(checkpoint.tensor_count());
  state.counters["selected"] = static_cast<double>(selected.size());
}
BENCHMARK(select_16_layers)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
