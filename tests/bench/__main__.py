"""`python -m tests.bench`: the measurements of one run, printed and written to `build/bench.json`.

`--quick` runs everything with tiny numbers; its figures mean nothing. `--only engines,catchup` runs these parts and
leaves in the file what others wrote. `--profile ROLE` shows where a role's time goes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench import profiling
from tests.bench.run import FULL, PARTS, QUICK, run


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the chain.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--profile", choices=profiling.ROLES)
    parser.add_argument("--only", type=_parts, default=[], metavar="PART,…", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    given = parser.parse_args(arguments)
    if given.profile:
        print(profiling.profile(given.profile, 4000))
        return
    run(QUICK if given.quick else FULL, given.out, given.only)


def _parts(said: str) -> list[str]:
    named = said.split(",")
    if unknown := set(named).difference(PARTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    return named


if __name__ == "__main__":
    main()
