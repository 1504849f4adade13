"""tools/test: runs the stages one after the other, goes on after a failure, and counts."""

import argparse
import json
import sys
import time

from stage import Failed, Result, Shell
from stages import BREAKAGES, ROOT, STAGES

LOGS = ROOT / "build/test-logs"
FAILED = LOGS / "failed.json"  # {stage: [names]} of the last run
SHOWN = 20  # failures of one stage that are named


def parse_arguments():
    stages = "\n".join(f"  {name:10} {about}" for name, (about, _, _) in (STAGES | BREAKAGES).items())
    parser = argparse.ArgumentParser(
        prog="tools/test", description="Runs everything that must pass; logs in build/test-logs.",
        epilog=f"stages:\n{stages}", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="STAGE[,STAGE]", help="these stages alone")
    parser.add_argument("--failed", action="store_true", help="only what failed in the last run")
    parser.add_argument("--breakages", action="store_true", help="plant each bug of tests/breakages: is it caught?")
    options = parser.parse_args()
    chosen = (options.only or "").split(",") if options.only else []
    if unknown := set(chosen) - set(STAGES | BREAKAGES):
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    return options, chosen


def selection(options, chosen):
    """{stage: names to run, empty for all}"""
    if options.failed:
        return json.loads(FAILED.read_text()) if FAILED.exists() else {}
    if options.breakages:
        chosen = [*BREAKAGES]
    return {name: [] for name in STAGES | BREAKAGES if name in (chosen or STAGES)}


def run_stage(name, only):
    about, minutes, function = (STAGES | BREAKAGES)[name]
    print(f"{name:10} {about} ...", flush=True)
    log = LOGS / f"{name}.log"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    try:
        results = function(Shell(log, 60 * minutes), only)
    except Failed as failure:
        results = [Result(name, "failed", str(failure))]
    except Exception as error:  # ours; the other stages are to run all the same
        results = [Result(name, "failed", f"{type(error).__name__} in tools/lib: {error}")]
    show(name, results, time.monotonic() - start, log)
    return results


def count(results, verdict):
    return sum(result.verdict == verdict for result in results)


def show(name, results, seconds, log):
    passed, failed, skipped = (count(results, verdict) for verdict in ("passed", "failed", "skipped"))
    print(f"{'':10} {passed} passed, {failed} failed, {skipped} skipped in {seconds:.0f} s", flush=True)
    failures = [result for result in results if result.verdict == "failed"]
    for result in failures[:SHOWN]:
        print(f"{'':10} FAILED {result.name}{': ' + result.reason if result.reason else ''}")
    if failures:
        print(f"{'':10} log: {log.relative_to(ROOT)}", flush=True)


def show_skips(outcome):
    """The same skip in several stages is one line."""
    where = {}
    for stage, results in outcome.items():
        for result in results:
            if result.verdict == "skipped":
                where.setdefault((result.name, result.reason), []).append(stage)
    if where:
        print("\nskipped:")
    for (name, reason), stages in where.items():
        print(f"  {name} ({', '.join(stages)}): {reason}")


def remember_failures(outcome):
    """A stage that broke off is run again as a whole."""
    failures = {}
    for stage, results in outcome.items():
        names = [result.name for result in results if result.verdict == "failed"]
        if names:
            failures[stage] = [] if stage in names or len(names) > 200 else names
    FAILED.write_text(json.dumps(failures, indent=1))
    return failures


def main():
    options, chosen = parse_arguments()
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    outcome = {name: run_stage(name, only) for name, only in selection(options, chosen).items()}
    failures = remember_failures(outcome)
    show_skips(outcome)
    print(f"\n{time.monotonic() - start:.0f} s in all")
    if failures:
        print("to run again what failed: tools/test --failed")
    every = [result for results in outcome.values() for result in results]
    print(f"{count(every, 'passed')} passed, {count(every, 'failed')} failed, {count(every, 'skipped')} skipped", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
