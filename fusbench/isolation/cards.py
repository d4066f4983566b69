"""Reading cards without trusting them: strangers' are read in a copy of this process.

A fork costs a fraction of an interpreter's start, so listing stays quick; a card that crashes,
exits or hangs there spoils its own row only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

from fusbench.discovery import card_of
from fusbench.errors import FusbenchError, PluginError
from fusbench.models.card import ModelCard, card_from

if TYPE_CHECKING:
    from fusbench.installed import Entry

OWN = "fusbench"
ZOO = ("fusbench-torch", "fusbench-keras")  # released with the core: their version identifies them
PATIENCE_S = 20.0
Read = ModelCard | FusbenchError


def read_cards(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Read]]:
    """The card of each entry, in no particular order, or what is wrong with it."""
    left = []
    for entry in entries:
        if entry.distribution in (OWN, *ZOO):
            yield entry, _read(entry)
        else:
            left.append(entry)
    while left:
        for entry, read in _forked(left):
            left.remove(entry)
            yield entry, read


def _read(entry: Entry) -> Read:
    try:
        return card_of(entry, "model", ModelCard)
    except FusbenchError as error:
        return error


def _forked(entries: list[Entry]) -> Iterator[tuple[Entry, Read]]:
    """Read cards in a copy of this process, as many of them, from the first, as it survives."""
    entries = list(entries)
    answers, answer = os.pipe()
    words = os.memfd_create("words")
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _answer(entries, answer, words)
    os.close(answer)
    try:
        with os.fdopen(answers, "rb") as stream:
            for entry in entries:
                where = f"model '{entry.name}' of {entry.owner}"
                ready, _, _ = select.select([stream], [], [], PATIENCE_S)
                line = stream.readline() if ready else b""
                if line:
                    read = _understood(json.loads(line), where)
                else:
                    read = _ended(child, bool(ready), where)
                if isinstance(read, FusbenchError):
                    read.last_words = os.pread(words, 1 << 16, 0).decode(errors="replace")
                yield entry, read
                if not line:
                    return
    finally:
        os.close(words)
        _reap(child)


def _answer(entries: list[Entry], answer: int, words: int) -> NoReturn:
    """In the copy: a line of JSON for each card; whatever is printed goes to `words`."""
    try:
        os.dup2(words, 1)
        os.dup2(words, 2)
        for entry in entries:
            os.ftruncate(words, 0)
            read = _read(entry)
            if isinstance(read, FusbenchError):
                import traceback

                traceback.print_exception(read.__cause__ or read)
                sys.stderr.flush()
                facts: Any = {"fault": [read.what, read.where, read.fix]}
            else:
                facts = {"card": asdict(read)}
            os.write(answer, json.dumps(facts, default=str).encode() + b"\n")
    finally:
        os._exit(0)


def _understood(facts: dict[str, Any], where: str) -> Read:
    return card_from(facts["card"], where) if "card" in facts else PluginError(*facts["fault"])


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
