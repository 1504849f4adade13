"""The stages of tools/test. Each is given a shell and the names to run again (empty: all), and returns results."""

import os
import pathlib
import re
import subprocess

import breakages
from reports import read_junit, read_unittest
from stage import Failed, Result

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/test"  # apart from build/<preset>, which belongs to whoever works here
SOURCES = ["include", "runtime", "cuda", "tools", "bench", "examples", "tests"]
STRICT = "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON"  # not with sanitizers, which make GCC see uninitialised variables
FUZZ_RUNS, FUZZ_SECONDS = 20_000, 40  # for each target, whichever comes first: a guess that fits 20 minutes


def configure(shell, preset, *options, prefix=()):
    build = BUILD / preset
    shell.run(*prefix, "cmake", "--preset", preset, "-B", build, f"-DPython3_EXECUTABLE={ROOT}/build/venv/bin/python", *options)
    return build


def build_all(shell, build, *targets, prefix=()):
    shell.run(*prefix, "cmake", "--build", build, *(["--target", *targets] if targets else []))


def ctest(shell, build, names, *arguments, prefix=()):
    report = build / "junit.xml"
    report.unlink(missing_ok=True)
    if names:
        arguments = ["-R", f"^({'|'.join(map(re.escape, names))})$"]
    shell.run(*prefix, "ctest", "--test-dir", build, "--parallel", os.cpu_count(), "--timeout", 300, "--no-tests=error",
              "--output-on-failure", "--output-junit", report, "--test-output-size-passed", 100_000, *arguments,
              check=False)
    results = read_junit(report) if report.exists() else []
    if not results:
        raise Failed("ctest found no test to run")
    return results


def release(shell, names):
    build = configure(shell, "release", STRICT, "-DHOIST_BUILD_BENCH=ON")
    build_all(shell, build)
    return ctest(shell, build, names)


def headers(shell, names):
    build_all(shell, configure(shell, "release", STRICT), "all_verify_interface_header_sets")
    return [Result("each public header compiles alone", "passed")]


def asan(shell, names):
    build = configure(shell, "asan")
    build_all(shell, build)
    return ctest(shell, build, names)


def tsan(shell, names):
    # with address randomisation as strong as newer kernels have it, the sanitizer finds its addresses taken
    steady = ["setarch", "-R"]
    prefix = steady if subprocess.run([*steady, "true"], capture_output=True).returncode == 0 else []
    build = configure(shell, "tsan", prefix=prefix)
    build_all(shell, build, "concurrent_tests", prefix=prefix)
    return ctest(shell, build, names, "--label-regex", "^concurrent$", prefix=prefix)


def clang(shell, names):
    build_all(shell, configure(shell, "clang", STRICT))
    return [Result("everything compiles with clang 19 and -Wthread-safety", "passed")]


def fuzz(shell, names):
    build = configure(shell, "fuzz")
    build_all(shell, build)
    targets = sorted(path for path in (build / "bin").glob("fuzz_*") if os.access(path, os.X_OK) and path.is_file())
    if not targets:
        raise Failed("no fuzz target was built")
    return [fuzz_one(shell, target) for target in targets if not names or target.name in names]


def fuzz_one(shell, target):
    seeds = ROOT / "tests/fuzz/seeds" / target.name
    if not seeds.is_dir() or not any(seeds.iterdir()):
        return Result(target.name, "failed", f"no seeds in {seeds.relative_to(ROOT)}")
    corpus = BUILD / "corpus" / target.name  # what it finds goes here, not among the committed seeds
    corpus.mkdir(parents=True, exist_ok=True)
    status = shell.run(target, f"-runs={FUZZ_RUNS}", f"-max_total_time={FUZZ_SECONDS}", "-seed=1", "-timeout=20",
                       "-rss_limit_mb=2048", f"-dict={ROOT}/tests/fuzz/json.dict", f"-artifact_prefix={corpus.parent}/", corpus, seeds, check=False)
    return Result(target.name, "passed" if status == 0 else "failed", f"exit status {status}" if status else "")


def packaging(shell, names):
    start = shell.log.stat().st_size if shell.log.exists() else 0
    which = [f"-k={name}" for name in names]
    shell.run("python3", "-m", "unittest", "-v", "consumers", *which, cwd=ROOT / "tests/packaging", check=False)
    results = read_unittest(shell.log.read_text()[start:])
    if not results:
        raise Failed("the tests of tests/packaging/consumers.py did not run")
    return results


def cpp_files(*folders):
    return sorted(path for folder in folders for kind in ("*.hpp", "*.cpp") for path in (ROOT / folder).rglob(kind))


def formatted(shell, names):
    shell.run("clang-format-19", "--dry-run", "-Werror", *cpp_files(*SOURCES))
    return [Result("clang-format finds nothing to change", "passed")]


def tidy(shell, names):
    database = configure(shell, "clang", STRICT)
    shell.run("run-clang-tidy-19", "-quiet", "-p", database, "-j", os.cpu_count(), f"{ROOT}/(runtime|cuda)/.*\\.cpp")
    return [Result("clang-tidy finds nothing in runtime/ and cuda/", "passed")]


# name: (what it proves, minutes until it is stopped as hung, function)
STAGES = {
    "release": ("the release build without warnings, all tests", 20, release),
    "headers": ("each public header compiles alone", 5, headers),
    "asan": ("all tests under the address and undefined-behaviour sanitizers", 25, asan),
    "tsan": ("what is labelled concurrent, under the thread sanitizer", 20, tsan),
    "clang": ("everything with clang 19, -Wthread-safety", 15, clang),
    "fuzz": ("each fuzz target on its seeds, for a while", 20, fuzz),
    "packaging": ("consumers of the installed package, exported symbols", 15, packaging),
    "format": ("clang-format", 1, formatted),
    "tidy": ("clang-tidy over runtime/ and cuda/", 15, tidy),
}
BREAKAGES = {"breakages": ("each patch of tests/breakages is caught by the tests that it names", 60, breakages.run)}
