"""Where tensors lie: sizes, shapes, holes and overlaps."""

from files import many, one, tensor
from row import REJECT, accept, refuse, reject


def rows():
    most = 2**64 - 1
    plain = one()
    big = 2**63 - 1
    yield reject(
        "trailing data",
        "trailing_data",
        (plain, 2),
        ("{}", 1),
        ('{"__metadata__":{}}', 8),
        (one(shape="[0]", offsets="[0,0]"), 1),
        (plain, 1000),
    )
    yield reject(
        "truncated data",
        "truncated_data",
        (plain, 0),
        (one("F32", "[2,3]", "[0,24]"), 23),
        (many(tensor(), tensor("U8", "[7]", "[1,8]")), 1),
        (one(shape="[1000000000000]", offsets="[0,1000000000000]"), 1),
    )
    yield reject(
        "hole",
        "not_contiguous",
        (many(tensor(), tensor(offsets="[2,3]")), 3),
        (one(offsets="[1,2]"), 2),
        (many(tensor(offsets="[8,9]"), tensor()), 9),
    )
    yield reject(
        "overlap",
        "not_contiguous",
        (many(tensor(), tensor()), 1),
        (many(tensor("U8", "[4]", "[0,4]"), tensor("U8", "[4]", "[2,6]")), 6),
        (many(tensor("U8", "[4]", "[0,4]"), tensor("U8", "[1]", "[1,2]")), 4),
        (many(tensor("U8", "[4]", "[0,4]"), tensor("U8", "[1]", "[1,2]"), tensor("U8", "[1]", "[4,5]")), 5),
    )
    yield reject(
        "reversed offsets",
        "size_mismatch",
        (one(offsets="[1,0]"), 1),
        (one("U8", "[0]", "[1,0]"), 1),
        (many(tensor("U8", "[2]", "[0,2]"), tensor(offsets="[2,1]")), 2),
    )
    yield reject(
        "zero-size tensor off its boundary",
        "not_contiguous",
        (many(tensor("U8", "[2]", "[0,2]"), tensor("U8", "[0]", "[1,1]")), 2),
        (one("U8", "[0]", "[1,1]"), 0),
        (many(tensor(), tensor("U8", "[0]", "[2,2]")), 1),
        (one("U8", "[0]", "[1,1]"), 1),
    )
    yield accept(
        "zero-size tensors at one offset",
        (many(*[tensor("F32", "[0]", "[0,0]")] * 9), 0),
        (
            many(
                tensor("U8", "[0]", "[0,0]"), tensor(), *[tensor("I64", "[3,0]", "[1,1]")] * 5, tensor(offsets="[1,2]")
            ),
            2,
        ),
    )
    yield reject(
        "span differs from shape x dtype",
        "size_mismatch",
        (one("F32", "[2]", "[0,7]"), 7),
        (one("F32", "[2]", "[0,9]"), 9),
        (one("U8", "[]", "[0,0]"), 0),
        (one("U8", "[]", "[0,2]"), 2),
        (one("C64", "[1]", "[0,4]"), 4),
    )
    yield reject(
        "zero dimension with bytes", "size_mismatch", (one("U8", "[0]", "[0,1]"), 1), (one("U8", "[5,0]", "[0,5]"), 5)
    )
    yield reject(
        "overflow",
        "invalid_shape",
        (one(shape=f"[{2**32},{2**32}]"), 1),
        (one(shape=f"[{big},{big}]"), 1),
        (one(shape=f"[{2**62},8,0]", offsets="[0,0]"), 0),
        (one("F64", f"[{2**60}]"), 1),
        (one("U8", f"[{2**61}]", f"[0,{2**61}]"), 1),
        (one(shape=f"[{most},2]"), 1),
    )
    yield refuse(
        "dimension above 2^63 - 1 that a zero hides",
        "invalid_shape",
        *((one(shape=shape, offsets="[0,0]"),) for shape in (f"[0,{most},{most}]", f"[{most},0]", f"[0,{2**63}]")),
    )
    yield accept(
        "dimension of 2^63 - 1 that a zero hides",
        (one(shape=f"[0,{big}]", offsets="[0,0]"),),
        (one(shape=f"[{big},0]", offsets="[0,0]"),),
    )
    yield reject(
        "sizes that add up to about 2^64",
        REJECT,
        (many(tensor("U8", f"[{big}]", f"[0,{big}]"), tensor("U8", f"[{big}]", f"[{big},{2 * big}]")), 1),
        (many(tensor("U8", "[1]", f"[{most - 1},{most}]")), 1),
        (many(tensor(), tensor("U8", f"[{most - 1}]", f"[1,{most}]")), 1),
        (one("U8", "[1]", f"[{most},0]"), 1),
        (many(*(tensor("U8", f"[{2**60}]", f"[{i * 2**60},{(i + 1) * 2**60}]") for i in range(15))), 1),
        (one(shape=f"[{most - 8}]", offsets=f"[0,{most - 8}]"), 1),
    )
    yield reject(
        "elements that are not whole bytes",
        "invalid_shape",
        (one("F4", "[3]", "[0,1]"), 1),
        (one("F4", "[3]", "[0,2]"), 2),
        (one("F4", "[]", "[0,1]"), 1),
        (one("F4", "[]", "[0,0]"), 0),
        (one("F4", "[1,1]", "[0,1]"), 1),
        *(
            (one(dtype, f"[{n}]", f"[0,{size}]"), size)
            for dtype in ("F6_E2M3", "F6_E3M2")
            for n, size in ((3, 2), (3, 3), (1, 1), (2, 1), (2, 2), (5, 4))
        ),
    )
    yield accept(
        "elements of less than a byte",
        (one("F4", "[2,3]", "[0,3]"), 3),
        (one("F4", "[1,2]"), 1),
        (one("F4", "[0]", "[0,0]"),),
        (one("F6_E2M3", "[4]", "[0,3]"), 3),
        (one("F6_E3M2", "[2,2]", "[0,3]"), 3),
        (one("F6_E3M2", "[8,3]", "[0,18]"), 18),
        (one("F6_E2M3", "[0,3]", "[0,0]"),),
    )
    yield accept("rank 64", (one(shape="[" + "1," * 63 + "1]"), 1))
    yield accept(
        "rank 1000",
        (one(shape="[" + "1," * 64 + "1]"), 1),
        (one(shape="[" + "1," * 999 + "1]"), 1),
        strict="not_strict",
    )
    yield refuse("rank above the limit", "invalid_shape", (one(shape="[" + "1," * 1024 + "1]"), 1))
    yield accept(
        "misaligned data",
        (many(tensor(), tensor("F64", "[1]", "[1,9]")), 9),
        (plain + "   ", 1),
        (one("F32", "[]", "[0,4]") + " ", 4),
    )
