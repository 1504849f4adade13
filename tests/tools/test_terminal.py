"""Pipes and terminals: closed ones, narrow ones, full disks, and names that would steer them."""

import os
import re
import subprocess
import unittest

from support import COMMAND, CommandTest, floats, run_on_terminal


class Terminal(CommandTest):
    def many(self, count=20000):
        return self.model(*[("layer.%d.weight" % i, "U8", [1], b"1") for i in range(count)])

    def test_a_closed_pipe_ends_quietly(self):
        path = self.many()
        for arguments in [["ls", path], ["ls", path, "--json"], ["ls", path, "--tree"], ["ls", path, "--tree", "--json"],
                          ["verify", path], ["stats", path], ["stats", path, "--json"], ["--help"],
                          ["completion", "bash"]]:
            with self.subTest(arguments=arguments):
                process = subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdout.close()
                error = process.stderr.read()
                process.stderr.close()
                self.assertEqual((process.wait(), error), (0, b""))

    def test_a_reader_that_wants_one_line_gets_it(self):
        done = subprocess.run(["bash", "-c", 'set -o pipefail; "$0" ls "$1" | head -1', COMMAND, self.many()],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(done.stdout.startswith(b"NAME "))

    def test_the_answer_no_survives_a_closed_pipe(self):
        process = subprocess.Popen([COMMAND, "verify", self.write(b"")], stdout=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.wait(), 1)

    def test_a_full_disk_is_a_failure_with_a_message(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([COMMAND, "ls", self.many(10)], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"cannot write to standard output", done.stderr)

    def test_a_closed_standard_output_is_a_failure_and_harms_no_file(self):
        path = self.many(10)
        with open(path, "rb") as file:
            before = file.read()
        done = subprocess.run(["bash", "-c", '"$0" ls "$1" >&-', COMMAND, path], stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 3)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_colour_shows_on_a_terminal_and_only_there(self):
        path = self.many(3)
        status, output = run_on_terminal(["verify", path])
        self.assertEqual(status, 0)
        self.assertIn(b"\x1b[32mvalid\x1b[0m", output)
        self.assertNotIn("\x1b", self.expect(0, "verify", path))
        for environment in [{"NO_COLOR": "1"}, {"TERM": "dumb"}]:
            self.assertNotIn(b"\x1b", run_on_terminal(["verify", path], environment=environment)[1])
        self.assertIn(b"\x1b", run_on_terminal(["verify", path], environment={"NO_COLOR": ""})[1])

    def test_tables_fit_the_terminal(self):
        path = self.model(("model.layers.0.self_attention.query_projection.weight" * 3, "F32", [1, 1, 1], floats(1)),
                          ("short", "F32", [1], floats(1)))
        for columns in [60, 80, 200]:
            status, output = run_on_terminal(["ls", path], columns=columns)
            lines = re.sub(rb"\x1b\[\d+m", b"", output).decode().splitlines()
            self.assertEqual((status, len(lines)), (0, 3))
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual("..." in lines[1], columns < 200)
        self.assertNotIn("...", self.expect(0, "ls", path))
        # too narrow for anything, and a terminal that does not know its width
        self.assertEqual(run_on_terminal(["ls", path], columns=3)[0], 0)
        self.assertEqual(run_on_terminal(["ls", path], columns=0)[0], 0)
        self.assertEqual(run_on_terminal(["head", path, "short"], columns=1)[0], 0)

    def test_names_cannot_steer_the_terminal(self):
        evil = "a\x1b[2J\x1b]0;title\x07\u009b31m\u202egnp\r\n\x7f\u200b\\x"
        path = self.model((evil, "F32", [1], floats(1)), metadata={evil: evil})
        for arguments in [["ls", path], ["ls", path, "--tree"], ["info", path], ["stats", path], ["verify", path],
                          ["head", path, evil]]:
            with self.subTest(arguments=arguments[:1]):
                text = self.expect(0, *arguments)
                self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", text), repr(text))
                if arguments[0] != "verify":
                    self.assertIn(r"a\x1b[2J\x1b]0;title\x07\x9b31m\u202egnp\x0d\x0a\x7f\u200b\\x", text)
        raw = self.expect(0, "ls", path, "--json")
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", raw), repr(raw))
        self.assertEqual(self.json("ls", path)["tensors"][0]["name"], evil)
        self.assertNotIn("\x1b", self.expect_error(3, "head", path, evil + "?"))
        self.assertNotIn("\x1b", self.expect_error(3, "ls", path, "\x1b[31m"))
        self.assertNotIn("\x1b", self.expect_error(2, "\x1b[31m"))

    def test_a_name_of_a_megabyte_is_shortened_in_tables_and_whole_in_json(self):
        name = "n" * 500000 + "é" * 250000
        path = self.model((name, "F32", [1], floats(1)), ("b", "F32", [1], floats(1)), metadata={name: name})
        for arguments in [["ls", path], ["ls", path, "--tree"], ["info", path], ["stats", path], ["verify", path]]:
            with self.subTest(arguments=arguments[:1]):
                text = self.expect(0, *arguments)
                self.assertLess(len(text), 5000)
        self.assertEqual(self.json("ls", path)["tensors"][0]["name"], name)
        status, output = run_on_terminal(["ls", path], columns=80)
        self.assertEqual(status, 0)
        self.assertLessEqual(max(map(len, re.sub(rb"\x1b\[\d+m", b"", output).decode().splitlines())), 80)

    def test_wide_characters_keep_columns_aligned(self):
        path = self.model(("重み", "F32", [1], floats(1)), ("ab", "F32", [1], floats(1)))
        lines = self.expect(0, "ls", path).splitlines()
        self.assertEqual(lines[1].index("F32") + 2, lines[2].index("F32"))

    def test_progress_shows_on_a_terminal_only_when_work_is_long(self):
        path = self.many(3)
        _, output = run_on_terminal(["stats", path], error_too=True)
        self.assertNotIn(b"%", output)
        long = self.sparse("long", ("t", "U8", [200000000], 200000000))
        # stopped for a while, so that the work is long on any machine
        status, output = run_on_terminal(["stats", long, "--threads", "1"], error_too=True, pause=0.7)
        self.assertEqual(status, 0)
        self.assertIn(b"%", output)
        self.assertIn(b"\r\x1b[K", output)
        self.assertEqual(self.run_command("stats", long).stderr, b"")


if __name__ == "__main__":
    unittest.main()
