"""Files with any header, made of JSON text."""

import struct

DTYPES = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}


def file(json, data_bytes=0, length=None):
    """`json` behind its length, or behind a length that lies, then zeros."""
    json = json.encode() if isinstance(json, str) else json
    return struct.pack("<Q", len(json) if length is None else length) + json + bytes(data_bytes)


def tensor(dtype="U8", shape="[1]", offsets="[0,1]", more=""):
    dtype = dtype if dtype[:1] in ("{", "[", "n", "1") else f'"{dtype}"'
    return f'{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}{more}}}'


def one(*arguments, **named):
    return f'{{"a":{tensor(*arguments, **named)}}}'


def many(*tensors):
    return "{" + ",".join(f'"{chr(97 + i)}":{text}' for i, text in enumerate(tensors)) + "}"


def with_metadata(value):
    return f'{{"__metadata__":{value},"a":{tensor()}}}'
