"""hoist plan: what would be read, and where it would go, without moving anything."""

import unittest

from support import CommandTest, floats


class Plan(CommandTest):
    def pair(self):
        return self.model(("a", "F32", [4, 6], floats(*range(24))), ("b", "I16", [4, 2], bytes(range(16))))

    def test_lists_each_tensor_with_its_places(self):
        answer = self.json("plan", self.pair())
        self.assertEqual((answer["tensors"], answer["bytes"], answer["bytes_read"], answer["over_read"]), (2, 112, 112, 0))
        self.assertEqual((answer["requests"], answer["device_bytes"]), (1, 272))
        a, b = answer["places"]
        self.assertEqual((a["name"], a["dtype"], a["shape"], a["bytes"], a["arena_offset"]), ("a", "F32", [4, 6], 96, 0))
        self.assertEqual((b["name"], b["arena_offset"], b["bytes"], b["bytes_read"]), ("b", 256, 16, 16))
        self.assertEqual(b["file_offset"], a["file_offset"] + 96)

    def test_says_the_same_as_the_load_that_follows_it(self):
        path = self.pair()
        for arguments in [[], ["--select", "a"], ["--shard", "0:1/2"], ["--slice", "a=:,::2"], ["--shard", "1:1/2"]]:
            with self.subTest(arguments=arguments):
                planned, loaded = self.json("plan", path, *arguments), self.json("load", path, *arguments, "--check")
                for key in ("tensors", "bytes", "bytes_read", "requests", "device_bytes"):
                    self.assertEqual(planned[key], loaded[key])

    def test_a_column_shard_spans_more_of_the_file_than_it_has(self):
        answer = self.json("plan", self.pair(), "--select", "a", "--shard", "1:0/2")
        place, = answer["places"]
        self.assertEqual((place["shape"], place["bytes"], place["file_bytes"]), ([4, 3], 48, 84))
        self.assertEqual(answer["over_read"], 36)

    def test_is_a_table_for_people(self):
        text = self.expect(0, "plan", self.pair())
        self.assertIn("2 tensors", text)
        self.assertIn("272 bytes of device memory", text)
        self.assertRegex(text, r"NAME +DTYPE +SHAPE +ARENA +BYTES")

    def test_moves_nothing_and_takes_nothing(self):
        path = self.sparse("huge", ("t", "U8", [1 << 40], 1 << 40))
        self.assertEqual(self.json("plan", path)["device_bytes"], 1 << 40)
        self.assertIn("no_match", self.expect_error(3, "plan", path, "--select", "zzz"))


if __name__ == "__main__":
    unittest.main()
