"""Events of a recording: those of another file, the one that a pattern fits, and their partners."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import SHOWN, clock_ns, nanoseconds, plain, unit_of
from fusbench.importing.finding import WARN, Finding
from fusbench.importing.recording import GazeRecording

Event = tuple[int, str]
FILES = (
    ("timestamp [ns]", "ns", ("name",)),
    ("onset", "s", ("trial_type", "event_type", "value", "stim_file")),
    ("timestamp", "s", ("label",)),
    ("Recording timestamp [μs]", "us", ("Event", "Event value")),
    ("Recording timestamp [ms]", "ms", ("Event", "Event value")),
    ("time", "", ("event", "message", "label", "name")),
    ("t", "", ("event", "message", "label", "name")),
)
"""Files of events: the column of times, its unit, the columns that make the text.

In their order: Neon ``events.csv``, BIDS ``events.tsv``, Pupil Core ``annotations.csv``, Tobii Pro
Lab, and plain tables.
"""
PARTNERS = (
    ("Start", "End"), ("start", "end"), ("START", "END"), ("START", "STOP"), ("Start", "Stop"),
    ("start", "stop"), ("Begin", "End"), ("begin", "end"), ("BEGIN", "END"), ("Onset", "Offset"),
    ("onset", "offset"), ("ONSET", "OFFSET"), ("On", "Off"), ("_ON", "_OFF"), ("_on", "_off"),
)  # fmt: skip
SHOWN_EVENTS = 5


def read_events(path: Path, gaze: GazeRecording) -> tuple[Event, ...]:
    """Events of a file beside the gaze file, in the gaze file's clock.

    Raises
    ------
    DatasetError
        If it is missing, or holds no column of times and of texts that is known.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot be read: {error}", str(path), "Check --events.") from None
    lines = text.splitlines() or [""]
    delimiter = max("\t;,", key=lines[0].count)
    rows = [[plain(cell) for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    header, *rows = rows or [[]]
    for name, unit, words in FILES:
        time = next((h for h in header if h == plain(name) or h.startswith(f"{name} [")), None)
        texts = [header.index(word) for word in words if word in header]
        if time is None or not texts:
            continue
        unit = unit_of(time) or unit or "s"
        zero = gaze.zero_ns if name == "onset" else 0
        return tuple(_events(rows, header.index(time), unit, texts, zero, path))
    known = ", ".join(f"{name} with {words[0]}" for name, _, words in FILES[:4])
    what = f"no columns of times and texts are known here; looked for {known}"
    raise DatasetError(what, str(path), "Give a table with the columns time [s] and event.")


def _events(
    rows: list[list[str]], place: int, unit: str, texts: list[int], zero_ns: int, path: Path
) -> list[Event]:
    found = []
    for number, row in enumerate(rows, start=2):
        cell = row[place] if place < len(row) else ""
        if not cell or cell.lower() == "n/a":
            continue
        try:
            time = nanoseconds([cell], SHOWN if clock_ns(cell) is not None else unit)[0]
        except ValueError:
            fix = "Correct or drop it."
            raise DatasetError(f"'{cell}' is no time", f"{path}, row {number}", fix) from None
        words = [row[index] for index in texts if index < len(row)]
        text = " ".join(word for word in words if word and word.lower() != "n/a")
        found.append((int(time) + zero_ns, text))
    return sorted(found)


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
    if not found:
        listed = "; ".join(text[:60] for _, text in events[:SHOWN_EVENTS])
        listed = f" The file's events begin with: {listed}." if listed else ""
        what = f"no event of the gaze file fits '{pattern}'"
        fix = f"Correct {option}.{listed or ' The file holds no event: see --events.'}"
        raise ConfigError(what, where, fix)
    if number is not None and number > len(found):
        what = f"'{pattern}' fits {len(found)} events, not {number}"
        raise ConfigError(what, where, "Correct --event-number.")
    if number is not None or len(found) == 1:
        return found[(number or 1) - 1][0], []
    at = ", ".join(f"{time / 1e9:.3f} s" for time, _ in found[:SHOWN_EVENTS])
    many = f"{len(found)} events fit '{pattern}', at {at}: the first was taken"
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
        what = f"'{pattern}' has {fitting.groups} groups"
        raise ConfigError(what, where, fix.replace("\\\\", "\\"))
    found = []
    for time, text in events:
        hit = fitting.search(text)
        if hit and (hit[1] or "").isdecimal():
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
        for one, other in PARTNERS:
            if one not in start:
                continue
            whole = start.replace(one, other)
            for wanted in (whole, whole.split()[0] if whole.split() else whole):
                for time, text in later:
                    if text == wanted or text.split()[:1] == [wanted]:
                        return start, time, text
    return None


def first_frame_number(numbers: list[int], count: int, said: str, where: str) -> int:
    """Whether frames are counted from 0 or from 1: as said, or as the numbers allow.

    Raises
    ------
    ConfigError
        If both are possible.
    """
    if said:
        return int(said)
    if min(numbers) <= 0:
        return 0
    if min(numbers) == 1 or max(numbers) == count:
        return 1
    what = f"the frames' numbers run from {min(numbers)} to {max(numbers)}"
    fix = "Say whether the first frame is 0 or 1, with --first-frame."
    raise ConfigError(f"{what}, of {count} frames", where, fix)
