"""Loaded by every Python that has this folder on its path: the machine it runs on has another name."""

from __future__ import annotations

import os
import socket

if os.environ.get("FENGXIN_TEST_HOST"):
    socket.gethostname = lambda: os.environ["FENGXIN_TEST_HOST"]
