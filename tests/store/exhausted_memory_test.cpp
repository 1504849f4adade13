// Memory that runs out at the Nth allocation, on whichever thread: an error, never the end of the process.
#include <gtest/gtest.h>

#include "hoist/checkpoint.hpp"
#include "hoist/verify.hpp"
#include "support/checkpoint_files.hpp"
#include "support/exhausted_memory.hpp"

namespace hoist {
namespace {

std::filesystem::path write_set(const test::TemporaryDirectory& directory) {
  std::vector<std::pair<std::string, std::string>> weights;
  for (int i = 1; i <= 4; ++i) {
    const std::string file = "m-0000" + std::to_string(i) + "-of-00004.safetensors";
    const std::string tensor = "a tensor with a name of its own, number " + std::to_string(i);
    directory.write(file, test::file_of({tensor}));
    weights.emplace_back(tensor, file);
  }
  return directory.write(test::index_name, test::index_of(weights));
}

TEST(ExhaustedMemory, WhileASetIsOpenedIsAnError) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path index = write_set(directory);
  const OpenOptions inside{.stay_in_directory = true};
  EXPECT_GT(test::sweep_allocations([&] {
              const auto checkpoint = Checkpoint::open(index, inside);
              return checkpoint && checkpoint->tensor_count() == 4;
            }),
            50);
}

TEST(ExhaustedMemory, WhileASetIsVerifiedIsAVerdict) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path index = write_set(directory);
  EXPECT_GT(test::sweep_allocations([&] { return verify(index).size() == 5; }), 50);
}

TEST(ExhaustedMemory, WhileAFileIsOpenedSelectedAndSlicedIsAnError) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory.write("x.safetensors", test::file_of({"a.b", "a.c", "a.d"}));
  EXPECT_GT(test::sweep_allocations([&] {
              const auto checkpoint = Checkpoint::open(file);
              if (!checkpoint) return false;
              // names alone: RE2, behind globs, is not made for bad_alloc and leaks on it
              const auto chosen = checkpoint->select({"a.b", "a.c", "a.d", "!a.c"});
              return chosen && chosen->size() == 2 && chosen->front().slice({{.start = 0}});
            }),
            20);
}

}  // namespace
}  // namespace hoist
