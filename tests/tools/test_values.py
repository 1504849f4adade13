"""The values of every dtype, as head prints them, against tables worked out by hand."""

import struct
import unittest

from support import CommandTest


def pack(codes, bits):
    """Codes of `bits` bits, the lowest bit first, as bytes."""
    number = sum(code << (bits * i) for i, code in enumerate(codes))
    return number.to_bytes(len(codes) * bits // 8, "little")


class Values(CommandTest):
    def values(self, dtype, shape, content):
        return self.json("head", self.model(("t", dtype, shape, content)), "t")["values"]

    def texts(self, dtype, shape, content):
        lines = self.expect(0, "head", self.model(("t", dtype, shape, content)), "t").splitlines()
        self.assertEqual(lines[0], "t  %s %s" % (dtype, shape))
        return " ".join(lines[1:]).strip("[]").split()

    def test_f4_has_its_sixteen_values_the_low_nibble_first(self):
        magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
        self.assertEqual(self.values("F4", [16], bytes([0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE])),
                         magnitudes + [-m for m in magnitudes])

    def test_f6_e2m3_has_its_sixty_four_values(self):
        # bias 1: subnormals are eighths; then 1 to 1.875, 2 to 3.75, 4 to 7.5
        magnitudes = [m / 8 for m in range(8)] + [(8 + m) / 8 * scale for scale in (1, 2, 4) for m in range(8)]
        self.assertEqual(self.values("F6_E2M3", [64], pack(range(64), 6)), magnitudes + [-m for m in magnitudes])

    def test_f6_e3m2_has_its_sixty_four_values(self):
        # bias 3: subnormals are sixteenths; then 0.25 to 0.4375 up to 16 to 28
        magnitudes = [m / 16 for m in range(4)] + [(4 + m) / 4 * 2.0**e for e in range(-2, 5) for m in range(4)]
        self.assertEqual(self.values("F6_E3M2", [64], pack(range(64), 6)), magnitudes + [-m for m in magnitudes])

    def test_f8_values_that_tell_the_five_formats_apart(self):
        nan, inf = "NaN", "Infinity"
        cases = {
            #               zero  -zero/NaN  smallest  one          largest       next up     all ones
            "F8_E4M3": {0x00: 0, 0x80: 0, 0x01: 2**-9, 0x38: 1, 0x7E: 448, 0x7F: nan, 0xFF: nan, 0xFE: -448},
            "F8_E5M2": {0x00: 0, 0x80: 0, 0x01: 2**-16, 0x3C: 1, 0x7B: 57344, 0x7C: inf, 0xFC: "-Infinity", 0x7D: nan,
                        0xFF: nan},
            "F8_E4M3FNUZ": {0x00: 0, 0x80: nan, 0x01: 2**-10, 0x40: 1, 0x7F: 240, 0xFF: -240, 0x81: -(2**-10)},
            "F8_E5M2FNUZ": {0x00: 0, 0x80: nan, 0x01: 2**-17, 0x40: 1, 0x7F: 57344, 0xFF: -57344, 0x81: -(2**-17)},
            "F8_E8M0": {0x00: 2**-127, 0x01: 2**-126, 0x7F: 1, 0x80: 2, 0xFE: 2.0**127, 0xFF: nan},
        }
        for dtype, table in cases.items():
            with self.subTest(dtype):
                values = self.values(dtype, [len(table)], bytes(table))
                for value, expected in zip(values, table.values()):
                    # as float32: JSON has its shortest decimals, which are not the double's
                    if isinstance(expected, str):
                        self.assertEqual(value, expected)
                    else:
                        self.assertEqual(struct.pack("<f", value), struct.pack("<f", expected or value))
                        self.assertEqual(value == 0, expected == 0)

    def test_negative_zero_keeps_its_sign_where_the_format_has_it(self):
        self.assertEqual(self.texts("F8_E4M3", [2], b"\x00\x80"), ["0", "-0"])
        self.assertEqual(self.texts("F16", [2], b"\x00\x00\x00\x80"), ["0", "-0"])

    def test_integers_of_every_width_have_their_limits(self):
        for dtype, code, limits in [
                ("U8", "B", [0, 255]), ("I8", "b", [-128, 127]), ("U16", "H", [0, 65535]),
                ("I16", "h", [-32768, 32767]), ("U32", "I", [0, 2**32 - 1]), ("I32", "i", [-(2**31), 2**31 - 1]),
                ("U64", "Q", [0, 2**64 - 1]), ("I64", "q", [-(2**63), 2**63 - 1])]:
            with self.subTest(dtype):
                content = struct.pack("<2" + code, *limits)
                self.assertEqual(self.values(dtype, [2], content), limits)
                self.assertEqual(self.texts(dtype, [2], content), [str(limit) for limit in limits])

    def test_bool_is_true_and_false(self):
        self.assertEqual(self.values("BOOL", [2], b"\x00\x01"), [False, True])
        self.assertEqual(self.texts("BOOL", [2], b"\x00\x01"), ["False", "True"])

    def test_f16_and_bf16_are_printed_as_float32(self):
        halves = struct.pack("<5e", 1.0, -2.5, 65504.0, 2**-24, float("inf"))
        self.assertEqual(self.texts("F16", [5], halves), ["1", "-2.5", "65504", "5.9604645e-08", "inf"])
        # the upper halves of 1.0f, 3.140625f, -inf, NaN and the largest bfloat16
        brains = struct.pack("<5H", 0x3F80, 0x4049, 0xFF80, 0x7FC0, 0x7F7F)
        self.assertEqual(self.texts("BF16", [5], brains), ["1", "3.140625", "-inf", "nan", "3.3895314e+38"])

    def test_f32_and_f64_are_the_shortest_decimals_that_read_back_equal(self):
        self.assertEqual(self.texts("F32", [3], struct.pack("<3f", 0.1, 1 / 3, 16777216)),
                         ["0.1", "0.33333334", "16777216"])
        self.assertEqual(self.texts("F64", [3], struct.pack("<3d", 0.1, 1 / 3, 5e-324)),
                         ["0.1", "0.3333333333333333", "5e-324"])

    def test_c64_is_a_real_and_an_imaginary_part(self):
        content = struct.pack("<6f", 1, 2, -0.5, -1, float("nan"), float("inf"))
        self.assertEqual(self.texts("C64", [3], content), ["1+2j", "-0.5-1j", "nan+infj"])
        self.assertEqual(self.values("C64", [3], content), [[1, 2], [-0.5, -1], ["NaN", "Infinity"]])

    def test_json_names_what_has_no_number(self):
        content = struct.pack("<3f", float("nan"), float("inf"), float("-inf"))
        self.assertEqual(self.values("F32", [3], content), ["NaN", "Infinity", "-Infinity"])


if __name__ == "__main__":
    unittest.main()
