"""EyeLink recordings as edf2asc writes them: samples between messages and events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import nanoseconds
from fusbench.importing.recording import GazeRecording, ReadOptions, combined

COORDINATES = re.compile(r"(?:DISPLAY|GAZE)_COORDS\D*" + r"\s+".join([r"(-?[\d.]+)"] * 4))
OFFSET = re.compile(r"(-?\d+)\s+(.*)")


@dataclass
class _Lines:
    """What has been gathered of a file so far."""

    times: list[str] = field(default_factory=list)
    values: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: {"left": [], "right": []}
    )
    events: list[tuple[int, str]] = field(default_factory=list)
    blinks: list[tuple[int, int]] = field(default_factory=list)
    eyes: tuple[str, ...] = ()
    rate_hz: float | None = None
    screen: tuple[float, float] | None = None
    notes: set[str] = field(default_factory=set)


def read_asc(path: Path, options: ReadOptions) -> GazeRecording:
    """Read an ``.asc`` file, one or both eyes, any number of blocks, with END or without."""
    found = _Lines()
    with path.open(encoding=options.encoding or "utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            words = line.split()
            if not words:
                continue
            try:
                if words[0][0].isdigit():
                    _sample(found, words)
                elif words[0] in READERS:
                    READERS[words[0]](found, words, line)
            except (ValueError, IndexError):
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
    if options.eye not in ("average", *found.eyes):
        fix = f"Leave out --eye, or use --eye {found.eyes[0]}."
        raise ConfigError(f"the {options.eye} eye was not recorded", str(path), fix)
    return _recording(found, options)


class _Refused(Exception):
    pass


def _sample(found: _Lines, words: list[str]) -> None:
    if not found.eyes:
        raise ValueError
    if len(words) < 1 + 3 * len(found.eyes):
        raise ValueError
    found.times.append(words[0])
    for index, eye in enumerate(found.eyes):
        x, y = words[1 + 3 * index : 3 + 3 * index]
        found.values[eye].append((x, y))
    for eye in {"left", "right"} - set(found.eyes):
        found.values[eye].append((".", "."))


def _samples(found: _Lines, words: list[str], _line: str) -> None:
    if words[1] != "GAZE":
        raise _Refused(f"the samples are {words[1]}, not gaze on the screen")
    found.eyes = tuple(eye for eye in ("left", "right") if eye.upper() in words)
    if "RATE" in words:
        found.rate_hz = float(words[words.index("RATE") + 1])


def _start(found: _Lines, words: list[str], _line: str) -> None:
    if not found.eyes:
        found.eyes = tuple(eye for eye in ("left", "right") if eye.upper() in words)


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
        left, top, right, bottom = map(float, coordinates.groups())
        found.screen = (_extent(right - left), _extent(bottom - top))


def _extent(difference: float) -> float:
    """Pixels between the first and the last; some files write the size in place of the last."""
    return difference if difference % 2 == 0 else difference + 1


def _blink(found: _Lines, words: list[str], _line: str) -> None:
    first, last = nanoseconds(words[2:4], "ms")
    found.blinks.append((int(first), int(last)))


READERS = {"SAMPLES": _samples, "START": _start, "MSG": _message, "EBLINK": _blink}


def _recording(found: _Lines, options: ReadOptions) -> GazeRecording:
    time_ns = nanoseconds(found.times, "ms")
    sides = {}
    for eye, pairs in found.values.items():
        cells = np.array([cell for pair in pairs for cell in pair], dtype=np.str_)
        numbers = np.where(cells == ".", "nan", cells).astype(np.float64).reshape(-1, 2)
        sides[eye] = (numbers[:, 0], numbers[:, 1])
    x, y, words = combined(sides["left"], sides["right"], options.eye)
    if len(found.eyes) == 1:
        words = f"{found.eyes[0]} eye alone, the only one recorded"
    return GazeRecording(
        time_ns=time_ns,
        x=x,
        y=y,
        space=options.space or "screen",
        origin=options.origin or "top-left",
        eyes=words,
        events=tuple(sorted(found.events)),
        screen=found.screen,
        rate_hz=found.rate_hz,
        blinks=tuple(sorted(found.blinks)),
    )
