"""EyeLink recordings as edf2asc writes them: samples between messages and events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.clock import nanoseconds
from fusbench.footage.encoding import encoding_of
from fusbench.importing.cells import numbers
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.recording import GazeRecording, ReadOptions, combined
from fusbench.numerals import number

COORDINATES = re.compile(
    r"(?:DISPLAY|GAZE)_COORDS\D*" + r"\s+".join([r"(-?[0-9]+(?:\.[0-9]+)?)"] * 4)
)
TIME = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
VALUE = re.compile(r"[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?|\.")
OFFSET = re.compile(r"(-?[0-9]{1,18})\s+(.*)")


@dataclass
class _Lines:
    """What has been gathered of a file so far.

    `eyes` are those of the block, `recorded` of any; `rates_hz` has each block's first sample.
    """

    times: list[str] = field(default_factory=list)
    values: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: {"left": [], "right": []}
    )
    events: list[tuple[int, str]] = field(default_factory=list)
    blinks: list[tuple[int, int]] = field(default_factory=list)
    eyes: tuple[str, ...] = ()
    recorded: set[str] = field(default_factory=set)
    named: bool = False
    rates_hz: list[tuple[int, float]] = field(default_factory=list)
    screen: tuple[float, float] | None = None
    remarks: dict[str, Finding] = field(default_factory=dict)


def read_asc(path: Path, _form: str, options: ReadOptions) -> GazeRecording:
    """Read an ``.asc`` file, one or both eyes, any number of blocks, with END or without."""
    found = _Lines()
    with path.open(encoding=options.encoding or encoding_of(path), errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            words = line.split()
            if not words:
                continue
            try:
                if words[0][0].isdigit():
                    _sample(found, words)
                elif words[0] in READERS:
                    READERS[words[0]](found, words, line)
            except (ValueError, IndexError, ConfigError):
                fix = "Convert the recording again with edf2asc."
                what = "the line is damaged"
                raise DatasetError(what, f"{path}, line {number}", fix) from None
            except _Refused as error:
                fix = "Run edf2asc with gaze positions (its option -sg)."
                raise DatasetError(str(error), f"{path}, line {number}", fix) from None
    if not found.eyes:
        fix = "Give the .asc file that edf2asc writes, with samples and events."
        raise DatasetError("is no EyeLink recording with gaze samples", str(path), fix)
    if not found.times:
        fix = "Run edf2asc without its option -e, so that it writes samples."
        raise DatasetError("holds events but no gaze sample", str(path), fix)
    if options.eye not in ("average", *found.recorded):
        fix = f"Leave out --eye, or use --eye {min(found.recorded)}."
        raise ConfigError(f"the {options.eye} eye was not recorded", str(path), fix)
    return _recording(found, options)


class _Refused(Exception):
    pass


def _sample(found: _Lines, words: list[str]) -> None:
    if not found.eyes:
        found.eyes = _eyes_of(words)
        text = f"no header line: the columns are those of {counted(len(found.eyes), 'eye')}"
        found.remarks["eyes"] = Finding(NOTE, text)
    if len(words) < 1 + 3 * len(found.eyes) or not TIME.fullmatch(words[0]):
        raise ValueError
    found.times.append(words[0])
    found.recorded |= set(found.eyes)
    for index, eye in enumerate(found.eyes):
        x, y = words[1 + 3 * index : 3 + 3 * index]
        found.values[eye].append((x, y))
    for eye in {"left", "right"} - set(found.eyes):
        found.values[eye].append((".", "."))


def _eyes_of(words: list[str]) -> tuple[str, ...]:
    """Eyes of a sample line without header: x, y and pupil of one, or of both."""
    cells = 0
    while cells < len(words) - 1 and VALUE.fullmatch(words[cells + 1]):
        cells += 1
    if cells < 3:
        raise ValueError
    return ("left", "right") if cells >= 6 else ("right",)


def _samples(found: _Lines, words: list[str], _line: str) -> None:
    if words[1] != "GAZE":
        raise _Refused(f"the samples are {words[1]}, not gaze on the screen")
    _start(found, words, _line)
    if "RATE" in words:
        rate = number(words[words.index("RATE") + 1].replace(",", "."))
        found.rates_hz += [(len(found.times), rate)] if 0 < rate < 1e6 else []


def _start(found: _Lines, words: list[str], _line: str) -> None:
    eyes = tuple(eye for eye in ("left", "right") if eye.upper() in words)
    found.eyes, found.named = eyes or found.eyes, found.named or bool(eyes)


def _input(found: _Lines, words: list[str], _line: str) -> None:
    """A change of the input port, or a button: an event such as "INPUT 255" or "BUTTON 1 1"."""
    time = int(nanoseconds([words[1]], "ms")[0])
    found.events.append((time, " ".join([words[0], *words[2:]])))


def _message(found: _Lines, words: list[str], line: str) -> None:
    time = int(nanoseconds([words[1]], "ms")[0])
    text = line.split(maxsplit=2)[2].strip() if len(words) > 2 else ""
    offset = OFFSET.fullmatch(text)
    if offset:  # the message was sent this many milliseconds after what it tells of
        time -= int(offset[1]) * 10**6
        text = offset[2]
    found.events.append((time, text))
    coordinates = COORDINATES.search(text)
    if coordinates:
        left, top, right, bottom = map(number, coordinates.groups())
        found.screen = (_extent(right - left), _extent(bottom - top))


def _extent(difference: float) -> float:
    """Pixels between the first and the last; some files write the size in place of the last."""
    return difference if difference % 2 == 0 else difference + 1


def _blink(found: _Lines, words: list[str], _line: str) -> None:
    first, last = nanoseconds(words[2:4], "ms")
    found.blinks.append((int(first), int(last)))


READERS = {
    "SAMPLES": _samples, "START": _start, "MSG": _message, "EBLINK": _blink, "INPUT": _input,
    "BUTTON": _input,
}  # fmt: skip


def _recording(found: _Lines, options: ReadOptions) -> GazeRecording:
    time_ns = _spread(nanoseconds([time.replace(",", ".") for time in found.times], "ms"), found)
    sides = {}
    odd: list[str] = []
    for eye, pairs in found.values.items():
        read = [numbers(pd.Series([pair[i] for pair in pairs], dtype=str)) for i in (0, 1)]
        sides[eye] = (read[0].values, read[1].values)
        odd += [cell for column in read for cell in column.odd]
    if odd:
        one, many = "is no number and counts as lost", "are no number and count as lost"
        text = f"{counted(len(odd), 'position', one, many)}, such as '{odd[0][:40]}'"
        found.remarks["odd"] = Finding(WARN, text)
    rates_hz = {rate for _, rate in found.rates_hz}
    if len(rates_hz) > 1:
        rates = ", ".join(f"{rate:g}" for rate in sorted(rates_hz))
        found.remarks["rates"] = Finding(NOTE, f"the sampling rate changes between blocks: {rates}")
    x, y, words = combined(sides["left"], sides["right"], options.eye)
    if len(found.recorded) == 1:
        words = f"{found.eyes[0]} eye alone, the only one recorded"
        words = words if found.named else "one eye; the file does not say which"
    return GazeRecording(
        time_ns=time_ns,
        x=x,
        y=y,
        space=options.space or "screen",
        origin=options.origin or "top-left",
        eyes=words,
        events=tuple(sorted(found.events)),
        screen=found.screen,
        rate_hz=min(rates_hz) if len(rates_hz) == 1 else None,
        blinks=tuple(sorted(found.blinks)),
        remarks=tuple(found.remarks.values()),
    )


def _spread(time_ns: np.ndarray, found: _Lines) -> np.ndarray:
    """Times at 2 kHz that are written in whole milliseconds: the second of a pair comes later.

    A block faster than a sample a millisecond, with pairs of the same time, was written without
    its half milliseconds.
    """
    again = np.concatenate([[False], np.diff(time_ns) == 0])
    begins = [begin for begin, _ in found.rates_hz]
    moved_ns = time_ns.copy()
    text = "times in whole milliseconds at 2 kHz: the second of two equal ones comes 0.5 ms later"
    for (begin, rate), end in zip(found.rates_hz, [*begins, len(time_ns)][1:], strict=True):
        block = slice(begin, end)
        whole = not (time_ns[block] % 10**6).any()
        if rate > 1000 and whole and 4 * again[block].sum() >= end - begin > 0:
            moved_ns[block] += again[block] * 500_000
            found.remarks["spread"] = Finding(NOTE, text)
    return moved_ns
