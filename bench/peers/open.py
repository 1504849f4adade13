"""Opening one file: hoist::Archive::open against safetensors.safe_open, and the memory that an open archive holds.

    open.py SUBJECT PAIRS FILE...       a FILE named *-canonical* is spelled as the reference writer spells it
"""

import sys
from pathlib import Path

from answers import check, check_spelling
from pairing import Subject, compare, show
from safetensors import safe_open


def main(program, pairs, *files):
    subject = Subject(program)
    for file in map(Path, files):
        _, count, spelling = file.stem.split("-")
        check(subject, file, [file])
        if spelling == "canonical" and int(count) <= 1000:
            check_spelling(file)
        result = compare(subject, "open", file, lambda: safe_open(file, "np"), int(pairs))
        name = f"open {int(count):,} tensors, {spelling} spelling"
        show(name, "times faster than safe_open", result, at_least=8 if spelling == "canonical" else 3)
        held, header, tensors, dims = map(int, subject.ask("held", file).split())
        show(name + ": memory held", "of header + 80 B a tensor + 8 B a dimension",
             {"value": held / (header + 80 * tensors + 8 * dims), "held_bytes": held, "header_bytes": header},
             at_most=1)


main(*sys.argv[1:])
