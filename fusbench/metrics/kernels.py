"""The passes over pixels that take the time, in NumPy or, where asked for, compiled by Numba.

Both give the same scores to 1e-12, so the choice is no part of a run's key. NumPy is the default
even where Numba is installed: compiling costs more than some thousand frames save, and the digits
after the twelfth of a score should not depend on what else is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import ModuleType

from fusbench.errors import ConfigError, unknown

KERNELS = {
    "numpy": "fusbench.metrics.kernel_numpy",
    "numba": "fusbench.metrics.kernel_numba",
}
_chosen: ContextVar[str] = ContextVar("kernel", default="numpy")


@contextmanager
def kernel(name: str) -> Iterator[None]:
    """Compute metrics with a kernel inside a ``with`` block.

    Parameters
    ----------
    name : {"numpy", "numba"}

    Raises
    ------
    UnknownName, ConfigError
        If there is no such kernel; if Numba is not installed.

    Examples
    --------
    >>> from fusbench.metrics import auc_judd
    >>> with kernel("numpy"):
    ...     float(auc_judd([[2, 1], [2, 3]], [[1, 0], [0, 0]]))
    0.5
    """
    token = _chosen.set(check_kernel(name))
    try:
        yield
    finally:
        _chosen.reset(token)


def check_kernel(name: str) -> str:
    """The kernel's name, once it is loaded.

    Parameters
    ----------
    name : {"numpy", "numba"}

    Raises
    ------
    UnknownName, ConfigError
        As `kernel`.

    Examples
    --------
    >>> check_kernel("numpy")
    'numpy'
    """
    if name not in KERNELS:
        raise unknown("kernel", name, list(KERNELS))
    _load(name)
    return name


def active() -> ModuleType:
    """The module of the kernel in use, with the passes of all kernels.

    They are `four_sums`, `below`, `fixated`, `total` and `shares`.
    """
    return _load(_chosen.get())


@cache
def _load(name: str) -> ModuleType:
    try:
        return import_module(KERNELS[name])
    except ImportError as error:
        fix = f"Install it with: pip install {name}."
        raise ConfigError(f"the kernel '{name}' cannot be loaded: {error}", fix=fix) from error
