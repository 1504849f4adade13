"""A row of the table of docs/format.md: files, and what is said of them."""

from files import file

OK = "ok"
REJECT = "reject"  # by whatever code


class Row:
    """One row: the reference's verdict, hoist's (a code, OK or REJECT; strict's is the same unless given), its files."""

    def __init__(self, name, reference, compatible, strict, files):
        self.name, self.reference, self.compatible, self.strict = name, reference, compatible, strict
        self.files = [text if isinstance(text, bytes) else file(*text) for text in files]


def accept(name, *files, strict=OK):
    return Row(name, True, OK, strict, files)


def reject(name, code, *files):
    return Row(name, False, code, code, files)


def refuse(name, code, *files):
    """What the reference lets pass, and hoist does not."""
    return Row(name, True, code, code, files)
