"""What reads a source of frames, by its kind: video file, DICOM, sequence or folder of pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from fusbench.errors import DatasetError
from fusbench.footage.kinds import is_dicom
from fusbench.footage.record import Footage
from fusbench.footage.sequence import is_sequence, open_sequence


def open_source(path: Path, frame_rate_hz: Fraction | None = None) -> Footage:
    """Open a source in this process, as `fusbench.footage.open.open_footage` does in another."""
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
    if is_sequence(path):
        return open_sequence(path, frame_rate_hz)
    from fusbench.footage.videofile import open_video

    return open_video(path)
