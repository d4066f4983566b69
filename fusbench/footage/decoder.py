"""A process that reads strangers' footage, so that no file can hang, fill or end another.

`fusbench.footage.apart` starts it with ``python -m fusbench.footage.decoder`` and sends requests, a
line of JSON each. An answer is lines of JSON too; frames lie in shared memory, each until a byte
says that it has been taken.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import numpy as np

from fusbench.errors import FusbenchError
from fusbench.footage import complaints, patience
from fusbench.footage.record import as_facts
from fusbench.footage.slots import COUNT, Slots
from fusbench.footage.source import open_source

Answer = dict[str, Any]
Part = tuple[Answer, np.ndarray | None]


def _open(path: Path, frame_rate: str | None) -> Iterator[Part]:
    yield as_facts(open_source(path, _rate(frame_rate))), None


def _read(path: Path, frame_rate: str | None) -> Iterator[Part]:
    footage = open_source(path, _rate(frame_rate))
    for time_ns, frame in footage.read():
        yield {"time_ns": time_ns}, frame
    yield {"held_ns": footage.held_ns, "remarks": footage.remarks}, None


def _identifiers(path: Path) -> Iterator[Part]:
    from fusbench.footage.dicom import identifiers

    yield {"texts": sorted(identifiers(path))}, None


def _grey_maps(path: Path) -> Iterator[Part]:
    from fusbench.footage.pictures import grey_maps

    for picture in grey_maps(path):
        yield {"dtype": picture.dtype.str}, picture.view(np.uint8)
    yield {}, None


TASKS: dict[str, Callable[..., Iterator[Part]]] = {
    "open": _open,
    "read": _read,
    "identifiers": _identifiers,
    "grey_maps": _grey_maps,
}


def _task(name: str) -> Callable[..., Iterator[Part]]:
    """A task of this module, or a function of another: "module:function"."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function) if function else TASKS[name]


def _rate(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


class Answers:
    """What goes back: lines, and frames in places of which each is used again once it is free."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes], memory: int) -> None:
        self._taken, self._answers, self._slots = requests, answers, Slots(memory)
        self._stride = self._sent = self._waiting = 0

    def send(self, answer: Answer, frame: np.ndarray | None = None) -> None:
        """Send a line, and the frame that belongs to it."""
        patience.rest()
        if frame is None:
            self._free_all_but(0)
        else:
            if frame.nbytes > self._stride:
                self._free_all_but(0)
                self._stride = frame.nbytes
            self._free_all_but(COUNT - 1)
            np.copyto(self._slots.view(self._sent, self._stride, frame.shape), frame)
            answer |= {"frame": self._sent, "stride": self._stride, "frame_shape": frame.shape}
            self._sent += 1
            self._waiting += 1
        self._answers.write(json.dumps(answer).encode() + b"\n")
        self._answers.flush()
        patience.step()

    def _free_all_but(self, count: int) -> None:
        while self._waiting > count:
            if not self._taken.read(1):
                raise SystemExit  # nobody is there any more
            self._waiting -= 1


def serve(requests: IO[bytes], answers: Answers) -> None:
    """Answer requests until there are no more."""
    at_start = patience.used_bytes()
    for line in requests:
        request = json.loads(line)
        os.chdir(request.pop("folder"))
        patience.allow_memory(at_start + request.pop("most_bytes"))
        patience.begin(request.pop("step_s"))
        try:
            task, path = _task(request.pop("do")), Path(request.pop("path"))
            for answer, frame in task(path, **request):
                answers.send(answer, frame)
        except Exception as error:
            answers.send(_told(error))
        patience.rest()


def _told(error: Exception) -> Answer:
    """An error as JSON: one of `fusbench.errors` in its three parts."""
    kind = type(error).__name__
    if isinstance(error, FusbenchError):
        return {"error": kind, "parts": [error.what, error.where, error.fix]}
    if isinstance(error, MemoryError):
        return {"error": "MemoryError"}
    import traceback

    text = "".join(traceback.format_exception(error))
    return {"error": kind, "text": str(error), "traceback": text}


if __name__ == "__main__":
    complaints.hear()
    stdin = os.fdopen(0, "rb")
    serve(stdin, Answers(stdin, os.fdopen(1, "wb"), int(sys.argv[1])))
