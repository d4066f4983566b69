"""Gaze that tells the number of the frame on screen, in place of a time."""

from __future__ import annotations

import numpy as np

from fusbench.errors import counted
from fusbench.importing.clip_files import Written
from fusbench.importing.events import NO_FRAME, first_frame_number
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.pairing import Pairing


def times_of_frames(
    pairing: Pairing, frame: np.ndarray, written: Written
) -> tuple[np.ndarray, list[Finding]]:
    """Times of samples that tell the frame on screen: spread evenly over the frame's time."""
    all_ns, where = written.all_ns, f"scan '{pairing.scan}'"
    said = pairing.first_frame or str(pairing.options.mapping.get("first_frame", ""))
    first = first_frame_number(np.unique(frame).tolist(), len(all_ns), said, where)
    number = frame - first
    begins = np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1])
    runs = np.diff(np.append(begins, len(number)))
    place = np.arange(len(number)) - np.repeat(begins, runs)
    length = np.diff(np.append(all_ns, written.whole_ns))
    there = (number >= 0) & (number < len(all_ns))
    at = np.clip(number, 0, len(all_ns) - 1)
    share = (place + 0.5) / np.repeat(runs, runs)
    time_ns = all_ns[at] + np.floor(share * length[at]).astype(np.int64)
    usual = int(np.median(length))
    beside = np.where(number < 0, number * usual, written.whole_ns + (number - len(all_ns)) * usual)
    time_ns = np.where(there, time_ns, beside + np.floor(share * usual).astype(np.int64))
    text = f"frames are numbered from {first}; a frame's samples are spread evenly over its time"
    found = [Finding(NOTE, text)]
    none = frame == NO_FRAME
    if none.any():
        text = counted(int(none.sum()), "sample", "falls to no frame", "fall to no frame")
        found.append(Finding(NOTE, text))
    if not (there | none).all():
        lacks = "a frame that the video lacks"
        missed = int((~(there | none)).sum())
        what = counted(missed, "sample", f"names {lacks}", f"name {lacks}")
        found.append(Finding(WARN, f"{what}: it has {len(all_ns)}"))
    return time_ns, found
