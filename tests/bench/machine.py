"""What the operating system knows: cores, CPU time and memory of a process, percentiles. Linux only."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def pinned(cores: int) -> Iterator[None]:
    """Keep this process, and the children it starts meanwhile, on so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads; steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_megabytes(pid: int) -> float:
    """Memory that a process holds now (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def cpu_seconds_of_all(pid: int) -> float:
    """As `cpu_seconds`, with its descendants and those that have ended and were waited for."""
    return sum(_all_seconds(one) for one in _family(pid))


def megabytes_of_all(pid: int) -> float:
    """Memory of a process and its descendants, what they share counted once (PSS; for a foreign one needs root)."""
    found = 0.0
    for one in _family(pid):
        with suppress(OSError):
            rolled = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in rolled if line.startswith("Pss:")) / 1024
    return found


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _all_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` (0..1) of all do not exceed; None for no values or where it would be infinite."""
    if not values:
        return None
    found = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    return None if math.isinf(found) else found


def described() -> dict[str, object]:
    """The machine, and how busy it was before we began."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": model[0].partition(":")[2].strip() if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }
