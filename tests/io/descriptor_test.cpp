#include "io/descriptor.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/child_process.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::FailsWith;
using test::Succeeds;

TEST(Descriptor, OpensARegularFileAndKnowsItsSize) {
  const test::TemporaryDirectory directory;
  const auto file = Descriptor::open(directory.write("file", "12345"));
  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(file->opened_size(), 5U);
  EXPECT_EQ(file->size().value(), 5U);
}

TEST(Descriptor, IsNotInheritedByAProgramThatIsStarted) {
  const test::TemporaryDirectory directory;
  const auto file = Descriptor::open(directory.write("file", "12345"));
  EXPECT_TRUE(fcntl(file->get(), F_GETFD) & FD_CLOEXEC);
  const auto copy = Descriptor::duplicate(file->get());
  EXPECT_TRUE(fcntl(copy->get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Descriptor, AsksForNothingThatBlocksOrOutlivesExec) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("file", "12345");
  const test::FailingCall open(test::Call::open);
  ASSERT_THAT(Descriptor::open(path), Succeeds());
  ASSERT_EQ(open.calls(), 1U);
  const auto flags = static_cast<int>(open.seen()[0][1]);
  EXPECT_TRUE(flags & O_CLOEXEC);
  EXPECT_TRUE(flags & O_NONBLOCK);
  EXPECT_TRUE(flags & O_NOCTTY);
  EXPECT_EQ(flags & O_ACCMODE, O_RDONLY);
}

TEST(Descriptor, RefusesAFifoWithoutWaitingForItsWriter) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int status = test::in_child([&] {
    const auto file = Descriptor::open(path);
    return !file && file.error().code == Errc::not_regular ? 0 : 1;
  });
  EXPECT_EQ(status, 0) << "256 + SIGALRM means that it waited";
}

TEST(Descriptor, RefusesADirectoryWithItsErrno) {
  const test::TemporaryDirectory directory;
  const auto file = Descriptor::open(directory.path());
  ASSERT_THAT(file, FailsWith(Errc::not_regular, "a directory"));
  EXPECT_EQ(file.error().system_code, EISDIR);
}

TEST(Descriptor, RefusesADevice) { EXPECT_THAT(Descriptor::open("/dev/zero"), FailsWith(Errc::not_regular, "device")); }

TEST(Descriptor, RefusesASocket) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "socket";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.native().size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto file = Descriptor::open(path);
  ASSERT_THAT(file, FailsWith(Errc::not_regular));
  EXPECT_EQ(file.error().system_code, ENXIO);
  // one that is open already, too
  EXPECT_THAT(Descriptor::duplicate(socket), FailsWith(Errc::not_regular, "a socket"));
  close(socket);
}

TEST(Descriptor, SaysThatAFileIsMissing) {
  const test::TemporaryDirectory directory;
  const auto file = Descriptor::open(directory.path() / "no such file");
  ASSERT_THAT(file, FailsWith(Errc::not_found, "No such file"));
  EXPECT_EQ(file.error().system_code, ENOENT);
  const auto below_a_file = Descriptor::open(directory.write("file", "") / "below");
  ASSERT_THAT(below_a_file, FailsWith(Errc::not_found));
  EXPECT_EQ(below_a_file.error().system_code, ENOTDIR);
}

TEST(Descriptor, FollowsASymlinkButNotALoopOfThem) {
  const test::TemporaryDirectory directory;
  std::filesystem::create_symlink(directory.write("file", "12345"), directory.path() / "link");
  EXPECT_THAT(Descriptor::open(directory.path() / "link"), Succeeds());
  std::filesystem::create_symlink("loop", directory.path() / "loop");
  const auto loop = Descriptor::open(directory.path() / "loop");
  ASSERT_THAT(loop, FailsWith(Errc::io_error, "symbolic links"));
  EXPECT_EQ(loop.error().system_code, ELOOP);
}

TEST(Descriptor, SaysThatAFileMayNotBeRead) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("secret", "12345");
  ASSERT_EQ(chmod(directory.path().c_str(), 0755), 0);
  const auto open_as_nobody = [&] {
    return test::in_child([&] {
      if (!test::become_nobody()) return 2;
      const auto file = Descriptor::open(path);
      if (file) return 3;
      return file.error().code == Errc::permission_denied && file.error().system_code == EACCES ? 0 : 1;
    });
  };
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(open_as_nobody(), 3);
  ASSERT_EQ(chmod(path.c_str(), 0000), 0);
  EXPECT_EQ(open_as_nobody(), 0);
}

TEST(Descriptor, TriesAgainWhereASignalInterruptsTheOpening) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("file", "12345");
  const test::FailingCall open(test::Call::open, {.first = 1, .count = 3, .error = EINTR});
  EXPECT_THAT(Descriptor::open(path), Succeeds());
  EXPECT_EQ(open.calls(), 4U);
}

TEST(Descriptor, ClosesWhatItCannotUse) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("file", "12345");
  const auto kept = Descriptor::open(path);
  const std::size_t before = test::open_descriptors();
  {
    const test::FailingCall fstat(test::Call::fstat, test::fail_from(1, EIO));
    EXPECT_THAT(Descriptor::open(path), FailsWith(Errc::io_error, "fstat"));
    EXPECT_THAT(Descriptor::duplicate(kept->get()), FailsWith(Errc::io_error, "fstat"));
    EXPECT_THAT(kept->size(), FailsWith(Errc::io_error, "fstat"));
  }
  EXPECT_THAT(Descriptor::open(directory.path()), FailsWith(Errc::not_regular));
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(Descriptor, DuplicatesWithoutTakingAndRefusesANumberThatIsNone) {
  const test::TemporaryDirectory directory;
  const int fd = ::open(directory.write("file", "12345").c_str(), O_RDONLY | O_CLOEXEC);
  {
    const auto file = Descriptor::duplicate(fd);
    ASSERT_THAT(file, Succeeds());
    EXPECT_NE(file->get(), fd);
  }
  EXPECT_NE(fcntl(fd, F_GETFD), -1) << "the caller's descriptor is still open";
  close(fd);
  const auto closed = Descriptor::duplicate(fd);
  ASSERT_THAT(closed, FailsWith(Errc::io_error));
  EXPECT_EQ(closed.error().system_code, EBADF);
}

TEST(Descriptor, MovesItsOneOwner) {
  const test::TemporaryDirectory directory;
  const std::size_t before = test::open_descriptors();
  {
    Descriptor first = Descriptor::open(directory.write("first", "1")).value();
    Descriptor second = Descriptor::open(directory.write("second", "22")).value();
    const int fd = second.get();
    first = std::move(second);
    EXPECT_EQ(first.get(), fd);
    EXPECT_EQ(first.opened_size(), 2U);
    const Descriptor third(std::move(first));
    EXPECT_EQ(third.get(), fd);
    EXPECT_EQ(first.get(), -1);  // NOLINT(bugprone-use-after-move): that is the promise
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace hoist::io
