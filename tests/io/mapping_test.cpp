#include "io/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::Call;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

constexpr std::size_t page = 4096;

std::string counting(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>(i * 13 % 251);
  return text;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Mapping, ShowsTheFileAndOutlivesItsDescriptorAndItsFirstCopy) {
  const test::TemporaryDirectory directory;
  const std::string text = counting(3 * page + 17);
  const auto path = directory.write("file", text);
  {
    std::optional<Mapping> copy;
    {
      const Descriptor file = Descriptor::open(path).value();
      const Mapping mapping = Mapping::of(file, text.size()).value();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mapping.bytes().data()) % page, 0U);
      copy = mapping;
    }
    EXPECT_TRUE(test::is_mapped(directory.path()));
    EXPECT_EQ(text_of(copy->bytes()), text);
  }
  EXPECT_FALSE(test::is_mapped(directory.path()));
}

TEST(Mapping, StopsAtTheBytesThatWereAskedFor) {
  const test::TemporaryDirectory directory;
  const Descriptor file = Descriptor::open(directory.write("file", "abcdef")).value();
  EXPECT_EQ(text_of(Mapping::of(file, 1)->bytes()), "a");
  EXPECT_EQ(text_of(Mapping::of(file, 6)->bytes()), "abcdef");
}

TEST(Mapping, IsAnErrorWithItsErrnoWhereTheSystemRefuses) {
  const test::TemporaryDirectory directory;
  const Descriptor file = Descriptor::open(directory.write("file", "abcdef")).value();
  const std::pair<int, Errc> table[] = {
      {ENODEV, Errc::io_error}, {ENOMEM, Errc::out_of_memory}, {EACCES, Errc::permission_denied}};
  for (const auto& [number, code] : table) {
    const FailingCall mmap(Call::mmap, test::fail_from(1, number));
    const auto mapping = Mapping::of(file, 6);
    ASSERT_THAT(mapping, FailsWith(code, "map"));
    EXPECT_EQ(mapping.error().system_code, number);
  }
  EXPECT_FALSE(test::is_mapped(directory.path()));
}

}  // namespace
}  // namespace hoist::io
