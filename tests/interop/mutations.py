"""Random changes of the table's files: of their JSON behind its right length, or of any byte."""

import random
import struct

import table

TOKENS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"0", b"1", b"-", b".", b"e1", b" ", b"\n", b"\t", b"\0", b"\\", b"\\u0061",
    b"\\ud83d\\ude00", b"\\udc00", b"null", b"true", b"[]", b"{}", b'"x":1,', b'"dtype":"U8",', b'"shape":[1],', b'"shape":[0],',
    b'"data_offsets":[0,1],', b'"__metadata__":{},', b'"__metadata__":null,', b'"k":"v",', b"18446744073709551615",
    b"9223372036854775808", b"F4", b"F32", b"BOOL", b"\xc3\xa9", b"\xff", b"a", b"1,",
]  # fmt: skip


def generate(count, seed):
    rng = random.Random(seed)
    rows = [(row, [data for data in row.files if 8 < len(data) < 2_000]) for row in table.rows()]
    sources = [data for _, files in rows for data in files]
    accepted = [data for row, files in rows if row.reference for data in files]
    for _ in range(count):
        data = rng.choice(accepted if rng.random() < 0.8 else sources)
        size = min(int.from_bytes(data[:8], "little"), len(data) - 8)
        header, body = data[8 : 8 + size], data[8 + size :]
        if rng.random() < 0.1:
            yield _changed(data, rng, 1)
            continue
        header = _changed(header, rng, rng.choice([1, 1, 1, 1, 2, 3]))
        if rng.random() < 0.05:
            body = body[:-1] if rng.random() < 0.5 else body + b"\0"
        yield struct.pack("<Q", len(header)) + header + body


def _changed(data, rng, times):
    for _ in range(times):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([0, 1, 1, 2, 4, 8, 16]))
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        elif kind == 1 and at < len(data):
            data = data[:at] + bytes([rng.randrange(32, 127)]) + data[at + 1 :]
        elif kind == 2:
            data = data[:at] + data[end:]
        elif kind == 3:
            to = rng.randrange(len(data) + 1)
            data = data[:to] + data[at:end] + data[to:]
        elif kind == 4:
            data = data[:at] + rng.choice(TOKENS) + data[at:]
        else:
            data = _token_swapped(data, rng)
    return data


def _token_swapped(data, rng):
    """One of the JSON's own tokens becomes another one."""
    present = [token for token in TOKENS if token in data]
    if not present:
        return data
    old, new = rng.choice(present), rng.choice(TOKENS)
    places = [i for i in range(len(data)) if data.startswith(old, i)]
    at = rng.choice(places)
    return data[:at] + new + data[at + len(old) :]
