"""Mixing two windows: masks that say how much of the first shows where.

Linear mixing is mixup; the non-linear kinds put parts of one picture beside parts of the other,
after Summers and Dinneen, WACV 2019 (arXiv:1805.11272). Lee et al., IPMI 2021, extend RandAugment
for ultrasound by non-linear mixing.
"""

from __future__ import annotations

import numpy as np

CONCENTRATION = 0.5
KINDS = ("linear", "rows", "columns", "vh")


def draw_mask(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Share of the first window at each pixel, float32 (H, W); at least half of it in the mean.

    The kind is drawn too: one share everywhere, a border between rows or columns, or VH-mixup,
    which shows the first window top left, the second bottom right, and blends in between.
    """
    height, width = shape
    kind = KINDS[rng.integers(len(KINDS))]
    shares = rng.beta(CONCENTRATION, CONCENTRATION, 3)
    upper = (np.arange(height)[:, None] + 0.5) / height < shares[0]
    left = (np.arange(width)[None] + 0.5) / width < shares[1]
    mask = {
        "linear": lambda: np.full(shape, shares[2]),
        "rows": lambda: np.broadcast_to(upper, shape),
        "columns": lambda: np.broadcast_to(left, shape),
        "vh": lambda: np.where(
            upper & left,
            1.0,
            np.where(~upper & ~left, 0.0, np.where(upper, shares[2], 1 - shares[2])),
        ),
    }[kind]()
    mask = mask.astype(np.float32)
    return mask if mask.mean() >= 0.5 else 1 - mask


def mix_frames(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Two windows, uint8 (L, H, W), shown as a mask says."""
    mixed = first * mask + second * (1 - mask)
    return np.rint(mixed).astype(np.uint8)
