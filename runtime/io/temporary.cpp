#include "io/temporary.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "base/error.hpp"
#include "io/directory.hpp"
#include "io/handle.hpp"

namespace hoist::io {
namespace {

constexpr std::string_view suffix = ".hoist-tmp";
constexpr std::size_t digit_count = 16;
constexpr std::size_t longest_name = 255;  // of Linux's file systems
constexpr time_t left_behind_seconds = 60;

// What the temporaries of a target begin with; longer names are cut.
std::string prefix_of(std::string_view target) {
  return "." + std::string(target.substr(0, longest_name - suffix.size() - digit_count - 2)) + ".";
}

bool is_temporary(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + digit_count + suffix.size() && name.starts_with(prefix) &&
         name.ends_with(suffix);
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

Result<std::string> random_digits() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return base::system_error(errno, "getrandom");
  char digits[digit_count + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return std::string(digits);
}

std::string temporary_name(std::string_view target, std::string_view digits) {
  return prefix_of(target) + std::string(digits) + std::string(suffix);
}

bool has_name(int directory, const char* name, int file) {
  struct stat named, open;
  return fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(file, &open) == 0 &&
         same_file(named, open);
}

bool try_lock(int file) {
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

namespace {

void remove_if_left_behind(int directory, const char* name, const std::function<bool(int file)>& keep) {
  constexpr int flags = O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  Handle file(openat(directory, name, O_RDWR | flags));
  if (file.get() < 0 && errno == EACCES) file = Handle(openat(directory, name, O_RDONLY | flags));  // it had its mode
  struct stat status;
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (std::time(nullptr) - status.st_mtime <= left_behind_seconds) return;
  if (!try_lock(file.get()) || !has_name(directory, name, file.get())) return;
  if (!keep || !keep(file.get())) unlinkat(directory, name, 0);
}

}  // namespace

void remove_left_behind(int directory, std::string_view target, const std::function<bool(int file)>& keep) {
  const std::string prefix = prefix_of(target);
  (void)for_each_entry(directory, [&](const char* name) {
    if (is_temporary(name, prefix)) remove_if_left_behind(directory, name, keep);
  });
}

}  // namespace hoist::io
