"""All codes of the narrow dtypes against the ml_dtypes package, where that is installed."""

import math
import struct
import unittest

from support import BITS, CommandTest

try:
    import ml_dtypes
    import numpy
except ImportError:
    numpy = ml_dtypes = None

TYPES = {
    "F4": ("float4_e2m1fn", 16), "F6_E2M3": ("float6_e2m3fn", 64), "F6_E3M2": ("float6_e3m2fn", 64),
    "F8_E5M2": ("float8_e5m2", 256), "F8_E4M3": ("float8_e4m3fn", 256), "F8_E8M0": ("float8_e8m0fnu", 256),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 256), "F8_E5M2FNUZ": ("float8_e5m2fnuz", 256),
}


def as_float(value):
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value)


@unittest.skipIf(numpy is None, "needs numpy and ml_dtypes")
class ValuesByMlDtypes(CommandTest):
    def compare(self, dtype, content, expected):
        path = self.model(("t", dtype, [len(expected)], content))
        values = []
        for start in range(0, len(expected), 1000):  # head leaves out the middle of more than that
            stop = min(start + 1000, len(expected))
            values += self.json("head", path, "t", "--slice", "%d:%d" % (start, stop))["values"]
        for code, (value, wanted) in enumerate(zip(values, expected)):
            value, wanted = as_float(value), float(wanted)
            if math.isnan(wanted):
                self.assertTrue(math.isnan(value), (dtype, code, value))
            else:
                self.assertEqual(struct.pack("<f", value), struct.pack("<f", wanted), (dtype, code, value))

    def test_every_code_of_every_dtype_of_eight_bits_and_fewer(self):
        for dtype, (name, count) in TYPES.items():
            with self.subTest(dtype):
                peer = getattr(ml_dtypes, name, None)
                if peer is None:
                    self.skipTest("this ml_dtypes has no " + name)
                expected = numpy.arange(count, dtype=numpy.uint8).view(peer).astype(numpy.float32)
                packed = sum(code << (BITS[dtype] * code) for code in range(count))
                self.compare(dtype, packed.to_bytes(count * BITS[dtype] // 8, "little"), expected)

    def test_every_code_of_f16_and_bf16(self):
        codes = numpy.arange(65536, dtype=numpy.uint16)
        for dtype, peer in (("F16", numpy.float16), ("BF16", ml_dtypes.bfloat16)):
            with self.subTest(dtype):
                self.compare(dtype, codes.tobytes(), codes.view(peer).astype(numpy.float32))

    def test_stats_of_every_code_agree(self):
        codes = numpy.arange(65536, dtype=numpy.uint16)
        for dtype, peer in (("F16", numpy.float16), ("BF16", ml_dtypes.bfloat16)):
            with numpy.errstate(invalid="ignore"):  # widening a signalling NaN
                values = codes.view(peer).astype(numpy.float64)
            finite = values[numpy.isfinite(values)]
            stats = self.json("stats", self.model(("t", dtype, [65536], codes.tobytes())))["tensors"][0]
            self.assertEqual(stats["nan"], int(numpy.isnan(values).sum()))
            self.assertEqual(stats["infinite"], 2)
            self.assertEqual(stats["zeros"], 2)
            self.assertTrue(math.isclose(stats["std"], finite.std(), rel_tol=1e-9), (stats, finite.std()))


if __name__ == "__main__":
    unittest.main()
