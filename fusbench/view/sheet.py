"""Sheets: frames and maps of a clip as a few pictures that hold many small ones each."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from fusbench.data.frames import fit_density

COLUMNS, ROWS = 6, 5
MAP_SIDE = 72
QUALITY = 80  # of the frames' lossy WebP


@dataclass(frozen=True, kw_only=True)
class Maps:
    """A clip's densities in small: sheets, and each frame's peak at the clip's own size."""

    sheets: list[str]
    peaks: list[float]


def fitted_shape(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Rows and columns of a picture made no larger than `side`.

    Examples
    --------
    >>> fitted_shape((224, 288), 72)
    (56, 72)
    """
    scale = min(1.0, side / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def frame_sheets(frames: Iterable[np.ndarray], shape: tuple[int, int]) -> list[str]:
    """Frames, uint8 (H, W) or (H, W, 3), as data URIs of sheets of `shape` each."""
    small = (cv2.resize(f, shape[::-1], interpolation=cv2.INTER_AREA) for f in frames)
    kind = ".webp" if cv2.haveImageWriter(".webp") else ".jpg"
    setting = cv2.IMWRITE_WEBP_QUALITY if kind == ".webp" else cv2.IMWRITE_JPEG_QUALITY
    return [_encoded(sheet, kind, [setting, QUALITY]) for sheet in _sheets(small)]


def map_sheets(densities: Iterable[np.ndarray], shape: tuple[int, int]) -> Maps:
    """Densities (H, W) as data URIs of lossless sheets.

    A pixel holds 255 times the square root of the density's share of its peak, so that faint tails
    keep their shape in 8 bits. For looking only: scores are never computed from these.
    """
    peaks: list[float] = []

    def small() -> Iterator[np.ndarray]:
        for density in densities:
            peaks.append(float(f"{np.max(density):.4g}"))
            fitted = fit_density(density, shape)
            yield np.rint(255 * np.sqrt(fitted / fitted.max())).astype(np.uint8)

    best = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    return Maps(sheets=[_encoded(sheet, ".png", best) for sheet in _sheets(small())], peaks=peaks)


def _sheets(tiles: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    rest = iter(tiles)
    while group := list(islice(rest, COLUMNS * ROWS)):
        height, width, *colour = group[0].shape
        rows = -(-len(group) // COLUMNS)
        sheet = np.zeros((rows * height, COLUMNS * width, *colour), np.uint8)
        for number, tile in enumerate(group):
            top, left = number // COLUMNS * height, number % COLUMNS * width
            sheet[top : top + height, left : left + width] = tile
        yield sheet


def _encoded(sheet: np.ndarray, kind: str, settings: list[int]) -> str:
    if sheet.ndim == 3:
        sheet = cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)
    good, data = cv2.imencode(kind, sheet, settings)
    assert good, kind
    media = {".webp": "webp", ".png": "png", ".jpg": "jpeg"}[kind]
    return f"data:image/{media};base64,{base64.b64encode(data).decode('ascii')}"
