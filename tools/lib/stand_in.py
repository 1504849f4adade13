"""Writes a safetensors file with the names, dtypes and shapes of a BERT model, for where the real one can't be had."""

import argparse
import array
import json
import random
import struct
import sys


def bert_tensors(vocab, hidden, layers, positions):
    """(name, dtype, shape) in the order in which the reference writes them: wide dtypes first, then by name."""
    tensors = [("embeddings.position_ids", "I64", [1, positions])]
    tensors += norm("embeddings.LayerNorm", hidden)
    tensors += [
        ("embeddings.position_embeddings.weight", "F32", [positions, hidden]),
        ("embeddings.token_type_embeddings.weight", "F32", [2, hidden]),
        ("embeddings.word_embeddings.weight", "F32", [vocab, hidden]),
    ]
    for number in range(layers):
        layer = f"encoder.layer.{number}"
        tensors += norm(f"{layer}.attention.output.LayerNorm", hidden)
        tensors += dense(f"{layer}.attention.output.dense", hidden, hidden)
        for part in ("key", "query", "value"):
            tensors += dense(f"{layer}.attention.self.{part}", hidden, hidden)
        tensors += dense(f"{layer}.intermediate.dense", 4 * hidden, hidden)
        tensors += norm(f"{layer}.output.LayerNorm", hidden)
        tensors += dense(f"{layer}.output.dense", hidden, 4 * hidden)
    return tensors + dense("pooler.dense", hidden, hidden)


def norm(name, size):
    return [(f"{name}.bias", "F32", [size]), (f"{name}.weight", "F32", [size])]


def dense(name, rows, columns):
    return [(f"{name}.bias", "F32", [rows]), (f"{name}.weight", "F32", [rows, columns])]


def element_count(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def header(tensors):
    entries, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape in tensors:
        end = offset + element_count(shape) * (8 if dtype == "I64" else 4)
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def little_endian(values):
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def write(path, tensors):
    chance = random.Random(0)
    noise = little_endian(array.array("f", (chance.gauss(0, 0.05) for _ in range(65536))))
    with open(path, "wb") as file:
        file.write(header(tensors))
        for _, dtype, shape in tensors:
            if dtype == "I64":
                file.write(little_endian(array.array("q", range(element_count(shape)))))
                continue
            byte_count = 4 * element_count(shape)
            file.write((noise * (byte_count // len(noise) + 1))[:byte_count])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--vocab", type=int, default=30522)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--positions", type=int, default=512)
    options = parser.parse_args()
    write(options.path, bert_tensors(options.vocab, options.hidden, options.layers, options.positions))


if __name__ == "__main__":
    main()
