"""hoist stats: exact counts and sound figures, the same with any number of threads."""

import math
import struct
import unittest

from support import CommandTest, floats, is_sanitized

NAN, INF = float("nan"), float("inf")


class Stats(CommandTest):
    def stats(self, dtype, shape, content, *arguments):
        return self.json("stats", self.model(("t", dtype, shape, content)), *arguments)["tensors"][0]

    def test_minimum_maximum_mean_deviation_and_counts(self):
        answer = self.stats("F32", [2, 3], floats(1, -2, 0, 4, 0, NAN))
        self.assertEqual((answer["count"], answer["nan"], answer["infinite"], answer["zeros"]), (6, 1, 0, 2))
        self.assertEqual((answer["min"], answer["max"]), (-2, 4))
        self.assertAlmostEqual(answer["mean"], 0.6)
        self.assertAlmostEqual(answer["std"], math.sqrt(21 / 5 - 0.36))

    def test_infinities_count_in_the_extremes_and_not_in_the_mean(self):
        answer = self.stats("F32", [4], floats(INF, 1, 3, -INF))
        self.assertEqual((answer["min"], answer["max"]), ("-Infinity", "Infinity"))
        self.assertEqual((answer["mean"], answer["std"], answer["infinite"]), (2, 1, 2))

    def test_what_has_no_elements_to_measure_has_no_figures(self):
        for shape, content in [([0], b""), ([2], floats(NAN, NAN)), ([3, 0], b"")]:
            answer = self.stats("F32", shape, content)
            self.assertEqual([answer[key] for key in ("min", "max", "mean", "std")], [None] * 4)
        self.assertIn(" - ", self.expect(0, "stats", self.path()))

    def test_integers_of_64_bits_keep_every_digit(self):
        answer = self.stats("U64", [2], struct.pack("<2Q", 2**64 - 1, 2**64 - 3))
        self.assertEqual((answer["min"], answer["max"]), (2**64 - 3, 2**64 - 1))
        answer = self.stats("I64", [2], struct.pack("<2q", -(2**63), 2**63 - 1))
        self.assertEqual((answer["min"], answer["max"]), (-(2**63), 2**63 - 1))

    def test_a_large_mean_does_not_swallow_a_small_deviation(self):
        answer = self.stats("F64", [100000], struct.pack("<2d", 1e9 + 1, 1e9 - 1) * 50000)
        self.assertEqual((answer["mean"], answer["std"]), (1e9, 1))

    def test_doubles_near_their_end_have_a_finite_mean(self):
        self.assertEqual(self.stats("F64", [4], struct.pack("<4d", *[1.5e308] * 4))["mean"], 1.5e308)

    def test_complex_numbers_are_measured_by_their_magnitude(self):
        answer = self.stats("C64", [3], floats(3, 4, 0, 0, NAN, 1))
        self.assertEqual((answer["min"], answer["max"], answer["mean"]), (0, 5, 2.5))
        self.assertEqual((answer["zeros"], answer["nan"]), (1, 1))

    def test_every_dtype_is_measured(self):
        ones = {"BOOL": b"\1", "U8": b"\1", "I8": b"\1", "I16": b"\1\0", "U16": b"\1\0", "F16": b"\0\x3c",
                "BF16": b"\x80\x3f", "I32": b"\1\0\0\0", "U32": b"\1\0\0\0", "F32": floats(1), "C64": floats(1, 0),
                "F64": struct.pack("<d", 1), "I64": b"\1" + bytes(7), "U64": b"\1" + bytes(7), "F8_E4M3": b"\x38",
                "F8_E5M2": b"\x3c", "F8_E8M0": b"\x7f", "F8_E4M3FNUZ": b"\x40", "F8_E5M2FNUZ": b"\x40"}
        for dtype, one in ones.items():
            with self.subTest(dtype):
                answer = self.stats(dtype, [5000], one * 5000)
                self.assertEqual([answer[key] for key in ("min", "max", "mean", "std")], [1, 1, 1, 0])
        packed = {"F4": (b"\x22", 2), "F6_E2M3": (b"\x08\x82\x20", 4), "F6_E3M2": (b"\x0c\xc3\x30", 4)}
        for dtype, (group, count) in packed.items():
            with self.subTest(dtype):
                answer = self.stats(dtype, [3000, count], group * 3000)
                self.assertEqual([answer[key] for key in ("min", "max", "mean", "std")], [1, 1, 1, 0])

    def test_threads_and_chunks_do_not_change_any_digit(self):
        count = 20 << 20  # 80 MB: two parts of many chunks
        content = struct.pack("<1024f", *[math.sin(i) for i in range(1024)]) * (count // 1024)
        for shape in ([count], [1, count // 2, 2], [count // 4096, 4096]):
            path = self.model(("t", "F32", shape, content))
            once = self.expect(0, "stats", path, "--json", "--threads", "1")
            self.assertEqual(self.expect(0, "stats", path, "--json", "--threads", "7"), once)

    def test_a_huge_last_dimension_is_measured_in_little_memory(self):
        if is_sanitized():
            self.skipTest("sanitizers use memory of their own")
        path = self.sparse("huge", ("t", "U8", [1, 600000000], 600000000))
        self.assertEqual(self.json("stats", path)["tensors"][0]["zeros"], 600000000)
        self.assertLess(self.peak_kibibytes("stats", path, "--threads", "2"), 40 * 1024)


if __name__ == "__main__":
    unittest.main()
