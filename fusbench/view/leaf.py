"""Clips on several pages, each a file of its own beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusbench.data.scan import Clip


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One of the pages: its file, and the clips that it shows."""

    file: Path
    clips: tuple[Clip, ...]

    def told(self) -> dict[str, str]:
        """As the other pages name it: its file, and its first and last clip."""
        return {
            "file": self.file.name,
            "first": self.clips[0].clip_id,
            "last": self.clips[-1].clip_id,
        }


def divided(out: Path, clips: Sequence[Clip], per_page: int) -> tuple[Leaf, ...]:
    """Clips in their order on as few pages as hold them, of as many clips each as may be.

    Parameters
    ----------
    out : Path
        The first page; ``view.html`` is followed by ``view-2.html``.
    clips : sequence of Clip
    per_page : int
        At most so many clips on a page.
    """
    count = max(1, -(-len(clips) // per_page))
    bounds = [round(number * len(clips) / count) for number in range(count + 1)]
    files = [out, *(out.with_stem(f"{out.stem}-{number + 1}") for number in range(1, count))]
    return tuple(
        Leaf(file=file, clips=tuple(clips[low:high]))
        for file, low, high in zip(files, bounds[:-1], bounds[1:], strict=True)
    )
