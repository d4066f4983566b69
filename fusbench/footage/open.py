"""Open what holds frames, whatever it is: a video file, DICOM, or a folder of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from fusbench.errors import DatasetError
from fusbench.files import silence
from fusbench.footage.kinds import PICTURES, is_dicom, natural
from fusbench.footage.record import Footage

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a fault is told once, by the error
silence(cv2)

DEFAULT_RATE_HZ = 30.0


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
    from fusbench.footage.dicom import open_dicom

    return open_dicom(path, Fraction(DEFAULT_RATE_HZ))


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


def open_footage(path: Path, frame_rate_hz: Fraction | None = None) -> Footage:
    """Open a video file, a DICOM file or a folder of pictures.

    Parameters
    ----------
    path : Path
    frame_rate_hz : Fraction, optional
        Of sources that hold no times: pictures, and DICOM without FrameTime.

    Raises
    ------
    DatasetError
        If there is no frame to be read.
    Missing
        If the library for this kind is not installed.
    """
    if path.is_dir():
        from fusbench.footage.pictures import open_pictures

        return open_pictures(path, frame_rate_hz)
    if not path.is_file():
        raise DatasetError("no video is here", str(path), "Check the path.")
    if not path.stat().st_size:
        raise DatasetError("the video file is empty", str(path), "Copy it again from its source.")
    if is_dicom(path):
        from fusbench.footage.dicom import open_dicom

        return open_dicom(path, frame_rate_hz)
    from fusbench.footage.videofile import open_video

    return open_video(path)
