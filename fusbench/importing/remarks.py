"""What is worth telling of a recording that needs no measurement of its gaze."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fusbench.footage.box import Box
from fusbench.footage.crop import listed_regions
from fusbench.footage.record import Footage
from fusbench.importing.burnt_in import burnt_in
from fusbench.importing.clip_files import Written
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording


def remarks_of(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, crop: Box
) -> Iterator[Finding]:
    yield from pairing.remarks
    if gaze.eyes:
        yield Finding(NOTE, f"gaze: {gaze.eyes}")
    yield from gaze.remarks
    for level, text in dict.fromkeys(footage.remarks):
        yield Finding(level, text)
    if footage.facts.get("interlaced"):
        yield Finding(WARN, "the video is interlaced: moving edges are combed")
    if footage.pixel_aspect != 1:
        text = (
            f"the video's pixels are shown {float(footage.pixel_aspect):.4g} times as wide as high"
        )
        yield Finding(NOTE, f"{text}; they are stored as they are")
    height, width = footage.shape
    for region in footage.regions:
        if not region.inside(footage.shape):
            text = f"the declared region {region} leaves the {width} x {height} picture"
            yield Finding(WARN, f"{text}; the crop {crop} was used")
    if sum(crop.overlaps(region) for region in footage.regions) > 1:
        text = f"the file declares several images, {listed_regions(footage.regions)}"
        yield Finding(WARN, f"{text}, and {crop} holds parts of more than one: which is meant?")


def text_remarks(folder: Path, written: Written) -> list[Finding]:
    files = [path for path, _ in written.clips if path.exists()]
    frames = [np.load(path, mmap_mode="r", allow_pickle=False) for path in files]
    side = burnt_in(frames)
    return [Finding(WARN, f"what looks like text is burnt in at the {side}")] if side else []
