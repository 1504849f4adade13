"""The includes of this tree follow the arrows, and the check that says so sees what it is there to see."""

import pathlib
import tempfile
import unittest

import arrows

ROOT = pathlib.Path(__file__).resolve().parents[2]

FILES = ["include/hoist/a.hpp", *(f"runtime/{layer}/a.hpp" for layer in
         ("base", "format", "io", "store", "device", "transfer", "params")), "cuda/a.hpp"]

# file, line, what the violation must say
PLANTED = [
    ("runtime/base/b.cpp", '#include "format/a.hpp"', "runtime/base may not include runtime/format"),
    ("runtime/format/b.cpp", '#include "io/a.hpp"', "runtime/format may not include runtime/io"),
    ("runtime/format/b.cpp", '#include "../io/a.hpp"', "runtime/format may not include runtime/io"),
    ("runtime/io/b.cpp", '#include "format/a.hpp"', "runtime/io may not include runtime/format"),
    ("runtime/store/b.cpp", '#include "transfer/a.hpp"', "runtime/store may not include runtime/transfer"),
    ("runtime/device/b.cpp", '#include "io/a.hpp"', "runtime/device may not include runtime/io"),
    ("runtime/transfer/b.cpp", '#include "cuda/a.hpp"', "runtime/transfer may not include cuda"),
    ("cuda/b.cpp", '#include "store/a.hpp"', "cuda may not include runtime/store"),
    ("tools/hoist/b.cpp", '#include "base/a.hpp"', "tools may not include runtime/base"),
    ("python/b.cpp", '#include "store/a.hpp"', "python may not include runtime/store"),
    ("examples/b.cpp", '#include <store/a.hpp>', "examples may not include runtime/store"),
    ("bench/b.cpp", '#include "format/a.hpp"', "bench may not include runtime/format"),
    ("tests/format/b.cpp", '#include "store/a.hpp"', "tests may not include runtime/store"),
    ("include/hoist/b.hpp", '#include "base/a.hpp"', "include may not include runtime/base"),
    ("include/hoist/b.hpp", "#include <boost/version.hpp>", "a public header names only"),
    ("include/hoist/b.hpp", "#include <fcntl.h>", "a public header names only"),
    ("runtime/io/b.cpp", "#include <boost/version.hpp>", "may name Boost"),
    ("runtime/io/b.hpp", "#include <rapidjson/reader.h>", "may name RapidJSON"),
    ("runtime/store/b.cpp", "# include <CLI/CLI.hpp>", "may name CLI11"),
    ("runtime/transfer/b.cpp", "#include <cuda_runtime.h>", "may name CUDA"),
    ("tests/cuda/b.cpp", "#include <cuda_runtime_api.h>", "may name CUDA"),
    ("tests/transfer/b.cpp", '#include "cuda/a.hpp"', "tests may not include cuda"),
]

ALLOWED = [
    ("runtime/store/b.cpp", '#include "format/a.hpp"\n#include "io/a.hpp"\n#include "hoist/a.hpp"\n#include <vector>'),
    ("runtime/io/mapping.cpp", "#include <boost/version.hpp>"),
    ("tests/store/b.cpp", '#include "store/a.hpp"\n#include "base/a.hpp"\n#include <gtest/gtest.h>'),
    ("bench/format/b.cpp", '#include "format/a.hpp"'),
    ("cuda/b.cpp", '#include "device/a.hpp"\n#include <cuda_runtime.h>'),
    ("tests/support/fake_cuda/b.cpp", "#include <cuda.h>"),
    ("tests/cuda/b.cpp", '#include "cuda/a.hpp"\n#include "device/a.hpp"\n#include "support/a.hpp"'),
]


class Arrows(unittest.TestCase):
    def tree(self, files):
        """The violations of a tree that holds one header in each layer, and the given files."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in [*((name, "#pragma once\n") for name in FILES), *files]:
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n")
            return arrows.violations(folder)

    def test_this_tree_follows_the_arrows(self):
        self.assertEqual(arrows.violations(ROOT), [])

    def test_this_tree_was_looked_at(self):
        self.assertGreater(len(list(arrows.sources(ROOT))), 10)

    def test_finds_each_planted_violation(self):
        for name, line, complaint in PLANTED:
            with self.subTest(name=name, line=line):
                found = self.tree([(name, line)])
                self.assertEqual(len(found), 1)
                self.assertIn(complaint, found[0])

    def test_lets_pass_what_the_arrows_allow(self):
        for name, text in ALLOWED:
            with self.subTest(name=name):
                self.assertEqual(self.tree([(name, text)]), [])

    def test_finds_a_second_file_that_names_cli11(self):
        found = self.tree([(f"tools/hoist/{name}.cpp", "#include <CLI/CLI.hpp>") for name in "bc"])
        self.assertEqual(len(found), 1)


if __name__ == "__main__":
    unittest.main()
