// find() of each of a file's names once, in random order; every one is there.
//     HOIST_BENCH_FILE=FILE hoist_bench_find
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "hoist/checkpoint.hpp"

namespace {

const char* file() {
  const char* path = std::getenv("HOIST_BENCH_FILE");
  return path != nullptr ? path : "";
}

// Copied once more after the shuffle: who asks has the name at hand, so reading it is not part of finding it.
std::vector<std::string> shuffled_names(const hoist::Archive& archive) {
  std::vector<std::string> names;
  for (const hoist::TensorInfo& info : archive.tensors())
    names.emplace_back(info.name);
  std::ranges::shuffle(names, std::mt19937_64(1));
  return std::vector<std::string>(names.begin(), names.end());
}

template <class Handle>
void find(benchmark::State& state, const Handle& handle, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (const auto view = handle.find(name); !view || view->name() != name) return state.SkipWithError("wrong answer");
  for (auto _ : state)
    for (const std::string& name : names)
      benchmark::DoNotOptimize(handle.find(name));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(names.size()));
}

void archive_find(benchmark::State& state) {
  const auto archive = hoist::Archive::open(file()).value();
  find(state, archive, shuffled_names(archive));
}
BENCHMARK(archive_find)->Unit(benchmark::kMillisecond)->UseRealTime();

void checkpoint_find(benchmark::State& state) {
  const auto archive = hoist::Archive::open(file()).value();
  find(state, hoist::Checkpoint::of(archive), shuffled_names(archive));
}
BENCHMARK(checkpoint_find)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
