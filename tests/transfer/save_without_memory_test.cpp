// Memory that runs out at the Nth allocation of a save: the old file or the new one, whole, and the writer knows.
#include <gtest/gtest.h>

#include "hoist/writer.hpp"
#include "support/exhausted_memory.hpp"
#include "support/reading.hpp"
#include "support/temporary_directory.hpp"

namespace hoist {
namespace {

// Longer than what a string holds in itself, so that errors that name it allocate.
constexpr std::string_view name = "a tensor with a name that takes memory of its own";

// Goes on after each call, as threads do that leave errors to commit; what is thrown is swallowed, too.
bool save(const std::filesystem::path& path, std::string_view bytes) {
  const auto attempt = [](auto&& act) {
    try {
      (void)act();
    } catch (const std::bad_alloc&) {
    }
  };
  auto writer = Writer::create(path, {.durable = false, .checksums = true});
  if (!writer) return false;
  attempt([&] { return writer->declare(name, DType::U8, {2, 4}); });
  attempt([&] { return writer->set_metadata("a key with some length to it", "and a value with some length"); });
  attempt([&] { return writer->begin(); });
  for (const std::uint64_t row : {0U, 1U}) {
    const auto part = std::as_bytes(std::span(bytes)).subspan(4 * row, 4);
    attempt([&] { return writer->write_block(name, {.start = {row, 0}, .size = {1, 4}}, part); });
  }
  return static_cast<bool>(std::move(*writer).commit());
}

TEST(SavesWithoutMemory, LeaveTheOldFileOrTheNewOneWhole) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "a file with a long enough name.safetensors";
  ASSERT_TRUE(save(path, "oldbytes"));
  long saves = 0;
  const long allocations = test::sweep_allocations([&] {
    ++saves;
    const bool saved = save(path, "newbytes");
    const long left = test::allocations_left.exchange(-1);
    const std::string found = test::read(Archive::open(path)->at(name).value()).value();
    EXPECT_EQ(found, saved ? "newbytes" : "oldbytes") << "after " << saves;
    if (saved) {
      EXPECT_TRUE(save(path, "oldbytes"));
    }
    const std::filesystem::directory_iterator all(directory.path());
    EXPECT_EQ(std::distance(begin(all), end(all)), 1);
    test::allocations_left = left;
    return saved;
  });
  EXPECT_GT(allocations, 20);
}

}  // namespace
}  // namespace hoist
