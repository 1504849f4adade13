"""The length, white space, and what stands around the JSON."""

from files import one
from row import REJECT, accept, reject


def rows():
    most = 2**64 - 1
    plain = one()
    yield accept("one tensor", (plain, 1), (plain + " " * 7, 1))
    yield reject("0 to 7 bytes", "header_too_small", *(bytes(n) for n in range(8)))
    yield reject("no JSON", "invalid_json", (b"",), (b"   ",), (b"\t\n",))
    yield reject(
        "N beyond the file", "header_out_of_file", ("{}", 0, 3), (plain, 1, len(plain) + 2), ("", 0, 100_000_000)
    )
    yield reject(
        "N above the limit", "header_too_large", *(("{}", 0, n) for n in (100_000_001, 2**63, most, most - 7, most - 8))
    )
    yield reject("N one short", "invalid_json", (plain, 1, len(plain) - 1), ("{}", 0, 1))
    yield reject("N one long", REJECT, (plain, 1, len(plain) + 1), ("{}", 1, 3))
    yield accept("trailing spaces", ("{}      ",), (plain + " " * 100, 1))
    yield accept("other trailing white space", *((plain + c, 1) for c in "\t\n\r"), ("{} \n ",), strict="not_strict")
    yield accept("leading white space", *((c + plain, 1) for c in " \t\n\r"), strict="not_strict")
    yield accept("white space inside", (plain.replace(":", " :\n\t").replace(",", "\r\n, "), 1))
    yield reject(
        "junk behind the JSON",
        "invalid_json",
        *(
            (plain + text, 1)
            for text in ("\0", "\0\0\0", "x", "{}", plain, ",", "]", "\v", "\f", "\u00a0", " \0", "\u2028")
        ),
    )
    yield reject(
        "junk before the JSON",
        "invalid_json",
        *((text + plain, 1) for text in ("\0", "\v", "\f", "\u00a0", "\ufeff", "x", ",")),
    )
    yield reject("UTF-16", REJECT, *((plain.encode(code), 1) for code in ("utf-16", "utf-16-le", "utf-16-be")))
    yield reject(
        "the root is not an object",
        "invalid_json",
        ("[]",),
        ("[{}]",),
        ("null",),
        ("1",),
        ("-1",),
        ("1.5",),
        ('"a"',),
        ("true",),
        (f"[{plain}]", 1),
    )
    yield accept("no tensors", ("{}",), ("{ }",), ('{"__metadata__":{}}',), ('{"__metadata__":{"a":"b"}}',))
    yield reject(
        "not JSON",
        "invalid_json",
        *(
            (text, 1)
            for text in (
                plain.replace("a", "\\x", 1),
                plain.replace("a", "\\u00g0", 1),
                plain.replace("a", "\\u12", 1),
                plain[:-1] + ",}",
                plain.replace("[1]", "[1,]"),
                "/**/" + plain,
                plain + "//",
                plain.replace('"', "'"),
                plain.replace(":", "=", 1),
                plain.replace('"a"', "a"),
                plain.replace(",", ";"),
                plain.replace(",", ",,", 1),
                plain[:-1],
                plain[1:],
                plain.replace(":", "::", 1),
                "{,}",
                '{"a"}',
                '{"a":}',
            )
        ),
    )
