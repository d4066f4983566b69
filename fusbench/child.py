"""The command line in a process of its own: frameworks never share one, and its memory goes back.

Each child's work can be repeated by hand with the same command.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from fusbench.errors import ConfigError, FusbenchError
from fusbench.threads import environment

INTERRUPTED = 130
GRACE_S, AGAIN_S = 60.0, 1.0
WATCH = "FUSBENCH_WATCH"
SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # a stranger's click.py in the working folder is not imported

_running: set[subprocess.Popen[str]] = set()
_lock = threading.Lock()


class ChildError(FusbenchError):
    """A command failed in a process of its own; the message is that command's own line."""

    def __str__(self) -> str:
        return self.what


def memory_can_be_limited(asked: object, option: str) -> None:
    """Refuse a limit of memory that the system would not keep, rather than pass over it.

    Raises
    ------
    ConfigError
        If one is asked for, and this is not Linux: macOS holds no process to any.
    """
    if asked and not sys.platform.startswith("linux"):
        what = "this system holds no process to a limit of memory"
        raise ConfigError(what, option, "Leave it out; a limit of time is kept all the same.")


def command(
    arguments: Sequence[object], *, threads: int | None = None, quiet: bool = True
) -> list[Any]:
    """Run ``fusbench ARGUMENTS --json`` and return what it printed.

    Parameters
    ----------
    arguments : sequence
        Of the command line; each is turned into text.
    threads : int, optional
        Threads that the child's libraries may use.
    quiet : bool
        Keep the child's progress to itself, as where several run at once.

    Returns
    -------
    list
        The JSON documents on stdout, in order.

    Raises
    ------
    ChildError
        If the command fails.
    KeyboardInterrupt
        If this process or the child was interrupted; a training has saved its state by then.

    Examples
    --------
    >>> "phantom" in [card["name"] for card in command(["dataset", "list"])[0]]
    True
    """
    line = [sys.executable, "-P", "-m", "fusbench", *map(str, arguments), "--json"]
    settings = {**environment(threads), **SAFE_PATH, WATCH: "1"}
    watched, ours = os.pipe()  # closed by the system when this process ends, however it does
    # a session of its own: an interrupt reaches it once, from here, and not from the terminal too
    try:
        process = subprocess.Popen(
            line,
            stdin=watched,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            env=settings,
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(watched)
    with _lock:
        _running.add(process)
    try:
        printed, told = process.communicate()
    except BaseException:
        _interrupt(process)
        process.communicate()
        raise
    finally:
        os.close(ours)
        with _lock:
            _running.discard(process)
    if process.returncode in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if process.returncode:
        raise ChildError(_reason(told, arguments, process.returncode))
    return _documents(printed)


def end_with_parent() -> None:
    """Where a `command` of another process runs here, stop when that process has ended.

    The standard input is a pipe whose other end the parent holds. At its end this process is
    interrupted, so that a training saves its state, and is gone a while later in any case. A shell
    that starts commands in the background has them ignore interrupts; this one does not.
    """
    if not os.environ.pop(WATCH, ""):
        return
    heard = threading.Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        heard.set()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupted)

    def watch() -> None:
        with suppress(OSError):
            while os.read(0, 1):
                pass
        end = time.monotonic() + GRACE_S
        os.kill(os.getpid(), signal.SIGINT)
        # one that comes when a wait is about to begin wakes nobody from it
        while not heard.wait(AGAIN_S) and time.monotonic() < end:
            if signal.getsignal(signal.SIGINT) is interrupted:
                os.kill(os.getpid(), signal.SIGINT)
        time.sleep(max(end - time.monotonic(), 0))
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


def interrupt_all() -> None:
    """Ask every running child to save its state and stop."""
    with _lock:
        for process in _running:
            _interrupt(process)


def _interrupt(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)


def _reason(told: str | None, arguments: Sequence[object], code: int) -> str:
    lines = [line for line in (told or "").splitlines() if line.strip()]
    if lines:
        return lines[-1].removeprefix("error: ")
    what = " ".join(map(str, ("fusbench", *arguments)))
    return f"'{what}' failed with exit code {code}; see the line above."


def _documents(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        document, end = decoder.raw_decode(text, position)
        found.append(document)
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return found
