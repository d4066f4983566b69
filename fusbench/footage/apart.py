"""Strangers' binary files, decoded in a process of its own: `decoder` there, and this side of it.

A file that hangs its decoder, crashes it, or needs more memory than it may have is one
`DatasetError`. A process that has answered waits for the next file, so that starting it is paid for
once; it ends with this one.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.child import SAFE_PATH, memory_can_be_limited
from fusbench.errors import ConfigError, DatasetError, FusbenchError
from fusbench.footage.record import Footage, Frames
from fusbench.footage.slots import Slots, new_memory
from fusbench.numerals import is_whole
from fusbench.threads import environment

STEP_S, MEMORY_GB = "FUSBENCH_DECODER_S", "FUSBENCH_DECODER_GB"
DEFAULTS = {STEP_S: 20, MEMORY_GB: 1}
WHY = "The file is damaged, or made to do harm; if it is sound, allow more with"
AGAIN = "The file is damaged, or made to do harm: copy it again from its source."
COMMAND = ("-P", "-m", "fusbench.footage.decoder")
LONGEST_LINE = 1 << 24

_idle: list[_Decoder] = []
os.register_at_fork(after_in_child=_idle.clear)


@atexit.register
def end_idle() -> None:
    """End the decoders that wait for a file."""
    while _idle:
        _idle.pop().end()


def answered(do: str, path: Path, **facts: Any) -> dict[str, Any]:
    """The answer of a decoder to a request about a file.

    Raises
    ------
    DatasetError
        If the decoder hangs, crashes, or needs more memory than it may have.
    FusbenchError
        What the decoder tells.
    """
    ((told, _),) = asked(do, path, **facts)
    return told


def streamed(
    footage: Footage, path: Path, frame_rate: str | None, *, do: str = "read", **facts: Any
) -> Frames:
    """Frames of opened footage as they are decoded; at their end its remarks are complete.

    `do` is a task that answers as "read" does, with its `facts`.
    """
    for told, frame in asked(do, path, frame_rate=frame_rate, **facts):
        if frame is not None:
            yield told["time_ns"], frame
            continue
        footage.held_ns[:] = told["held_ns"]
        remarks = [(level, text) for level, text in told["remarks"]]
        footage.remarks.extend(r for r in remarks if r not in footage.remarks)


def grey_maps(folder: Path) -> Iterator[np.ndarray]:
    """Grey maps of a folder of PNG files, as they are decoded: uint8 or uint16 (H, W) each.

    Raises
    ------
    PredictionError
        If there is none, or one is no grey picture of the first one's size and depth.
    DatasetError
        As of `answered`.
    """
    for told, frame in asked("grey_maps", folder):
        if frame is not None:
            yield frame.view(told["dtype"])


def asked(do: str, path: Path, **facts: Any) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Frames with what is told of each, and the last answer, which has none.

    Parameters
    ----------
    do : str
        A task of the decoder's own, or "module:function" of what yields such answers from a path
        and the facts; a frame is then any array of bytes.
    path : Path
    facts : what JSON can hold

    Raises
    ------
    DatasetError, FusbenchError
        As of `answered`.
    """
    memory_can_be_limited(os.environ.get(MEMORY_GB), MEMORY_GB)
    step_s, memory_gb = (_limit(name) for name in DEFAULTS)
    request = {
        "do": do, "path": str(path), "folder": str(Path.cwd()), **facts,
        "step_s": step_s, "most_bytes": memory_gb << 30,
    }  # fmt: skip
    decoder = _idle_decoder() or _Decoder()
    try:
        decoder.tell(json.dumps(request).encode() + b"\n")
        for told, frame in decoder.answers():
            if "parts" in told:
                _idle.append(decoder)
            if "error" in told:
                raise _error(told, path)
            yield told, frame
            if frame is None:
                _idle.append(decoder)
                return
        raise _ended(decoder.process.wait(), path)
    finally:
        if decoder not in _idle:
            decoder.end()


def _idle_decoder() -> _Decoder | None:
    while _idle:
        decoder = _idle.pop()
        if decoder.process.poll() is None:
            return decoder
        decoder.end()
    return None


class _Decoder:
    """A running decoder."""

    def __init__(self) -> None:
        self._memory = new_memory()
        self._slots = Slots(self._memory)
        self.process = subprocess.Popen(
            [sys.executable, *COMMAND, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment(), **SAFE_PATH},
            pass_fds=(self._memory,),
            start_new_session=True,  # an interrupt of the terminal is this process's affair
        )

    def tell(self, data: bytes) -> None:
        """Send something; that nobody takes it is seen when no answer comes."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def answers(self) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
        """What is answered, each with a copy of its frame, until the process ends."""
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline(LONGEST_LINE)).endswith(b"\n"):
            told = json.loads(line)
            frame = None
            if "frame" in told:
                view = self._slots.view(told["frame"], told["stride"], told["frame_shape"])
                frame = view.copy()
                self.tell(b".")
            yield told, frame

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        self.process.wait()
        with suppress(OSError):
            os.close(self._memory)


def _limit(name: str) -> int:
    text = os.environ.get(name) or str(DEFAULTS[name])
    if is_whole(text) and 0 < int(text) < 1 << 20:
        return int(text)
    raise ConfigError(f"'{text}' is no whole number above 0", name, f"Set {name}={DEFAULTS[name]}.")


def _error(told: dict[str, Any], path: Path) -> FusbenchError:
    """The error that a decoder tells of."""
    if told["error"] == "MemoryError":
        limit = _limit(MEMORY_GB)
        what = f"needs more than {limit} GB of memory to be decoded"
        return DatasetError(what, str(path), f"{WHY} {MEMORY_GB}={4 * limit}.")
    if "parts" in told:
        kinds = {kind.__name__: kind for kind in FusbenchError.__subclasses__()}
        return kinds.get(told["error"], DatasetError)(*told["parts"])
    error = DatasetError(f"cannot be decoded: {told['error']}: {told['text']}", str(path), AGAIN)
    error.last_words = told["traceback"]
    return error


def _ended(code: int, path: Path) -> DatasetError:
    """The error of a decoder that ended with this exit code, or minus this signal."""
    if code == -signal.SIGALRM:
        limit = _limit(STEP_S)
        what = f"one step of decoding it took more than {limit} s"
        return DatasetError(what, str(path), f"{WHY} {STEP_S}={6 * limit}.")
    how = signal.strsignal(-code) if code < 0 else f"exit code {code}"
    return DatasetError(f"its decoder ended ({how})", str(path), AGAIN)
