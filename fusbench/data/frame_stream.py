"""A file of frames that grows by a frame at a time, whatever its format."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self


class FrameStream:
    """What such files share: they are open for writing, and closed as they are after an error.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    frame_shape : tuple of int
        (H, W) or (H, W, 3).
    """

    def __init__(self, path: Path, frame_shape: tuple[int, ...]) -> None:
        path.parent.mkdir(exist_ok=True)
        self.path, self.frame_shape, self.count = path, frame_shape, 0
        self._stream = path.open("w+b")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._stream.closed:
            self._stream.close()
