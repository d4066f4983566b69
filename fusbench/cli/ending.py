"""How a command ends: its exit code, and one line on stderr where it fails."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from fusbench.errors import FusbenchError, visible

INTERRUPTED = 130
STOPPING = ("SIGTERM", "SIGHUP")
LONGEST_LINE = 600


class Stopped(KeyboardInterrupt):
    """This process was asked to stop, by the signal of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a signal that asks a command to stop be heeded as Ctrl-C is: what is kept is kept.

    A second one ends the process at once. A signal that is ignored, as under nohup, stays so.
    """

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Stopped(number)

    changed = []
    try:
        for name in STOPPING:
            number = getattr(signal, name, None)
            with suppress(ValueError):  # not the main thread
                if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                    signal.signal(number, stop)
                    changed.append(number)
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def code_of(error: BaseException, debug: bool) -> int:
    """The exit code for what a command ended with; where it failed, its line is on stderr then."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    cause = error.__cause__ if isinstance(error, click.Abort) else error
    if cause is None or isinstance(cause, KeyboardInterrupt):
        _tell("interrupted; the same command continues where it stopped")
        return 128 + cause.number if isinstance(cause, Stopped) else INTERRUPTED
    if isinstance(cause, BrokenPipeError):
        close_stdout()
        return 1
    if debug:
        raise error
    _tell(f"error: {line_of(cause)}")
    return 1


def line_of(error: BaseException) -> str:
    """An error as one line that says what, where, and what to do.

    Examples
    --------
    >>> line_of(MemoryError())
    'the memory does not suffice. Give it less work, or a machine with more.'
    """
    if isinstance(error, FusbenchError):
        return shortened(str(error))
    if isinstance(error, MemoryError):
        return "the memory does not suffice. Give it less work, or a machine with more."
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        fix = "Look at the place and its permissions."
        return shortened(f"{where}{error.strerror or error}. {fix}")
    import traceback

    steps = [step for step in traceback.extract_tb(error.__traceback__) if _is_ours(step.filename)]
    place = f" in {Path(steps[-1].filename).name}, line {steps[-1].lineno}" if steps else ""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    told = shortened(f"something that fusbench does not expect{place}: {what}")
    return f"{told}. Check the files and options; --debug shows the traceback to report."


def _is_ours(file: str) -> bool:
    return f"{os.sep}fusbench{os.sep}" in file


def shortened(line: str) -> str:
    """A line of at most 600 characters: the middle of a longer one is left out."""
    line = visible(" ".join(line.split()))
    half = LONGEST_LINE // 2 - 4
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} [...] {line[-half:]}"


def _tell(line: str) -> None:
    with suppress(OSError, ValueError):
        click.echo(line, err=True)


def close_stdout() -> None:
    """Let nothing more be written, so that Python's own end does not fail at it."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())


def leave(code: Any) -> None:
    """Exit; a standard output that takes no more is an error like any other."""
    code = code if isinstance(code, int) else 0
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        close_stdout()
        if not code:
            reason = getattr(error, "strerror", None) or error
            _tell(f"error: standard output: {reason}. Write to a file on a disk with space.")
            code = 1
    gc.freeze()  # Python's end looks for circles among all that was imported: a fifth of --help
    sys.exit(code)
