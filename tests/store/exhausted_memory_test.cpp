// Memory that runs out at the Nth allocation, on whichever thread: an error, never the end of the process. A program
// of its own, since it replaces operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "hoist/checkpoint.hpp"
#include "hoist/verify.hpp"
#include "support/checkpoint_files.hpp"

namespace {

std::atomic<long> allocations_left = -1;  // negative: no end

}  // namespace

// GCC 12 sees the pair below as a mismatch once it has inlined one of them.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size) {
  if (allocations_left.load() >= 0 && allocations_left.fetch_sub(1) == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace hoist {
namespace {

// Calls `body`, which says whether it went well, with one failing allocation further back each time, until none
// fails. What is thrown must be bad_alloc: a test's own copies may meet the failure too.
template <class Body>
long sweep(const Body& body) {
  for (long n = 0; n < 20'000; ++n) {
    allocations_left = n;
    bool good = false;
    try {
      good = body();
    } catch (const std::bad_alloc&) {
    }
    const bool untouched = allocations_left >= 0;
    allocations_left = -1;
    if (untouched) return good ? n : -1;
  }
  return -1;
}

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
  EXPECT_GT(sweep([&] {
              const auto checkpoint = Checkpoint::open(index, inside);
              return checkpoint && checkpoint->tensor_count() == 4;
            }),
            50);
}

TEST(ExhaustedMemory, WhileASetIsVerifiedIsAVerdict) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path index = write_set(directory);
  EXPECT_GT(sweep([&] { return verify(index).size() == 5; }), 50);
}

TEST(ExhaustedMemory, WhileAFileIsOpenedSelectedAndSlicedIsAnError) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory.write("x.safetensors", test::file_of({"a.b", "a.c", "a.d"}));
  EXPECT_GT(sweep([&] {
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
