// Files that appear whole under their name, or not at all, whatever fails.
#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "support/bytes.hpp"
#include "support/child_process.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/process_state.hpp"
#include "support/temporary_directory.hpp"

namespace hoist::io {
namespace {

using test::Call;
using test::contents_of;
using test::FailingCall;
using test::FailsWith;
using test::Succeeds;

using test::bytes_of;

class AtomicFiles : public testing::Test {
 protected:
  static Result<AtomicFile::Committed> save(const std::filesystem::path& path, std::string_view text,
                                            AtomicOptions options = {}) {
    auto file = AtomicFile::create(path, options);
    if (!file) return std::move(file).error();
    if (auto room = file->allocate(text.size()); !room) return std::move(room).error();
    if (auto written = file->write_at(0, bytes_of(text)); !written) return std::move(written).error();
    return std::move(*file).commit();
  }

  mode_t mode() const {
    struct stat status{};
    EXPECT_EQ(lstat(path_.c_str(), &status), 0);
    return status.st_mode;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "file";
};

TEST_F(AtomicFiles, HaveTheirNameOnceTheyAreWhole) {
  for (const bool durable : {true, false}) {
    AtomicFile file = AtomicFile::create(path_, {.durable = durable}).value();
    EXPECT_FALSE(std::filesystem::exists(path_));
    file.allocate(6).value();
    file.write_at(3, bytes_of("def")).value();
    file.write_at(0, bytes_of("abc")).value();
    EXPECT_EQ(std::move(file).commit()->directory_errno, 0);
    EXPECT_EQ(contents_of(path_), "abcdef");
    EXPECT_EQ(directory_.entry_count(), 1U);
    std::filesystem::remove(path_);
  }
}

TEST_F(AtomicFiles, LeaveNoTraceWhereTheyAreNotCommitted) {
  {
    AtomicFile file = AtomicFile::create(path_, {}).value();
    file.allocate(100).value();
    AtomicFile moved = std::move(file);
    EXPECT_EQ(directory_.entry_count(), 1U);
  }
  EXPECT_EQ(directory_.entry_count(), 0U);
}

TEST_F(AtomicFiles, TakeTheModeOfTheFileThatTheyReplace) {
  const mode_t before = umask(027);
  ASSERT_THAT(save(path_, "new"), Succeeds());
  EXPECT_EQ(mode(), S_IFREG | 0640U) << "0666 less the umask";
  ASSERT_EQ(chmod(path_.c_str(), 0604), 0);
  ASSERT_THAT(save(path_, "newer"), Succeeds());
  EXPECT_EQ(mode(), S_IFREG | 0604U);
  umask(before);
}

TEST_F(AtomicFiles, AreNobodyElsesWhileTheyTakeThePlaceOfOneThatIsNot) {
  const mode_t before = umask(0);
  directory_.write("file", "old");
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  {
    AtomicFile file = AtomicFile::create(path_, {}).value();
    std::filesystem::remove(path_);
    path_ = std::filesystem::directory_iterator(directory_.path())->path();
    EXPECT_EQ(mode(), S_IFREG | 0600U);
  }
  umask(before);
}

TEST_F(AtomicFiles, ReplaceASymlinkAndNotWhatItLeadsTo) {
  const auto target = directory_.write("target", "target");
  std::filesystem::create_symlink(target, path_);
  ASSERT_THAT(save(path_, "new"), Succeeds());
  EXPECT_TRUE(S_ISREG(mode()));
  EXPECT_EQ(contents_of(target), "target");
}

TEST_F(AtomicFiles, AreRefusedWhereTheTargetIsNoFile) {
  EXPECT_THAT(save(directory_.path(), "x"), FailsWith(Errc::not_regular));
  EXPECT_THAT(save(directory_.path() / "", "x"), FailsWith(Errc::not_regular));
  EXPECT_THAT(save("/dev/null", "x"), FailsWith(Errc::not_regular));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(save(path_, "x"), FailsWith(Errc::not_regular));
  EXPECT_THAT(save(directory_.path() / "none" / "x", "x"), FailsWith(Errc::not_found));
  EXPECT_EQ(directory_.entry_count(), 1U);
}

TEST_F(AtomicFiles, ReplaceNothingWhereTheyMayNot) {
  const AtomicOptions options{.overwrite = false};
  ASSERT_THAT(save(path_, "first", options), Succeeds());
  EXPECT_THAT(save(path_, "second", options), FailsWith(Errc::already_exists));
  std::filesystem::remove(path_);
  for (const int no_flag : {0, EINVAL}) {  // a file system that does not know the flag
    AtomicFile file = AtomicFile::create(path_, options).value();
    directory_.write("file", "meanwhile");
    const FailingCall rename(Call::renameat2, {.first = no_flag != 0 ? 1U : 9U, .error = no_flag});
    EXPECT_THAT(std::move(file).commit(), FailsWith(Errc::already_exists));
    EXPECT_EQ(contents_of(path_), "meanwhile");
    std::filesystem::remove(path_);
    ASSERT_THAT(save(path_, "new", options), Succeeds());
    EXPECT_EQ(contents_of(path_), "new");
    std::filesystem::remove(path_);
  }
}

TEST_F(AtomicFiles, HaveNamesAsLongAsTheSystemTakes) {
  path_ = directory_.path() / std::string(255, 'n');
  EXPECT_THAT(save(path_, "x"), Succeeds());
  EXPECT_THAT(save(directory_.path() / std::string(256, 'n'), "x"), FailsWith(Errc::io_error));
  EXPECT_EQ(directory_.entry_count(), 1U);
}

// --- what was left behind

class LeftBehind : public AtomicFiles {
 protected:
  // A temporary of `target`, as a process leaves it that is killed: `age` seconds old, its lock gone.
  std::filesystem::path leave(const std::string& target, time_t age) {
    std::filesystem::path temporary;
    {
      AtomicFile file = AtomicFile::create(directory_.path() / target, {}).value();
      for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
        const std::string name = entry.path().filename();
        if (name.starts_with("." + target + ".")) temporary = entry.path();
      }
      const auto saved = directory_.path() / "saved";
      std::filesystem::create_hard_link(temporary, saved);
      leftover_ = saved;
    }
    std::filesystem::rename(leftover_, temporary);
    const timespec then[2] = {{.tv_sec = std::time(nullptr) - age, .tv_nsec = 0},
                              {.tv_sec = std::time(nullptr) - age, .tv_nsec = 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, temporary.c_str(), then, 0), 0);
    return temporary;
  }
  std::filesystem::path leftover_;
};

TEST_F(LeftBehind, AreRemovedByTheNextOfTheSameTarget) {
  const auto old = leave("file", 100), young = leave("file", 10), other = leave("other", 100);
  directory_.write(".file.hoist-tmp", "a name that is not ours");
  ASSERT_THAT(save(path_, "x"), Succeeds());
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(young)) << "perhaps just made";
  EXPECT_TRUE(std::filesystem::exists(other)) << "of another target";
  EXPECT_TRUE(std::filesystem::exists(directory_.path() / ".file.hoist-tmp"));
}

TEST_F(LeftBehind, AreRemovedThoughTheirModeIsThatOfAReadOnlyFile) {
  const auto old = leave("file", 100);
  ASSERT_EQ(chmod(old.c_str(), 0444), 0);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0777), 0);
  const bool mine = geteuid() != 0 || chown(old.c_str(), 65534, 65534) == 0;
  ASSERT_TRUE(mine);
  EXPECT_EQ(test::in_child([&] { return test::become_nobody() && save(path_, "x") ? 0 : 1; }), 0);
  EXPECT_FALSE(std::filesystem::exists(old));
}

TEST_F(LeftBehind, StayWhereSomebodyHasTheirLock) {
  const auto held = leave("file", 100);
  const int fd = open(held.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  ASSERT_THAT(save(path_, "x"), Succeeds());
  EXPECT_TRUE(std::filesystem::exists(held));
  close(fd);
  ASSERT_THAT(save(path_, "x"), Succeeds());
  EXPECT_FALSE(std::filesystem::exists(held));
}

TEST_F(LeftBehind, IsNothingThatIsStillBeingWritten) {
  AtomicFile slow = AtomicFile::create(path_, {}).value();
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    const timespec then[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, entry.path().c_str(), then, 0), 0);
  }
  ASSERT_THAT(save(path_, "fast"), Succeeds());
  EXPECT_THAT(std::move(slow).commit(), Succeeds());
}

// --- what fails

TEST_F(AtomicFiles, AreTheOldOrTheNewOneWholeWhicheverCallFails) {
  struct Case {
    Call call;
    int error;
  };
  const int descriptors = test::open_descriptors();
  for (const auto& [call, error] :
       {Case{Call::open, EACCES}, Case{Call::openat, EACCES}, Case{Call::fallocate, ENOSPC}, Case{Call::pwrite, ENOSPC},
        Case{Call::pwrite, EIO}, Case{Call::fchmod, EPERM}, Case{Call::fsync, EIO}, Case{Call::fcntl, EMFILE},
        Case{Call::close, EIO}, Case{Call::renameat2, EIO}}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_LT(number, 20U);
      directory_.write("file", "old");
      const FailingCall failing(call, test::fail_once(number, error));
      const auto saved = save(path_, "new one");
      if (!failing.reached()) {
        ASSERT_THAT(saved, Succeeds());
        break;
      }
      ASSERT_EQ(contents_of(path_), saved ? "new one" : "old") << static_cast<int>(call) << ' ' << number;
      if (saved && call == Call::fsync) {
        EXPECT_EQ(saved->directory_errno, number == 2 ? EIO : 0) << "the directory was not synced";
      }
      if (!saved) {
        EXPECT_EQ(saved.error().system_code, error);
      }
      EXPECT_EQ(directory_.entry_count(), 1U);
    }
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST_F(AtomicFiles, FailWhereTheirBytesMayBeLostAndAskOnlyOnce) {
  for (const Call call : {Call::fsync, Call::close}) {
    directory_.write("file", "old");
    AtomicFile file = AtomicFile::create(path_, {}).value();
    file.write_at(0, bytes_of("new")).value();
    const FailingCall failing(call, test::fail_once(1, EIO));
    EXPECT_THAT(std::move(file).commit(), FailsWith(Errc::io_error));
    if (call == Call::fsync) {
      EXPECT_EQ(failing.calls(), 1U) << "after a failure the kernel may have thrown away what it could not write";
    }
    EXPECT_EQ(contents_of(path_), "old");
  }
  EXPECT_EQ(directory_.entry_count(), 1U);
}

TEST_F(AtomicFiles, AreWrittenOnAfterShortAndInterruptedWrites) {
  {
    const FailingCall pwrite(Call::pwrite, {.first = 1, .at_most = 2});
    ASSERT_THAT(save(path_, "short writes"), Succeeds());
    EXPECT_EQ(pwrite.calls(), 6U);
  }
  EXPECT_EQ(contents_of(path_), "short writes");
  const FailingCall pwrite(Call::pwrite, {.first = 1, .count = 3, .error = EINTR});
  const FailingCall fallocate(Call::fallocate, {.first = 1, .count = 2, .error = EINTR});
  ASSERT_THAT(save(path_, "interrupted"), Succeeds());
  EXPECT_EQ(contents_of(path_), "interrupted");
}

TEST_F(AtomicFiles, DoWithoutRoomThatTheFileSystemCanNotPromise) {
  const FailingCall fallocate(Call::fallocate, test::fail_from(1, EOPNOTSUPP));
  AtomicFile file = AtomicFile::create(path_, {}).value();
  file.allocate(10).value();
  EXPECT_THAT(std::move(file).commit(), Succeeds());
  EXPECT_EQ(contents_of(path_), std::string(10, '\0'));
}

TEST_F(AtomicFiles, AreOnDiskBeforeTheyHaveTheirNameAndTheNameAfterwards) {
  std::string order;
  const auto note = [&order](char what) {
    return test::Fault{.first = 1, .before = [&order, what] { order += what; }};
  };
  for (const bool durable : {true, false}) {
    order.clear();
    const FailingCall write(Call::pwrite, note('w')), sync(Call::fsync, note('s')), rename(Call::renameat2, note('r'));
    ASSERT_THAT(save(path_, "x", {.durable = durable}), Succeeds());
    EXPECT_EQ(order, durable ? "wsrs" : "wr");
    if (durable) {
      EXPECT_NE(sync.seen()[0][0], sync.seen()[1][0]) << "the file, then its directory";
    }
  }
}

}  // namespace
}  // namespace hoist::io
