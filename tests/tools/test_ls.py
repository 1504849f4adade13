"""hoist ls and hoist info: what is in a checkpoint, as tables, trees and JSON."""

import json
import resource
import unittest

from support import CommandTest, file_bytes, floats, is_sanitized


class Ls(CommandTest):
    def layers(self):
        return self.model(
            ("layer.10.weight", "F32", [2, 2], floats(1, 2, 3, 4)), ("layer.2.weight", "F32", [1], floats(1)),
            ("layer.2.bias", "U8", [3], b"abc"), ("head", "U8", [], b"x"))

    def names(self, *arguments):
        return [tensor["name"] for tensor in self.json("ls", *arguments)["tensors"]]

    def test_lists_each_tensor_with_its_dtype_shape_size_and_offset(self):
        path = self.layers()
        lines = self.expect(0, "ls", path).splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "DTYPE", "SHAPE", "SIZE", "OFFSET"])
        self.assertEqual(len(lines), 5)
        with open(path, "rb") as file:
            start = len(file.read()) - 24
        self.assertEqual(lines[1].split(), ["layer.10.weight", "F32", "[2,", "2]", "16", "B", str(start)])
        self.assertEqual(
            self.json("ls", path)["tensors"][2],
            {"name": "layer.2.bias", "dtype": "U8", "shape": [3], "bytes": 3, "file": path, "offset": start + 20})

    def test_patterns_choose_tensors_in_their_order(self):
        path = self.layers()
        self.assertEqual(self.names(path, "head", "layer.*.weight"), ["head", "layer.10.weight", "layer.2.weight"])
        self.assertEqual(self.names(path, "**", "!layer.**"), ["head"])

    def test_a_pattern_without_a_match_is_a_failure_that_names_it(self):
        self.assertIn("hed", self.expect_error(3, "ls", self.layers(), "hed"))
        self.expect_error(3, "ls", self.layers(), "re:(")

    def test_sorts_by_name_with_numbers_as_numbers_by_size_and_by_offset(self):
        path = self.layers()
        self.assertEqual(self.names(path, "--sort", "name"),
                         ["head", "layer.2.bias", "layer.2.weight", "layer.10.weight"])
        self.assertEqual(self.names(path, "--sort", "size"),
                         ["layer.10.weight", "layer.2.weight", "layer.2.bias", "head"])
        self.assertEqual(self.names(path, "head", "**", "--sort", "offset"),
                         ["layer.10.weight", "layer.2.weight", "layer.2.bias", "head"])

    def test_the_tree_groups_by_name_parts_with_sums(self):
        lines = self.expect(0, "ls", self.layers(), "--tree").splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["NAME", "head", "layer", "2", "bias", "weight", "10.weight"])
        self.assertEqual(lines[2].split(), ["layer", "3", "23", "B"])
        self.assertEqual(lines[3].split(), ["2", "2", "7", "B"])
        self.assertTrue(lines[4].startswith("    bias "))

    def test_the_tree_as_json_nests(self):
        tree = self.json("ls", self.layers(), "--tree")
        self.assertEqual((tree["count"], tree["bytes"]), (4, 24))
        layer = tree["children"][1]
        self.assertEqual((layer["label"], layer["tensors"], layer["bytes"]), ("layer", 3, 23))
        self.assertEqual([child["label"] for child in layer["children"]], ["2", "10.weight"])
        self.assertEqual(layer["children"][1]["name"], "layer.10.weight")
        self.assertEqual(layer["children"][1]["shape"], [2, 2])

    def test_the_tree_survives_empty_parts_prefixes_and_very_deep_names(self):
        deep = ".".join("d" * 5000)
        path = self.model(("a", "U8", [1], b"1"), ("a.b", "U8", [1], b"2"), ("", "U8", [1], b"3"),
                          ("..", "U8", [1], b"4"), (deep, "U8", [1], b"5"), (deep + "x", "U8", [1], b"6"))
        tree = self.json("ls", path, "--tree")
        found, rest = [], list(tree["children"])
        while rest:
            node = rest.pop()
            rest += node["children"]
            if "name" in node:
                found.append(node["name"])
        self.assertEqual(sorted(found), sorted(["a", "a.b", "", "..", deep, deep + "x"]))
        self.assertEqual(sum(child["tensors"] for child in tree["children"]), 6)
        self.assertLess(len(self.expect(0, "ls", path, "--tree")), 10000)

    def test_a_file_without_tensors_is_listed(self):
        path = self.model()
        self.assertEqual(self.json("ls", path), {"count": 0, "bytes": 0, "tensors": []})
        self.assertEqual(self.json("ls", path, "--tree"), {"count": 0, "bytes": 0, "children": []})
        self.expect(0, "ls", path)
        self.expect(0, "info", path)

    def test_a_sharded_checkpoint_shows_the_file_of_each_tensor(self):
        self.model(("a", "U8", [1], b"1"), name="model-00001-of-00002.safetensors")
        self.model(("b", "U8", [2], b"22"), name="model-00002-of-00002.safetensors")
        index = {"metadata": {"total_size": 3}, "weight_map": {"a": "model-00001-of-00002.safetensors",
                                                               "b": "model-00002-of-00002.safetensors"}}
        self.write(json.dumps(index).encode(), "model.safetensors.index.json")
        for path in [self.folder, self.path("model.safetensors.index.json")]:
            self.assertIn("model-00002-of-00002.safetensors", self.expect(0, "ls", path))
            self.assertEqual([t["name"] for t in self.json("ls", path)["tensors"]], ["a", "b"])
        info = self.json("info", self.folder)
        self.assertEqual(len(info["files"]), 2)
        self.assertTrue(info["index"].endswith("index.json"))

    def test_a_set_of_more_shards_than_files_are_allowed_at_first_is_opened(self):
        for i in range(70):
            self.model(("w%d" % i, "U8", [1], b"x"), name="model-%05d-of-00070.safetensors" % (i + 1))

        def allow_fifty_files_at_first():
            resource.setrlimit(resource.RLIMIT_NOFILE, (50, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        for command in ["ls", "verify"]:
            self.expect(0, command, self.folder, preexec_fn=allow_fifty_files_at_first)

    def test_info_counts_checksums_and_does_not_print_them(self):
        digits = "0123456789abcdef" * 2
        value = json.dumps({name: digits for name in ["a", "gone"]})
        path = self.model(("a", "I8", [3], b"abc"), ("b", "I8", [1], b"d"),
                          metadata={"hoist.xxh3_128": value, "format": "pt"})
        text = self.expect(0, "info", path)
        self.assertIn("\nchecksums 1, of 2; hoist verify --data compares them\n", text)
        self.assertNotIn(digits, text)
        self.assertIn("format", text)
        self.assertEqual(self.json("info", path)["checksums"], 1)
        broken = self.model(("a", "I8", [3], b"abc"), metadata={"hoist.xxh3_128": "[]"})
        self.assertNotIn("METADATA", self.expect(0, "info", broken))
        self.assertEqual(self.json("info", broken)["checksums"], 0)

    def test_info_sums_dtypes_alignment_and_metadata(self):
        path = self.model(("w", "F32", [16], floats(*range(16))), ("v", "F32", [2], floats(1, 2)),
                          ("s", "I8", [3], b"abc"), metadata={"format": "pt", "note": "\x1b[31mred\n\u0085"})
        info = self.json("info", path)
        self.assertEqual((info["tensors"], info["elements"], info["bytes"]), (3, 21, 75))
        self.assertEqual(info["dtypes"], {"I8": {"tensors": 1, "elements": 3, "bytes": 3},
                                          "F32": {"tensors": 2, "elements": 18, "bytes": 72}})
        self.assertEqual(info["metadata"], {"format": "pt", "note": "\x1b[31mred\n\u0085"})
        self.assertEqual([tensor["name"] for tensor in info["largest"]], ["w", "v", "s"])
        self.assertEqual(list(info["aligned"]), ["16", "64", "256", "4096"])
        offsets = [tensor["offset"] for tensor in self.json("ls", path)["tensors"]]
        self.assertEqual(info["aligned"]["16"], sum(offset % 16 == 0 for offset in offsets))
        text = self.expect(0, "info", path)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u0085", text)
        self.assertIn(r"\x1b[31mred\x0a\x85", text)

    def test_two_gigabytes_are_listed_and_verified_in_little_memory(self):
        if is_sanitized():
            self.skipTest("sanitizers use memory of their own")
        path = self.sparse("large", *[("layer.%d.weight" % i, "BF16", [5000, 1000], 10000000) for i in range(200)])
        for command in ["ls", "verify", "info"]:
            self.assertLess(self.peak_kibibytes(command, path), 30 * 1024, command)

    def test_what_cannot_be_opened_is_a_failure_with_a_message(self):
        broken = self.write(file_bytes([("a", "U8", [1], b"1")])[:-1], "short.safetensors")
        for command in ["ls", "info", "stats", "load"]:
            for path, word in [(self.path("absent"), "absent"), (broken, "truncated_data"), ("/dev/null", "/dev/null"),
                               (self.write(b"", "empty"), "header_too_small")]:
                with self.subTest(command=command, path=path):
                    self.assertIn(word, self.expect_error(3, command, path))
                    self.expect_error(3, command, path, "--json")


if __name__ == "__main__":
    unittest.main()
