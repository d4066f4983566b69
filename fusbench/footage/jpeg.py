"""JPEG Lossless and JPEG-LS frames of DICOM through FFmpeg, which needs no package of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.footage.record import missing

DECODERS = {
    "1.2.840.10008.1.2.4.57": "mjpeg",
    "1.2.840.10008.1.2.4.70": "mjpeg",
    "1.2.840.10008.1.2.4.80": "jpegls",
    "1.2.840.10008.1.2.4.81": "jpegls",
}
"""Transfer syntaxes, and FFmpeg's name for what reads them."""


def compressed_frames(path: Path, syntax: str, count: int) -> Iterator[np.ndarray]:
    """Stored values of each frame, (H, W) or (H, W, 3) in the order of the file's components.

    Raises
    ------
    ValueError
        If a frame cannot be decoded.
    """
    import pydicom
    from pydicom.encaps import generate_frames

    try:
        import av
    except ModuleNotFoundError:
        raise missing("av", "reading JPEG Lossless") from None
    header = pydicom.dcmread(path, force=True)
    for data in generate_frames(header.PixelData, number_of_frames=count):
        context: Any = av.CodecContext.create(DECODERS[syntax], "r")
        try:
            frames = [*context.decode(av.Packet(data)), *context.decode(None)]
        except av.error.FFmpegError as error:
            raise ValueError(str(error)) from None
        if not frames:
            raise ValueError("a frame holds no picture")
        pixels = frames[0].to_ndarray()
        yield pixels[..., ::-1] if frames[0].format.name == "bgr24" else pixels
