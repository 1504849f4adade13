// hoist: the command. Takes the command line apart, runs what it names, and turns every failure into a message.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <new>
#include <string>

#include "commands.hpp"
#include "text.hpp"

namespace hoist::tool {
namespace {

int answer(const Answer& answer, Output& output) {
  if (answer.status == success) output.write(answer.text);
  else complain(answer.text);
  return answer.status;
}

int dispatch(const Arguments& arguments, Output& output) {
  return std::visit(
      [&output](const auto& chosen) {
        if constexpr (std::is_same_v<std::decay_t<decltype(chosen)>, Answer>) return answer(chosen, output);
        else return run(chosen, output);
      },
      arguments);
}

int fail(std::string_view problem) {
  complain("hoist: " + std::string(problem) + "\n");
  return failure;
}

int run_command(int argc, char** argv) {
  try {
    Output output(STDOUT_FILENO);
    const int status = dispatch(parse_arguments(argc, argv), output);
    output.flush();
    return status;
  } catch (const std::bad_alloc&) {
    complain("hoist: out of memory\n");  // no string is made here: that could fail again
    return failure;
  } catch (const Exception& problem) {
    return fail(problem.what());  // the library has escaped what comes from files
  } catch (const std::exception& problem) {
    return fail(printable(problem.what()));
  }
}

// Each shard of a checkpoint keeps a file open: as many as the system allows this user.
void raise_file_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace hoist::tool

int main(int argc, char** argv) {
  // A closed pipe is seen by write() instead, see Output.
  std::signal(SIGPIPE, SIG_IGN);
  hoist::tool::raise_file_limit();
  return hoist::tool::run_command(argc, argv);
}
