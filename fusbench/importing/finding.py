"""One thing to know of a recording, and the names under which a person may accept it."""

from __future__ import annotations

from dataclasses import dataclass

NOTE, WARN, REFUSE = "note", "warn", "refuse"

KINDS = {
    "cut-off": "the video ends before its declared end",
    "black": "the picture is black throughout",
    "frame-rate": "another frame rate than the data set's",
    "lost-gaze": "less than half of the samples are valid",
    "uncovered": "less than half of the frames have a sample",
    "beside": "less than half of the gaze lies in the image",
    "gaze-rate": "an impossible or another sampling rate than claimed",
    "units": "pixels read as shares, or the other way round",
    "mirrored": "gaze lies beside the fan, and mirrored it would not",
    "shared-gaze": "the same gaze file serves two videos at the same time, or two observers",
}
"""Reasons to refuse a recording, each accepted by its name alone."""


@dataclass(frozen=True)
class Finding:
    """Something to know, by how much it matters: "note", "warn" or "refuse".

    `kind` is a key of `KINDS` where a person can accept it, "" elsewhere.
    """

    level: str
    text: str
    kind: str = ""
