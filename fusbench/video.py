"""Video files and folders of pictures: frames in, overlays out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fusbench.errors import DatasetError, OutputError
from fusbench.outline import outlines

if TYPE_CHECKING:
    from fusbench.importing.footage import Footage

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a fault is told once, by the error
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
DEFAULT_RATE_HZ = 30.0
HEAT = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)[:, 0]
PREDICTED, EMPIRICAL = (255, 255, 255), (255, 210, 31)
SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates


def read_video(path: Path) -> Iterator[np.ndarray]:
    """Frames of a video file, a DICOM file, or a folder of pictures (2 before 10), one at a time.

    Yields
    ------
    ndarray of uint8, shape (H, W, 3)
        Red, green, blue.

    Raises
    ------
    DatasetError
        If nothing can be read, or a picture's size differs from the first one's.
    """
    read = _read_folder if path.is_dir() else _read_dicom if is_dicom(path) else _read_file
    shape = None
    for number, frame in enumerate(read(path)):
        shape = shape or frame.shape
        if frame.shape != shape:
            what = f"frame {number} has {frame.shape[0]} x {frame.shape[1]} pixels"
            what += f", the first {shape[0]} x {shape[1]}"
            raise DatasetError(what, str(path), "Give frames of one size.")
        yield frame
    if shape is None:
        raise DatasetError(
            "holds no frame that can be read", str(path), "Convert it to mp4 or PNG."
        )


def _read_file(path: Path) -> Iterator[np.ndarray]:
    if not path.is_file():
        raise DatasetError("no video is here", str(path), "Check the path.")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        while True:
            good, frame = capture.read()
            if not good:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()


def _read_folder(path: Path) -> Iterator[np.ndarray]:
    files = [p for p in path.iterdir() if p.suffix.lower() in PICTURES]
    for file in sorted(files, key=natural):
        frame = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if frame is None:
            raise DatasetError("is no picture that can be read", str(file), "Remove or convert it.")
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _read_dicom(path: Path) -> Iterator[np.ndarray]:
    for _, frame in _dicom(path).read():
        yield frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, axis=-1)


def _dicom(path: Path) -> Footage:
    from fusbench.importing.dicom import open_dicom

    return open_dicom(path, Fraction(DEFAULT_RATE_HZ))


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its mark or its name."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom")


def natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key that reads digits as numbers.

    Examples
    --------
    >>> sorted([Path("f10.png"), Path("f9.png")], key=natural)[0].name
    'f9.png'
    """
    return [
        (int(part) if part.isdigit() else -1, part.lower())
        for part in re.findall(r"\d+|\D+", path.name)
    ]


def frame_rate_hz(path: Path) -> float:
    """Nominal frame rate of a video file; 30 for a folder of pictures or where none is told."""
    if path.is_dir():
        return DEFAULT_RATE_HZ
    if is_dicom(path):
        step_ns = _dicom(path).step_ns
        return 1e9 / step_ns if step_ns else DEFAULT_RATE_HZ
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return rate if 1 <= rate <= 1000 else DEFAULT_RATE_HZ


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
    writer = None
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
    if writer is not None:
        writer.release()
