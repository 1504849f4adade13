"""Works that write files, alternating: rates and ratios of figures that a disk has its part in, with their spread."""

import os
import statistics
from pathlib import Path

from pairing import show


def alternate(works, rounds, outputs):
    """Seconds of each work in every round, in an order that changes from round to round.

    Before each its outputs are removed, and what the one before left to write is written.
    """
    found = [[] for _ in works]
    for round_ in range(rounds):
        for i in range(len(works)):
            which = (i + round_) % len(works)
            clear(outputs)
            found[which].append(works[which]())
    clear(outputs)
    return found


def clear(outputs):
    for output in outputs:
        Path(output).unlink(missing_ok=True)
    os.sync()


def show_rate(name, bytes_, seconds):
    rates = [bytes_ / s / 1e9 for s in seconds]
    show(name, spread("GB/s", rates), {"value": statistics.median(rates), "pairs": len(rates), "slowest": min(rates),
                                       "fastest": max(rates)})


def show_ratio(name, seconds, peer_seconds):
    """For the record: no goal where a disk decides."""
    ratios = [p / s for s, p in zip(seconds, peer_seconds)]
    show(name, spread("times faster", ratios), {"value": statistics.median(ratios), "pairs": len(ratios),
                                                "least": min(ratios), "most": max(ratios)})


def spread(unit, values):
    return f"{unit} ({min(values):.4g} to {max(values):.4g})"
