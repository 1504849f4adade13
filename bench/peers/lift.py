"""A model from the cache into host memory: hoist's loader against a peer's, each as its documentation shows for the
processor's memory, with everything in the clock from opening the file on. Both find memory that was used before.

    lift.py SUBJECT PEER PAIRS NAME FILE [buffered]       buffered: a peer that reads past the cache is told not to
"""

import importlib.metadata
import json
import os
import sys

import numpy
from pairing import Subject, compare, show


def safetensors():
    from safetensors import safe_open

    def load(file):
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name).clone() for name in opened.keys()}

    return load


def fastsafetensors():
    from fastsafetensors import fastsafe_open

    def load(file):
        with fastsafe_open(filenames=[file], nogds=True, device="cpu") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}

    return load


def runai_model_streamer():
    from runai_model_streamer import SafetensorsStreamer

    def load(file):
        with SafetensorsStreamer() as streamer:
            streamer.stream_file(file)
            return dict(streamer.get_tensors())

    return load


PEERS = {"safetensors": safetensors, "fastsafetensors": fastsafetensors, "runai-model-streamer": runai_model_streamer}


BUFFERED = {"fastsafetensors": ("FASTSAFETENSORS_ODIRECT", "0"),
            "runai-model-streamer": ("RUNAI_STREAMER_FS_STRATEGY", "sync_buffered")}


def check(subject, load, file):
    """Every byte of every tensor, on both sides, against the file's own."""
    if subject.ask("check-lift", file) != "right":
        raise SystemExit(f"wrong answer, not timed: hoist, {file}")
    data = numpy.memmap(file, mode="r")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:start].tobytes())
    header.pop("__metadata__", None)
    loaded = load(file)
    if set(loaded) != set(header):
        raise SystemExit(f"wrong answer, not timed: the names of {file}")
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        found = loaded[name].numpy()
        same = numpy.array_equal(found.reshape(-1).view(numpy.uint8), data[start + begin : start + end])
        if not same or list(found.shape) != entry["shape"]:
            raise SystemExit(f"wrong answer, not timed: {name} of {file}")


def main(program, peer, pairs, name, file, buffered=""):
    title = f"{name} into host memory, against {peer} {importlib.metadata.version(peer)}"
    if buffered:
        variable, value = BUFFERED[peer]
        os.environ[variable] = value
        title += f", {variable}={value}"
    load = PEERS[peer]()
    subject = Subject(program)
    check(subject, load, file)
    result = compare(subject, "lift", file, lambda: load(file), int(pairs))
    size = os.path.getsize(file)
    result["gb_per_s"] = size / result["seconds"] / 1e9
    result["peer_gb_per_s"] = size / result["peer_seconds"] / 1e9
    show(title, "times faster", result, at_least=1)


main(*sys.argv[1:])
