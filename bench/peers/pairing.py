"""The subject (the C++ program hoist_bench_serve) and the Python package, alternating on the same files."""

import itertools
import json
import statistics
import subprocess
import time


class Subject:
    """Answers one request at a time; its own clock times only the call itself."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, verb, path, name=""):
        self.process.stdin.write(f"{verb}\t{path}\t{name}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the subject ended at {verb} {path}")
        return answer.strip()

    def timed(self, verb, path):
        return lambda: int(self.ask(verb, path)) / 1e9


def timed(work):
    """Seconds of work(); what it returns dies after the clock has stopped."""

    def run():
        start = time.perf_counter_ns()
        opened = work()
        seconds = (time.perf_counter_ns() - start) / 1e9
        del opened
        return seconds

    return run


def compare(subject, peer, pairs):
    """Each round runs the subject once and the peer twice, in an order that changes from round to round."""
    works = [subject, peer, peer]
    times = [[], [], []]
    orders = itertools.cycle(itertools.permutations(range(3)))
    for order in itertools.islice(orders, pairs):
        for which in order:
            times[which].append(works[which]())
    return {
        "value": statistics.median(p / s for s, p in zip(times[0], times[1])),
        "self": statistics.median(p / q for p, q in zip(times[1], times[2])),
        "pairs": pairs,
        "seconds": statistics.median(times[0]),
        "peer_seconds": statistics.median(times[1]),
    }


def enough_pairs(peer, wanted):
    """`wanted` where a pair is short, fewer (never under 5) where the peer takes over half a second."""
    seconds = peer()
    return wanted if seconds < 0.5 else max(min(wanted, 5), min(wanted, int(20 / seconds)))


def show(name, unit, result, **goal):
    print(json.dumps({"figure": name, "unit": unit} | result | goal), flush=True)
