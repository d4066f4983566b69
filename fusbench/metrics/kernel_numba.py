"""The passes over pixels, compiled by Numba: most pixels are read once, and the logarithm is ours.

LLVM turns these loops into vector instructions; the C library's logarithm would break them up.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from fusbench.metrics.kernel_numpy import FAINT, NEAR
from fusbench.metrics.profile import EPS

# Sums may be taken in any order; NaN and infinity keep their meaning, a division never raises.
LOOSE = {"reassoc", "contract"}
BLOCK = 128  # pixels compared at once: few blocks then hold a pixel above a value at the gaze
WORDS = 128  # eight-byte words of a fixation map looked at together
HALF = np.int64(1 << 51)
WHOLE = np.int64(-(1 << 52))  # the bits of a double above its fraction
LN2 = float(np.log(2.0)) / 2.0**52  # of a number that counts in these bits


def _artanh_series() -> tuple[float, ...]:
    """Coefficients c of 2 artanh s = s (2 + s^2 (c0 + c1 s^2 + ... + c6 s^12)) for |s| <= 0.2."""

    def rest(z: np.ndarray) -> np.ndarray:
        return np.polyval([2 / (2 * k + 3) for k in range(24, -1, -1)], z)

    fit = Chebyshev.interpolate(rest, 6, domain=[0.0, 0.0401])
    return tuple(fit.convert(kind=Polynomial).coef.tolist())


C0, C1, C2, C3, C4, C5, C6 = _artanh_series()


@numba.njit(inline="always", fastmath=LOOSE, error_model="numpy")
def _log_ratio(n: float, d: float) -> float:
    """ln(n / d) of two normal positive numbers, to about 2e-16.

    The difference of their bits, rounded to a whole exponent k, brings n 2^-k to within a factor of
    1.5 of d. Then n / d = 2^k (1 + s) / (1 - s) with s = (n 2^-k - d) / (n 2^-k + d).
    """
    bits = np.float64(n).view(np.int64)
    k = (bits - np.float64(d).view(np.int64) + HALF) & WHOLE
    n = np.int64(bits - k).view(np.float64)
    s = (n - d) / (n + d)
    z = s * s
    series = (((((C6 * z + C5) * z + C4) * z + C3) * z + C2) * z + C1) * z + C0
    return float(k) * LN2 + s * (2.0 + z * series)


@numba.njit(inline="always", fastmath=LOOSE, error_model="numpy")
def _nats(a: float, b: float, eps: float) -> float:
    """What a pixel of predicted mass a and empirical mass b adds to KLD."""
    around = a + eps
    return b * _log_ratio(b + EPS * around, around)


@numba.njit(cache=True, fastmath=LOOSE, error_model="numpy")
def _sums(p: np.ndarray, g: np.ndarray, total: float, total_g: float) -> tuple[float, ...]:
    """The sums of `kernel_numpy.four_sums`, given the totals, and the totals that were found."""
    scale, eps = total / total_g, EPS * total
    found = found_g = divergence = shared = pp = gg = pg = 0.0
    faint, whole = FAINT / len(g) * total_g, len(p) // BLOCK * BLOCK
    for start in range(0, whole, BLOCK):
        seen = 0
        for i in range(BLOCK):  # a length that the compiler knows
            seen += g[start + i] > faint
        for i in range(BLOCK):
            found += p[start + i]
            found_g += g[start + i]
            pp += p[start + i] * p[start + i]
        if seen:
            for i in range(BLOCK):
                a, b = p[start + i], g[start + i] * scale
                divergence += _nats(a, b, eps)
                shared += min(a, b)
                gg += b * b
                pg += a * b
    for i in range(whole, len(p)):
        a, b = p[i], g[i] * scale
        found += a
        found_g += g[i]
        pp += a * a
        divergence += _nats(a, b, eps)
        shared += min(a, b)
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
    if abs(total - 1.0) > NEAR or abs(total_g - 1.0) > NEAR:
        _, _, *sums = _sums(p, g, total, total_g)
    return total, *sums


@numba.njit(cache=True)
def below(p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """As `kernel_numpy.below`, block by block, all values while a block is in the cache.

    The values are tried from the lowest: a block that lies below one lies below all that follow,
    and most blocks of most predictions lie below the first.
    """
    order = np.argsort(values)
    counts = np.zeros(len(values), np.int64)
    sure = np.zeros(len(values), np.int64)  # blocks for which a place in the order is the last
    whole = len(p) // BLOCK * BLOCK
    for start in range(0, whole, BLOCK):
        for place in range(len(order)):
            less = _less(p, start, values[order[place]])
            counts[order[place]] += less
            if less == BLOCK:
                sure[place] += 1
                break
    blocks = 0
    for place in range(len(order)):
        k = order[place]
        counts[k] += blocks * BLOCK
        blocks += sure[place]
        for i in range(whole, len(p)):
            counts[k] += p[i] < values[k]
    return counts


@numba.njit(inline="always")
def _less(p: np.ndarray, start: int, value: float) -> int:
    n = 0
    for i in range(BLOCK):  # a length that the compiler knows
        n += p[start + i] < value
    return n


def fixated(fixations: np.ndarray) -> np.ndarray:
    """As `kernel_numpy.fixated`, a block a glance: few hold anything."""
    if len(fixations) * fixations.itemsize % 8:
        return np.flatnonzero(fixations != 0)
    at: np.ndarray = _fixated(fixations, fixations.view(np.uint64), 8 // fixations.itemsize)
    return at


@numba.njit(cache=True)
def _fixated(fixations: np.ndarray, words: np.ndarray, abreast: int) -> np.ndarray:
    whole = len(words) // WORDS
    hits = np.empty(whole + 1, np.int64)
    n_hits = 0
    for number in range(whole):
        block = words[number * WORDS : (number + 1) * WORDS]
        some = np.uint64(0)
        for i in range(WORDS):
            some |= block[i]
        if some != 0:
            hits[n_hits] = number
            n_hits += 1
    hits[n_hits] = whole  # the rest is looked at in any case
    found = np.empty((n_hits + 1) * WORDS * abreast, np.int64)
    n = 0
    for hit in hits[: n_hits + 1]:
        first = hit * WORDS * abreast
        for i in range(first, min(first + WORDS * abreast, len(fixations))):
            if fixations[i] != 0:
                found[n] = i
                n += 1
    return found[:n]


def total(p: np.ndarray) -> tuple[float, bool]:
    """As `kernel_numpy.total`, in one pass."""
    found, negative = _total(p)
    return found, negative > 0


@numba.njit(cache=True, fastmath=LOOSE, error_model="numpy")
def _total(p: np.ndarray) -> tuple[float, int]:
    found, negative = 0.0, 0
    for i in range(len(p)):
        found += p[i]
        negative += p[i] < 0
    return found, negative


def shares(m: np.ndarray, tolerance: float) -> np.ndarray | None:
    """As `kernel_numpy.shares`; two passes, over what the model gave and to what is scored."""
    given = np.ascontiguousarray(m, m.dtype if m.dtype in (np.float32, np.float64) else np.float64)
    share = np.empty(m.shape)
    return share if _shares(given.reshape(-1), share.reshape(-1), tolerance) else None


@numba.njit(cache=True, fastmath=LOOSE, error_model="numpy")
def _shares(m: np.ndarray, share: np.ndarray, tolerance: float) -> bool:
    found, unsound = 0.0, 0
    for i in range(len(m)):
        found += np.float64(m[i])
        unsound += not m[i] >= 0  # NaN is not
    if unsound or not abs(found - 1.0) <= tolerance:
        return False
    scale = 1.0 / found
    for i in range(len(m)):
        share[i] = scale * m[i]
    return True
