"""The numbers of a quality report, and what they mean: notes, warnings, reasons to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fusbench.errors import counted
from fusbench.footage.clock import frame_of
from fusbench.importing.beside import DOUBTFUL, LIT, LOW, beside
from fusbench.importing.finding import NOTE, REFUSE, WARN, Finding
from fusbench.importing.quality import Evidence, Quality, inside
from fusbench.importing.ticks import coarse_ms

BLINK_S = (0.05, 0.5)
FULLY, MANY = 0.95, 0.05
WIDE = 200  # px: all of a smaller screen may lie between 0 and 100
GAP_STEPS = 3
ENDS = 0.02  # of the video: gaze from the first of it to the last is gaze of the whole


def findings(quality: Quality, seen: Evidence, valid: np.ndarray) -> Iterator[Finding]:
    """What the numbers of a report say; `valid` are the samples with a position, bool (N,)."""
    q, x, y = quality, seen.x_px[valid], seen.y_px[valid]
    claimed = q.claimed_rate_hz
    ticks = seen.gaze.frame is None and q.gaze_rate_hz > 0
    coarse = coarse_ms(seen.gaze.time_ns) if ticks else None
    apart_ms = 1000 / q.gaze_rate_hz if q.gaze_rate_hz else 0
    ends_early = seen.declared_ns is not None and seen.end_ns < 0.98 * seen.declared_ns
    for found, level, kind, text in (
        (ends_early, REFUSE, "cut-off",
         f"the video ends after {seen.end_ns / 1e9:.2f} s of {(seen.declared_ns or 0) / 1e9:.2f} s:"
         " it is cut off"),
        (q.valid < LOW, REFUSE, "lost-gaze",
         f"only {q.valid:.0%} of the samples during the video are valid"),
        (LOW <= q.valid < DOUBTFUL, WARN, "", f"{1 - q.valid:.0%} of the samples are lost"),
        (q.covered < LOW, REFUSE, "uncovered",
         f"only {q.covered:.0%} of the frames have a gaze sample"),
        (LOW <= q.covered < FULLY, WARN, "",
         f"{1 - q.covered:.0%} of the frames have no gaze sample: {_span(seen)}"),
        (q.in_video < LOW and LOW <= q.covered < DOUBTFUL, REFUSE, "uncovered",
         f"only {q.in_video:.0%} of the gaze falls into the video, which it covers by"
         f" {q.covered:.0%}"),
        (q.in_video < LOW and q.covered >= DOUBTFUL, NOTE, "",
         f"{1 - q.in_video:.0%} of the gaze file lies before or after the video"),
        (len(x) and q.in_image < LOW, REFUSE, "beside",
         f"only {q.in_image:.0%} of the gaze lies in the image"),
        (LOW <= q.in_image < DOUBTFUL, WARN, "",
         f"{1 - q.in_image:.0%} of the gaze lies beside the image"),
        (not 10 <= q.gaze_rate_hz <= 5000, REFUSE, "gaze-rate",
         f"the gaze would come at {q.gaze_rate_hz:g} samples a second: the time unit looks wrong"),
        (claimed and abs(q.gaze_rate_hz / claimed - 1) > 0.1, REFUSE, "gaze-rate",
         f"the file claims {claimed or 0:g} samples a second, its times say {q.gaze_rate_hz:g}"),
        (_normalised_as_pixels(seen), REFUSE, "units",
         "all positions lie between 0 and 1: they are shares of the screen, not pixels"),
        (_percent_as_pixels(seen), REFUSE, "units",
         "all positions lie between 0 and 100: they look like percent of the screen, not pixels"),
        (_pixels_as_normalised(seen), REFUSE, "units",
         "positions reach far beyond 1: they are pixels, not shares of the screen"),
        (seen.most_frame.max() < LIT, REFUSE, "black",
         f"the picture is black: no pixel of any frame is brighter than {seen.most_frame.max()}"),
        (q.lost_to_fillers, NOTE, "",
         counted(q.lost_to_fillers, "sample", "at exactly 0,0 or -1,-1 counts as lost",
                 "at exactly 0,0 or -1,-1 count as lost")),
        (q.duplicates, WARN if q.duplicates > MANY * q.samples else NOTE, "",
         counted(q.duplicates, "sample", "with a repeated time was dropped",
                 "with a repeated time were dropped")),
        (coarse, WARN, "",
         f"the clock goes in steps of {coarse or 0:.3g} ms, and samples come every"
         f" {apart_ms:.3g} ms: gaze near a frame's edge may be on the wrong frame"),
        (q.gaps, NOTE, "",
         f"{counted(q.gaps, 'gap')} between samples, the longest of {q.longest_gap_s:.2f} s"),
        (q.drift_ppm is not None and abs(q.drift_ppm) > 500, WARN, "",
         f"the tracker's clock drifts by {q.drift_ppm} ppm against the computer's"),
        (q.longest_freeze_s >= 0.5, NOTE, "",
         f"the picture stands still for {q.longest_freeze_s:.1f} s at a time"),
        (q.unchanged > 0.3, WARN, "", f"{q.unchanged:.0%} of the frames repeat the frame before"),
        (q.longest_step_s * q.frame_rate_hz > 10, NOTE, "",
         f"a step of {q.longest_step_s:.2f} s between two frames"),
        (q.frames - q.clip_frames, NOTE, "",
         counted(q.frames - q.clip_frames, "frame", "at the end of a part is too few for a clip",
                 "at the end of a part are too few for a clip")),
    ):  # fmt: skip
        if found:
            yield Finding(level, text, kind)
    yield from beside(seen.most_frame, x, y)


def _span(seen: Evidence) -> str:
    """Which part of the video has gaze, or that the frames without are within that."""
    first, last, end = (time / 1e9 for time in (seen.time_ns[0], seen.time_ns[-1], seen.end_ns))
    if first <= ENDS * end and last >= (1 - ENDS) * end:
        return "there are gaps in it"
    return f"it runs from {first:.2f} to {last:.2f} s of the video's {end:.2f} s"


def _normalised_as_pixels(seen: Evidence) -> bool:
    x, y = seen.gaze.x[seen.gaze.valid], seen.gaze.y[seen.gaze.valid]
    if seen.gaze.space not in ("screen", "pixel") or len(x) < 10:
        return False
    return float(np.mean((np.abs(x) <= 1.5) & (np.abs(y) <= 1.5))) > 0.95


def _percent_as_pixels(seen: Evidence) -> bool:
    x, y = seen.gaze.x[seen.gaze.valid], seen.gaze.y[seen.gaze.valid]
    if seen.gaze.space != "screen" or len(x) < 10 or _normalised_as_pixels(seen):
        return False
    if seen.screen is not None and max(seen.screen) < WIDE:
        return False
    return float(np.mean((x >= 0) & (x <= 100) & (y >= 0) & (y <= 100))) > 0.95


def _pixels_as_normalised(seen: Evidence) -> bool:
    x, y = seen.gaze.x[seen.gaze.valid], seen.gaze.y[seen.gaze.valid]
    if seen.gaze.space not in ("normalised", "picture") or len(x) < 10:
        return False
    return float(np.median(np.maximum(np.abs(x), np.abs(y)))) > 3


def usual_step(steps: np.ndarray) -> float:
    """Mean of the steps that are within a half of their median.

    Pauses do not count; what a clock of whole milliseconds takes from one step it gives to another.

    Examples
    --------
    >>> round(usual_step(np.array([33, 33, 34, 33, 33, 34, 170])), 2)
    33.33
    """
    median = np.median(steps)
    return float(np.mean(steps[np.abs(steps - median) <= median / 2]))


def judge(seen: Evidence) -> Quality:
    """The quality report of a recording."""
    frame = frame_of(seen.time_ns, seen.frame_ns, seen.end_ns)
    during = frame >= 0
    valid = during & np.isfinite(seen.x_px) & np.isfinite(seen.y_px)
    kept = valid & inside(seen.x_px, seen.y_px, seen.shape)
    count = np.bincount(frame[kept], minlength=len(seen.frame_ns))
    step_s = usual_step(np.diff(seen.time_ns) / 1e9) if len(seen.time_ns) > 1 else np.inf
    steps_s = np.diff(seen.time_ns[during]) / 1e9
    gaps = steps_s[steps_s > GAP_STEPS * step_s]
    frame_steps_s = np.diff(np.append(seen.frame_ns, seen.end_ns)) / 1e9
    freezes = _runs(seen.unchanged)
    quality = Quality(
        scan=seen.scan,
        observer=seen.observer,
        clock_ppm=seen.clock_ppm,
        anchors=seen.anchors,
        residual_s=seen.residual_s,
        frames=len(seen.frame_ns),
        clips=seen.clips,
        clip_frames=seen.clip_frames,
        frame_rate_hz=round(1 / usual_step(frame_steps_s[: len(seen.frame_ns) - 1 or 1]), 3),
        longest_step_s=round(float(frame_steps_s.max()), 6),
        samples=len(seen.time_ns),
        gaze_rate_hz=round(1 / step_s, 2),
        claimed_rate_hz=seen.gaze.rate_hz,
        valid=_share(valid.sum(), during.sum()),
        in_video=_share(during.sum(), len(during)),
        covered=_share(len(np.unique(frame[during])), len(seen.frame_ns)),
        in_image=_share(kept.sum(), valid.sum()),
        points_per_frame=round(_share(kept.sum(), (count > 0).sum()), 2),
        frames_without_gaze=int((count == 0).sum()),
        gaps=len(gaps),
        longest_gap_s=round(float(gaps.max()), 3) if len(gaps) else 0.0,
        blinks=_blinks(seen, ~valid[during], seen.time_ns[during]),
        lost_to_fillers=seen.gaze.fillers,
        duplicates=seen.gaze.duplicates,
        drift_ppm=seen.gaze.drift_ppm,
        unchanged=_share(seen.unchanged.sum(), len(seen.unchanged)),
        longest_freeze_s=round(
            max((float(frame_steps_s[a:b].sum()) for a, b in freezes), default=0.0), 3
        ),
    )
    found = tuple(
        replace(one, level=WARN, text=f"{one.text} (accepted)")
        if one.level == REFUSE and one.kind in seen.accepted
        else one
        for one in (*seen.remarks, *findings(quality, seen, valid))
    )
    return Quality(**{**vars(quality), "findings": found})


def _share(part: Any, whole: Any) -> float:
    return round(float(part) / float(whole), 4) if whole else 0.0


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Runs of True as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _blinks(seen: Evidence, lost: np.ndarray, time_ns: np.ndarray) -> int:
    """Blinks that the file marks, else losses as long as a blink."""
    if seen.gaze.blinks is not None:
        if not len(time_ns):
            return 0
        shift = int(seen.gaze.time_ns[0]) - int(seen.time_ns[0])
        first, last = int(time_ns[0]) + shift, int(time_ns[-1]) + shift
        return sum(first <= a <= last for a, _ in seen.gaze.blinks)
    lengths = [(time_ns[b - 1] - time_ns[a]) / 1e9 for a, b in _runs(lost)]
    return sum(bool(BLINK_S[0] <= length <= BLINK_S[1]) for length in lengths)
