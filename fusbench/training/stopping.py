"""What may not be cut in two, and what has run out of memory."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fusbench.errors import FusbenchError, PluginError, TrainingError, raised

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXHAUSTED = ("OutOfMemoryError", "ResourceExhaustedError", "MemoryError")
WORDS = ("out of memory", "can't allocate memory")
LOWER = (
    "Lower --batch-size, --base or --input-size, or use --precision bfloat16 or a smaller network."
)


@contextmanager
def whole() -> Iterator[None]:
    """A block that Ctrl-C does not cut in two: it is heeded when the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, Any]] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for each in before:
            signal.signal(each, lambda number, frame: came.append((number, frame)))
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number, frame in came:
        before[signal.Signals(number)](number, frame)


@contextmanager
def learner_errors(doing: str, where: str = "") -> Iterator[None]:
    """Tell in a line what a learner raises, and what to lower where memory does not suffice.

    Raises
    ------
    TrainingError
        In place of a framework's own error, where the memory of machine or device is used up.
    PluginError
        In place of any other error that is none of fusbench's.
    """
    try:
        yield
    except FusbenchError:
        raise
    except Exception as error:
        told = raised(error, doing)
        if type(error).__name__ in EXHAUSTED or any(word in told.lower() for word in WORDS):
            what = f"the device's memory does not suffice for {doing}"
            raise TrainingError(what, where, LOWER) from error
        fix = "See its traceback with --debug."
        raise PluginError(f"its learner {told}", where, fix) from error
