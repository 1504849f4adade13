#include "io/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/error.hpp"

namespace hoist::io {

Result<void> for_each_entry(int directory, const std::function<void(const char* name)>& entry) {
  const int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // with a position of its own
  const std::unique_ptr<DIR, int (*)(DIR*)> all(again < 0 ? nullptr : fdopendir(again), closedir);
  if (!all) {
    const int number = errno;
    if (again >= 0) ::close(again);
    return base::system_error(number, "list the directory");
  }
  while (const dirent* next = readdir(all.get()))
    entry(next->d_name);
  return {};
}

}  // namespace hoist::io
