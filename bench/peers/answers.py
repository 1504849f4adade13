"""Both sides must give the same answer before either is timed."""

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save

NAMES = {"float16": "F16", "float32": "F32", "int64": "I64"}


def describe(tensor):
    data = tensor.tobytes()
    return " ".join([NAMES[str(tensor.dtype)], *map(str, tensor.shape)]) + " = " + (data[:1024] + data[-1024:]).hex()


def check(subject, path, files):
    """The count of tensors, and dtype, shape, first and last bytes of the first, middle and last of each file."""
    count = 0
    for file in files:
        with safe_open(file, "np") as peer:
            names = list(peer.keys())
            count += len(names)
            for name in {names[0], names[len(names) // 2], names[-1], *sorted(names)[:1]}:
                if subject.ask("describe", path, name) != describe(peer.get_tensor(name)):
                    raise SystemExit(f"wrong answer, not timed: {name} of {file}")
    if int(subject.ask("count", path)) != count:
        raise SystemExit(f"wrong answer, not timed: the count of tensors in {path}")


def check_spelling(file):
    """A file that claims the reference writer's spelling is what that writer makes of its tensors."""
    if save(load_file(file), {"format": "pt"}) != Path(file).read_bytes():
        raise SystemExit(f"not the reference writer's spelling: {file}")


def check_tensors(found, expected):
    """The file `found` holds every tensor of the files `expected`, no other, with all their bytes."""
    with safe_open(found, "np") as ours:
        names = set(ours.keys())
        for file in expected:
            with safe_open(file, "np") as theirs:
                for name in theirs.keys():
                    if name not in names or not same(ours.get_tensor(name), theirs.get_tensor(name)):
                        raise SystemExit(f"wrong answer, not timed: {name} of {file}")
                    names.remove(name)
    if names:
        raise SystemExit(f"wrong answer, not timed: {min(names)} is in {found} alone")


def same(one, other):
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return np.array_equal(one.reshape(-1).view(np.uint8), other.reshape(-1).view(np.uint8))
