"""What a stage of tools/test is made of: commands run into one log under a deadline, and results."""

import dataclasses
import os
import signal
import subprocess
import time


@dataclasses.dataclass(frozen=True)
class Result:
    name: str
    verdict: str  # passed, failed or skipped
    reason: str = ""


class Failed(Exception):
    """A stage can't go on; the message says where."""


class Shell:
    """Runs the commands of one stage, all into its log, none beyond the stage's deadline."""

    def __init__(self, log, seconds):
        self.log = log
        self.deadline = time.monotonic() + seconds

    def run(self, *command, cwd=None, env=None, check=True):
        """The exit status; Failed when it is not 0 and `check` is set, or when time is up."""
        command = [str(word) for word in command]
        with open(self.log, "a") as log:
            print("$", *command, file=log, flush=True)
            process = subprocess.Popen(
                command, cwd=cwd, env=os.environ | (env or {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)  # so that all that it started can be stopped with it
            try:
                status = process.wait(max(0.0, self.deadline - time.monotonic()))
            except BaseException as cause:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if isinstance(cause, subprocess.TimeoutExpired):
                    raise Failed(f"out of time in: {' '.join(command[:4])}") from None
                raise
        if check and status != 0:
            raise Failed(f"exit status {status} from: {' '.join(command[:4])}")
        return status
