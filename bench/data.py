"""The files that the benchmarks read. Made once, under build/bench-data; data that no check looks at is a hole."""

import json
import math
import os
from pathlib import Path

BYTES = {"F16": 2, "F32": 4}


def layer_tensors(layer, experts=31):
    """100 tensors of one layer of a mixture-of-experts model, with their dtypes and shapes."""
    prefix = f"model.layers.{layer}."
    for part in ("input_layernorm", "post_attention_layernorm"):
        yield prefix + part + ".weight", "F32", [16]
    yield prefix + "mlp.gate.weight", "F32", [16, 16]
    for part in "qkvo":
        yield prefix + f"self_attn.{part}_proj.weight", "F16", [16, 16]
    for expert in range(experts):
        for part in ("down", "gate", "up"):
            yield prefix + f"mlp.experts.{expert}.{part}_proj.weight", "F16", [16, 16]


def model_tensors(count):
    """`count` tensors named as a language model's are; above 100,000 short names, or the header is over its limit."""
    if count > 100_000:
        return [(f"t{i}", "F16", [4, 4]) for i in range(count)]
    return [tensor for layer in range(-(-count // 100)) for tensor in layer_tensors(layer)][:count]


def laid_out(tensors):
    """In the reference writer's order (larger dtypes first, then by name), each with its data offsets."""
    begin = 0
    for name, dtype, shape in sorted(tensors, key=lambda t: (-BYTES[t[1]], t[0])):
        end = begin + BYTES[dtype] * math.prod(shape)
        yield name, dtype, shape, begin, end
        begin = end


def header(entries, other_spelling=False):
    """The reference writer's own spelling, or another one: spaces, and fields in another order."""
    fields = {"__metadata__": {"format": "pt"}}
    for name, dtype, shape, begin, end in entries:
        if other_spelling:
            fields[name] = {"shape": shape, "data_offsets": [begin, end], "dtype": dtype}
        else:
            fields[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(fields, separators=None if other_spelling else (",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def write(path, tensors, other_spelling=False, random_data=False):
    """A file; its data is random, or else a hole but for some bytes in the first, middle and last tensors."""
    if path.exists():
        return path
    entries = list(laid_out(tensors))
    text = header(entries, other_spelling)
    start, size = 8 + len(text), entries[-1][4]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for at in range(0, size if random_data else 0, 1 << 24):
            file.write(os.urandom(min(1 << 24, size - at)))
        file.truncate(start + size)
        for entry in samples(entries) if not random_data else ():
            file.seek(start + entry[3])
            file.write(os.urandom(entry[4] - entry[3]))
    unfinished.rename(path)
    return path


def samples(entries):
    return [entries[i] for i in sorted({0, len(entries) // 2, len(entries) - 1})]


def open_file(folder, count, spelling):
    return write(folder / f"open-{count}-{spelling}.safetensors", model_tensors(count), spelling == "other")


def sharded(folder, shards, tensors_each):
    """The same shards twice: a directory without and one with an index.json."""
    plain, indexed = folder / "shards", folder / "shards-indexed"
    if (indexed / "model.safetensors.index.json").exists():
        return plain, indexed
    indexed.mkdir(parents=True, exist_ok=True)
    weight_map = {}
    everything = model_tensors(shards * tensors_each)
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        tensors = everything[shard * tensors_each : (shard + 1) * tensors_each]
        write(plain / name, tensors)
        if not (indexed / name).exists():
            os.link(plain / name, indexed / name)
        weight_map.update({tensor[0]: name for tensor in tensors})
    total = sum(BYTES[dtype] * math.prod(shape) for _, dtype, shape in everything)
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (indexed / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    return plain, indexed


def large(folder, bytes_):
    return write(folder / f"large-{bytes_}.safetensors", [("large", "F16", [bytes_ // 8192, 4096])], random_data=True)


def matrices(folder, side):
    """The last is so narrow that every page holds runs of every column shard."""
    shapes = [("F16", [side, side]), ("F32", [side, side]), ("F16", [2 * side, 2048])]
    tensors = [(f"{dtype} {shape}", dtype, shape) for dtype, shape in shapes]
    return write(folder / f"column-shards-{side}.safetensors", tensors, random_data=True)


def decoder_tensors(layers, hidden, inner, key_value, vocabulary):
    """A language model of realistic tensors, with grouped keys and values and a tied head."""
    tensors = [("model.embed_tokens.weight", "F16", [vocabulary, hidden]), ("model.norm.weight", "F16", [hidden])]
    shapes = {"mlp.down_proj": [hidden, inner], "mlp.gate_proj": [inner, hidden], "mlp.up_proj": [inner, hidden],
              "self_attn.q_proj": [hidden, hidden], "self_attn.k_proj": [key_value, hidden],
              "self_attn.v_proj": [key_value, hidden], "self_attn.o_proj": [hidden, hidden],
              "input_layernorm": [hidden], "post_attention_layernorm": [hidden]}
    return tensors + [(f"model.layers.{layer}.{part}.weight", "F16", shape)
                      for layer in range(layers) for part, shape in shapes.items()]


def decoder(folder, layers, hidden, *sizes):
    tensors = decoder_tensors(layers, hidden, *sizes)
    return write(folder / f"decoder-{layers}-{hidden}.safetensors", tensors, random_data=True)


def decoder_halves(folder, layers, hidden, *sizes):
    """The same tensors in two files that have no name in common."""
    tensors = decoder_tensors(layers, hidden, *sizes)
    half = len(tensors) // 2
    return [write(folder / f"decoder-{layers}-{hidden}-{which}.safetensors", part, random_data=True)
            for which, part in (("lower", tensors[:half]), ("upper", tensors[half:]))]


def resnet50_tensors():
    """As flax has them: every convolution with the scale and bias of its normalisation, and their running statistics."""
    parts = {}

    def convolution(name, size, channels, filters):
        parts[f"params.{name}.conv.kernel"] = [size, size, channels, filters]
        parts.update({f"params.{name}.norm.{leaf}": [filters] for leaf in ("scale", "bias")})
        parts.update({f"batch_stats.{name}.norm.{leaf}": [filters] for leaf in ("mean", "var")})

    convolution("stem", 7, 3, 64)
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            name = f"stage_{stage}.block_{block}."
            if block == 0:
                convolution(name + "shortcut", 1, channels, 4 * width)
            convolution(name + "reduce", 1, channels, width)
            convolution(name + "middle", 3, width, width)
            convolution(name + "expand", 1, width, 4 * width)
            channels = 4 * width
    parts["params.head.kernel"], parts["params.head.bias"] = [channels, 1000], [1000]
    tensors = [(name, "F32", shape) for name, shape in parts.items()]
    assert len(tensors) == 267 and sum(4 * math.prod(shape) for _, _, shape in tensors) == 102_440_608
    return tensors


def resnet50(folder):
    return write(folder / "resnet50.safetensors", resnet50_tensors(), random_data=True)


def small_tensors(folder, count):
    """4 KiB each, named as the adapters of an expert model are."""
    tensors = [(f"model.layers.{i // 1000}.experts.{i % 1000}.lora_a.weight", "F16", [8, 256]) for i in range(count)]
    return write(folder / f"small-{count}.safetensors", tensors, random_data=True)


def sparse_2_gb(folder):
    """2 GB in 300 tensors; nothing that `ls` or `verify` do may touch their bytes."""
    return write(folder / "sparse-2gb.safetensors", [(f"layers.{i}.weight", "F16", [1634, 2040]) for i in range(300)])


def as_read_from_disk(path):
    """The file in the page cache as reading it leaves it: writing may leave it in small folios, which read slower."""
    with open(path, "rb", buffering=0) as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while file.read(1 << 24):
            pass
    return path
