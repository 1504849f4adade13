"""`hoist align` and `hoist merge` beside cp of the same files and sync, and the memory that they hold. No goal for the
rates: disks differ.

    rewrite.py HOIST RESIDENT ROUNDS NAME COMMAND FILE...     COMMAND: align, of one FILE, or merge, of several

RESIDENT runs a command and prints the most memory it held. What is written lies beside the first FILE.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from answers import check_tensors
from on_disk import alternate, clear, show_rate, show_ratio
from pairing import show

# What a save holds of the bytes on their way: four bounces of 4 MiB, and a block each. (runtime/transfer/file_sink.hpp)
RING_BYTES = 4 * ((4 << 20) + 4096)
BEYOND_BYTES = 64_000_000


def timed(*command):
    def run():
        start = time.perf_counter()
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    return run


def resident_bytes(program, *command):
    done = subprocess.run([str(part) for part in (program, *command)], check=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    return int(done.stderr.split()[-1]) * 1024  # ru_maxrss is in KiB


def main(hoist, resident, rounds, name, command, *files):
    folder = Path(files[0]).parent / "copied"  # cp keeps the names
    output = Path(files[0]).with_name(f"{command}.safetensors")
    rewrite = (hoist, command, *files, "-o", output)
    folder.mkdir(exist_ok=True)
    outputs = [output, *(folder / Path(file).name for file in files)]
    clear(outputs)
    timed(*rewrite)()
    check_tensors(output, files)
    clear(outputs)
    held = resident_bytes(resident, *rewrite)
    works = [timed(*rewrite), timed("sh", "-c", 'cp --reflink=never "$@" && sync', "cp", *files, folder)]
    ours, theirs = alternate(works, int(rounds), outputs)
    shutil.rmtree(folder)
    size = sum(os.path.getsize(file) for file in files)
    show_rate(f"{command} of {name}", size, ours)
    show_rate(f"{command} of {name}: cp --reflink=never && sync of the same files", size, theirs)
    show_ratio(f"{command} of {name}, beside cp && sync", ours, theirs)
    show(f"{command} of {name}: most memory resident, its ring of {RING_BYTES / 1e6:.1f} MB with it", "MB",
         {"value": held / 1e6, "ring_bytes": RING_BYTES}, at_most=(BEYOND_BYTES + RING_BYTES) / 1e6)


main(*sys.argv[1:])
