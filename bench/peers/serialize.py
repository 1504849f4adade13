"""A model with its batch statistics made into a file's bytes: hoist against a peer, both with the model in memory.

    serialize.py SUBJECT PEER PAIRS fresh|touched FILE

FILE holds the model. What the peer writes to is made anew by it; GLIBC_TUNABLES tell whether the memory is what it freed
the round before (touched), or fresh. hoist writes to fresh memory of its own, or to its caller's, that is touched.
"""

import importlib.metadata
import os
import sys
import tempfile
import types

import numpy
from pairing import Subject, compare, show
from safetensors.numpy import load, load_file, save

# Each takes the names and numpy arrays, and gives a function that serializes them and one that reads what it made.


def safetensors_numpy(arrays):
    return lambda: save(arrays), load


def safetensors_flax(arrays):
    import jax
    from safetensors.flax import save as save_arrays

    on_device = jax.device_put(arrays)
    return lambda: save_arrays(on_device), load


def safejax(arrays):
    """Not written for today's jax and flax; what it misses there is given to it, and what it doesn't use left out."""
    import jax

    jax.numpy.DeviceArray = jax.Array
    for unused in ("jaxboard", "privacy", "util.image"):  # of objax, which want tensorboard, six and pillow
        sys.modules["objax." + unused] = types.ModuleType("objax." + unused)
    from safejax import serialize

    tree = jax.device_put(nested(arrays))
    return lambda: serialize(tree), load


def flax(arrays):
    import jax
    from flax.serialization import msgpack_restore, to_bytes

    tree = jax.device_put(nested(arrays))
    return lambda: to_bytes(tree), lambda made: flat(msgpack_restore(made))


PEERS = {"safetensors.numpy.save": safetensors_numpy, "safetensors.flax.save": safetensors_flax,
         "safejax.serialize": safejax, "flax.serialization.to_bytes": flax}


# Both sides write to memory of the same kind. Beside that, for the record, the caller's memory against a peer that has
# no such way and gets fresh memory, as it does from glibc's defaults.
WAYS = {
    "fresh": [("serialize-fresh", "fresh memory", {"at_least": 5}),
              ("serialize-fresh-1-thread", "fresh memory, 1 thread", {}),
              ("serialize-touched", "touched memory, the peer into fresh memory", {})],
    "touched": [("serialize-touched", "touched memory", {"at_least": 5}),
                ("serialize-touched-1-thread", "touched memory, 1 thread", {})],
}


def nested(arrays):
    tree = {}
    for name, array in arrays.items():
        *path, leaf = name.split(".")
        level = tree
        for part in path:
            level = level.setdefault(part, {})
        level[leaf] = array
    return tree


def flat(tree, prefix=""):
    found = {}
    for name, value in tree.items():
        found.update(flat(value, prefix + name + ".") if isinstance(value, dict) else {prefix + name: value})
    return found


def check(subject, file, arrays, serialize, read):
    """hoist's bytes are the reference writer's, and so are the peer's or, in a format of its own, every tensor's."""
    expected = save(arrays)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(file)) as reference:
        reference.write(expected)
        reference.flush()
        if subject.ask("check-serialize", file, reference.name) != "right":
            raise SystemExit("wrong answer, not timed: hoist's bytes are not the reference writer's")
    made = serialize()
    if made == expected:
        return
    found = {name: numpy.asarray(array) for name, array in read(made).items()}
    right = set(found) == set(arrays) and all(
        found[name].dtype == array.dtype and numpy.array_equal(found[name].view("u4"), array.view("u4"))
        for name, array in arrays.items())
    if read is load or not right:
        raise SystemExit("wrong answer, not timed: the peer's bytes are not the model's")


def main(program, peer, pairs, memory, file):
    arrays = load_file(file)
    total = sum(array.nbytes for array in arrays.values())
    if (len(arrays), total) != (267, 102_440_608):
        raise SystemExit(f"not timed: {len(arrays)} tensors and {total:,} bytes are not ResNet50's")
    serialize, read = PEERS[peer](arrays)
    subject = Subject(program)
    check(subject, file, arrays, serialize, read)
    beside = f"against {peer} ({importlib.metadata.version(peer.partition('.')[0])})"
    for verb, title, goal in WAYS[memory]:
        result = compare(subject, verb, file, serialize, int(pairs))
        result["gb_per_s"] = total / result["seconds"] / 1e9
        result["peer_gb_per_s"] = total / result["peer_seconds"] / 1e9
        show(f"ResNet50 into {title}, {beside}", "times faster", result, **goal)


main(*sys.argv[1:])
