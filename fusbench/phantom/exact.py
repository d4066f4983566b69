"""Arithmetic that gives the same bits on every processor, in every order, with any library.

Pictures are made by three rules.

1. What happens to every pixel is ``+ - * /``, square root, rounding, minimum and maximum, each by a
   NumPy call of its own on float32: IEEE 754 prescribes every result to the bit.
2. OpenCV gets what it sums exactly: values and weights are multiples of powers of two, and so few
   bits wide that every partial sum fits into a float32. Order, fused operations and the width of
   vectors then cannot matter.
3. What mathematical libraries compute (sines, draws from distributions) may differ in its last bit
   from one to the next: it enters as numbers and small tables, rounded to a far coarser grid.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

EXP_STEPS = 6
EXP_SMALLEST = -16.0
LOG2_BEND = (0.4381, -0.2367, 0.0803)
"""``log2(1 + f) - f`` over ``f * (1 - f)``, as a polynomial in f: right to 1.5e-4."""
RASTER_WIDTH = 13
"""Rasters hold multiples within 2^13 of their step: the difference of two, times weights of 2^-10,
still fits into the 24 bits of a float32, whichever way a library interpolates."""
WHITE_BYTES = 4
WHITE_SD = math.sqrt(WHITE_BYTES * (256**2 - 1) / 12)

Numbers = TypeVar("Numbers", float, np.ndarray)


def coarse(values: Numbers, bits: int = 16) -> Numbers:
    """Numbers from a mathematical library, rounded to multiples of 2^-bits in double precision.

    Examples
    --------
    >>> coarse(0.3, bits=2), coarse(np.array([0.1, 1.9]), bits=1).tolist()
    (0.25, [0.0, 2.0])
    """
    scale = 2.0**bits
    if isinstance(values, np.ndarray):
        return np.rint(values * scale) / scale
    return round(float(values) * scale) / scale


def unit(angle: float) -> tuple[float, float]:
    """Cosine and sine, on a coarse grid."""
    return coarse(math.cos(angle)), coarse(math.sin(angle))


def on_grid(values: np.ndarray, bits: int, width: int | None = None) -> np.ndarray:
    """Float32 values rounded to multiples of 2^-bits, and kept within ``2^width`` of them.

    Notes
    -----
    A float32 of about ``1.5 * 2^(23 - bits)`` is known to just 2^-bits: adding and taking away that
    number rounds, to the even neighbour where two are as near.

    Examples
    --------
    >>> on_grid(np.float32([0.3, -9.0, 1.125]), bits=2, width=3).tolist()
    [0.25, -2.0, 1.0]
    """
    big = np.float32(1.5 * 2.0 ** (23 - bits))
    if width is None:
        rounded = values + big
    else:
        edge = 2.0 ** (width - bits)
        rounded = np.clip(values, np.float32(-edge), np.float32(edge))
        rounded += big
    rounded -= big
    return rounded


def exp(values: np.ndarray) -> np.ndarray:
    """e^x by squaring, float32 in and out; from e^-16 on, right to 0.1 % for -6 < x < 6.

    Examples
    --------
    >>> exp(np.float32([-2.0, 0.0, 1.0])).astype(float).round(4).tolist()
    [0.1354, 1.0, 2.7182]
    """
    step = np.maximum(values, np.float32(EXP_SMALLEST))
    step *= np.float32(0.5**EXP_STEPS)
    power: np.ndarray = step * np.float32(0.5)
    power += np.float32(1)
    power *= step
    power += np.float32(1)
    for _ in range(EXP_STEPS):
        power *= power
    return power


def log2(values: np.ndarray) -> np.ndarray:
    """Logarithm to base 2 of positive float32, right to 1.5e-4.

    Notes
    -----
    The bits of a float32, read as an integer, are its logarithm but for the bend between two powers
    of two.

    Examples
    --------
    >>> log2(np.float32([0.25, 1.0, 3.0])).astype(float).round(3).tolist()
    [-2.0, 0.0, 1.585]
    """
    level = values.view(np.int32).astype(np.float32)
    level *= np.float32(2.0**-23)
    level -= np.float32(127)
    share = level - np.floor(level)
    constant, linear, square = map(np.float32, LOG2_BEND)
    bend = share * square
    bend += linear
    bend *= share
    bend += constant
    bend *= share
    np.subtract(np.float32(1), share, out=share)
    bend *= share
    level += bend
    return level


def binomial(order: int) -> np.ndarray:
    """The binomial kernel: a discrete Gaussian of variance ``order / 4``, of sum 1, float32.

    Examples
    --------
    >>> binomial(2).tolist()
    [0.25, 0.5, 0.25]
    """
    kernel = np.array([math.comb(order, k) for k in range(order + 1)], np.float32)
    kernel /= 2**order
    return kernel


def white_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Independent, nearly normal integers of mean 0 and deviation `WHITE_SD`, float32.

    Notes
    -----
    Each is the sum of four random bytes. A normal variate would pass through a logarithm or an
    exponential, and with it through the last bit of a library.
    """
    drawn = np.frombuffer(rng.bytes(WHITE_BYTES * math.prod(shape)), np.uint8)
    drawn = drawn.reshape(WHITE_BYTES, *shape)
    total: np.ndarray = drawn[0].astype(np.int16)
    for one in drawn[1:]:
        total += one
    total -= WHITE_BYTES * 255 // 2
    return total.astype(np.float32)
