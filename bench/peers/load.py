"""A whole model from the cache into new host memory: hoist against safetensors.numpy.load_file. No goal: for the record.

    load.py SUBJECT PAIRS FILE
"""

import os
import sys

from answers import check
from pairing import Subject, compare, show
from safetensors.numpy import load_file


def main(program, pairs, file):
    subject = Subject(program)
    check(subject, file, [file])
    result = compare(subject, "load", file, lambda: load_file(file), int(pairs))
    result["gb_per_s"] = os.path.getsize(file) / result["seconds"] / 1e9
    show("open and load the real model into new memory, 1 thread", "times faster than load_file", result)


main(*sys.argv[1:])
