"""A model saved from memory: hoist's Writer beside safetensors.numpy.save_file. No goal: disks differ.

    save.py SUBJECT ROUNDS NAME FILE        FILE holds the model; the files that are written lie beside it

save_file syncs nothing. Where a durable save is asked of it, it is followed by an fsync of the file and one of its
directory, as hoist does it.
"""

import os
import sys
import time
from pathlib import Path

import safetensors
from answers import check_tensors
from on_disk import alternate, clear, show_rate, show_ratio
from pairing import Subject
from safetensors.numpy import load_file, save_file


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(program, rounds, name, file):
    ours, theirs = (Path(file).with_name(f"save-{which}.safetensors") for which in ("hoist", "peer"))
    subject = Subject(program)
    arrays = load_file(file)

    def hoist(verb):
        return lambda: int(subject.ask(verb, file, ours)) / 1e9

    def peer(durable):
        def run():
            start = time.perf_counter()
            save_file(arrays, theirs)
            if durable:
                sync(theirs)
                sync(theirs.parent)
            return time.perf_counter() - start

        return run

    works = {"durable": hoist("save-durable"), "durable, safetensors": peer(True),
             "not durable": hoist("save"), "not durable, safetensors": peer(False)}
    for work, saved in zip(works.values(), (ours, theirs, ours, theirs)):
        clear([ours, theirs])
        work()
        check_tensors(saved, [file])
    found = dict(zip(works, alternate(list(works.values()), int(rounds), [ours, theirs])))
    size = sum(array.nbytes for array in arrays.values())
    package = f"safetensors.numpy.save_file ({safetensors.__version__})"
    said = {"durable": "durable", "durable, safetensors": f"{package} and fsync of file and directory",
            "not durable": "not durable", "not durable, safetensors": f"{package}, no fsync"}
    for which, seconds in found.items():
        show_rate(f"save of {name}: {said[which]}", size, seconds)
    for which in ("durable", "not durable"):
        show_ratio(f"save of {name}: {which}, beside {said[which + ', safetensors']}", found[which],
                   found[which + ", safetensors"])


main(*sys.argv[1:])
