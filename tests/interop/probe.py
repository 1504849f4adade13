"""What hoist says of files: many paths, one process."""

import json
import os
import subprocess


def verdicts(paths):
    """Pairs of error codes, compatible and strict; "ok" where a file was accepted."""
    return [tuple(line.split()) for line in _ask(paths)]


def contents(paths):
    """Pairs of [(name, dtype, shape, offset, bytes)...] in file order and the metadata."""
    answers = []
    for line in _ask(paths, "contents"):
        tensors, metadata = json.loads(line)
        answers.append(
            (
                [
                    (_text(name), dtype, shape, offset, bytes.fromhex(data))
                    for name, dtype, shape, offset, data in tensors
                ],
                {_text(key): _text(value) for key, value in metadata.items()},
            )
        )
    return answers


def rewrite(path, layout):
    """The file anew, in this layout of hoist's: its bytes."""
    _ask([path], layout)
    return open(f"{path}.{layout}", "rb").read()


def _ask(paths, *arguments):
    question = "".join(f"{path}\n" for path in paths)
    command = [os.environ["HOIST_PROBE"], *arguments]
    answer = subprocess.run(command, input=question, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    assert len(answer) == len(paths)
    return answer


def _text(hexadecimal):
    return bytes.fromhex(hexadecimal).decode()
