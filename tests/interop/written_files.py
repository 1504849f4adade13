"""What the reference writes, hoist reads byte for byte, and writes as the reference does."""

import ctypes
import itertools
import json
import pathlib
import tempfile
import unittest

import ml_dtypes
import numpy
import safetensors
import safetensors.numpy

import probe

SHAPES = [[], [1], [5], [2, 3], [4, 1, 2], [0], [3, 0, 2], [1] * 40]

# as the low-level writer takes them: its name, the format's name, bytes of an element
DTYPES = [
    ("bool", "BOOL", 1), ("uint8", "U8", 1), ("int8", "I8", 1), ("float8_e5m2", "F8_E5M2", 1),
    ("float8_e4m3fn", "F8_E4M3", 1), ("float8_e8m0fnu", "F8_E8M0", 1), ("float8_e4m3fnuz", "F8_E4M3FNUZ", 1),
    ("float8_e5m2fnuz", "F8_E5M2FNUZ", 1), ("int16", "I16", 2), ("uint16", "U16", 2), ("float16", "F16", 2),
    ("bfloat16", "BF16", 2), ("int32", "I32", 4), ("uint32", "U32", 4), ("float32", "F32", 4), ("complex64", "C64", 8),
    ("float64", "F64", 8), ("int64", "I64", 8), ("uint64", "U64", 8),
]  # fmt: skip

NUMPY_DTYPES = [
    ("BOOL", numpy.bool_), ("U8", numpy.uint8), ("I8", numpy.int8), ("I16", numpy.int16), ("U16", numpy.uint16),
    ("F16", numpy.float16), ("BF16", ml_dtypes.bfloat16), ("I32", numpy.int32), ("U32", numpy.uint32),
    ("F32", numpy.float32), ("C64", numpy.complex64), ("F64", numpy.float64), ("I64", numpy.int64),
    ("U64", numpy.uint64), ("F8_E4M3", ml_dtypes.float8_e4m3fn), ("F8_E5M2", ml_dtypes.float8_e5m2),
    ("F8_E8M0", ml_dtypes.float8_e8m0fnu), ("F8_E4M3FNUZ", ml_dtypes.float8_e4m3fnuz),
    ("F8_E5M2FNUZ", ml_dtypes.float8_e5m2fnuz),
]  # fmt: skip

METADATA = {"format": "np", "": "", 'quote"\\': "line\nbreak\t\x1f\x7f", "größe": "€ \U0001f600", "nul": "\0"}


def pattern(size, seed):
    return bytes((seed * 89 + i * 31) % 251 for i in range(size))


def split(file):
    """The header's entries in their order, metadata sorted; its text but for metadata; and the data."""
    length = int.from_bytes(file[:8], "little")
    header = file[8 : 8 + length].decode()
    entries = json.loads(header, object_pairs_hook=list)
    text = header
    if entries and entries[0][0] == "__metadata__":
        entries[0] = ("__metadata__", sorted(entries[0][1]))
        text = header[header.index("}") :] if entries[0][1] and all("}" not in k + v for k, v in entries[0][1]) else ""
    return entries, text.rstrip(" "), file[8 + length :]


class WrittenFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "written.safetensors")

    def check(self, expected, metadata):
        """`expected` is {name: (dtype, shape, bytes)}; the places are checked against the file itself."""
        ((compatible, strict),) = probe.verdicts([self.path])
        self.assertEqual((compatible, strict), ("ok", "ok"))
        ((tensors, found_metadata),) = probe.contents([self.path])
        self.assertEqual({name: (dtype, shape, data) for name, dtype, shape, _, data in tensors}, expected)
        self.assertEqual(len(tensors), len(expected))
        self.assertEqual(found_metadata, metadata)
        file = self.path.read_bytes()
        for _, _, _, offset, data in tensors:
            self.assertEqual(file[offset : offset + len(data)], data)
        self.check_rewritten(file, expected)

    def check_rewritten(self, file, expected):
        """Equal bytes in the reference's layout, but for the order of metadata, which the reference leaves to chance."""
        ours = probe.rewrite(self.path, "reference")
        self.assertEqual(split(ours), split(file))
        self.assertEqual(len(ours), len(file))
        aligned = probe.rewrite(self.path, "aligned")
        self.assertEqual({name: bytes(tensor["data"]) for name, tensor in safetensors.deserialize(aligned)},
                         {name: data for name, (_, _, data) in expected.items()})

    def test_numpy_arrays_of_every_dtype_and_shape_are_read_byte_for_byte(self):
        arrays, expected = {}, {}
        for (name, dtype), shape in itertools.product(NUMPY_DTYPES, SHAPES):
            count = numpy.prod(shape, dtype=int)
            raw = pattern(count * numpy.dtype(dtype).itemsize, len(arrays))
            if name == "BOOL":
                raw = bytes(byte & 1 for byte in raw)
            arrays[f"{name} {shape}"] = numpy.frombuffer(raw, dtype).reshape(shape)
            expected[f"{name} {shape}"] = (name, shape, raw)
        safetensors.numpy.save_file(arrays, self.path, METADATA)
        self.check(expected, METADATA)

    def check_serialized(self, rows, expected, metadata=None):
        """Writes {name: (writer's dtype, its shape, bytes)} with both low-level writers."""
        buffers = {name: ctypes.create_string_buffer(data, len(data)) for name, (_, _, data) in rows.items()}
        specs = {
            name: safetensors.TensorSpec(
                dtype=dtype, shape=shape, data_ptr=ctypes.addressof(buffers[name]), data_len=len(data)
            )
            for name, (dtype, shape, data) in rows.items()
        }
        safetensors.serialize_file(specs, self.path, metadata)
        self.check(expected, metadata or {})
        self.path.write_bytes(safetensors.serialize(specs, metadata))
        self.check(expected, metadata or {})

    def test_raw_bytes_of_every_dtype_and_shape_are_read_byte_for_byte(self):
        rows, expected = {}, {}
        for (dtype, name, size), shape in itertools.product(DTYPES, SHAPES):
            data = pattern(int(numpy.prod(shape, dtype=int)) * size, len(rows))
            rows[f"{name} {shape}"] = (dtype, shape, data)
            expected[f"{name} {shape}"] = (name, shape, data)
        self.check_serialized(rows, expected)

    def test_packed_four_bit_floats_are_read_byte_for_byte(self):
        shapes = [[1], [3], [2, 3], [0], [5, 0], [2, 1, 2]]
        rows, expected = {}, {}
        for i, shape in enumerate(shapes):
            data = pattern(int(numpy.prod(shape, dtype=int)), i)
            rows[str(i)] = ("float4_e2m1fn_x2", shape, data)  # two elements a byte: the last dimension doubles
            expected[str(i)] = ("F4", shape[:-1] + [2 * shape[-1]], data)
        self.check_serialized(rows, expected)

    def test_names_are_read_as_they_were_written(self):
        names = ["", " ", "a.b", "a\"b\\c/d", "\x00", "\x1f\x7f\n\r\t\b\f", "é", "e\u0301", "€\uffff", "\U0001F600",
                 "../../etc/passwd", "__metadata", "x" * 100_000]  # fmt: skip
        rows = {name: ("uint8", [1], bytes([i])) for i, name in enumerate(names)}
        expected = {name: ("U8", [1], data) for name, (_, _, data) in rows.items()}
        self.check_serialized(rows, expected, METADATA)

    def test_a_file_without_tensors_is_read(self):
        # not with metadata={}: safetensors 0.8.0 then writes two objects, which it refuses to read itself
        for metadata in (None, METADATA):
            self.check_serialized({}, {}, metadata)


if __name__ == "__main__":
    unittest.main()
