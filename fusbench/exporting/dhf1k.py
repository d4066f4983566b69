"""The layout of DHF1K: ``<split>/<number>/{images,maps,fixation}/<frame>.png``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from fusbench.data.dataset import Dataset
from fusbench.data.scan import Clip
from fusbench.progress import Report

INDEX = ("split", "folder", "clip_id", "scan_id", "n_frames")


def write(dataset: Dataset, folder: Path, report: Report) -> None:
    """Write every clip as three folders of pictures numbered from 1, and ``index.csv``.

    Maps are 8 bit, the largest value 255; fixation pictures are 255 at each gazed pixel. Both are
    black where a frame has no gaze.
    """
    index = []
    for number, clip in enumerate(dataset.clips, start=1):
        name = f"{number:04d}"
        _write_clip(clip, folder / clip.split / name)
        index.append((clip.split, name, clip.clip_id, clip.scan_id, clip.n_frames))
        report(number, len(dataset.clips))
    table = pd.DataFrame(index, columns=list(INDEX))
    table.to_csv(folder / "index.csv", index=False, lineterminator="\n")


def _write_clip(clip: Clip, folder: Path) -> None:
    for kind in ("images", "maps", "fixation"):
        (folder / kind).mkdir(parents=True)
    black = np.zeros(clip.info.image_shape, np.uint8)
    with_gaze = set(clip.gaze.frames().tolist())
    for frame in range(clip.n_frames):
        name = f"{frame + 1:04d}.png"
        picture = np.asarray(clip.frames[frame])
        if picture.ndim == 3:
            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        density, points = black, black
        if frame in with_gaze:
            exact = clip.saliency_map(frame)
            density = np.rint(exact * (255 / exact.max())).astype(np.uint8)
            points = np.where(clip.fixation_map(frame) > 0, 255, 0).astype(np.uint8)
        for kind, image in (("images", picture), ("maps", density), ("fixation", points)):
            cv2.imwrite(str(folder / kind / name), image)
