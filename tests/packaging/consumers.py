"""Builds and installs the library static and shared, moves the prefix, and uses it as other projects would.

    python3 -m unittest -v consumers      a stage of tools/test; too slow for every run of ctest
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCRATCH = ROOT / "build/test/packaging"
PREFIX = {kind: SCRATCH / "moved" / kind for kind in ("static", "shared")}


def run(*command, env=None):
    done = subprocess.run([str(word) for word in command], env=os.environ | (env or {}), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}: {command}\n{done.stdout}")
    return done.stdout


def install(kind):
    """Into a prefix that is moved away afterwards, so that a path that was written down shows."""
    build, first = SCRATCH / f"build-{kind}", SCRATCH / "first" / kind
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DHOIST_BUILD_TESTS=OFF",
        f"-DHOIST_BUILD_TOOLS={'ON' if kind == 'shared' else 'OFF'}",
        f"-DBUILD_SHARED_LIBS={'ON' if kind == 'shared' else 'OFF'}", f"-DCMAKE_INSTALL_PREFIX={first}")
    run("cmake", "--build", build)
    run("cmake", "--install", build)
    PREFIX[kind].parent.mkdir(parents=True, exist_ok=True)
    first.rename(PREFIX[kind])


def setUpModule():
    for folder in ("first", "moved", "consumers"):
        shutil.rmtree(SCRATCH / folder, ignore_errors=True)
    for kind in PREFIX:
        install(kind)


def one(folder, pattern):
    found = sorted(folder.rglob(pattern))
    if not found:
        raise AssertionError(f"no {pattern} in {folder}")
    return found[0]


class Consumers(unittest.TestCase):
    def by_cmake(self, name, *options):
        build = SCRATCH / "consumers" / name
        run("cmake", "-S", HERE / "consumer", "-B", build, "-G", "Ninja", *options)
        run("cmake", "--build", build, "--target", "consumer")
        self.assertEqual(run(build / "consumer"), "consumed\n")

    def by_pkg_config(self, kind, *flags):
        where = {"PKG_CONFIG_PATH": str(one(PREFIX[kind], "hoist.pc").parent)}
        words = run("pkg-config", *flags, "--cflags", "--libs", "hoist", env=where).split()
        program = SCRATCH / "consumers" / f"pkg-config-{kind}"
        program.parent.mkdir(parents=True, exist_ok=True)
        run("g++", "-std=c++20", HERE / "consumer/main.cpp", "-o", program, *words)
        libraries = {"LD_LIBRARY_PATH": str(one(PREFIX[kind], "libhoist.*").parent)}
        self.assertEqual(run(program, env=libraries), "consumed\n")

    def test_find_package_static(self):
        self.by_cmake("find-static", f"-DCMAKE_PREFIX_PATH={PREFIX['static']}")

    def test_find_package_shared(self):
        self.by_cmake("find-shared", f"-DCMAKE_PREFIX_PATH={PREFIX['shared']}")

    def with_cuda(self, kind, *options):
        """False where hoist::cuda was not built."""
        if not list(PREFIX[kind].rglob("hoistCudaTargets.cmake")):
            return False
        build = SCRATCH / "consumers" / f"cuda-{kind}"
        run("cmake", "-S", HERE / "consumer", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={PREFIX[kind]}",
            "-DHOIST_COMPONENTS=cuda", *options)
        run("cmake", "--build", build, "--target", "cuda_consumer")
        self.assertEqual(run(build / "cuda_consumer"), "consumed\n")
        return True

    def test_find_package_cuda_static(self):
        if not self.with_cuda("static"):
            self.skipTest("there is no CUDA toolkit")

    def test_find_package_cuda_shared_needs_no_toolkit(self):
        if not self.with_cuda("shared", "-DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON"):
            self.skipTest("there is no CUDA toolkit")

    def test_find_package_static_without_a_toolkit_gives_the_rest(self):
        without = "-DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON"
        self.by_cmake("find-no-toolkit", f"-DCMAKE_PREFIX_PATH={PREFIX['static']}", without)
        with self.assertRaisesRegex(AssertionError, "cuda"):
            self.by_cmake("find-no-cuda", f"-DCMAKE_PREFIX_PATH={PREFIX['static']}", without, "-DHOIST_COMPONENTS=cuda")

    def test_find_package_refuses_another_minor_version(self):
        with self.assertRaisesRegex(AssertionError, "hoistConfig.cmake, version: 0.1"):
            self.by_cmake("find-other", f"-DCMAKE_PREFIX_PATH={PREFIX['static']}", "-DHOIST_VERSION=0.2")

    def test_pkg_config_static(self):
        self.by_pkg_config("static", "--static")

    def test_pkg_config_shared(self):
        self.by_pkg_config("shared")

    def test_add_subdirectory(self):
        self.by_cmake("subdirectory", f"-DHOIST_SOURCE={ROOT}")

    def test_installed_command_runs_beside_its_library(self):
        self.assertIn("verify", run(PREFIX["shared"] / "bin/hoist", "--help"))

    def test_installed_files_name_no_build_path(self):
        for kind, prefix in PREFIX.items():
            for file in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]:
                with self.subTest(kind=kind, file=file.name):
                    self.assertNotIn(str(SCRATCH), file.read_text())


class SharedLibrary(unittest.TestCase):
    def setUp(self):
        self.library = one(PREFIX["shared"], "libhoist.so")

    def exported(self, library):
        """All names but hoist's, and how many there are of these."""
        lines = run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
        names = [re.sub(r"^\S+ \w ", "", line) for line in lines]
        kinds = r"(typeinfo for |typeinfo name for |vtable for )?"
        foreign = [name for name in names if not re.match(kinds + r"hoist::", name)]
        return foreign, len(names) - len(foreign)

    def test_exports_only_hoist(self):
        foreign, ours = self.exported(self.library)
        self.assertEqual(foreign, [])
        self.assertGreater(ours, 20)

    def test_cuda_exports_only_hoist(self):
        if not list(PREFIX["shared"].rglob("libhoist_cuda.so")):
            self.skipTest("there is no CUDA toolkit")
        foreign, ours = self.exported(one(PREFIX["shared"], "libhoist_cuda.so"))
        self.assertEqual(foreign, [])
        self.assertGreater(ours, 0)

    def test_has_a_versioned_soname(self):
        self.assertIn("[libhoist.so.0.1]", run("readelf", "-d", self.library))


if __name__ == "__main__":
    unittest.main()
