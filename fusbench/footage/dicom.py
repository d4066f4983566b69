"""DICOM ultrasound through pydicom: pixels, frame times, the image's region, and nothing else."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.record import Footage, Frames, missing

TWO_DIMENSIONAL = 1
CENTIMETRES = 3
FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065
AGAIN = "Copy the file again from its source."


def open_dicom(path: Path, frame_rate_hz: Fraction | None) -> Footage:
    """Open a DICOM file of one or many frames."""
    try:
        import pydicom
    except ModuleNotFoundError:
        raise missing("pydicom", "reading DICOM") from None
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)  # a fault is told once
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = _header(path)
            shape = (int(header.Rows), int(header.Columns))
            count = int(header.get("NumberOfFrames", 1) or 1)
            photometric = str(header.PhotometricInterpretation)
    except (pydicom.errors.InvalidDicomError, AttributeError, ValueError, OSError, EOFError):
        raise DatasetError("is no DICOM image, or is damaged", str(path), AGAIN) from None
    if not 1 <= count <= path.stat().st_size:
        what = f"declares {count:,} frames, and has not a byte for each"
        raise DatasetError(what, str(path), AGAIN)
    times = _times(header, count, frame_rate_hz, path)
    region, spacing_mm = _region(header)
    return Footage(
        kind="dicom",
        shape=shape,
        read=lambda: _frames(path, times, _to_display(header, photometric, path)),
        region=region,
        declared_ns=times[-1],
        step_ns=times[1] if count > 1 else _step(frame_rate_hz),
        facts={"declared_frames": count, "pixel_spacing_mm": spacing_mm},
    )


def _step(frame_rate_hz: Fraction | None) -> int | None:
    return whole_nanoseconds(1 / frame_rate_hz) if frame_rate_hz else None


def _times(header: Any, count: int, frame_rate_hz: Fraction | None, path: Path) -> list[int]:
    """Time of each frame in nanoseconds since the first."""
    pointer = header.get("FrameIncrementPointer")
    pointers = {int(tag) for tag in ([] if pointer is None else np.atleast_1d(pointer))}
    vector, step = header.get("FrameTimeVector"), header.get("FrameTime")
    if vector is not None and not (FRAME_TIME in pointers and step is not None):
        steps = [_milliseconds(value) for value in np.atleast_1d(np.asarray(vector, object))]
        if len(steps) != count:
            what = f"FrameTimeVector has {len(steps)} entries for {count} frames"
            raise DatasetError(what, str(path), AGAIN)
        total, times = Fraction(0), []
        for index, value in enumerate(steps):
            total += value if index else 0
            times.append(whole_nanoseconds(total))
        return times
    if step is not None and _milliseconds(step) > 0:
        return [whole_nanoseconds(n * _milliseconds(step)) for n in range(count)]
    if frame_rate_hz is not None:
        return [whole_nanoseconds(n / frame_rate_hz) for n in range(count)]
    if count == 1:
        return [0]
    hint = header.get("CineRate") or header.get("RecommendedDisplayFrameRate")
    hinted = f" CineRate, a hint only, says {hint}." if hint else ""
    fix = f"Give --frame-rate R.{hinted}"
    raise ConfigError("holds neither FrameTime nor FrameTimeVector", str(path), fix)


def _milliseconds(value: Any) -> Fraction:
    """A decimal string of DICOM in milliseconds, exact, in seconds."""
    return Fraction(Decimal(str(getattr(value, "original_string", value)).strip())) / 1000


def _region(header: Any) -> tuple[Box | None, list[float] | None]:
    """The first two-dimensional image region, whose bounds are inclusive, and its spacing."""
    for region in header.get("SequenceOfUltrasoundRegions", []):
        if region.get("RegionSpatialFormat") != TWO_DIMENSIONAL:
            continue
        x, y = int(region.RegionLocationMinX0), int(region.RegionLocationMinY0)
        right, bottom = int(region.RegionLocationMaxX1), int(region.RegionLocationMaxY1)
        spacing = None
        if region.get("PhysicalUnitsXDirection") == CENTIMETRES:
            deltas = (region.get("PhysicalDeltaY"), region.get("PhysicalDeltaX"))
            if all(isinstance(delta, float | int) for delta in deltas):
                spacing = [round(10 * abs(float(delta)), 6) for delta in deltas if delta]
        return Box(x, y, right - x + 1, bottom - y + 1), spacing
    return None, None


def _frames(path: Path, times: list[int], to_display: Callable[[np.ndarray], np.ndarray]) -> Frames:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        count = 0
        try:
            for time, pixels in zip(times, _decoded(path, len(times)), strict=False):
                yield time, to_display(pixels)
                count += 1
        except (RuntimeError, NotImplementedError, ValueError, AttributeError, OSError) as error:
            what, fix = f"the pixels are cut off or damaged at frame {count}", AGAIN
            if "missing dependencies" in str(error):
                syntax = _header(path).file_meta.TransferSyntaxUID.name
                what = f"the pixels are compressed as {syntax}, which nothing here decodes"
                fix = "Install pylibjpeg with pylibjpeg-libjpeg and pylibjpeg-openjpeg."
            raise DatasetError(what, str(path), fix) from None


def _decoded(path: Path, count: int) -> Iterator[np.ndarray]:
    """Frames one by one, grey or red, green, blue.

    After the first uncompressed frame of YBR_FULL_422, pydicom takes the others for three bytes a
    pixel in place of two, so these are read each on its own.
    """
    from pydicom.pixels.utils import iter_pixels, pixel_array

    header = _header(path)
    encapsulated = header.file_meta.TransferSyntaxUID.is_encapsulated
    if header.PhotometricInterpretation == "YBR_FULL_422" and not encapsulated:
        return (pixel_array(path, index=number) for number in range(count))
    return iter_pixels(path)


def _header(path: Path) -> Any:
    import pydicom

    return pydicom.dcmread(path, stop_before_pixels=True, force=True)


def _to_display(header: Any, photometric: str, path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """From stored values to uint8 as a screen shows them, grey or red, green, blue."""
    bits = int(header.get("BitsStored", 8))
    if photometric == "PALETTE COLOR":
        table = _palette(header, path)
        return lambda pixels: table[pixels]
    known = ("MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
    if photometric not in known:
        fix = f"fusbench reads {', '.join(known)} and PALETTE COLOR."
        raise DatasetError(f"the pixels are {photometric}", str(path), fix)
    if bits == 8:
        turned = photometric == "MONOCHROME1"
        return lambda pixels: (255 - pixels if turned else pixels).astype(np.uint8, copy=False)
    scale = 255 / (2**bits - 1)

    def reduced(pixels: np.ndarray) -> np.ndarray:
        shown = np.clip(np.rint(pixels * scale), 0, 255).astype(np.uint8)
        return 255 - shown if photometric == "MONOCHROME1" else shown

    return reduced


def _palette(header: Any, path: Path) -> np.ndarray:
    """The colour of each stored value, uint8 (N, 3)."""
    from pydicom.pixels.processing import apply_color_lut

    stored = np.arange(2 ** int(header.BitsAllocated))
    values = stored.astype(np.uint8 if header.BitsAllocated == 8 else np.uint16)
    try:
        colours = apply_color_lut(values, header)
    except (ValueError, AttributeError, KeyError):
        raise DatasetError("the palette is missing or damaged", str(path), AGAIN) from None
    return (colours if colours.dtype == np.uint8 else colours >> 8).astype(np.uint8)
