"""What a decoder may use: time for each step, and memory. The system holds it to both.

An alarm needs no Python: it ends a process too that hangs in a library while it holds Python's
lock. Outside a decoder's process no step is timed.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

_state = {"limit_s": 0}


def begin(limit_s: int) -> None:
    """From now on end this process by SIGALRM if a step takes longer than this."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    _state["limit_s"] = limit_s
    step()


def step() -> None:
    """A next step begins: a packet, or a frame."""
    if _state["limit_s"]:
        signal.alarm(_state["limit_s"])


def rest() -> None:
    """No step is being done, as while somebody else is waited for."""
    if _state["limit_s"]:
        signal.alarm(0)


def used_bytes() -> int:
    """Memory that Linux counts as this process's own data; 0 elsewhere."""
    if not sys.platform.startswith("linux"):
        return 0
    return int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGESIZE")


def allow_memory(total_bytes: int) -> None:
    """Let this process have so much data and no more, on Linux; elsewhere nothing is limited."""
    if sys.platform.startswith("linux"):
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (total_bytes, most))
