"""What the tests of the command share: files built in the test, and runs of the binary in HOIST_COMMAND."""

import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

COMMAND = os.environ.get("HOIST_COMMAND", "hoist")


def is_sanitized():
    """A sanitizer's own memory is no measure of the command's."""
    with open(COMMAND, "rb") as file:
        content = file.read()
    return b"__asan_init" in content or b"__tsan_init" in content


BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}


def file_bytes(tensors, metadata=None):
    """A safetensors file of (name, dtype, shape, bytes), in that order."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def floats(*values):
    return struct.pack("<%df" % len(values), *values)


class CommandTest(unittest.TestCase):
    """A temporary folder, and the command run in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hoist-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name="model.safetensors"):
        return os.path.join(self.folder, name)

    def write(self, content, name="model.safetensors"):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def model(self, *tensors, name="model.safetensors", metadata=None):
        return self.write(file_bytes(tensors, metadata), name)

    def run_command(self, *arguments, environment=None, **options):
        """The finished process, its output as bytes."""
        return subprocess.run(
            [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            cwd=self.folder, env={**os.environ, **(environment or {})}, timeout=120, check=False, **options)

    def expect(self, status, *arguments, **options):
        """Standard output as text, when the exit status is this one; then a failure has a message, and success none."""
        done = self.run_command(*arguments, **options)
        error = done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, status, "%s\n%s\n%s" % (arguments, done.stdout[:2000], error[:2000]))
        if status in (0, 1):
            self.assertEqual(error, "")
        elif "verify" not in arguments:
            self.assertNotEqual(error, "")
        return done.stdout.decode("utf-8")

    def expect_error(self, status, *arguments):
        """Standard error as text; standard output has to be empty."""
        done = self.run_command(*arguments)
        self.assertEqual(done.returncode, status, done)
        self.assertEqual(done.stdout, b"")
        text = done.stderr.decode("utf-8")
        self.assertNotEqual(text, "")
        self.assertNotIn("\x1b", text)
        return text

    def peak_kibibytes(self, *arguments):
        """The most memory that the command held. Measured from a small process in between: what forks inherits the
        peak of its parent, and this one has built files in memory."""
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        done = subprocess.run([sys.executable, "-S", "-c", script, COMMAND, *arguments], cwd=self.folder, timeout=300,
                              stdout=subprocess.PIPE, check=True)
        return int(done.stdout)

    def sparse(self, name, *tensors):
        """A file of (name, dtype, shape, byte count) whose data takes no space on the disk."""
        header, end = {}, 0
        for tensor, dtype, shape, size in tensors:
            header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
            end += size
        text = json.dumps(header).encode()
        path = self.write(struct.pack("<Q", len(text)) + text, name)
        os.truncate(path, 8 + len(text) + end)
        return path

    def json(self, *arguments, status=0):
        text = self.expect(status, *arguments, "--json")
        self.assertTrue(text.endswith("\n"))
        return json.loads(text, parse_constant=lambda word: self.fail("not JSON: " + word))


def run_on_terminal(arguments, columns=80, environment=None, error_too=False, pause=0):
    """What the command prints when standard output is a terminal of that width: (status, bytes). With a pause it is
    stopped for so many seconds, soon after its start."""
    import fcntl
    import termios

    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=secondary,
        stderr=secondary if error_too else subprocess.PIPE,
        env={"TERM": "xterm", "PATH": os.environ["PATH"], **(environment or {})})
    os.close(secondary)
    if pause:
        time.sleep(0.03)
        process.send_signal(signal.SIGSTOP)
        time.sleep(pause)
        process.send_signal(signal.SIGCONT)
    output = b""
    while True:
        ready, _, _ = select.select([primary], [], [], 60)
        if not ready:
            process.kill()
            break
        try:
            part = os.read(primary, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not part:
            break
        output += part
    os.close(primary)
    if process.stderr:
        process.stderr.close()
    return process.wait(), output
