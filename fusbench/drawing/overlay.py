"""Densities laid over frames, and videos of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from fusbench.drawing.outline import outlines
from fusbench.drawing.palette import DARK, rgb
from fusbench.errors import OutputError
from fusbench.files import silence

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a fault is told once, by the error
silence(cv2)

HEAT = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)[:, 0]
PREDICTED, EMPIRICAL = rgb(DARK.predicted), rgb(DARK.empirical)
SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates


def overlay(
    frame: np.ndarray,
    density: np.ndarray,
    empirical: np.ndarray | None = None,
    points: np.ndarray | None = None,
) -> np.ndarray:
    """A frame with a density laid over it as colour, and half of its mass outlined in white.

    Where the gaze is known, half of the empirical map's mass and the gaze points are drawn in
    yellow.

    Parameters
    ----------
    frame : ndarray of uint8, shape (H, W) or (H, W, 3)
    density, empirical : ndarray, shape (H, W)
    points : ndarray, shape (N, 2)
        x and y in pixels.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        Red, green, blue.
    """
    picture = np.repeat(frame[..., None], 3, axis=-1) if frame.ndim == 2 else frame
    share = density / density.max()
    colour = HEAT[(share * 255).astype(np.uint8)][..., ::-1]
    strength = 0.65 * np.sqrt(share)[..., None]
    blended = np.ascontiguousarray((picture * (1 - strength) + colour * strength).astype(np.uint8))
    for saliency, line in ((empirical, EMPIRICAL), (density, PREDICTED)):
        if saliency is not None:
            cv2.polylines(blended, outlines(saliency), True, line, 1, cv2.LINE_AA)
    radius = max(2.0, 0.008 * frame.shape[1]) * 2**SUBPIXEL
    for x, y in np.rint(np.zeros((0, 2)) if points is None else points * 2**SUBPIXEL).astype(int):
        style = {"lineType": cv2.LINE_AA, "shift": SUBPIXEL}
        cv2.circle(blended, (int(x), int(y)), round(radius * 1.5), (0, 0, 0), -1, **style)
        cv2.circle(blended, (int(x), int(y)), round(radius), EMPIRICAL, -1, **style)
    return blended


def write_video(path: Path, frames: Iterable[np.ndarray], frame_rate_hz: float) -> None:
    """Write RGB frames (H, W, 3) as an mp4 file; the caller gives a temporary path.

    Raises
    ------
    OutputError
        If no encoder is there or the file cannot be written.
    """
    writer, count = None, 0
    for frame in frames:
        height, width = (n + n % 2 for n in frame.shape[:2])  # encoders want even sides
        if writer is None:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            writer = cv2.VideoWriter(
                str(path), cv2.CAP_FFMPEG, code, frame_rate_hz, (width, height)
            )
            if not writer.isOpened():
                raise OutputError("no mp4 file can be written", str(path), "Use --no-overlay.")
        edge = (0, height - frame.shape[0], 0, width - frame.shape[1])
        padded = cv2.copyMakeBorder(frame, *edge, cv2.BORDER_REPLICATE)
        writer.write(cv2.cvtColor(padded, cv2.COLOR_RGB2BGR))
        count += 1
    if writer is None:
        return
    writer.release()
    if _playable(path) != count:  # the encoder does not tell of a full disk
        what = "the video cannot be written whole"
        raise OutputError(what, str(path), "Free some space, or use --no-overlay.")


def _playable(path: Path) -> int:
    """Frames that a player gets to see."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count
