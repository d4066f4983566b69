"""What may not be cut in two, and what has run out of memory."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fusbench.errors import TrainingError

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXHAUSTED = ("OutOfMemoryError", "ResourceExhaustedError", "MemoryError")
WORDS = ("out of memory", "can't allocate memory")


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
def enough_memory(doing: str) -> Iterator[None]:
    """Tell what to lower where the memory of machine or device does not suffice.

    Raises
    ------
    TrainingError
        In place of a framework's own error.
    """
    try:
        yield
    except Exception as error:
        told = str(error).lower()
        if type(error).__name__ not in EXHAUSTED and not any(word in told for word in WORDS):
            raise
        fix = "Lower --batch-size, or use --precision bfloat16, fewer frames or a smaller network."
        raise TrainingError(f"the device's memory does not suffice for {doing}", fix=fix) from error
