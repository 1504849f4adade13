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

    def timed(self, verb, path, times=1):
        """Seconds of one call, the mean of `times`."""
        return lambda: int(self.ask(verb, path, times)) / 1e9 / times


def timed(work, times=1):
    """Seconds of one work(), the mean of `times`; what it returns dies while the clock stands still."""

    def run():
        total = 0
        for _ in range(times):
            start = time.perf_counter_ns()
            opened = work()
            total += time.perf_counter_ns() - start
            del opened
        return total / 1e9 / times

    return run


def compare(subject, verb, path, peer, pairs):
    """Each round runs the subject once and the peer twice, in an order that changes from round to round.

    What takes microseconds is called several times in a row, on both sides; where one call of the peer takes over half
    a second, there are fewer rounds.
    """
    timed(peer)()  # once for what only the first call does
    seconds = timed(peer)()
    times = max(1, min(50, int(0.003 / seconds)))
    if seconds > 0.5:
        pairs = min(pairs, max(5, int(20 / seconds)))
    works = [subject.timed(verb, path, times), timed(peer, times), timed(peer, times)]
    found = [[], [], []]
    orders = itertools.cycle(itertools.permutations(range(3)))
    for order in itertools.islice(orders, pairs):
        for which in order:
            found[which].append(works[which]())
    return {
        "value": statistics.median(p / s for s, p in zip(found[0], found[1])),
        "self": statistics.median(p / q for p, q in zip(found[1], found[2])),
        "pairs": pairs,
        "calls_a_time": times,
        "seconds": statistics.median(found[0]),
        "peer_seconds": statistics.median(found[1]),
    }


def show(name, unit, result, **goal):
    print(json.dumps({"figure": name, "unit": unit} | result | goal), flush=True)
