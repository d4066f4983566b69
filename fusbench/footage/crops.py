"""What of a video's picture is kept, and from when on: vendors' layout and zoom change mid-scan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.box import Box, parse_box
from fusbench.footage.clock import parse_time
from fusbench.footage.crop import crop_box
from fusbench.footage.record import Footage
from fusbench.footage.rows import read_rows

SAME_SHAPE = 0.02
FIX = "A row is a time of the video and a rectangle from then on: 12.5s,120,60,640,480."


@dataclass(frozen=True, kw_only=True)
class Crops:
    """Rectangles of a video's picture, each from its moment on; one alone holds throughout.

    Parameters
    ----------
    from_ns : tuple of int
        Since the video's first frame, rising.
    boxes : tuple of Box

    Examples
    --------
    >>> zoomed = Crops(from_ns=(0, 100), boxes=(Box(0, 0, 8, 6), Box(4, 3, 4, 3)))
    >>> print(zoomed)
    0,0,8,6; from 0.000 s on 4,3,4,3
    >>> zoomed.part(np.array([0, 99, 100])).tolist()
    [0, 0, 1]
    >>> print(zoomed.around)
    0,0,8,6
    """

    from_ns: tuple[int, ...]
    boxes: tuple[Box, ...]

    def __str__(self) -> str:
        later = zip(self.from_ns[1:], self.boxes[1:], strict=True)
        changes = (f"from {begin / 1e9:.3f} s on {box}" for begin, box in later)
        return "; ".join([str(self.boxes[0]), *changes])

    @property
    def around(self) -> Box:
        """The rectangle that holds all of them."""
        left, top = (min(getattr(box, side) for box in self.boxes) for side in ("x", "y"))
        right = max(box.x + box.width for box in self.boxes)
        bottom = max(box.y + box.height for box in self.boxes)
        return Box(left, top, right - left, bottom - top)

    def part(self, frame_ns: np.ndarray) -> np.ndarray:
        """Number of the rectangle of each frame that begins at `frame_ns`, intp (T,)."""
        return np.maximum(np.searchsorted(self.from_ns, frame_ns, side="right") - 1, 0)

    def require_begun(self, end_ns: int, where: str) -> None:
        """Raise `DatasetError` if a rectangle begins when the video has ended."""
        if self.from_ns[-1] >= end_ns:
            what = f"the crop {self.boxes[-1]} begins at {self.from_ns[-1] / 1e9:.3f} s, and the"
            what += f" video ends at {end_ns / 1e9:.3f} s"
            raise DatasetError(what, where, "Correct the time, or leave the row out.")

    def require_shape(self, size: tuple[int, int], where: str) -> None:
        """Raise `ConfigError` if a crop would be stored in frames (H, W) of other proportions."""
        for box in self.boxes:
            if not math.isclose(box.width / box.height, size[1] / size[0], rel_tol=SAME_SHAPE):
                what = f"the crop {box} and the stored frame of {size[1]} x {size[0]} differ"
                fix = "Choose a crop of the frame's proportions."
                raise ConfigError(f"{what} in shape", where, fix)


def constant(box: Box) -> Crops:
    """One rectangle throughout."""
    return Crops(from_ns=(0,), boxes=(box,))


def read_crops(path: Path, footage: Footage, where: str, begin_ns: int = 0) -> Crops:
    """Rectangles of a table, a time of the video and the rectangle from then on in each row.

    Raises
    ------
    ConfigError
        If a rectangle leaves the picture or cuts pixels.
    DatasetError
        If the file cannot be read, or does not tell what is kept from `begin_ns` on.
    """
    rows = read_rows(path, _row, what="time and rectangle", option="--crop-file", fix=FIX)
    if rows[0][0] > begin_ns:
        what = f"the first crop begins at {rows[0][0] / 1e9:.3f} s"
        fix = f"Say what is kept from {begin_ns / 1e9:g} s on, or begin later with --from."
        raise DatasetError(what, str(path), fix)
    for (earlier, _), (later, _) in pairwise(rows):
        if later <= earlier:
            what = f"the time {later / 1e9:.3f} s does not come after {earlier / 1e9:.3f} s"
            raise DatasetError(what, str(path), "Put its rows in the order of their times.")
    boxes = tuple(crop_box(box, footage, f"{where}, {path}") for _, box in rows)
    return Crops(from_ns=tuple(time for time, _ in rows), boxes=boxes)


def _row(cells: list[str]) -> tuple[int, Box]:
    return parse_time(cells[0]), parse_box(",".join(cells[1:]))
