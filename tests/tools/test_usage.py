"""Help, versions and wrong usage: statuses and where the words go."""

import unittest

from support import CommandTest, floats

COMMANDS = ["info", "ls", "verify", "head", "stats", "diff", "load", "plan", "completion"]


class Usage(CommandTest):
    def test_help_of_each_command_goes_to_standard_output_and_has_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                text = self.expect(0, command, "--help")
                self.assertIn("Usage: hoist " + command, text)
                self.assertIn("Example", text)
                self.assertIn("--json", text)

    def test_help_lists_every_command(self):
        text = self.expect(0, "--help")
        for command in COMMANDS:
            self.assertIn("\n  %s " % command, text)

    def test_version_is_one_line(self):
        self.assertRegex(self.expect(0, "--version"), r"\Ahoist \d+\.\d+\.\d+\n\Z")

    def test_no_command_is_wrong_usage_and_shows_the_commands(self):
        self.assertIn("verify", self.expect_error(2))

    def test_wrong_usage_exits_with_2_and_says_how_to_get_help(self):
        model = self.model(("a", "F32", [2], floats(1, 2)))
        for arguments in [
                ["lst"], ["--nonsense"], ["ls"], ["verify"], ["head", model], ["info", model, model],
                ["ls", model, "--sort", "colour"], ["ls", model, "--nonsense"], ["completion", "fish"], ["completion"],
                ["stats", model, "--threads", "0"], ["stats", model, "--threads", "many"],
                ["stats", model, "--threads", "-1"], ["load", model, "--access", "magic"],
                ["load", model, "--threads"], ["load", model, "--device", "tpu"], ["load", model, "--device", "cuda:"],
                ["load", model, "--device", "cuda:-1"], ["load", model, "--staging", "much"]]:
            with self.subTest(arguments=arguments):
                self.assertIn("--help", self.expect_error(2, *arguments))

    def test_malformed_slices_and_shards_are_wrong_usage(self):
        model = self.model(("a", "F32", [2], floats(1, 2)))
        for text in ["", "x", "1:2:3:4", "::0", "::-1", "1.5", "0:4,", "0x1", "9" * 30]:
            with self.subTest(slice=text):
                self.expect_error(2, "head", model, "a", "--slice=" + text if text else "--slice=,")
                self.expect_error(2, "load", model, "--slice", "a=" + text)
        self.expect_error(2, "load", model, "--slice", "a")
        for text in ["0", "0:1", "0:1/", "0:2/2", ":0/1", "-1:0/2", "0:0/0", "a:0/2", "0/2:1"]:
            with self.subTest(shard=text):
                self.expect_error(2, "load", model, "--shard", text)

    def test_a_file_or_a_tensor_may_be_called_like_a_command_or_have_brackets(self):
        self.model(("head", "F32", [2], floats(1, 2)), ("[ab],[cd]", "F32", [1], floats(3)), ("{}", "U8", [], b"\1"),
                   ("%%", "U8", [1], b"\2"), name="ls")
        self.assertEqual(self.json("head", "ls", "head")["values"], [1, 2])
        self.assertEqual([t["name"] for t in self.json("ls", "ls", "[ab],[cd]")["tensors"]], ["[ab],[cd]"])
        self.assertEqual([t["name"] for t in self.json("ls", "ls", "{}", "%%")["tensors"]], ["{}", "%%"])
        self.assertEqual(self.json("load", "ls", "--select", "[ab],[cd]", "--select", "head")["tensors"], 2)
        self.assertEqual(self.json("head", "ls", "[ab],[cd]")["values"], [3])

    def test_a_dash_is_an_ordinary_path_and_two_dashes_end_the_options(self):
        self.model(("a", "U8", [1], b"\1"), name="-")
        self.model(("--json", "U8", [1], b"\1"), name="--tree")
        self.assertEqual(len(self.json("ls", "-")["tensors"]), 1)
        self.assertIn("--json", self.expect(0, "ls", "--", "--tree", "--json"))

    def test_a_path_that_is_not_utf8_is_opened_and_json_stays_valid(self):
        path = self.folder.encode() + b"/\xff\x1b[31m.safetensors"
        with open(self.model(("a", "U8", [1], b"\1")), "rb") as source, open(path, "wb") as target:
            target.write(source.read())
        self.assertTrue(self.json("verify", path)["valid"])
        self.assertNotIn("\x1b", self.expect(0, "verify", path))
        self.assertNotIn("\x1b", self.expect(0, "info", path))


if __name__ == "__main__":
    unittest.main()
