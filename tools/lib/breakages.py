"""Plants each bug of tests/breakages in a copy of the tree: the tests that the patch names must catch it."""

import dataclasses
import os
import pathlib
import re
import shutil

from reports import read_junit
from stage import Failed, Result

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "build/breakages"
TREE = SCRATCH / "tree"
PRESETS = ("dev", "asan", "tsan")


@dataclasses.dataclass(frozen=True)
class Breakage:
    path: pathlib.Path
    caught_by: str  # a regular expression over the names of CTest's tests
    preset: str

    @property
    def name(self):
        return self.path.stem


def read(path):
    """The lines before the first `---` are for people, but for two fields."""
    fields = dict(re.findall(r"^#?\s*(Caught-by|Preset):\s*(\S.*?)\s*$", path.read_text().split("\n--- ")[0], re.M))
    preset = fields.get("Preset", "dev")
    if "Caught-by" not in fields or preset not in PRESETS:
        raise Failed(f"needs a line 'Caught-by: REGEX', and may have 'Preset: {'|'.join(PRESETS)}'")
    return Breakage(path, fields["Caught-by"], preset)


def files(root):
    """Relative paths of all files but what is built or git's."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in (".git", "__pycache__", "build")]
        for name in names:
            yield pathlib.Path(folder, name).relative_to(root)


def copy_tree():
    """Brings the copy to what the working tree holds; files that are as they were keep their time, for the build."""
    wanted = {path for path in files(ROOT) if (ROOT / path).is_file()}
    for path in set(files(TREE)) - wanted:
        (TREE / path).unlink()
    for path in wanted:
        target = TREE / path
        if not target.exists() or target.read_bytes() != (ROOT / path).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)


def build(shell, preset):
    folder = SCRATCH / preset
    shell.run("cmake", "--preset", preset, "-B", folder, "-DHOIST_BUILD_BENCH=OFF", cwd=TREE)
    shell.run("cmake", "--build", folder)
    return folder


def verdicts(shell, folder, regex):
    """{name of a test that matches: did it pass}"""
    report = folder / "junit.xml"
    report.unlink(missing_ok=True)
    shell.run("ctest", "--test-dir", folder, "-R", regex, "--parallel", os.cpu_count(), "--timeout", 60,
              "--output-junit", report, "--no-tests=error", check=False)
    if not report.exists():
        return {}
    return {result.name: result.verdict for result in read_junit(report)}


def require_passing(shell, folder, breakage):
    healthy = verdicts(shell, folder, breakage.caught_by)
    if not healthy:
        raise Failed(f"no test matches {breakage.caught_by}")
    if bad := [name for name, verdict in healthy.items() if verdict != "passed"]:
        raise Failed(f"does not pass without the patch: {bad[0]}")


def require_caught(shell, breakage):
    copy_tree()
    patch = ["patch", "-p1", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch", "-i", breakage.path]
    if shell.run(*patch, cwd=TREE, check=False) != 0:
        raise Failed("does not apply")
    try:
        folder = build(shell, breakage.preset)
    except Failed as failure:
        raise Failed(f"does not compile: {failure}") from None
    if "failed" not in verdicts(shell, folder, breakage.caught_by).values():
        raise Failed(f"not caught: {breakage.caught_by} still passes")


def attempt(failures, name, step, *arguments):
    """Runs a step; a failure is kept under the patch's name."""
    try:
        return step(*arguments)
    except Failed as failure:
        failures[name] = str(failure)


def run(shell, names):
    paths = [path for path in sorted((ROOT / "tests/breakages").glob("*.patch")) if not names or path.stem in names]
    if not paths:
        raise Failed("no patches in tests/breakages")
    failures = {}
    planted = [breakage for path in paths if (breakage := attempt(failures, path.stem, read, path))]
    for preset in sorted({breakage.preset for breakage in planted}):
        copy_tree()
        folder = build(shell, preset)
        group = [breakage for breakage in planted if breakage.preset == preset]
        for breakage in group:
            attempt(failures, breakage.name, require_passing, shell, folder, breakage)
        for breakage in group:
            if breakage.name not in failures:
                attempt(failures, breakage.name, require_caught, shell, breakage)
    return [Result(path.stem, "failed" if path.stem in failures else "passed", failures.get(path.stem, "")) for path in paths]
