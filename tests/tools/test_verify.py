"""hoist verify: one line per file, its errors under it, and an exit status to build on."""

import json
import os
import random
import struct
import unittest

from support import CommandTest, file_bytes, floats, is_sanitized


def with_header(text, data=b""):
    return struct.pack("<Q", len(text)) + text + data


# What xxhsum -H2 prints.
TEXT = b"weights of a model, 32 bytes long"
RIGHT = {b"": "99aa06d3014798d86001c324468d497f", b"rock": "344be89cab7a872b38b7c2310bbbf116",
         TEXT: "c7c83d410de5734e28fff600b4ce860a"}


class Verify(CommandTest):
    def good(self, name="good.safetensors"):
        return self.model(("a", "F32", [2], floats(1, 2)), name=name)

    def bad(self, name="bad.safetensors"):
        header = b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}'
        return self.write(with_header(header, b"12345"), name)

    def test_a_valid_file_is_one_line_and_status_0(self):
        path = self.good()
        self.assertEqual(self.expect(0, "verify", path), "%s: valid, 1 tensor, 72 B\n" % path)
        answer = self.json("verify", path)
        self.assertEqual(answer, {"valid": True, "errors": [], "warnings": [], "files": [
            {"file": path, "status": "valid", "valid": True, "file_bytes": 72, "tensors": 1}]})

    def test_an_invalid_file_is_status_1_with_its_errors_indented(self):
        lines = self.expect(1, "verify", self.bad()).splitlines()
        self.assertTrue(lines[0].endswith(": invalid, 1 error"), lines)
        self.assertTrue(lines[1].startswith("  not_contiguous 'b'"), lines)
        answer = self.json("verify", self.bad(), status=1)
        self.assertFalse(answer["valid"])
        error = answer["errors"][0]
        self.assertEqual((error["code"], error["tensor"], error["file"]), ("not_contiguous", "b", self.bad()))
        self.assertIsInstance(error["offset"], int)
        self.assertIsInstance(error["message"], str)

    def test_the_status_is_the_highest_of_several_files(self):
        absent = self.path("absent")
        for status, paths in [(0, [self.good(), self.good("2")]), (1, [self.bad(), self.good()]),
                              (1, [self.good(), self.bad()]), (3, [absent, self.good()]), (3, [self.bad(), absent]),
                              (3, [absent, self.bad()])]:
            with self.subTest(paths=paths):
                self.assertEqual(len(self.json("verify", *paths, status=status)["files"]), len(paths))
                self.expect(status, "verify", *paths)

    def test_what_cannot_be_read_is_called_unreadable(self):
        os.mkfifo(self.path("fifo"))
        for path in [self.path("absent"), self.path("fifo"), "/dev/null"]:
            with self.subTest(path):
                answer = self.json("verify", path, status=3)
                self.assertEqual(answer["files"][0]["status"], "unreadable")
                self.assertFalse(answer["valid"])
                self.assertIn("unreadable", self.expect(3, "verify", path))

    def test_strict_refuses_what_compatible_accepts(self):
        path = self.write(with_header(b' {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"1"))
        self.expect(0, "verify", path)
        self.assertEqual(self.json("verify", "--strict", path, status=1)["errors"][0]["code"], "not_strict")

    def test_broken_files_get_one_helpful_line_and_their_code(self):
        whole = file_bytes([("a", "F32", [2], floats(1, 2))])
        cases = {
            "header_too_small": [b"", b"1234567"],
            "header_too_large": [b"This is a text file, and no model at all.\n" * 3],
            "header_out_of_file": [struct.pack("<Q", 64) + b"{}"],
            "truncated_data": [whole[:-1]],
            "trailing_data": [whole + b"x", with_header(b"{}", b"1")],
            "invalid_json": [with_header(b"{"), with_header(b"[]"), with_header(b"{}\0"), with_header(b"[" * 5000)],
            "invalid_utf8": [with_header(b'{"\xff":1}')],
            "unknown_dtype": [with_header(b'{"a":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}', b"1234")],
        }
        for code, contents in cases.items():
            for content in contents:
                with self.subTest(code=code, content=content[:40]):
                    path = self.write(content)
                    self.assertEqual(self.json("verify", path, status=1)["errors"][0]["code"], code)
                    lines = self.expect(1, "verify", path).splitlines()
                    self.assertEqual(len(lines), 2)
                    self.assertTrue(lines[1].startswith("  " + code), lines)

    def test_a_shard_set_gets_a_line_for_its_index_and_for_each_shard(self):
        self.good("model-00001-of-00002.safetensors")
        self.bad("model-00002-of-00002.safetensors")
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
        self.write(json.dumps(index).encode(), "model.safetensors.index.json")
        answer = self.json("verify", self.folder, status=1)
        self.assertEqual(len(answer["files"]), 3)
        self.assertIn("not_contiguous", [error["code"] for error in answer["errors"]])
        self.assertFalse(answer["valid"])

    def test_a_hundred_errors_are_the_most_that_one_file_gets(self):
        header = {"t%d" % i: {"dtype": "U8", "shape": [2], "data_offsets": [i, i + 1]} for i in range(300)}
        path = self.write(with_header(json.dumps(header).encode(), b"x" * 300))
        self.assertEqual(len(self.json("verify", path, status=1)["errors"]), 100)

    def summed(self, *tensors, sums=None, name="model.safetensors", **more):
        """Tensors of bytes with the checksums of RIGHT, or with these."""
        sums = {tensor: RIGHT[content] for tensor, content in tensors} if sums is None else sums
        value = sums if isinstance(sums, str) else json.dumps(sums)
        return self.model(*[(tensor, "U8", [len(content)], content) for tensor, content in tensors], name=name,
                          metadata={"hoist.xxh3_128": value, **more})

    def test_data_is_compared_with_the_checksums_that_xxhsum_prints(self):
        path = self.summed(("a", b"rock"), ("b", TEXT), ("none", b""))
        size = os.path.getsize(path)
        self.assertEqual(self.expect(0, "verify", "--data", path),
                         "%s: valid, 3 tensors, %d B, 3 checksums compared\n" % (path, size))
        answer = self.json("verify", "--data", path)
        self.assertEqual(answer, {"valid": True, "checked": 3, "errors": [], "warnings": [], "files": [
            {"file": path, "status": "valid", "valid": True, "file_bytes": size, "tensors": 3, "checked": 3}]})
        self.assertNotIn("checked", self.json("verify", path))

    def test_data_that_rotted_is_named(self):
        with open(self.summed(("a", b"rock"), ("b", TEXT), ("c", b"rock")), "rb") as file:
            good = file.read()
        for threads in ("1", "2", "9"):
            path = self.write(good[:-5] + b"!" + good[-4:], "rotten.safetensors")  # the last byte of b
            lines = self.expect(1, "verify", path, "--data", "--threads", threads).splitlines()
            self.assertEqual(lines[0], path + ": invalid, 1 error, 3 checksums compared")
            self.assertTrue(lines[1].startswith("  checksum_mismatch 'b' at byte "), lines)
            self.assertIn(RIGHT[TEXT], lines[1])
            answer = self.json("verify", path, "--data", status=1)
            self.assertEqual([(error["code"], error["tensor"], error["offset"]) for error in answer["errors"]],
                             [("checksum_mismatch", "b", len(good) - 4 - len(TEXT))])
            self.assertEqual((answer["valid"], answer["checked"], answer["files"][0]["checked"]), (False, 3, 3))
            self.expect(0, "verify", path)

    def test_a_file_without_checksums_is_never_said_to_be_good(self):
        path = self.good()
        self.assertEqual(self.expect(0, "verify", "--data", path), "%s: valid (no checksums), 1 tensor, 72 B\n" % path)
        answer = self.json("verify", "--data", path)
        self.assertEqual((answer["valid"], answer["checked"], answer["files"][0]["checked"]), (True, 0, 0))
        self.assertIn("valid, 0 tensors", self.expect(0, "verify", "--data", self.model(name="empty.safetensors")))

    def test_checksums_of_some_tensors_and_of_others_than_those_that_are_there(self):
        path = self.summed(("a", b"rock"), ("b", TEXT), sums={"gone": "0" * 32, "b": RIGHT[TEXT]})
        self.assertIn(", 1 checksum compared\n", self.expect(0, "verify", "--data", path))

    def test_checksums_that_are_none_are_an_error_of_data_alone(self):
        for value in ["", "[]", "{", '{"a":1}', '{"a":"%s"}' % RIGHT[b"rock"].upper(), "[" * 100_000]:
            with self.subTest(value=value[:60]):
                path = self.summed(("a", b"rock"), sums=value)
                self.assertEqual(self.json("verify", "--data", path, status=1)["errors"][0]["code"], "invalid_field")
                self.expect(0, "verify", path)

    def test_data_of_a_set_is_compared_shard_by_shard(self):
        self.summed(("a", b"rock"), name="model-00001-of-00002.safetensors")
        self.summed(("b", TEXT), sums={"b": "f" * 32}, name="model-00002-of-00002.safetensors")
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
        self.write(json.dumps(index).encode(), "model.safetensors.index.json")
        lines = self.expect(1, "verify", "--data", self.folder).splitlines()
        self.assertTrue(lines[0].endswith("index.json: valid, 2 tensors, %d B" % len(json.dumps(index))), lines)
        self.assertIn(", 1 checksum compared", lines[1])
        self.assertIn("invalid, 1 error", lines[2])

    def test_data_is_read_in_little_memory(self):
        if is_sanitized():
            self.skipTest("sanitizers use memory of their own")
        size = 200_000_000
        zeros = "f7700941874a69d3f9c57efb44a29286"  # the checksum of so many
        text = json.dumps({"__metadata__": {"hoist.xxh3_128": '{"a":"%s"}' % zeros},
                           "a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
        path = self.write(with_header(text))
        os.truncate(path, 8 + len(text) + size)
        self.expect(0, "verify", "--data", path)
        self.assertLess(self.peak_kibibytes("verify", "--data", path, "--threads", "2"), 30 * 1024)

    def test_random_bytes_and_flipped_bits_never_crash(self):
        dice = random.Random(3)
        whole = file_bytes([("w.%d" % i, "F32", [2], floats(i, i)) for i in range(4)], {"format": "pt"})
        header = len(whole) - 32
        paths = [self.write(dice.randbytes(dice.randrange(300)), "random%d" % i) for i in range(40)]
        for i in range(160):
            flipped = bytearray(whole)
            flipped[dice.randrange(header)] ^= 1 << dice.randrange(8)
            paths.append(self.write(bytes(flipped), "flipped%d" % i))
        done = self.run_command("verify", *paths)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        heads = [line for line in done.stdout.splitlines() if not line.startswith(b"  ")]
        self.assertEqual(len(heads), len(paths))
        self.assertEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main()
