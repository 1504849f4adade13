"""hoist completion: the scripts are sourced by the shells themselves."""

import os
import shutil
import subprocess
import unittest

from support import COMMAND, CommandTest


class Completion(CommandTest):
    def shell(self, shell, script):
        environment = {"PATH": os.path.dirname(os.path.abspath(COMMAND)) + ":" + os.environ["PATH"],
                       "HOME": self.folder, "TERM": "dumb"}
        arguments = [shell, "--norc"] if shell == "bash" else [shell, "-f"]
        done = subprocess.run(arguments + ["-c", script], cwd=self.folder, env=environment, timeout=60, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout.split("\n")[:-1]

    def bash(self, *words):
        """What bash offers for the last word."""
        quoted = " ".join("'%s'" % word for word in words)
        return self.shell("bash", "source <(hoist completion bash) && COMP_WORDS=(hoist %s) COMP_CWORD=%d && "
                          "complete -p hoist >/dev/null && _hoist 2>/dev/null; printf '%%s\\n' \"${COMPREPLY[@]}\""
                          % (quoted, len(words)))

    def test_bash_completes_commands_options_values_and_files(self):
        self.write(b"", "some model.safetensors")
        self.assertEqual(self.bash("ver"), ["verify"])
        self.assertEqual(self.bash("ls", "x", "--so"), ["--sort"])
        self.assertEqual(self.bash("ls", "x", "--sort", ""), ["name", "size", "offset"])
        self.assertEqual(self.bash("load", "--access", "m"), ["mmap"])
        self.assertEqual(self.bash("completion", "z"), ["zsh"])
        self.assertEqual(self.bash("info", "some"), ["some model.safetensors"])
        self.assertEqual(self.bash("diff", "some"), ["some model.safetensors"])
        self.assertEqual(self.bash("diff", "x", "some"), ["some model.safetensors"])
        self.assertIn("--check", self.bash("load", "-"))

    def test_zsh_takes_the_script_and_knows_the_command(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        lines = self.shell("zsh", "autoload -Uz compinit && compinit -u -d %s/dump && "
                           "source <(hoist completion zsh) && print $_comps[hoist] && whence -w _hoist" % self.folder)
        self.assertEqual(lines, ["_hoist", "_hoist: function"])

    def test_zsh_takes_the_script_as_a_file_of_its_function_path(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        os.mkdir(self.path("functions"))
        self.write(self.expect(0, "completion", "zsh").encode(), "functions/_hoist")
        lines = self.shell("zsh", "fpath=(%s/functions $fpath) && autoload -Uz compinit && compinit -u -d %s/dump && "
                           "print $_comps[hoist] && autoload +X _hoist && whence -w _hoist" % (self.folder, self.folder))
        self.assertEqual(lines, ["_hoist", "_hoist: function"])

    def test_zsh_offers_what_the_options_take(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        # the two functions of zsh's that _hoist calls, replaced by ones that tell what they were given
        lines = self.shell("zsh", "_arguments() { print -l -- \"$@\" }; _describe() { print -l -- ${(P)2} }; "
                           "compdef() { : }; source <(hoist completion zsh); "
                           "words=(hoist ''); CURRENT=2; _hoist; words=(hoist ls ''); CURRENT=3; _hoist; "
                           "words=(hoist diff ''); CURRENT=3; _hoist")
        self.assertTrue(any(line.startswith("verify:Check files") for line in lines), lines)
        self.assertTrue(any(line.startswith("--sort[") and line.endswith("(name size offset)") for line in lines), lines)
        for positional in ["1:PATH:_files", "1:A:_files", "2:B:_files"]:
            self.assertIn(positional, lines)

    def test_json_carries_the_script(self):
        for shell in ["bash", "zsh"]:
            answer = self.json("completion", shell)
            self.assertEqual((answer["shell"], answer["script"]), (shell, self.expect(0, "completion", shell)))


if __name__ == "__main__":
    unittest.main()
