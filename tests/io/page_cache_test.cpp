#include "io/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "io/mapping.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::Call;
using test::FailingCall;

constexpr std::uint64_t page = 4096;

class PageCache : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  std::string text_ = std::string(8 * page, 'x');
  Descriptor file_ = Descriptor::open(directory_.write("file", text_)).value();
  Mapping mapping_ = Mapping::of(file_, text_.size()).value();
};

TEST_F(PageCache, AsksForTheBytesThatAreNeeded) {
  const FailingCall advise(Call::posix_fadvise);
  will_need(file_, 100, 5000);
  ASSERT_EQ(advise.calls(), 1U);
  EXPECT_EQ(advise.seen()[0][1], 100U);
  EXPECT_EQ(advise.seen()[0][2], 5000U);
  EXPECT_EQ(advise.seen()[0][3], static_cast<std::uint64_t>(POSIX_FADV_WILLNEED));
}

TEST_F(PageCache, UnmapsWholePagesBeforeItLetsGoOfThem) {
  const FailingCall unmap(Call::madvise), advise(Call::posix_fadvise);
  evict(file_, page + 1, 3 * page, mapping_.bytes().subspan(page + 1, 3 * page));
  ASSERT_EQ(unmap.calls(), 1U);
  EXPECT_EQ(unmap.seen()[0][0], reinterpret_cast<std::uintptr_t>(mapping_.bytes().data()) + 2 * page);
  EXPECT_EQ(unmap.seen()[0][1], 2 * page);
  EXPECT_EQ(unmap.seen()[0][2], static_cast<std::uint64_t>(MADV_DONTNEED));
  ASSERT_EQ(advise.calls(), 1U);
  EXPECT_EQ(advise.seen()[0][3], static_cast<std::uint64_t>(POSIX_FADV_DONTNEED));
  EXPECT_EQ(mapping_.bytes()[2 * page], std::byte{'x'}) << "the bytes come back when they are touched";
}

TEST_F(PageCache, UnmapsNothingOfAPieceWithinOnePageOrOfAFileThatIsRead) {
  const FailingCall unmap(Call::madvise), advise(Call::posix_fadvise);
  evict(file_, page + 1, page, mapping_.bytes().subspan(page + 1, page));
  evict(file_, 0, text_.size(), {});
  EXPECT_EQ(unmap.calls(), 0U);
  EXPECT_EQ(advise.calls(), 2U);
}

TEST_F(PageCache, IsSilentWhereTheSystemRefusesAHint) {
  const FailingCall unmap(Call::madvise, test::fail_from(1, EINVAL));
  const FailingCall advise(Call::posix_fadvise, test::fail_from(1, ESPIPE));
  will_need(file_, 0, text_.size());
  evict(file_, 0, text_.size(), mapping_.bytes());
  EXPECT_EQ(advise.calls(), 2U);
}

}  // namespace
}  // namespace hoist::io
