"""Which folder may include which, and which files may name which library. ARCHITECTURE.md draws the same arrows.

    python3 arrows.py [ROOT]    prints each violation; exit status 1 if there are any
"""

import pathlib
import re
import sys

# What each layer may include beside itself and the public headers; all that it reaches is written out.
LAYERS = {
    "runtime/base": [],
    "runtime/format": ["runtime/base"],
    "runtime/io": ["runtime/base"],
    "runtime/store": ["runtime/format", "runtime/io", "runtime/base"],
    "runtime/device": ["runtime/base"],
    "runtime/transfer": ["runtime/store", "runtime/io", "runtime/format", "runtime/device", "runtime/base"],
    "runtime/params": ["runtime/store", "runtime/io", "runtime/format", "runtime/transfer", "runtime/device",
                       "runtime/base"],
    "cuda": ["runtime/device", "runtime/base"],
    "include": [],
    "tools": [],
    "python": [],
    "examples": [],
    "bench": [],
    "tests": [],
}
MIRRORS = ("tests", "bench")  # tests/io/... may include runtime/io, tests/cuda/... cuda, and what those may include
FREE = ("tests/support", "tests/fuzz")  # serve several layers

# Libraries: where they may be named, and in how many files at most (None: any number).
LIBRARIES = [
    ("Boost", r"boost/", r"runtime/io/mapping\.cpp", 1),
    ("RapidJSON", r"rapidjson/", r"runtime/(format|store|transfer)/\w+\.cpp", None),
    ("RE2", r"re2/", r"(runtime/store|tools/hoist)/\w+\.cpp", 2),
    ("xxHash", r"xxhash\.h", r"(runtime|bench|tests)/.*\.cpp", None),
    ("CLI11", r"CLI/", r"tools/hoist/\w+\.cpp", 1),
    ("fmt", r"fmt/", r"(tools|bench)/.*", None),
    ("GoogleTest", r"g(test|mock)/", r"tests/.*", None),
    ("Google Benchmark", r"benchmark/", r"bench/.*", None),
    ("CUDA", r"cuda|driver_types\.h", r"(cuda|tests/support/fake_cuda)/.*", None),
]

INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.M)
STANDARD = re.compile(r"[a-z_0-9]+$")  # <cstdint>, but neither <fcntl.h> nor <fmt/core.h>
KINDS = {".hpp", ".cpp", ".h", ".cu", ".cuh"}


def sources(root):
    for folder in sorted({layer.split("/")[0] for layer in LAYERS}):
        yield from sorted(path for path in (root / folder).rglob("*") if path.suffix in KINDS)


def layer_of(path):
    return next((layer for layer in LAYERS if path == layer or path.startswith(layer + "/")), None)


def resolve(root, file, spelled):
    """The included file of ours, relative to the root; None for a library's."""
    for base in (file.parent, root / "include", root / "runtime", root, root / "bench", root / "tests", root / "tools"):
        path = (base / spelled).resolve()
        if path.is_file() and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return None


def allowed_layers(name):
    layer = layer_of(name)
    allowed = {"include", layer, *LAYERS[layer]}
    if layer in MIRRORS:
        folder = name.split("/")[1]
        mirrored = folder if folder == "cuda" else "runtime/" + folder
        if mirrored in LAYERS:
            allowed |= {mirrored, *LAYERS[mirrored]}
        if name.startswith(FREE):
            allowed |= {other for other in LAYERS if other.startswith("runtime/")}
    return allowed


def check_file(root, file, named):
    name = file.relative_to(root).as_posix()
    for bracket, spelled in INCLUDE.findall(file.read_text(errors="replace")):
        ours = resolve(root, file, spelled)
        if ours:
            if layer_of(ours) not in allowed_layers(name):
                yield f"{name} includes {spelled}: {layer_of(name)} may not include {layer_of(ours)}"
        elif name.startswith("include/") and not (bracket == "<" and STANDARD.match(spelled)):
            yield f"{name} includes {spelled}: a public header names only the standard library and hoist"
        else:
            yield from check_library(name, spelled, named)


def check_library(name, spelled, named):
    for library, header, where, files in LIBRARIES:
        if not re.match(header, spelled):
            continue
        named.setdefault(library, set()).add(name)
        if not re.fullmatch(where, name):
            yield f"{name} includes {spelled}: only {where} may name {library}"
        elif files and len(named[library]) > files:
            yield f"{name} includes {spelled}: {library} is named by {', '.join(sorted(named[library]))}"


def violations(root):
    root, named = pathlib.Path(root).resolve(), {}
    return [violation for file in sources(root) for violation in check_file(root, file, named)]


if __name__ == "__main__":
    found = violations(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    print("\n".join(found) or "the includes follow the arrows")
    sys.exit(1 if found else 0)
