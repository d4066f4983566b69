"""From the values that a DICOM file stores to uint8 as a screen shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.errors import DatasetError
from fusbench.footage import patience
from fusbench.footage.header import number, whole
from fusbench.footage.record import Remark

DAMAGE = (
    RuntimeError, NotImplementedError, ValueError, AttributeError, OSError, EOFError, TypeError,
    KeyError, IndexError, OverflowError, AssertionError,
)  # fmt: skip
"""What pydicom and its decoders raise on a damaged file."""
AGAIN = "Copy the file again from its source."
GREY = ("MONOCHROME1", "MONOCHROME2")
KNOWN = (*GREY, "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
Shown = Callable[[np.ndarray], np.ndarray]
Decoded = Callable[[], Iterator[np.ndarray]]


def to_display(
    header: Any, photometric: str, path: Path, decoded: Decoded, remarks: list[Remark]
) -> Shown:
    """From stored values to uint8 as a screen shows them, grey or red, green, blue.

    `decoded` gives the frames' stored values, where the range that they use must be known.
    """
    bits = whole(header.get("BitsStored")) or 8
    if photometric == "PALETTE COLOR":
        table = _palette(header, path)
        return lambda pixels: table[pixels]
    if photometric not in KNOWN:
        fix = f"fusbench reads {', '.join(KNOWN)} and PALETTE COLOR."
        raise DatasetError(f"the pixels are {photometric[:40]}", str(path), fix)
    shown = _grey(header, path, bits, decoded, remarks) if photometric in GREY else None
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


def _grey(
    header: Any, path: Path, bits: int, decoded: Decoded, remarks: list[Remark]
) -> Shown | None:
    """What the file's own window or table shows; without one, the range that the values use.

    A table is used where there is no window, as either may be. The functions of DICOM PS3.3,
    C.11.2.1.2 and C.11.2.1.3: LINEAR has width - 1 grey steps around center - 0.5; LINEAR_EXACT and
    SIGMOID have width around center.
    """
    slope = number(header.get("RescaleSlope")) or Fraction(1)
    offset = number(header.get("RescaleIntercept")) or Fraction(0)
    ends = _window(header) if slope > 0 else None
    curve = _curved if _function(header) == "SIGMOID" else _stretched
    modality = _table_of(header, "ModalityLUTSequence", path)
    greys = _table_of(header, "VOILUTSequence", path) if ends is None else None
    if modality or greys:
        remarks.append(("note", "shown through the file's table of greys"))
        signed = whole(header.get("PixelRepresentation")) == 1
        lowest = -(2 ** (bits - 1)) if signed else 0
        values = np.arange(lowest, lowest + 2**bits)
        values = modality.of(values) if modality else values * float(slope) + float(offset)
        last = greys or modality
        assert last is not None
        shade = curve(*ends) if ends else _stretched(0, last.top)
        table = shade(greys.of(values) if greys else values)
        return lambda pixels: table[pixels.astype(np.int64) - lowest]
    if ends is not None:
        low, high = ((end - float(offset)) / float(slope) for end in ends)
        if bits == 8 and (low, high) == (0, 255):
            return None
        remarks.append(("note", f"shown through the file's window, {low:g} to {high:g}"))
        return curve(low, high)
    if bits == 8:
        return None
    used_by = []
    for frame in decoded():
        used_by.append((int(frame.min()), int(frame.max())))
        patience.step()
    low, high = min(low for low, _ in used_by), max(high for _, high in used_by)
    if low < 0:
        remarks.append(("note", f"no window, and signed values: {low} to {high} are shown"))
        return _stretched(low, max(high, low + 1))
    used = next((n for n in (8, 10, 12) if high < 2**n), bits)
    if used >= bits or (used > 8 and bits < 16):
        return None
    remarks.append(("note", f"{bits} bits a pixel hold values of {used} bits, up to {high}"))
    return _stretched(0, 2**used - 1)


def _function(header: Any) -> str:
    return str(header.get("VOILUTFunction") or "LINEAR").strip().upper()


def _window(header: Any) -> tuple[float, float] | None:
    """The values, after a rescale, that are shown as black and as white."""
    center, width = number(header.get("WindowCenter")), number(header.get("WindowWidth"))
    if center is None or width is None or width <= 1:
        return None
    exact = 0.0 if _function(header) != "LINEAR" else 0.5
    middle, half = float(center) - exact, float(width) / 2 - exact
    return middle - half, middle + half


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Greys of a Modality or VOI LUT, the first of them that of the value `first`."""

    first: int
    greys: np.ndarray
    top: int

    def of(self, values: np.ndarray) -> np.ndarray:
        """The grey of each value; beyond the table, that of its nearer end."""
        place = np.rint(values).astype(np.int64) - self.first
        greys: np.ndarray = self.greys[np.clip(place, 0, len(self.greys) - 1)].astype(np.float64)
        return greys


def _table_of(header: Any, name: str, path: Path) -> _Table | None:
    """The first table of a sequence; some devices pack 8 bits, or declare 16 and fill fewer."""
    sequence = header.get(name)
    if not sequence:
        return None
    try:
        count, first, bits = (int(value) for value in sequence[0].LUTDescriptor)
        data, count = sequence[0].LUTData, count or 2**16
        wide = not isinstance(data, bytes) or len(data) >= 2 * count
        greys = np.frombuffer(data, "<u2" if wide else "u1") if isinstance(data, bytes) else data
        greys = np.array(greys, np.int64)[:count]
        if not len(greys) or not 8 <= bits <= 16:
            raise ValueError
    except DAMAGE:
        raise DatasetError("its table of greys is missing or damaged", str(path), AGAIN) from None
    used = next((n for n in (8, 10, 12) if greys.max() < 2**n <= 2**bits), bits)
    return _Table(first=first, greys=greys, top=2**used - 1)


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
