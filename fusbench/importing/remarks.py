"""What is worth telling of a recording that needs no measurement of its gaze."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusbench.data.frame_file import open_frames
from fusbench.data.packed import PackedFrames
from fusbench.footage.crop import listed_regions
from fusbench.footage.crops import Crops
from fusbench.footage.record import Footage
from fusbench.importing.burnt_in import burnt_in
from fusbench.importing.clip_files import Written
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording


def remarks_of(
    pairing: Pairing, gaze: GazeRecording, footage: Footage, crops: Crops
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
    for begin_ns, box in zip(crops.from_ns[1:], crops.boxes[1:], strict=True):
        text = f"from {begin_ns / 1e9:.3f} s on the crop is {box}, in clips of its own"
        yield Finding(NOTE, text)
    height, width = footage.shape
    for region in footage.regions:
        if not region.inside(footage.shape):
            text = f"the declared region {region} leaves the {width} x {height} picture"
            yield Finding(WARN, f"{text}; the crop {crops} was used")
    for box in crops.boxes:
        if sum(box.overlaps(region) for region in footage.regions) > 1:
            text = f"the file declares several images, {listed_regions(footage.regions)}"
            yield Finding(WARN, f"{text}, and {box} holds parts of more than one: which is meant?")


def text_remarks(written: Written) -> list[Finding]:
    parts: dict[int, list[np.ndarray | PackedFrames]] = {}
    for file in written.clips:
        if file.path.exists():
            parts.setdefault(file.part, []).append(open_frames(file.path))
    sides = dict.fromkeys(side for clips in parts.values() if (side := burnt_in(clips)))
    text = "what looks like text is burnt in at the"
    return [Finding(WARN, f"{text} {side}") for side in sides]
