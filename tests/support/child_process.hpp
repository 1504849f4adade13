// Runs a test's body where it can do no harm: in a child that may drop its uid or be killed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace hoist::test {

// What the child ended with: its exit status, or 256 + the signal that killed it. `body` gives the exit status.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a body that hangs fails
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

// Root reads files of mode 0000; somebody else does not.
inline bool become_nobody() {
  constexpr unsigned nobody = 65534;
  return geteuid() != 0 || (setgid(nobody) == 0 && setuid(nobody) == 0);
}

}  // namespace hoist::test
