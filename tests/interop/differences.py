"""Where hoist's verdict may differ from the reference's, worked out from the file itself and not from hoist."""

import json

SIGNED_LIMIT = 2**63
LARGEST_NUMBER = 1.797693134862e308
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
    if any(abs(float(number)) > LARGEST_NUMBER for number in _numbers(data)):
        return "a number is next to the largest double"
    if any(float(number) == 0 and _exponent(number) > 308 for number in _numbers(data)):
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


def _numbers(data):
    numbers = []
    json.loads(_text(data), parse_float=numbers.append, parse_int=numbers.append)
    return numbers


def _exponent(number):
    return int(number.lower().partition("e")[2] or 0)


def _repeats(pairs):
    return len({name for name, _ in pairs}) < len(pairs)
