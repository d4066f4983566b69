"""Clocks of the day that are wrong, for a model that looks at them.

This file is loaded by `guest.py`, before the model and what it imports; like it, it needs the
standard library of Python 3.8 only. What compiled code reads of the clock stays right.
"""

import datetime
import time
from importlib.machinery import ExtensionFileLoader
from typing import Any


def shift(seconds: float) -> None:
    """Let whoever looks at these clocks from now on read another time."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _at_now(getattr(time, name)))
    strftime, asctime = time.strftime, time.asctime
    time.strftime = lambda form, at=None: strftime(form, at or time.localtime())
    time.asctime = lambda at=None: asctime(at or time.localtime())
    real, later = datetime.datetime, _later(datetime.datetime)
    for name in ("create_module", "exec_module"):
        setattr(ExtensionFileLoader, name, _with_real(getattr(ExtensionFileLoader, name), real))
    datetime.datetime = later  # type: ignore[misc]


def _at_now(clock: Any) -> Any:
    return lambda at=None: clock(time.time() if at is None else at)


def _with_real(method: Any, real: Any) -> Any:
    """A loader's method, for which the class is the real one: compiled code relies on its size."""

    def load(*arguments: Any) -> Any:
        found = datetime.datetime
        datetime.datetime = real  # type: ignore[misc]
        try:
            return method(*arguments)
        finally:
            datetime.datetime = found  # type: ignore[misc]

    return load


def _later(real: Any) -> Any:
    """The class of a date and time, whose now is that of `time.time`; what is real is one, too."""

    class Kind(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real) if cls is later else super().__instancecheck__(value)

        def __subclasscheck__(cls, kind: Any) -> bool:
            return issubclass(kind, real) if cls is later else super().__subclasscheck__(kind)

    def now(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp(time.time(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.utcfromtimestamp(time.time())

    methods = {"now": classmethod(now), "utcnow": classmethod(utcnow), "today": classmethod(now)}
    later: Any = Kind("datetime", (real,), {"__module__": "datetime", **methods})
    return later
