"""hoist convert, extract, merge, split and align: what they write, and what they leave alone."""

import json
import os
import stat
import unittest

from support import CommandTest, file_bytes, floats, is_sanitized

INDEX = "model.safetensors.index.json"


class RewriteTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.tensors = [("model.x", "F32", [2, 3], floats(1, 2, 3, 4, 5, 6)), ("model.y", "U8", [5], b"hello"),
                        ("z", "BF16", [4], b"12345678"), ("empty", "I64", [0, 2], b"")]
        self.source = self.model(*self.tensors, name="in.safetensors", metadata={"format": "pt", "a": "1"})

    def entries(self, folder="."):
        return sorted(os.listdir(os.path.join(self.folder, folder)))

    def same(self, a, b, *options):
        self.expect(0, "diff", a, b, *options)

    def names(self, path):
        return [tensor["name"] for tensor in self.json("ls", path)["tensors"]]


class ConvertTest(RewriteTest):
    def test_writes_an_aligned_copy(self):
        text = self.expect(0, "convert", "in.safetensors", "out.safetensors")
        self.assertIn("4 tensors", text)
        self.same("in.safetensors", "out.safetensors")
        offsets = [tensor["offset"] for tensor in self.json("ls", "out.safetensors")["tensors"]]
        self.assertEqual(offsets[0] % 4096, 0)

    def test_writes_what_the_reference_would(self):
        expected = file_bytes([("z", "BF16", [4], b"12345678"), ("u", "U8", [1], b"!")], {"format": "pt"})
        self.model(("u", "U8", [1], b"!"), ("z", "BF16", [4], b"12345678"), name="u.safetensors",
                   metadata={"format": "pt"})
        self.expect(0, "convert", "u.safetensors", "r.safetensors", "--layout", "reference")
        with open(self.path("r.safetensors"), "rb") as file:
            self.assertEqual(file.read(), expected)

    def test_goes_from_a_file_to_a_set_and_back(self):
        self.expect(0, "convert", "in.safetensors", "set/", "--max-shard-size", "24")
        self.assertEqual(self.entries("set"), ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                                               INDEX])
        self.same("in.safetensors", "set")
        self.expect(0, "convert", "set", "back.safetensors")
        self.same("in.safetensors", "back.safetensors")

    def test_replaces_a_set_in_place(self):
        self.expect(0, "convert", "in.safetensors", "set/", "--max-shard-size", "24")
        self.expect(0, "convert", "set", "set", "--max-shard-size", "8")
        self.assertEqual(len(self.entries("set")), 4)
        self.same("in.safetensors", "set")
        self.expect(0, "convert", "set", "set")
        self.assertEqual(self.entries("set"), ["model.safetensors"])
        self.same("in.safetensors", "set")

    def test_replaces_its_own_source(self):
        self.expect(0, "convert", "in.safetensors", "copy.safetensors")
        self.expect(0, "convert", "in.safetensors", "in.safetensors", "--select", "z")
        self.assertEqual(self.names("in.safetensors"), ["z"])
        self.expect(0, "convert", "in.safetensors", "in.safetensors", "--rename", "s/z/y/")
        self.assertEqual(self.names("in.safetensors"), ["y"])

    def test_keeps_the_name_of_the_set_in_a_directory(self):
        self.expect(0, "convert", "in.safetensors", "other.safetensors", "--max-shard-size", "8")
        os.mkdir(self.path("d"))
        for name in self.entries():
            if name.startswith("other"):
                os.rename(self.path(name), self.path("d/" + name))
        self.expect(0, "convert", "d", "d")
        self.assertEqual(self.entries("d"), ["other.safetensors"])

    def test_takes_the_numbers_alone_off_the_names_of_a_set_without_an_index(self):
        self.expect(0, "convert", "in.safetensors", "run-00001.safetensors", "--max-shard-size", "24")
        os.mkdir(self.path("d"))
        for name in self.entries():
            if "-of-" in name:
                os.rename(self.path(name), self.path("d/" + name))
        self.assertEqual(self.json("convert", "d", "d", "--dry-run")["files"][0]["path"], "d/run-00001.safetensors")

    def test_selects_and_renames(self):
        self.expect(0, "convert", "in.safetensors", "out.safetensors", "--select", "model.*", "--rename",
                    r"s/^model\.//", "--rename", "s|([xy])|\\1\\1|g")
        self.assertEqual(sorted(self.names("out.safetensors")), ["xx", "yy"])

    def test_refuses_names_that_meet(self):
        error = self.expect_error(3, "convert", "in.safetensors", "out.safetensors", "--rename", "s/.*/one/")
        self.assertIn("model.x", error)
        self.assertEqual(self.entries(), ["in.safetensors"])

    def test_refuses_renames_that_are_none(self):
        for rename in ("x", "s/a/b", "s/(/b/", "s/a/b/x", "s/a/\\3/", "s/a/b/gg"):
            self.expect_error(2, "convert", "in.safetensors", "out.safetensors", "--rename", rename)

    def test_keeps_metadata_and_sets_more(self):
        self.expect(0, "convert", "in.safetensors", "out.safetensors", "--metadata", "a=2=3", "--metadata", "b=")
        self.assertEqual(self.json("info", "out.safetensors")["metadata"], {"format": "pt", "a": "2=3", "b": ""})
        self.expect_error(2, "convert", "in.safetensors", "out.safetensors", "--metadata", "nothing")

    def test_makes_checksums_anew_where_the_source_has_them(self):
        self.expect(0, "convert", "in.safetensors", "sums.safetensors", "--checksum")
        self.expect(0, "convert", "sums.safetensors", "set/", "--select", "model.*", "--max-shard-size", "8")
        for path, checked in (("in.safetensors", 0), ("sums.safetensors", 4), ("set", 2)):
            files = self.json("verify", "--data", path)["files"]
            self.assertEqual(sum(file.get("checked", 0) for file in files), checked, path)

    def test_is_no_other_checkpoint_for_its_checksums(self):
        self.expect(0, "convert", "in.safetensors", "sums.safetensors", "--checksum")
        self.same("in.safetensors", "sums.safetensors")

    def test_only_says_what_it_would_write(self):
        for out in ("out.safetensors", "new/", "in.safetensors"):
            dry = self.json("convert", "in.safetensors", out, "--dry-run")
            self.assertTrue(dry["dry_run"])
            self.assertEqual(self.entries(), ["in.safetensors"])
        with open(self.source, "rb") as file:
            self.assertEqual(file.read(), file_bytes(self.tensors, {"format": "pt", "a": "1"}))
        wet = self.json("convert", "in.safetensors", "new/")
        dry["files"] = self.json("convert", "in.safetensors", "new2/", "--dry-run")["files"]
        self.assertEqual([file["bytes"] for file in dry["files"]], [file["bytes"] for file in wet["files"]])
        self.assertEqual(wet["files"][0]["path"], "new/model.safetensors")
        self.assertEqual(wet["files"][0]["bytes"], os.stat(self.path("new/model.safetensors")).st_size)

    def test_refuses_what_is_no_file(self):
        self.assertIn("not a regular file", self.expect_error(3, "convert", "in.safetensors", "/dev/null"))
        os.mkfifo(self.path("fifo"))
        self.expect_error(3, "convert", "in.safetensors", "fifo")
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("fifo")).st_mode))
        self.expect_error(3, "convert", "in.safetensors", "no/such/out.safetensors")
        self.expect_error(3, "convert", "in.safetensors", "no/such/")
        self.expect_error(3, "convert", "in.safetensors", "out.bin", "--max-shard-size", "8")

    def test_does_not_overwrite_where_it_may_not(self):
        self.write(b"mine", "out.safetensors")
        self.expect_error(3, "convert", "in.safetensors", "out.safetensors", "--no-overwrite")
        with open(self.path("out.safetensors"), "rb") as file:
            self.assertEqual(file.read(), b"mine")
        self.expect(0, "convert", "in.safetensors", "new.safetensors", "--no-overwrite")

    def test_leaves_everything_as_it_was_where_the_source_is_broken(self):
        with open(self.source, "rb") as file:
            content = file.read()
        self.write(content[:-1], "cut.safetensors")
        self.write(b"mine", "out.safetensors")
        self.expect_error(3, "convert", "cut.safetensors", "out.safetensors")
        self.expect_error(3, "convert", "cut.safetensors", "new/")
        self.assertEqual(self.entries(), ["cut.safetensors", "in.safetensors", "out.safetensors"])
        with open(self.path("out.safetensors"), "rb") as file:
            self.assertEqual(file.read(), b"mine")

    def test_holds_little_memory(self):
        if is_sanitized():
            self.skipTest("a sanitizer's own memory counts")
        self.sparse("large.safetensors", *[("t%d" % i, "U8", [100 << 20], 100 << 20) for i in range(5)])
        peak = self.peak_kibibytes("convert", "large.safetensors", "out.safetensors", "--no-sync")
        self.assertLess(peak, 64 << 10)


class ExtractTest(RewriteTest):
    def test_takes_what_the_patterns_name(self):
        self.expect(0, "extract", "in.safetensors", "model.*", "!*.y", "-o", "out.safetensors")
        self.assertEqual(self.names("out.safetensors"), ["model.x"])
        self.same("in.safetensors", "out.safetensors", "--select", "model.x")

    def test_says_which_pattern_matches_nothing(self):
        self.assertIn("nothing", self.expect_error(3, "extract", "in.safetensors", "nothing", "-o", "out.safetensors"))
        self.expect_error(2, "extract", "in.safetensors", "-o", "out.safetensors")
        self.expect_error(2, "extract", "in.safetensors", "model.*")
        self.assertEqual(self.entries(), ["in.safetensors"])


class MergeTest(RewriteTest):
    def test_joins_checkpoints(self):
        self.model(("q", "F32", [1], floats(9)), name="b.safetensors", metadata={"format": "pt"})
        self.expect(0, "merge", "in.safetensors", "b.safetensors", "-o", "out.safetensors")
        self.assertEqual(sorted(self.names("out.safetensors")), ["empty", "model.x", "model.y", "q", "z"])
        self.assertEqual(self.json("info", "out.safetensors")["metadata"], {"format": "pt", "a": "1"})

    def test_leaves_out_metadata_on_which_the_files_do_not_agree(self):
        self.model(("q", "F32", [1], floats(9)), name="b.safetensors", metadata={"format": "np"})
        done = self.run_command("merge", "in.safetensors", "b.safetensors", "-o", "out.safetensors")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"'format'", done.stderr)
        self.assertEqual(self.json("info", "out.safetensors")["metadata"], {"a": "1"})

    def test_lists_the_names_that_clash(self):
        self.model(("z", "U8", [1], b"z"), ("model.y", "U8", [1], b"y"), ("new", "U8", [1], b"n"), name="b.safetensors")
        error = self.expect_error(3, "merge", "in.safetensors", "b.safetensors", "-o", "out.safetensors")
        self.assertIn("'z' in in.safetensors and in b.safetensors", error)
        self.assertIn("'model.y'", error)
        self.assertNotIn("'new'", error)
        self.assertEqual(self.entries(), ["b.safetensors", "in.safetensors"])
        self.expect_error(2, "merge", "-o", "out.safetensors")


class SplitTest(RewriteTest):
    def test_writes_a_set(self):
        result = self.json("split", "in.safetensors", "-o", "parts", "--max-shard-size", "8B")
        self.assertEqual(len(result["files"]), 3)
        self.assertEqual(result["index"], "parts/" + INDEX)
        self.same("in.safetensors", "parts")
        with open(self.path("parts/" + INDEX), encoding="utf-8") as file:
            index = json.load(file)
        self.assertEqual(index["metadata"], {"total_size": 37})
        self.assertEqual(set(index["weight_map"]), {name for name, *_ in self.tensors})

    def test_is_one_file_where_everything_fits(self):
        self.expect(0, "split", "in.safetensors", "-o", "parts")
        self.assertEqual(self.entries("parts"), ["model.safetensors"])


class AlignTest(RewriteTest):
    def test_works_in_place_and_once(self):
        self.expect(0, "convert", "in.safetensors", "copy.safetensors", "--layout", "reference")
        self.expect(0, "align", "in.safetensors")
        self.same("in.safetensors", "copy.safetensors")
        self.assertIn("nothing to do", self.expect(0, "align", "in.safetensors"))

    def test_leaves_the_source_alone_where_it_is_told_where_to_write(self):
        with open(self.source, "rb") as file:
            before = file.read()
        self.expect(0, "align", "in.safetensors", "-o", "out.safetensors")
        self.same("in.safetensors", "out.safetensors")
        with open(self.source, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_keeps_the_names_of_a_set(self):
        self.expect(0, "split", "in.safetensors", "-o", "parts", "--max-shard-size", "8", "--layout", "reference")
        before = self.entries("parts")
        self.assertEqual(len(self.json("align", "parts")["files"]), 3)
        self.assertEqual(self.entries("parts"), before)
        self.same("in.safetensors", "parts")

    def test_keeps_the_mode(self):
        os.chmod(self.source, 0o640)
        self.expect(0, "align", "in.safetensors")
        self.assertEqual(stat.S_IMODE(os.stat(self.source).st_mode), 0o640)


if __name__ == "__main__":
    unittest.main()
