"""The rows of a table, read in parts, as one recording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusbench.errors import ConfigError, DatasetError, counted, unknown
from fusbench.footage.clock import SHOWN
from fusbench.importing.cells import shown
from fusbench.importing.columns import Columns
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.recording import GazeRecording, combined

DAY_NS = 86_400 * 10**9


def one_recording(
    columns: Columns, parts: list[dict[str, Any]], messages: list[tuple[int, str]]
) -> GazeRecording:
    """All parts of a table, which `Columns.take` gave, as one recording."""
    _require_one(columns, set().union(*(part["recordings"] for part in parts)))
    _require_kept(columns, parts)

    def joined(key: str, empty: np.ndarray) -> np.ndarray:
        return np.concatenate([empty, *(part[key] for part in parts if key in part)], axis=-1)

    frame = None if columns.time else joined("frame", np.empty(0, np.int64))
    time_ns = joined("time_ns", np.empty(0, np.int64))
    time_ns = time_ns if frame is None else np.arange(len(frame), dtype=np.int64)
    gaze = {eye: joined(eye, np.empty((2, 0))) for eye in columns.pairs}
    if "both" in gaze:
        (x, y), eyes = gaze["both"], columns.mapping.eyes
    else:
        lost = np.full((2, len(time_ns)), np.nan)
        left, right = gaze.get("left", lost), gaze.get("right", lost)
        x, y, eyes = combined((left[0], left[1]), (right[0], right[1]), columns.options.eye)
    screens = [part["screen"] for part in parts if "screen" in part]
    screens = [screen for screen in screens if np.isfinite(screen).all()]
    drift = None
    if columns.other_time:
        drift = _drift_ppm(*joined("clocks", np.empty((2, 0), np.int64)))
    events = [event for part in parts for event in part.get("events", ())] + messages
    told = []
    untimed = sum(part["untimed"] for part in parts)
    if untimed:
        one, many = (
            f"with gaze {verbs} left out"
            for verbs in ("tells no time and was", "tell no time and were")
        )
        told.append(Finding(WARN, counted(untimed, "row", one, many)))
    if columns.unit == SHOWN and len(time_ns):
        time_ns, late = past_midnight(time_ns)
        if late is not None:
            told.append(Finding(NOTE, "the clock passes midnight: it goes on as 24:00:00"))
            events = [(time + DAY_NS * (time < late), text) for time, text in events]
    return GazeRecording(
        time_ns=time_ns,
        x=x,
        y=y,
        space=columns.space,
        origin=columns.origin,
        eyes=eyes,
        events=tuple(sorted(events, key=lambda event: event[0])),
        screen=(float(screens[0][0]), float(screens[0][1])) if screens else None,
        drift_ppm=drift,
        frame=frame,
        remarks=(*columns.remarks, *told, *_cell_remarks(parts), *_rule_remarks(parts)),
    )


def past_midnight(time_ns: np.ndarray) -> tuple[np.ndarray, int | None]:
    """Times of day that go on past midnight, and the time before which others are of the next day.

    Examples
    --------
    >>> times, late = past_midnight(np.array([23 * 3600, 24 * 3600 - 1, 0, 5]) * 10**9)
    >>> (times // 10**9).tolist(), late // 10**9
    ([82800, 86399, 86400, 86405], 39600)
    >>> past_midnight(np.array([5, 3]))
    (array([5, 3]), None)
    """
    back = np.diff(time_ns) < -DAY_NS // 2
    if not back.any() or time_ns.max() >= DAY_NS:
        return time_ns, None
    days = np.concatenate([[0], np.cumsum(back)])
    return time_ns + days * DAY_NS, int(time_ns[0]) - DAY_NS // 2


def _cell_remarks(parts: list[dict[str, Any]]) -> Iterator[Finding]:
    for name in sorted({name for part in parts for name in part["odd"]}):
        found = [part["odd"][name] for part in parts if name in part["odd"]]
        odd = [cell for cells, _ in found for cell in cells]
        grouped = next((cell for _, cell in found if cell), "")
        if odd:
            one, many = (
                f"of '{name}' {verb} as lost"
                for verb in ("is no number and counts", "are no number and count")
            )
            what = counted(len(odd), "cell", one, many)
            yield Finding(WARN, f"{what}, such as '{odd[0][:40]}'")
        if grouped:
            yield Finding(NOTE, f"'{name}' separates thousands, as in '{grouped[:40]}'")


def _rule_remarks(parts: list[dict[str, Any]]) -> Iterator[Finding]:
    """A remark where no validity column calls any sample valid: it says something unknown."""
    told = [item for part in parts for item in part["valid_cells"].items()]
    if not told or any(count for _, (count, _) in told):
        return
    for name in dict.fromkeys(name for name, _ in told):
        values = sorted(set().union(*(values for other, (_, values) in told if other == name)))
        said = ", ".join(f"'{value[:20]}'" for value in values[:4])
        fix = "say what is valid with --map valid='COLUMN is VALUE'"
        yield Finding(WARN, f"'{name}' calls no sample valid; it says {said}: {fix}")


def _require_one(columns: Columns, found: set[tuple[str, ...]]) -> None:
    """Raise an error that offers what is there, unless one recording was chosen."""
    keys = [name for name in (columns.recording_name, columns.participant) if name]
    chosen = {
        columns.recording_name: columns.options.recording,
        columns.participant: columns.options.participant,
    }
    words = {columns.recording_name: "recording", columns.participant: "participant"}
    for key, word in (("recording_name", "recording"), ("participant", "participant")):
        if getattr(columns.options, word) and not getattr(columns, key):
            what = f"no column tells one {word} from another"
            fix = f"Leave out --{word}, or name the column with --map {word}=COLUMN."
            raise ConfigError(what, columns.where, fix)
    for place, key in enumerate(keys):
        there = {names[place] for names in found} - {""}
        if chosen[key] and chosen[key] not in there:
            raise unknown(f"{words[key]} in this file", chosen[key], sorted(map(shown, there))[:8])
        if chosen[key]:
            found = {names for names in found if names[place] == chosen[key]}
    for place, key in enumerate(keys):
        there = {names[place] for names in found} - {""}
        if len(there) > 1:
            listed = ", ".join(shown(name) for name in sorted(there)[:8])
            what = f"holds {len(there)} {words[key]}s: {listed}"
            fix = f"Choose one with --{words[key]} NAME."
            raise DatasetError(what, columns.where, fix)


def _require_kept(columns: Columns, parts: list[dict[str, Any]]) -> None:
    """Raise `DatasetError` where the rule of the rows to keep holds for none."""
    says = set().union(*(part["kept_of"] for part in parts)) - {""}
    if columns.keep is None or not says or not all(part["kept_of"] for part in parts):
        return
    listed = ", ".join(f"'{shown(word)}'" for word in sorted(says)[:5])
    what = f"no row holds gaze: '{shown(columns.keep.column)}' says {listed}"
    fix = f"Say which rows do with --map keep='{shown(columns.keep.column)} is VALUE'."
    raise DatasetError(what, columns.where, fix)


def _drift_ppm(time_ns: np.ndarray, other_ns: np.ndarray) -> float | None:
    if len(time_ns) < 2 or time_ns[-1] == time_ns[0]:
        return None
    ratio = int(other_ns[-1] - other_ns[0]) / int(time_ns[-1] - time_ns[0])
    return round((ratio - 1) * 1e6, 1)
