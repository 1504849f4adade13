"""Names and metadata: repetitions, UTF-8, escapes."""

from files import one, tensor, with_metadata
from row import REJECT, accept, refuse, reject


def utf8_rows():
    broken = [
        b"\xff",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf0\x80\x80\x80",
        b"\x80",
        b"\xc3",
    ]
    broken += [b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80"]
    head, tail = one().encode().split(b"a", 1)
    for text in broken:
        yield reject(f"{text} in a name", "invalid_utf8", (head + text + tail, 1))
        yield reject(f"{text} in the padding", "invalid_utf8", (one().encode() + text, 1))
        yield reject(
            f"{text} in metadata", "invalid_utf8", (with_metadata('{"k":"v"}').encode().replace(b"v", text), 1)
        )


def rows():
    plain = one()
    second = tensor(offsets="[1,2]")
    odd = [
        "\\u0000",
        "",
        "../../etc/passwd",
        "\\\\",
        "\\/",
        "\u00e9",
        "e\u0301",
        "\u007f",
        "\U0001f600",
        "\uffff",
        "__metadata",
        "x" * 1_000_000,
    ]
    yield refuse(
        "duplicate tensor name",
        "duplicate_tensor",
        (f'{{"a":{tensor()},"a":{tensor()}}}', 1),
        (f'{{"a":{tensor(offsets="[5,9]")},"\\u0061":{tensor()}}}', 1),
    )
    yield reject("duplicate tensor name, whose first is needed", REJECT, (f'{{"a":{tensor()},"a":{second}}}', 2))
    yield refuse(
        "duplicate key in __metadata__",
        "duplicate_metadata",
        (with_metadata('{"k":"1","k":"2"}'), 1),
        (with_metadata('{"k":"1","\\u006b":"1"}'), 1),
    )
    yield reject(
        "duplicate __metadata__",
        "duplicate_metadata",
        *(
            (f'{{"__metadata__":{x},"a":{tensor()},"__metadata__":{y}}}', 1)
            for x in ("{}", "null")
            for y in ("{}", "null")
        ),
        ('{"__metadata__":{},"\\u005f_metadata__":{}}',),
    )
    yield accept("__metadata__: null", (with_metadata("null"), 1), ('{"__metadata__":null}',), strict="not_strict")
    yield accept(
        "__metadata__ anywhere",
        (with_metadata('{"":"","k":"\\n"}'), 1),
        (f'{{"a":{tensor()},"__metadata__":{{"k":"v"}}}}', 1),
        (with_metadata("{}").replace("_", "\\u005f", 1), 1),
    )
    yield reject(
        "__metadata__ of another type",
        "invalid_field",
        *(
            (with_metadata(value), 1)
            for value in (
                "[]",
                '"x"',
                "1",
                "true",
                '["a"]',
                '[["a","b"]]',
                '{"k":1}',
                '{"k":null}',
                '{"k":{}}',
                '{"k":["v"]}',
                '{"k":true}',
                tensor(),
            )
        ),
    )
    yield from utf8_rows()
    yield reject(
        "half a surrogate pair",
        REJECT,
        *(
            (plain.replace("a", text, 1), 1)
            for text in (
                "\\ud800",
                "\\udc00",
                "\\udfff",
                "\\ud800x",
                "\\ud800\\u0041",
                "\\udc00\\ud800",
                "\\ud800\\ud800",
            )
        ),
        (with_metadata('{"k":"\\udc00"}'), 1),
        (with_metadata('{"\\ud800":"v"}'), 1),
        (one("\\udc00"), 1),
    )
    yield accept(
        "surrogate pairs",
        (plain.replace("a", "\\ud83d\\uDE00", 1), 1),
        (with_metadata('{"\\ud800\\udc00":"\\udbff\\udfff"}'), 1),
    )
    yield reject(
        "control character in a name",
        "invalid_json",
        *((plain.replace("a", f"x{chr(c)}", 1), 1) for c in range(32)),
        (with_metadata('{"k":"\n"}'), 1),
    )
    yield accept(
        "odd names",
        *((plain.replace("a", name, 1), 1) for name in odd),
        (
            f'{{"\u00e9":{tensor()},"e\u0301":{second},"":{tensor(offsets="[2,3]")},"\\u0000":{tensor(offsets="[3,4]")}}}',
            4,
        ),
    )
