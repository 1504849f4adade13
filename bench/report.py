"""Figures: verdicts, the table, and the files in bench/results/."""

import datetime
import json
import platform
import re
import subprocess
from pathlib import Path

SELF_TOLERANCE = 0.02  # of the limit against itself


def verdict(figure):
    """met | missed | unresolved; empty for a figure without a goal."""
    if "skipped" in figure:
        return "skipped"
    if abs(figure.get("self", 1) - 1) > SELF_TOLERANCE:
        return "unresolved"
    if "at_least" in figure:
        return "met" if figure["value"] >= figure["at_least"] else "missed"
    if "at_most" in figure:
        return "met" if figure["value"] <= figure["at_most"] else "missed"
    return ""


def goal(figure):
    if "at_least" in figure:
        return f">= {figure['at_least']:g}"
    return f"<= {figure['at_most']:g}" if "at_most" in figure else ""


def row(figure):
    if "skipped" in figure:
        return [figure["figure"], "", "", "", "", "skipped: " + figure["skipped"]]
    value = f"{figure['value']:.4g} {figure['unit']}"
    self_ratio = f"{figure['self']:.3f}" if "self" in figure else ""
    return [figure["figure"], value, goal(figure), self_ratio, str(figure.get("pairs", "")), verdict(figure)]


HEADINGS = ["figure", "value", "goal", "A/A", "pairs", "verdict"]


def table(figures):
    rows = [HEADINGS] + [row(figure) for figure in figures]
    widths = [max(len(r[i]) for r in rows) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(r, widths)).rstrip() for r in rows)


def output_of(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def first_match(path, pattern):
    found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def machine():
    return {
        "cpu": first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"),
        "cores": int(output_of("nproc") or 0),
        "memory_gib": round(int(first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)")) / 2**20, 1),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
    }


def versions(root, build, peer):
    compiler = first_match(build / "CMakeCache.txt", r"^CMAKE_CXX_COMPILER:\w+=(.*)$")
    changed = output_of("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results", cwd=root)
    return {
        "hoist": output_of("git", "rev-parse", "--short=12", "HEAD", cwd=root) + (" with changes" if changed else ""),
        "compiler": output_of(compiler, "--version").partition("\n")[0],
        "peer": peer,
    }


def save(root, task, figures, versions_):
    results = root / "bench" / "results"
    results.mkdir(exist_ok=True)
    document = {
        "task": task,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": f"tools/bench {task}",
        "machine": machine(),
        "versions": versions_,
        "figures": [dict(figure, verdict=verdict(figure)) for figure in figures],
    }
    (results / f"{task}.json").write_text(json.dumps(document, indent=2) + "\n")
    summarise(results)


def summarise(results):
    """README.md beside the JSON files: every figure of every task, as it was last measured."""
    lines = ["# Results", "", "Written by `tools/bench`, with the JSON beside it. `bench/README.md` says what each",
             "figure means and how it is measured."]
    for path in sorted(results.glob("*.json")):
        document = json.loads(path.read_text())
        on = document["machine"]
        of = document["versions"]
        lines += ["", f"## {document['task']}", "",
                  f"{document['date']}, hoist {of['hoist']}, {of['compiler']}, {of['peer']}; "
                  f"{on['cpu']}, {on['cores']} cores, {on['memory_gib']} GiB, Linux {on['kernel']}, {on['libc']}.", "",
                  "| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
        lines += ["| " + " | ".join(row(figure)) + " |" for figure in document["figures"]]
    (results / "README.md").write_text("\n".join(lines) + "\n")
