#include "io/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "io/self_copy.hpp"
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

class SelfCopy : public testing::Test {
 protected:
  SelfCopy() {
    path_ = directory_.write("file", text_);
    const Descriptor file = Descriptor::open(path_).value();
    mapping_ = Mapping::of(file, text_.size()).value();
  }

  iovec piece(std::size_t offset, std::size_t bytes) {
    return {const_cast<std::byte*>(mapping_->bytes().data() + offset), bytes};
  }

  Result<std::size_t> copy(const std::vector<iovec>& pieces) {
    std::size_t bytes = 0;
    for (const iovec& piece : pieces)
      bytes += piece.iov_len;
    into_.assign(bytes, '?');
    return self_copy(pieces, std::as_writable_bytes(std::span(into_)));
  }

  test::TemporaryDirectory directory_;
  std::string text_ = counting(4 * page);
  std::filesystem::path path_;
  std::optional<Mapping> mapping_;
  std::string into_;
};

TEST_F(SelfCopy, PutsThePiecesOneBehindTheOther) {
  EXPECT_EQ(copy({piece(5, 3), piece(2 * page - 1, 2), piece(0, 1)}).value(), 6U);
  EXPECT_EQ(into_, text_.substr(5, 3) + text_.substr(2 * page - 1, 2) + text_.substr(0, 1));
}

TEST_F(SelfCopy, TakesAsManyPiecesAsItPromises) {
  std::vector<iovec> pieces;
  std::string expected;
  for (std::size_t i = 0; i < max_self_copy_pieces; ++i) {
    pieces.push_back(piece(4 * page - 1 - i, 1));
    expected += text_[4 * page - 1 - i];
  }
  EXPECT_EQ(copy(pieces).value(), max_self_copy_pieces);
  EXPECT_EQ(into_, expected);
}

TEST_F(SelfCopy, EndsAtAPageThatIsGoneInsteadOfKillingTheProcess) {
  std::filesystem::resize_file(path_, page);
  EXPECT_EQ(copy({piece(0, 8), piece(2 * page, 8)}).value(), 8U);
  EXPECT_EQ(into_.substr(0, 8), text_.substr(0, 8));
  EXPECT_EQ(copy({piece(2 * page, 8)}).value(), 0U);
}

TEST_F(SelfCopy, TriesAgainWhereASignalInterrupts) {
  const FailingCall call(Call::process_vm_readv, {.first = 1, .count = 2, .error = EINTR});
  EXPECT_EQ(copy({piece(0, 8)}).value(), 8U);
  EXPECT_EQ(call.calls(), 3U);
}

TEST_F(SelfCopy, ReportsThatTheSystemDoesNotAllowIt) {
  for (const int number : {EPERM, ENOSYS}) {
    const FailingCall call(Call::process_vm_readv, test::fail_from(1, number));
    const auto copied = copy({piece(0, 8)});
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().system_code, number);
  }
}

}  // namespace
}  // namespace hoist::io
