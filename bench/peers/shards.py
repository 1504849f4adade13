"""Opening a sharded checkpoint, without and with an index.json; beside it safe_open of each shard in turn.

    shards.py SUBJECT PAIRS GOAL_MS PLAIN_FOLDER GOAL_MS INDEXED_FOLDER
"""

import json
import sys
from pathlib import Path

from answers import check
from pairing import Subject, compare, show
from safetensors import safe_open


def open_all(folder):
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    else:
        names = sorted(path.name for path in folder.glob("*.safetensors"))
    return [safe_open(folder / name, "np") for name in names]


def main(program, pairs, *goals_and_folders):
    subject = Subject(program)
    for goal, folder in zip(goals_and_folders[::2], map(Path, goals_and_folders[1::2])):
        shards = sorted(folder.glob("*.safetensors"))
        check(subject, folder, shards)
        result = compare(subject, "checkpoint", folder, lambda: open_all(folder), int(pairs))
        name = f"{len(shards)} shards, {int(subject.ask('count', folder)):,} tensors, " + (
            "with an index.json" if (folder / "model.safetensors.index.json").exists() else "no index")
        milliseconds = {"value": result["seconds"] * 1e3, "pairs": result["pairs"]}
        show(name, "ms", milliseconds, **({"at_most": float(goal)} if float(goal) else {}))
        show(name + ", beside safe_open of each", "times faster", result)


main(*sys.argv[1:])
