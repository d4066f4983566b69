"""Events of a recording: those of another file, the one that a pattern fits, and their partners."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from pathlib import Path

from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.clock import clock_ns, nanoseconds, plain, unit_of
from fusbench.footage.encoding import text_of
from fusbench.importing.cells import FILLERS
from fusbench.importing.finding import WARN, Finding
from fusbench.importing.recording import GazeRecording
from fusbench.numerals import is_whole

Event = tuple[int, str]
TEXTS = ("event", "message", "label", "name")
FILES = (
    ("timestamp [ns]", "ns", ("name", *TEXTS)),
    ("onset", "s", ("trial_type", "event_type", "value", "stim_file", *TEXTS)),
    ("timestamp", "s", ("label", *TEXTS)),
    ("recording timestamp", "", ("event", "event value")),
    ("recordingtimestamp", "ms", ("studioevent", "studioeventdata")),
    ("time", "s", TEXTS),
    ("t", "s", TEXTS),
)
"""Files of events: the column of times, its unit, the columns that make the text.

In their order: Neon ``events.csv``, BIDS ``events.tsv``, Pupil Core ``annotations.csv``, Tobii Pro
Lab, Tobii Studio, and plain tables.
"""
ENDED = " (end)"
PARTNERS = (
    ("started", "ended"), ("started", "stopped"), ("started", "finished"), ("starts", "ends"),
    ("start", "end"), ("start", "stop"), ("start", "finish"), ("begins", "ends"), ("begin", "end"),
    ("begin", "finish"), ("begin", "stop"), ("onset", "offset"), ("on", "off"), ("play", "stop"),
    ("play", "end"),
)  # fmt: skip
"""What a start's name holds, and what its end's name holds in that place."""
SHOWN_EVENTS = 5
NO_FRAME = -1
"""What programs write where no frame is on screen."""


def read_events(path: Path, gaze: GazeRecording, time_unit: str = "") -> tuple[Event, ...]:
    """Events of a file beside the gaze file, in the gaze file's clock.

    An event that lasts, as BIDS tells with a duration, is followed by one of its end, whose text
    ends in `ENDED`.

    Parameters
    ----------
    path : Path
    gaze : GazeRecording
    time_unit : str
        Of a clock that neither its column's name nor the kind of file tells.

    Raises
    ------
    DatasetError
        If it is missing, or holds no column of times and of texts that is known.
    ConfigError
        If nothing tells its clock's unit.
    """
    lines = [(n, line) for n, line in enumerate(text_of(path, "--events").splitlines(), start=1)
             if line.strip() and not line.startswith("#")]  # fmt: skip
    first = lines[0][1] if lines else ""
    delimiter = max("\t;,", key=first.count)
    rows = [[plain(cell) for cell in row]
            for row in csv.reader((line for _, line in lines), delimiter=delimiter)]  # fmt: skip
    header, *rows = rows or [[]]
    lower = [name.lower() for name in header]
    for name, unit, words in FILES:
        place = next((n for n, h in enumerate(lower) if h == name or h.startswith(f"{name} [")), -1)
        texts = [lower.index(word) for word in dict.fromkeys(words) if word in lower]
        if place < 0 or not texts:
            continue
        unit = unit_of(header[place]) or unit or time_unit
        if not unit:
            fix = "Say it with --time-unit s, ms, us or ns: versions of this export differ."
            raise ConfigError("the clock has no unit", str(path), fix)
        last = lower.index("duration") if name == "onset" and "duration" in lower else -1
        zero = gaze.zero_ns if name == "onset" else 0
        numbered = list(zip((n for n, _ in lines[1:]), rows, strict=True))
        return tuple(_events(numbered, (place, last), unit, texts, zero, path))
    known = ", ".join(f"{name} with {words[0]}" for name, _, words in FILES[:5])
    what = f"no columns of times and texts are known here; looked for {known}"
    raise DatasetError(what, str(path), "Give a table with the columns time [s] and event.")


def _events(
    rows: list[tuple[int, list[str]]], places: tuple[int, int], unit: str, texts: list[int],
    zero_ns: int, path: Path,
) -> list[Event]:  # fmt: skip
    found = []
    for number, row in rows:
        begin, last = (row[place] if 0 <= place < len(row) else "" for place in places)
        if begin.lower() in FILLERS:
            continue
        try:
            time, length = _time(begin, unit), 0
        except ValueError:
            fix = "Correct or drop it."
            raise DatasetError(f"'{begin}' is no time", f"{path}, row {number}", fix) from None
        with suppress(ValueError):
            length = _time(last, unit)
        words = [row[index] for index in texts if index < len(row)]
        text = " ".join(word for word in words if word and word.lower() != "n/a")
        found.append((time + zero_ns, text))
        if length > 0:
            found.append((time + length + zero_ns, text + ENDED))
    return sorted(found)


def _time(cell: str, unit: str) -> int:
    shown = clock_ns(cell)
    return int(nanoseconds([cell.replace(",", ".")], unit)[0]) if shown is None else shown


def find_event(
    events: tuple[Event, ...],
    pattern: str,
    option: str,
    where: str,
    number: int | None = None,
    after_ns: int | None = None,
) -> tuple[int, list[Finding]]:
    """Time of the event that a regular expression fits, and what to know where several do.

    Raises
    ------
    ConfigError
        If the pattern is none, or fits no event, or not as many as `number` says.
    """
    found = [
        (time, text)
        for time, text in events
        if compiled(pattern, option, where).search(text) and (after_ns is None or time > after_ns)
    ]
    found = [event for event in found if not event[1].endswith(ENDED)] or found
    if not found:
        listed = "; ".join(text[:60] for _, text in events[:SHOWN_EVENTS])
        listed = f" The file's events begin with: {listed}." if listed else ""
        what = f"no event of the gaze file fits '{pattern}'"
        fix = f"Correct {option}.{listed or ' The file holds no event: see --events.'}"
        raise ConfigError(what, where, fix)
    if number is not None and number > len(found):
        what = f"'{pattern}' fits {counted(len(found), 'event')}, not {number}"
        raise ConfigError(what, where, "Correct --event-number.")
    if number is not None or len(found) == 1:
        return found[(number or 1) - 1][0], []
    at = ", ".join(f"{time / 1e9:.3f} s" for time, _ in found[:SHOWN_EVENTS])
    many = (
        f"{counted(len(found), 'event', 'fits', 'fit')} '{pattern}', at {at}: the first was taken"
    )
    return found[0][0], [Finding(WARN, f"{many}; choose another with --event-number N")]


def compiled(pattern: str, option: str, where: str) -> re.Pattern[str]:
    """The regular expression of an option."""
    try:
        return re.compile(pattern)
    except re.error as error:
        what = f"'{pattern}' is no regular expression: {error}"
        raise ConfigError(what, where, f"Correct {option}.") from None


def frame_events(events: tuple[Event, ...], pattern: str, where: str) -> list[tuple[int, int]]:
    """(frame's number, time) of the events that a pattern with one group fits."""
    fitting = compiled(pattern, "--frame-event", where)
    fix = r"Give a pattern with the frame's number as its group, such as 'VFRAME (\\d+)'."
    if fitting.groups != 1:
        what = f"'{pattern}' has {counted(fitting.groups, 'group')}"
        raise ConfigError(what, where, fix.replace("\\\\", "\\"))
    found = []
    for time, text in events:
        hit = fitting.search(text)
        if hit and is_whole(hit[1] or ""):
            found.append((int(hit[1]), time))
    if not found:
        listed = "; ".join(text[:60] for _, text in events[:SHOWN_EVENTS])
        what = f"no event of the gaze file fits '{pattern}' with a number"
        raise ConfigError(what, where, f"The file's events begin with: {listed or 'none'}.")
    return found


def partner(events: tuple[Event, ...], start_ns: int) -> tuple[str, int, str] | None:
    """The event at a time, and the one that ends what it starts: (text, time of the end, text)."""
    starts = [text for time, text in events if abs(time - start_ns) < 10**6]
    later = [(time, text) for time, text in events if time > start_ns]
    for start in starts:
        known = start.lower()
        ends = [known.replace(one, end) for one, end in PARTNERS if one in known]
        ends = [known + ENDED, *ends, *(_first(end) for end in ends)]
        for wanted in (end for end in ends if end != _first(known)):
            for time, text in later:
                if text.lower().startswith(wanted):
                    return start, time, text
    return None


def _first(text: str) -> str:
    return text.split()[0] if text.split() else text


def pattern_of(text: str, start: str) -> str:
    """A regular expression that fits an event's text, and not what its video started with."""
    return re.escape(text) if _first(text) == _first(start) else _first(text)


def first_frame_number(numbers: list[int], count: int, said: str, where: str) -> int:
    """Whether frames are counted from 0 or from 1: as said, or as the numbers allow.

    Raises
    ------
    ConfigError
        If both are possible.
    """
    if said:
        return int(said)
    shown = [number for number in numbers if number != NO_FRAME] or [0]
    from_zero, from_one = min(shown) <= 0, max(shown) == count and min(shown) >= 0
    if from_zero != from_one:
        return int(from_one)
    what = f"the frames' numbers run from {min(shown)} to {max(shown)}"
    fix = "Say whether the first frame is 0 or 1, with --first-frame."
    raise ConfigError(f"{what}, of {counted(count, 'frame')}", where, fix)
