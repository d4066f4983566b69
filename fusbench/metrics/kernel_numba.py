"""The passes over pixels, compiled by Numba: most pixels are read once, and the logarithm is ours.

LLVM turns these loops into vector instructions; the C library's logarithm would break them up.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from fusbench.metrics.profile import EPS

# Sums may be taken in any order; NaN and infinity keep their meaning, a division never raises.
LOOP: dict[str, Any] = {"fastmath": {"reassoc", "contract"}, "error_model": "numpy"}
BLOCK = 2048  # pixels that stay in the first-level cache
EXPONENT = np.int64(52)  # bits below the exponent of a double
HALF = np.int64(1 << 51)
WHOLE = np.int64(-(1 << 52))
LN2 = float(np.log(2.0))


def _artanh_series() -> tuple[float, ...]:
    """Coefficients c of artanh s = s + s^3 (c0 + c1 s^2 + ... + c7 s^14) for |s| <= 0.2."""

    def rest(z: np.ndarray) -> np.ndarray:
        return np.polyval([1 / (2 * k + 3) for k in range(24, -1, -1)], z)

    fit = Chebyshev.interpolate(rest, 7, domain=[0.0, 0.0401])
    return tuple(fit.convert(kind=Polynomial).coef.tolist())


C0, C1, C2, C3, C4, C5, C6, C7 = _artanh_series()


@numba.njit(inline="always", **LOOP)
def _log_ratio(n, d):
    """ln(n / d) of two normal positive numbers, to about 2e-16.

    The difference of their bits, rounded to a whole exponent k, brings n 2^-k to within a factor of
    1.5 of d. Then n / d = 2^k (1 + s) / (1 - s) with s = (n 2^-k - d) / (n 2^-k + d).
    """
    bits = np.float64(n).view(np.int64)
    k = (bits - np.float64(d).view(np.int64) + HALF) & WHOLE
    n = np.int64(bits - k).view(np.float64)
    s = (n - d) / (n + d)
    z = s * s
    series = ((((((C7 * z + C6) * z + C5) * z + C4) * z + C3) * z + C2) * z + C1) * z + C0
    return float(k >> EXPONENT) * LN2 + 2.0 * (s + s * z * series)


@numba.njit(cache=True, **LOOP)
def _sums(p, g, total, total_g):
    """The sums of `kernel_numpy.four_sums`, given the totals, and the totals that were found."""
    scale, eps = total / total_g, EPS * total
    found = found_g = divergence = shared = pp = gg = pg = 0.0
    for i in range(len(p)):
        a, b = p[i], g[i]
        found += a
        found_g += b
        b *= scale
        around = a + eps
        divergence += b * _log_ratio(b + EPS * around, around)
        shared += min(a, b)
        pp += a * a
        gg += b * b
        pg += a * b
    square = total * total
    return (
        found,
        found_g,
        divergence / total,
        shared / total,
        pp / square,
        gg / square,
        pg / square,
    )


def four_sums(p: np.ndarray, g: np.ndarray) -> tuple[float, ...]:
    """As `kernel_numpy.four_sums`; one pass does where both sums are 1, as those of densities."""
    total, total_g, *sums = _sums(p, g, 1.0, 1.0)
    if abs(total - 1.0) > 1e-13 or abs(total_g - 1.0) > 1e-13:
        _, _, *sums = _sums(p, g, total, total_g)
    return total, *sums


@numba.njit(cache=True)
def below(p, values):
    """As `kernel_numpy.below`, block by block, all values while a block is in the cache."""
    less, upto = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    for start in range(0, len(p), BLOCK):
        block = p[start : start + BLOCK]
        for k in range(len(values)):
            value, n_less, n_upto = values[k], 0, 0
            for i in range(len(block)):
                n_less += block[i] < value
                n_upto += block[i] <= value
            less[k] += n_less
            upto[k] += n_upto
    return less, upto


@numba.njit(cache=True)
def fixated(fixations):
    """As `kernel_numpy.fixated`."""
    n = 0
    for i in range(len(fixations)):
        n += fixations[i] != 0
    at, k = np.empty(n, np.int64), 0
    for start in range(0, len(fixations), BLOCK):
        block = fixations[start : start + BLOCK]
        some = 0
        for i in range(len(block)):
            some += block[i] != 0
        if some:
            for i in range(len(block)):
                if block[i] != 0:
                    at[k] = start + i
                    k += 1
    return at
