"""A `fengxin` that is killed before the n-th call of a function of the search: `python -c KILLED name:n words…`."""

from __future__ import annotations

KILLED = """
import os, signal, sys
from importlib import import_module
import stream.indexing

stream.indexing.CHUNK = 20
where, _, times = sys.argv.pop(1).partition(":")
if where:
    module, *names, last = where.split(".")
    owner = import_module(f"stream.search.{module}")
    for name in names:
        owner = getattr(owner, name)
    real, left = getattr(owner, last), [int(times)]

    def called(*given, **named):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    setattr(owner, last, called)
from deploy.command import main

main()
"""
