"""Where the two clocks meet: anchors from options, events, a table, or numbered frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusbench.errors import ConfigError, FusbenchError, counted
from fusbench.footage.clock import parse_time, unit_of
from fusbench.footage.rows import read_rows
from fusbench.importing.events import (
    Event,
    find_event,
    first_frame_number,
    frame_events,
    partner,
    pattern_of,
    read_events,
)
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.pairing import Pairing
from fusbench.importing.placing import seconds
from fusbench.importing.recording import GazeRecording
from fusbench.importing.timeline import Timeline, timeline

LENGTH_STEPS = 2


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """What the options and the gaze file say of the two clocks, before the video is read.

    `start_ns` and `end_ns` are the video's start and end in the gaze file's clock, `pairs` are
    (gaze time, video time), `frames` are (frame's number, gaze time).
    """

    start_ns: int | None = None
    end_ns: int | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    frames: tuple[tuple[int, int], ...] = ()
    events: tuple[Event, ...] = ()
    remarks: tuple[Finding, ...] = ()


def anchors_of(pairing: Pairing, gaze: GazeRecording) -> Anchors:
    """The anchors of a recording.

    Raises
    ------
    ConfigError
        If nothing says when the video starts, or an event is not found.
    """
    where = f"scan '{pairing.scan}'"
    events = gaze.events
    if pairing.events is not None:
        beside = read_events(pairing.events, gaze, pairing.options.time_unit)
        events = tuple(sorted([*events, *beside]))
    remarks: list[Finding] = []
    start, end = pairing.video_start_ns, pairing.video_end_ns
    if pairing.video_start_event is not None:
        start, told = find_event(
            events, pairing.video_start_event, "--video-start-event", where, pairing.event_number
        )
        remarks += told
    if pairing.video_end_event is not None:
        end, told = find_event(
            events, pairing.video_end_event, "--video-end-event", where, after_ns=start
        )
        # the first one after the start is the one that ends it
    pairs = _read_anchors(pairing.anchors) if pairing.anchors is not None else ()
    frames: list[tuple[int, int]] = []
    if pairing.frame_event is not None:
        frames = frame_events(events, pairing.frame_event, where)
    if start is None and end is None and not pairs and not frames and gaze.frame is None:
        first, last = (seconds(int(t)) for t in (gaze.time_ns[0], gaze.time_ns[-1]))
        what = f"when the video starts is not said; the gaze runs from {first} to {last}"
        listed = "; ".join(text[:60] for _, text in events[:5])
        listed = f" The file's events begin with: {listed}." if listed else ""
        fix = f"Give --video-start TIME or --video-start-event REGEX.{listed}"
        raise ConfigError(what, where, fix)
    return Anchors(
        start_ns=start, end_ns=end, pairs=pairs, frames=tuple(frames), events=events,
        remarks=tuple(remarks),
    )  # fmt: skip


def _read_anchors(path: Path) -> tuple[tuple[int, int], ...]:
    """Pairs of a table: a time of the video, and the same moment in the gaze file's clock."""
    fix = "A row is a time of the video and the same moment of the gaze, such as 2.5s, 14s."
    named: list[str] = []

    def pair(cells: list[str]) -> tuple[int, int]:
        units = [unit_of(name) or "s" for name in named or cells]
        try:
            one, other = (parse_time(c, unit) for c, unit in zip(cells, units, strict=True))
        except FusbenchError:
            named[:] = named or cells
            raise
        return (one, other) if _begins_with_gaze(named) else (other, one)

    return read_rows(path, pair, what="pair of times", option="--anchors", fix=fix)


def _begins_with_gaze(header: list[str]) -> bool:
    """Whether the header of anchors names the gaze's clock first; without one it is second."""
    words = [name.lower() for name in header]
    return len(words) == 2 and "video" in words[1] and "video" not in words[0]


def timeline_of(
    anchors: Anchors, pairing: Pairing, frame_ns: np.ndarray, end_ns: int
) -> tuple[Timeline, list[Finding]]:
    """The two clocks' timeline, and what to know of them.

    Parameters
    ----------
    frame_ns : ndarray of int64, shape (T,)
        Times of all frames since the first.
    end_ns : int
        When the last frame leaves the screen.

    Raises
    ------
    DatasetError
        If anchors contradict one another.
    """
    where = f"scan '{pairing.scan}'"
    pairs = list(anchors.pairs)
    remarks = list(anchors.remarks)
    if anchors.start_ns is not None:
        pairs.append((anchors.start_ns, 0))
    if anchors.end_ns is not None:
        pairs.append((anchors.end_ns, end_ns))
    if anchors.frames:
        numbers = [number for number, _ in anchors.frames]
        first = first_frame_number(numbers, len(frame_ns), pairing.first_frame, where)
        known: dict[int, int] = {}
        for number, time in anchors.frames:
            if 0 <= number - first < len(frame_ns):
                known.setdefault(int(frame_ns[number - first]), time)
        beyond = sum(not 0 <= number - first < len(frame_ns) for number in numbers)
        if beyond:
            verb = "names" if beyond == 1 else "name"
            many = f"{beyond} of {counted(len(numbers), 'frame event')}"
            text = f"{many} {verb} a frame that the video lacks"
            remarks.append(Finding(WARN, text))
        pairs += [(time, video) for video, time in known.items()]
    found = timeline(pairs, where)
    drift = found.drift_ppm
    if drift is not None:
        many = f"{counted(len(found.gaze_ns), 'anchor')}: the video's clock runs {drift:+g} ppm"
        text = f"{many} against the gaze's, the anchors lie within {found.residual_s:.4f} s of it"
        level = WARN if abs(drift) > 50_000 else NOTE
        remarks.append(Finding(level, text))
    elif anchors.start_ns is not None:
        remarks += _length(anchors, frame_ns, end_ns)
    return found, remarks


def _length(anchors: Anchors, frame_ns: np.ndarray, end_ns: int) -> list[Finding]:
    """Whether the events that begin and end the video are as far apart as the video is long."""
    start_ns = anchors.start_ns
    assert start_ns is not None
    found = partner(anchors.events, start_ns)
    if found is None:
        return []
    start, time, end = found
    shown, step = time - start_ns, (end_ns / len(frame_ns) if len(frame_ns) else 0)
    apart = abs(shown - end_ns)
    if 2 * apart <= step:
        return []
    text = (
        f"'{start[:60]}' and '{end[:60]}' are {shown / 1e9:.3f} s apart, the video lasts"
        f" {end_ns / 1e9:.3f} s"
    )
    is_other = apart > LENGTH_STEPS * step  # than an event that comes late, or with a refresh
    if is_other:
        text += f": it was shown {shown / end_ns - 1:+.2%} longer, was held, or is cut"
    else:
        text += f": gaze near its end may be {apart / step:.1f} frames off"
    fix = "if it ran at another speed, lay the gaze by both ends with --video-end-event"
    level = WARN if is_other else NOTE
    return [Finding(level, f"{text}; {fix} '{pattern_of(end, start)}'")]
