"""DICOM ultrasound through pydicom: pixels, frame times, the image's regions, and nothing else."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import ConfigError, DatasetError, counted
from fusbench.footage.clock import whole_nanoseconds
from fusbench.footage.display import AGAIN, DAMAGE, to_display
from fusbench.footage.header import number, regions, texts, whole
from fusbench.footage.jpeg import DECODERS, compressed_frames
from fusbench.footage.record import Footage, Frames, Remark, missing

FRAME_TIME = 0x00181063
SAME_RATE, WHOLE_HZ = 0.02, 0.6  # CineRate is a whole number
FEWEST_TIMES, MANIFOLD = 5, 2
LARGEST_SIDE, MOST_FRAMES = 65_536, 10_000_000
PIXEL_DATA, HALVED = b"\xe0\x7f\x10\x00", ("YBR_FULL_422",)


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
        held = _stored_frames(path, header, height * width)
    remarks = list(_doubts(header, times, frame_rate_hz))
    if held > count:
        text = f"NumberOfFrames says {count}, the pixels are of {counted(held, 'frame')}"
        remarks.append(("warn", f"{text}: the first {count} were taken"))
    if str(header.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        text = "the header says that text is burnt into the pixels (BurnedInAnnotation YES)"
        remarks.append(("warn", f"{text}: see that the crop leaves it out"))
    return Footage(
        kind="dicom",
        shape=(height, width),
        read=lambda: _frames(path, times, header, photometric, remarks),
        regions=tuple(box for box, _ in declared),
        declared_ns=times[-1],
        pixel_aspect=_pixel_aspect(header),
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


def _stored_frames(path: Path, header: Any, area: int) -> int:
    """Whole frames that uncompressed pixels hold, by their length; 0 where that does not tell."""
    import pydicom

    syntax = getattr(header.file_meta, "TransferSyntaxUID", None)
    bits, samples = whole(header.get("BitsAllocated")), whole(header.get("SamplesPerPixel"))
    plain = syntax in (pydicom.uid.ImplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian)
    if not plain or bits not in (8, 16, 32) or header.get("PhotometricInterpretation") in HALVED:
        return 0
    with path.open("rb") as stream:
        pydicom.dcmread(stream, stop_before_pixels=True, force=True)
        start = stream.read(12)
    length = start[4:8] if syntax == pydicom.uid.ImplicitVRLittleEndian else start[8:12]
    pixels = start[:4] == PIXEL_DATA
    return int.from_bytes(length, "little") // (area * (samples or 1) * bits // 8) if pixels else 0


def _sound(height: int, width: int, count: int) -> bool:
    return 0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE and 0 < count <= MOST_FRAMES


def _step(frame_rate_hz: Fraction | None) -> int | None:
    return whole_nanoseconds(1 / frame_rate_hz) if frame_rate_hz else None


def _times(header: Any, count: int, frame_rate_hz: Fraction | None, path: Path) -> list[int]:
    """Time of each frame in nanoseconds since the first."""
    entries, step = _vector(header), _frame_time(header)
    if entries:
        found = _sound_entries(entries, count)
        if found:
            return _running(_steps(found) if _are_times(found) else found)
        if step is None and frame_rate_hz is None:
            many = counted(len(entries), "entry")
            what = f"FrameTimeVector has {many} for {counted(count, 'frame')}"
            if len(entries) == count:
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


def _frame_time(header: Any) -> Fraction | None:
    """Milliseconds from frame to frame, where they are the same throughout."""
    step = number(header.get("FrameTime"))
    return step if step is not None and step > 0 else None


def _vector(header: Any) -> list[Fraction | None]:
    """Entries of FrameTimeVector in milliseconds; none where there is none, or FrameTime counts."""
    vector, pointer = header.get("FrameTimeVector"), header.get("FrameIncrementPointer")
    listed = pointer if isinstance(pointer, list) or hasattr(pointer, "append") else [pointer]
    pointers = {whole(int(tag)) for tag in listed if isinstance(tag, int)}
    if vector is None or (FRAME_TIME in pointers and _frame_time(header) is not None):
        return []
    cells = list(vector) if hasattr(vector, "__iter__") and not isinstance(vector, str) else []
    return [number(value) for value in cells or [vector]]


def _sound_entries(entries: list[Fraction | None], count: int) -> list[Fraction] | None:
    """The entries of a vector, if each frame has one and none after the first stands still."""
    found = [entry for entry in entries if entry is not None]
    if len(found) != len(entries) or len(found) != count or any(step <= 0 for step in found[1:]):
        return None
    return found


def _are_times(entries: list[Fraction]) -> bool:
    """Whether a FrameTimeVector holds times since the start: steps do not grow on and on."""
    grows = all(a < b for a, b in pairwise(entries))
    return len(entries) >= FEWEST_TIMES and grows and entries[-1] > MANIFOLD * entries[1]


def _steps(times_ms: list[Fraction]) -> list[Fraction]:
    return [Fraction(0), *(later - time for time, later in pairwise(times_ms))]


def _doubts(header: Any, times: list[int], frame_rate_hz: Fraction | None) -> Iterator[Remark]:
    """What in the header, or what was asked for, contradicts the frames' times."""
    if len(times) < 2:
        return
    length_s = times[-1] / 1e9 * len(times) / (len(times) - 1)
    rate = len(times) / length_s
    entries = _sound_entries(_vector(header), len(times))
    if entries and _are_times(entries):
        text = "FrameTimeVector rises from frame to frame: it was taken for times since the start"
        yield "warn", text
    if frame_rate_hz is not None and abs(float(frame_rate_hz) / rate - 1) > SAME_RATE:
        text = f"the header's times are of {rate:.4g} frames a second, and were taken"
        yield "warn", f"{text}: --frame-rate {float(frame_rate_hz):g} was passed over"
    for name in ("RecommendedDisplayFrameRate", "CineRate"):
        hint = float(number(header.get(name)) or 0)
        if hint > 0 and abs(hint - rate) > max(WHOLE_HZ, SAME_RATE * rate):
            text = f"the frames' times are of {rate:.4g} frames a second, {name} says {hint:g}"
            yield "warn", f"{text}: if it was shown at that speed, give --video-end"
    lasted = float(number(header.get("EffectiveDuration")) or 0)
    if lasted > 0 and abs(lasted - length_s) > max(2 / rate, SAME_RATE * length_s):
        text = f"the frames last {length_s:.3f} s, EffectiveDuration says {lasted:g} s"
        yield "warn", f"{text}: which of them is right?"


def _pixel_aspect(header: Any) -> Fraction:
    """Width of a pixel for a height of 1; PixelAspectRatio holds the height first."""
    sides = header.get("PixelAspectRatio")
    found = [number(side) for side in sides] if hasattr(sides, "__iter__") else []
    height, width = found if len(found) == 2 else (None, None)
    return width / height if height and width and width / height > 0 else Fraction(1)


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
            decoded = partial(_decoded, path, len(times))
            shown = to_display(header, photometric, path, decoded, remarks)
            for time, pixels in zip(times, decoded(), strict=False):
                yield time, shown(pixels)
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
