"""Mixing two windows: masks that say how much of the first shows where.

Linear mixing is mixup; the non-linear kinds put parts of one picture beside parts of the other,
after Summers and Dinneen, WACV 2019 (arXiv:1805.11272). Lee et al., IPMI 2021, extend RandAugment
for ultrasound by non-linear mixing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fusbench.errors import ConfigError

CONCENTRATION = 0.5
KINDS = ("linear", "rows", "columns", "vh")


@dataclass(frozen=True)
class Mix:
    """How two windows are mixed; a value that can be printed, stored and replayed.

    Parameters
    ----------
    kind : {"linear", "rows", "columns", "vh"}
        One share everywhere, a border between rows or between columns, or VH-mixup, which shows the
        first window top left, the second bottom right, and blends in between.
    shares : (float, float, float)
        Height of the row border, place of the column border, and the blend, each 0..1.

    Raises
    ------
    ConfigError
        If there is no such mix.

    Examples
    --------
    >>> Mix("rows", (0.75, 0.5, 0.5)).mask((4, 2)).tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    >>> Mix.from_json(Mix("linear", (0.1, 0.2, 0.7)).to_json())
    Mix(kind='linear', shares=(0.1, 0.2, 0.7))
    """

    kind: str
    shares: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"the mix '{self.kind}' is unknown", fix=f"Use {', '.join(KINDS)}.")
        if len(self.shares) != 3 or not all(0 <= share <= 1 for share in self.shares):
            raise ConfigError(f"{self.shares} are no shares of a mix", fix="Give three of 0..1.")

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Mix:
        """Draw a mix; all kinds are equally likely."""
        kind = KINDS[rng.integers(len(KINDS))]
        one, two, three = rng.beta(CONCENTRATION, CONCENTRATION, 3).tolist()
        return cls(kind, (one, two, three))

    def to_json(self) -> dict[str, Any]:
        """The mix as plain values."""
        return {**asdict(self), "shares": list(self.shares)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Mix:
        """The inverse of `to_json`; `ConfigError` if this is no stored mix."""
        try:
            one, two, three = map(float, stored["shares"])
            return cls(str(stored["kind"]), (one, two, three))
        except (KeyError, TypeError, ValueError):
            raise ConfigError("is no stored mix", fix="Give kind and three shares.") from None

    def mask(self, shape: tuple[int, int]) -> np.ndarray:
        """Share of the first window at each pixel, float32 (H, W); at least half in the mean."""
        height, width = shape
        rows, columns, blend = self.shares
        upper = (np.arange(height)[:, None] + 0.5) / height < rows
        left = (np.arange(width)[None] + 0.5) / width < columns
        between = np.where(upper, blend, 1 - blend)
        masks: dict[str, Callable[[], np.ndarray]] = {
            "linear": lambda: np.full(shape, blend),
            "rows": lambda: np.broadcast_to(upper, shape),
            "columns": lambda: np.broadcast_to(left, shape),
            "vh": lambda: np.where(upper & left, 1.0, np.where(~upper & ~left, 0.0, between)),
        }
        mask = masks[self.kind]().astype(np.float32)
        return mask if mask.mean() >= 0.5 else 1 - mask


def mix_frames(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Two windows, uint8 (L, H, W), shown as a mask says."""
    rest, frames = 1 - mask, np.empty_like(first)
    shown, part, other = mask > 0, np.empty_like(mask), np.empty_like(mask)
    border = not (mask * rest).any()  # each pixel is of one window alone
    for one, two, into in zip(first, second, frames, strict=True):
        if border:
            np.copyto(into, two)
            np.copyto(into, one, where=shown)
            continue
        np.multiply(one, mask, out=part)
        np.multiply(two, rest, out=other)
        np.rint(np.add(part, other, out=part), out=part)
        np.copyto(into, part, casting="unsafe")
    return frames
