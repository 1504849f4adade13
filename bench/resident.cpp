// Runs a command and prints the most memory it held resident, in KiB. Its own few pages are the floor: a child
// started from Python would count Python's.
//     hoist_bench_resident COMMAND [ARGUMENT...]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const pid_t child = ::fork();
  if (child < 0) return 3;
  if (child == 0) {
    ::execv(argv[1], argv + 1);
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child || !WIFEXITED(status)) return 3;
  std::fprintf(stderr, "%ld\n", used.ru_maxrss);
  return WEXITSTATUS(status);
}
