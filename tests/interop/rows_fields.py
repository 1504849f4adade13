"""What stands inside of a tensor: numbers, dtypes, fields known and unknown."""

import itertools

from files import DTYPES, one
from row import REJECT, accept, refuse, reject


def number_rows():
    bad = ["-1", "-0", "0.0", "1.0", "16e0", "1E1", "true", "null", '"1"', "{}", "[]", "18446744073709551616"]
    bad += ["9" * 40, "1e999", "-1e999"]
    not_json = ["00", "01", "+16", "0x1", "NaN", "Infinity", ".5", "1.", "1e", "1_0", ""]
    for values, code in (bad, "invalid_field"), (not_json, "invalid_json"):
        for value in values:
            yield reject(f"dimension {value}", code, (one(shape=f"[{value},1]"), 1), (one(shape=f"[1,{value}]"), 1))
            yield reject(f"offset {value}", code, (one(offsets=f"[{value},1]"), 1), (one(offsets=f"[0,{value}]"), 1))


def nesting_rows():
    def nested(depth, begin="[", end="]", core=""):
        return one(more=',"x":' + begin * depth + core + end * depth), 1

    objects = ('{"y":', "}", "0")
    yield accept("unknown fields, 127 values deep", nested(125), nested(125, *objects), strict=REJECT)
    yield reject("unknown fields, 128 values deep", REJECT, nested(126), nested(126, *objects))
    yield reject("100,000 [", "invalid_json", ("[" * 100_000,))
    yield reject("100,000 values in a field", REJECT, nested(100_000), nested(100_000, *objects), ('{"a":' * 100_000,))
    yield reject("5,000,000 [", "invalid_json", ("[" * 5_000_000,))


def rows():
    fields = {"dtype": '"U8"', "shape": "[1]", "data_offsets": "[0,1]"}
    values = ["0", "-1", "-0", "1.5e-3", "1e308", "null", "true", '"\\u0000"', "[]", '{"y":[{}]}', '{"y":1,"y":2}']
    values += ["1e-999", "18446744073709551616", "0e308", "0.0e309"]
    too_big = ["1e999", "-1e999", "9" * 400, "9223372036854775808e308", "-2e308", "1" + "0" * 309]
    no_json = ["00", "+1", "NaN", '"\\ud800"', '"\\x"', "[1,]", "'a'", '"\t"', "1.", "tru", '{"y"}']
    yield from number_rows()
    yield reject(
        "not two offsets",
        "invalid_field",
        (one(offsets="[]"), 1),
        (one(offsets="[0]"), 0),
        (one(offsets="[0,1,2]"), 1),
        (one(offsets="[0,1,1]"), 1),
        (one(offsets="1"), 1),
        (one(offsets="null"), 1),
        (one(offsets='"0,1"'), 1),
        (one(offsets='{"0":0,"1":1}'), 1),
    )
    yield reject(
        "shape is no array",
        "invalid_field",
        (one(shape="1"), 1),
        (one(shape="null"), 1),
        (one(shape='"[1]"'), 1),
        (one(shape="{}"), 1),
        (one(shape="[[1]]"), 1),
    )
    yield reject(
        "unknown dtype",
        "unknown_dtype",
        *((one(dtype), 1) for dtype in ("", "u8", "U8 ", "U9", "uint8", "F8", "F128", "C128", "U8\\u0000", "f4")),
    )
    yield accept("every dtype", *((one(dtype, "[8]", f"[0,{bits}]"), bits) for dtype, bits in DTYPES.items()))
    yield accept("escaped dtype", (one("\\u0049\\u0033\\u0032", "[]", "[0,4]"), 4), (one("\\u00558"), 1))
    yield refuse(
        "dtype as an object", "invalid_field", (one('{"I32":null}', "[]", "[0,4]"), 4), (one('{"U8":null}'), 1)
    )
    yield refuse("tensor as an array", "invalid_field", ('{"a":["I32",[2,2],[0,16]]}', 16))
    yield reject(
        "dtype of another type",
        "invalid_field",
        (one('{"U8":1}'), 1),
        (one('["U8"]'), 1),
        (one("null"), 1),
        (one("1"), 1),
    )
    yield reject(
        "tensor of another type",
        "invalid_field",
        *((f'{{"a":{value}}}', 1) for value in ("null", "1", "true", '"U8"', "[]", "-1", "1.5")),
    )
    yield accept(
        "fields in any order",
        *(
            ('{"a":{' + ",".join(f'"{key}":{fields[key]}' for key in order) + "}}", 1)
            for order in itertools.permutations(fields)
        ),
    )
    yield reject(
        "missing field",
        "invalid_field",
        ('{"a":{}}', 1),
        *(
            ('{"a":{' + ",".join(f'"{key}":{fields[key]}' for key in fields if key != gone) + "}}", 1)
            for gone in fields
        ),
    )
    yield reject(
        "duplicate field",
        "invalid_field",
        *((one(more=f',"{key}":{value}'), 1) for key, value in fields.items()),
        (one(more=',"\\u0073hape":[1]'), 1),
    )
    yield accept(
        "unknown field",
        *((one(more=f',"x":{value}'), 1) for value in values),
        (one(more=',"x":1,"x":2'), 1),
        (one(more=',"":1,"Shape":[2],"dtype\\u0000":1'), 1),
        strict="invalid_field",
    )
    numbers = (f'[{{"y":{value}}}]' for value in too_big)
    yield reject(
        "unknown field with a number too big", REJECT, *((one(more=f',"x":{x}'), 1) for x in (*too_big, *numbers))
    )
    by_spelling = ("1797693134862315.7486e293", "179769313486231577" + "0" * 291)  # both are that same double
    yield refuse("unknown field with the largest double", "invalid_field", (one(more=',"x":1.7976931348623157e308'), 1))
    yield reject(
        "unknown field with the largest double, spelled longer",
        "invalid_field",
        *((one(more=f',"x":{x}'), 1) for x in by_spelling),
    )
    yield refuse(
        "unknown field with a zero of a huge exponent",
        "invalid_field",
        *((one(more=f',"x":{x}'), 1) for x in ("0e309", "-0.0e999")),
    )
    yield reject("unknown field that is not JSON", REJECT, *((one(more=f',"x":{value}'), 1) for value in no_json))
    yield from nesting_rows()
