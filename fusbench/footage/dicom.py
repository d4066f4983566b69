"""DICOM ultrasound through pydicom: pixels, frame times, the image's regions, and nothing else."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage import patience
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.header import number, regions, texts, whole
from fusbench.footage.jpeg import DECODERS, compressed_frames
from fusbench.footage.record import Footage, Frames, Remark, missing

FRAME_TIME, FRAME_TIME_VECTOR = 0x00181063, 0x00181065
LARGEST_SIDE, MOST_FRAMES = 65_536, 10_000_000
AGAIN = "Copy the file again from its source."
GREY = ("MONOCHROME1", "MONOCHROME2")
KNOWN = (*GREY, "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
Shown = Callable[[np.ndarray], np.ndarray]


def open_dicom(path: Path, frame_rate_hz: Fraction | None) -> Footage:
    """Open a DICOM file of one or many frames."""
    try:
        import pydicom
    except ModuleNotFoundError:
        raise missing("pydicom", "reading DICOM") from None
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)  # a fault is told once
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = _header(path)
            height, width = whole(header.get("Rows")), whole(header.get("Columns"))
            count = whole(header.get("NumberOfFrames")) or 1
            photometric = str(header.get("PhotometricInterpretation") or "")
            declared = regions(header)
        except (pydicom.errors.InvalidDicomError, *DAMAGE):
            raise DatasetError("is no DICOM image, or is damaged", str(path), AGAIN) from None
        if not (height and width and photometric and _sound(height, width, count)):
            raise DatasetError("is no DICOM image, or is damaged", str(path), AGAIN)
        if count > path.stat().st_size:
            what = f"declares {count:,} frames, and has not a byte for each"
            raise DatasetError(what, str(path), AGAIN)
        times = _times(header, count, frame_rate_hz, path)
    remarks: list[Remark] = []
    if str(header.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        text = "the header says that text is burnt into the pixels (BurnedInAnnotation YES)"
        remarks.append(("warn", f"{text}: see that the crop leaves it out"))
    return Footage(
        kind="dicom",
        shape=(height, width),
        read=lambda: _frames(path, times, header, photometric, remarks),
        regions=tuple(box for box, _ in declared),
        declared_ns=times[-1],
        step_ns=times[1] if count > 1 else _step(frame_rate_hz),
        facts={
            "declared_frames": count,
            "pixel_spacing_mm": declared[0][1] if declared else None,
        },
        remarks=remarks,
    )


def identifiers(path: Path) -> set[str]:
    """Texts of a file's header that could name a person, and their words."""
    try:
        import pydicom
    except ModuleNotFoundError:
        raise missing("pydicom", "reading DICOM") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return texts(_header(path))
        except (pydicom.errors.InvalidDicomError, *DAMAGE):
            raise DatasetError("is no DICOM file, or is damaged", str(path), AGAIN) from None


DAMAGE = (
    RuntimeError, NotImplementedError, ValueError, AttributeError, OSError, EOFError, TypeError,
    KeyError, IndexError, OverflowError, AssertionError,
)  # fmt: skip
"""What pydicom and its decoders raise on a damaged file."""


def _sound(height: int, width: int, count: int) -> bool:
    return 0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE and 0 < count <= MOST_FRAMES


def _step(frame_rate_hz: Fraction | None) -> int | None:
    return whole_nanoseconds(1 / frame_rate_hz) if frame_rate_hz else None


def _times(header: Any, count: int, frame_rate_hz: Fraction | None, path: Path) -> list[int]:
    """Time of each frame in nanoseconds since the first."""
    pointer = header.get("FrameIncrementPointer")
    listed = pointer if isinstance(pointer, list) or hasattr(pointer, "append") else [pointer]
    pointers = {whole(int(tag)) for tag in listed if isinstance(tag, int)}
    vector, step = header.get("FrameTimeVector"), number(header.get("FrameTime"))
    step = step if step is not None and step > 0 else None
    if vector is not None and not (FRAME_TIME in pointers and step is not None):
        cells = list(vector) if hasattr(vector, "__iter__") and not isinstance(vector, str) else []
        steps = [number(value) for value in cells or [vector]]
        rising = all(value is not None and value > 0 for value in steps[1:])
        if len(steps) == count and rising and steps[0] is not None:
            return _running([value or Fraction(0) for value in steps])
        if step is None and frame_rate_hz is None:
            what = f"FrameTimeVector has {len(steps)} entries for {count} frames"
            if len(steps) == count:
                what = "an entry of FrameTimeVector is no time"
            raise DatasetError(what, str(path), "Give --frame-rate R, or copy the file again.")
    if step is not None:
        return [whole_nanoseconds(n * step / 1000) for n in range(count)]
    if frame_rate_hz is not None:
        return [whole_nanoseconds(n / frame_rate_hz) for n in range(count)]
    if count == 1:
        return [0]
    hint = header.get("CineRate") or header.get("RecommendedDisplayFrameRate")
    hinted = f" CineRate, a hint only, says {hint}." if hint else ""
    fix = f"Give --frame-rate R.{hinted}"
    what = "holds neither FrameTime nor FrameTimeVector"
    if header.get("FrameTime") not in (None, ""):
        what = f"FrameTime '{str(header.get('FrameTime'))[:40]}' is no time"
    raise ConfigError(what, str(path), fix)


def _running(steps_ms: list[Fraction]) -> list[int]:
    """Times in nanoseconds of steps in milliseconds, the first of which is not counted."""
    total, times = Fraction(0), []
    for index, value in enumerate(steps_ms):
        total += value if index else 0
        times.append(whole_nanoseconds(total / 1000))
    return times


def _frames(
    path: Path, times: list[int], header: Any, photometric: str, remarks: list[Remark]
) -> Frames:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        count = 0
        try:
            to_display = _to_display(header, photometric, path, len(times), remarks)
            for time, pixels in zip(times, _decoded(path, len(times)), strict=False):
                yield time, to_display(pixels)
                count += 1
        except DAMAGE as error:
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
    from pydicom.pixels import get_decoder  # type: ignore[attr-defined]
    from pydicom.pixels.utils import iter_pixels, pixel_array

    header = _header(path)
    syntax = header.file_meta.TransferSyntaxUID
    if syntax in DECODERS and not get_decoder(syntax).is_available:
        signed = whole(header.get("PixelRepresentation")) == 1
        frames = compressed_frames(path, str(syntax), count)
        return (f.view(np.int16) if signed and f.dtype == np.uint16 else f for f in frames)
    if header.PhotometricInterpretation == "YBR_FULL_422" and not syntax.is_encapsulated:
        return (pixel_array(path, index=index) for index in range(count))
    return iter_pixels(path)


def _header(path: Path) -> Any:
    import pydicom

    return pydicom.dcmread(path, stop_before_pixels=True, force=True)


def _to_display(
    header: Any, photometric: str, path: Path, count: int, remarks: list[Remark]
) -> Shown:
    """From stored values to uint8 as a screen shows them, grey or red, green, blue."""
    bits = whole(header.get("BitsStored")) or 8
    if photometric == "PALETTE COLOR":
        table = _palette(header, path)
        return lambda pixels: table[pixels]
    if photometric not in KNOWN:
        fix = f"fusbench reads {', '.join(KNOWN)} and PALETTE COLOR."
        raise DatasetError(f"the pixels are {photometric[:40]}", str(path), fix)
    shown = _grey_window(header, path, bits, count, remarks) if photometric in GREY else None
    if shown is None and bits == 8:
        shown = _as_stored
    elif shown is None:
        shown = _stretched(0, 2**bits - 1)
    inverse = str(header.get("PresentationLUTShape") or "").strip().upper() == "INVERSE"
    if photometric == "MONOCHROME1" or (photometric == "MONOCHROME2" and inverse):
        return lambda pixels: 255 - shown(pixels)
    return shown


def _as_stored(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.uint8, copy=False)


def _stretched(low: float, high: float) -> Shown:
    """Values from `low` to `high` laid over 0 to 255."""
    scale = 255 / (high - low)

    def shown(pixels: np.ndarray) -> np.ndarray:
        return np.clip(np.rint((pixels - low) * scale), 0, 255).astype(np.uint8)

    return shown


def _curved(low: float, high: float) -> Shown:
    """A sigmoid over the window from `low` to `high`, as DICOM PS3.3, C.11.2.1.3.1 has it."""

    def shown(pixels: np.ndarray) -> np.ndarray:
        share = (pixels - (low + high) / 2) / (high - low)
        return np.rint(255 / (1 + np.exp(-4 * share))).astype(np.uint8)

    return shown


def _grey_window(
    header: Any, path: Path, bits: int, count: int, remarks: list[Remark]
) -> Shown | None:
    """What the file's own window shows; without one, the range that the values use.

    The functions of DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3: LINEAR has width - 1 grey steps around
    center - 0.5; LINEAR_EXACT and SIGMOID have width around center.
    """
    center, width = number(header.get("WindowCenter")), number(header.get("WindowWidth"))
    slope = number(header.get("RescaleSlope")) or Fraction(1)
    offset = number(header.get("RescaleIntercept")) or Fraction(0)
    if center is not None and width is not None and width > 1 and slope > 0:
        function = str(header.get("VOILUTFunction") or "LINEAR").strip().upper()
        exact = 0.0 if function != "LINEAR" else 0.5
        middle, half = float(center) - exact, float(width) / 2 - exact
        low, high = ((end - float(offset)) / float(slope) for end in (middle - half, middle + half))
        if bits == 8 and (low, high) == (0, 255):
            return None
        remarks.append(("note", f"shown through the file's window, {low:g} to {high:g}"))
        return _curved(low, high) if function == "SIGMOID" else _stretched(low, high)
    if bits == 8:
        return None
    ends = []
    for frame in _decoded(path, count):
        ends.append((int(frame.min()), int(frame.max())))
        patience.step()
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if low < 0:
        remarks.append(("note", f"no window, and signed values: {low} to {high} are shown"))
        return _stretched(low, max(high, low + 1))
    used = next((n for n in (8, 10, 12) if high < 2**n), bits)
    if used >= bits or (used > 8 and bits < 16):
        return None
    remarks.append(("note", f"{bits} bits a pixel hold values of {used} bits, up to {high}"))
    return _stretched(0, 2**used - 1)


def _palette(header: Any, path: Path) -> np.ndarray:
    """The colour of each stored value, uint8 (N, 3).

    Some devices declare a palette of 16 bits and fill it with values of 8.
    """
    from pydicom.pixels.processing import apply_color_lut

    allocated = whole(header.get("BitsAllocated"))
    try:
        values = np.arange(2**8) if allocated == 8 else np.arange(2**16)
        colours = apply_color_lut(values.astype(np.uint8 if allocated == 8 else np.uint16), header)
    except DAMAGE:
        raise DatasetError("the palette is missing or damaged", str(path), AGAIN) from None
    if colours.dtype == np.uint8 or colours.max() < 2**8:
        return colours.astype(np.uint8)
    return (colours >> 8).astype(np.uint8)
