"""Asking strangers' plug-ins without trusting them: in a copy of this process.

A fork costs a fraction of an interpreter's start, so listing stays quick; a plug-in that crashes,
exits or hangs there spoils its own row only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from fusbench.errors import FusbenchError, PluginError

if TYPE_CHECKING:
    from fusbench.installed import Entry

PATIENCE_S = 20.0
Facts = dict[str, Any]
Ask = Callable[["Entry"], Facts]


def facts_of(
    entries: Iterable[Entry], kind: str, ask: Ask
) -> Iterator[tuple[Entry, Facts | FusbenchError]]:
    """What `ask` tells of each entry, or what is wrong with it, in no particular order.

    Parameters
    ----------
    entries : iterable of Entry
    kind : str
        What they register, such as "metric", for messages.
    ask : callable
        Called in the copy; what it returns crosses as JSON.
    """
    left = list(entries)
    while left:
        for entry, told in _forked(left, kind, ask):
            left.remove(entry)
            yield entry, told


def check_in_copy(entry: Entry, kind: str, ask: Ask) -> None:
    """Raise the `PluginError` of a plug-in that cannot be asked, before it is imported here.

    Raises
    ------
    PluginError
    """
    for _, told in facts_of([entry], kind, ask):
        if isinstance(told, FusbenchError):
            raise told


def _forked(
    entries: list[Entry], kind: str, ask: Ask
) -> Iterator[tuple[Entry, Facts | FusbenchError]]:
    """Ask in a copy of this process, as many, from the first, as it survives."""
    entries = list(entries)
    answers, answer = os.pipe()
    words = os.memfd_create("words")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _answer(entries, ask, answer, words)
    os.close(answer)
    try:
        with os.fdopen(answers, "rb", buffering=0) as stream:
            lines = _lines(stream)
            for entry in entries:
                where = f"{kind} '{entry.name}' of {entry.owner}"
                line = next(lines, b"")
                told: Facts | FusbenchError
                if not line:
                    told = _ended(child, line is not None, where)
                elif "fault" in (found := json.loads(line)):
                    told = PluginError(*found["fault"])
                else:
                    told = found["facts"]
                if isinstance(told, FusbenchError):
                    told.last_words = os.pread(words, 1 << 16, 0).decode(errors="replace")
                yield entry, told
                if not line:
                    return
    finally:
        os.close(words)
        _reap(child)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines as they come; None, and no more, when the next one takes longer than patience lasts.

    What was read is looked at before the pipe is waited for: two lines may have come at once.
    """
    pending = b""
    while True:
        while b"\n" not in pending:
            if not select.select([stream], [], [], PATIENCE_S)[0]:
                yield None
                return
            data = stream.read(1 << 16)
            if not data:
                return
            pending += data
        line, _, pending = pending.partition(b"\n")
        yield line


def _answer(entries: list[Entry], ask: Ask, answer: int, words: int) -> NoReturn:
    """In the copy: a line of JSON for each entry; whatever is printed goes to `words`."""
    try:
        os.dup2(words, 1)
        os.dup2(words, 2)
        for entry in entries:
            os.ftruncate(words, 0)
            try:
                line: Facts = {"facts": ask(entry)}
            except FusbenchError as error:
                import traceback

                traceback.print_exception(error.__cause__ or error)
                sys.stderr.flush()
                line = {"fault": [error.what, error.where, error.fix]}
            os.write(answer, json.dumps(line, default=str).encode() + b"\n")
    finally:
        os._exit(0)


def _ended(child: int, ended: bool, where: str) -> FusbenchError:
    from fusbench.isolation.parent import ending, silence

    return ending(_reap(child, kill=not ended), where) if ended else silence(PATIENCE_S, where)


def _reap(child: int, kill: bool = True) -> int:
    """End the copy, unless it is ending by itself; its exit code. Doing so twice is no fault."""
    try:
        if kill:
            os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except (ProcessLookupError, ChildProcessError):
        return 0
