"""Where hoist's verdict may differ from the reference's, worked out from the file itself and not from hoist."""

import json

SIGNED_LIMIT = 2**63
MAX_RANK, STRICT_RANK = 1024, 64


class Pairs(list):
    """A JSON object with its repetitions."""

    def value(self, key):
        return next((value for name, value in self if name == key), None)


def why_refused(data):
    """The table's reasons for refusing what the reference accepts, or None."""
    entries = _entries(data)
    if _repeats(entries):
        return "a name stands twice"
    for name, value in entries:
        if name == "__metadata__":
            if isinstance(value, Pairs) and _repeats(value):
                return "a metadata key stands twice"
        elif not isinstance(value, Pairs):
            return "a tensor is an array"
        elif isinstance(value.value("dtype"), Pairs):
            return "a dtype is an object"
        elif any(size >= SIGNED_LIMIT for size in value.value("shape")):
            return "a dimension is above 2^63 - 1"
        elif len(value.value("shape")) > MAX_RANK:
            return "a rank is above the limit"
    if any(float(number) == 0 for number in _huge_exponents(data)):
        return "a zero has a huge exponent"
    return None


def why_not_strict(data):
    """The table's reasons for strict to refuse what compatible accepts, or None."""
    text = _text(data)
    if text[0] in " \t\r\n":
        return "white space before the JSON"
    if text.rstrip(" ")[-1] in "\t\r\n":
        return "white space other than spaces behind the JSON"
    for name, value in _entries(data):
        if value is None:
            return "null metadata"
        if name != "__metadata__" and {field for field, _ in value} != {"dtype", "shape", "data_offsets"}:
            return "an unknown field"
        if name != "__metadata__" and len(value.value("shape")) > STRICT_RANK:
            return "a rank above 64"
    return None


def _text(data):
    return data[8 : 8 + int.from_bytes(data[:8], "little")].decode()


def _entries(data):
    return json.loads(_text(data), object_pairs_hook=Pairs)


def _huge_exponents(data):
    numbers = []
    json.loads(_text(data), parse_float=numbers.append)
    return [number for number in numbers if "e" in number.lower() and int(number.lower().split("e")[1]) > 308]


def _repeats(pairs):
    return len({name for name, _ in pairs}) < len(pairs)
